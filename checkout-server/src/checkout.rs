//! What a checkout's state is, given its order and the payments seen for it. Pure: the same
//! facts in any order give the same answer (G15), and only a payment of the right amount in the
//! right currency for the right products counts (G10).

use checkout_types::CheckoutStatus;
use checkout_types::checkout::{CheckoutItem, Failure};
use checkout_types::money::Money;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::event::{Payment, PaymentState};
use crate::quote::Cart;

/// How long a payment page works (dodo/README 2.1).
pub const SESSION_LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// How much longer we wait before we call it expired: the provider's clock is not ours.
const SLACK: SignedDuration = SignedDuration::from_hours(1);

/// What was ordered: kept with the checkout, compared with what is paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Due now.
    pub total: Money,
    /// For the page that says what was bought.
    pub items: Vec<CheckoutItem>,
    /// The provider's products and how many of each.
    pub products: Vec<(String, i64)>,
}

impl Order {
    /// The order of a cart that was quoted at `total`.
    #[must_use]
    pub fn new(cart: &Cart<'_>, total: Money) -> Self {
        let item = |line: &crate::quote::Line<'_>| CheckoutItem {
            price_id: line.price.id.clone(),
            name: line.product.name.clone(),
            quantity: line.quantity,
        };
        Self {
            total,
            items: cart.lines.iter().map(item).collect(),
            products: cart
                .lines
                .iter()
                .map(|line| (line.price.provider_product.clone(), line.quantity.into()))
                .collect(),
        }
    }

    /// The right money, in the session that we made for it, for nothing that was not ordered (G10).
    fn is_paid_by(&self, session: Option<&str>, payment: &Payment) -> bool {
        let seen = &payment.seen;
        seen.amount == Some(self.total)
            && session.is_some()
            && seen.session.as_deref() == session
            && seen.products.iter().all(|product| self.products.contains(product))
    }
}

/// Where a checkout stands, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Never `Expired`: that is a matter of the time of asking, see [`status_at`].
    pub status: CheckoutStatus,
    /// The payment that decided it.
    pub payment: Option<String>,
    /// The provider's reason for a failure.
    pub error_code: Option<String>,
    /// Whether two payments succeeded for one order (G7): somebody has to give one back.
    pub paid_twice: bool,
    /// How many payments failed: robots try many cards (S12).
    pub failures: u32,
}

/// Folds the payments of an order, which is paid in that session of the provider's, into its outcome.
#[must_use]
pub fn outcome(order: &Order, session: Option<&str>, payments: &[Payment]) -> Outcome {
    let succeeded = |payment: &&Payment| payment.seen.state == PaymentState::Succeeded;
    let mut paid: Vec<&Payment> = payments.iter().filter(succeeded).collect();
    paid.sort_by_key(|payment| (payment.seen.created_at, &payment.seen.id));
    let (right, wrong): (Vec<&Payment>, Vec<&Payment>) =
        paid.iter().partition(|payment| order.is_paid_by(session, payment));
    // What a person has to look at comes first, then what may still succeed, then the newest word.
    let weight = |payment: &Payment| match payment.seen.state {
        PaymentState::Partial => 2,
        PaymentState::Processing => 1,
        _ => 0,
    };
    let telling = payments
        .iter()
        .max_by_key(|payment| (weight(payment), payment.seen.created_at, payment.version, &payment.seen.id));

    let failed = payments.iter().filter(|payment| payment.seen.state == PaymentState::Failed).count();
    let (status, decided_by) = match (right.first(), wrong.first(), telling) {
        (Some(payment), _, _) => (CheckoutStatus::Paid, Some(*payment)),
        (None, Some(payment), _) => (CheckoutStatus::NeedsReview, Some(*payment)),
        (None, None, Some(payment)) => (unpaid_status(&payment.seen.state), Some(payment)),
        (None, None, None) => (CheckoutStatus::Open, None),
    };
    Outcome {
        status,
        payment: decided_by.map(|payment| payment.seen.id.clone()),
        error_code: decided_by.and_then(|payment| payment.seen.error_code.clone()),
        paid_twice: paid.len() > 1,
        failures: u32::try_from(failed).unwrap_or(u32::MAX),
    }
}

fn unpaid_status(state: &PaymentState) -> CheckoutStatus {
    match state {
        // A state that we do not know never closes or opens anything.
        PaymentState::Waiting | PaymentState::Unknown(_) => CheckoutStatus::Open,
        PaymentState::Processing => CheckoutStatus::Processing,
        PaymentState::Failed => CheckoutStatus::Failed,
        PaymentState::Cancelled => CheckoutStatus::Canceled,
        PaymentState::Partial | PaymentState::Succeeded => CheckoutStatus::NeedsReview,
    }
}

/// The status at a time of asking: what can no longer be paid is expired. A payment that comes
/// later still wins.
#[must_use]
pub fn status_at(folded: CheckoutStatus, expires_at: Timestamp, now: Timestamp) -> CheckoutStatus {
    if folded.is_payable() && now >= expires_for_good(expires_at) { CheckoutStatus::Expired } else { folded }
}

/// When a checkout that was not paid is called expired.
#[must_use]
pub fn expires_for_good(expires_at: Timestamp) -> Timestamp {
    expires_at + SLACK
}

/// What was payable until then, or earlier, is called expired now.
#[must_use]
pub fn expired_before(now: Timestamp) -> Timestamp {
    now - SLACK
}

/// What the buyer reads when they gave up.
#[must_use]
pub fn canceled() -> Failure {
    failure(Some("CUSTOMER_CANCELLED"))
}

/// What the buyer reads when a payment did not go through. The provider's own text is written for
/// the merchant; a stolen or lost card is only ever "declined" (dodo/README 1).
#[must_use]
pub fn failure(error_code: Option<&str>) -> Failure {
    let (code, message) = match error_code.unwrap_or_default() {
        "INSUFFICIENT_FUNDS" => {
            ("insufficient_funds", "The card does not have enough funds. Nothing was charged. Try another card.")
        }
        "EXPIRED_CARD" => ("expired_card", "The card has expired. Nothing was charged. Try another card."),
        "AUTHENTICATION_FAILURE" | "AUTHENTICATION_REQUIRED" | "AUTHENTICATION_TIMEOUT" => (
            "authentication_failed",
            "Your bank could not confirm that it was you. Nothing was charged. Try again or use another card.",
        ),
        "INCORRECT_CVC" | "INVALID_CVC" | "INCORRECT_NUMBER" | "INVALID_CARD_NUMBER" | "INVALID_EXPIRY_YEAR" => {
            ("card_details_wrong", "The card's details were not right. Nothing was charged. Check them and try again.")
        }
        "NETWORK_ERROR" | "NETWORK_TIMEOUT" | "PROCESSING_ERROR" | "TRY_AGAIN_LATER" | "REENTER_TRANSACTION" => {
            ("processing_error", "The payment could not be processed. Nothing was charged. Try again in a moment.")
        }
        "CUSTOMER_CANCELLED" => ("payment_canceled", "The payment was canceled. Nothing was charged."),
        _ => ("card_declined", "The bank declined the payment. Nothing was charged. Try another card."),
    };
    Failure { code: code.to_owned(), message: message.to_owned(), retryable: true }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{PaymentSeen, Source};

    fn order() -> Order {
        Order { total: eur(2900), items: vec![], products: vec![("pdt_1".into(), 1)] }
    }

    fn eur(amount: i64) -> Money {
        Money::new(amount, "EUR".parse().unwrap())
    }

    fn payment(id: &str, state: PaymentState, second: i64, amount: Option<Money>) -> Payment {
        let at = Timestamp::from_second(second).unwrap();
        let seen = PaymentSeen {
            id: id.to_owned(),
            checkout: Some("co_1".into()),
            session: Some("cks_1".into()),
            created_at: Some(at),
            updated_at: None,
            state,
            amount,
            products: vec![("pdt_1".into(), 1)],
            charge: crate::event::payment::Charge::Sale,
            extends: true,
            subscriptions: std::collections::BTreeSet::new(),
            error_code: None,
        };
        Payment { version: seen.version(None, at, Source::Webhook), seen }
    }

    #[test]
    fn only_the_right_amount_in_the_right_currency_is_paid() {
        let usd = Money::new(2900, "USD".parse().unwrap());
        for (amount, expected) in [
            (Some(eur(2900)), CheckoutStatus::Paid),
            (Some(eur(2899)), CheckoutStatus::NeedsReview),
            (Some(eur(2901)), CheckoutStatus::NeedsReview),
            (Some(usd), CheckoutStatus::NeedsReview),
            (None, CheckoutStatus::NeedsReview),
        ] {
            let payments = [payment("pay_1", PaymentState::Succeeded, 1, amount)];
            assert_eq!(outcome(&order(), Some("cks_1"), &payments).status, expected, "{amount:?}");
        }
    }

    #[test]
    fn another_product_is_not_what_was_ordered() {
        let mut other = payment("pay_1", PaymentState::Succeeded, 1, Some(eur(2900)));
        other.seen.products = vec![("pdt_2".into(), 1)];
        assert_eq!(outcome(&order(), Some("cks_1"), &[other]).status, CheckoutStatus::NeedsReview);
    }

    #[test]
    fn a_payment_of_another_session_is_not_ours() {
        for session in [None, Some("cks_2".to_owned())] {
            let mut foreign = payment("pay_1", PaymentState::Succeeded, 1, Some(eur(2900)));
            foreign.seen.session = session;
            assert_eq!(outcome(&order(), Some("cks_1"), &[foreign]).status, CheckoutStatus::NeedsReview);
        }
    }

    #[test]
    fn a_failure_beside_a_payment_that_may_still_succeed_is_not_the_last_word() {
        let failed = payment("pay_2", PaymentState::Failed, 2, Some(eur(2900)));
        for (state, expected) in [
            (PaymentState::Processing, CheckoutStatus::Processing),
            (PaymentState::Partial, CheckoutStatus::NeedsReview),
        ] {
            let first = payment("pay_1", state, 1, Some(eur(2900)));
            assert_eq!(outcome(&order(), Some("cks_1"), &[first, failed.clone()]).status, expected);
        }
    }

    #[test]
    fn a_second_try_wins_over_the_first_failure_in_any_order() {
        let failed = payment("pay_1", PaymentState::Failed, 1, Some(eur(2900)));
        let paid = payment("pay_2", PaymentState::Succeeded, 2, Some(eur(2900)));
        for payments in [[failed.clone(), paid.clone()], [paid, failed]] {
            assert_eq!(outcome(&order(), Some("cks_1"), &payments).status, CheckoutStatus::Paid);
        }
    }

    #[test]
    fn two_payments_for_one_order_are_noticed() {
        let paid = |id, second| payment(id, PaymentState::Succeeded, second, Some(eur(2900)));
        let outcome = outcome(&order(), Some("cks_1"), &[paid("pay_2", 2), paid("pay_1", 1)]);
        assert_eq!(
            (outcome.status, outcome.payment.as_deref(), outcome.paid_twice),
            (CheckoutStatus::Paid, Some("pay_1"), true)
        );
    }

    #[test]
    fn a_state_from_the_future_changes_nothing() {
        let unknown = payment("pay_1", PaymentState::Unknown("teleported".into()), 1, Some(eur(2900)));
        assert_eq!(outcome(&order(), Some("cks_1"), &[unknown]).status, CheckoutStatus::Open);
    }

    #[test]
    fn what_was_not_paid_expires_and_what_was_paid_does_not() {
        let end = Timestamp::from_second(1_000_000).unwrap();
        let later = end + SLACK + SignedDuration::from_secs(1);
        assert_eq!(status_at(CheckoutStatus::Open, end, end), CheckoutStatus::Open);
        assert_eq!(status_at(CheckoutStatus::Failed, end, later), CheckoutStatus::Expired);
        assert_eq!(status_at(CheckoutStatus::Paid, end, later), CheckoutStatus::Paid);
        assert_eq!(status_at(CheckoutStatus::Processing, end, later), CheckoutStatus::Processing);
    }

    #[test]
    fn a_stolen_card_is_only_ever_declined() {
        for code in ["STOLEN_CARD", "LOST_CARD", "PICKUP_CARD", "FRAUDULENT", "GENERIC_DECLINE", "WHAT_IS_THIS"] {
            assert_eq!(failure(Some(code)).code, "card_declined", "{code}");
        }
    }
}

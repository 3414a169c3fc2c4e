//! Whether what we know of an object is what a list of the provider's shows of it. Pure. Compared is what
//! both have: rows of lists leave out some of an object's fields.

use crate::event::{DisputeSeen, PaymentSeen, RefundSeen, Seen, SubscriptionSeen};

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// We did not know of it.
    Unknown,
    /// Where it stands.
    State,
    /// How much it is about.
    Amount,
    /// What is subscribed to, or how many of it.
    Product,
    /// When it is billed next.
    Period,
    /// Whether it ends with its period, or is paused.
    Ending,
}

impl What {
    /// In reports and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::State => "state",
            Self::Amount => "amount",
            Self::Product => "product",
            Self::Period => "period",
            Self::Ending => "ending",
        }
    }
}

/// What differs first between what we know and what the provider shows.
#[must_use]
pub fn difference(ours: Option<&Seen>, theirs: &Seen) -> Option<What> {
    match (ours, theirs) {
        (Some(Seen::Payment(ours)), Seen::Payment(theirs)) => of_payment(ours, theirs),
        (Some(Seen::Subscription(ours)), Seen::Subscription(theirs)) => of_subscription(ours, theirs),
        (Some(Seen::Refund(ours)), Seen::Refund(theirs)) => of_refund(ours, theirs),
        (Some(Seen::Dispute(ours)), Seen::Dispute(theirs)) => of_dispute(ours, theirs),
        _ => Some(What::Unknown),
    }
}

fn of_payment(ours: &PaymentSeen, theirs: &PaymentSeen) -> Option<What> {
    first(&[
        (What::State, ours.state != theirs.state),
        (What::Amount, said(ours.amount.as_ref(), theirs.amount.as_ref())),
    ])
}

fn of_subscription(ours: &SubscriptionSeen, theirs: &SubscriptionSeen) -> Option<What> {
    first(&[
        (What::State, ours.state != theirs.state),
        (What::Product, said(ours.product.as_ref(), theirs.product.as_ref()) || ours.quantity != theirs.quantity),
        (What::Period, said(ours.period.as_ref(), theirs.period.as_ref())),
        (What::Ending, ours.ends_with_period != theirs.ends_with_period || ours.paused_at != theirs.paused_at),
    ])
}

fn of_refund(ours: &RefundSeen, theirs: &RefundSeen) -> Option<What> {
    first(&[
        (What::State, ours.state != theirs.state),
        (What::Amount, said(ours.amount.as_ref(), theirs.amount.as_ref())),
    ])
}

fn of_dispute(ours: &DisputeSeen, theirs: &DisputeSeen) -> Option<What> {
    first(&[(What::State, (ours.stage, ours.state) != (theirs.stage, theirs.state))])
}

/// Whether they say something, and something else than we know.
fn said<T: PartialEq>(ours: Option<&T>, theirs: Option<&T>) -> bool {
    theirs.is_some() && ours != theirs
}

fn first(compared: &[(What, bool)]) -> Option<What> {
    compared.iter().find(|(_, differs)| *differs).map(|(what, _)| *what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::subscription::Period;
    use crate::event::{RefundState, SubscriptionState};
    use checkout_types::Money;
    use jiff::Timestamp;

    fn subscription() -> SubscriptionSeen {
        let time = |second| Timestamp::from_second(second).unwrap();
        SubscriptionSeen {
            id: "sub_1".into(),
            checkout: Some("co_1".into()),
            reference: None,
            customer: None,
            state: SubscriptionState::Active,
            product: Some("pdt_1".into()),
            quantity: 1,
            addons: vec![("adn_1".into(), 2)],
            created_at: Some(time(0)),
            period: Some(Period { start: time(0), end: time(100) }),
            ends_with_period: false,
            expires_at: Some(time(1_000)),
            paused_at: None,
            past_due_ends_at: None,
            trial_days: 0,
        }
    }

    #[test]
    fn what_a_row_leaves_out_is_no_difference() {
        let row = SubscriptionSeen { addons: vec![], expires_at: None, checkout: None, ..subscription() };
        assert_eq!(difference(Some(&Seen::Subscription(subscription())), &Seen::Subscription(row)), None);
    }

    #[test]
    fn every_change_of_a_subscription_that_a_row_shows_is_found() {
        let later = Period { start: Timestamp::from_second(100).unwrap(), end: Timestamp::from_second(200).unwrap() };
        let changes = [
            (What::State, SubscriptionSeen { state: SubscriptionState::OnHold, ..subscription() }),
            (What::Product, SubscriptionSeen { product: Some("pdt_2".into()), ..subscription() }),
            (What::Product, SubscriptionSeen { quantity: 2, ..subscription() }),
            (What::Period, SubscriptionSeen { period: Some(later), ..subscription() }),
            (What::Ending, SubscriptionSeen { ends_with_period: true, ..subscription() }),
            (What::Ending, SubscriptionSeen { paused_at: Some(Timestamp::UNIX_EPOCH), ..subscription() }),
        ];
        for (what, changed) in changes {
            let found = difference(Some(&Seen::Subscription(subscription())), &Seen::Subscription(changed.clone()));
            assert_eq!(found, Some(what), "{changed:?}");
        }
    }

    #[test]
    fn what_we_never_heard_of_differs() {
        let refund = |state| {
            let amount = Some(Money::new(5, "EUR".parse().unwrap()));
            Seen::Refund(RefundSeen { id: "ref_1".into(), payment: "pay_1".into(), state, amount })
        };
        let theirs = refund(RefundState::Succeeded);
        assert_eq!(difference(None, &theirs), Some(What::Unknown));
        assert_eq!(difference(Some(&theirs), &theirs), None);
        assert_eq!(difference(Some(&refund(RefundState::Pending)), &theirs), Some(What::State));
    }
}

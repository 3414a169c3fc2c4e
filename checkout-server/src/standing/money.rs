//! Whether the money of a purchase stayed: refunds and disputes of its payments, as facts that only
//! grow (GUARANTEES, state machines 3 and 4).

use jiff::SignedDuration;

use super::Bought;
use crate::entitlement::MoneyBack;
use crate::event::dispute::DisputeState;
use crate::event::payment::Charge;
use crate::event::subscription::Period;
use crate::event::{Dispute, Payment, PaymentState, RefundState, Subscription};

/// A payment is made about when its period begins.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// Of what was sold once: paid twice and given back once is paid. Only payments in the order's own session
/// count: into the metadata of a payment link anybody can write (dodo/README 4).
pub(super) fn of_sale(bought: &Bought) -> MoneyBack {
    let is_sale = |payment: &Payment| is_own_sale(bought, payment);
    let mut paid = succeeded(bought).filter(|payment| is_sale(payment)).peekable();
    let all_went_back = paid.peek().is_some() && paid.all(|payment| went_back(bought, payment));
    let refunded = if all_went_back { MoneyBack::Refunded } else { MoneyBack::No };
    disputed(bought, is_sale).max(refunded)
}

/// Of a subscription: a dispute about any of its payments counts, a refund only where it gives back the
/// newest one, which is the one that paid for the present period.
pub(super) fn of_subscription(bought: &Bought, subscription: &Subscription) -> MoneyBack {
    let is_for_it = |payment: &Payment| pays_for(bought, subscription, payment);
    let newest = succeeded(bought)
        .filter(|payment| is_for_it(payment))
        .max_by_key(|payment| (payment.seen.created_at, &payment.seen.id));
    let all_went_back = newest.is_some_and(|newest| went_back(bought, newest));
    let refunded = if all_went_back { MoneyBack::Refunded } else { MoneyBack::No };
    disputed(bought, is_for_it).max(refunded)
}

/// Whether a payment pays for that period of a subscription.
pub(super) fn is_paid_for(bought: &Bought, subscription: &Subscription, period: Period) -> bool {
    let from = period.start.checked_sub(A_DAY).unwrap_or(period.start);
    succeeded(bought)
        .any(|payment| pays_for(bought, subscription, payment) && payment.seen.created_at.is_some_and(|at| at >= from))
}

/// Whether a payment pays for a period of a subscription: a change of plan, usage, or a charge on demand
/// does not.
fn pays_for(bought: &Bought, subscription: &Subscription, payment: &Payment) -> bool {
    let renews = payment.seen.charge == Charge::Renewal && payment.seen.extends;
    (renews || is_own_sale(bought, payment)) && payment.seen.subscriptions.contains(&subscription.seen.id)
}

fn is_own_sale(bought: &Bought, payment: &Payment) -> bool {
    payment.seen.charge == Charge::Sale && bought.session.is_some() && payment.seen.session == bought.session
}

fn succeeded(bought: &Bought) -> impl Iterator<Item = &Payment> {
    bought.payments.iter().filter(|payment| payment.seen.state == PaymentState::Succeeded)
}

/// Whether all of a payment was given back. A refund whose amount we cannot read, or in another
/// currency, counts as a part.
fn went_back(bought: &Bought, payment: &Payment) -> bool {
    let Some(paid) = payment.seen.amount else { return false };
    let is_of_it = |id: &str| id == payment.seen.id;
    let before_a_dispute = |dispute: &Dispute| dispute.seen.refunded && is_of_it(&dispute.seen.payment);
    let refunds = bought.refunds.iter().map(|refund| &refund.seen);
    let back = refunds
        .filter(|refund| is_of_it(&refund.payment) && refund.state == RefundState::Succeeded)
        .filter_map(|refund| refund.amount.filter(|money| money.currency == paid.currency))
        .fold(0_i64, |sum, money| sum.saturating_add(money.amount));
    bought.disputes.iter().any(before_a_dispute) || (paid.amount > 0 && back >= paid.amount)
}

fn disputed(bought: &Bought, counts: impl Fn(&Payment) -> bool) -> MoneyBack {
    let about = |id: &str| bought.payments.iter().any(|payment| payment.seen.id == id && counts(payment));
    let disputes = bought.disputes.iter().map(|dispute| &dispute.seen).filter(|seen| about(&seen.payment));
    let money = disputes.map(|seen| match seen.state {
        // Settled by giving the money back: counted as a refund.
        _ if seen.refunded => MoneyBack::No,
        DisputeState::Lost => MoneyBack::DisputeLost,
        DisputeState::Open => MoneyBack::Disputed,
        DisputeState::Kept | DisputeState::Unknown => MoneyBack::No,
    });
    money.max().unwrap_or(MoneyBack::No)
}

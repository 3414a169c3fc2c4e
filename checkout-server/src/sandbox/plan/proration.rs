//! What a change of plan costs now: pure arithmetic in minor units.

use jiff::Timestamp;
use serde::Deserialize;

use crate::sandbox::lifetime::{self, Debt, Paid};
use crate::sandbox::pricing::{Breakup, Pricing};
use crate::sandbox::refunds::part;
use crate::sandbox::subscriptions::Subscription;

/// `proration_billing_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// The rest of the period at the new price, less the rest of it at the old one.
    ProratedImmediately,
    /// All of the new price, for a period from now.
    FullImmediately,
    /// The new price less the old one.
    DifferenceImmediately,
    /// Nothing before the next billing day.
    DoNotBill,
}

impl Mode {
    /// Whether a new period begins.
    pub(crate) fn restarts(self) -> bool {
        self == Self::FullImmediately
    }
}

/// The charge of a change, if there is one.
pub(crate) fn debt(
    before: &Subscription,
    after: &Subscription,
    mode: Mode,
    now: Timestamp,
    until: Timestamp,
) -> Option<Debt> {
    let (left, whole) = rest(before, now);
    let new = lifetime::price(after, now);
    let old = lifetime::price(before, now).now.total;
    let restarts = until != before.next_billing_date;
    let (total, factor) = match mode {
        Mode::DoNotBill => return None,
        Mode::FullImmediately => (new.now.total, "1".to_owned()),
        Mode::DifferenceImmediately => (new.now.total - old, "1".to_owned()),
        Mode::ProratedImmediately if restarts => (new.now.total - part(old, left, whole), "1".to_owned()),
        Mode::ProratedImmediately => (part(new.now.total - old, left, whole), decimal(left, whole)),
    };
    if total <= 0 {
        return None;
    }
    let pricing = if total == new.now.total {
        new
    } else {
        let tax = part(new.now.tax, total, new.now.total);
        let inclusive = after.terms.lines.iter().all(|line| line.offer.tax_inclusive);
        let subtotal = if inclusive { total } else { total - tax };
        Pricing::of_sums(new.currency, Breakup { subtotal, discount: 0, tax, total })
    };
    let period = Some(Paid { from: now, until, proration_factor: factor });
    Some(Debt { pricing, charge_type: "plan_change", period, includes_usage: false })
}

/// What is left of the present period, and all of it; in seconds.
fn rest(subscription: &Subscription, now: Timestamp) -> (i64, i64) {
    let whole = subscription.next_billing_date.duration_since(subscription.previous_billing_date).as_secs().max(1);
    let left = subscription.next_billing_date.duration_since(now).as_secs();
    (left.clamp(0, whole), whole)
}

/// `0.9`: at most four decimals.
fn decimal(left: i64, whole: i64) -> String {
    match part(10_000, left, whole) {
        10_000 => "1".into(),
        parts => format!("0.{parts:04}").trim_end_matches('0').trim_end_matches('.').to_owned(),
    }
}

//! Money that came in and went back, as counters in minor units: once for each event that was told of
//! it, after its commit, so that repeats and replays count nothing (G14).

use checkout_types::money::Money;

use crate::announcement::Kind;
use crate::store::Told;

/// Counts the money of a piece of news, if it is about money.
pub(crate) fn count(told: &Told) {
    let Some((kind, Money { amount, currency })) = moved(told) else { return };
    let labels = [("currency", currency.to_string()), ("kind", kind.to_owned())];
    // What was never paid, such as a trial's first payment, is none.
    metrics::counter!("checkout_revenue_minor_units_total", &labels).increment(u64::try_from(amount).unwrap_or(0));
}

/// What the money was for.
fn moved(Told { kind, money, charge }: &Told) -> Option<(&'static str, Money)> {
    let what = match (kind, charge.as_deref()) {
        (Kind::PaymentRefunded, _) => "refund",
        (Kind::PaymentSucceeded, Some("renewal")) => "renewal",
        (Kind::PaymentSucceeded, Some("sale")) => "sale",
        (Kind::PaymentSucceeded, _) => "other",
        _ => return None,
    };
    Some((what, (*money)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_counted_by_what_it_was_for() {
        let euros = Money::new(2900, "EUR".parse().unwrap());
        let told = |kind, money, charge: Option<&str>| Told { kind, money, charge: charge.map(str::to_owned) };
        for (kind, charge, expected) in [
            (Kind::PaymentSucceeded, Some("sale"), Some("sale")),
            (Kind::PaymentSucceeded, Some("renewal"), Some("renewal")),
            (Kind::PaymentSucceeded, Some("plan_change"), Some("other")),
            (Kind::PaymentSucceeded, None, Some("other")),
            (Kind::PaymentRefunded, Some("renewal"), Some("refund")),
            (Kind::PaymentFailed, Some("sale"), None),
            (Kind::CheckoutPaid, None, None),
        ] {
            assert_eq!(moved(&told(kind, Some(euros), charge)), expected.map(|what| (what, euros)), "{kind:?}");
        }
        assert_eq!(moved(&told(Kind::PaymentSucceeded, None, Some("sale"))), None);
    }
}

//! Access as it is told: to merchants' servers and with every event. Pure.

use std::collections::{BTreeMap, BTreeSet};

use checkout_types::entitlement as wire;

use super::{Access, Entitlement, Limit, Reason, State};
use crate::clock::rfc3339;

/// All of a customer's access, by name: what is given or was, and `none` for every other of `names`.
#[must_use]
pub fn items(all: &BTreeMap<String, Entitlement>, names: &BTreeSet<&str>) -> Vec<wire::Entitlement> {
    let known = names.iter().copied().chain(all.keys().map(String::as_str)).collect::<BTreeSet<_>>();
    known.into_iter().map(|name| all.get(name).map_or_else(|| never_bought(name), |one| item(name, one))).collect()
}

/// One thing that somebody has, or had.
#[must_use]
pub fn item(name: &str, Entitlement { access, limits }: &Entitlement) -> wire::Entitlement {
    let Access { state, reason, until } = *access;
    let amount = |(name, limit): (&String, &Limit)| (name.clone(), limit.amount());
    wire::Entitlement {
        name: name.to_owned(),
        state: state.into(),
        reason: reason.as_str().to_owned(),
        limits: limits.iter().map(amount).collect(),
        valid_until: until.map(rfc3339),
    }
}

fn never_bought(name: &str) -> wire::Entitlement {
    item(name, &Entitlement { access: Access::of(State::None, Reason::NotBought), limits: BTreeMap::new() })
}

impl From<State> for wire::EntitlementState {
    fn from(state: State) -> Self {
        match state {
            State::None => Self::None,
            State::Ended => Self::Ended,
            State::Suspended => Self::Suspended,
            State::Grace => Self::Grace,
            State::Active => Self::Active,
        }
    }
}

impl Limit {
    /// The number, or `None` for as many as one likes.
    #[must_use]
    pub fn amount(self) -> Option<i64> {
        match self {
            // What is told was resolved for what was bought.
            Self::Fixed(amount) | Self::PerUnit(amount) => Some(amount),
            Self::Unlimited => None,
        }
    }
}

impl Reason {
    /// All of them, as docs/access.md lists them.
    pub const ALL: [Self; 17] = [
        Self::NotBought,
        Self::AwaitingPayment,
        Self::NeedsReview,
        Self::Purchase,
        Self::Subscription,
        Self::Trial,
        Self::PaymentFailed,
        Self::RenewalMissing,
        Self::Paused,
        Self::Cancelled,
        Self::Expired,
        Self::MandateFailed,
        Self::Refunded,
        Self::Disputed,
        Self::DisputeLost,
        Self::GrantedByHand,
        Self::BlockedByHand,
    ];

    /// As it is told.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotBought => "not_bought",
            Self::AwaitingPayment => "awaiting_payment",
            Self::NeedsReview => "needs_review",
            Self::Purchase => "purchase",
            Self::Subscription => "subscription",
            Self::Trial => "trial",
            Self::PaymentFailed => "payment_failed",
            Self::RenewalMissing => "renewal_missing",
            Self::Paused => "paused",
            Self::Cancelled => "canceled",
            Self::Expired => "expired",
            Self::MandateFailed => "mandate_failed",
            Self::Refunded => "refunded",
            Self::Disputed => "disputed",
            Self::DisputeLost => "dispute_lost",
            Self::GrantedByHand => "granted_by_hand",
            Self::BlockedByHand => "blocked_by_hand",
        }
    }

    /// What it means, for whoever reads docs/access.md.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::NotBought => "nothing was bought that gives it",
            Self::AwaitingPayment => "bought, and not paid as far as we know",
            Self::NeedsReview => "paid, but not as ordered: a person has to look",
            Self::Purchase => "bought once, and paid",
            Self::Subscription => "a subscription that runs",
            Self::Trial => "a trial that runs",
            Self::PaymentFailed => "a renewal failed",
            Self::RenewalMissing => "the period is over, and no renewal was heard of for 36 hours",
            Self::Paused => "the subscription is paused",
            Self::Cancelled => "canceled: given until the period that was paid for is over",
            Self::Expired => "over as agreed",
            Self::MandateFailed => "the subscription never came about: its mandate failed",
            Self::Refunded => "all of the money was given back",
            Self::Disputed => "the buyer's bank asks the money back",
            Self::DisputeLost => "the buyer's bank took the money back",
            Self::GrantedByHand => "given by a person (`checkout-server access grant`)",
            Self::BlockedByHand => "blocked by a person (`checkout-server access block`)",
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_name_is_listed_and_unlimited_is_null() {
        let limits = BTreeMap::from([("api".to_owned(), Limit::Unlimited), ("seats".to_owned(), Limit::Fixed(5))]);
        let access = Access {
            state: State::Grace,
            reason: Reason::PaymentFailed,
            until: Some(Timestamp::from_second(86_400).unwrap()),
        };
        let all = BTreeMap::from([("team".to_owned(), Entitlement { access, limits })]);
        let told = serde_json::to_value(items(&all, &BTreeSet::from(["pro", "team"]))).unwrap();
        assert_eq!(
            told,
            json!([
                {"name": "pro", "state": "none", "reason": "not_bought", "limits": {}, "valid_until": null},
                {"name": "team", "state": "grace", "reason": "payment_failed", "limits": {"api": null, "seats": 5},
                 "valid_until": "1970-01-02T00:00:00.000000Z"},
            ])
        );
    }

    #[test]
    fn reasons_and_states_have_a_word_each() {
        let words: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(words.len(), Reason::ALL.len());
        for state in [State::None, State::Ended, State::Suspended, State::Grace, State::Active] {
            let told = wire::EntitlementState::from(state);
            assert_eq!(told.is_given(), state.is_given());
            assert_eq!(serde_json::to_value(told).unwrap(), told.as_str());
        }
    }
}

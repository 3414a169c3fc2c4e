//! What a customer may use now, why, and until when: a pure function of what was bought, what
//! happened to it, and the time of asking (G15, G20). Nothing here is an event: a change that only
//! takes time needs none.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::event::Subscription;

mod reference;
mod subscribed;
mod terms;
pub mod wire;

pub use reference::reference;
pub use terms::{DisputePolicy, Limit, RefundPolicy, Terms};

pub(crate) use subscribed::trial_end;

/// How long access outlives a period whose renewal we have not heard of: longer than the provider
/// tries to tell us (27 h 35 min; GUARANTEES, fact 4).
pub const LEEWAY: SignedDuration = SignedDuration::from_hours(36);

/// How access stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Never had, or not yet.
    None,
    /// Had once.
    Ended,
    /// Taken away until something is mended.
    Suspended,
    /// A renewal failed; still given for a while.
    Grace,
    /// Given.
    Active,
}

impl State {
    /// Whether it may be used.
    #[must_use]
    pub fn is_given(self) -> bool {
        self >= Self::Grace
    }
}

/// Why access stands as it does: stable words for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Nothing was bought that gives it.
    NotBought,
    /// Bought, and not paid yet.
    AwaitingPayment,
    /// Paid, but not as ordered.
    NeedsReview,
    /// Bought once, and paid.
    Purchase,
    /// A subscription that runs.
    Subscription,
    /// A trial that runs.
    Trial,
    /// A renewal failed.
    PaymentFailed,
    /// The period is over and no renewal was heard of.
    RenewalMissing,
    /// Paused on purpose.
    Paused,
    /// Cancelled; given until the period is over.
    Cancelled,
    /// Over as agreed.
    Expired,
    /// The mandate failed.
    MandateFailed,
    /// The money was given back.
    Refunded,
    /// The buyer's bank asks the money back.
    Disputed,
    /// The buyer's bank took the money back.
    DisputeLost,
    /// Given by hand.
    GrantedByHand,
    /// Blocked by hand.
    BlockedByHand,
}

/// One thing that was bought, with all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// What it gives, for as many as were bought: see `Catalog::terms_of`.
    pub terms: Terms,
    /// Whether it was paid as ordered.
    pub paid: Paid,
    /// The subscription that it began, if it is one.
    pub subscription: Option<Subscription>,
    /// How its money fared afterwards.
    pub money: MoneyBack,
    /// Whether the provider has given up collecting a failed renewal.
    pub exhausted: bool,
    /// Whether it was a guest's, whose e-mail address was verified only later. Its lost dispute ends
    /// this purchase alone: else anybody could block a customer by buying in their name.
    pub claimed: bool,
}

/// Whether an order was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paid {
    /// Not yet.
    No,
    /// As ordered.
    Yes,
    /// But not as ordered (G10).
    Wrongly,
}

/// Whether the money stayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MoneyBack {
    /// It did, or a part was given back.
    No,
    /// The buyer's bank asks for it.
    Disputed,
    /// All of it was given back.
    Refunded,
    /// The buyer's bank took it.
    DisputeLost,
}

/// Something given or blocked by a person, with who and why kept beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByHand {
    /// What.
    pub entitlement: String,
    /// Given, or blocked: a block beats everything.
    pub given: bool,
    /// Until when; for ever if not said.
    pub until: Option<Timestamp>,
    /// With which limits, where it is given.
    pub limits: BTreeMap<String, Limit>,
}

/// How one purchase stands at a time of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// How.
    pub state: State,
    /// Why.
    pub reason: Reason,
    /// Until when it stands so, if nothing else happens.
    pub until: Option<Timestamp>,
}

/// What a customer may use of one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entitlement {
    /// How, why, until when.
    pub access: Access,
    /// How much of what; empty where nothing is given.
    pub limits: BTreeMap<String, Limit>,
}

impl Purchase {
    /// How access stands because of this purchase.
    #[must_use]
    pub fn access(&self, now: Timestamp) -> Access {
        let bought = match (self.paid, &self.subscription) {
            (Paid::Wrongly, _) => return Access::of(State::None, Reason::NeedsReview),
            (Paid::No, _) => return Access::of(State::None, Reason::AwaitingPayment),
            (Paid::Yes, None) => Access::of(State::Active, Reason::Purchase),
            (Paid::Yes, Some(subscription)) => subscribed::access(subscription, self.terms.grace, self.exhausted, now),
        };
        self.after_the_money(bought, now)
    }

    /// The same, after the money went back or may go.
    fn after_the_money(&self, bought: Access, now: Timestamp) -> Access {
        let period_end = self.subscription.as_ref().and_then(|subscription| Some(subscription.period?.1.end));
        match (self.money, self.terms.refund, self.terms.dispute) {
            (MoneyBack::DisputeLost, _, _) => Access::of(State::Ended, Reason::DisputeLost),
            (MoneyBack::Refunded, RefundPolicy::Revoke, _) => Access::of(State::Ended, Reason::Refunded),
            (MoneyBack::Refunded, RefundPolicy::AtPeriodEnd, _) => match period_end.filter(|end| now < *end) {
                Some(end) if bought.state.is_given() => {
                    let until = bought.until.map_or(end, |until| until.min(end));
                    Access { until: Some(until), reason: Reason::Refunded, ..bought }
                }
                _ => Access::of(State::Ended, Reason::Refunded),
            },
            (MoneyBack::Disputed, _, DisputePolicy::Suspend) if bought.state.is_given() => {
                Access::of(State::Suspended, Reason::Disputed)
            }
            _ => bought,
        }
    }
}

impl Access {
    /// For ever, or until something happens.
    #[must_use]
    pub fn of(state: State, reason: Reason) -> Self {
        Self { state, reason, until: None }
    }

    /// The better one first: what is given more, then for longer.
    fn weight(self) -> (State, bool, Option<Timestamp>, std::cmp::Reverse<Reason>) {
        (self.state, self.until.is_none(), self.until, std::cmp::Reverse(self.reason))
    }
}

/// What a customer may use, by name: the best of all that gives it; a lost dispute and a block by
/// hand beat everything (GUARANTEES, state machine 6).
#[must_use]
pub fn entitlements(purchases: &[Purchase], by_hand: &[ByHand], now: Timestamp) -> BTreeMap<String, Entitlement> {
    let mut all = BTreeMap::<String, Entitlement>::new();
    for purchase in purchases {
        let access = purchase.access(now);
        for (name, limits) in &purchase.terms.grants {
            add(&mut all, name, Entitlement { access, limits: limits.clone() });
        }
    }
    for ByHand { entitlement, given: _, until, limits } in in_force(by_hand, true, now) {
        let access = Access { state: State::Active, reason: Reason::GrantedByHand, until: *until };
        add(&mut all, entitlement, Entitlement { access, limits: limits.clone() });
    }
    let lost = |purchase: &&Purchase| purchase.money == MoneyBack::DisputeLost && !purchase.claimed;
    for purchase in purchases.iter().filter(lost) {
        for name in purchase.terms.grants.keys() {
            deny(&mut all, name, Access::of(State::Ended, Reason::DisputeLost));
        }
    }
    for ByHand { entitlement, until, .. } in in_force(by_hand, false, now) {
        deny(&mut all, entitlement, Access { state: State::Ended, reason: Reason::BlockedByHand, until: *until });
    }
    all
}

/// When time alone changes something of that next, if nothing else happens.
#[must_use]
pub fn next_change(purchases: &[Purchase], by_hand: &[ByHand], now: Timestamp) -> Option<Timestamp> {
    let bought = purchases.iter().filter_map(|purchase| purchase.access(now).until);
    // More moments than are needed do no harm: one that is left out would.
    let subscribed =
        purchases.iter().filter_map(|purchase| Some((purchase.subscription.as_ref()?, purchase.terms.grace)));
    let moments = subscribed.flat_map(|(subscription, grace)| subscribed::moments(subscription, grace));
    bought.chain(moments).chain(by_hand.iter().filter_map(|entry| entry.until)).filter(|until| *until > now).min()
}

fn in_force(by_hand: &[ByHand], given: bool, now: Timestamp) -> impl Iterator<Item = &ByHand> {
    by_hand.iter().filter(move |entry| entry.given == given && entry.until.is_none_or(|until| now < until))
}

fn add(all: &mut BTreeMap<String, Entitlement>, name: &str, new: Entitlement) {
    let new = if new.access.state.is_given() { new } else { Entitlement { limits: BTreeMap::new(), ..new } };
    let Some(known) = all.get_mut(name) else {
        all.insert(name.to_owned(), new);
        return;
    };
    for (limit, amount) in new.limits {
        known.limits.entry(limit).and_modify(|known| *known = amount.max(*known)).or_insert(amount);
    }
    if new.access.weight() > known.access.weight() {
        known.access = new.access;
    }
}

fn deny(all: &mut BTreeMap<String, Entitlement>, name: &str, access: Access) {
    all.insert(name.to_owned(), Entitlement { access, limits: BTreeMap::new() });
}

#[cfg(test)]
mod tests;

//! A payment, as notices show it. Paid is sticky; what we do not know never beats what we know.

use std::borrow::Cow;
use std::collections::BTreeSet;

use checkout_types::money::Money;
use jiff::Timestamp;

use super::{Source, Version, least};

/// How a payment looks in one notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentSeen {
    /// The provider's id.
    pub id: String,
    /// Our checkout, from the metadata we sent along.
    pub checkout: Option<String>,
    /// The provider's session it was made in.
    pub session: Option<String>,
    /// When the payment was begun.
    pub created_at: Option<Timestamp>,
    /// When the provider last changed it, where it says so.
    pub updated_at: Option<Timestamp>,
    /// Where it stands.
    pub state: PaymentState,
    /// What was (to be) paid; `None` where it does not parse.
    pub amount: Option<Money>,
    /// The provider's one-time products and how many of each, where it lists them.
    pub products: Vec<(String, i64)>,
    /// What it is for.
    pub charge: Charge,
    /// Whether it pays for a time of service: a renewal that does not bills usage alone.
    pub extends: bool,
    /// The provider's subscriptions that it pays for.
    pub subscriptions: BTreeSet<String>,
    /// The provider's reason for a failure, such as `GENERIC_DECLINE`.
    pub error_code: Option<String>,
}

/// What a payment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Charge {
    /// The sale that a checkout waits for.
    Sale,
    /// Another period of a subscription.
    Renewal,
    /// A change of plan.
    PlanChange,
    /// A charge that the merchant asked for.
    OnDemand,
    /// A change of card, which sells nothing.
    CardUpdate,
    /// Something that this version does not know: no sale.
    Other,
}

impl Charge {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Sale, Self::Renewal, Self::PlanChange, Self::OnDemand, Self::CardUpdate, Self::Other];

    /// As in the store and in what we tell.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Renewal => "renewal",
            Self::PlanChange => "plan_change",
            Self::OnDemand => "on_demand",
            Self::CardUpdate => "card_update",
            Self::Other => "other",
        }
    }

    /// As it was put into the store.
    #[must_use]
    pub fn from_store(text: &str) -> Self {
        Self::ALL.into_iter().find(|charge| charge.as_str() == text).unwrap_or(Self::Other)
    }
}

/// Where a payment stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentState {
    /// Waiting for the buyer, such as for 3-D Secure.
    Waiting,
    /// Waiting for the bank.
    Processing,
    /// Paid.
    Succeeded,
    /// Did not go through.
    Failed,
    /// Given up.
    Cancelled,
    /// Captured in part: a person has to look.
    Partial,
    /// A state that this version does not know. Never widens anything (G17).
    Unknown(String),
}

/// Before a state that is not ours, so that it is never taken for one.
const UNKNOWN: &str = "unknown:";

impl PaymentState {
    /// As in the store.
    #[must_use]
    pub fn as_str(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Self::Waiting => "waiting",
            Self::Processing => "processing",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Partial => "partial",
            Self::Unknown(text) => return Cow::Owned(format!("{UNKNOWN}{text}")),
        })
    }

    /// As it was put into the store.
    #[must_use]
    pub fn from_store(text: &str) -> Self {
        match text {
            "waiting" => Self::Waiting,
            "processing" => Self::Processing,
            "succeeded" => Self::Succeeded,
            "failed" => Self::Failed,
            "cancelled" => Self::Cancelled,
            "partial" => Self::Partial,
            other => Self::Unknown(other.trim_start_matches(UNKNOWN).to_owned()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Unknown(_) => 0,
            Self::Waiting => 1,
            Self::Processing => 2,
            Self::Cancelled => 3,
            Self::Failed => 4,
            Self::Partial => 5,
            Self::Succeeded => 6,
        }
    }
}

/// A payment as the newest observation shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The newest observation.
    pub seen: PaymentSeen,
    /// How new it is.
    pub version: Version,
}

impl PaymentSeen {
    /// How new this observation is, in a notice signed or an answer given at `observed_at`.
    #[must_use]
    pub fn version(&self, at: Option<Timestamp>, observed_at: Timestamp, source: Source) -> Version {
        Version::new(self.updated_at.unwrap_or(observed_at), at, source, self.state.rank())
    }
}

impl Payment {
    /// Joins what is known of one payment with another observation of it. Commutative, associative
    /// and idempotent (GUARANTEES, state machine 2). Paid is sticky: of several paid observations the
    /// first counts, and nothing later takes it back. What we do not know never beats what we know.
    /// Whose payment it is only becomes known, never unknown.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        let ours_wins = match (self.class(), other.class()) {
            (Class::Paid, Class::Paid) => self.rank() <= other.rank(),
            (ours, theirs) => (ours, self.rank()) >= (theirs, other.rank()),
        };
        let (mut winner, mut loser) = if ours_wins { (self, other) } else { (other, self) };
        winner.seen.subscriptions.append(&mut loser.seen.subscriptions);
        winner.seen.checkout = least(winner.seen.checkout, loser.seen.checkout);
        winner.seen.session = least(winner.seen.session, loser.seen.session);
        winner
    }

    fn class(&self) -> Class {
        match self.seen.state {
            PaymentState::Unknown(_) => Class::Unknown,
            PaymentState::Succeeded => Class::Paid,
            _ => Class::Known,
        }
    }

    /// Total, also between two observations that claim the same version: their content decides, so
    /// that the order of arrival does not.
    fn rank(&self) -> impl Ord + use<> {
        let Self { seen, version } = self;
        let PaymentSeen {
            id,
            checkout: _,
            session: _,
            created_at,
            updated_at,
            state,
            amount,
            products,
            charge,
            extends,
            subscriptions: _,
            error_code,
        } = seen;
        let money = amount.map(|money| (money.amount, money.currency));
        let times = (*created_at, *updated_at);
        (
            *version,
            state.as_str().into_owned(),
            money,
            products.clone(),
            (*charge, *extends),
            error_code.clone(),
            times,
            id.clone(),
        )
    }
}

/// How much an observation counts, before its age does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Unknown,
    Known,
    Paid,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn payment(state: PaymentState, changed: i64, amount: i64) -> Payment {
        let seen = PaymentSeen {
            id: "pay_1".into(),
            checkout: None,
            session: None,
            created_at: None,
            updated_at: Timestamp::from_microsecond(changed).ok(),
            state,
            amount: Some(Money::new(amount, "EUR".parse().unwrap())),
            products: vec![],
            charge: Charge::Sale,
            extends: true,
            subscriptions: BTreeSet::new(),
            error_code: None,
        };
        Payment { version: seen.version(None, Timestamp::UNIX_EPOCH, Source::Webhook), seen }
    }

    /// Few values for each field, so that any two observations may tie or contradict each other.
    fn any_payment() -> impl Strategy<Value = Payment> {
        let states = ["waiting", "processing", "succeeded", "failed", "cancelled", "partial", "unknown:new"];
        let name = || prop::option::of(prop::sample::select(vec!["co_1".to_owned(), "co_2".to_owned()]));
        let products =
            prop::collection::vec(prop::sample::select(vec![("pdt_1".to_owned(), 1), ("pdt_1".to_owned(), 2)]), 0..2);
        let charges = prop::sample::select(vec![Charge::Sale, Charge::Renewal]);
        let told = (prop::sample::select(states.to_vec()), 0_i64..3, 0_i64..2, 0_i64..2, charges);
        (told, name(), name(), products, prop::option::of(Just("DECLINED".to_owned()))).prop_map(
            |((state, changed, event, amount, charge), checkout, session, products, error_code)| {
                let mut payment = payment(PaymentState::from_store(state), changed, amount);
                let created_at = Timestamp::from_second(event).ok();
                payment.seen =
                    PaymentSeen { checkout, session, created_at, products, charge, error_code, ..payment.seen };
                payment.version = payment.seen.version(created_at, Timestamp::UNIX_EPOCH, Source::Webhook);
                payment
            },
        )
    }

    #[test]
    fn paid_is_sticky() {
        let paid = payment(PaymentState::Succeeded, 1, 100);
        let failed_later = payment(PaymentState::Failed, 2, 100);
        assert_eq!(paid.clone().join(failed_later.clone()), paid);
        assert_eq!(failed_later.join(paid.clone()), paid);
    }

    #[test]
    fn a_later_word_about_a_paid_payment_changes_nothing() {
        let paid = payment(PaymentState::Succeeded, 1, 100);
        let mut renewal = payment(PaymentState::Succeeded, 2, 1);
        renewal.seen.charge = Charge::Renewal;
        assert_eq!(paid.clone().join(renewal.clone()), paid);
        assert_eq!(renewal.join(paid.clone()), paid);
    }

    #[test]
    fn what_we_do_not_know_never_beats_what_we_know() {
        let processing = payment(PaymentState::Processing, 1, 100);
        let settling = payment(PaymentState::Unknown("settling".to_owned()), 2, 100);
        assert_eq!(processing.clone().join(settling.clone()), processing);
        assert_eq!(settling.join(processing.clone()), processing);
    }

    #[test]
    fn whose_payment_it_is_does_not_depend_on_which_notice_came_first() {
        let mut named = payment(PaymentState::Succeeded, 1, 100);
        named.seen.checkout = Some("co_1".to_owned());
        let newer_without_a_name = payment(PaymentState::Succeeded, 2, 100);
        for (one, other) in [(named.clone(), newer_without_a_name.clone()), (newer_without_a_name, named)] {
            assert_eq!(one.join(other).seen.checkout.as_deref(), Some("co_1"));
        }
    }

    #[test]
    fn a_foreign_state_is_never_taken_for_one_of_ours() {
        let foreign = PaymentState::Unknown("succeeded".to_owned());
        assert_eq!(PaymentState::from_store(&foreign.as_str()), foreign);
    }

    proptest! {
        #[test]
        fn the_order_of_arrival_does_not_matter(mut seen in prop::collection::vec(any_payment(), 1..8), seed in any::<u64>()) {
            let fold = |all: &[Payment]| all.iter().cloned().reduce(Payment::join).unwrap();
            let first = fold(&seen);
            let turn = usize::try_from(seed % seen.len() as u64).unwrap();
            seen.rotate_left(turn);
            seen.reverse();
            seen.extend(seen.clone());
            prop_assert_eq!(fold(&seen), first);
        }
    }
}

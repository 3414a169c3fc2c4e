//! What we tell of what happened: to the merchant's endpoints, and by mail. Our own words, each with
//! the customer's whole access, so that whoever misses one is right again with the next (G14, G23).

pub mod body;

/// What happened. Stable names; new ones may be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An order was paid as ordered.
    CheckoutPaid,
    /// An order was paid, but not as ordered: a person has to look (G10).
    CheckoutNeedsReview,
    /// Two payments succeeded for one order: one has to be given back (G7).
    CheckoutPaidTwice,
    /// Money came in: a sale, a renewal, a change of plan.
    PaymentSucceeded,
    /// A payment did not go through.
    PaymentFailed,
    /// Money was given back, all or a part of it.
    PaymentRefunded,
    /// The buyer's bank asks money back.
    DisputeOpened,
    /// The bank has decided: the money stays.
    DisputeWon,
    /// The bank has decided: the money is gone.
    DisputeLost,
    /// A subscription runs.
    SubscriptionStarted,
    /// It was paid for another period.
    SubscriptionRenewed,
    /// Its renewal failed.
    SubscriptionPastDue,
    /// A failed renewal was made good.
    SubscriptionRecovered,
    /// It was paused.
    SubscriptionPaused,
    /// It goes on after a pause.
    SubscriptionResumed,
    /// Its plan, quantity or add-ons are others now.
    SubscriptionChanged,
    /// It will end with its period, or has ended before it.
    SubscriptionCanceled,
    /// The cancellation was taken back.
    SubscriptionUncanceled,
    /// It is over.
    SubscriptionEnded,
    /// Its trial ends in three days.
    TrialEnding,
    /// What the customer may use is no longer what it was.
    EntitlementsChanged,
}

impl Kind {
    /// All of them, as the documentation lists them.
    pub const ALL: [Self; 21] = [
        Self::CheckoutPaid,
        Self::CheckoutNeedsReview,
        Self::CheckoutPaidTwice,
        Self::PaymentSucceeded,
        Self::PaymentFailed,
        Self::PaymentRefunded,
        Self::DisputeOpened,
        Self::DisputeWon,
        Self::DisputeLost,
        Self::SubscriptionStarted,
        Self::SubscriptionRenewed,
        Self::SubscriptionPastDue,
        Self::SubscriptionRecovered,
        Self::SubscriptionPaused,
        Self::SubscriptionResumed,
        Self::SubscriptionChanged,
        Self::SubscriptionCanceled,
        Self::SubscriptionUncanceled,
        Self::SubscriptionEnded,
        Self::TrialEnding,
        Self::EntitlementsChanged,
    ];

    /// As it is sent.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CheckoutPaid => "checkout.paid",
            Self::CheckoutNeedsReview => "checkout.needs_review",
            Self::CheckoutPaidTwice => "checkout.paid_twice",
            Self::PaymentSucceeded => "payment.succeeded",
            Self::PaymentFailed => "payment.failed",
            Self::PaymentRefunded => "payment.refunded",
            Self::DisputeOpened => "dispute.opened",
            Self::DisputeWon => "dispute.won",
            Self::DisputeLost => "dispute.lost",
            Self::SubscriptionStarted => "subscription.started",
            Self::SubscriptionRenewed => "subscription.renewed",
            Self::SubscriptionPastDue => "subscription.past_due",
            Self::SubscriptionRecovered => "subscription.recovered",
            Self::SubscriptionPaused => "subscription.paused",
            Self::SubscriptionResumed => "subscription.resumed",
            Self::SubscriptionChanged => "subscription.changed",
            Self::SubscriptionCanceled => "subscription.canceled",
            Self::SubscriptionUncanceled => "subscription.uncanceled",
            Self::SubscriptionEnded => "subscription.ended",
            Self::TrialEnding => "subscription.trial_ending",
            Self::EntitlementsChanged => "entitlements.changed",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

//! What the proof of the guarantees (`tests/crash`) does to a helper from the inside: it ends it at a named
//! step (G2b), or breaks it on purpose, to see that the proof would notice. Only in the executable
//! `checkout-server-faults`, which the feature `faults` makes; without the feature nothing of this is left.

#[cfg(feature = "faults")]
mod live;
mod points;

#[cfg(feature = "faults")]
pub(crate) use live::{a_moment, crash_point, do_what_was_left, is, later};
pub use points::POINTS;

/// A way of being broken that the proof has to notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// Webhooks and orders are answered before their commit.
    AckBeforeCommit,
    /// The observation that arrives last counts, whatever its version.
    FoldByArrival,
    /// A key that comes again gets a new answer.
    LastAnswerWins,
    /// No message is ever written.
    NoOutbox,
    /// Messages are written after the commit of what they tell.
    OutboxOutsideTransaction,
    /// Repeats of a webhook are known from memory alone.
    DedupeInMemory,
    /// Webhooks are believed whoever signed them.
    NoSignatureCheck,
    /// Webhooks are believed whenever they were signed.
    NoTolerance,
    /// A call that moves money is sent again when its result is not known.
    ResendCharges,
    /// Messages are claimed without a lease.
    NoLease,
    /// Commits do not wait for the disk.
    SynchronousNormal,
    /// Transactions begin without the right to write.
    DeferredTransactions,
    /// A key is claimed after the provider was asked.
    KeyClaimedAfterTheCall,
    /// Access ends when an event says so, never by time alone.
    ExpiryByEventOnly,
}

impl Mutant {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::AckBeforeCommit,
        Self::FoldByArrival,
        Self::LastAnswerWins,
        Self::NoOutbox,
        Self::OutboxOutsideTransaction,
        Self::DedupeInMemory,
        Self::NoSignatureCheck,
        Self::NoTolerance,
        Self::ResendCharges,
        Self::NoLease,
        Self::SynchronousNormal,
        Self::DeferredTransactions,
        Self::KeyClaimedAfterTheCall,
        Self::ExpiryByEventOnly,
    ];

    /// Its name, as `CHECKOUT_MUTANT` has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AckBeforeCommit => "ack_before_commit",
            Self::FoldByArrival => "fold_by_arrival",
            Self::LastAnswerWins => "last_answer_wins",
            Self::NoOutbox => "no_outbox",
            Self::OutboxOutsideTransaction => "outbox_outside_transaction",
            Self::DedupeInMemory => "dedupe_in_memory",
            Self::NoSignatureCheck => "no_signature_check",
            Self::NoTolerance => "no_tolerance",
            Self::ResendCharges => "resend_charges",
            Self::NoLease => "no_lease",
            Self::SynchronousNormal => "synchronous_normal",
            Self::DeferredTransactions => "deferred_transactions",
            Self::KeyClaimedAfterTheCall => "key_claimed_after_the_call",
            Self::ExpiryByEventOnly => "expiry_by_event_only",
        }
    }
}

/// A step that the proof may end the process at: after `CRASH_AT=name:n` at the nth time it is reached, as
/// `kill -9` would.
#[cfg(not(feature = "faults"))]
pub(crate) const fn crash_point(_: &'static str) {}

/// Whether this process is broken like that.
#[cfg(not(feature = "faults"))]
pub(crate) const fn is(_: Mutant) -> bool {
    false
}

/// Without the feature everything is done at once and nothing is left for later.
#[cfg(not(feature = "faults"))]
pub(crate) fn later(_: impl FnOnce(&rusqlite::Connection) + Send + 'static) {}

/// See [`later`].
#[cfg(not(feature = "faults"))]
pub(crate) const fn do_what_was_left(_: &rusqlite::Connection) {}

/// How long a careless order of things stays open; without the feature there is none.
#[cfg(not(feature = "faults"))]
pub(crate) const fn a_moment() {}

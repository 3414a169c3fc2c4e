//! A call that moves money, as a state machine (GUARANTEES G6, state machine 8): it is written down
//! before it is sent, sent at most once, and looked for where its answer was lost. It is never sent
//! again as long as the provider may have carried it out. Pure: told what happened and when.

use jiff::{SignedDuration, Timestamp};

/// Where an intent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Written down. It has never reached the provider.
    Planned,
    /// Perhaps sent, perhaps carried out: nobody knows until an answer is there.
    Sent,
    /// Carried out.
    Done,
    /// Refused for good: nothing was carried out.
    Rejected,
    /// Sent, and the answer was lost: it is looked for.
    Unknown,
    /// Looked for in vain. A person decides.
    NeedsReview,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Planned, Self::Sent, Self::Done, Self::Rejected, Self::Unknown, Self::NeedsReview];

    /// As in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Sent => "sent",
            Self::Done => "done",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
            Self::NeedsReview => "needs_review",
        }
    }

    /// As it was put into the store.
    #[must_use]
    pub fn from_store(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// What happened to an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is about to be sent.
    Sending,
    /// The provider has carried it out.
    Made,
    /// The provider has refused it for good.
    Refused,
    /// It certainly never reached the provider.
    NotSent,
    /// Whether it was carried out is not known.
    Lost,
    /// It was looked for and found.
    Found,
    /// It was looked for, and the provider has no such thing.
    Absent,
    /// It could not be looked for: the provider did not answer.
    Unasked,
    /// A person says that it was carried out.
    SaidMade,
    /// A person says that it was not.
    SaidNotMade,
}

/// A state with what is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Where it stands.
    pub state: State,
    /// How often it was looked for, or, while planned, how often it did not get through.
    pub attempts: u32,
    /// When it was planned.
    pub since: Timestamp,
    /// When something has to be done; `None` where nothing is.
    pub due_at: Option<Timestamp>,
}

/// What is to be done with an intent that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send it.
    Send,
    /// Look for it.
    LookUp,
}

/// How long whoever planned an intent has to send it before somebody else does.
pub(crate) const OWN_TURN: SignedDuration = SignedDuration::from_mins(1);

/// Between sending and the first search, and between each search and the next (G6).
pub(crate) const SEARCHES: [SignedDuration; 10] = [
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(15),
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(6),
    SignedDuration::from_hours(24),
    SignedDuration::from_hours(24),
    SignedDuration::from_hours(24),
    SignedDuration::from_hours(24),
    SignedDuration::from_hours(24),
];

/// So long is tried to get an intent through to the provider; then a person decides. Money that somebody
/// asked for yesterday is not given back unseen.
const LONGEST_PLANNED: SignedDuration = SignedDuration::from_hours(24);

/// So long is waited for a provider that can be asked: all searches, and a day.
const LONGEST_UNASKED: SignedDuration = SignedDuration::from_hours(24 * 6 + 8);

impl Position {
    /// A new intent.
    #[must_use]
    pub fn planned(now: Timestamp) -> Self {
        Self { state: State::Planned, attempts: 0, since: now, due_at: Some(now + OWN_TURN) }
    }

    /// What is to be done when it is due.
    #[must_use]
    pub fn step(self) -> Option<Step> {
        match self.state {
            State::Planned => Some(Step::Send),
            State::Sent | State::Unknown => Some(Step::LookUp),
            State::Done | State::Rejected | State::NeedsReview => None,
        }
    }

    /// Where it stands after that; `None` where that cannot happen there, and then nothing changes: above
    /// all, nothing but a planned intent is ever sent.
    #[must_use]
    pub fn after(self, told: Told, now: Timestamp) -> Option<Self> {
        let ended = |state| Some(Self { state, due_at: None, ..self });
        match (self.state, told) {
            (State::Planned, Told::Sending) => Some(self.search(State::Sent, 0, now)),
            (State::Sent, Told::Made)
            | (State::Sent | State::Unknown, Told::Found)
            | (State::NeedsReview, Told::SaidMade) => ended(State::Done),
            (State::Sent, Told::Refused) | (State::NeedsReview, Told::SaidNotMade) => ended(State::Rejected),
            (State::Sent, Told::NotSent) => Some(self.again(now)),
            (State::Sent, Told::Lost) => Some(self.search(State::Unknown, 0, now)),
            (State::Sent | State::Unknown, Told::Absent) => {
                Some(self.search(State::Unknown, self.attempts.saturating_add(1), now))
            }
            // A search that did not take place does not count.
            (State::Sent | State::Unknown, Told::Unasked) => {
                if now.duration_since(self.since) > LONGEST_PLANNED + LONGEST_UNASKED {
                    return ended(State::NeedsReview);
                }
                Some(Self { state: State::Unknown, due_at: Some(now + SEARCHES[0]), ..self })
            }
            _ => None,
        }
    }

    /// Whether money may have moved for it, or may yet: then its amount is not free for another.
    #[must_use]
    pub fn may_have_moved(self) -> bool {
        match self.state {
            State::Planned | State::Sent | State::Unknown | State::Done => true,
            State::Rejected => false,
            // It was never sent, or the provider said after each search that it has no such thing.
            State::NeedsReview => usize::try_from(self.attempts).is_ok_and(|attempts| attempts < SEARCHES.len()),
        }
    }

    /// Waits for the next search, or, after the last one, for a person.
    fn search(self, state: State, attempts: u32, now: Timestamp) -> Self {
        match usize::try_from(attempts).ok().and_then(|attempt| SEARCHES.get(attempt)) {
            Some(wait) => Self { state, attempts, due_at: Some(now + *wait), ..self },
            None => Self { state: State::NeedsReview, attempts, due_at: None, ..self },
        }
    }

    /// What never got through is sent when the provider may be back, or, after a day, left to a person.
    fn again(self, now: Timestamp) -> Self {
        let attempts = self.attempts.saturating_add(1);
        if now.duration_since(self.since) >= LONGEST_PLANNED {
            // As after the last search: it is certain that there is nothing to be found.
            let attempts = attempts.max(u32::try_from(SEARCHES.len()).unwrap_or(u32::MAX));
            return Self { state: State::NeedsReview, attempts, due_at: None, ..self };
        }
        Self { state: State::Planned, attempts, due_at: Some(now + OWN_TURN), ..self }
    }
}

#[cfg(test)]
mod tests;

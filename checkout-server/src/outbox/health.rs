//! How an endpoint fares: enabled, failing after four failed tries in a row, disabled after five days of
//! nothing else or by its own word (GUARANTEES, state machine 7). Pure.

use jiff::{SignedDuration, Timestamp};

use super::schedule::Verdict;

/// So many failed tries in a row are told to operators.
const TOLD_AFTER: u32 = 4;
/// After so long without anything that arrived, nothing more is sent.
const DISABLED_AFTER: SignedDuration = SignedDuration::from_hours(5 * 24);

/// What is done about an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndpointState {
    /// It gets its messages.
    #[default]
    Enabled,
    /// It gets them, and somebody should look at it.
    Failing,
    /// It gets nothing until it is enabled again; its messages wait.
    Disabled,
}

impl EndpointState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Enabled, Self::Failing, Self::Disabled];

    /// As it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Failing => "failing",
            Self::Disabled => "disabled",
        }
    }

    /// As it was stored.
    #[must_use]
    pub fn from_store(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// How an endpoint has fared lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// What is done about it.
    pub state: EndpointState,
    /// Failed tries in a row.
    pub failures: u32,
    /// When the first of them was.
    pub failing_since: Option<Timestamp>,
}

impl Health {
    /// How it fares after one more try.
    #[must_use]
    pub fn after(self, verdict: &Verdict, now: Timestamp) -> Self {
        if self.state == EndpointState::Disabled {
            return self;
        }
        match verdict {
            Verdict::Delivered { .. } => Self::default(),
            Verdict::Canceled { .. } => self,
            Verdict::Waiting => Self { state: EndpointState::Disabled, ..self.failed(now) },
            Verdict::Again { .. } | Verdict::Parked { .. } | Verdict::Dead { .. } => self.failed(now),
        }
    }

    fn failed(self, now: Timestamp) -> Self {
        let since = self.failing_since.unwrap_or(now);
        let failures = self.failures.saturating_add(1);
        let state = if now.duration_since(since) >= DISABLED_AFTER {
            EndpointState::Disabled
        } else if failures >= TOLD_AFTER {
            EndpointState::Failing
        } else {
            EndpointState::Enabled
        };
        Self { state, failures, failing_since: Some(since) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: Verdict = Verdict::Dead { status: None, error: String::new() };
    const ARRIVED: Verdict = Verdict::Delivered { status: Some(204) };

    fn hour(hour: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hour)
    }

    #[test]
    fn four_failures_in_a_row_are_told_and_one_arrival_ends_them() {
        let states = (0..5).scan(Health::default(), |health, tries| {
            *health = health.after(&FAILED, hour(tries));
            Some(health.state.as_str())
        });
        assert_eq!(states.collect::<Vec<_>>(), ["enabled", "enabled", "enabled", "failing", "failing"]);
        let failing = Health { state: EndpointState::Failing, failures: 9, failing_since: Some(hour(0)) };
        assert_eq!(failing.after(&ARRIVED, hour(1)), Health::default());
    }

    #[test]
    fn five_days_of_failure_or_its_own_word_disable_it() {
        let failing = Health::default().after(&FAILED, hour(0));
        assert_eq!(failing.after(&FAILED, hour(119)).state, EndpointState::Enabled);
        assert_eq!(failing.after(&FAILED, hour(120)).state, EndpointState::Disabled);
        assert_eq!(failing.after(&ARRIVED, hour(1)).after(&FAILED, hour(120)).state, EndpointState::Enabled);
        let gone = Health::default().after(&Verdict::Waiting, hour(0));
        assert_eq!(gone.state, EndpointState::Disabled);
        // What was under way meanwhile changes nothing: only a person enables it again.
        assert_eq!(gone.after(&ARRIVED, hour(1)), gone);
        assert_eq!(gone.after(&FAILED, hour(1)), gone);
    }

    #[test]
    fn what_we_take_back_ourselves_is_no_failure() {
        let canceled = Verdict::Canceled { why: "overtaken".to_owned() };
        assert_eq!(Health::default().after(&canceled, hour(0)), Health::default());
    }
}

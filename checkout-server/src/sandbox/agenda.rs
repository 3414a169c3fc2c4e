//! What time alone will do: which subscription is to be looked at, and when.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::state::State;

/// Moments to come, the next one first. One whose subscription has changed since stays in it, and is
/// passed over when it comes.
#[derive(Default)]
pub(crate) struct Agenda(BTreeSet<(Timestamp, String)>);

impl Agenda {
    /// When something may happen the next time.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.0.first().map(|(at, _)| *at)
    }

    /// Takes the first that has come.
    pub(crate) fn due(&mut self, now: Timestamp) -> Option<(Timestamp, String)> {
        self.next().filter(|at| *at <= now)?;
        self.0.pop_first()
    }
}

impl State {
    /// To be called whenever a subscription has changed.
    pub(crate) fn plan_ahead(&mut self, subscription_id: &str) {
        if let Some(at) =
            self.subscriptions.get(subscription_id).and_then(super::subscriptions::Subscription::next_moment)
        {
            self.agenda.0.insert((at, subscription_id.to_owned()));
        }
    }
}

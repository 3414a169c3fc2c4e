//! How much waits in the outbox, for those who watch.

use jiff::Timestamp;
use rusqlite::OptionalExtension as _;

use crate::outbox::EndpointState;
use crate::store::{Store, StoreError};

/// What waits, and what a person has to look at. What has arrived is not counted: it is most of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Messages by their state.
    pub messages: [(&'static str, u32); 4],
    /// When the oldest that still waits was written.
    pub oldest: Option<Timestamp>,
    /// How the endpoints fare, by their names.
    pub endpoints: Vec<(String, EndpointState)>,
}

impl Store {
    /// Counts the outbox.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn outbox_depth(&self) -> Result<Depth, StoreError> {
        self.read(|connection| {
            let mut count = connection.prepare_cached("SELECT count(*) FROM messages WHERE state = ?1")?;
            let mut messages = ["queued", "leased", "parked", "dead"].map(|state| (state, 0));
            for (state, number) in &mut messages {
                *number = count.query_row([*state], |row| row.get(0))?;
            }
            let mut first =
                connection.prepare_cached("SELECT created_at FROM messages WHERE state = ?1 ORDER BY seq LIMIT 1")?;
            let mut oldest: Option<i64> = None;
            for state in ["queued", "leased"] {
                let one = first.query_row([state], |row| row.get(0)).optional()?;
                oldest = oldest.into_iter().chain(one).min();
            }
            let mut fare = connection.prepare_cached("SELECT id, state FROM endpoints ORDER BY id")?;
            let fare = fare.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
            let fare = fare.collect::<Result<Vec<_>, _>>()?.into_iter();
            let endpoints = fare.filter_map(|(id, state)| Some((id, EndpointState::from_store(&state)?))).collect();
            Ok(Depth { messages, oldest: oldest.and_then(|at| Timestamp::from_microsecond(at).ok()), endpoints })
        })
        .await
    }
}

impl Depth {
    /// Sets the gauges.
    pub fn report(&self, now: Timestamp) {
        for (state, number) in self.messages {
            metrics::gauge!("checkout_outbox_messages", "state" => state).set(number);
        }
        let age = self.oldest.map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64().max(0.0));
        metrics::gauge!("checkout_outbox_oldest_seconds").set(age);
        for (endpoint, state) in &self.endpoints {
            for one in EndpointState::ALL {
                let is = if one == *state { 1.0 } else { 0.0 };
                metrics::gauge!("checkout_endpoint_state", "endpoint" => endpoint.clone(), "state" => one.as_str())
                    .set(is);
            }
        }
    }
}

//! Events as the fold writes them, without the purchases that would make them: what the stories of the
//! outbox are told with when they need hundreds. And what stands in the outbox.

use std::time::Duration;

use checkout_server::announcement::Kind;
use checkout_server::outbox::{Endpoint, EndpointRoute, Routes};
use checkout_server::random;
use rusqlite::{Connection, params};
use serde_json::json;

use crate::app::TestApp;

/// A message as it stands in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// `msg_…`
    pub id: String,
    /// The endpoint.
    pub target: String,
    /// As it is stored.
    pub customer: String,
    /// In its line.
    pub sequence: i64,
    /// `queued`, …
    pub state: String,
    /// Failed and successful tries.
    pub attempts: u32,
    /// Of the last try.
    pub status: Option<u16>,
    /// Of the last try.
    pub error: Option<String>,
}

impl TestApp {
    /// Something happened to these customers, one after the other, and everybody who wants to hear of it is
    /// to be told. All in one transaction.
    pub fn happens(&self, kind: Kind, customers: &[&str]) {
        self.write_events(kind, customers);
        self.demo.app.store.news().notify_one();
    }

    /// The same, without anybody being woken.
    pub fn write_events(&self, kind: Kind, customers: &[&str]) {
        let endpoints: Vec<EndpointRoute> = self.demo.app.endpoints.iter().map(Endpoint::route).collect();
        let routes = Routes { endpoints, mails: Vec::new() };
        let mut database = self.open();
        let begun = database.transaction().expect("a transaction");
        for customer in customers {
            let (now, id) = (self.clock.now(), format!("evt_{}", random::alphanumeric::<20>()));
            let stored = format!("ref:{customer}");
            let data = json!({
                "id": id, "type": kind.as_str(), "timestamp": now.to_string(),
                "customer": {"reference": customer, "checkout": null, "email": null, "name": null},
                "data": {}, "entitlements": {"version": 1, "items": []},
            });
            let now = now.as_microsecond();
            begun
                .execute(
                    "INSERT INTO events (id, kind, customer, object_id, cause, created_at, data)
                     VALUES (?1, ?2, ?3, ?1, 'a story', ?4, ?5)",
                    params![id, kind.as_str(), stored, now, data.to_string()],
                )
                .expect("an event");
            for route in routes.of(kind) {
                let sequence: i64 = begun
                    .query_row(
                        "INSERT INTO lines (target, customer, last) VALUES (?1, ?2, 1)
                         ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last",
                        params![route.target, stored],
                        |row| row.get(0),
                    )
                    .expect("a line");
                let message = format!("msg_{}", random::alphanumeric::<20>());
                begun
                    .execute(
                        "INSERT INTO messages (id, event_id, channel, target, customer, sequence, due_at, created_at)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
                        params![message, id, route.channel.as_str(), route.target, stored, sequence, now],
                    )
                    .expect("a message");
            }
        }
        begun.commit().expect("it is on the disk");
    }

    /// What stands in the outbox for that endpoint, in order.
    pub fn outbox(&self, target: &str) -> Vec<Stored> {
        let database = self.open();
        let mut all = database
            .prepare(
                "SELECT id, target, customer, sequence, state, attempts, status_code, error FROM messages
                 WHERE target = ?1 ORDER BY seq",
            )
            .expect("the table");
        let rows = all.query_map([target], |row| {
            Ok(Stored {
                id: row.get(0)?,
                target: row.get(1)?,
                customer: row.get(2)?,
                sequence: row.get(3)?,
                state: row.get(4)?,
                attempts: row.get(5)?,
                status: row.get(6)?,
                error: row.get(7)?,
            })
        });
        rows.expect("rows").collect::<Result<_, _>>().expect("messages")
    }

    /// Waits until all messages for that endpoint stand there.
    pub async fn wait_outbox(&self, target: &str, state: &str) -> Vec<Stored> {
        self.wait_outbox_for(target, state, |stored| stored.state == state).await
    }

    /// Waits until that holds for all messages for that endpoint; `wanted` says it in words.
    pub async fn wait_outbox_for(&self, target: &str, wanted: &str, holds: impl Fn(&Stored) -> bool) -> Vec<Stored> {
        for _ in 0..500 {
            let stored = self.outbox(target);
            if !stored.is_empty() && stored.iter().all(&holds) {
                return stored;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("not {wanted} after 10 s: {:?}", self.outbox(target));
    }

    /// Does something with the database, as nobody but a story does.
    pub fn meddle(&self, sql: &str) {
        self.open().execute_batch(sql).expect("SQL");
    }

    fn open(&self) -> Connection {
        let database = Connection::open(self.database()).expect("the database is there");
        database.busy_timeout(Duration::from_secs(10)).expect("a time");
        database
    }
}

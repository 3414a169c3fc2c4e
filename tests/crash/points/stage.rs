//! What leads a helper to a step that ordinary load does not lead to: time that has passed in its queues
//! while it was down, a provider, an endpoint or a mail server that misbehaves, an operator who asks.

use std::time::{Duration, Instant};

use checkout_server::clock::Clock;
use checkout_tests::http::client;
use checkout_tests::merchant::{OK, Play};
use reqwest::{Client, Method};
use rusqlite::{Connection, OptionalExtension as _};
use serde_json::{Value, json};

use crate::door::Fault;
use crate::helper::Helper;
use crate::oracle::stored::strings;
use crate::verdict::Verdict;
use crate::world::{ENDPOINT, OPERATOR_KEY, SECRET_KEY, World};

/// How long an operator waits for an answer: the helper may have ended meanwhile.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long what was given up may take to be taken up again, and between two tries.
const TIDYING: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(100);

/// After the last step.
pub(super) const END: &str = "";

/// The world, and whoever acts in it.
pub(super) struct Stage {
    pub(super) world: World,
    http: Client,
    acts: u64,
}

/// The steps at which it has to end first, so that there is something to go on with.
pub(super) fn before(name: &str) -> &'static [&'static str] {
    match name {
        "refund.late" => &["refund.planned", "refund.planned", "refund.planned"],
        "refund.found" | "refund.unasked" => &["refund.answered", "refund.answered", "refund.answered"],
        "outbox.dead" => &["mail.written", "mail.written"],
        _ => &[],
    }
}

impl Stage {
    pub(super) fn new(world: World) -> Self {
        Self { world, http: client(), acts: 0 }
    }

    /// What has to be so before the helper is up.
    ///
    /// # Errors
    /// The database cannot be opened, though nobody holds it.
    pub(super) fn set(&mut self, name: &str) -> Result<(), String> {
        self.misbehave(name);
        let passed = match name {
            "refund.late" | "refund.found" | "refund.unasked" | END => {
                "UPDATE intents SET due_at = 0 WHERE due_at IS NOT NULL"
            }
            "outbox.dead" => {
                "UPDATE messages SET attempts = 9, due_at = 0
                 WHERE channel = 'email' AND state IN ('queued', 'leased')"
            }
            _ if name.starts_with("refetch.") => {
                "INSERT OR IGNORE INTO refetches (object_id, kind, reason, due_at)
                 SELECT id, 'payment', 'proof', 0 FROM payments ORDER BY random() LIMIT 8"
            }
            // A lease that has run out: who waits for half a minute shows nothing more.
            _ => "UPDATE messages SET due_at = 0 WHERE state = 'leased'",
        };
        self.write(passed)
    }

    /// Who misbehaves, and how.
    fn misbehave(&mut self, name: &str) {
        match name {
            "outbox.again" => self.world.merchant.plays(fails_first()),
            "endpoint.disabled" => self.world.merchant.plays(|_| Play::Answer(410)),
            "outbox.parked" => self.world.mail.refuse("data", 554, "5.7.1 not from you", 3),
            "outbox.dead" => self.world.mail.refuse("data", 451, "4.3.0 come back", 3),
            _ => {}
        }
        let rule: fn(&str) -> Fault = match name {
            "order.released" => {
                |line| on(line, "POST /checkouts HTTP", Fault::Answer(422, "REQUEST_AMOUNT_BELOW_MINIMUM"))
            }
            "order.uncounted" => |line| on(line, "POST /checkouts HTTP", Fault::Answer(429, "TOO_MANY_REQUESTS")),
            "order.lost" => |line| on(line, "POST /checkouts HTTP", Fault::DropReply),
            "refund.lost" => |line| on(line, "POST /refunds", Fault::DropReply),
            "refund.refused" => |line| on(line, "POST /refunds", Fault::Answer(422, "PAYMENT_HAS_BEEN_REFUNDED")),
            "refund.unasked" | "refetch.put_off" => |line| on(line, "GET /payments/", Fault::DropReply),
            _ => return,
        };
        self.world.provider.rule(rule);
    }

    /// Everybody behaves again.
    pub(super) fn clear(&self) {
        self.world.provider.rule(|_| Fault::Pass);
        self.world.merchant.plays(|_| OK);
    }

    /// Does what leads there, once more.
    pub(super) async fn act(&mut self, name: &str, helper: &Helper) {
        self.acts += 1;
        match name {
            "outbox.replayed" => self.replay("state = 'delivered' AND channel = 'webhook'").await,
            "endpoint.revived" | "endpoint.roused" | "endpoint.enabling" => self.enable().await,
            "fold.dispute" => self.dispute().await,
            "fold.dunning" => self.fail_to_renew().await,
            "claim.given" | "claim.stored" => self.claim().await,
            "hand.lifting" | "hand.lifted" => self.lift().await,
            "time.settled" | "time.passed" => self.give_for_a_moment().await,
            "selling.turned" => self.operate(Method::PUT, "/selling", &json!({"selling": true})).await,
            "stop.heard" | "stop.told" | "stop.drained" => helper.ask_to_stop(),
            _ if name.starts_with("sweep.") => {
                self.operate(Method::POST, "/reconcile", &json!({"scope": "full"})).await;
            }
            _ => {}
        }
    }

    /// So that all that was done on purpose is undone, and everybody is told everything.
    /// What was given up and stays so within a while, the oracle finds.
    pub(super) async fn tidy_up(&mut self) {
        self.clear();
        self.enable().await;
        let begun = Instant::now();
        while begun.elapsed() < TIDYING {
            let given_up = self.read("SELECT id FROM messages WHERE state IN ('parked', 'dead')");
            if given_up.as_ref().is_ok_and(Vec::is_empty) {
                return;
            }
            for id in given_up.unwrap_or_default() {
                let path = format!("/v1/deliveries/{id}/replay");
                self.operate(Method::POST, &path, &json!({})).await;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Money that went back is known to have gone back, or is being looked for (G6).
    pub(super) fn intents(&self) -> Verdict {
        let mut verdict = Verdict::default();
        let sql = "SELECT id FROM intents WHERE state IN ('planned', 'sent', 'unknown') AND due_at IS NULL";
        let lost = self.read(sql);
        verdict.check(lost.as_ref().is_ok_and(Vec::is_empty), format!("G6: nobody looks for {lost:?}"));
        verdict
    }

    async fn enable(&self) {
        self.operate(Method::POST, &format!("/endpoints/{ENDPOINT}/enable"), &json!({})).await;
    }

    async fn replay(&self, which: &str) {
        for id in self.ids(&format!("SELECT id FROM messages WHERE {which} ORDER BY random() LIMIT 1")) {
            self.operate(Method::POST, &format!("/v1/deliveries/{id}/replay"), &json!({})).await;
        }
    }

    async fn lift(&self) {
        for id in self.ids("SELECT id FROM access_by_hand WHERE lifted_at IS NULL ORDER BY random() LIMIT 1") {
            let signed = json!({"who": "the proof", "why": "to end while lifting"});
            self.operate(Method::DELETE, &format!("/access/{id}"), &signed).await;
        }
    }

    async fn give_for_a_moment(&self) {
        let until = Clock::wall() + jiff::SignedDuration::from_millis(400);
        let body = json!({
            "reference": format!("fleeting_{}", self.acts), "entitlement": "workshop_tokyo", "action": "grant",
            "until": until.to_string(), "who": "the proof", "why": format!("fleeting-{}", self.acts),
        });
        self.operate(Method::POST, "/access", &body).await;
    }

    async fn claim(&self) {
        let guests = "SELECT email FROM contacts JOIN checkouts ON checkouts.id = checkout_id
                      WHERE customer LIKE 'co:%' AND payment_id IS NOT NULL ORDER BY random() LIMIT 1";
        for email in self.ids(guests) {
            let url = format!("{}/v1/customers/claimer_{}/claims", self.world.door.url(), self.acts);
            let request = self.http.post(url).bearer_auth(SECRET_KEY).json(&json!({"email": email}));
            drop(request.timeout(PATIENCE).send().await);
        }
    }

    async fn dispute(&self) {
        for payment in self.ids("SELECT id FROM payments WHERE state = 'succeeded' ORDER BY random() LIMIT 1") {
            self.order_provider(&format!("control/payments/{payment}/dispute"), &json!({})).await;
        }
    }

    async fn fail_to_renew(&self) {
        for id in self.ids("SELECT id FROM subscriptions WHERE state = 'active' ORDER BY random() LIMIT 1") {
            self.order_provider(&format!("control/subscriptions/{id}/decline-next"), &json!({})).await;
            self.order_provider(&format!("control/subscriptions/{id}/renew"), &json!({})).await;
        }
    }

    async fn order_provider(&self, path: &str, body: &Value) {
        let request = self.http.post(format!("{}/{path}", self.world.sandbox_url)).json(body);
        drop(request.timeout(PATIENCE).send().await);
    }

    async fn operate(&self, method: Method, path: &str, body: &Value) {
        let request = self.http.request(method, format!("{}{path}", self.world.operations.url()));
        drop(request.bearer_auth(OPERATOR_KEY).json(body).timeout(PATIENCE).send().await);
    }

    /// None where they cannot be read now: whoever acts tries again, and who judges reads for themselves.
    fn ids(&self, sql: &str) -> Vec<String> {
        self.read(sql).unwrap_or_default()
    }

    fn read(&self, sql: &str) -> rusqlite::Result<Vec<String>> {
        crate::oracle::open(&self.world.database()).and_then(|database| strings(&database, sql))
    }

    fn write(&self, sql: &str) -> Result<(), String> {
        let written = || -> rusqlite::Result<()> {
            let database = Connection::open(self.world.database())?;
            database.busy_timeout(PATIENCE)?;
            database.query_row("PRAGMA journal_mode", [], |_| Ok(())).optional()?;
            database.execute(sql, []).map(drop)
        };
        written().map_err(|error| format!("{sql}: {error}"))
    }
}

fn on(line: &str, beginning: &str, fault: Fault) -> Fault {
    if line.starts_with(beginning) { fault } else { Fault::Pass }
}

/// Each message fails once; the second try is five seconds later.
fn fails_first() -> impl FnMut(&checkout_tests::merchant::Received) -> Play + Send {
    let mut failed = std::collections::HashSet::new();
    move |received| if failed.insert(received.id.clone()) { Play::Answer(500) } else { OK }
}

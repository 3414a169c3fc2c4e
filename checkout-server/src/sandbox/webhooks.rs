//! Events on their way to the merchant: what is to be sent, when, and what came of it.
//!
//! A delivery is tried at once and then after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 10 h of the
//! sandbox's clock. Every attempt has the same `webhook-id` and the newest state of the object.

use std::collections::{BTreeSet, VecDeque};

use axum::Json;
use axum::extract::{Path, State as Ctx};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::error::{ApiError, ApiResult};
use super::paging::Query;
use super::scenario::WebhookMode;
use super::state::State;
use super::table::{Row, Table};
use super::{BUSINESS_ID, Sandbox};
use crate::clock::rfc3339;

/// The one endpoint, as `GET /webhooks` names it.
const ENDPOINT_ID: &str = "whk_0NSandboxEndpoint0001";

/// Seconds between an attempt that failed and the next one.
pub(crate) const RETRY_AFTER: [i64; 7] = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];

/// What an event is about. The body is made from it at each attempt.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    Payment(String),
    /// With the payment that renewed it.
    Subscription(String, Option<String>),
    Refund(String),
    Dispute(String),
    Dunning(String),
    /// Data that somebody gave.
    Given(Value),
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliveryStatus {
    /// To be sent, or sent again.
    Pending,
    /// Answered with 2xx.
    Delivered,
    /// Not answered with 2xx eight times.
    Failed,
    /// Kept back by a scenario, or without an address to go to.
    Held,
}

/// One try.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Attempt {
    /// By the sandbox's clock.
    pub(crate) at: String,
    /// The receiver's answer.
    pub(crate) status_code: Option<u16>,
    /// What went wrong without an answer.
    pub(crate) error: Option<String>,
    pub(crate) duration_ms: u64,
}

/// An event for the merchant.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) webhook_id: String,
    pub(crate) event_type: String,
    pub(crate) subject: Subject,
    pub(crate) event_at: Timestamp,
    pub(crate) status: DeliveryStatus,
    pub(crate) attempts: Vec<Attempt>,
    /// How many of the scheduled attempts were made.
    pub(crate) tries: usize,
    pub(crate) next_attempt_at: Option<Timestamp>,
    /// As it was sent last.
    pub(crate) body: Option<String>,
}

impl Row for Delivery {
    fn id(&self) -> &str {
        &self.webhook_id
    }
}

/// An attempt that is due at some time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Due {
    pub(crate) at: Timestamp,
    /// Keeps those of one moment in order.
    pub(crate) sequence: u64,
    pub(crate) webhook_id: String,
    /// Whether it is of the schedule; a duplicate and a redelivery are sent once.
    pub(crate) scheduled: bool,
}

/// All deliveries, and the order to send them in.
#[derive(Default)]
pub(crate) struct Outbox {
    /// Where they go.
    pub(crate) url: Option<String>,
    /// The sandbox's own address, for links inside of objects.
    pub(crate) base_url: String,
    pub(crate) deliveries: Table<Delivery>,
    queue: BTreeSet<Due>,
    /// Sent one after the other.
    pub(crate) released: VecDeque<Vec<String>>,
    sequence: u64,
}

impl Outbox {
    /// Takes what is due, and says when the next is.
    pub(crate) fn due(&mut self, now: Timestamp) -> (Vec<Due>, Option<Timestamp>) {
        let mut due = Vec::new();
        while self.queue.first().is_some_and(|first| first.at <= now) {
            due.extend(self.queue.pop_first());
        }
        (due, self.queue.first().map(|next| next.at))
    }

    /// Plans an attempt.
    pub(crate) fn plan(&mut self, webhook_id: &str, at: Timestamp, scheduled: bool) {
        self.sequence += 1;
        self.queue.insert(Due { at, sequence: self.sequence, webhook_id: webhook_id.to_owned(), scheduled });
        if let Some(delivery) = self.deliveries.get_mut(webhook_id).filter(|_| scheduled) {
            delivery.next_attempt_at = Some(at);
            delivery.status = DeliveryStatus::Pending;
        }
    }

    /// Lets go of what is held, the newest first. Says how many.
    pub(crate) fn release(&mut self) -> usize {
        let held = self.deliveries.iter().rev().filter(|delivery| delivery.status == DeliveryStatus::Held);
        let held: Vec<_> = held.map(|delivery| delivery.webhook_id.clone()).collect();
        for id in &held {
            if let Some(delivery) = self.deliveries.get_mut(id) {
                delivery.status = DeliveryStatus::Pending;
            }
        }
        let count = held.len();
        self.released.push_back(held);
        count
    }

    /// Writes what came of an attempt, and plans the next where there is one.
    pub(crate) fn record(&mut self, due: &Due, attempt: Attempt, now: Timestamp) {
        let Some(delivery) = self.deliveries.get_mut(&due.webhook_id) else { return };
        let delivered = attempt.status_code.is_some_and(|code| (200..300).contains(&code));
        delivery.attempts.push(attempt);
        delivery.next_attempt_at = delivery.next_attempt_at.filter(|_| !due.scheduled);
        if delivered {
            delivery.status = DeliveryStatus::Delivered;
        }
        if !due.scheduled || delivered {
            return;
        }
        delivery.tries += 1;
        let wait = RETRY_AFTER.get(delivery.tries - 1).map(|seconds| SignedDuration::from_secs(*seconds));
        match wait.and_then(|wait| now.checked_add(wait).ok()) {
            Some(at) if delivery.status != DeliveryStatus::Delivered => self.plan(&due.webhook_id, at, true),
            Some(_) => {}
            None => delivery.status = DeliveryStatus::Failed,
        }
    }

    /// Whether something that is due has not been tried yet.
    pub(crate) fn is_busy(&self, now: Timestamp) -> bool {
        let untried = |row: &Delivery| row.status == DeliveryStatus::Pending && row.attempts.is_empty();
        self.deliveries.iter().rev().any(|row| untried(row) && row.next_attempt_at.is_none_or(|at| at <= now))
    }

    /// For `GET /control/state`.
    pub(crate) fn wire(&self) -> Value {
        let row = |delivery: &Delivery| {
            json!({
                "webhook_id": delivery.webhook_id,
                "type": delivery.event_type,
                "timestamp": rfc3339(delivery.event_at),
                "status": delivery.status,
                "attempts": delivery.attempts,
                "next_attempt_at": delivery.next_attempt_at.map(rfc3339),
                "body": delivery.body,
            })
        };
        self.deliveries.iter().map(row).collect()
    }
}

impl State {
    /// Puts an event on its way, as the scenario says. Returns its `webhook-id`.
    pub(crate) fn emit(&mut self, event_type: &str, subject: Subject, now: Timestamp) -> String {
        let webhook_id = format!("msg_{}", crate::random::alphanumeric::<27>());
        self.outbox.deliveries.push(Delivery {
            webhook_id: webhook_id.clone(),
            event_type: event_type.to_owned(),
            subject,
            event_at: now,
            status: DeliveryStatus::Held,
            attempts: Vec::new(),
            tries: 0,
            next_attempt_at: None,
            body: None,
        });
        let delay = SignedDuration::from_secs(self.scenario.webhooks.delay_seconds.into());
        match self.scenario.webhooks.mode {
            _ if self.outbox.url.is_none() => {}
            WebhookMode::Normal => self.outbox.plan(&webhook_id, now, true),
            WebhookMode::Slow => self.outbox.plan(&webhook_id, now.checked_add(delay).unwrap_or(now), true),
            WebhookMode::Twice => {
                self.outbox.plan(&webhook_id, now, true);
                self.outbox.plan(&webhook_id, now, false);
            }
            WebhookMode::Never | WebhookMode::Reordered => {}
        }
        webhook_id
    }

    /// The body of an event, from what its object is now.
    pub(crate) fn event_body(&self, delivery: &Delivery) -> String {
        #[derive(Serialize)]
        struct Envelope<'a> {
            business_id: &'a str,
            data: Value,
            timestamp: String,
            r#type: &'a str,
        }
        let (data, payload_type) = match &delivery.subject {
            Subject::Payment(id) => (self.payments.get(id).map(super::payments::Payment::wire), Some("Payment")),
            Subject::Subscription(id, payment_id) => {
                let row = self.subscriptions.get(id);
                (row.map(|row| row.event_wire(payment_id.as_deref())), Some("Subscription"))
            }
            Subject::Refund(id) => (self.refunds.get(id).map(super::refunds::Refund::wire), Some("Refund")),
            Subject::Dispute(id) => (self.disputes.get(id).map(super::disputes::Dispute::wire), Some("Dispute")),
            Subject::Dunning(id) => (self.dunnings.get(id).map(super::dunning::Dunning::wire), Some("DunningAttempt")),
            Subject::Given(data) => (Some(data.clone()), None),
        };
        let mut data = data.unwrap_or_default();
        if let Some(payload_type) = payload_type {
            data["payload_type"] = payload_type.into();
        }
        let timestamp = rfc3339(delivery.event_at);
        let envelope = Envelope { business_id: BUSINESS_ID, data, timestamp, r#type: &delivery.event_type };
        serde_json::to_string(&envelope).unwrap_or_default()
    }
}

fn endpoint(sandbox: &Sandbox, url: &str) -> Value {
    json!({
        "created_at": rfc3339(sandbox.started_at()),
        "description": "checkout helper",
        "disabled": false,
        "filter_types": null,
        "id": ENDPOINT_ID,
        "metadata": {},
        "rate_limit": null,
        "updated_at": rfc3339(sandbox.started_at()),
        "url": url,
    })
}

/// `GET /webhooks`: the one endpoint. `limit` and `iterator` are taken and have nothing to do.
pub(crate) async fn list(Ctx(sandbox): Ctx<Sandbox>, _query: Query) -> Json<Value> {
    let data: Vec<_> = sandbox.state().outbox.url.iter().map(|url| endpoint(&sandbox, url)).collect();
    Json(json!({ "data": data, "done": true, "iterator": null, "prev_iterator": null }))
}

/// `GET /webhooks/{id}`
pub(crate) async fn get(Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    let url = sandbox.state().outbox.url.clone().filter(|_| id == ENDPOINT_ID);
    url.map(|url| Json(endpoint(&sandbox, &url))).ok_or_else(|| ApiError::not_found("webhook endpoint"))
}

/// `GET /webhooks/{id}/secret`
pub(crate) async fn secret(Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    if id != ENDPOINT_ID {
        return Err(ApiError::not_found("webhook endpoint"));
    }
    Ok(Json(json!({ "secret": sandbox.config().webhook_secret.reveal() })))
}

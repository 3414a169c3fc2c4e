//! The sender of webhooks: takes what is due, sends it, writes what came of it. Every delivery
//! runs by itself, so a receiver that is slow with one does not hold up the others.

use std::sync::Arc;

use jiff::Timestamp;
use reqwest::Method;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::Sandbox;
use super::webhooks::{Attempt, DeliveryStatus, Due};
use crate::clock::{Clock, rfc3339};
use crate::outgoing::{Outgoing, Purpose, Reach};

/// So many at a time: enough that slow ones do not matter, few enough for the open files.
const CONCURRENT: usize = 256;

/// A client that goes where the developer says, also on this machine.
pub(crate) fn client() -> Outgoing {
    Outgoing::new(Purpose::Endpoint, Reach::Private).expect("a client without certificates of its own can be made")
}

/// Sends until it is told to stop. Looking at the state lets happen what is due ([`Sandbox::state`]), so this
/// is also what makes subscriptions live on while nobody asks.
pub(crate) async fn run(sandbox: Sandbox, stop: CancellationToken) {
    let slots = Arc::new(Semaphore::new(CONCURRENT));
    loop {
        let (due, released, next) = {
            let mut state = sandbox.state();
            let (due, next) = state.outbox.due(sandbox.now());
            let next = next.into_iter().chain(state.agenda.next()).min();
            (due, state.outbox.released.drain(..).collect::<Vec<_>>(), next)
        };
        for one in due {
            spawn(&sandbox, &slots, &stop, vec![one]);
        }
        for batch in released {
            let now = sandbox.now();
            let due = |webhook_id| Due { at: now, sequence: 0, webhook_id, scheduled: true };
            spawn(&sandbox, &slots, &stop, batch.into_iter().map(due).collect());
        }
        let clock = &sandbox.config().clock;
        tokio::select! {
            () = stop.cancelled() => return,
            () = sandbox.woken() => {}
            () = clock.sleep_until(next.unwrap_or(Timestamp::MAX)), if next.is_some() => {}
        }
    }
}

/// Sends these, one after the other.
fn spawn(sandbox: &Sandbox, slots: &Arc<Semaphore>, stop: &CancellationToken, batch: Vec<Due>) {
    let (sandbox, slots, stop) = (sandbox.clone(), Arc::clone(slots), stop.clone());
    tokio::spawn(async move {
        let work = async {
            let Ok(_slot) = slots.acquire().await else { return };
            for due in &batch {
                attempt(&sandbox, due).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = work => {}
        }
    });
}

async fn attempt(sandbox: &Sandbox, due: &Due) {
    let Some((url, body)) = compose(sandbox, due) else { return };
    let now = sandbox.now();
    let started = tokio::time::Instant::now();
    // The freshness of a signature is between two machines, so it is not of the pretended time.
    let timestamp = Clock::wall().as_second();
    let signature = sandbox.config().webhook_secret.sign(&due.webhook_id, timestamp, body.as_bytes());
    let request = sandbox.http().request(Method::POST, &url).map(|request| {
        request
            .header("content-type", "application/json")
            .header("webhook-id", &due.webhook_id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .body(body)
    });
    let answer = match request {
        Ok(request) => request.send().await.map_err(|error| describe(&error)),
        Err(_) => Err("not an address that can be sent to"),
    };
    let attempt = Attempt {
        at: rfc3339(now),
        status_code: answer.as_ref().ok().map(|answer| answer.status().as_u16()),
        error: answer.err().map(str::to_owned),
        duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    tracing::debug!(webhook_id = due.webhook_id, status = attempt.status_code, "sandbox sent a webhook");
    sandbox.state().outbox.record(due, attempt, sandbox.now());
    sandbox.wake();
}

/// Where a delivery goes, and with what body. Without an address it is held.
fn compose(sandbox: &Sandbox, due: &Due) -> Option<(String, String)> {
    let mut state = sandbox.state();
    let Some(url) = state.outbox.url.clone() else {
        if let Some(delivery) = state.outbox.deliveries.get_mut(&due.webhook_id) {
            delivery.status = DeliveryStatus::Held;
            delivery.next_attempt_at = None;
        }
        return None;
    };
    let body = state.event_body(state.outbox.deliveries.get(&due.webhook_id)?);
    state.outbox.deliveries.get_mut(&due.webhook_id)?.body = Some(body.clone());
    Some((url, body))
}

fn describe(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer within 15 seconds"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    }
}

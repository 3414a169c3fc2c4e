//! Works the outbox off: claims what is due, sends it, and writes down what came of it. One turn is one
//! transaction, for what has ended and for what begins: the fold has the writer for the rest of the time.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Interval;

use crate::app::App;
use crate::clock::Clock;
use crate::fault::crash_point;
use crate::mail;
use crate::provider::skew;
use crate::random;
use crate::store::{Done, Place, Room, Turn};

use super::schedule::{self, Verdict};
use super::{Channel, EndpointState, Message, Outcome, webhook};

/// Sent at once, all together.
const MOST_AT_ONCE: usize = 64;
/// Sent at once to one endpoint, and mails: one that is slow takes no more of them.
const MOST_AT_ONE: usize = 8;
/// How long after a failed turn the next one is tried.
const BREATHER: Duration = Duration::from_secs(1);
/// How often operators are told how endpoints fare; what waits is counted when they ask.
const REPORT: Duration = Duration::from_secs(5);

/// Works until the app is told to stop, and finishes what it has begun.
pub async fn run(app: App) {
    let mut worker = Worker {
        report: tokio::time::interval(REPORT),
        app,
        sending: JoinSet::new(),
        under_way: Vec::new(),
        ended: Vec::new(),
        next_due: None,
        first: 0,
    };
    worker.turn().await;
    while !worker.app.stopping.is_cancelled() {
        match worker.wait().await {
            Woken::Work => worker.turn().await,
            Woken::Report => worker.report().await,
            Woken::Stop => break,
        }
    }
    worker.finish().await;
}

/// What there is to do.
enum Woken {
    Work,
    Report,
    Stop,
}

struct Worker {
    app: App,
    report: Interval,
    sending: JoinSet<Done>,
    /// What is being sent.
    under_way: Vec<Place>,
    /// What has been sent and is not written down yet.
    ended: Vec<Done>,
    next_due: Option<Timestamp>,
    /// Who is first to get what room there is: each in turn.
    first: usize,
}

impl Worker {
    async fn wait(&mut self) -> Woken {
        let Self { app, report, sending, next_due, ended, .. } = self;
        tokio::select! {
            () = app.stopping.cancelled() => return Woken::Stop,
            () = app.store.news().notified() => {}
            () = due(&app.clock, *next_due) => {}
            Some(sent) = sending.join_next() => ended.extend(taken(sent)),
            _ = report.tick() => return Woken::Report,
        }
        while let Some(sent) = sending.try_join_next() {
            ended.extend(taken(sent));
        }
        Woken::Work
    }

    /// Writes down what has ended, and begins what is due.
    async fn turn(&mut self) {
        self.under_way.retain(|place| !self.ended.iter().any(|done| done.place.seq == place.seq));
        let rooms = self.rooms();
        let Some(claimed) = self.write(rooms).await else { return };
        if !claimed.is_empty() {
            crash_point("outbox.claimed");
        }
        for message in claimed {
            self.under_way.push(Place::of(&message));
            self.sending.spawn(try_once(self.app.clone(), message));
        }
    }

    /// One transaction; nothing is lost where it fails.
    async fn write(&mut self, rooms: Vec<Room>) -> Option<Vec<Message>> {
        let turn = Turn { now: self.app.clock.now(), done: self.ended.clone(), rooms, busy: self.under_way.clone() };
        if !turn.done.is_empty() {
            crash_point("outbox.finishing");
        }
        match self.app.store.work_off(turn).await {
            Ok(turned) => {
                for done in self.ended.drain(..) {
                    count(&done);
                    crash_point(if done.place.channel == Channel::Email { "mail.marked" } else { "outbox.finished" });
                }
                for (endpoint, state) in turned.changed {
                    tell(&endpoint, state);
                }
                self.next_due = turned.next_due;
                Some(turned.claimed)
            }
            Err(error) => {
                tracing::error!(%error, "the outbox cannot be worked off");
                tokio::time::sleep(BREATHER).await;
                self.next_due = Some(self.app.clock.now());
                None
            }
        }
    }

    /// How much may be begun, for whom.
    fn rooms(&mut self) -> Vec<Room> {
        let mut left = MOST_AT_ONCE.saturating_sub(self.under_way.len());
        let endpoints = self.app.endpoints.iter().map(|endpoint| (Channel::Webhook, endpoint.id.clone()));
        let mut targets: Vec<_> = endpoints.chain([(Channel::Email, String::new())]).collect();
        self.first = (self.first + 1) % targets.len();
        targets.rotate_left(self.first);
        let mut rooms = Vec::new();
        for (channel, target) in targets {
            let is_there =
                |place: &&Place| place.channel == channel && (channel == Channel::Email || place.target == target);
            let free = MOST_AT_ONE.saturating_sub(self.under_way.iter().filter(is_there).count()).min(left);
            left -= free;
            rooms.push(Room { channel, target, free: u32::try_from(free).unwrap_or(0) });
        }
        rooms
    }

    /// Ends what is under way. Where it cannot be written down, the leases run out and it is sent again.
    async fn finish(&mut self) {
        while let Some(sent) = self.sending.join_next().await {
            self.ended.extend(taken(sent));
        }
        for _ in 0..3 {
            if self.ended.is_empty() || self.write(Vec::new()).await.is_some() {
                return;
            }
        }
        tracing::error!(messages = self.ended.len(), "what was sent could not be written down: it is sent again");
    }

    /// Messages to endpoints that are in the settings no longer.
    async fn park_strays(&self) {
        let known = self.app.endpoints.iter().map(|endpoint| endpoint.id.clone()).collect();
        match self.app.store.park_strays(known, self.app.clock.now()).await {
            Ok(0) => {}
            Ok(parked) => tracing::warn!(parked, "messages wait for endpoints that are in the settings no longer"),
            Err(error) => tracing::error!(%error, "the outbox cannot be looked through"),
        }
    }

    async fn report(&self) {
        // Somebody may have replayed one of those.
        self.park_strays().await;
        match self.app.store.endpoints().await {
            Ok(fare) => {
                for endpoint in &self.app.endpoints {
                    gauge(&endpoint.id, fare.get(&endpoint.id).copied().unwrap_or_default().state);
                }
            }
            Err(error) => tracing::error!(%error, "the endpoints cannot be counted"),
        }
    }
}

/// Waits for that time; for ever where nothing is due.
async fn due(clock: &Clock, at: Option<Timestamp>) {
    match at {
        Some(at) => clock.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn taken(sent: Result<Done, JoinError>) -> Option<Done> {
    // Only a runtime that ends takes a task away, for a panic is caught within.
    sent.ok()
}

/// One try, whatever happens.
async fn try_once(app: App, message: Message) -> Done {
    let outcome = AssertUnwindSafe(send(&app, &message)).catch_unwind().await.unwrap_or_else(|_| {
        metrics::counter!("checkout_panics_total").increment(1);
        tracing::error!(message = %message.id, "sending a message panicked");
        Outcome::Retry { after: None, status: None, error: "sending it panicked".to_owned() }
    });
    crash_point("outbox.tried");
    let verdict = schedule::verdict(outcome, message.attempts, app.clock.now(), u16::from_le_bytes(random::bytes()));
    Done { place: Place::of(&message), id: message.id, verdict }
}

async fn send(app: &App, message: &Message) -> Outcome {
    match message.channel {
        Channel::Webhook => match app.endpoints.iter().find(|endpoint| endpoint.id == message.target) {
            Some(endpoint) => {
                let now = Clock::wall();
                // Receivers refuse what is signed by a clock that is wrong.
                webhook::send(endpoint, message, skew::by_the_provider(now, now)).await
            }
            None => Outcome::Park { status: None, error: "no endpoint of that name is in the settings".to_owned() },
        },
        Channel::Email => mail::send(app, message).await,
    }
}

fn count(done: &Done) {
    let (outcome, target) = (done.verdict.label(), &done.place.target);
    metrics::counter!("checkout_deliveries_total", "target" => target.clone(), "outcome" => outcome).increment(1);
    match &done.verdict {
        Verdict::Delivered { .. } | Verdict::Canceled { .. } => {
            tracing::debug!(message = %done.id, %target, outcome, "a message is done with");
        }
        Verdict::Again { status, error, .. } => {
            tracing::info!(message = %done.id, %target, status, %error, "a message is tried again later");
        }
        Verdict::Parked { status, error } | Verdict::Dead { status, error } => {
            tracing::error!(message = %done.id, %target, status, %error, outcome, "a message did not arrive");
        }
        Verdict::Waiting => {}
    }
}

/// One line for each state, of which one is 1.
fn gauge(endpoint: &str, is: EndpointState) {
    for state in EndpointState::ALL {
        let value = if state == is { 1.0 } else { 0.0 };
        metrics::gauge!("checkout_endpoint_state", "endpoint" => endpoint.to_owned(), "state" => state.as_str())
            .set(value);
    }
}

fn tell(endpoint: &str, state: EndpointState) {
    match state {
        EndpointState::Enabled => tracing::info!(endpoint, "an endpoint takes its messages again"),
        EndpointState::Failing => tracing::warn!(endpoint, "an endpoint has failed four times in a row"),
        EndpointState::Disabled => tracing::error!(
            endpoint,
            "an endpoint is disabled: it is gone, or has failed for five days; its messages wait until it is enabled"
        ),
    }
}

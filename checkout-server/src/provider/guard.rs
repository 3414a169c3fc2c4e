//! A provider that cannot take the helper down with it: few calls at once, a bounded wait for a
//! place, and none at all while it does not answer (G32). A call that is refused here was never
//! sent, so it is [`ProviderError::Unavailable`] and the same request may come again.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::breaker::{Breaker, Outcome, Pass};
use super::{Answer, Kind, Listing, NewRefund, NewSession, Observed, Page, Provider, ProviderError, Session};
use crate::event::Notice;
use crate::quote::Cart;
use crate::quote::preview::Preview;

/// Calls at once (G32).
const PLACES: usize = 64;
/// Callers who may wait for a place: as many as the orders that the doors let in.
const QUEUE: usize = 256;
/// How long they wait. With the provider's own ten seconds it stays below twelve (G32).
const PATIENCE: Duration = Duration::from_millis(1_500);

/// A provider behind its guard.
pub struct Guard<P> {
    provider: P,
    places: Semaphore,
    queue: Semaphore,
    breaker: Mutex<Breaker>,
}

impl<P: Provider> Guard<P> {
    /// Guards a provider.
    pub fn new(provider: P) -> Self {
        metrics::gauge!("checkout_provider_breaker_open").set(0);
        let (places, queue) = (Semaphore::new(PLACES), Semaphore::new(QUEUE));
        Self { provider, places, queue, breaker: Mutex::default() }
    }

    async fn guarded<T>(&self, call: Answer<'_, T>) -> Result<T, ProviderError> {
        if self.breaker().is_open(Instant::now()) {
            return Err(refused("open", "it has not answered for a while"));
        }
        let _place = self.place().await?;
        let pass = self.breaker().ask(Instant::now());
        let pass = pass.ok_or_else(|| refused("open", "it has not answered for a while"))?;
        let begun = Instant::now();
        let mut watch = Watch { breaker: &self.breaker, pass, outcome: Outcome::Abandoned };
        let result = call.await;
        count_failure(result.as_ref().err());
        watch.outcome = match &result {
            Ok(_) | Err(ProviderError::Rejected { .. }) => Outcome::Answered,
            Err(ProviderError::Unavailable(_) | ProviderError::Unknown(_)) => Outcome::Failed(begun.elapsed()),
        };
        result
    }

    async fn place(&self) -> Result<SemaphorePermit<'_>, ProviderError> {
        if let Ok(place) = self.places.try_acquire() {
            return Ok(place);
        }
        let busy = || refused("busy", "too many calls are under way");
        let _waiting = self.queue.try_acquire().map_err(|_| busy())?;
        match tokio::time::timeout(PATIENCE, self.places.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(busy()),
        }
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// By kind: a refusal is our mistake or the buyer's, the others are the provider's or the network's.
fn count_failure(error: Option<&ProviderError>) {
    let kind = match error {
        None => return,
        Some(ProviderError::Rejected { .. }) => "rejected",
        Some(ProviderError::Unavailable(_)) => "unavailable",
        Some(ProviderError::Unknown(_)) => "unknown",
    };
    metrics::counter!("checkout_provider_failures_total", "kind" => kind).increment(1);
}

fn refused(reason: &'static str, said: &str) -> ProviderError {
    metrics::counter!("checkout_provider_refused_total", "reason" => reason).increment(1);
    ProviderError::Unavailable(format!("not asked: {said}"))
}

/// Reports how a call ended, also where its caller goes away.
struct Watch<'a> {
    breaker: &'a Mutex<Breaker>,
    pass: Pass,
    outcome: Outcome,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let (mut breaker, now) = (self.breaker.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
        let was_open = breaker.is_open(now);
        breaker.report(self.pass, self.outcome, now);
        let is_open = breaker.is_open(now);
        if was_open != is_open {
            tracing::warn!(open = is_open, "the provider's breaker has changed");
        }
        metrics::gauge!("checkout_provider_breaker_open").set(u8::from(is_open));
        let outcome = match self.outcome {
            Outcome::Answered => "answered",
            Outcome::Failed(_) => "failed",
            Outcome::Abandoned => "abandoned",
        };
        metrics::counter!("checkout_provider_calls_total", "outcome" => outcome).increment(1);
    }
}

impl<P: Provider> Provider for Guard<P> {
    fn preview<'a>(&'a self, cart: &'a Cart<'a>) -> Answer<'a, Preview> {
        Box::pin(self.guarded(self.provider.preview(cart)))
    }

    fn create_session<'a>(&'a self, session: &'a NewSession<'a>) -> Answer<'a, Session> {
        Box::pin(self.guarded(self.provider.create_session(session)))
    }

    fn object<'a>(&'a self, kind: Kind, id: &'a str) -> Answer<'a, Observed> {
        Box::pin(self.guarded(self.provider.object(kind, id)))
    }

    fn page<'a>(&'a self, listing: &'a Listing) -> Answer<'a, Page> {
        Box::pin(self.guarded(self.provider.page(listing)))
    }

    fn refund_payment<'a>(&'a self, refund: &'a NewRefund<'a>) -> Answer<'a, Observed> {
        Box::pin(self.guarded(self.provider.refund_payment(refund)))
    }

    fn find_refund<'a>(&'a self, refund: &'a NewRefund<'a>) -> Answer<'a, Option<Observed>> {
        Box::pin(self.guarded(self.provider.find_refund(refund)))
    }

    fn new_payment_method<'a>(&'a self, subscription: &'a str, return_url: &'a str) -> Answer<'a, String> {
        Box::pin(self.guarded(self.provider.new_payment_method(subscription, return_url)))
    }

    fn read_notice(&self, body: &[u8]) -> Option<Notice> {
        self.provider.read_notice(body)
    }

    fn checkout_origin(&self) -> &str {
        self.provider.checkout_origin()
    }
}

//! The sandbox: a pretend Dodo. It speaks the provider's wire format, shows a hosted payment page
//! with test cards and sends signed webhooks; all in memory, with no account and no network.
//!
//! What it sells is the catalog. What it charges, in tax: Sweden 25 %, Germany 19 %, France and
//! Britain 20 %, India 18 %, Japan 10 %, four US states by ZIP code, nothing elsewhere (`tax.rs`).
//! Discount codes: `LAUNCH20`, `FLAT5`, `FREE100`, and `EXPIRED10` and `USEDUP`, which are refused
//! (`discounts.rs`). Cards: `cards.rs`. Other currencies are reckoned at fixed rates
//! (`exchange.rs`).
//!
//! Where the provider's documentation is silent, each file says what it chose.

mod agenda;
mod cards;
mod cart;
mod changes;
mod charge;
mod checkouts;
mod control;
mod customers;
mod deliver;
mod discounts;
mod disputes;
mod dunning;
mod error;
mod exchange;
mod gate;
mod hosted;
mod lifetime;
mod mending;
mod on_demand;
mod paging;
mod pay;
mod payments;
mod period;
mod plan;
mod preview;
mod pricing;
mod products;
mod refunds;
mod scenario;
mod state;
mod subscribe;
mod subscriptions;
mod table;
mod tax;
#[cfg(test)]
mod tests;
mod webhooks;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::middleware;
use axum::routing::{delete, get, post};
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::outgoing::Outgoing;
use crate::random;
use crate::signature::SigningSecret;
use state::State;

/// The merchant. Its primary brand has the same id, as with the provider.
const BUSINESS_ID: &str = "bus_0NSandboxMerchant0001";

/// What a sandbox needs to know.
#[derive(Clone)]
pub struct SandboxConfig {
    /// What is sold: one product of the provider's per price.
    pub catalog: Catalog,
    /// Shared with whoever tests time.
    pub clock: Clock,
    /// What API requests must carry as bearer token.
    pub api_key: String,
    /// What deliveries are signed with.
    pub webhook_secret: SigningSecret,
    /// Where deliveries go; `None` holds them.
    pub webhook_url: Option<String>,
    /// The sandbox's own address without a slash at its end, for the links that it hands out.
    pub base_url: String,
}

/// A running sandbox. Clones are the same one.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    config: SandboxConfig,
    started_at: Timestamp,
    state: Mutex<State>,
    /// Something may be due.
    wake: Notify,
    http: Outgoing,
}

impl Sandbox {
    /// A sandbox that has sold nothing yet.
    #[must_use]
    pub fn new(config: SandboxConfig) -> Self {
        let state = Mutex::new(State::new(&config));
        let started_at = config.clock.now();
        Self(Arc::new(Inner { config, started_at, state, wake: Notify::new(), http: deliver::client() }))
    }

    /// All routes: the provider's API, the payment page and the control API.
    pub fn router(&self) -> Router {
        Router::new().merge(self.api()).merge(hosted::router()).merge(control::router()).with_state(self.clone())
    }

    /// Lets time pass and sends webhooks until it is told to stop. To be run once.
    pub async fn run(&self, stop: CancellationToken) {
        deliver::run(self.clone(), stop).await;
    }

    /// Everything that the sandbox knows, as `GET /control/state` answers it.
    #[must_use]
    pub fn state_json(&self) -> Value {
        self.state().json(self.now())
    }

    /// The same without what was sent, which is the most of it where much was sold.
    #[must_use]
    pub fn ledger_json(&self) -> Value {
        self.state().ledger(self.now())
    }

    /// How often a route of the API was asked since the start, such as `POST /checkouts` or
    /// `GET /payments/{id}`; refused requests count too.
    #[must_use]
    pub fn request_count(&self, route: &str) -> u64 {
        self.state().requests.get(route).copied().unwrap_or(0)
    }

    /// The bodies of `POST /checkouts` that made a session, as they were received, oldest first.
    #[must_use]
    pub fn checkout_bodies(&self) -> Vec<Value> {
        let state = self.state();
        let bought = state.sessions.iter().filter(|session| session.purpose == checkouts::Purpose::Buy);
        bought.map(|session| session.raw.clone()).collect()
    }

    fn api(&self) -> Router<Self> {
        sales()
            .merge(later())
            .merge(shop())
            .fallback(async || error::ApiError::not_found("item"))
            .method_not_allowed_fallback(async || error::ApiError::not_found("item"))
            .layer(middleware::from_fn_with_state(self.clone(), gate::pass))
    }
}

/// The API's routes around a sale.
fn sales() -> Router<Sandbox> {
    Router::new()
        .route("/checkouts", post(checkouts::create))
        .route("/checkouts/preview", post(checkouts::preview))
        .route("/checkouts/{id}", get(checkouts::get))
        .route("/checkout/supported_countries", get(checkouts::supported_countries))
        .route("/payments", get(payments::list))
        .route("/payments/{id}", get(payments::get))
        .route("/payments/{id}/line-items", get(payments::line_items))
        .route("/customers", get(customers::list).post(customers::create))
        .route("/customers/{id}", get(customers::get).patch(customers::patch))
        .route("/customers/{id}/payment-methods", get(customers::payment_methods))
}

/// The API's routes of what comes after one.
fn later() -> Router<Sandbox> {
    Router::new()
        .route("/refunds", get(refunds::list).post(refunds::create))
        .route("/refunds/{id}", get(refunds::get))
        .route("/disputes", get(disputes::list))
        .route("/disputes/{id}", get(disputes::get))
        .route("/subscriptions", get(subscriptions::list))
        .route("/subscriptions/{id}", get(subscriptions::get).patch(changes::patch))
        .route("/subscriptions/{id}/update-payment-method", post(mending::update))
        .route("/subscriptions/{id}/charge", post(on_demand::charge))
        .route("/subscriptions/{id}/change-plan", post(plan::change))
        .route("/subscriptions/{id}/change-plan/scheduled", delete(plan::unschedule))
}

/// The API's routes of what is sold, and where it is told.
fn shop() -> Router<Sandbox> {
    Router::new()
        .route("/products", get(products::list))
        .route("/products/{id}", get(products::get))
        .route("/addons", get(products::list_addons))
        .route("/addons/{id}", get(products::get_addon))
        .route("/discounts", get(discounts::list))
        .route("/discounts/{id}", get(discounts::get))
        .route("/discounts/code/{code}", get(discounts::by_code))
        .route("/webhooks", get(webhooks::list))
        .route("/webhooks/{id}", get(webhooks::get))
        .route("/webhooks/{id}/secret", get(webhooks::secret))
}

/// What the rooms of the sandbox ask for.
impl Sandbox {
    /// Everything as it is now: what was due has happened.
    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        lifetime::pass(&mut state, self.now());
        state
    }

    fn config(&self) -> &SandboxConfig {
        &self.0.config
    }

    fn base_url(&self) -> &str {
        &self.0.config.base_url
    }

    fn now(&self) -> Timestamp {
        self.0.config.clock.now()
    }

    fn started_at(&self) -> Timestamp {
        self.0.started_at
    }

    fn http(&self) -> &Outgoing {
        &self.0.http
    }

    /// Tells the sender that something may be due.
    fn wake(&self) {
        self.0.wake.notify_one();
    }

    async fn woken(&self) {
        self.0.wake.notified().await;
    }

    /// Moves the clock, from one moment that something happens at to the next, and waits at each until
    /// the webhooks of that moment were tried: whoever shares the clock hears of each in its own time. A
    /// receiver that does not answer is waited for 5 seconds in all.
    async fn advance(&self, by: Duration) {
        let mut left = by;
        let mut patience = 500;
        loop {
            let next = self.state().agenda.next();
            let until_next = next.and_then(|next| Duration::try_from(next.duration_since(self.now())).ok());
            let step = until_next.map_or(left, |until_next| left.min(until_next));
            self.config().clock.advance(step);
            left -= step;
            self.wake();
            while patience > 0 && self.state().outbox.is_busy(self.now()) {
                patience -= 1;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            if left.is_zero() {
                return;
            }
        }
    }

    fn payment_status(&self, payment_id: &str) -> Option<&'static str> {
        self.state().payments.get(payment_id).map(|payment| payment.status)
    }

    /// What the payment page and the control API do with a card. A challenge is answered at once
    /// where its answer is known.
    fn pay(
        &self,
        session_id: &str,
        card: &'static cards::TestCard,
        buyer: pay::Buyer,
        challenge: Option<control::Challenge>,
    ) -> error::ApiResult<(String, &'static str)> {
        let now = self.now();
        let mut state = self.state();
        let payment_id = pay::with_card(&mut state, session_id, card, buyer, now)?;
        let status = |state: &State| state.payments.get(&payment_id).map_or("unknown", |payment| payment.status);
        if let Some(challenge) = challenge.filter(|_| status(&state) == "requires_customer_action") {
            pay::settle(&mut state, &payment_id, challenge.outcome(), now)?;
        }
        let status = status(&state);
        drop(state);
        self.wake();
        Ok((payment_id, status))
    }
}

/// The provider's kind of id: a prefix and 21 letters or digits, the first two of them `0N`.
fn new_id(prefix: &str) -> String {
    format!("{prefix}_0N{}", random::alphanumeric::<19>())
}

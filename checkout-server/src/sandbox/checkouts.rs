//! Checkout sessions: made by the merchant, paid once by the buyer, gone after a day.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State as Ctx};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::cart::{self, CheckoutBody};
use super::error::{ApiError, ApiResult};
use super::pricing::Pricing;
use super::state::State;
use super::table::Row;
use super::tax::{self, TaxId};
use super::{Sandbox, exchange, new_id, pay, preview};
use crate::clock::rfc3339;

/// How long a session can be paid, as documented; shorter with `confirm`.
const LIFE: SignedDuration = SignedDuration::from_hours(24);
const CONFIRMED_LIFE: SignedDuration = SignedDuration::from_mins(15);

/// What has become of a session, apart from time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Can be paid.
    Open,
    /// A payment waits for the bank's challenge.
    Challenged(String),
    /// A payment waits for the bank's answer.
    Processing(String),
    /// Done; every further payment is refused.
    Paid(String),
}

/// What a page is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To buy a cart.
    Buy,
    /// To put a new card on that subscription, and to pay what it owes.
    Mend(String),
}

/// A session.
#[derive(Clone)]
#[expect(clippy::struct_field_names, reason = "`session_id` is its name on the wire")]
pub(crate) struct Session {
    pub(crate) session_id: String,
    pub(crate) purpose: Purpose,
    /// As it was received.
    pub(crate) raw: Value,
    pub(crate) body: CheckoutBody,
    /// As it was at the start: a price that changes later does not change a session.
    pub(crate) pricing: Pricing,
    pub(crate) progress: Progress,
    /// Oldest first, the failed ones too.
    pub(crate) payments: Vec<String>,
    /// From the last payment.
    pub(crate) customer: Option<(String, String)>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

impl Row for Session {
    fn id(&self) -> &str {
        &self.session_id
    }
}

impl Session {
    /// Whether its time is over and nothing came of it.
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now && matches!(self.progress, Progress::Open | Progress::Challenged(_))
    }

    /// What the buyer is asked to go to.
    pub(crate) fn url(&self, base_url: &str) -> String {
        format!("{base_url}/session/{}", self.session_id)
    }

    /// `GET /checkouts/{id}`. An expired session looks as it did before (not documented).
    fn wire(&self, state: &State) -> Value {
        let last = self.payments.last();
        let (email, name) = self.customer.clone().unzip();
        json!({
            "created_at": rfc3339(self.created_at),
            "customer_email": email,
            "customer_name": name,
            "id": self.session_id,
            "payment_id": last,
            "payment_status": last.and_then(|id| state.payments.get(id)).map(|payment| payment.status),
        })
    }

    /// As `GET /control/state` shows it.
    pub(crate) fn control_wire(&self, state: &State, now: Timestamp) -> Value {
        let progress = match &self.progress {
            _ if self.is_expired(now) => "expired",
            Progress::Open => "open",
            Progress::Challenged(_) => "requires_customer_action",
            Progress::Processing(_) => "processing",
            Progress::Paid(_) => "paid",
        };
        let mut wire = self.wire(state);
        wire["purpose"] = if self.purpose == Purpose::Buy { "buy" } else { "mend" }.into();
        wire["status"] = progress.into();
        wire["expires_at"] = rfc3339(self.expires_at).into();
        wire["payments"] = json!(self.payments);
        wire["total_amount"] = self.pricing.now.total.into();
        wire["tax"] = self.pricing.now.tax.into();
        wire["currency"] = json!(self.pricing.currency);
        wire["request"] = self.raw.clone();
        wire
    }
}

/// Checks what `POST /checkouts` checks beyond a preview.
fn check(body: &CheckoutBody, pricing: &Pricing, state: &State) -> ApiResult<()> {
    let least = exchange::least_charge(pricing.currency);
    if (1..least).contains(&pricing.now.total) {
        let message = format!("The total is below {least} minor units of {}", pricing.currency);
        return Err(ApiError::refused("TOTAL_PAYMENT_AMOUNT_BELOW_MINIMUM_AMOUNT", message));
    }
    let country = body.country();
    if body.tax_id.as_deref().map(|tax_id| tax::judge(tax_id, country)) == Some(TaxId::Malformed) {
        return Err(ApiError::refused("INVALID_TAX_ID", "The tax id is not of the country's form"));
    }
    if let Some(customer) = &body.customer {
        match (&customer.customer_id, &customer.email) {
            (Some(id), _) if state.customers.get(id).is_none() => return Err(ApiError::not_found("customer")),
            (None, None) => return Err(ApiError::body("customer has a customer_id or an email")),
            _ => {}
        }
    }
    if body.confirm == Some(true) && (body.customer.is_none() || body.billing_address.is_none()) {
        return Err(ApiError::body("confirm needs customer and billing_address"));
    }
    let by_id = body.customer.as_ref().is_some_and(|customer| customer.customer_id.is_some());
    if body.payment_method_id.is_some() && !(body.confirm == Some(true) && by_id) {
        return Err(ApiError::body("payment_method_id needs confirm and customer.customer_id"));
    }
    Ok(())
}

/// `POST /checkouts`. Not idempotent: every request makes another session.
pub(crate) async fn create(Ctx(sandbox): Ctx<Sandbox>, bytes: Bytes) -> ApiResult<Json<Value>> {
    let (body, raw) = cart::read(&bytes)?;
    let now = sandbox.now();
    let mut state = sandbox.state();
    let pricing = body.basket(&state, now)?.price(now)?;
    check(&body, &pricing, &state)?;
    let confirmed = body.confirm == Some(true);
    let life = match state.scenario.session_expiry_seconds {
        Some(seconds) => SignedDuration::from_secs(seconds.into()),
        None if confirmed => CONFIRMED_LIFE,
        None => LIFE,
    };
    let saved_card = body.payment_method_id.clone();
    let session = Session {
        session_id: new_id("cks"),
        purpose: Purpose::Buy,
        raw,
        body,
        pricing,
        progress: Progress::Open,
        payments: Vec::new(),
        customer: None,
        created_at: now,
        expires_at: now.checked_add(life).unwrap_or(Timestamp::MAX),
    };
    let session_id = session.session_id.clone();
    let url = session.url(sandbox.base_url());
    state.sessions.push(session);
    if let Some(payment_method_id) = saved_card {
        let payment_id = pay::with_saved_card(&mut state, &session_id, &payment_method_id, now)?;
        drop(state);
        sandbox.wake();
        return Ok(Json(created(&session_id, None, Some(&payment_id), None)));
    }
    if confirmed {
        let payment_id = pay::prepare(&mut state, &session_id, now)?;
        let client_secret = format!("{payment_id}_secret_{}", crate::random::alphanumeric::<12>());
        return Ok(Json(created(&session_id, Some(&url), Some(&payment_id), Some(&client_secret))));
    }
    Ok(Json(created(&session_id, Some(&url), None, None)))
}

fn created(session_id: &str, url: Option<&str>, payment_id: Option<&str>, client_secret: Option<&str>) -> Value {
    json!({
        "checkout_url": url,
        "client_secret": client_secret,
        "payment_id": payment_id,
        "publishable_key": client_secret.map(|_| "pk_snd_sandbox"),
        "session_id": session_id,
    })
}

/// `POST /checkouts/preview`
pub(crate) async fn preview(Ctx(sandbox): Ctx<Sandbox>, bytes: Bytes) -> ApiResult<Json<Value>> {
    let (body, _) = cart::read(&bytes)?;
    let now = sandbox.now();
    let pricing = body.basket(&sandbox.state(), now)?.price(now)?;
    Ok(Json(preview::wire(&body, &pricing)))
}

/// `GET /checkouts/{id}`
pub(crate) async fn get(Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    let state = sandbox.state();
    let session = state.sessions.get(&id).filter(|session| session.purpose == Purpose::Buy);
    let session = session.ok_or_else(|| ApiError::not_found("checkout session"))?;
    Ok(Json(session.wire(&state)))
}

/// `GET /checkout/supported_countries`
pub(crate) async fn supported_countries() -> Json<Value> {
    Json(json!(tax::SUPPORTED_COUNTRIES))
}

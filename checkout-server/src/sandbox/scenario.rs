//! What is to go differently from now on: set by tests and demos through `/control/scenario`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::cards::{self, Verdict};
use super::error::{ApiError, ApiResult};
use super::state::State;

/// How the provider misbehaves towards its API's clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outage {
    /// It does not.
    #[default]
    None,
    /// Answers 500 and does nothing.
    Error500,
    /// Takes the request, does nothing and stays silent for a minute.
    Timeout,
    /// Closes the connection before doing anything.
    Refuse,
    /// Does the work, then closes the connection without an answer.
    DropReply,
}

/// What becomes of webhooks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WebhookMode {
    /// Sent at once.
    #[default]
    Normal,
    /// Sent after `delay_seconds` of the sandbox's clock.
    Slow,
    /// Sent two times, with one id.
    Twice,
    /// Kept back, until somebody asks for a redelivery.
    Never,
    /// Kept back, until they are released, the newest first.
    Reordered,
}

/// Instead of what the card says, for the next payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NextPayment {
    Succeed,
    Decline,
    InsufficientFunds,
    ThreeDs,
    Processing,
}

impl NextPayment {
    pub(crate) fn verdict(self) -> Verdict {
        match self {
            Self::Succeed => Verdict::Succeeds,
            Self::Decline => Verdict::Fails(cards::DECLINED),
            Self::InsufficientFunds => Verdict::Fails(cards::INSUFFICIENT_FUNDS),
            Self::ThreeDs => Verdict::Challenges,
            Self::Processing => Verdict::Processes,
        }
    }
}

/// `webhooks` of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Webhooks {
    #[serde(default)]
    pub(crate) mode: WebhookMode,
    /// For `slow`.
    #[serde(default = "forty")]
    pub(crate) delay_seconds: u32,
}

fn forty() -> u32 {
    40
}

impl Default for Webhooks {
    fn default() -> Self {
        Self { mode: WebhookMode::Normal, delay_seconds: forty() }
    }
}

/// `price_change` of a scenario: at once, for previews and sessions from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PriceChange {
    product_id: String,
    /// Minor units of the product's currency.
    price: i64,
}

/// The present scenario. A new one is the ordinary state of things.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scenario {
    pub(crate) next_payment: Option<NextPayment>,
    pub(crate) webhooks: Webhooks,
    pub(crate) price_change: Option<PriceChange>,
    /// Instead of 24 hours, for sessions from now on.
    pub(crate) session_expiry_seconds: Option<u32>,
    pub(crate) outage: Outage,
    /// After so many requests the outage ends by itself.
    pub(crate) outage_count: Option<u64>,
    /// Only requests of this route meet it, such as `POST /checkouts`.
    pub(crate) outage_route: Option<String>,
    /// Requests a minute.
    pub(crate) rate_limit: Option<u64>,
    pub(crate) latency_ms: u64,
}

/// The body of `PUT /control/scenario`: what is named changes, the rest stays.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "absent, null and a value are three things here")]
pub(crate) struct ScenarioChange {
    #[serde(default, deserialize_with = "given")]
    next_payment: Option<Option<NextPayment>>,
    webhooks: Option<Webhooks>,
    price_change: Option<PriceChange>,
    #[serde(default, deserialize_with = "given")]
    session_expiry_seconds: Option<Option<u32>>,
    outage: Option<Outage>,
    #[serde(default, deserialize_with = "given")]
    outage_count: Option<Option<u64>>,
    #[serde(default, deserialize_with = "given")]
    outage_route: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    rate_limit: Option<Option<u64>>,
    latency_ms: Option<u64>,
}

/// Tells `null` from absence.
#[expect(clippy::option_option, reason = "absent, null and a value are three things here")]
fn given<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

impl Scenario {
    /// `GET /control/scenario`.
    pub(crate) fn wire(&self) -> Value {
        json!({
            "next_payment": self.next_payment,
            "webhooks": self.webhooks,
            "price_change": self.price_change,
            "session_expiry_seconds": self.session_expiry_seconds,
            "outage": self.outage,
            "outage_count": self.outage_count,
            "outage_route": self.outage_route,
            "rate_limit": self.rate_limit,
            "latency_ms": self.latency_ms,
        })
    }

    /// The outage that a request of that route meets; counts it.
    pub(crate) fn strike(&mut self, route: &str) -> Outage {
        if self.outage_route.as_deref().is_some_and(|only| only != route) {
            return Outage::None;
        }
        let outage = self.outage;
        if outage != Outage::None
            && let Some(left) = &mut self.outage_count
        {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.outage = Outage::None;
                self.outage_count = None;
                self.outage_route = None;
            }
        }
        outage
    }
}

/// Applies a change.
///
/// # Errors
/// A price change of a product that is not sold, or to less than nothing; then nothing changes.
pub(crate) fn apply(state: &mut State, change: ScenarioChange) -> ApiResult<()> {
    let ScenarioChange {
        next_payment,
        webhooks,
        price_change,
        session_expiry_seconds,
        outage,
        outage_count,
        outage_route,
        rate_limit,
        latency_ms,
    } = change;
    if let Some(PriceChange { product_id, price }) = &price_change {
        let offer = state.offers.get_mut(product_id).ok_or_else(|| ApiError::not_found("product"))?;
        if !(0..=checkout_types::money::MAX_AMOUNT).contains(price) {
            return Err(ApiError::body("price_change.price is in minor units, 0 or more"));
        }
        offer.price = *price;
    }
    let scenario = &mut state.scenario;
    scenario.next_payment = next_payment.unwrap_or(scenario.next_payment);
    scenario.webhooks = webhooks.unwrap_or(scenario.webhooks);
    scenario.price_change = price_change.or_else(|| scenario.price_change.take());
    scenario.session_expiry_seconds = session_expiry_seconds.unwrap_or(scenario.session_expiry_seconds);
    if let Some(outage) = outage {
        scenario.outage = outage;
        scenario.outage_count = None;
        scenario.outage_route = None;
    }
    scenario.outage_count = outage_count.unwrap_or(scenario.outage_count).filter(|count| *count > 0);
    scenario.outage_route = outage_route.unwrap_or_else(|| scenario.outage_route.take());
    scenario.rate_limit = rate_limit.unwrap_or(scenario.rate_limit);
    scenario.latency_ms = latency_ms.unwrap_or(scenario.latency_ms);
    state.window = state.window.filter(|_| rate_limit.is_none());
    Ok(())
}

/// Back to the ordinary state of things, and to the catalog's prices.
pub(crate) fn reset(state: &mut State) {
    state.scenario = Scenario::default();
    state.window = None;
    for offer in state.offers.iter_mut() {
        offer.price = offer.catalog_price;
    }
}

//! What is to go differently from now on: set by tests and demos through `/control/scenario`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::cards::{self, Failure, Verdict};
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

/// What becomes of charges without the buyer, instead of what the card on file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NextRenewals {
    Succeed,
    Decline,
    InsufficientFunds,
}

impl NextRenewals {
    pub(crate) fn outcome(self) -> Result<(), Failure> {
        match self {
            Self::Succeed => Ok(()),
            Self::Decline => Err(cards::DECLINED),
            Self::InsufficientFunds => Err(cards::INSUFFICIENT_FUNDS),
        }
    }
}

/// Where a subscription is when its time of grace has passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GraceEnd {
    #[default]
    OnHold,
    Cancelled,
}

/// What becomes of refunds. They are `pending` in the answer, and end at once or when they are told to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Refunds {
    #[default]
    Succeed,
    Fail,
    /// Stay `pending`.
    Pending,
    /// Stay in `review`.
    Review,
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
    pub(crate) next_renewals: Option<NextRenewals>,
    /// Days for which a subscription goes on after a failed renewal, as `past_due`; else it is on hold at once.
    pub(crate) past_due_grace_days: Option<u32>,
    pub(crate) grace_ends_in: GraceEnd,
    /// Failed renewals are tried again by themselves for so many days.
    pub(crate) renewal_retry_days: Option<u32>,
    pub(crate) refunds: Refunds,
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
    #[serde(default, deserialize_with = "given")]
    next_renewals: Option<Option<NextRenewals>>,
    #[serde(default, deserialize_with = "given")]
    past_due_grace_days: Option<Option<u32>>,
    grace_ends_in: Option<GraceEnd>,
    #[serde(default, deserialize_with = "given")]
    renewal_retry_days: Option<Option<u32>>,
    refunds: Option<Refunds>,
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
            "next_renewals": self.next_renewals,
            "past_due_grace_days": self.past_due_grace_days,
            "grace_ends_in": self.grace_ends_in,
            "renewal_retry_days": self.renewal_retry_days,
            "refunds": self.refunds,
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
    if let Some(PriceChange { product_id, price }) = &change.price_change {
        let offer = state.offers.get_mut(product_id).ok_or_else(|| ApiError::not_found("product"))?;
        if !(0..=checkout_types::money::MAX_AMOUNT).contains(price) {
            return Err(ApiError::body("price_change.price is in minor units, 0 or more"));
        }
        offer.price = *price;
    }
    state.window = state.window.filter(|_| change.rate_limit.is_none());
    state.scenario.change(change);
    Ok(())
}

impl Scenario {
    fn change(&mut self, change: ScenarioChange) {
        if let Some(outage) = change.outage {
            self.outage = outage;
            self.outage_count = None;
            self.outage_route = None;
        }
        let count = change.outage_count.unwrap_or(self.outage_count);
        *self = Self {
            next_payment: change.next_payment.unwrap_or(self.next_payment),
            next_renewals: change.next_renewals.unwrap_or(self.next_renewals),
            past_due_grace_days: change.past_due_grace_days.unwrap_or(self.past_due_grace_days),
            grace_ends_in: change.grace_ends_in.unwrap_or(self.grace_ends_in),
            renewal_retry_days: change.renewal_retry_days.unwrap_or(self.renewal_retry_days),
            refunds: change.refunds.unwrap_or(self.refunds),
            webhooks: change.webhooks.unwrap_or(self.webhooks),
            price_change: change.price_change.or_else(|| self.price_change.take()),
            session_expiry_seconds: change.session_expiry_seconds.unwrap_or(self.session_expiry_seconds),
            outage: self.outage,
            outage_count: count.filter(|count| *count > 0),
            outage_route: change.outage_route.unwrap_or_else(|| self.outage_route.take()),
            rate_limit: change.rate_limit.unwrap_or(self.rate_limit),
            latency_ms: change.latency_ms.unwrap_or(self.latency_ms),
        };
    }
}

/// Back to the ordinary state of things, and to the catalog's prices.
pub(crate) fn reset(state: &mut State) {
    state.scenario = Scenario::default();
    state.window = None;
    for offer in state.offers.iter_mut() {
        offer.price = offer.catalog_price;
    }
}

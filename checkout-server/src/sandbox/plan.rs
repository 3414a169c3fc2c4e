//! Changes of plan: `POST /subscriptions/{id}/change-plan`, at once or on the next billing day.
//!
//! Not documented, so chosen: what the old plan has left over beyond the new one's price is not kept as
//! credit; a plan with another length of period begins a new period; where `apply_change` meets a card
//! that is declined, the change stands and the subscription is on hold until it is paid.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State as Ctx};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::cart::{CartAddon, CartLine, CheckoutBody, check_metadata};
use super::error::{ApiError, ApiResult};
use super::lifetime::{self, Debt};
use super::pricing::{Basket, BasketLine};
use super::products::{AddonOffer, interval_name};
use super::state::State;
use super::subscriptions::{SubscribedAddon, Subscription};
use super::webhooks::Subject;
use super::{Sandbox, control, dunning, new_id};
use crate::clock::rfc3339;

mod proration;

use proration::Mode;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EffectiveAt {
    #[default]
    Immediately,
    NextBillingDate,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OnFailure {
    PreventChange,
    #[default]
    ApplyChange,
}

/// `POST /subscriptions/{id}/change-plan`, as far as the sandbox acts on it.
#[derive(Deserialize)]
struct PlanBody {
    product_id: String,
    quantity: u32,
    proration_billing_mode: Mode,
    addons: Option<Vec<CartAddon>>,
    #[serde(default)]
    effective_at: EffectiveAt,
    #[serde(default)]
    on_payment_failure: OnFailure,
    metadata: Option<Map<String, Value>>,
}

/// `POST /subscriptions/{id}/change-plan`
pub(crate) async fn change(Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>, bytes: Bytes) -> ApiResult<Json<Value>> {
    let body: PlanBody = control::read(&bytes)?;
    check_metadata(body.metadata.as_ref())?;
    let now = sandbox.now();
    let mut state = sandbox.state();
    let terms = checked(&state, &id, &body)?;
    let payment_id = match body.effective_at {
        EffectiveAt::Immediately => at_once(&mut state, &id, terms, &body, now),
        EffectiveAt::NextBillingDate => {
            schedule(&mut state, &id, terms, now);
            None
        }
    };
    state.plan_ahead(&id);
    drop(state);
    sandbox.wake();
    Ok(Json(json!({ "client_secret": null, "expires_on": null, "payment_id": payment_id, "payment_link": null })))
}

/// The new terms, if the subscription can be changed to them.
fn checked(state: &State, id: &str, body: &PlanBody) -> ApiResult<Basket> {
    let subscription = state.subscriptions.get(id).ok_or_else(|| ApiError::not_found("subscription"))?;
    let refuse = |code: &'static str, message: &str| Err(ApiError::refused(code, message));
    if subscription.status != "active" {
        return refuse("INACTIVE_SUBSCRIPTION_PLAN_CHANGE_NOT_SUPPORTED", "The subscription is not active");
    }
    if subscription.on_demand {
        return refuse("ON_DEMAND_PLAN_CHANGE_NOT_SUPPORTED", "The subscription is charged on demand");
    }
    if subscription.cancel_at_next_billing_date {
        return refuse("PLAN_CHANGE_NOT_ALLOWED_FOR_SCHEDULED_CANCELLATION", "The subscription ends soon");
    }
    if subscription.next_plan.is_some() {
        return refuse("SCHEDULED_PLAN_CHANGE_EXISTS", "A change of plan is scheduled already");
    }
    if body.effective_at == EffectiveAt::NextBillingDate && body.proration_billing_mode != Mode::FullImmediately {
        return refuse("INVALID_PRORATION_MODE_WITH_NEXT_BILLING_DATE", "next_billing_date goes with full_immediately");
    }
    terms(state, subscription, body)
}

fn terms(state: &State, subscription: &Subscription, body: &PlanBody) -> ApiResult<Basket> {
    let line = CartLine {
        product_id: body.product_id.clone(),
        quantity: body.quantity,
        addons: Some(body.addons.clone().unwrap_or_default()),
    };
    let cart = CheckoutBody { product_cart: vec![line], ..CheckoutBody::default() };
    let Basket { lines, .. } = cart.basket(state, subscription.created_at)?;
    if lines.iter().any(|line| line.offer.period().is_none()) {
        return Err(ApiError::body("product_id is a product that recurs"));
    }
    // A code stays only where it says so, and none of ours does.
    let line = |line| BasketLine { trial_days: 0, ..line };
    let lines = lines.into_iter().map(line).collect();
    Ok(Basket { lines, discounts: Vec::new(), ..subscription.terms.clone() })
}

fn at_once(state: &mut State, id: &str, terms: Basket, body: &PlanBody, now: Timestamp) -> Option<String> {
    let before = state.subscriptions.get(id)?.clone();
    let subscription = state.subscriptions.get_mut(id)?;
    if let Some(metadata) = &body.metadata {
        subscription.metadata.clone_from(metadata);
    }
    begin(subscription, terms);
    let restarts = body.proration_billing_mode.restarts() || before.interval() != subscription.interval();
    if restarts {
        subscription.anchor = now;
    }
    let until = if restarts { subscription.billing_after(now) } else { subscription.next_billing_date };
    let Some(debt) = proration::debt(&before, subscription, body.proration_billing_mode, now, until) else {
        if restarts {
            (subscription.previous_billing_date, subscription.next_billing_date) = (now, until);
        }
        state.emit("subscription.plan_changed", Subject::Subscription(id.to_owned(), None), now);
        return None;
    };
    match lifetime::collect(state, id, &debt, 0, now) {
        Ok(payment_id) => {
            state.emit("subscription.plan_changed", Subject::Subscription(id.to_owned(), None), now);
            Some(payment_id)
        }
        Err(payment_id) => {
            failed(state, before, debt, body.on_payment_failure, now);
            Some(payment_id)
        }
    }
}

fn failed(state: &mut State, before: Subscription, debt: Debt, then: OnFailure, now: Timestamp) {
    let id = before.subscription_id.clone();
    match then {
        OnFailure::PreventChange => {
            if let Some(subscription) = state.subscriptions.get_mut(&id) {
                let decline_next = subscription.decline_next;
                *subscription = Subscription { decline_next, ..before };
            }
        }
        OnFailure::ApplyChange => {
            state.emit("subscription.plan_changed", Subject::Subscription(id.clone(), None), now);
            dunning::start(state, &id, debt, now);
        }
    }
}

/// Puts a plan on a subscription.
fn begin(subscription: &mut Subscription, terms: Basket) {
    let Some(line) = terms.lines.first() else { return };
    let (interval, count) = line.offer.period().unwrap_or_else(|| subscription.interval());
    subscription.addons = line.addons.iter().map(subscribed).collect();
    subscription.product_id.clone_from(&line.offer.product_id);
    subscription.product_name.clone_from(&line.offer.name);
    subscription.quantity = line.quantity;
    subscription.payment_frequency_count = count;
    subscription.payment_frequency_interval = interval_name(interval);
    subscription.tax_inclusive = line.offer.tax_inclusive;
    subscription.discounts = Vec::new();
    (subscription.discount_id, subscription.discount_cycles_remaining) = (None, None);
    (subscription.scheduled_change, subscription.next_plan) = (None, None);
    subscription.terms = terms;
    let priced = lifetime::price(subscription, subscription.created_at);
    subscription.recurring_pre_tax_amount = priced.lines.first().map_or(0, |line| line.item.price);
}

fn subscribed((addon, quantity): &(AddonOffer, u32)) -> SubscribedAddon {
    SubscribedAddon { addon_id: addon.addon_id.clone(), quantity: *quantity }
}

fn schedule(state: &mut State, id: &str, terms: Basket, now: Timestamp) {
    let Some(subscription) = state.subscriptions.get_mut(id) else { return };
    subscription.scheduled_change = terms.lines.first().map(|line| {
        json!({
            "addons": line.addons.iter().map(subscribed).collect::<Vec<_>>(),
            "created_at": rfc3339(now),
            "effective_at": rfc3339(subscription.next_billing_date),
            "id": new_id("spc"),
            "product_description": line.offer.description,
            "product_id": line.offer.product_id,
            "product_name": line.offer.name,
            "quantity": line.quantity,
        })
    });
    subscription.next_plan = Some(terms);
    state.emit("subscription.updated", Subject::Subscription(id.to_owned(), None), now);
}

/// Begins a plan that was scheduled for this billing day; the renewal that follows charges it.
pub(crate) fn start_scheduled(state: &mut State, id: &str, due: Timestamp) {
    let Some(subscription) = state.subscriptions.get_mut(id) else { return };
    let Some(terms) = subscription.next_plan.take() else { return };
    begin(subscription, terms);
    subscription.anchor = due;
    state.emit("subscription.plan_changed", Subject::Subscription(id.to_owned(), None), due);
}

/// `DELETE /subscriptions/{id}/change-plan/scheduled`
pub(crate) async fn unschedule(Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    let now = sandbox.now();
    let mut state = sandbox.state();
    let subscription = state.subscriptions.get_mut(&id).ok_or_else(|| ApiError::not_found("subscription"))?;
    if subscription.next_plan.take().is_none() {
        return Err(ApiError::refused("SCHEDULED_PLAN_CHANGE_NOT_FOUND", "No change of plan is scheduled"));
    }
    subscription.scheduled_change = None;
    let answer = subscription.wire();
    state.emit("subscription.updated", Subject::Subscription(id, None), now);
    drop(state);
    sandbox.wake();
    Ok(Json(answer))
}

//! One customer: what they may use and why, what they bought, what happened, what was sent.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use minijinja::value::Serde;
use minijinja::{Value, context};

use super::door::Watching;
use super::view::{Named as _, render};
use super::{MANY, frame};
use crate::app::App;
use crate::clock::rfc3339;
use crate::customer::CustomerKey;
use crate::entitlement::{Entitlement, Limit, Reason};
use crate::error::{Code, Problem};
use crate::http::{checkouts, deliveries, events, payments, subscriptions};
use crate::store::lists::{
    CheckoutFilter, EventFilter, HandRow, MessageFilter, PaymentFilter, Slice, SubscriptionFilter,
};

pub(super) async fn show(
    _: Watching,
    State(app): State<App>,
    Path(key): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let key = CustomerKey::from_store(&key).ok_or(Code::NotFound)?;
    let bought = bought(&app, &key).await?;
    let told = told(&app, &key).await?;
    let by_hand: Vec<Value> = app.store.hands_of(&key).await?.into_iter().map(by_hand).collect();
    let contacts = app.store.contacts_of(&key).await?.into_iter();
    let contacts: Vec<Value> =
        contacts.map(|contact| context! { email => contact.email, name => contact.name }).collect();
    let access = app.store.access(&key, app.clock.now()).await?.entitlements;
    let page = context! {
        access => access.iter().map(|(name, entitlement)| may_use(name, entitlement)).collect::<Vec<_>>(),
        name => key.name(),
        guest => key.reference().is_none(),
        one_customer => true,
        contacts,
        by_hand,
        ..bought
    };
    render("operator/customer.html", context! { ..page, ..context! { ..told, ..frame(&app, "", &request) } })
}

/// What they paid for.
async fn bought(app: &App, key: &CustomerKey) -> Result<Value, Problem> {
    let (customer, now) = (Some(key.clone()), app.clock.now());
    let orders = match key {
        CustomerKey::Guest(id) => CheckoutFilter { id: Some(id.clone()), ..CheckoutFilter::default() },
        CustomerKey::Reference(_) => CheckoutFilter { customer: customer.clone(), ..CheckoutFilter::default() },
    };
    let orders = app.store.checkouts(orders, Slice::first(MANY)).await?;
    let filter = PaymentFilter { customer: customer.clone(), ..PaymentFilter::default() };
    let paid = app.store.payments(filter, Slice::first(MANY)).await?;
    let filter = SubscriptionFilter { customer, ..SubscriptionFilter::default() };
    let subscribed = app.store.subscriptions(filter, Slice::first(MANY)).await?;
    Ok(context! {
        checkouts => Serde(orders.into_iter().map(|row| checkouts::listed(row, now)).collect::<Vec<_>>()),
        payments => Serde(paid.into_iter().map(payments::shown).collect::<Vec<_>>()),
        subscriptions => Serde(subscribed.into_iter().map(|row| subscriptions::shown(app, row)).collect::<Vec<_>>()),
    })
}

/// What happened, and what was sent of it.
async fn told(app: &App, key: &CustomerKey) -> Result<Value, Problem> {
    let filter = EventFilter { customer: Some(key.clone()), ..EventFilter::default() };
    let happened = app.store.events(filter, Slice::first(MANY)).await?;
    let filter = MessageFilter { customer: Some(key.clone()), ..MessageFilter::default() };
    let sent = app.store.messages(filter, Slice::first(MANY)).await?;
    Ok(context! {
        events => Serde(happened.into_iter().map(events::shown).collect::<Vec<_>>()),
        deliveries => Serde(sent.into_iter().map(deliveries::shown).collect::<Vec<_>>()),
    })
}

/// What they may use, and why, in a sentence.
fn may_use(name: &str, Entitlement { access, limits }: &Entitlement) -> Value {
    let limits = limits.iter().map(|(name, limit)| {
        let value = match limit {
            Limit::PerUnit(most) | Limit::Fixed(most) => most.to_string(),
            Limit::Unlimited => "unlimited".to_owned(),
        };
        context! { name, value }
    });
    context! {
        name,
        state => Serde(access.state),
        why => why(access.reason),
        until => access.until.map(rfc3339),
        limits => limits.collect::<Vec<_>>(),
    }
}

fn why(reason: Reason) -> &'static str {
    match reason {
        Reason::NotBought => "Nothing was bought that gives it.",
        Reason::AwaitingPayment => "It was ordered and is not paid yet.",
        Reason::NeedsReview => "It was paid, but not as ordered.",
        Reason::Purchase => "It was bought.",
        Reason::Subscription => "A subscription runs.",
        Reason::Trial => "A trial runs.",
        Reason::PaymentFailed => "A renewal failed.",
        Reason::RenewalMissing => "The period is over and no renewal was heard of.",
        Reason::Paused => "The subscription is paused.",
        Reason::Cancelled => "The subscription was canceled.",
        Reason::Expired => "The subscription is over.",
        Reason::MandateFailed => "The subscription never came about: its first payment failed.",
        Reason::Refunded => "The money was given back.",
        Reason::Disputed => "The buyer's bank asks the money back.",
        Reason::DisputeLost => "The buyer's bank took the money back.",
        Reason::GrantedByHand => "It was given by hand.",
        Reason::BlockedByHand => "It was blocked by hand.",
    }
}

fn by_hand(row: HandRow) -> Value {
    let HandRow { entitlement, given, until, who, why, created_at, lifted } = row;
    let (lifted_at, lifted_by) = lifted.map_or((None, None), |(at, by)| (Some(rfc3339(at)), by));
    context! {
        entitlement, given, who, why, lifted_at, lifted_by,
        until => until.map(rfc3339),
        created_at => rfc3339(created_at),
    }
}

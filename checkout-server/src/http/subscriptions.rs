//! `/v1/subscriptions`: what renews by itself.

use axum::Json as Answer;
use axum::extract::{Path, State};
use checkout_types::listing::Page;
use checkout_types::subscription::Subscription;

use super::listing::{Asked, Reader, customer, id, reference};
use crate::app::App;
use crate::clock::rfc3339;
use crate::error::{Code, Problem};
use crate::event::SubscriptionSeen;
use crate::store::lists::{Slice, StoredSubscription, SubscriptionFilter};

pub(super) async fn list<R: Reader>(
    _: R,
    State(app): State<App>,
    mut asked: Asked,
) -> Result<Answer<Page<Subscription>>, Problem> {
    let filter = SubscriptionFilter {
        state: asked.choice("status", &STATES, |state| state)?.map(str::to_owned),
        customer: asked.filter("reference", reference)?,
        checkout: asked.filter("checkout", id)?,
        id: None,
    };
    let sliced = asked.slice(&app.keys.cursors, "subscriptions")?;
    let rows = app.store.subscriptions(filter, sliced.slice.clone()).await?;
    Ok(Answer(sliced.page(rows, StoredSubscription::place, |row| shown(&app, row))))
}

pub(super) async fn show<R: Reader>(
    _: R,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Answer<Subscription>, Problem> {
    let filter = SubscriptionFilter { id: Some(id), ..SubscriptionFilter::default() };
    let row = app.store.subscriptions(filter, Slice::first(1)).await?.pop().ok_or(Code::NotFound)?;
    Ok(Answer(shown(&app, row)))
}

/// States that this version knows, as they are stored.
const STATES: [&str; 8] = ["pending", "active", "on_hold", "past_due", "paused", "cancelled", "failed", "expired"];

/// A subscription on the wire.
pub(super) fn shown(app: &App, subscription: StoredSubscription) -> Subscription {
    let StoredSubscription { id, checkout, customer: whose, state, data, created_at, changed_at } = subscription;
    let period = data.present();
    let SubscriptionSeen { product, quantity, ends_with_period, expires_at, .. } = data.seen;
    let price = product.as_deref().and_then(|product| app.catalog.sold_as(product));
    Subscription {
        id,
        status: state,
        checkout,
        customer: whose.as_ref().map(customer),
        price: price.map(|price| price.id.clone()),
        quantity,
        current_period_end: period.map(|(_, period)| rfc3339(period.end)),
        cancel_at_period_end: ends_with_period,
        expires_at: expires_at.map(rfc3339),
        product,
        created_at: created_at.map(rfc3339),
        changed_at: rfc3339(changed_at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::SubscriptionState;

    #[test]
    fn the_states_of_the_filter_are_those_of_the_store() {
        for state in STATES {
            assert!(!matches!(SubscriptionState::from_store(state), SubscriptionState::Unknown(_)), "{state}");
        }
    }
}

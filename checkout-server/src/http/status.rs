//! `GET /c/{id}`: where an order stands, for a buyer who comes back from the payment page. Shows
//! nothing personal, and only to whoever has the whole address.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use minijinja::{Value, context};
use serde::Deserialize;

use super::checkouts::shown;
use super::pages;
use crate::app::App;
use crate::error::{Code, Problem};

/// What the address carries. What the provider adds to it is unsigned and not read.
#[derive(Default, Deserialize)]
pub(super) struct Address {
    #[serde(default)]
    t: String,
    #[serde(default)]
    canceled: String,
}

pub(super) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
    address: Result<Query<Address>, QueryRejection>,
) -> Response {
    let Query(address) = address.unwrap_or_default();
    page(&app, &id, &address).await.unwrap_or_else(|problem| pages::refusal(&problem))
}

async fn page(app: &App, id: &str, address: &Address) -> Result<Response, Problem> {
    if !app.keys.is_page_token(id, &address.t) {
        return Err(Code::NotFound.into());
    }
    let stored = app.store.checkout(id).await?.ok_or(Code::NotFound)?;
    let checkout = shown(app, stored);
    let items: Vec<Value> =
        checkout.items.iter().map(|item| context! { name => item.name.as_str(), quantity => item.quantity }).collect();
    pages::render(
        "status.html",
        context! {
            status => checkout.status.as_str(),
            canceled => address.canceled == "1",
            total => checkout.total.to_string(),
            items,
            url => checkout.url,
            failure => checkout.failure.map(|failure| failure.message),
            reference => id,
            test_mode => app.test_mode,
        },
    )
}

//! Customers: made by hand, or by their first payment.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State as Ctx};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::cart::check_metadata;
use super::error::{ApiError, ApiResult};
use super::paging::{Page, Query};
use super::state::State;
use super::table::Row;
use super::{BUSINESS_ID, Sandbox, new_id};
use crate::clock::rfc3339;

/// A customer, with the cards that they paid with.
#[derive(Clone)]
#[expect(clippy::struct_field_names, reason = "`customer_id` is its name on the wire")]
pub(crate) struct Customer {
    pub(crate) customer_id: String,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) phone_number: Option<String>,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) created_at: Timestamp,
    pub(crate) cards: Vec<SavedCard>,
}

/// A card on file.
#[derive(Clone)]
pub(crate) struct SavedCard {
    pub(crate) payment_method_id: String,
    pub(crate) card: &'static super::cards::TestCard,
    pub(crate) expiry: super::cards::Expiry,
    pub(crate) used_at: Timestamp,
}

/// As it stands on payments and subscriptions.
#[derive(Clone, Serialize)]
pub(crate) struct CustomerView {
    pub(crate) customer_id: String,
    pub(crate) email: String,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) name: String,
    pub(crate) phone_number: Option<String>,
}

impl Row for Customer {
    fn id(&self) -> &str {
        &self.customer_id
    }
}

impl Customer {
    pub(crate) fn view(&self) -> CustomerView {
        CustomerView {
            customer_id: self.customer_id.clone(),
            email: self.email.clone(),
            metadata: self.metadata.clone(),
            name: self.name.clone(),
            phone_number: self.phone_number.clone(),
        }
    }

    /// `GET /customers/{id}`.
    pub(crate) fn wire(&self) -> Value {
        json!({
            "blocked_at": null,
            "blocklist_entry_id": null,
            "business_id": BUSINESS_ID,
            "created_at": rfc3339(self.created_at),
            "customer_id": self.customer_id,
            "email": self.email,
            "metadata": self.metadata,
            "name": self.name,
            "phone_number": self.phone_number,
            "preferred_locale": null,
        })
    }
}

/// The oldest customer with that e-mail, or a new one when there is none or `always_new`. E-mails
/// are compared without regard to case.
pub(crate) fn attach(
    state: &mut State,
    email: &str,
    name: &str,
    phone_number: Option<String>,
    always_new: bool,
    now: Timestamp,
) -> Customer {
    if let Some(known) = state.customer_by_email(email).filter(|_| !always_new) {
        return known.clone();
    }
    let customer = Customer {
        customer_id: new_id("cus"),
        email: email.to_owned(),
        name: name.to_owned(),
        phone_number,
        metadata: Map::new(),
        created_at: now,
        cards: Vec::new(),
    };
    state.customers.push(customer.clone());
    customer
}

#[derive(Deserialize)]
struct CreateBody {
    email: String,
    name: String,
    phone_number: Option<String>,
    metadata: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct PatchBody {
    email: Option<String>,
    name: Option<String>,
    phone_number: Option<String>,
    metadata: Option<Map<String, Value>>,
}

fn read<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> ApiResult<T> {
    serde_json::from_slice(bytes).map_err(|error| ApiError::body(error.to_string()))
}

/// The least that the provider asks of an address: something on both sides of one `@`.
fn check_email(email: &str) -> ApiResult<()> {
    match email.split_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() && !domain.contains('@') => Ok(()),
        _ => Err(ApiError::body("email is not an e-mail address")),
    }
}

/// `POST /customers`. Not idempotent by e-mail: the same address twice makes two customers.
pub(crate) async fn create(Ctx(sandbox): Ctx<Sandbox>, body: Bytes) -> ApiResult<Json<Value>> {
    let CreateBody { email, name, phone_number, metadata } = read(&body)?;
    check_email(&email)?;
    check_metadata(metadata.as_ref())?;
    let now = sandbox.now();
    let mut state = sandbox.state();
    let customer = attach(&mut state, &email, &name, phone_number, true, now);
    let row = state.customers.get_mut(&customer.customer_id).ok_or_else(|| ApiError::not_found("customer"))?;
    row.metadata = metadata.unwrap_or_default();
    Ok(Json(row.wire()))
}

/// `GET /customers`, with the filter `email`.
pub(crate) async fn list(Ctx(sandbox): Ctx<Sandbox>, query: Query) -> ApiResult<Json<Value>> {
    let page = Page::of(&query)?;
    let state = sandbox.state();
    let rows = state.customers.iter().rev().filter(|row| query.allows("email", Some(&row.email)));
    Ok(Json(page.items(rows.map(Customer::wire))))
}

/// `GET /customers/{id}`
pub(crate) async fn get(Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    sandbox.state().customers.get(&id).map(|row| Json(row.wire())).ok_or_else(|| ApiError::not_found("customer"))
}

/// `PATCH /customers/{id}`
pub(crate) async fn patch(Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>, body: Bytes) -> ApiResult<Json<Value>> {
    let PatchBody { email, name, phone_number, metadata } = read(&body)?;
    email.as_deref().map_or(Ok(()), check_email)?;
    check_metadata(metadata.as_ref())?;
    let mut state = sandbox.state();
    let row = state.customers.get_mut(&id).ok_or_else(|| ApiError::not_found("customer"))?;
    row.email = email.unwrap_or_else(|| row.email.clone());
    row.name = name.unwrap_or_else(|| row.name.clone());
    row.phone_number = phone_number.or_else(|| row.phone_number.clone());
    row.metadata = metadata.unwrap_or_else(|| row.metadata.clone());
    Ok(Json(row.wire()))
}

/// `GET /customers/{id}/payment-methods`: the cards they paid with.
pub(crate) async fn payment_methods(Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    let state = sandbox.state();
    let row = state.customers.get(&id).ok_or_else(|| ApiError::not_found("customer"))?;
    let method = |saved: &SavedCard| {
        json!({
            "card": {
                "card_holder_name": row.name.to_uppercase(),
                "card_issuing_country": saved.card.issued_in,
                "card_network": saved.card.network,
                "card_type": "credit",
                "expiry_month": format!("{:02}", saved.expiry.month),
                "expiry_year": saved.expiry.year.to_string(),
                "last4_digits": saved.card.last_four(),
            },
            "last_used_at": rfc3339(saved.used_at),
            "payment_method": "card",
            "payment_method_id": saved.payment_method_id,
            "payment_method_type": "credit",
            "recurring_enabled": true,
        })
    };
    Ok(Json(json!({ "items": row.cards.iter().map(method).collect::<Vec<_>>() })))
}

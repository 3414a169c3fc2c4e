//! `POST /v1/customer-tokens` for the merchant's own server, and `GET /v1/customer` for the page that
//! was given such a token.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use checkout_types::customer::{CustomerToken, CustomerTokenRequest, SignedInCustomer};
use checkout_types::problem::FieldError;
use jiff::{SignedDuration, Timestamp};

use super::extract::Json;
use super::who::{Merchant, Page, SignedIn};
use crate::app::App;
use crate::clock::rfc3339;
use crate::customer::{Known, token};
use crate::error::{Code, Problem, field};

/// Seconds; a shorter life would end while the buyer types.
const SHORTEST_LIFE: i64 = 60;

pub(super) async fn create_token(
    _: Merchant,
    State(app): State<App>,
    Json(request): Json<CustomerTokenRequest>,
) -> Result<Response, Problem> {
    let CustomerTokenRequest { reference, email, name, expires_in } = request;
    let customer = Known::check(&reference, email.as_deref(), name.as_deref())?;
    let expires_at = whole_second(app.clock.now() + life(expires_in)?);
    let token = token::seal(&app.keys.customers, &app.public_url, &token::SignedIn { customer, expires_at });
    let created = CustomerToken { token, expires_at: rfc3339(expires_at) };
    Ok((StatusCode::CREATED, [NO_STORE], Answer(created)).into_response())
}

const NO_STORE: (header::HeaderName, HeaderValue) = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// A token says its end in whole seconds.
fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

fn life(seconds: Option<u32>) -> Result<SignedDuration, Problem> {
    let (min, max) = (SHORTEST_LIFE, token::LONGEST_LIFE.as_secs());
    match seconds.map_or(max, i64::from) {
        seconds if (min..=max).contains(&seconds) => Ok(SignedDuration::from_secs(seconds)),
        _ => {
            let error = FieldError { min: Some(min), max: Some(max), ..field("/expires_in", Code::OutOfRange) };
            Err(Problem { errors: vec![error], ..Code::OutOfRange.into() })
        }
    }
}

pub(super) async fn show(_: Page, SignedIn(signed_in): SignedIn) -> Answer<SignedInCustomer> {
    let token::SignedIn { customer: Known { reference, email, name }, expires_at } = signed_in;
    Answer(SignedInCustomer { reference, email, name, expires_at: rfc3339(expires_at) })
}

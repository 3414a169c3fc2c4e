//! Dodo Payments, over HTTP. A thin client: no re-sending of anything, ids checked before they enter
//! a path; time, size and where it may go are limited in [`crate::outgoing`]. The sandbox is only
//! another base address.

use reqwest::header;
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::Value;

use super::{Answer, Kind, Listing, NewRefund, NewSession, Observed, Page, Provider, ProviderError, Session, skew};
use crate::clock::Clock;
use crate::error::Code;
use crate::event::{Notice, Source};
use crate::outgoing::{Forbidden, Outgoing, Purpose, Reach};
use crate::quote::Cart;
use crate::quote::preview::Preview;

pub mod kinds;
mod notice;
mod objects;
mod payment_method;
mod preview;
mod refund;
mod refusal;
mod wire;

use refusal::refusal;

/// Dodo's API with one key.
pub struct Dodo {
    http: Outgoing,
    key: SecretString,
    /// Such as `https://test.dodopayments.com`, without a slash at the end.
    api: String,
    /// Such as `https://test.checkout.dodopayments.com`.
    checkout_origin: String,
}

impl Dodo {
    /// A client for an API at `api` whose payment pages live at `checkout_origin`.
    ///
    /// # Errors
    /// The TLS machinery of the system cannot be set up.
    pub fn new(api: &str, checkout_origin: &str, key: SecretString) -> Result<Self, reqwest::Error> {
        let http = Outgoing::new(Purpose::Provider, reach(api))?;
        let trimmed = |address: &str| address.trim_end_matches('/').to_owned();
        Ok(Self { http, key, api: trimmed(api), checkout_origin: trimmed(checkout_origin) })
    }

    fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, ProviderError> {
        let forbidden = |why: Forbidden| ProviderError::Unavailable(format!("its address {why}"));
        let request = self.http.request(method, &format!("{}{path}", self.api)).map_err(forbidden)?;
        Ok(request.bearer_auth(self.key.expose_secret()))
    }

    async fn post(&self, path: &str, body: &impl Serialize) -> Result<Value, ProviderError> {
        self.answer(self.request(Method::POST, path)?.json(body)).await
    }

    async fn get(&self, path: &str) -> Result<Value, ProviderError> {
        self.answer(self.request(Method::GET, path)?).await
    }

    /// One page of the products (`page` counts from 0), as they are on the wire.
    ///
    /// # Errors
    /// See [`ProviderError`].
    pub async fn products(&self, page: u32) -> Result<Vec<Value>, ProviderError> {
        items(self.get(&format!("/products?page_size=100&page_number={page}")).await?)
    }

    /// The customers with that e-mail address, as they are on the wire.
    ///
    /// # Errors
    /// See [`ProviderError`].
    pub async fn customers(&self, email: &str) -> Result<Vec<Value>, ProviderError> {
        let request = self.request(Method::GET, "/customers")?.query(&[("email", email)]);
        items(self.answer(request).await?)
    }

    /// A session as it is now, on the wire.
    ///
    /// # Errors
    /// See [`ProviderError`].
    pub async fn session(&self, id: &str) -> Result<Value, ProviderError> {
        self.get(&format!("/checkouts/{}", path_id(id)?)).await
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Value, ProviderError> {
        read_json(&self.bytes(request).await?)
    }

    /// The body of an answer that is no refusal.
    async fn bytes(&self, request: RequestBuilder) -> Result<Vec<u8>, ProviderError> {
        self.judged(request, refusal).await
    }

    /// The same, with what a refusal means there.
    async fn judged(
        &self,
        request: RequestBuilder,
        refusal: fn(reqwest::StatusCode, &[u8]) -> ProviderError,
    ) -> Result<Vec<u8>, ProviderError> {
        let response = request.send().await.map_err(|error| {
            // Where no connection was made, nothing was sent.
            // Without the address: a query may hold an e-mail.
            let (lost, reason) = (!error.is_connect(), error.without_url().to_string());
            if lost { ProviderError::Unknown(reason) } else { ProviderError::Unavailable(reason) }
        })?;
        skew::note(response.headers().get(header::DATE).and_then(|date| date.to_str().ok()), Clock::wall());
        let status = response.status();
        let body = self.http.read(response).await.map_err(|error| ProviderError::Unknown(error.to_string()))?;
        if status.is_success() { Ok(body) } else { Err(refusal(status, &body)) }
    }
}

fn read_json(body: &[u8]) -> Result<Value, ProviderError> {
    serde_json::from_slice(body).map_err(|error| ProviderError::Unknown(error.to_string()))
}

/// How far the client goes for an API at that address: what is written as this machine is the sandbox,
/// and only there; everything else has to be public.
#[must_use]
pub fn reach(api: &str) -> Reach {
    if Reach::ThisMachine.check(api).is_ok() { Reach::ThisMachine } else { Reach::Public }
}

impl Provider for Dodo {
    fn preview<'a>(&'a self, cart: &'a Cart<'a>) -> Answer<'a, Preview> {
        Box::pin(async move {
            let body = wire::PreviewBody::new(cart);
            // It changes nothing, so an unknown outcome is only a missing answer.
            let answer = self.post("/checkouts/preview", &body).await.map_err(|error| match error {
                ProviderError::Unknown(reason) => ProviderError::Unavailable(reason),
                other => other,
            })?;
            read_preview(answer, cart)
        })
    }

    fn create_session<'a>(&'a self, session: &'a NewSession<'a>) -> Answer<'a, Session> {
        Box::pin(async move {
            let body = wire::SessionBody::new(session);
            read_session(self.post("/checkouts", &body).await?, &self.checkout_origin)
        })
    }

    fn object<'a>(&'a self, kind: Kind, id: &'a str) -> Answer<'a, Observed> {
        Box::pin(self.one(kind, id))
    }

    fn page<'a>(&'a self, listing: &'a Listing) -> Answer<'a, Page> {
        Box::pin(self.listed(*listing))
    }

    fn refund_payment<'a>(&'a self, refund: &'a NewRefund<'a>) -> Answer<'a, Observed> {
        Box::pin(self.give_back(refund))
    }

    fn find_refund<'a>(&'a self, refund: &'a NewRefund<'a>) -> Answer<'a, Option<Observed>> {
        Box::pin(self.given_back(refund))
    }

    fn new_payment_method<'a>(&'a self, subscription: &'a str, return_url: &'a str) -> Answer<'a, String> {
        Box::pin(self.payment_method_page(subscription, return_url))
    }

    fn read_notice(&self, body: &[u8]) -> Option<Notice> {
        read_notice(body)
    }

    fn checkout_origin(&self) -> &str {
        &self.checkout_origin
    }
}

/// Reads the answer to a price preview of that cart.
///
/// # Errors
/// It is not one: nothing was changed, so the answer is only missing.
pub fn read_preview(answer: Value, cart: &Cart<'_>) -> Result<Preview, ProviderError> {
    preview::read(answer, cart).map_err(|error| ProviderError::Unavailable(format!("preview: {error}")))
}

/// Reads the answer to the creation of a session, whose page has to be on the provider's own origin.
///
/// # Errors
/// It is not one: the session may exist all the same.
pub fn read_session(answer: Value, checkout_origin: &str) -> Result<Session, ProviderError> {
    let made = wire::session(answer).map_err(ProviderError::Unknown)?;
    if made.url.starts_with(&format!("{checkout_origin}/")) {
        Ok(made)
    } else {
        Err(ProviderError::Unknown("the payment page is not on the provider's own origin".to_owned()))
    }
}

/// Reads a webhook's body, whatever it is.
#[must_use]
pub fn read_notice(body: &[u8]) -> Option<Notice> {
    notice::read(body)
}

/// Reads an object as `GET /payments/{id}`, `GET /subscriptions/{id}` and the like answer it; `kind` is the
/// first word of its webhooks' types.
#[must_use]
pub fn read_answer(kind: &str, body: &[u8]) -> Option<Notice> {
    notice::answered(kind, std::str::from_utf8(body).ok()?)
}

/// Reads what the inbox keeps: a notice as it was sent, or an answer about an object of that kind.
#[must_use]
pub fn read_kept(source: Source, kind: &str, body: &[u8]) -> Option<Notice> {
    match source {
        Source::Webhook => read_notice(body),
        Source::Refetch => read_answer(kind, body),
    }
}

/// An id that may enter a path: a prefix and letters, digits, `_`, `-`, and nothing that a server
/// could read as another path.
fn path_id(id: &str) -> Result<&str, ProviderError> {
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if plain && (4..=80).contains(&id.len()) {
        Ok(id)
    } else {
        Err(ProviderError::Rejected { code: Code::NotFound, said: "not an id".to_owned() })
    }
}

fn items(page: Value) -> Result<Vec<Value>, ProviderError> {
    match page {
        Value::Object(mut page) => match page.remove("items") {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(ProviderError::Unknown("a page without items".to_owned())),
        },
        _ => Err(ProviderError::Unknown("not a page".to_owned())),
    }
}

//! Requests to the helper. Each answers the shared type, or a [`Problem`] that can be shown.

use std::cell::Cell;
use std::rc::Rc;

use checkout_types::cart::{CartLine, Quote};
use checkout_types::checkout::{Checkout, CreatedCheckout};
use checkout_types::customer::Address;
use checkout_types::problem::Problem;
use js_sys::{Array, Function, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, RequestInit, Response};

use crate::draft::now;
use crate::value::{Record, Value};
use crate::wire;

pub mod stream;

/// After so long without an answer a request counts as lost.
const TIMEOUT_MS: i32 = 20_000;
/// A helper that names a later time than this is not waited for.
const LONGEST_REST_MS: i32 = 30_000;

/// The helper, as this widget talks to it.
#[derive(Clone)]
pub struct Api {
    /// Its origin, without a slash at the end.
    pub helper: String,
    abort: AbortController,
    /// When the helper's last answer asked to be left alone no longer, in milliseconds.
    rest_until: Rc<Cell<i64>>,
}

/// One request.
struct Call<'a> {
    method: &'a str,
    path: &'a str,
    header: Option<(&'a str, &'a str)>,
    /// What was found for a challenge.
    proof: Option<&'a str>,
    body: Option<&'a str>,
}

impl Api {
    /// Talks to that origin.
    pub fn new(helper: String) -> Option<Self> {
        Some(Self { helper, abort: AbortController::new().ok()?, rest_until: Rc::default() })
    }

    /// Lets go of every request that is still under way.
    pub fn abort(&self) {
        self.abort.abort();
    }

    /// How long, in milliseconds, the helper's last answer asked to be left alone (`Retry-After`);
    /// 0 if it did not, `None` if it is longer than anybody waits.
    pub fn rest(&self) -> Option<i32> {
        let rest = (self.rest_until.get() - now()).max(0);
        i32::try_from(rest).ok().filter(|rest| *rest <= LONGEST_REST_MS)
    }

    /// Takes the answer to a `POST /v1/quotes` that the loader sent; `None` if it got none.
    pub async fn early(&self, early: Promise) -> Option<Result<Quote, Problem>> {
        let response = within(early).await.ok().filter(JsValue::is_object)?;
        match self.read(response.unchecked_into()).await {
            Ok(value) => Some(wire::quote(&value).ok_or_else(unreadable)),
            Err(problem) => Some(Err(problem)),
        }
    }

    /// `POST /v1/quotes`.
    pub async fn quote(&self, body: &str, proof: Option<&str>) -> Result<Quote, Problem> {
        let call = Call { method: "POST", path: "/v1/quotes", header: None, proof, body: Some(body) };
        wire::quote(&self.send(call).await?).ok_or_else(unreadable)
    }

    /// `POST /v1/checkouts`.
    pub async fn create(&self, key: &str, body: &str, proof: Option<&str>) -> Result<CreatedCheckout, Problem> {
        let header = Some(("Idempotency-Key", key));
        let call = Call { method: "POST", path: "/v1/checkouts", header, proof, body: Some(body) };
        wire::created(&self.send(call).await?).ok_or_else(unreadable)
    }

    /// `GET /v1/checkouts/{id}`.
    pub async fn checkout(&self, id: &str, secret: &str) -> Result<Checkout, Problem> {
        let path = ["/v1/checkouts/", id].concat();
        let bearer = ["Bearer ", secret].concat();
        let call =
            Call { method: "GET", path: &path, header: Some(("Authorization", &bearer)), proof: None, body: None };
        wire::checkout(&self.send(call).await?).ok_or_else(unreadable)
    }

    /// `GET` of any public path of the helper, or of a whole address.
    pub async fn get(&self, path: &str) -> Result<Value, Problem> {
        self.send(Call { method: "GET", path, header: None, proof: None, body: None }).await
    }

    async fn send(&self, call: Call<'_>) -> Result<Value, Problem> {
        let response = self.fetch(call);
        match within(response).await {
            Ok(response) => self.read(response.unchecked_into()).await,
            Err(_) => Err(lost()),
        }
    }

    fn fetch(&self, call: Call<'_>) -> Promise {
        let helper = if call.path.starts_with('/') { self.helper.as_str() } else { "" };
        let url = [helper, call.path].concat();
        let init = RequestInit::new();
        init.set_method(call.method);
        init.set_signal(Some(&self.abort.signal()));
        if let Ok(headers) = Headers::new() {
            // The names and values are ours, or visible ASCII by contract.
            for (name, value) in call.header.into_iter().chain(call.proof.map(|proof| ("Checkout-Proof", proof))) {
                _ = headers.set(name, value);
            }
            if let Some(body) = call.body {
                _ = headers.set("content-type", "application/json");
                init.set_body(&JsValue::from_str(body));
            }
            init.set_headers(&headers);
        }
        leptos::prelude::window().fetch_with_str_and_init(&url, &init)
    }

    async fn read(&self, response: Response) -> Result<Value, Problem> {
        let after = response.headers().get("Retry-After").ok().flatten();
        // A date is for machines that know what time it is; the helper writes seconds.
        let seconds: Option<u16> = after.and_then(|after| after.parse().ok());
        self.rest_until.set(seconds.map_or(0, |seconds| now() + i64::from(seconds) * 1000));
        let text = match response.text() {
            Ok(text) => JsFuture::from(text).await.ok().and_then(|text| text.as_string()).unwrap_or_default(),
            Err(_) => String::new(),
        };
        let value = Value::parse(&text).unwrap_or(Value(JsValue::NULL));
        if response.ok() { Ok(value) } else { Err(wire::problem(&value, response.status())) }
    }
}

/// The promise's outcome, or an error once too much time has passed.
async fn within(promise: Promise) -> Result<JsValue, JsValue> {
    within_ms(promise, TIMEOUT_MS).await
}

async fn within_ms(promise: Promise, milliseconds: i32) -> Result<JsValue, JsValue> {
    let timeout = Promise::new(&mut |_, reject| later(&reject, milliseconds));
    JsFuture::from(Promise::race(&Array::of2(&promise, &timeout))).await
}

/// Waits.
pub async fn delay(milliseconds: i32) {
    let timer = Promise::new(&mut |resolve, _| later(&resolve, milliseconds));
    _ = JsFuture::from(timer).await;
}

fn later(callback: &Function, milliseconds: i32) {
    // Only a page that is going away refuses a timer.
    _ = leptos::prelude::window().set_timeout_with_callback_and_timeout_and_arguments_0(callback, milliseconds);
}

/// No answer: offline, blocked, or a helper that is down. Worth another try.
fn lost() -> Problem {
    local("helper_unreachable", true)
}

/// An answer that is not what the contract says.
fn unreadable() -> Problem {
    local("internal", true)
}

/// A problem that the widget itself found; the words for it are in the locale, by its code.
pub fn local(code: &str, retryable: bool) -> Problem {
    Problem {
        kind: String::new(),
        title: String::new(),
        status: 0,
        code: code.into(),
        instance: None,
        request_id: None,
        retryable,
        errors: Vec::new(),
        quote: None,
        challenge: None,
    }
}

/// The body of `POST /v1/quotes`, byte for byte as the loader writes it for a cart without extras.
pub fn quote_body(items: &[CartLine], discount_code: Option<&str>, customer: Option<&Address>) -> String {
    let mut body = Record::default().with("items", cart(items)).maybe("discount_code", discount_code);
    if let Some(Address { country, postal_code, tax_id }) = customer {
        let customer = Record::default()
            .with("country", country.as_str())
            .maybe("postal_code", postal_code.as_deref())
            .maybe("tax_id", tax_id.as_deref());
        body = body.with("customer", customer);
    }
    body.json()
}

/// A cart as it goes over the wire.
pub fn cart(items: &[CartLine]) -> Array {
    let line = |CartLine { price_id, quantity, addons }: &CartLine| {
        let line = Record::default().with("price_id", price_id.as_str()).with("quantity", *quantity);
        let addon = |addon: &checkout_types::cart::CartAddon| {
            JsValue::from(Record::default().with("addon_id", addon.addon_id.as_str()).with("quantity", addon.quantity))
        };
        match addons.as_slice() {
            [] => JsValue::from(line),
            addons => line.with("addons", addons.iter().map(addon).collect::<Array>()).into(),
        }
    };
    items.iter().map(line).collect()
}

//! Questions that a developer asks from the console: what does this cost, and why does it not work?

use js_sys::Array;
use wasm_bindgen::JsValue;

use crate::api::{Api, quote_body};
use crate::form;
use crate::value::{Record, Value};
use crate::wire;

/// The quote of a cart, as the helper answers it.
pub async fn preview(config: &Value, request: &Value) -> Result<JsValue, JsValue> {
    let api = Api::new(config.text("helper").unwrap_or_default()).ok_or(JsValue::UNDEFINED)?;
    let text = |path| request.text(path).unwrap_or_default();
    let address = form::address(&text("customer.address.countryCode"), &text("customer.address.postalCode"));
    let items = wire::cart(&request.list("items"));
    let body = quote_body(&items, request.text("discountCode").as_deref(), address.as_ref());
    api.post("/v1/quotes", &body).await.map(|value| value.0).map_err(|problem| {
        Record::default().with("code", problem.code).with("message", problem.title).into()
    })
}

/// What may keep a checkout from working here.
pub async fn diagnose(config: &Value) -> Array {
    let helper = config.text("helper").unwrap_or_default();
    let reached = match Api::new(helper.clone()) {
        Some(api) => api.get("/v1/catalog").await,
        None => Ok(Value(JsValue::NULL)),
    };
    let message = match &reached {
        Ok(_) => ["The helper at ", &helper, " answers this page."].concat(),
        Err(problem) if problem.status == 0 => [
            "No answer from ",
            &helper,
            " for this page. Is it running, is this page's origin among its allowed origins, and does this page's \
             content security policy allow it in connect-src?",
        ]
        .concat(),
        Err(problem) => ["The helper at ", &helper, " refuses this page: ", &problem.title].concat(),
    };
    let code = reached.as_ref().err().map_or("helper", |problem| problem.code.as_str());
    let helper = Record::default().with("code", code).with("ok", reached.is_ok()).with("message", message);
    let wasm = Record::default()
        .with("code", "wasm")
        .with("ok", true)
        .with("message", "WebAssembly runs on this page.");
    Array::of2(&wasm.into(), &helper.into())
}

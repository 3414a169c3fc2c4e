//! The provider's page inside ours. It may say how it stands; what is paid, the helper says.

use std::cell::Cell;
use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlIFrameElement, MessageEvent, Window};

use super::tag::{nothing, tag};
use crate::api::delay;
use crate::draft::now;
use crate::listener::Listener;
use crate::payment::{Said, framed, said};
use crate::state::{Shop, spawn};
use crate::step::Step;
use crate::value::{Record, Value};

/// A page that has not said a word by then will not.
const PATIENCE_MS: i32 = 8_000;
/// While a payment is being confirmed the overlay does not close by Escape, but not for ever.
const CONFIRMING_MS: i64 = 15_000;
/// What the provider's page may do; not leave by itself.
const SANDBOX: &str = "allow-same-origin allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox";
/// How the page's messages about its size are marked.
const RESIZE: &str = "[dodo-iframe-resize]";

/// The payment page in a frame, or on its own where that cannot be.
pub fn frame(shop: Shop) -> AnyView {
    let state = shop.peek();
    let url = state.attempt.as_ref().map(|attempt| attempt.url.clone()).unwrap_or_default();
    let Some((address, origin)) = framed(&url, state.host.options.inline) else {
        shop.leave(&url);
        return nothing();
    };
    let is_ready = Rc::new(Cell::new(false));
    let ready = is_ready.clone();
    let host = state.host.clone();
    let hear = move |event: MessageEvent| {
        let frame = host.root.query_selector("iframe").ok().flatten();
        let Some(frame) = frame.and_then(|frame| frame.dyn_into::<HtmlIFrameElement>().ok()) else { return };
        let window = JsValue::from(frame.content_window());
        if event.origin() == origin && Value(event.clone().into()).get("source").0 == window {
            let data = Value(event.data());
            ready.set(true);
            heard(shop, &data, &frame, &origin);
        }
    };
    // Dropped with this view.
    StoredValue::new_local(Listener::new(&window(), "message", move |event| hear(event.unchecked_into())));
    spawn(async move {
        delay(PATIENCE_MS).await;
        if !is_ready.get() && shop.is_live() && shop.peek().step == Step::Frame {
            shop.leave(&url);
        }
    });
    let title = shop.say("payment");
    let page = tag("iframe")
        .set("title", &title)
        .set("src", &address)
        .set("sandbox", SANDBOX)
        .set("allow", "payment")
        .set("referrerpolicy", "strict-origin-when-cross-origin");
    let heading = tag("h3").class("hidden").set("id", "standing").set("tabindex", "-1").text(title);
    tag("section").class("frame").child(heading).child(page).view()
}

/// Takes a message that is from our frame and its origin.
fn heard(shop: Shop, data: &Value, frame: &HtmlIFrameElement, origin: &str) {
    if data.text("kind").as_deref() == Some(RESIZE) {
        return resized(data, frame, origin);
    }
    let text = |path| data.text(path).unwrap_or_default();
    let said = said(&text("event_type"), &text("data.message.status"), &text("data.message.redirect_to"));
    match said {
        Said::Other => {}
        Said::Paying => shop.note(|state| state.busy_until = now() + CONFIRMING_MS),
        Said::Leave(address) => _ = window().location().assign(&address),
        Said::Ended => {
            shop.note(|state| state.busy_until = 0);
            shop.back_from_paying();
            shop.go(Step::Status);
        }
        Said::Closed => shop.go(Step::Status),
    }
}

fn resized(data: &Value, frame: &HtmlIFrameElement, origin: &str) {
    if let Some(height) = data.int("size.height").or_else(|| data.int("height")) {
        let height = height.clamp(320, 2_000).to_string() + "px";
        _ = web_sys::HtmlElement::style(frame).set_property("block-size", &height);
    }
    if data.text("type").as_deref() == Some("child-ready")
        && let Some(window) = frame.content_window()
    {
        answer(&window, origin);
    }
}

fn answer(window: &Window, origin: &str) {
    let ack: JsValue = Record::default().with("kind", RESIZE).with("type", "parent-ack").into();
    // A frame that has gone away needs no answer.
    _ = window.post_message(&ack, origin);
}

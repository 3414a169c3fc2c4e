//! The provider's page inside ours. It may say how it stands; what is paid, the helper says.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlIFrameElement, MessageEvent, Window};

use super::nothing;
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
const SANDBOX: &str =
    "allow-same-origin allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox";
/// How the page's messages about its size are marked.
const RESIZE: &str = "[dodo-iframe-resize]";

/// The payment page in a frame, or on its own where that cannot be.
#[component]
pub fn Frame() -> impl IntoView {
    let shop = Shop::expect();
    let (url, inline) = shop.host.with_value(|host| {
        (host.attempt.as_ref().map(|attempt| attempt.url.clone()).unwrap_or_default(), host.options.inline)
    });
    let Some((address, origin)) = framed(&url, inline) else {
        shop.leave(&url);
        return nothing();
    };
    let is_ready = RwSignal::new(false);
    let hear = move |event: MessageEvent| {
        let Some(frame) = shop.frame() else { return };
        if event.origin() == origin && event.source().as_deref() == frame.content_window().as_deref().map(AsRef::as_ref) {
            heard(shop, is_ready, &Value(event.data()), &frame, &origin);
        }
    };
    let listener = Listener::new(&window(), "message", move |event| hear(event.unchecked_into()));
    let listener = StoredValue::new_local(Some(listener));
    on_cleanup(move || listener.set_value(None));
    spawn(async move {
        delay(PATIENCE_MS).await;
        if is_ready.try_get_untracked() == Some(false) {
            shop.leave(&url);
        }
    });
    view! {
        <section class="frame">
            <h3 class="hidden" id="standing" tabindex="-1">
                {shop.say("payment")}
            </h3>
            <iframe
                title=shop.say("payment")
                src=address
                sandbox=SANDBOX
                allow="payment"
                referrerpolicy="strict-origin-when-cross-origin"
            ></iframe>
        </section>
    }
    .into_any()
}

/// Takes a message that is from our frame and its origin.
fn heard(shop: Shop, is_ready: RwSignal<bool>, data: &Value, frame: &HtmlIFrameElement, origin: &str) {
    if data.text("kind").as_deref() == Some(RESIZE) {
        return resized(data, frame, origin);
    }
    let message = data.get("data.message");
    let text = |value: &Value, key| value.text(key).unwrap_or_default();
    match said(&text(data, "event_type"), &text(&message, "status"), &text(&message, "redirect_to")) {
        Said::Ready => is_ready.set(true),
        Said::Paying => shop.busy_until.set_value(now() + CONFIRMING_MS),
        Said::Ended => {
            shop.busy_until.set_value(0);
            shop.arrival.set(crate::step::Arrival::Paid);
            shop.step.set(Step::Status);
            shop.focus("standing");
        }
        // Its own way back is not needed here; a bank's page is.
        Said::Leave(address) if !address.contains("checkout_return=") => _ = window().location().assign(&address),
        Said::Expired | Said::Closed | Said::Leave(_) => {
            shop.step.set(Step::Status);
            shop.focus("standing");
        }
        Said::Other => {}
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

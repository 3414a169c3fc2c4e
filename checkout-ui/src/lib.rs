//! The widget: what the buyer sees. `js/checkout.js` draws the dialog and calls [`mount`].
#![expect(unreachable_pub, reason = "inside a module that lib.rs keeps private, pub means: for the crate")]

use std::any::Any;
use std::rc::Rc;

use js_sys::Function;
use leptos::mount::mount_to;
use leptos::prelude::*;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::HtmlElement;

mod api;
mod country;
mod draft;
mod events;
mod form;
mod i18n;
mod listener;
mod options;
mod payment;
mod price;
mod proof;
mod state;
mod step;
mod style;
mod token;
mod value;
mod view;
mod wire;

#[cfg(all(test, target_family = "wasm"))]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

use listener::Listener;
use options::Options;
use state::{Host, Shop, State, spawn};
use value::Value;
use view::dialog::{self, Dialog};

/// A widget on a page. Dropping it (`free()` in JavaScript) removes it.
#[wasm_bindgen]
pub struct Mounted {
    shop: Shop,
    _dialog: Option<Dialog>,
    _listeners: [Listener; 2],
    _view: Box<dyn Any>,
}

/// Fills `root`, an element of an open shadow root, with a checkout. `options` are those of
/// `Checkout.open`, with what the loader adds: `config`, `inline`, `target`, `early`, `ends` (of
/// the page's promise) and `end`.
///
/// # Errors
/// A root that has left the page meanwhile, or a browser without `AbortController`.
#[wasm_bindgen]
pub fn mount(root: HtmlElement, options: JsValue) -> Result<Mounted, JsValue> {
    if !root.is_connected() {
        return Err(JsValue::from_str("closed"));
    }
    draft::forget_old();
    let trigger: Option<HtmlElement> = Value(options.clone()).get("target").0.dyn_into().ok();
    let merged = options::merged(&options, trigger.as_deref());
    let options = Options::read(&merged);
    style::adopt(&root, &options);
    let inline = options.inline;
    let shop = Shop::new(state(root.clone(), &merged, options, trigger.clone())?);
    shop.note(|state| state.arrival = state::following::arrive());
    let dialog =
        (!inline).then(|| Dialog::new(&root, trigger, options::kept(&merged), move || shop.may_close())).flatten();
    let view = mount_to(root, move || view::widget(shop));
    shop.emit("checkout.opened", JsValue::UNDEFINED);
    spawn(async move {
        load_words(shop).await;
        if shop.is_live() {
            shop.begin().await;
        }
    });
    Ok(Mounted { shop, _dialog: dialog, _listeners: [restored(shop), ordered(shop)], _view: Box::new(view) })
}

fn state(root: HtmlElement, merged: &Value, options: Options, trigger: Option<HtmlElement>) -> Result<State, JsValue> {
    let early = merged.get("early");
    let words = i18n::Words::english(&tag(&options));
    let host = Host {
        api: api::Api::new(options.helper.clone()).ok_or(JsValue::UNDEFINED)?,
        events: events::Events::new(merged.clone(), trigger.unwrap_or_else(|| root.clone()).into()),
        root,
        end: merged.get("end").0.dyn_into::<Function>().unwrap_or_default(),
        options,
    };
    Ok(State::new(host, words, early.text("body").zip(early.get("response").0.dyn_into().ok())))
}

/// The language the page asked for, or the browser's.
fn tag(options: &Options) -> String {
    let chosen = options.locale.clone().filter(|locale| locale != "auto");
    chosen.or_else(|| window().navigator().language()).unwrap_or_else(|| "en".into())
}

async fn load_words(shop: Shop) {
    let host = shop.peek().host.clone();
    let tag = tag(&host.options);
    let language = i18n::language(&tag);
    if language != "en"
        && let Ok(texts) = host.api.get(&[&host.options.assets, "locales/", language, ".json"].concat()).await
        && shop.is_live()
    {
        shop.change(|state| state.words = Rc::new(state.words.translated(&tag, texts)));
    }
    if shop.is_live() {
        dialog::name(&host.root, &shop.peek().words);
    }
}

/// A page that comes back as it was left is no longer on its way to the payment.
fn restored(shop: Shop) -> Listener {
    Listener::new(&window(), "pageshow", move |event| {
        if Value(event.into()).flag("persisted") == Some(true) && shop.peek().leaving {
            shop.change(|state| state.leaving = false);
            shop.follow();
        }
    })
}

/// Another tab has begun the order that this one shows the form of.
fn ordered(shop: Shop) -> Listener {
    Listener::new(&window(), "storage", move |event| {
        if Value(event.into()).text("key") == Some(draft::name(&shop.peek().place())) {
            shop.look_beside();
        }
    })
}

#[wasm_bindgen]
impl Mounted {
    /// Changes the checkout: `items`, `customer`, `discountCode`.
    pub fn update(&self, change: JsValue) {
        self.shop.change_by(&Value(change));
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let host = self.shop.peek().host.clone();
        host.api.abort();
        host.events.refuse("payment_canceled", "The checkout was closed.");
        host.events.emit("checkout.closed", JsValue::UNDEFINED);
    }
}

//! The widget: what the buyer sees. `js/checkout.js` draws the dialog and calls [`mount`].
#![expect(unreachable_pub, reason = "#[component] emits public items")]

use std::any::Any;

use js_sys::{Array, Function};
use leptos::mount::mount_to;
use leptos::prelude::*;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::HtmlElement;

mod api;
mod country;
mod diagnosis;
mod draft;
mod events;
mod form;
mod i18n;
mod listener;
mod options;
mod payment;
mod price;
mod state;
mod step;
mod style;
mod value;
mod view;
mod wire;

use listener::Listener;
use options::Options;
use state::{Host, Shop, spawn};
use value::Value;
use view::dialog::{self, Dialog};

/// A widget on a page. Dropping it (`free()` in JavaScript) removes it.
#[wasm_bindgen]
pub struct Mounted {
    shop: Shop,
    _dialog: Option<Dialog>,
    _restored: Listener,
    _view: Box<dyn Any>,
}

/// Fills `root`, an element of an open shadow root, with a checkout. `options` are those of
/// `Checkout.open`, with what the loader adds: `config`, `inline`, `target`, `early`, `settle`,
/// `refuse` and `end`.
///
/// # Errors
/// A browser without `AbortController`.
#[wasm_bindgen]
pub fn mount(root: HtmlElement, options: JsValue) -> Result<Mounted, JsValue> {
    let trigger: Option<HtmlElement> = Value(options.clone()).get("target").0.dyn_into().ok();
    let merged = options::merged(&options, trigger.as_deref());
    let options = Options::read(&merged);
    style::adopt(&root, &options);
    let shop = shop(root.clone(), &merged, options.clone(), trigger.clone())?;
    let dialog = (!options.inline)
        .then(|| Dialog::new(&root, trigger, options::kept(&merged), move || shop.may_close()))
        .flatten();
    let view = mount_to(root, move || {
        provide_context(shop);
        view! { <view::Widget /> }
    });
    shop.emit("checkout.opened", JsValue::UNDEFINED);
    spawn(async move {
        load_words(shop).await;
        if shop.is_live() {
            shop.begin().await;
        }
    });
    Ok(Mounted { shop, _dialog: dialog, _restored: restored(shop), _view: Box::new(view) })
}

fn shop(
    root: HtmlElement,
    merged: &Value,
    options: Options,
    trigger: Option<HtmlElement>,
) -> Result<Shop, JsValue> {
    let early = merged.get("early");
    let host = Host {
        api: api::Api::new(options.helper.clone()).ok_or(JsValue::UNDEFINED)?,
        events: events::Events::new(merged.clone(), trigger.unwrap_or_else(|| root.clone()).into()),
        words: i18n::Words::english(&tag(&options)),
        root,
        end: merged.get("end").0.dyn_into::<Function>().unwrap_or_default(),
        early: early.text("body").zip(early.get("response").0.dyn_into().ok()),
        attempt: None,
        options,
    };
    Ok(Shop::new(host))
}

/// The language the page asked for, or the browser's.
fn tag(options: &Options) -> String {
    let chosen = options.locale.clone().filter(|locale| locale != "auto");
    chosen.or_else(|| window().navigator().language()).unwrap_or_else(|| "en".into())
}

async fn load_words(shop: Shop) {
    let (tag, assets) = shop.host.with_value(|host| (tag(&host.options), host.options.assets.clone()));
    let language = i18n::language(&tag);
    if language != "en"
        && let Ok(texts) = shop.api().get(&[&assets, "locales/", language, ".json"].concat()).await
        && shop.is_live()
    {
        shop.host.update_value(|host| host.words = host.words.clone().translated(&tag, texts));
    }
    if shop.is_live() {
        let root = shop.host.with_value(|host| host.root.clone());
        dialog::name(&root, &shop.say("checkout"), &shop.say("close"));
    }
}

/// A page that comes back as it was left is no longer on its way to the payment.
fn restored(shop: Shop) -> Listener {
    Listener::new(&window(), "pageshow", move |event| {
        if Value(event.into()).flag("persisted") == Some(true) && shop.leaving.get_untracked() {
            shop.leaving.set(false);
            shop.follow();
        }
    })
}

#[wasm_bindgen]
impl Mounted {
    /// Changes the checkout: `items`, `customer`, `discountCode`.
    pub fn update(&self, change: JsValue) {
        self.shop.change(&Value(change));
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let (api, events) = self.shop.host.with_value(|host| (host.api.clone(), host.events.clone()));
        api.abort();
        events.refuse("payment_canceled", "The checkout was closed.");
        events.emit("checkout.closed", JsValue::UNDEFINED);
    }
}

/// What `{items, discountCode?, customer?}` costs, as the helper answers it.
///
/// # Errors
/// The helper's problem, as an object with `code` and `message`.
#[wasm_bindgen]
pub async fn preview(config: JsValue, request: JsValue) -> Result<JsValue, JsValue> {
    diagnosis::preview(&Value(config), &Value(request)).await
}

/// What may keep a checkout from working on this page: a list of `{code, ok, message}`.
#[wasm_bindgen]
pub async fn diagnose(config: JsValue) -> Array {
    diagnosis::diagnose(&Value(config)).await
}

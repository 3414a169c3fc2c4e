//! What the views share: signals, and what may be done with them.
//!
//! `state/quoting.rs` keeps the price true, `state/ordering.rs` sends the order,
//! `state/following.rs` waits for its outcome.

use checkout_types::cart::{CartLine, Quote};
use checkout_types::checkout::Checkout;
use checkout_types::money::Money;
use checkout_types::problem::Problem;
use js_sys::{Function, Promise};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlIFrameElement};

use crate::api::{Api, cart};
use crate::draft::{Attempt, Draft};
use crate::events::Events;
use crate::form::Field;
use crate::i18n::Words;
use crate::options::Options;
use crate::step::{Arrival, Step};
use crate::value::json;

pub mod following;
pub mod ordering;
pub mod quoting;

/// What belongs to the browser, and so to this thread.
#[derive(Clone)]
pub struct Host {
    /// What the page asked for.
    pub options: Options,
    /// The helper.
    pub api: Api,
    /// What the page hears.
    pub events: Events,
    /// The texts.
    pub words: Words,
    /// The element that the widget fills.
    pub root: HtmlElement,
    /// Ends the widget, as the page itself would.
    pub end: Function,
    /// The quote that the loader asked for: the body it sent, and the answer to come.
    pub early: Option<(String, Promise)>,
    /// The order that is under way.
    pub attempt: Option<Attempt>,
}

/// Everything the views share. Copy, because every field is a handle into the reactive graph.
#[derive(Clone, Copy)]
pub struct Shop {
    /// What is not reactive.
    pub host: StoredValue<Host, LocalStorage>,
    /// What is shown.
    pub step: RwSignal<Step>,
    /// What the buyer wants.
    pub items: RwSignal<Vec<CartLine>>,
    /// What it costs.
    pub quote: RwSignal<Option<Quote>>,
    /// Whether that is being asked.
    pub quoting: RwSignal<bool>,
    /// As typed.
    pub email: RwSignal<String>,
    /// ISO 3166-1 alpha-2, or empty.
    pub country: RwSignal<String>,
    /// As typed.
    pub postal_code: RwSignal<String>,
    /// As typed.
    pub discount: RwSignal<String>,
    /// The code that is asked for.
    pub code: RwSignal<Option<String>>,
    /// What is wrong, field by field.
    pub errors: RwSignal<Vec<(Field, String)>>,
    /// What is wrong with none of the fields; empty if nothing.
    pub trouble: RwSignal<String>,
    /// The total that the buyer saw, and the one it has become.
    pub changed: RwSignal<Option<(Money, Money)>>,
    /// Whether the order is being sent.
    pub paying: RwSignal<bool>,
    /// What became of the order.
    pub checkout: RwSignal<Option<Checkout>>,
    /// How the buyer came back.
    pub arrival: RwSignal<Arrival>,
    /// Whether the confirmation takes long.
    pub slow: RwSignal<bool>,
    /// Whether the browser is on its way to the payment page.
    pub leaving: RwSignal<bool>,
    /// Said politely to everyone, screen readers included.
    pub notice: RwSignal<String>,
    /// The number of the latest quote that was asked for; answers to earlier ones are stale.
    pub turn: StoredValue<u32>,
    /// Until when, in milliseconds, a payment that was begun keeps the overlay open.
    pub busy_until: StoredValue<i64>,
    /// The expired checkout that the next one takes the place of.
    pub renews: StoredValue<Option<String>>,
}

impl Shop {
    /// The state of a widget that was just opened.
    pub fn new(host: Host) -> Self {
        let (options, draft) = (host.options.clone(), Draft::load().unwrap_or_default());
        let typed = |typed: String, given: Option<String>| given.filter(|_| typed.is_empty()).unwrap_or(typed);
        let code = options.discount_code.clone();
        Self {
            step: RwSignal::new(Step::Loading),
            items: RwSignal::new(options.items),
            quote: RwSignal::new(None),
            quoting: RwSignal::new(false),
            email: RwSignal::new(typed(draft.email, options.email)),
            country: RwSignal::new(typed(draft.country, options.country.or_else(quoting::region))),
            postal_code: RwSignal::new(typed(draft.postal_code, options.postal_code)),
            discount: RwSignal::new(code.clone().unwrap_or_default()),
            code: RwSignal::new(code),
            errors: RwSignal::new(Vec::new()),
            trouble: RwSignal::new(String::new()),
            changed: RwSignal::new(None),
            paying: RwSignal::new(false),
            checkout: RwSignal::new(None),
            arrival: RwSignal::new(Arrival::Unknown),
            slow: RwSignal::new(false),
            leaving: RwSignal::new(false),
            notice: RwSignal::new(String::new()),
            turn: StoredValue::new(0),
            busy_until: StoredValue::new(0),
            renews: StoredValue::new(None),
            host: StoredValue::new_local(host),
        }
    }

    /// The one of the widget that a view stands in.
    pub fn expect() -> Self {
        expect_context()
    }

    /// Whether the widget is still there: asked after every wait.
    pub fn is_live(self) -> bool {
        self.turn.try_get_value().is_some()
    }

    /// The text of a key.
    pub fn say(self, key: &str) -> String {
        self.host.with_value(|host| host.words.say(key))
    }

    /// The text of a key with its blanks filled.
    pub fn fill(self, key: &str, values: &[(&str, &str)]) -> String {
        self.host.with_value(|host| host.words.fill(key, values))
    }

    /// An amount in the buyer's own writing.
    pub fn money(self, money: Money) -> String {
        self.host.with_value(|host| host.words.money(money))
    }

    /// The words of the page's language.
    pub fn words(self) -> Words {
        self.host.with_value(|host| host.words.clone())
    }

    /// The helper.
    pub fn api(self) -> Api {
        self.host.with_value(|host| host.api.clone())
    }

    /// Tells the page; `false` if it asked to leave out what would follow.
    pub fn emit(self, name: &str, data: impl Into<wasm_bindgen::JsValue>) -> bool {
        // Outside of the store's lock: the page may call back into the widget.
        let events = self.host.with_value(|host| host.events.clone());
        events.emit(name, data)
    }

    /// What a problem means to the buyer, in their language where we have words for it.
    pub fn explain(self, problem: &Problem) -> String {
        let words = self.words();
        let known = || words.find(&["problem_", &problem.code].concat());
        let said = || Some(problem.title.clone()).filter(|title| !title.is_empty());
        known().or_else(said).unwrap_or_else(|| words.say("problem_internal"))
    }

    /// What is wrong with a field; empty if nothing.
    pub fn error(self, field: Field) -> String {
        self.errors.read().iter().find(|(of, _)| *of == field).map(|(_, text)| text.clone()).unwrap_or_default()
    }

    /// Says what is wrong with a field; an empty text says that nothing is.
    pub fn set_error(self, field: Field, text: String) {
        self.errors.update(|errors| {
            errors.retain(|(of, _)| *of != field);
            if !text.is_empty() {
                errors.push((field, text));
            }
        });
    }

    /// Keeps what was typed.
    pub fn keep(self) {
        let text = |signal: RwSignal<String>| signal.get_untracked();
        Draft { email: text(self.email), country: text(self.country), postal_code: text(self.postal_code) }.save();
    }

    /// The cart as it is remembered and compared.
    pub fn cart_json(self) -> String {
        json(&cart(&self.items.read_untracked()))
    }

    /// Moves the focus to an element of the widget, once it is drawn.
    pub fn focus(self, id: &str) {
        let (root, selector) = (self.host.with_value(|host| host.root.clone()), ["#", id].concat());
        spawn(async move {
            crate::api::delay(0).await;
            if let Ok(Some(element)) = root.query_selector(&selector) {
                _ = element.unchecked_into::<HtmlElement>().focus();
            }
        });
    }

    /// The frame of the payment page, while it is shown.
    pub fn frame(self) -> Option<HtmlIFrameElement> {
        let root = self.host.with_value(|host| host.root.clone());
        root.query_selector("iframe").ok()?.and_then(|frame| frame.dyn_into().ok())
    }

    /// Whether the overlay may be closed now; if not, says why.
    pub fn may_close(self) -> bool {
        let may = self.busy_until.try_get_value().is_none_or(|until| until < crate::draft::now());
        if !may {
            self.notice.set(self.say("busy"));
        }
        may
    }

    /// Ends the widget, after the event that asked for it.
    pub fn end(self) {
        let end = self.host.with_value(|host| host.end.clone());
        spawn(async move {
            crate::api::delay(0).await;
            _ = end.call0(&wasm_bindgen::JsValue::UNDEFINED);
        });
    }
}

/// Runs a task of this page.
pub fn spawn(task: impl Future<Output = ()> + 'static) {
    wasm_bindgen_futures::spawn_local(task);
}

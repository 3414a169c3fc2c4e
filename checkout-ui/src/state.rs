//! What the views share: the state, and what may be done with it.
//!
//! `state/quoting.rs` keeps the price true, `state/ordering.rs` sends the order,
//! `state/proving.rs` does what a busy helper asks for first, `state/following.rs` waits for the outcome.

use std::pin::Pin;
use std::rc::Rc;

use checkout_types::cart::{CartLine, Quote};
use checkout_types::checkout::{Checkout, CheckoutStatus};
use checkout_types::money::Money;
use checkout_types::problem::Problem;
use js_sys::{Function, Promise};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::HtmlElement;

use crate::api::{Api, cart};
use crate::draft::{self, Attempt, Draft};
use crate::events::Events;
use crate::form::Field;
use crate::i18n::Words;
use crate::options::Options;
use crate::step::{Arrival, Step};
use crate::value::json;

pub mod following;
pub mod ordering;
pub mod proving;
pub mod quoting;

/// What belongs to the browser, and does not change.
pub struct Host {
    /// What the page asked for.
    pub options: Options,
    /// The helper.
    pub api: Api,
    /// What the page hears.
    pub events: Events,
    /// The element that the widget fills.
    pub root: HtmlElement,
    /// Ends the widget, as the page itself would.
    pub end: Function,
}

/// All that the widget knows.
#[expect(clippy::struct_excessive_bools, reason = "each is about something else, and any may be true with any")]
#[derive(Clone)]
pub struct State {
    /// What does not change.
    pub host: Rc<Host>,
    /// The texts.
    pub words: Rc<Words>,
    /// The quote that the loader asked for: the body it sent, and the answer to come.
    pub early: Option<(String, Promise)>,
    /// The order that is under way.
    pub attempt: Option<Attempt>,
    /// What is shown.
    pub step: Step,
    /// What the buyer wants.
    pub items: Vec<CartLine>,
    /// What it costs.
    pub quote: Option<Rc<Quote>>,
    /// Whether that is being asked.
    pub quoting: bool,
    /// Whether work that the helper asked for takes long enough to be spoken of.
    pub proving: bool,
    /// What is typed.
    pub draft: Draft,
    /// A discount code, as typed.
    pub discount: String,
    /// Whether the field for it is open.
    pub typing_code: bool,
    /// The address that was probably meant.
    pub suggestion: Option<String>,
    /// The code that is asked for.
    pub code: Option<String>,
    /// What is wrong, field by field.
    pub errors: Vec<(Field, String)>,
    /// What is wrong with none of the fields; empty if nothing.
    pub trouble: String,
    /// The total that the buyer saw, and the one it has become.
    pub changed: Option<(Money, Money)>,
    /// Whether the order is being sent.
    pub paying: bool,
    /// What became of the order.
    pub checkout: Option<Rc<Checkout>>,
    /// How the buyer came back.
    pub arrival: Arrival,
    /// Whether the confirmation takes long.
    pub slow: bool,
    /// Whether the browser is on its way to the payment page.
    pub leaving: bool,
    /// Whether another tab sees to the order, and this one only shows it.
    pub beside: bool,
    /// The checkout that is being followed.
    pub following: Option<String>,
    /// Said politely to everyone.
    pub notice: String,
    /// Said politely to those who do not see it change.
    pub whisper: String,
    /// The number of the latest quote that was asked for; answers to earlier ones are stale.
    pub turn: u32,
    /// Until when, in milliseconds, a payment that was begun keeps the overlay open.
    pub busy_until: i64,
    /// The expired checkout that the next one takes the place of.
    pub renews: Option<String>,
}

/// The handle to the state that the views share.
///
/// One signal for all of it, and one type for every text and part that follows it: a signal for
/// each field would be nicer to read, and weighs twice as much on somebody's page.
#[derive(Clone, Copy)]
pub struct Shop {
    state: StoredValue<Rc<State>, LocalStorage>,
    changed: RwSignal<()>,
}

impl State {
    /// The state of a widget that was just opened.
    pub fn new(host: Host, words: Words, early: Option<(String, Promise)>) -> Self {
        let (options, kept) = (host.options.clone(), Draft::load(&host.options.who));
        let typed = |typed: String, given: Option<String>| given.filter(|_| typed.is_empty()).unwrap_or(typed);
        let draft = Draft {
            who: kept.who,
            email: typed(kept.email, options.email),
            country: typed(kept.country, options.country.or_else(quoting::region)),
            postal_code: typed(kept.postal_code, options.postal_code),
        };
        Self {
            host: Rc::new(host),
            words: Rc::new(words),
            early,
            attempt: None,
            step: Step::Loading,
            items: options.items,
            quote: None,
            quoting: false,
            draft,
            discount: options.discount_code.clone().unwrap_or_default(),
            typing_code: options.discount_code.is_some(),
            suggestion: None,
            code: options.discount_code,
            errors: Vec::new(),
            trouble: String::new(),
            changed: None,
            proving: false,
            paying: false,
            checkout: None,
            arrival: Arrival::Unknown,
            slow: false,
            leaving: false,
            beside: false,
            following: None,
            notice: String::new(),
            whisper: String::new(),
            turn: 0,
            busy_until: 0,
            renews: None,
        }
    }

    /// What a problem means to the buyer, in their language where we have words for it.
    pub fn explain(&self, problem: &Problem) -> String {
        let known = || self.words.find(&["problem_", &problem.code].concat());
        let said = || Some(problem.title.clone()).filter(|title| !title.is_empty());
        known().or_else(said).unwrap_or_else(|| self.words.say("problem_internal"))
    }

    /// What is said politely: what is going on, before what has happened.
    pub fn notice(&self) -> String {
        if self.proving { self.words.say("proving") } else { self.notice.clone() }
    }

    /// What is wrong with a field; empty if nothing.
    pub fn error(&self, field: Field) -> String {
        self.errors.iter().find(|(of, _)| *of == field).map(|(_, text)| text.clone()).unwrap_or_default()
    }

    /// Says what is wrong with a field; an empty text says that nothing is.
    pub fn set_error(&mut self, field: Field, text: String) {
        self.errors.retain(|(of, _)| *of != field);
        if !text.is_empty() {
            self.errors.push((field, text));
        }
    }

    /// What is to be paid now, as far as that is known.
    pub fn total(&self) -> Option<Money> {
        self.quote.as_ref().map(|quote| quote.total)
    }

    /// How the checkout that is under way stands.
    pub fn status(&self) -> Option<CheckoutStatus> {
        self.checkout.as_ref().map(|checkout| checkout.status)
    }

    /// The cart as it is remembered.
    pub fn cart_json(&self) -> String {
        json(&cart(&self.items))
    }

    /// Where the order of all this is kept while it is under way.
    pub fn place(&self) -> String {
        let (cart, Options { who, success_url, custom_data, .. }) = (self.cart_json(), &self.host.options);
        let notes = custom_data.iter().flat_map(|(name, value)| [&**name, &**value]);
        draft::place([&*cart, &**who, success_url.as_deref().unwrap_or_default()].into_iter().chain(notes))
    }
}

impl Shop {
    /// Shares this state.
    pub fn new(state: State) -> Self {
        Self { state: StoredValue::new_local(Rc::new(state)), changed: RwSignal::new(()) }
    }

    /// The state as it is, to be read again when it changes.
    pub fn read(self) -> Rc<State> {
        self.changed.track();
        self.peek()
    }

    /// The state as it is.
    pub fn peek(self) -> Rc<State> {
        self.state.get_value()
    }

    /// Changes the state; the views follow.
    pub fn change(self, change: impl FnOnce(&mut State)) {
        self.note(change);
        self.changed.notify();
    }

    /// Changes what no view follows, such as what the buyer is typing.
    pub fn note(self, change: impl FnOnce(&mut State)) {
        // Held here alone, it is changed in place.
        self.state.try_update_value(|state| change(Rc::make_mut(state)));
    }

    /// Whether the widget is still there: asked after every wait.
    pub fn is_live(self) -> bool {
        self.state.try_get_value().is_some()
    }

    /// The text of a key.
    pub fn say(self, key: &str) -> String {
        self.peek().words.say(key)
    }

    /// The text of a key with its blanks filled.
    pub fn fill(self, key: &str, values: &[(&str, &str)]) -> String {
        self.peek().words.fill(key, values)
    }

    /// Tells the page; `false` if it asked to leave out what would follow.
    pub fn emit(self, name: &str, data: impl Into<JsValue>) -> bool {
        self.peek().host.events.emit(name, data.into())
    }

    /// Shows a step.
    pub fn go(self, step: Step) {
        self.change(|state| state.step = step);
        self.focus("standing");
    }

    /// Moves the focus to an element of the widget, once it is drawn.
    pub fn focus(self, id: &str) {
        let (host, selector) = (self.peek().host.clone(), ["#", id].concat());
        spawn(async move {
            crate::api::delay(0).await;
            if let Ok(Some(element)) = host.root.query_selector(&selector) {
                _ = element.unchecked_into::<HtmlElement>().focus();
            }
        });
    }

    /// Whether the overlay may be closed now; if not, says why.
    pub fn may_close(self) -> bool {
        let may = !self.is_live() || self.peek().busy_until < crate::draft::now();
        if !may {
            self.change(|state| state.notice = state.words.say("busy"));
        }
        may
    }

    /// Ends the widget, after the event that asked for it.
    pub fn end(self) {
        let host = self.peek().host.clone();
        spawn(async move {
            crate::api::delay(0).await;
            _ = host.end.call0(&JsValue::UNDEFINED);
        });
    }
}

/// Runs a task of this page. Boxed, so that all tasks share one executor's code.
pub fn spawn(task: impl Future<Output = ()> + 'static) {
    wasm_bindgen_futures::spawn_local(Box::pin(task) as Pin<Box<dyn Future<Output = ()>>>);
}

//! Keeping the price true: asking, showing the newest answer, renewing it before it expires.

use std::rc::Rc;

use checkout_types::cart::Quote;
use checkout_types::money::Money;
use checkout_types::problem::{FieldError, Problem};
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::{Shop, State, spawn};
use crate::api::{delay, quote_body};
use crate::draft::now;
use crate::form::{self, Field};
use crate::step::Step;
use crate::value::{Record, Value};
use crate::wire;

/// A quote is announced to expire so long before it does (WCAG 2.2.1).
const WARNING_MS: i64 = 20_000;
/// A quote's life, where the browser's clock and the helper's do not agree.
const LIFE_MS: i64 = 15 * 60 * 1000;

/// The region of the browser's language, as the loader reads it.
pub fn region() -> Option<String> {
    Value(IntlLocale::new(&window().navigator().language()?).ok()?.into()).text("region")
}

#[wasm_bindgen::prelude::wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Intl, js_name = Locale)]
    type IntlLocale;
    #[wasm_bindgen(constructor, js_namespace = Intl, js_class = "Locale", catch)]
    fn new(tag: &str) -> Result<IntlLocale, JsValue>;
}

impl Shop {
    /// Asks what the cart costs now. Only the answer to the latest question counts.
    pub fn requote(self) {
        self.requote_after(0);
    }

    /// The same, after a pause in which more may be typed, and not before the helper wants to hear of us.
    pub fn requote_after(self, milliseconds: i32) {
        self.change(|state| {
            state.turn += 1;
            state.quoting = true;
        });
        let turn = self.peek().turn;
        // After a longer one it is the buyer who asks again.
        let milliseconds = milliseconds.max(self.peek().host.api.rest().unwrap_or(0));
        spawn(async move {
            if milliseconds > 0 {
                delay(milliseconds).await;
            }
            if !self.is_turn(turn) {
                return;
            }
            let answer = self.ask(&move || self.is_turn(turn)).await;
            if !self.is_turn(turn) {
                return;
            }
            self.change(|state| state.quoting = false);
            match answer {
                Ok(quote) => self.quoted(quote),
                Err(problem) => self.not_quoted(&problem),
            }
        });
    }

    fn is_turn(self, turn: u32) -> bool {
        self.is_live() && self.peek().turn == turn
    }

    async fn ask(self, wanted: &dyn Fn() -> bool) -> Result<Quote, Problem> {
        let mut early = None;
        self.note(|state| early = state.early.take());
        let state = self.peek();
        let body = state.wish();
        let early = early.filter(|(asked, _)| *asked == body).map(|(_, answer)| answer);
        let api = &state.host.api;
        let early = match early {
            Some(early) => api.early(early).await,
            None => None,
        };
        let answer = match early {
            Some(answer) => answer,
            None => api.quote(&body, None).await,
        };
        self.proven(answer, wanted, async |proof: &str| api.quote(&body, Some(proof)).await).await
    }

    /// Takes a new quote: shows it, tells the page, and sees to its renewal.
    pub fn quoted(self, quote: Quote) {
        let before = self.peek().total();
        let total = quote.total;
        let data = Record::default().with("quoteId", quote.id.as_str()).with("total", amount(total));
        let expires_at = quote.expires_at.clone();
        self.change(|state| {
            let keeps_code = state.code.is_none();
            let stays = |field: Field| field == Field::Email || (field == Field::Discount && keeps_code);
            state.errors.retain(|(field, _)| stays(*field) || (*field == Field::Country && before.is_none()));
            state.trouble.clear();
            state.quote = Some(Rc::new(quote));
            if before.is_none() {
                state.step = Step::Form;
            } else if before != Some(total) {
                state.whisper = state.words.fill("total_is", &[("amount", &state.words.money(total))]);
            }
        });
        self.renew_in_time(&expires_at);
        self.emit(if before.is_none() { "checkout.loaded" } else { "checkout.quote.updated" }, data);
    }

    /// Warns before the quote expires, then asks again. What was typed stays.
    fn renew_in_time(self, expires_at: &str) {
        let turn = self.peek().turn;
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds are whole and far below 2^53")]
        let left = js_sys::Date::parse(expires_at) as i64 - now();
        let left = if (1..=LIFE_MS).contains(&left) { left } else { LIFE_MS };
        let wait = |milliseconds: i64| delay(i32::try_from(milliseconds.max(0)).unwrap_or(i32::MAX));
        let is_current = move || self.is_turn(turn) && self.peek().step == Step::Form;
        spawn(async move {
            wait(left - WARNING_MS).await;
            if !is_current() {
                return;
            }
            self.change(|state| state.notice = state.words.say("expiring"));
            wait(left.min(WARNING_MS)).await;
            if !is_current() || self.peek().paying {
                return; // the helper answers an order that comes too late with the new price
            }
            self.emit("checkout.quote.expired", JsValue::UNDEFINED);
            let Some(seen) = self.peek().total() else { return };
            match self.ask(&is_current).await {
                Ok(quote) if is_current() => {
                    self.change(|state| state.notice.clear());
                    self.review(seen, quote);
                }
                _ if is_current() => self.requote_after(1000),
                _ => {}
            }
        });
    }

    /// Takes a quote that the buyer did not ask for. If it costs something else, says so.
    pub fn review(self, seen: Money, quote: Quote) {
        let total = quote.total;
        if seen != total {
            self.note(|state| state.changed = Some((seen, total)));
            let data = Record::default().with("from", amount(seen)).with("to", amount(total));
            self.emit("checkout.price_changed", data);
            self.focus("changed");
        }
        self.quoted(quote);
    }

    fn not_quoted(self, problem: &Problem) {
        let first = form::first_field(&problem.errors);
        let state = self.peek();
        let is_new = state.quote.is_none();
        let (field, error) = match problem.code.as_str() {
            "discount_invalid" => (Some(Field::Discount), None),
            "unsupported_country" => (Some(Field::Country), None),
            _ => (first.map(|(field, _)| field), first.map(|(_, error)| error)),
        };
        match field {
            Some(Field::Discount) => {
                self.change(|state| {
                    state.set_error(Field::Discount, state.words.say("problem_discount_invalid"));
                    state.code = None;
                });
                self.requote();
            }
            Some(Field::Country) if is_new && !state.draft.country.is_empty() => {
                self.change(|state| {
                    state.set_error(Field::Country, state.explain(problem));
                    state.draft.country.clear();
                });
                self.requote();
            }
            Some(Field::Quantity(line)) if is_new && self.allow(line, error) => self.requote(),
            Some(field) if !is_new => {
                let text = error.map_or_else(|| state.explain(problem), |error| explain(&state, field, error));
                self.change(|state| state.set_error(field, text));
            }
            _ => self.broken(problem, is_new),
        }
    }

    /// Moves a quantity that the page got wrong to the nearest allowed one.
    fn allow(self, line: usize, error: Option<&FieldError>) -> bool {
        let Some(FieldError { min: Some(min), max: Some(max), .. }) = error else { return false };
        let mut moved = false;
        self.note(|state| {
            let Some(item) = state.items.get_mut(line) else { return };
            let allowed = u32::try_from(i64::from(item.quantity).min(*max).max(*min)).unwrap_or(item.quantity);
            moved = allowed != item.quantity;
            item.quantity = allowed;
        });
        moved
    }

    /// Says what is wrong: in the place of everything where there is nothing else to show.
    pub fn broken(self, problem: &Problem, is_new: bool) {
        let text = self.report(problem);
        self.change(|state| {
            if is_new {
                state.step = Step::Broken { text, retryable: problem.retryable };
            } else {
                state.trouble = text;
            }
        });
    }

    /// Takes a change that the page makes while the checkout is open.
    pub fn change_by(self, change: &Value) {
        let items = wire::cart(&change.list("items"));
        let text = |path| change.text(path);
        self.change(|state| {
            if !items.is_empty() {
                state.items = items;
            }
            let draft = &mut state.draft;
            for (typed, path) in [
                (&mut draft.email, "customer.email"),
                (&mut draft.country, "customer.address.countryCode"),
                (&mut draft.postal_code, "customer.address.postalCode"),
                (&mut state.discount, "discountCode"),
            ] {
                if let Some(text) = text(path) {
                    *typed = text;
                }
            }
            state.code = text("discountCode").or_else(|| state.code.take());
        });
        self.emit("checkout.updated", JsValue::UNDEFINED);
        if self.peek().step == Step::Form {
            self.requote();
        }
    }
}

impl State {
    /// What a quote is asked for: the body of `POST /v1/quotes`.
    pub fn wish(&self) -> String {
        let address = form::address(&self.draft.country, &self.draft.postal_code);
        quote_body(&self.items, self.code.as_deref(), address.as_ref())
    }
}

fn explain(state: &State, field: Field, error: &FieldError) -> String {
    let key = match (field, error.min, error.max) {
        (Field::Quantity(_), Some(min), Some(max)) => {
            let range = [("min", &*min.to_string()), ("max", &*max.to_string())];
            return state.words.fill("quantity_range", &range);
        }
        (Field::Quantity(_), ..) => "quantity_wrong",
        (Field::PostalCode, ..) => "postal_invalid",
        (Field::Country, ..) => "country_missing",
        (Field::Email, ..) => "email_invalid",
        (Field::Discount, ..) => "problem_discount_invalid",
    };
    state.words.say(key)
}

/// An amount for the page: `{amount, currency}`.
pub fn amount(money: Money) -> Record {
    #[expect(clippy::cast_precision_loss, reason = "amounts stay within 2^53")]
    let units = money.amount as f64;
    Record::default().with("amount", units).with("currency", money.currency.code())
}

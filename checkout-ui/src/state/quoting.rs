//! Keeping the price true: asking, showing the newest answer, renewing it before it expires.

use checkout_types::cart::Quote;
use checkout_types::money::Money;
use checkout_types::problem::{FieldError, Problem};
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::{Shop, spawn};
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

    /// The same, after a pause in which more may be typed.
    pub fn requote_after(self, milliseconds: i32) {
        let turn = self.turn.with_value(|turn| turn + 1);
        self.turn.set_value(turn);
        self.quoting.set(true);
        spawn(async move {
            if milliseconds > 0 {
                delay(milliseconds).await;
            }
            if self.turn.try_get_value() != Some(turn) {
                return;
            }
            let answer = self.ask().await;
            if self.turn.try_get_value() != Some(turn) {
                return;
            }
            self.quoting.set(false);
            match answer {
                Ok(quote) => self.quoted(quote),
                Err(problem) => self.not_quoted(&problem),
            }
        });
    }

    async fn ask(self) -> Result<Quote, Problem> {
        let address = form::address(&self.country.read_untracked(), &self.postal_code.read_untracked());
        let body = quote_body(&self.items.read_untracked(), self.code.read_untracked().as_deref(), address.as_ref());
        let early = self.host.try_update_value(|host| host.early.take()).flatten();
        let early = early.filter(|(asked, _)| *asked == body).map(|(_, answer)| answer);
        self.api().quote(&body, early).await
    }

    /// Takes a new quote: shows it, tells the page, and sees to its renewal.
    pub fn quoted(self, quote: Quote) {
        let before = self.quote.read_untracked().as_ref().map(|quote| quote.total);
        let total = quote.total;
        self.errors.update(|errors| errors.retain(|(field, _)| matches!(field, Field::Email | Field::Discount)));
        self.trouble.set(String::new());
        if self.code.read_untracked().is_some() {
            self.set_error(Field::Discount, String::new());
        }
        let data = Record::default().with("quoteId", quote.id.as_str()).with("total", amount(total));
        self.renew_in_time(&quote);
        self.quote.set(Some(quote));
        match before {
            None => {
                self.step.set(Step::Form);
                self.emit("checkout.loaded", data);
            }
            Some(before) => {
                if before != total {
                    self.notice.set(self.fill("total_is", &[("amount", &self.money(total))]));
                }
                self.emit("checkout.quote.updated", data);
            }
        }
    }

    /// Warns before the quote expires, then asks again. What was typed stays.
    fn renew_in_time(self, quote: &Quote) {
        let turn = self.turn.get_value();
        let left = js_sys::Date::parse(&quote.expires_at);
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds are whole and far below 2^53")]
        let left = left as i64 - now();
        let left = if (1..=LIFE_MS).contains(&left) { left } else { LIFE_MS };
        let wait = |milliseconds: i64| delay(i32::try_from(milliseconds.max(0)).unwrap_or(i32::MAX));
        spawn(async move {
            let is_current = || self.turn.try_get_value() == Some(turn) && self.step.get_untracked() == Step::Form;
            wait(left - WARNING_MS).await;
            if !is_current() {
                return;
            }
            self.notice.set(self.say("expiring"));
            wait(left.min(WARNING_MS)).await;
            if !is_current() || self.paying.get_untracked() {
                return; // the helper answers an order that comes too late with the new price
            }
            self.emit("checkout.quote.expired", JsValue::UNDEFINED);
            let Some(seen) = self.quote.read_untracked().as_ref().map(|quote| quote.total) else { return };
            if let Ok(quote) = self.ask().await
                && is_current()
            {
                self.notice.set(String::new());
                self.review(seen, quote);
            } else if self.is_live() {
                self.requote_after(1000);
            }
        });
    }

    /// Takes a quote that the buyer did not ask for. If it costs something else, says so.
    pub fn review(self, seen: Money, quote: Quote) {
        let total = quote.total;
        if seen != total {
            self.changed.set(Some((seen, total)));
            let data = Record::default().with("from", amount(seen)).with("to", amount(total));
            self.emit("checkout.price_changed", data);
            self.focus("changed");
        }
        self.quoted(quote);
    }

    fn not_quoted(self, problem: &Problem) {
        let first = form::first_field(&problem.errors);
        let is_new = self.quote.read_untracked().is_none();
        let (field, error) = match problem.code.as_str() {
            "discount_invalid" => (Some(Field::Discount), None),
            "unsupported_country" => (Some(Field::Country), None),
            _ => (first.map(|(field, _)| field), first.map(|(_, error)| error)),
        };
        match field {
            Some(Field::Discount) => {
                self.set_error(Field::Discount, self.say("problem_discount_invalid"));
                self.code.set(None);
                self.requote();
            }
            Some(Field::Country) if is_new && !self.country.read_untracked().is_empty() => {
                self.set_error(Field::Country, self.explain(problem));
                self.country.set(String::new());
                self.requote();
            }
            Some(Field::Quantity(line)) if is_new && self.allow(line, error) => self.requote(),
            Some(field) if !is_new => {
                let text = error.map_or_else(|| self.explain(problem), |error| self.explain_field(field, error));
                self.set_error(field, text);
            }
            _ => self.broken(problem, is_new),
        }
    }

    /// Moves a quantity that the page got wrong to the nearest allowed one.
    fn allow(self, line: usize, error: Option<&FieldError>) -> bool {
        let Some(FieldError { min: Some(min), max: Some(max), .. }) = error else { return false };
        let mut moved = false;
        self.items.update(|items| {
            let Some(item) = items.get_mut(line) else { return };
            let allowed = u32::try_from(i64::from(item.quantity).max(*min).min(*max)).unwrap_or(item.quantity);
            moved = allowed != item.quantity;
            item.quantity = allowed;
        });
        moved
    }

    /// Takes a change that the page makes while the checkout is open.
    pub fn change(self, change: &Value) {
        let items = wire::cart(&change.list("items"));
        if !items.is_empty() {
            self.items.set(items);
        }
        for (signal, path) in [
            (self.email, "customer.email"),
            (self.country, "customer.address.countryCode"),
            (self.postal_code, "customer.address.postalCode"),
            (self.discount, "discountCode"),
        ] {
            if let Some(text) = change.text(path) {
                signal.set(text);
            }
        }
        if let Some(code) = change.text("discountCode") {
            self.code.set(Some(code));
        }
        self.emit("checkout.updated", JsValue::UNDEFINED);
        if self.step.get_untracked() == Step::Form {
            self.requote();
        }
    }

    fn explain_field(self, field: Field, error: &FieldError) -> String {
        match (field, error.min, error.max) {
            (Field::Quantity(_), Some(min), Some(max)) => {
                self.fill("quantity_range", &[("min", &min.to_string()), ("max", &max.to_string())])
            }
            (Field::Quantity(_), ..) => self.say("quantity_wrong"),
            (Field::PostalCode, ..) => self.say("postal_invalid"),
            (Field::Country, ..) => self.say("country_missing"),
            (Field::Email, ..) => self.say("email_invalid"),
            (Field::Discount, ..) => self.say("problem_discount_invalid"),
        }
    }

    fn broken(self, problem: &Problem, is_new: bool) {
        let text = self.explain(problem);
        let data = Record::default().with("code", problem.code.as_str()).with("message", text.as_str());
        self.emit("checkout.error", data);
        if is_new {
            self.step.set(Step::Broken { text, retryable: problem.retryable });
        } else {
            self.trouble.set(text);
        }
    }
}

/// An amount for the page: `{amount, currency}`.
pub fn amount(money: Money) -> Record {
    #[expect(clippy::cast_precision_loss, reason = "amounts stay within 2^53")]
    let units = money.amount as f64;
    Record::default().with("amount", units).with("currency", money.currency.code())
}

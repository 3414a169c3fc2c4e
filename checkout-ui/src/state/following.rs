//! Waiting for the outcome: what the helper says, as it says it, whatever else the page heard.

use std::rc::Rc;

use checkout_types::checkout::{Checkout, CheckoutStatus};
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use web_sys::Url;

use super::quoting::amount;
use super::{Shop, spawn};
use crate::api::delay;
use crate::draft::{Attempt, first_told};
use crate::step::{Arrival, Step};
use crate::value::{Record, Value};
use crate::wire;

/// After so long the words change: the buyer need not wait here.
const SLOW_MS: i32 = 15_000;
/// The longest pause between two questions.
const LONGEST_WAIT_MS: i32 = 10_000;
/// What a return adds to the address. The e-mail address above all has no place in a history.
const RETURNED: [&str; 8] = [
    "checkout",
    "checkout_return",
    "checkout_canceled",
    "payment_id",
    "subscription_id",
    "status",
    "email",
    "license_key",
];

impl Shop {
    /// Shows what is to be shown first: where an order stands, or the order itself.
    pub async fn begin(self) {
        let state = self.peek();
        if let Some(id) = &state.host.options.resume {
            return self.resume(id);
        }
        let kept = || Attempt::current(&state.place()).filter(|kept| kept.is_by(state.draft.email.trim()));
        match state.attempt.clone().or_else(kept) {
            Some(attempt) if attempt.id.is_empty() => {
                // It was sent, and the answer lost: the same key asks for the same answer.
                match self.send(attempt).await {
                    Ok(attempt) => self.stand(attempt).await,
                    // It may have been made: only the same order may be asked for.
                    Err(problem) if problem.retryable && self.is_live() => self.broken(&problem, true),
                    Err(_) => self.begin_order(),
                }
            }
            Some(attempt) => self.stand(attempt).await,
            None => self.begin_order(),
        }
    }

    fn begin_order(self) {
        if self.is_live() {
            self.note(|state| state.attempt = None);
            self.requote();
        }
    }

    /// Shows an order that is under way, or that was paid and never said so; begins anew if it came to nothing.
    pub async fn stand(self, attempt: Attempt) {
        let host = self.peek().host.clone();
        let known = host.api.checkout(&attempt.id, &attempt.client_secret).await;
        if !self.is_live() {
            return;
        }
        let known = match known {
            Ok(checkout) if is_done(checkout.status) || !is_over(checkout.status) => Some(checkout),
            // It cannot be looked at now, and is there all the same.
            Err(problem) if problem.retryable => None,
            _ => {
                attempt.finish();
                return self.begin_order();
            }
        };
        self.note(|state| {
            state.arrival = if attempt.paid { Arrival::Paid } else { Arrival::Unknown };
            state.attempt = Some(attempt);
            state.slow = false;
        });
        if let Some(checkout) = known {
            self.told(checkout);
        }
        self.go(Step::Status);
        self.emit("checkout.loaded", JsValue::UNDEFINED);
        self.follow();
    }

    /// Shows the order that another tab has begun in the place of a form that is still empty, or says the same.
    pub fn look_beside(self) {
        let state = self.peek();
        let is_same = |made: &Attempt| state.draft.email.is_empty() || made.terms == state.terms();
        let made = Attempt::current(&state.place()).filter(|made| !made.id.is_empty() && is_same(made));
        if state.step == Step::Form
            && !state.paying
            && let Some(attempt) = made
        {
            self.note(|state| state.beside = true);
            spawn(self.stand(attempt));
        }
    }

    /// Shows what became of a checkout that the address names.
    fn resume(self, id: &str) {
        let attempt = Attempt::of(id);
        let is_ours = attempt.is_some();
        let arrival = self.peek().arrival;
        let has_paid = attempt.as_ref().is_some_and(|attempt| attempt.paid);
        let cart = attempt.as_ref().and_then(|attempt| Value::parse(&attempt.cart));
        self.note(|state| {
            // The order can be made again from here, whatever this page sells.
            if let Some(Value(cart)) = cart {
                state.items = wire::cart(&Value(Record::default().with("items", cart).into()).list("items"));
            }
            state.attempt = attempt;
            // Another device made it: nothing here may read it.
            if !is_ours {
                state.arrival = Arrival::Unknown;
            }
            state.slow = !is_ours;
        });
        if is_ours && (arrival == Arrival::Paid || (arrival == Arrival::Unknown && has_paid)) {
            self.back_from_paying();
        }
        self.go(Step::Status);
        self.follow();
    }

    /// Remembers that the buyer has paid, as far as the provider's page knows: whoever reloads, or closes
    /// this and comes again, is not told to pay before the helper knows.
    pub fn back_from_paying(self) {
        self.note(|state| {
            state.arrival = Arrival::Paid;
            if let Some(attempt) = &mut state.attempt
                && !attempt.paid
            {
                attempt.paid = true;
                attempt.save();
            }
        });
    }

    /// Follows the order that is under way until its outcome is known: the stream first, and
    /// questions with growing pauses while there is none.
    pub fn follow(self) {
        let state = self.peek();
        let Some(Attempt { id, client_secret: secret, .. }) = state.attempt.clone() else { return };
        if state.following.as_ref() == Some(&id) {
            return;
        }
        self.note(|state| state.following = Some(id.clone()));
        spawn(async move {
            let mut wait = 1_000;
            loop {
                let streamed = state.host.api.follow(&id, &secret, |checkout| self.told(checkout)).await;
                if !streamed
                    && self.is_live()
                    && let Ok(checkout) = state.host.api.checkout(&id, &secret).await
                {
                    self.told(checkout);
                }
                if self.is_settled(&id) {
                    break;
                }
                delay(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT_MS);
            }
            // Stood on again, it is followed again.
            self.note(|state| {
                state.following.take_if(|following| *following == id);
            });
        });
        spawn(async move {
            delay(SLOW_MS).await;
            if self.is_live() {
                self.change(|state| state.slow = true);
            }
        });
    }

    /// Whether nothing more is to come for that order here.
    fn is_settled(self, id: &str) -> bool {
        if !self.is_live() {
            return true;
        }
        let state = self.peek();
        state.attempt.as_ref().is_none_or(|attempt| attempt.id != id) || state.status().is_some_and(is_over)
    }

    /// Takes what the helper says.
    fn told(self, checkout: Checkout) {
        if !self.is_live() {
            return;
        }
        let before = self.peek();
        // One that the buyer has turned away from may still be followed for a moment.
        let is_ours = before.attempt.as_ref().is_some_and(|attempt| attempt.id == checkout.id);
        if !is_ours || before.checkout.as_deref() == Some(&checkout) {
            return;
        }
        let status = checkout.status;
        let data = || {
            Record::default()
                .with("checkoutId", checkout.id.as_str())
                .with("status", status.as_str())
                .with("total", amount(checkout.total))
        };
        if let (CheckoutStatus::Failed, Some(failure)) = (status, &checkout.failure) {
            let failure = data().with("code", failure.code.as_str()).with("message", failure.message.as_str());
            self.emit("checkout.payment.failed", failure);
        }
        self.emit("checkout.status", data());
        let (told, id) = (data(), checkout.id.clone());
        self.change(|state| state.checkout = Some(Rc::new(checkout)));
        // The provider's page shows a failure itself, and lets the buyer try again there.
        if before.step == Step::Frame && !matches!(status, CheckoutStatus::Open | CheckoutStatus::Failed) {
            self.go(Step::Status);
        }
        if is_done(status) && !before.status().is_some_and(is_done) {
            if let Some(attempt) = &before.attempt {
                attempt.finish();
            }
            self.note(|state| state.busy_until = 0);
            // The page of the tab that sees to the order is to hear of it, once it is back.
            if !before.beside {
                self.complete(&id, told);
            }
        }
    }

    /// Once for every checkout, whatever is opened or reloaded.
    fn complete(self, id: &str, data: Record) {
        let host = self.peek().host.clone();
        if !first_told(id) {
            return host.events.settle(data.into());
        }
        if self.emit("checkout.completed", data)
            && let Some(success) = host.options.success_url.clone().filter(|success| is_elsewhere(success))
        {
            spawn(async move {
                delay(1_500).await;
                if self.is_live() {
                    _ = window().location().assign(&success);
                }
            });
        }
    }
}

fn is_done(status: CheckoutStatus) -> bool {
    matches!(status, CheckoutStatus::Paid | CheckoutStatus::Fulfilled)
}

fn is_over(status: CheckoutStatus) -> bool {
    status.is_final() || matches!(status, CheckoutStatus::Canceled | CheckoutStatus::Expired)
}

/// Whether an address is another page than this one.
fn is_elsewhere(address: &str) -> bool {
    let location = window().location();
    let here = location.href().unwrap_or_default();
    let page = |url: &str| Url::new_with_base(url, &here).map(|url| url.origin() + &url.pathname());
    page(address).ok() != page(&here).ok()
}

/// Reads what the address says, and takes it out of there: before the overlay adds an entry to the history,
/// or the one below it would open the checkout again with every reload.
pub fn arrive() -> Arrival {
    let Some(address) = address() else { return Arrival::Unknown };
    let query = address.search_params();
    if query.has("checkout_return") {
        let arrival = Arrival::read(&query.get("status").unwrap_or_default(), query.has("checkout_canceled"));
        strip(&address, &RETURNED);
        return arrival;
    }
    if query.has("checkout") {
        strip(&address, &["checkout"]); // a link that named a price: a reload is not another click
    }
    Arrival::Unknown
}

fn address() -> Option<Url> {
    Url::new(&window().location().href().ok()?).ok()
}

/// Takes parameters out of the page's address, and nothing else.
fn strip(address: &Url, names: &[&str]) {
    let query = address.search_params();
    for name in names {
        query.delete(name);
    }
    if let Ok(history) = window().history() {
        let state = history.state().unwrap_or(JsValue::NULL);
        _ = history.replace_state_with_url(&state, "", Some(&address.href()));
    }
}

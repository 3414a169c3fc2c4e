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
        if let Some(address) = address().filter(|address| address.search_params().has("checkout")) {
            strip(&address, &["checkout"]); // a link that named a price: a reload is not another click
        }
        match Attempt::current().filter(|attempt| attempt.cart == state.cart_json()) {
            Some(attempt) if attempt.id.is_empty() => {
                // It was sent, and the answer lost: the same key asks for the same answer.
                match self.send(attempt).await {
                    Ok(attempt) => self.stand(attempt).await,
                    Err(_) => self.begin_order(),
                }
            }
            Some(attempt) => self.stand(attempt).await,
            None => self.begin_order(),
        }
    }

    fn begin_order(self) {
        if self.is_live() {
            Attempt::finish();
            self.requote();
        }
    }

    /// Shows an order that is under way, or begins anew if that one is over.
    async fn stand(self, attempt: Attempt) {
        let host = self.peek().host.clone();
        let known = host.api.checkout(&attempt.id, &attempt.client_secret).await;
        if !self.is_live() {
            return;
        }
        match known {
            Ok(checkout) if !is_over(checkout.status) => {
                self.note(|state| state.attempt = Some(attempt));
                self.told(checkout);
                self.go(Step::Status);
                self.emit("checkout.loaded", JsValue::UNDEFINED);
                self.follow();
            }
            _ => self.begin_order(),
        }
    }

    /// Shows what became of a checkout that the address names.
    fn resume(self, id: &str) {
        let attempt = Attempt::of(id);
        let is_ours = attempt.is_some();
        let arrival = arrive();
        let cart = attempt.as_ref().and_then(|attempt| Value::parse(&attempt.cart));
        self.note(|state| {
            // The order can be made again from here, whatever this page sells.
            if let Some(Value(cart)) = cart {
                state.items = wire::cart(&Value(Record::default().with("items", cart).into()).list("items"));
            }
            state.attempt = attempt;
            // Another tab or device made it: nothing here may read it.
            state.arrival = if is_ours { arrival } else { Arrival::Unknown };
            state.slow = !is_ours;
        });
        self.go(Step::Status);
        self.follow();
    }

    /// Follows the order that is under way until its outcome is known: the stream first, and
    /// questions with growing pauses while there is none.
    pub fn follow(self) {
        let state = self.peek();
        let Some(Attempt { id, client_secret: secret, .. }) = state.attempt.clone() else { return };
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
                    return;
                }
                delay(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT_MS);
            }
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
        if before.checkout.as_deref() == Some(&checkout) {
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
            self.complete(&id, told);
        }
    }

    /// Once for every checkout, whatever is opened or reloaded.
    fn complete(self, id: &str, data: Record) {
        Attempt::finish();
        self.note(|state| state.busy_until = 0);
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

/// Reads what the address says, and takes it out of there.
fn arrive() -> Arrival {
    let Some(address) = address() else { return Arrival::Unknown };
    let query = address.search_params();
    let arrival = Arrival::read(&query.get("status").unwrap_or_default(), query.has("checkout_canceled"));
    strip(&address, &RETURNED);
    arrival
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

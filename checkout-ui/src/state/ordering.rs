//! Sending the order: checked, kept with its key, sent until answered, and paid where the page asked.

use checkout_types::checkout::CreatedCheckout;
use checkout_types::problem::Problem;
use leptos::prelude::*;
use web_sys::Window;

use super::{Shop, spawn};
use crate::api::delay;
use crate::draft::{Attempt, now};
use crate::form::{self, Field};
use crate::options;
use crate::payment::Payment;
use crate::step::{Arrival, Step};
use crate::value::Record;

/// Waits between sendings of the same order, in milliseconds.
const BACK_OFF_MS: [i32; 4] = [700, 2_000, 4_000, 8_000];

impl Shop {
    /// Orders what is shown. Pressed twice, it is one order.
    pub fn pay(self) {
        if self.paying.get_untracked() || self.quoting.get_untracked() {
            return;
        }
        if let Some(field) = self.first_error() {
            return self.focus(&field.id());
        }
        self.keep();
        self.paying.set(true);
        self.trouble.set(String::new());
        self.changed.set(None);
        self.busy_until.set_value(now() + 15_000);
        // In the click itself, or the browser blocks it.
        let popup = (self.payment() == Payment::Popup).then(|| window().open().ok().flatten()).flatten();
        spawn(async move {
            self.order(true, popup).await;
            if self.is_live() {
                self.paying.set(false);
                self.busy_until.set_value(0);
            }
        });
    }

    fn payment(self) -> Payment {
        self.host.with_value(|host| host.options.payment)
    }

    /// Checks what was typed, and gives the first field that is wrong.
    fn first_error(self) -> Option<Field> {
        let email = form::email_error(&self.email.read_untracked()).map(|key| self.say(key));
        self.set_error(Field::Email, email.unwrap_or_default());
        if self.country.read_untracked().is_empty() {
            self.set_error(Field::Country, self.say("country_missing"));
        }
        let order = [Field::Email, Field::Country, Field::PostalCode];
        let errors = self.errors.read_untracked();
        let is_wrong = |field: Field| errors.iter().any(|(of, _)| *of == field);
        let quantity = errors.iter().map(|(field, _)| *field).find(|field| matches!(field, Field::Quantity(_)));
        quantity.or_else(|| order.into_iter().find(|field| is_wrong(*field)))
    }

    async fn order(self, with_return: bool, popup: Option<Window>) {
        let Some(body) = self.body(with_return) else { return };
        let attempt = Attempt::new(body, self.cart_json());
        attempt.save();
        match self.send(attempt).await {
            Ok(attempt) => self.begin_payment(&attempt, popup),
            Err(_) if !self.is_live() => {}
            Err(problem) if with_return && problem.code == "return_url_not_allowed" => {
                // The page's mistake, and not the buyer's: the helper has a page of its own to return to.
                self.report(&problem);
                Box::pin(self.order(false, popup)).await;
            }
            Err(problem) => {
                if let Some(popup) = popup {
                    _ = popup.close();
                }
                self.refused(problem);
            }
        }
    }

    fn body(self, with_return: bool) -> Option<String> {
        let token = self.quote.read_untracked().as_ref().map(|quote| quote.quote_token.clone())?;
        let given = self.host.with_value(|host| host.options.clone());
        let customer = Record::default().with("email", self.email.read_untracked().trim());
        let success = with_return.then(|| given.success_url.or_else(own_address)).flatten();
        let mut body = Record::default().with("quote_token", token).with("customer", customer);
        body = body.maybe("success_url", success.as_deref());
        if !given.custom_data.is_empty() {
            body = body.with("custom_data", options::record(&given.custom_data));
        }
        Some(body.maybe("renews", self.renews.get_value().as_deref()).json())
    }

    /// Sends an order, again with the same key while there is no answer that counts.
    pub async fn send(self, mut attempt: Attempt) -> Result<Attempt, Problem> {
        let mut waits = BACK_OFF_MS.into_iter();
        loop {
            match self.api().create(&attempt.key, &attempt.body).await {
                Ok(CreatedCheckout { id, client_secret, url, status: _, expires_at: _ }) => {
                    attempt = Attempt { id, client_secret, url, ..attempt };
                    attempt.save();
                    return Ok(attempt);
                }
                Err(problem) => match waits.next() {
                    Some(wait) if problem.retryable && self.is_live() => delay(wait).await,
                    _ => return Err(problem),
                },
            }
        }
    }

    fn begin_payment(self, attempt: &Attempt, popup: Option<Window>) {
        if !self.is_live() {
            return;
        }
        self.renews.set_value(None);
        self.host.update_value(|host| host.attempt = Some(attempt.clone()));
        let data = Record::default().with("checkoutId", attempt.id.as_str());
        self.emit("checkout.payment.initiated", data);
        match (self.payment(), popup) {
            (Payment::Frame, _) => {
                self.step.set(Step::Frame);
                self.follow();
            }
            (Payment::Popup, Some(popup)) => {
                _ = popup.location().replace(&attempt.url);
                self.step.set(Step::Status);
                self.focus("standing");
                self.follow();
            }
            _ => self.leave(&attempt.url),
        }
    }

    /// Goes to the payment page, unless the page sees to that itself.
    pub fn leave(self, url: &str) {
        let id = self.host.with_value(|host| host.attempt.as_ref().map(|attempt| attempt.id.clone()));
        let data = Record::default().with("url", url).maybe("checkoutId", id.as_deref());
        self.step.set(Step::Status);
        if self.emit("checkout.redirect", data) {
            self.leaving.set(true);
            self.focus("standing");
            _ = window().location().assign(url);
        } else {
            self.follow();
        }
    }

    /// Pays the order that is under way, again or for the first time.
    pub fn pay_again(self) {
        let known = self.checkout.read_untracked().as_ref().and_then(|checkout| checkout.url.clone());
        let attempt = self.host.with_value(|host| host.attempt.clone());
        if let Some(url) = known.or_else(|| attempt.map(|attempt| attempt.url)) {
            self.arrival.set(Arrival::Unknown);
            if self.payment() == Payment::Frame { self.step.set(Step::Frame) } else { self.leave(&url) }
        }
    }

    /// Back to the order, with everything that was typed.
    pub fn change_order(self, renews: bool) {
        let id = self.checkout.read_untracked().as_ref().map(|checkout| checkout.id.clone());
        self.renews.set_value(id.filter(|_| renews));
        Attempt::finish();
        self.host.update_value(|host| host.attempt = None);
        self.checkout.set(None);
        self.arrival.set(Arrival::Unknown);
        self.quote.set(None);
        self.step.set(Step::Loading);
        self.requote();
        self.focus("order");
    }

    fn refused(self, problem: Problem) {
        self.report(&problem);
        let seen = self.quote.read_untracked().as_ref().map(|quote| quote.total);
        if let (Some(seen), Some(quote)) = (seen, problem.quote) {
            let is_same = seen == quote.total;
            self.review(seen, *quote);
            if is_same {
                self.trouble.set(self.say("renewed"));
            }
            return;
        }
        match (problem.code.as_str(), form::first_field(&problem.errors)) {
            ("email_invalid", _) | (_, Some((Field::Email, _))) => {
                self.set_error(Field::Email, self.say("email_invalid"));
                self.focus("email");
            }
            ("quote_invalid", _) => {
                self.trouble.set(self.say("renewed"));
                self.requote();
            }
            _ => {
                let text = Problem { quote: None, ..problem };
                self.trouble.set(self.explain(&text));
            }
        }
    }

    /// Tells the page of a problem, in words.
    fn report(self, problem: &Problem) {
        let text = self.explain(problem);
        let data = Record::default().with("code", problem.code.as_str()).with("message", text.as_str());
        self.emit("checkout.error", data.maybe("requestId", problem.request_id.as_deref()));
    }
}

/// The page itself, without what a return would have added.
fn own_address() -> Option<String> {
    let address = web_sys::Url::new(&window().location().href().ok()?).ok()?;
    address.set_hash("");
    for name in ["checkout", "checkout_return", "checkout_canceled"] {
        address.search_params().delete(name);
    }
    Some(address.href())
}

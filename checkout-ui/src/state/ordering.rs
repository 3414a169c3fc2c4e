//! Sending the order: checked, kept with its key, sent until answered, and paid where the page asked.

use checkout_types::checkout::CreatedCheckout;
use checkout_types::problem::Problem;
use leptos::prelude::*;
use web_sys::Window;

use super::{Shop, State, spawn};
use crate::api::delay;
use crate::draft::{Attempt, now, terms};
use crate::form::{self, Field};
use crate::options;
use crate::payment::Payment;
use crate::step::{Arrival, Step};
use crate::value::{Record, json};

/// Waits between sendings of the same order, in milliseconds.
const BACK_OFF_MS: [i32; 4] = [700, 2_000, 4_000, 8_000];
/// All waits together.
const PATIENCE_MS: i32 = 30_000;

impl Shop {
    /// Orders what is shown. Pressed twice, it is one order.
    pub fn pay(self) {
        let state = self.peek();
        if state.paying || state.quoting {
            return;
        }
        if let Some(field) = self.first_error() {
            return self.focus(&field.id());
        }
        state.draft.save();
        self.change(|state| {
            state.paying = true;
            state.trouble.clear();
            state.changed = None;
            state.busy_until = now() + 15_000;
        });
        // In the click itself, or the browser blocks it.
        let popup = state.host.options.payment == Payment::Popup;
        let popup = popup.then(|| window().open().ok().flatten()).flatten();
        spawn(async move {
            self.order(popup).await;
            if self.is_live() {
                self.change(|state| {
                    state.paying = false;
                    state.busy_until = 0;
                });
            }
        });
    }

    /// Checks what was typed, and gives the first field that is wrong.
    fn first_error(self) -> Option<Field> {
        self.change(|state| {
            let email = form::email_error(&state.draft.email).map(|key| state.words.say(key));
            state.set_error(Field::Email, email.unwrap_or_default());
            if state.draft.country.is_empty() {
                state.set_error(Field::Country, state.words.say("country_missing"));
            }
            if form::needs_postal_code(&state.draft.country) && state.draft.postal_code.trim().is_empty() {
                state.set_error(Field::PostalCode, state.words.say("postal_invalid"));
            }
        });
        let state = self.peek();
        let wrong = || state.errors.iter().map(|(field, _)| *field).filter(|field| *field != Field::Discount);
        // In the order in which they stand on the page.
        [Field::Email, Field::Country, Field::PostalCode]
            .into_iter()
            .find(|field| wrong().any(|wrong| wrong == *field))
            .or_else(|| wrong().next())
    }

    async fn order(self, popup: Option<Window>) {
        let mut with_return = true;
        let problem = loop {
            let Some(body) = self.peek().order_body(with_return) else { return };
            let attempt = self.attempt(body);
            if !attempt.id.is_empty() {
                close(popup);
                return self.stand(attempt).await;
            }
            attempt.save();
            match self.send(attempt).await {
                Ok(attempt) => return self.begin_payment(&attempt, popup),
                Err(problem) if with_return && problem.code == "return_url_not_allowed" && self.is_live() => {
                    // The page's mistake, and not the buyer's: the helper has a page of its own to return to.
                    self.report(&problem);
                    with_return = false;
                }
                Err(problem) => break problem,
            }
        };
        close(popup);
        if self.is_live() {
            self.refused(problem);
        }
    }

    /// The order on these very terms that is under way, here or in another tab, answered or not; or a new one.
    fn attempt(self, body: String) -> Attempt {
        let state = self.peek();
        let (place, terms) = (state.place(), state.terms());
        // What this widget itself has sent counts also where nothing can be kept.
        let known =
            state.attempt.clone().into_iter().chain(Attempt::current(&place)).find(|known| known.terms == terms);
        known.unwrap_or_else(|| Attempt::new(body, state.cart_json(), place, terms))
    }

    /// Sends an order, again with the same key while there is no answer that counts. Without one it stays
    /// under way: whoever asks again asks for the same order. Refused for good, it is over.
    pub async fn send(self, mut attempt: Attempt) -> Result<Attempt, Problem> {
        let mut waits = BACK_OFF_MS.into_iter();
        let host = self.peek().host.clone();
        let body = with_token(&attempt.body, host.options.customer_token.as_deref());
        let mut patience = PATIENCE_MS;
        loop {
            let answer = host.api.create(&attempt.key, &body, None).await;
            let resend = async |proof: &str| host.api.create(&attempt.key, &body, Some(proof)).await;
            match self.proven(answer, &move || self.is_live(), resend).await {
                Ok(CreatedCheckout { id, client_secret, url, status: _, expires_at: _ }) => {
                    attempt = Attempt { id, client_secret, url, body: String::new(), ..attempt };
                    attempt.save();
                    return Ok(attempt);
                }
                Err(problem) => {
                    // When the helper says itself, that counts; work that was not enough is not done again.
                    let wait = waits.next().zip(host.api.rest()).map(|(wait, rest)| wait.max(rest));
                    let may = problem.retryable && problem.challenge.is_none() && self.is_live();
                    let Some(wait) = wait.filter(|wait| may && *wait <= patience) else {
                        self.unanswered(attempt, problem.retryable);
                        return Err(problem);
                    };
                    patience -= wait;
                    delay(wait).await;
                }
            }
        }
    }

    fn unanswered(self, attempt: Attempt, is_under_way: bool) {
        if !is_under_way {
            attempt.finish();
        }
        if self.is_live() {
            self.note(|state| state.attempt = is_under_way.then_some(attempt));
        }
    }

    fn begin_payment(self, attempt: &Attempt, popup: Option<Window>) {
        if !self.is_live() {
            return;
        }
        self.note(|state| {
            state.renews = None;
            state.attempt = Some(attempt.clone());
        });
        let data = Record::default().with("checkoutId", attempt.id.as_str());
        self.emit("checkout.payment.initiated", data);
        match (self.peek().host.options.payment, popup) {
            (Payment::Frame, _) => {
                self.go(Step::Frame);
                self.follow();
            }
            (Payment::Popup, Some(popup)) => {
                _ = popup.location().replace(&attempt.url);
                self.go(Step::Status);
                self.follow();
            }
            _ => self.leave(&attempt.url),
        }
    }

    /// Goes to the payment page, unless the page sees to that itself.
    pub fn leave(self, url: &str) {
        let state = self.peek();
        let id = state.attempt.as_ref().map(|attempt| attempt.id.as_str());
        let data = Record::default().with("url", url).maybe("checkoutId", id);
        let leaving = self.emit("checkout.redirect", data);
        self.note(|state| state.leaving = leaving);
        self.go(Step::Status);
        if leaving {
            _ = window().location().assign(url);
        } else {
            self.follow();
        }
    }

    /// Pays the order that is under way, again or for the first time.
    pub fn pay_again(self) {
        let state = self.peek();
        let known = state.checkout.as_ref().and_then(|checkout| checkout.url.clone());
        if let Some(url) = known.or_else(|| state.attempt.as_ref().map(|attempt| attempt.url.clone())) {
            self.note(|state| {
                state.arrival = Arrival::Unknown;
                state.beside = false;
            });
            if state.host.options.payment == Payment::Frame { self.go(Step::Frame) } else { self.leave(&url) }
        }
    }

    /// Back to the order, with everything that was typed.
    pub fn change_order(self, renews: bool) {
        if let Some(attempt) = &self.peek().attempt {
            attempt.finish();
        }
        self.change(|state| {
            state.beside = false;
            let before = state.checkout.take();
            state.renews = before.filter(|_| renews).map(|checkout| checkout.id.clone());
            state.attempt = None;
            state.arrival = Arrival::Unknown;
            state.slow = false;
            state.quote = None;
            state.step = Step::Loading;
        });
        self.requote();
    }

    fn refused(self, problem: Problem) {
        let text = self.report(&problem);
        let state = self.peek();
        let Problem { code, errors, quote, .. } = problem;
        if let (Some(seen), Some(quote)) = (state.total(), quote) {
            let is_same = seen == quote.total;
            self.review(seen, *quote);
            if is_same {
                self.change(|state| state.trouble = state.words.say("renewed"));
            }
            return;
        }
        let is_email = matches!(form::first_field(&errors), Some((Field::Email, _)));
        match code.as_str() {
            "quote_invalid" => {
                self.change(|state| state.trouble = state.words.say("renewed"));
                self.requote();
            }
            _ if is_email || code == "email_invalid" => {
                self.change(|state| state.set_error(Field::Email, state.words.say("email_invalid")));
                self.focus("email");
            }
            _ => self.change(|state| state.trouble = text),
        }
    }

    /// Tells the page of a problem, in the words that the buyer reads.
    pub fn report(self, problem: &Problem) -> String {
        let text = self.peek().explain(problem);
        let data = Record::default().with("code", problem.code.as_str()).with("message", text.as_str());
        self.emit("checkout.error", data.maybe("requestId", problem.request_id.as_deref()));
        text
    }
}

fn close(popup: Option<Window>) {
    if let Some(popup) = popup {
        _ = popup.close();
    }
}

impl State {
    /// Who agrees to pay how much for what. Another quote of the same is the same.
    pub fn terms(&self) -> String {
        let amount = self.total().map_or(0, |total| total.amount).to_string();
        terms(&self.draft.email, &amount, &self.wish())
    }

    /// The body of `POST /v1/checkouts` for what is shown.
    fn order_body(&self, with_return: bool) -> Option<String> {
        let options = &self.host.options;
        let customer = Record::default().with("email", self.draft.email.trim());
        let success = with_return.then(|| options.success_url.clone().or_else(own_address)).flatten();
        let mut body = Record::default()
            .with("quote_token", self.quote.as_ref()?.quote_token.as_str())
            .with("customer", customer)
            .maybe("success_url", success.as_deref());
        if !options.custom_data.is_empty() {
            body = body.with("custom_data", options::record(&options.custom_data));
        }
        Some(body.maybe("renews", self.renews.as_deref()).json())
    }
}

/// The body as it is sent: with who is signed in, which is nowhere kept.
fn with_token(body: &str, token: Option<&str>) -> String {
    match (body.strip_suffix('}'), token) {
        (Some(body), Some(token)) => [body, ",\"customer_token\":", &json(&token.into()), "}"].concat(),
        _ => body.into(),
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

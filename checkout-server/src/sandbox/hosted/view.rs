//! The pages: what each template is given.

use std::sync::LazyLock;

use axum::http::StatusCode;
use axum::response::Response;
use minijinja::value::Serde;
use minijinja::{Environment, Value as Context, context};
use serde::Serialize;

use super::form::{self, Checked, PayForm};
use super::{Display, messages, money, page, summary};
use crate::sandbox::cards;
use crate::sandbox::checkouts::{Purpose, Session};
use crate::sandbox::paging::Query;
use crate::sandbox::payments::Payment;
use crate::sandbox::state::State;
use crate::sandbox::tax;

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    for (name, source) in [
        ("layout.html", include_str!("../../../pages/sandbox/layout.html")),
        ("summary.html", include_str!("../../../pages/sandbox/summary.html")),
        ("pay.html", include_str!("../../../pages/sandbox/pay.html")),
        ("challenge.html", include_str!("../../../pages/sandbox/challenge.html")),
        ("message.html", include_str!("../../../pages/sandbox/message.html")),
    ] {
        templates.add_template(name, source).expect("embedded templates parse, and a test renders each");
    }
    templates
});

/// How the page is shown, and to whom it talks.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) display: Display,
    /// The parent does the redirect itself.
    pub(crate) manual_redirect: bool,
    /// The parent's origin, which the script found on the first page: after a form was sent, the
    /// referrer is this page itself.
    parent: Option<String>,
}

impl Frame {
    pub(crate) fn new(display: Display, query: &Query) -> Self {
        let manual_redirect = query.get("manualRedirect") == Some("true");
        // Only an origin gets into links, whatever somebody puts into the query.
        let parent = query.get("parent").and_then(|text| {
            let origin = reqwest::Url::parse(text).ok()?.origin();
            origin.is_tuple().then(|| origin.ascii_serialization())
        });
        Self { display, manual_redirect, parent }
    }

    /// A link to a part of the same page, shown the same way.
    pub(crate) fn link(&self, session_id: &str, part: &str, attempt: Option<&str>) -> String {
        let mut query = Vec::new();
        if let Some(attempt) = attempt {
            query.push(format!("attempt={attempt}"));
        }
        if self.manual_redirect {
            query.push("manualRedirect=true".into());
        }
        if let Some(parent) = &self.parent {
            query.push(format!("parent={parent}"));
        }
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}/session/{session_id}{part}{mark}{}", self.display.prefix(), query.join("&"))
    }

    fn is_framed(&self) -> bool {
        self.display != Display::Page
    }
}

/// What a failed or changed try has to say.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Notice {
    title: &'static str,
    text: String,
    /// It is about the try that was just made.
    fresh: bool,
}

impl Notice {
    /// Of a payment that did not go through. Stolen and lost cards would read as a plain decline.
    pub(crate) fn of(payment: &Payment, fresh: bool) -> Self {
        let text = match payment.error_code {
            Some("INSUFFICIENT_FUNDS") => "The card has too little money on it. Try another card.",
            Some("EXPIRED_CARD") => "The card has expired. Try another card.",
            Some("AUTHENTICATION_FAILURE") => {
                "Your bank could not confirm that it was you. Try again, or another card."
            }
            Some("CUSTOMER_CANCELLED") => "You cancelled the payment. You can still pay.",
            _ => "The card was declined. Try another card.",
        };
        Self { title: "The payment did not go through", text: text.into(), fresh }
    }

    /// Of a total that another country's tax changed.
    pub(crate) fn new_tax(country: &'static str) -> Self {
        let text = format!("Tax is now for {}. Check the total, then pay.", country_name(country));
        Self { title: "The total has changed", text, fresh: false }
    }
}

fn country_name(code: &str) -> &'static str {
    let position = tax::SUPPORTED_COUNTRIES.iter().position(|country| *country == code);
    position.map_or("another country", |position| tax::COUNTRY_NAMES[position])
}

fn render(status: StatusCode, template: &str, frame: &Frame, own: Context) -> Response {
    let display = match frame.display {
        Display::Page => "page",
        Display::Overlay => "overlay",
        Display::Inline => "inline",
    };
    let shared = context! { display, framed => frame.is_framed(), parent => frame.parent.as_deref(), ..own };
    match TEMPLATES.get_template(template).and_then(|template| template.render(shared)) {
        Ok(html) => page(status, html),
        Err(error) => {
            tracing::error!(template, %error, "a sandbox page could not be rendered");
            page(StatusCode::INTERNAL_SERVER_ERROR, "The page could not be shown.".into())
        }
    }
}

fn json(messages: &[serde_json::Value]) -> String {
    serde_json::to_string(messages).unwrap_or_default()
}

/// The payment form.
pub(crate) fn pay(
    frame: &Frame,
    session: &Session,
    state: &State,
    typed: PayForm,
    checked: Checked,
    notice: Option<Notice>,
) -> Response {
    let wrong = !checked.errors.is_empty();
    let failed = notice.as_ref().is_some_and(|notice| notice.fresh);
    let given = session.body.customer.as_ref();
    let by_id = given.and_then(|customer| customer.customer_id.as_deref()).and_then(|id| state.customers.get(id));
    let known_email = by_id.map(|row| row.email.clone()).or(given.and_then(|customer| customer.email.clone()));
    let known_name = by_id.map(|row| row.name.clone()).or(given.and_then(|customer| customer.name.clone()));
    let flags = session.body.feature_flags.clone().unwrap_or_default();
    let countries: Vec<_> = tax::SUPPORTED_COUNTRIES.iter().zip(tax::COUNTRY_NAMES).collect();
    let button =
        session.body.customization.as_ref().and_then(|custom| custom.theme_config.as_ref()?.pay_button_text.clone());
    let link = |part: &str| frame.link(&session.session_id, part, None);
    let own = context! {
        theme => theme(session),
        summary => summary::of(session),
        action => action(session),
        messages => json(&messages::ready(frame, session, failed)),
        submit_messages => json(&messages::submitting()),
        close_messages => json(&messages::closed()),
        pay_link => link("/pay"),
        self_link => link(""),
        manual_redirect => frame.manual_redirect,
        cancel_url => session.body.cancel_url.as_deref(),
        email_is_fixed => known_email.is_some() && flags.allow_customer_editing_email != Some(true),
        email => typed.email.or(known_email),
        name => typed.name.or(known_name),
        card => typed.card,
        expiry => typed.expiry,
        cvc => typed.cvc,
        errors => Context::from(Serde(&checked.errors)),
        notice => Context::from(Serde(&notice)),
        samples => Context::from(Serde(&cards::SAMPLES)),
        asks_country => form::asks_country(session),
        countries => Context::from(Serde(&countries)),
        country => session.body.country(),
        country_name => country_name(session.body.country()),
        button => button,
    };
    render(if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }, "pay.html", frame, own)
}

/// The bank's question.
pub(crate) fn challenge(frame: &Frame, session: &Session) -> Response {
    let link = |part: &str| frame.link(&session.session_id, part, None);
    let own = context! {
        theme => theme(session),
        total => money::text(session.pricing.now.total, session.pricing.currency),
        challenge_link => link("/challenge"),
        cancel_link => link("/cancel"),
    };
    render(StatusCode::OK, "challenge.html", frame, own)
}

/// Paid, or on its way.
pub(crate) fn done(frame: &Frame, session: &Session, payment: &Payment, base_url: &str) -> Response {
    let redirect_to = messages::return_to(session, payment, base_url);
    let total = money::text(payment.total_amount, session.pricing.currency);
    let (title, text) = if payment.is_update_payment_method && payment.status == "succeeded" {
        ("Card saved", "Your subscription is charged to it from now on. Nothing was charged today.".into())
    } else if payment.status == "succeeded" {
        ("Payment received", format!("You paid {total}. A receipt goes to {}.", payment.customer.email))
    } else {
        ("Payment in progress", format!("Your bank has not confirmed {total} yet. We will tell the shop when it does."))
    };
    let own = context! {
        theme => theme(session),
        tone => payment.status,
        title => title,
        text => text,
        messages => json(&messages::done(frame, payment, &redirect_to)),
        link => session.body.return_url.is_some().then_some(redirect_to),
        link_text => "Back to the shop",
    };
    render(StatusCode::OK, "message.html", frame, own)
}

/// A session that was paid before.
pub(crate) fn consumed(frame: &Frame, session: &Session) -> Response {
    let own = context! {
        theme => theme(session),
        tone => "note",
        title => "This was paid already",
        text => "This payment page has done its work and cannot be used again. You were not charged twice.",
        messages => json(&messages::consumed()),
        link => session.body.return_url.as_deref(),
        link_text => "Back to the shop",
    };
    render(StatusCode::CONFLICT, "message.html", frame, own)
}

/// A session whose time is over.
pub(crate) fn expired(frame: &Frame, session: &Session) -> Response {
    let own = context! {
        theme => theme(session),
        tone => "note",
        title => "This payment page has expired",
        text => "Nothing was charged. Go back to the shop and start again.",
        messages => json(&messages::expired()),
        link => session.body.cancel_url.as_deref().or(session.body.return_url.as_deref()),
        link_text => "Back to the shop",
    };
    render(StatusCode::GONE, "message.html", frame, own)
}

/// No such session.
pub(crate) fn missing(frame: &Frame) -> Response {
    let own = context! {
        theme => "system",
        tone => "note",
        title => "There is no such payment page",
        text => "The address may be incomplete, or the sandbox was started anew since.",
        messages => json(&messages::missing()),
    };
    render(StatusCode::NOT_FOUND, "message.html", frame, own)
}

/// What the button does. With nothing to pay now, a card is still asked for: for what comes later.
fn action(session: &Session) -> String {
    let pricing = &session.pricing;
    match (pricing.now.total, pricing.trial_days()) {
        (0, _) if session.purpose != Purpose::Buy => "Save the card".into(),
        (0, Some(_)) => "Start the free trial".into(),
        (total, _) => format!("Pay {}", money::text(total, pricing.currency)),
    }
}

fn theme(session: &Session) -> &str {
    match session.body.customization.as_ref().and_then(|custom| custom.theme.as_deref()) {
        Some("dark") => "dark",
        Some("light") => "light",
        _ => "system",
    }
}

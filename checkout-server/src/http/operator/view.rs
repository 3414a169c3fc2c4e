//! How the operator's pages are made: templates, the stylesheet, and what a state or a time is called.

use std::sync::LazyLock;

use axum::Extension;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Response};
use checkout_types::listing::ListedCustomer;
use checkout_types::money::Money;
use jiff::{SignedDuration, Timestamp};
use minijinja::value::Serde;
use minijinja::{Environment, Value, context};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::announcement::Kind;
use crate::customer::CustomerKey;
use crate::error::{Code, Problem};
use crate::http::headers::Page;

const SOURCES: [(&str, &str); 17] = [
    ("operator/checkouts.html", include_str!("../../../pages/operator/checkouts.html")),
    ("operator/customer.html", include_str!("../../../pages/operator/customer.html")),
    ("operator/deliveries.html", include_str!("../../../pages/operator/deliveries.html")),
    ("operator/event.html", include_str!("../../../pages/operator/event.html")),
    ("operator/events.html", include_str!("../../../pages/operator/events.html")),
    ("operator/layout.html", include_str!("../../../pages/operator/layout.html")),
    ("operator/message.html", include_str!("../../../pages/operator/message.html")),
    ("operator/messages.html", include_str!("../../../pages/operator/messages.html")),
    ("operator/orders.html", include_str!("../../../pages/operator/orders.html")),
    ("operator/overview.html", include_str!("../../../pages/operator/overview.html")),
    ("operator/problem.html", include_str!("../../../pages/operator/problem.html")),
    ("operator/replay.html", include_str!("../../../pages/operator/replay.html")),
    ("operator/results.html", include_str!("../../../pages/operator/results.html")),
    ("operator/stuck.html", include_str!("../../../pages/operator/stuck.html")),
    ("operator/subscriptions.html", include_str!("../../../pages/operator/subscriptions.html")),
    ("operator/timeline.html", include_str!("../../../pages/operator/timeline.html")),
    ("operator/when.html", include_str!("../../../pages/operator/when.html")),
];

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    for (name, source) in SOURCES {
        templates.add_template(name, source).expect("the templates are part of the program and parse");
    }
    templates.add_filter("ago", |at: &str, now: &str| ago(at, now));
    templates.add_filter("clock", |at: &str| clock(at));
    templates.add_filter("customer_name", |customer: Serde<ListedCustomer>| key_of(customer.0).name());
    templates.add_filter("customer_path", |customer: Serde<ListedCustomer>| path_of(&key_of(customer.0)));
    templates.add_filter("money", |money: Serde<Money>| money.0.to_string());
    templates.add_filter("told", |kind: &str| told(kind));
    templates.add_filter("tone", |state: &str| tone(state));
    templates.add_filter("words", |state: &str| words(state));
    templates
});

/// The stylesheet: the widget's tokens, for a page instead of an element, and the layout.
static STYLESHEET: LazyLock<String> = LazyLock::new(|| {
    let tokens =
        include_str!("../../../../style/tokens.css").replacen(":host {", ":root {\n  color-scheme: light dark;", 1);
    tokens + include_str!("../../../pages/operator/operator.css")
});

pub(in crate::http) async fn stylesheet() -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=300")),
    ];
    (headers, STYLESHEET.as_str()).into_response()
}

/// A page.
pub(super) fn render(template: &'static str, context: Value) -> Result<Response, Problem> {
    let rendered = TEMPLATES.get_template(template).and_then(|template| template.render(context));
    rendered.map(|html| (Extension(Page(template)), Html(html)).into_response()).map_err(|error| {
        tracing::error!(%error, template, "a page was not made");
        Code::Internal.into()
    })
}

/// Refusals in words: an operator reads this, not JSON.
pub(in crate::http) async fn in_words(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) => refusal(&problem),
        None => response,
    }
}

/// A refusal as a page.
pub(super) fn refusal(problem: &Problem) -> Response {
    let code = problem.code;
    let (title, says) = match code {
        Code::NotFound => ("There is nothing here", "The address names nothing that is stored. Search for it above."),
        Code::OriginNotAllowed => {
            ("That did not come from this page", "What changes something is only taken from this page’s own buttons.")
        }
        code => (code.title(), code.cure()),
    };
    problem_page(code, title, says, true)
}

/// What a stranger sees.
pub(super) fn locked(has_operator: bool) -> Response {
    if has_operator {
        let says = "Reload the page, and give the operator’s key (CHECKOUT_OPERATOR_KEY) as the password. The user name may be anything.";
        problem_page(Code::Unauthorized, "This page is for operators", says, false)
    } else {
        tracing::warn!("an operator was refused: set CHECKOUT_OPERATOR_KEY or operator_key_file, and restart");
        let says =
            "No operator’s key is configured. Set CHECKOUT_OPERATOR_KEY or operator_key_file, and restart the helper.";
        problem_page(Code::Unauthorized, "This page has no key yet", says, false)
    }
}

fn problem_page(code: Code, title: &str, says: &str, known: bool) -> Response {
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match render("operator/problem.html", context! { title, says, known, code => code.as_str() }) {
        Ok(page) => (status, page).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// A customer's own page.
pub(super) fn path_of(key: &CustomerKey) -> String {
    format!("/customers/{}", utf8_percent_encode(&key.stored(), NON_ALPHANUMERIC))
}

fn key_of(ListedCustomer { reference, checkout }: ListedCustomer) -> CustomerKey {
    match reference {
        Some(reference) => CustomerKey::Reference(reference),
        None => CustomerKey::Guest(checkout.unwrap_or_default()),
    }
}

/// What a customer is called here.
pub(super) trait Named {
    fn name(&self) -> String;
}

impl Named for CustomerKey {
    fn name(&self) -> String {
        match self {
            Self::Reference(reference) => reference.clone(),
            // The end of the id is what differs.
            Self::Guest(checkout) => {
                let tail = checkout.len().saturating_sub(8);
                format!("guest …{}", checkout.get(tail..).unwrap_or(checkout))
            }
        }
    }
}

/// `22 Nov 2026, 21:05`.
fn clock(at: &str) -> String {
    at.parse::<Timestamp>().map_or_else(|_| at.to_owned(), |at| at.strftime("%-d %b %Y, %H:%M").to_string())
}

/// How long ago, in one unit; how soon, where it is to come.
fn ago(at: &str, now: &str) -> String {
    let (Ok(at), Ok(now)) = (at.parse::<Timestamp>(), now.parse::<Timestamp>()) else { return at.to_owned() };
    let passed = now.duration_since(at);
    let length = match passed.abs() {
        length if length < SignedDuration::from_mins(1) => return "just now".to_owned(),
        length if length < SignedDuration::from_hours(1) => format!("{} min", length.as_mins()),
        length if length < SignedDuration::from_hours(48) => format!("{} h", length.as_hours()),
        length => format!("{} days", length.as_hours() / 24),
    };
    if passed.is_negative() { format!("in {length}") } else { format!("{length} ago") }
}

fn words(state: &str) -> String {
    match state {
        "needs_review" => "to be looked at".to_owned(),
        other => other.strip_prefix("unknown:").unwrap_or(other).replace('_', " "),
    }
}

/// Which colour a state, or a kind of event, has.
fn tone(state: &str) -> &'static str {
    match state {
        "paid"
        | "fulfilled"
        | "succeeded"
        | "delivered"
        | "active"
        | "checkout.paid"
        | "payment.succeeded"
        | "subscription.started"
        | "subscription.renewed"
        | "subscription.recovered"
        | "subscription.resumed"
        | "subscription.uncanceled"
        | "dispute.won" => "good",
        "failed"
        | "needs_review"
        | "dead"
        | "parked"
        | "disabled"
        | "suspended"
        | "ended"
        | "on_hold"
        | "checkout.needs_review"
        | "checkout.paid_twice"
        | "payment.failed"
        | "dispute.opened"
        | "dispute.lost"
        | "subscription.ended" => "bad",
        "past_due"
        | "grace"
        | "processing"
        | "failing"
        | "leased"
        | "subscription.past_due"
        | "subscription.canceled"
        | "subscription.paused"
        | "subscription.trial_ending"
        | "payment.refunded" => "warn",
        _ => "calm",
    }
}

/// What happened, as somebody would say it.
fn told(kind: &str) -> String {
    let said = match Kind::named(kind) {
        Some(Kind::CheckoutPaid) => "An order was paid",
        Some(Kind::CheckoutNeedsReview) => "A payment does not fit its order",
        Some(Kind::CheckoutPaidTwice) => "An order was paid twice",
        Some(Kind::PaymentSucceeded) => "Money came in",
        Some(Kind::PaymentFailed) => "A payment failed",
        Some(Kind::PaymentRefunded) => "Money was given back",
        Some(Kind::DisputeOpened) => "A bank asks money back",
        Some(Kind::DisputeWon) => "A dispute was won",
        Some(Kind::DisputeLost) => "A dispute was lost",
        Some(Kind::SubscriptionStarted) => "A subscription began",
        Some(Kind::SubscriptionRenewed) => "A subscription was renewed",
        Some(Kind::SubscriptionPastDue) => "A renewal failed",
        Some(Kind::SubscriptionRecovered) => "A failed renewal was made good",
        Some(Kind::SubscriptionPaused) => "A subscription was paused",
        Some(Kind::SubscriptionResumed) => "A subscription goes on",
        Some(Kind::SubscriptionChanged) => "A plan was changed",
        Some(Kind::SubscriptionCanceled) => "A subscription was canceled",
        Some(Kind::SubscriptionUncanceled) => "A cancellation was taken back",
        Some(Kind::SubscriptionEnded) => "A subscription ended",
        Some(Kind::TrialEnding) => "A trial ends soon",
        Some(Kind::EntitlementsChanged) => "Access changed",
        None => return kind.to_owned(),
    };
    said.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_event_has_words() {
        for kind in Kind::ALL {
            assert_ne!(told(kind.as_str()), kind.as_str());
        }
    }

    #[test]
    fn times_are_told_in_one_unit() {
        let now = "2026-11-22T21:00:00Z";
        for (at, expected) in [
            ("2026-11-22T20:59:30Z", "just now"),
            ("2026-11-22T20:15:00Z", "45 min ago"),
            ("2026-11-22T15:00:00Z", "6 h ago"),
            ("2026-11-12T15:00:00Z", "10 days ago"),
            ("2026-11-22T22:00:00Z", "in 1 h"),
            ("whenever", "whenever"),
        ] {
            assert_eq!(ago(at, now), expected);
        }
        assert_eq!(clock(now), "22 Nov 2026, 21:00");
    }

    #[test]
    fn a_customers_path_holds_whatever_their_name_is() {
        let key = CustomerKey::Reference("a/b?c#d é".to_owned());
        assert_eq!(path_of(&key), "/customers/ref%3Aa%2Fb%3Fc%23d%20%C3%A9");
    }
}

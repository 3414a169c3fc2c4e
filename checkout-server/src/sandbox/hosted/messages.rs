//! What the page tells the page around it, by `postMessage`: `{event_type, data: {message}}`.

use serde_json::{Value, json};

use super::Display;
use super::view::Frame;
use crate::sandbox::checkouts::Session;
use crate::sandbox::payments::Payment;

fn event(event_type: &str, message: Value) -> Value {
    json!({ "event_type": event_type, "data": { "message": message } })
}

/// When the payment form is there. A try that failed just now is told first.
pub(crate) fn ready(frame: &Frame, session: &Session, failed: bool) -> Vec<Value> {
    let mut told = Vec::new();
    if failed {
        told.extend(status(frame, "failed"));
    } else {
        told.push(event("checkout.opened", "The checkout is open".into()));
        told.push(event("checkout.payment_page_opened", "The payment page is open".into()));
    }
    told.push(event("checkout.form_ready", "The form is ready".into()));
    if frame.display == Display::Inline {
        // The real page hands these out for wallets; a parent must not pass them on.
        let keys = json!({
            "publishable_key": "pk_snd_sandbox",
            "client_secret_key": format!("{}_secret_sandbox", session.session_id),
            "return_url": session.body.return_url,
            "apple_pay_branding": null,
        });
        told.push(event("checkout.keys_provided", keys));
    }
    told.push(breakdown(session));
    told
}

fn breakdown(session: &Session) -> Value {
    let (now, currency) = (session.pricing.now, session.pricing.currency);
    event(
        "checkout.breakdown",
        json!({
            "subTotal": now.subtotal,
            "discount": now.discount,
            "tax": now.tax,
            "total": now.total,
            "currency": currency,
            "finalTotal": now.total,
            "finalTotalCurrency": currency,
        }),
    )
}

/// When the buyer presses the button.
pub(crate) fn submitting() -> Vec<Value> {
    vec![
        event("checkout.customer_details_submitted", "The customer's details were sent".into()),
        event("checkout.pay_button_clicked", "The pay button was pressed".into()),
    ]
}

/// Only a parent that does the redirect itself is told the status.
fn status(frame: &Frame, status: &str) -> Option<Value> {
    frame.manual_redirect.then(|| event("checkout.status", json!({ "status": status })))
}

/// When there is nothing more to do here.
pub(crate) fn done(frame: &Frame, payment: &Payment, redirect_to: &str) -> Vec<Value> {
    let leave = if frame.manual_redirect { "checkout.redirect_requested" } else { "checkout.redirect" };
    let mut told: Vec<_> = status(frame, payment.status).into_iter().collect();
    told.push(event(leave, json!({ "redirect_to": redirect_to })));
    told
}

/// When the session's time is over.
pub(crate) fn expired() -> Vec<Value> {
    vec![event("checkout.link_expired", "The link has expired".into())]
}

/// When a session was paid before.
pub(crate) fn consumed() -> Vec<Value> {
    vec![event("checkout.error", "The session already produced a payment".into())]
}

/// When there is no such session.
pub(crate) fn missing() -> Vec<Value> {
    vec![event("checkout.error", "There is no such session".into())]
}

/// When the buyer closes the frame.
pub(crate) fn closed() -> Vec<Value> {
    vec![event("checkout.closed", "The checkout was closed".into())]
}

/// The shop's return address with what the provider adds to it, unsigned. Without a return
/// address, the session's own page.
pub(crate) fn return_to(session: &Session, payment: &Payment, base_url: &str) -> String {
    let own = session.url(base_url);
    let target = session.body.return_url.as_deref().unwrap_or(&own);
    let Ok(mut url) = reqwest::Url::parse(target) else { return own };
    {
        let mut query = url.query_pairs_mut();
        if payment.subscription_ids.is_empty() {
            query.append_pair("payment_id", &payment.payment_id);
            query.append_pair("status", payment.status);
        } else {
            query.append_pair("subscription_id", &payment.subscription_ids.join(","));
            query.append_pair("status", "active");
        }
        query.append_pair("email", &payment.customer.email);
    }
    url.into()
}

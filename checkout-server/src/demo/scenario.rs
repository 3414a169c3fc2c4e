//! The panel's buttons: each asks the sandbox, over its control API, to behave in some way. The
//! browser never talks to that API itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Json;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::activity::{Entry, Who};
use super::pages::Shop;
use crate::catalog::Catalog;
use crate::outgoing::{Outgoing, Purpose, Reach};

/// A button.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Scenario {
    /// What the form sends.
    name: &'static str,
    /// What the button says.
    label: &'static str,
    /// What it did, once it did.
    done: &'static str,
}

/// The buttons, in the order to show.
pub(super) const ALL: [Scenario; 12] = [
    Scenario::new("decline", "Decline the next payment", "The next payment will be declined, whatever the card."),
    Scenario::new(
        "renewals",
        "Decline renewals",
        "Cards on file are now declined. Move the clock to see what follows.",
    ),
    Scenario::new("three_ds", "Ask for 3-D Secure", "The next payment will ask the buyer to confirm with the bank."),
    Scenario::new("slow", "Slow webhook", "Webhooks now arrive 40 seconds late."),
    Scenario::new("twice", "Webhook twice", "Every webhook now arrives twice. Nothing happens twice."),
    Scenario::new("never", "Webhook never", "Webhooks are now lost on the way. What is paid stays unpaid here."),
    Scenario::new(
        "price",
        "Change a price",
        "Pro is dearer now. An older quote is refused, and the buyer sees the new one.",
    ),
    Scenario::new("outage", "Provider down", "The provider now answers with errors. Nothing is charged or lost."),
    Scenario::new("hour", "Advance the clock 1 hour", "It is an hour later now: quotes have expired."),
    Scenario::new("day", "Advance the clock 1 day", "It is a day later now: open payment pages have expired."),
    Scenario::new(
        "month",
        "Advance the clock 1 month",
        "It is a month later now: what renews by the month was charged again.",
    ),
    Scenario::new("normal", "Back to normal", "Everything behaves again."),
];

impl Scenario {
    const fn new(name: &'static str, label: &'static str, done: &'static str) -> Self {
        Self { name, label, done }
    }
}

/// The way to the sandbox's control API.
pub(super) struct Control {
    http: Outgoing,
    base: String,
    /// The provider's product whose price changes, and what it then costs.
    dearer: Option<(String, i64)>,
    /// Whether cards on file are declined, as far as these buttons have asked for it.
    declining: AtomicBool,
}

/// What a month brings while cards on file are declined.
const DECLINED: &str = "It is a month later now: what renews by the month was tried, and declined. The mailbox has \
    the mail with the way to mend it, and access goes on for a while.";

impl Control {
    /// # Panics
    /// Where no HTTP client can be made at all, which is a broken build.
    pub(super) fn new(base: String, catalog: &Catalog) -> Self {
        let http = Outgoing::new(Purpose::Provider, Reach::ThisMachine)
            .expect("a client without certificates of its own can be made");
        let dearer =
            catalog.price("pro_monthly").map(|(_, price)| (price.provider_product.clone(), price.money.amount + 200));
        Self { http, base, dearer, declining: AtomicBool::new(false) }
    }

    /// What a button did, in words.
    fn told(&self, scenario: &Scenario) -> &'static str {
        match scenario.name {
            "renewals" => self.declining.store(true, Ordering::Relaxed),
            "normal" => self.declining.store(false, Ordering::Relaxed),
            "month" if self.declining.load(Ordering::Relaxed) => return DECLINED,
            _ => {}
        }
        scenario.done
    }

    /// What the sandbox is asked to do.
    fn order(&self, name: &str) -> (Method, &'static str, Value) {
        let change = |body| (Method::PUT, "/control/scenario", body);
        let webhooks = |mode: &str| change(json!({ "webhooks": { "mode": mode } }));
        let advance = |seconds: u32| (Method::POST, "/control/clock/advance", json!({ "seconds": seconds }));
        match name {
            "decline" | "three_ds" => change(json!({ "next_payment": name })),
            "renewals" => change(json!({ "next_renewals": "decline" })),
            "slow" | "twice" | "never" => webhooks(name),
            "price" => {
                let (product, price) = self.dearer.clone().unwrap_or_default();
                change(json!({ "price_change": { "product_id": product, "price": price } }))
            }
            "outage" => change(json!({ "outage": "error500" })),
            "hour" => advance(3_600),
            "day" => advance(86_400),
            "month" => advance(31 * 86_400),
            _ => (Method::DELETE, "/control/scenario", json!({})),
        }
    }

    async fn send(&self, (method, path, body): (Method, &str, Value)) -> Result<(), String> {
        let request = self.http.request(method, &format!("{}{path}", self.base));
        let request = request.map_err(|why| format!("The sandbox's address {why}."))?;
        match request.json(&body).send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(format!("The sandbox did not take it: it answered {}.", answer.status().as_u16())),
            Err(_) => Err("The sandbox does not answer.".to_owned()),
        }
    }
}

/// The form that a button sends.
#[derive(Deserialize)]
pub(super) struct Choice {
    scenario: String,
}

/// `POST /scenario`: for the panel's script an answer in JSON, for a page without script the page again.
pub(super) async fn play(State(shop): State<Arc<Shop>>, headers: HeaderMap, Form(choice): Form<Choice>) -> Response {
    if !same_origin(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let Some(scenario) = ALL.iter().find(|scenario| scenario.name == choice.scenario) else {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    };
    let done = shop.control.send(shop.control.order(scenario.name)).await;
    let entry = Entry {
        at: shop.activity.now(),
        who: Who::Sandbox,
        text: format!("You asked the sandbox: {}", scenario.label),
        status: Some(if done.is_ok() { "done" } else { "refused" }.to_owned()),
        detail: None,
    };
    shop.activity.record(entry);
    let message = done.map(|()| shop.control.told(scenario));
    let scripted = headers.get(header::ACCEPT).is_some_and(|accept| accept == "application/json");
    match message {
        _ if !scripted => Redirect::to(&page_it_came_from(&headers)).into_response(),
        Ok(message) => Json(json!({ "message": message })).into_response(),
        Err(message) => (StatusCode::BAD_GATEWAY, Json(json!({ "message": message }))).into_response(),
    }
}

/// Another site's page, open in the same browser, does not press our buttons.
fn same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text(header::ORIGIN) else { return true };
    let host = origin.split_once("://").map(|(_, host)| host);
    host.is_some() && host == text(header::HOST)
}

/// One of our own pages, never another address.
fn page_it_came_from(headers: &HeaderMap) -> String {
    let referer = headers.get(header::REFERER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let path = ["/app", "/inline"].into_iter().find(|page| referer.ends_with(page)).unwrap_or("/");
    format!("{path}#what-happened")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_month_brought_is_told_as_it_was() {
        let catalog = Catalog::parse(include_str!("../../../catalog.example.toml")).unwrap();
        let control = Control::new("http://127.0.0.1:1".to_owned(), &catalog);
        let press = |name: &str| control.told(ALL.iter().find(|scenario| scenario.name == name).unwrap());
        assert!(press("month").contains("charged again"));
        press("renewals");
        assert!(press("month").contains("declined") && !press("month").contains("charged"));
        press("normal");
        assert!(press("month").contains("charged again"));
    }
}

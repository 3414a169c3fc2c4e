//! `/pay/{price_id}`: a whole checkout on pages of ours, without any script. The link that sales
//! people send, and the last rung of the widget's fallback ladder.
//!
//! First the buyer says how many, where they are and who they are; then they see what it costs;
//! then they go on to the provider's page. Nothing is kept between the steps but what the page
//! itself carries.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use checkout_types::cart::CartLine;
use checkout_types::catalog::{Billing, Interval, QuantityRule};
use checkout_types::customer::{Address, Customer};
use checkout_types::{CheckoutRequest, Quote, QuoteRequest};
use minijinja::{Value, context};
use serde::Deserialize;

use super::extract::{body, is_in_utf8, one};
use super::who::leak;
use super::{json, pages};
use crate::abuse::{Caller, Proof, Visitor};
use crate::app::App;
use crate::catalog::{Price, Product};
use crate::error::{Code, Problem};
use crate::quote::token;
use crate::{ordering, pricing, random};

/// What the link may say.
#[derive(Default, Deserialize)]
pub(super) struct Wish {
    quantity: Option<String>,
    email: Option<String>,
    country: Option<String>,
    /// Set by the widget when the page is in its frame.
    embed: Option<String>,
}

/// What the form says. Everything is text until it has been checked.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Form {
    step: String,
    quantity: String,
    email: String,
    country: String,
    postal_code: String,
    discount_code: String,
    key: String,
    quote_token: String,
    embed: String,
    /// What the page was given when it asked for patience.
    patience: String,
}

pub(super) async fn show(
    State(app): State<App>,
    Path(price_id): Path<String>,
    wish: Result<Query<Wish>, QueryRejection>,
) -> Response {
    // A link that says something twice says nothing.
    let Query(wish) = wish.unwrap_or_default();
    // What may not come in is not shown either: the field stays empty.
    let clean = |text: Option<String>| text.filter(|text| json::check_text(text).is_ok()).unwrap_or_default();
    let form = Form {
        quantity: clean(wish.quantity),
        email: clean(wish.email),
        country: clean(wish.country),
        embed: clean(wish.embed),
        ..Form::default()
    };
    let shown = app.selling.check().and_then(|()| page(&app, &price_id, &form, None, None));
    shown.unwrap_or_else(|problem| pages::refusal(&problem))
}

pub(super) async fn submit(
    State(app): State<App>,
    Path(price_id): Path<String>,
    caller: Caller,
    request: Request,
) -> Response {
    let answered = match form(&app, request).await {
        Ok(form) => {
            let patience = Some(form.patience.clone()).filter(|token| !token.is_empty());
            answer(&app, &Visitor { caller, proof: Proof::Patience(patience) }, &price_id, &form).await
        }
        Err(problem) => Err(problem),
    };
    answered.unwrap_or_else(|problem| pages::refusal(&problem))
}

/// A form that one of our own pages sent.
async fn form(app: &App, request: Request) -> Result<Form, Problem> {
    from_our_page(app, request.headers())?;
    if !is_in_utf8(request.headers(), "application/x-www-form-urlencoded") {
        return Err(Code::UnsupportedMediaType.into());
    }
    let body = body(request, 16 * 1_024).await?;
    if leak::is_in(app, &body) {
        return Err(leak::reported());
    }
    let form: Form = serde_urlencoded::from_bytes(&body).map_err(|_| Code::UnknownField)?;
    // The same rules as for JSON: what is wrong is not even shown again.
    let Form { step, quantity, email, country, postal_code, discount_code, key, quote_token, embed, patience } = &form;
    for text in [step, quantity, email, country, postal_code, discount_code, key, embed, patience] {
        json::check_text(text)?;
    }
    json::check_sealed(quote_token)?;
    Ok(form)
}

pub(super) fn from_our_page(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    match one(headers, &header::ORIGIN) {
        Ok(None) => Ok(()),
        // `known_host` has checked the host: a page of that origin is ours.
        Ok(Some(origin)) if origin == app.public_url || is_same(origin, headers) => Ok(()),
        _ => Err(Code::OriginNotAllowed.into()),
    }
}

/// Whether a form came from the very host that it was sent to.
fn is_same(origin: &str, headers: &HeaderMap) -> bool {
    let host = one(headers, &header::HOST).ok().flatten();
    host.is_some_and(|host| origin.split_once("://").is_some_and(|(_, from)| from == host))
}

async fn answer(app: &App, visitor: &Visitor, price_id: &str, form: &Form) -> Result<Response, Problem> {
    if form.step == "change" {
        return page(app, price_id, form, None, None);
    }
    let asked =
        if form.step == "pay" { pay(app, visitor, form).await } else { review(app, visitor, price_id, form).await };
    match asked {
        Ok(Step::Review(quote)) => page(app, price_id, form, Some(&quote), None),
        Ok(Step::Pay(url)) => Ok(Redirect::to(&url).into_response()),
        // The price is another one now: show it and ask again.
        Err(Problem { code: code @ (Code::PriceChanged | Code::QuoteExpired), quote: Some(quote), .. }) => {
            page(app, price_id, form, Some(&quote), Some(&code.into()))
        }
        // The order may have been made: the same key goes on where it stopped.
        Err(problem) if problem.code.retryable() && form.step == "pay" => {
            let quote = token::reopen(&app.keys.quotes, &form.quote_token);
            page(app, price_id, form, quote.as_ref(), Some(&problem))
        }
        Err(problem) if problem.code.status() == 422 || problem.code.retryable() => {
            page(app, price_id, form, None, Some(&problem))
        }
        Err(problem) => Err(problem),
    }
}

enum Step {
    Review(Box<Quote>),
    Pay(String),
}

async fn review(app: &App, visitor: &Visitor, price_id: &str, form: &Form) -> Result<Step, Problem> {
    // Told now, not after the price has been read.
    ordering::check_email(&form.email)?;
    let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let request = QuoteRequest {
        items: vec![CartLine {
            price_id: price_id.to_owned(),
            quantity: form.quantity.trim().parse().map_err(|_| Problem::from(Code::OutOfRange))?,
            addons: vec![],
        }],
        discount_code: filled(&form.discount_code),
        customer: Some(Address {
            country: form.country.trim().to_owned(),
            postal_code: filled(&form.postal_code),
            tax_id: None,
        }),
        currency: None,
    };
    Ok(Step::Review(Box::new(pricing::quote(app, visitor, &request).await?)))
}

async fn pay(app: &App, visitor: &Visitor, form: &Form) -> Result<Step, Problem> {
    let request = CheckoutRequest {
        quote_token: form.quote_token.clone(),
        customer: Customer { email: form.email.clone(), name: None },
        customer_token: None,
        success_url: None,
        custom_data: [].into(),
        renews: None,
    };
    if form.key.len() < 16 {
        return Err(Code::IdempotencyKeyInvalid.into());
    }
    let made = ordering::order(app, visitor, &format!("pay-page-{}", form.key), request).await?;
    Ok(Step::Pay(made.session.url))
}

fn page(
    app: &App,
    price_id: &str,
    form: &Form,
    quote: Option<&Quote>,
    refused: Option<&Problem>,
) -> Result<Response, Problem> {
    let (product, price) = app.catalog.price(price_id).ok_or(Code::NotFound)?;
    let quantity = form.quantity.trim().parse().ok().filter(|quantity| price.quantity.allows(*quantity));
    let filled = context! {
        quantity => quantity.unwrap_or(price.quantity.min),
        email => form.email.as_str(),
        country => form.country.as_str(),
        postal_code => form.postal_code.as_str(),
        discount_code => form.discount_code.as_str(),
        embed => form.embed == "1",
        // One key for one agreement: a price that was agreed to anew is a new order.
        key => match refused {
            Some(problem) if problem.code.retryable() && quote.is_some() => form.key.clone(),
            _ => random::alphanumeric::<32>(),
        },
        patience => refused.and_then(|problem| problem.challenge.as_ref()).map(|challenge| challenge.token.as_str()),
    };
    let context = context! {
        offer => offer(product, price),
        form => filled,
        quote => quote.map(priced),
        problem => refused.map(words),
        test_mode => app.test_mode,
    };
    let page = pages::render("pay.html", context)?;
    // A refusal stays one for programs, too; the page is the same for people.
    let status = refused.and_then(|problem| StatusCode::from_u16(problem.code.status()).ok()).unwrap_or_default();
    Ok(pages::later((status, page).into_response(), refused))
}

/// What a buyer reads. A page without a script is asked for patience, not for work.
fn words(problem: &Problem) -> String {
    let minutes = problem.retry_after.map_or(0, |after| after.as_secs().div_ceil(60));
    match problem.code {
        Code::ChallengeRequired => {
            "Many orders are being made right now. Wait ten seconds, then press the button again.".to_owned()
        }
        code @ Code::RateLimited if minutes > 1 => format!("{} It works again in {minutes} minutes.", code.title()),
        code => code.title().to_owned(),
    }
}

fn offer(product: &Product, price: &Price) -> Value {
    let QuantityRule { min, max, step } = price.quantity;
    context! {
        name => product.name.as_str(),
        description => product.description.as_str(),
        features => product.features.clone(),
        price => price.money.to_string(),
        billing => billing_words(price.billing),
        price_id => price.id.as_str(),
        min, max, step,
    }
}

fn priced(quote: &Quote) -> Value {
    let lines: Vec<Value> = quote
        .lines
        .iter()
        .map(|line| context! { name => line.name.as_str(), quantity => line.quantity, total => line.total.to_string() })
        .collect();
    let recurring: Vec<Value> = quote
        .recurring
        .iter()
        .map(|charge| {
            // A day is enough for people; the exact second is the provider's.
            let day = charge.next_at.as_deref().and_then(|at| at.get(..10));
            context! { amount => charge.amount.to_string(), billing => billing_words(charge.billing), next => day }
        })
        .collect();
    context! {
        lines, recurring,
        subtotal => quote.subtotal.to_string(),
        discount => (quote.discount.amount > 0).then(|| quote.discount.to_string()),
        tax => quote.tax.map(|tax| tax.to_string()),
        tax_inclusive => quote.tax_inclusive,
        total => quote.total.to_string(),
        token => quote.quote_token.as_str(),
    }
}

/// "per month", "every 3 months", "one-time".
fn billing_words(billing: Billing) -> String {
    let (interval, count) = match billing {
        Billing::OneTime => return "one-time".to_owned(),
        Billing::Recurring { interval, interval_count, .. } | Billing::Usage { interval, interval_count } => {
            (interval, interval_count)
        }
    };
    let unit = match interval {
        Interval::Day => "day",
        Interval::Week => "week",
        Interval::Month => "month",
        Interval::Year => "year",
    };
    if count == 1 { format!("per {unit}") } else { format!("every {count} {unit}s") }
}

//! `/mend/{token}`: the page that a mail about a failed payment leads to. It says what is owed to which
//! shop, and a button there asks the provider for a fresh page for a new card. Never the opening of the
//! link itself: scanners of mails open links. Shows nothing personal.

use axum::extract::{Path, Request, State};
use axum::http::Uri;
use axum::response::{IntoResponse as _, Redirect, Response};
use minijinja::context;

use super::extract::{body, is_in_utf8};
use super::{pages, pay};
use crate::app::App;
use crate::error::{Code, Problem};
use crate::mail::Occurrence;
use crate::mail::mend::{self, LinkError};
use crate::mail::values::{Owed, owed};

/// Bytes of the form: it has no field.
const LARGEST: usize = 1_024;

/// What the address carries where the provider sends the buyer back to.
const DONE: &str = "done=1";

pub(super) async fn show(State(app): State<App>, Path(token): Path<String>, address: Uri) -> Response {
    let query = address.query().unwrap_or_default();
    let done = query.split('&').any(|pair| pair == DONE);
    // What the provider adds of its own is nothing to keep in an address that is shown, shared and logged.
    if !matches!(query, "" | DONE) {
        let tidy = if done { format!("{}?{DONE}", address.path()) } else { address.path().to_owned() };
        return Redirect::to(&tidy).into_response();
    }
    let shown = async { page(&app, &token, &linked(&app, &token).await?, done) };
    shown.await.unwrap_or_else(|problem| pages::refusal(&problem))
}

pub(super) async fn submit(State(app): State<App>, Path(token): Path<String>, request: Request) -> Response {
    answer(&app, &token, request).await.unwrap_or_else(|problem| pages::refusal(&problem))
}

async fn answer(app: &App, token: &str, request: Request) -> Result<Response, Problem> {
    pay::from_our_page(app, request.headers())?;
    if !is_in_utf8(request.headers(), "application/x-www-form-urlencoded") {
        return Err(Code::UnsupportedMediaType.into());
    }
    body(request, LARGEST).await?;
    let occurrence = linked(app, token).await?;
    let (Some((subscription, _)), Owed::Payment) = (&occurrence.subscription, owed(&occurrence)) else {
        return page(app, token, &occurrence, false);
    };
    app.abuse.admit_mend(&occurrence.event, app.clock.now())?;
    // Back here, where it is told whether it has helped.
    let back = format!("{}/mend/{token}?{DONE}", app.public_url);
    let url = app.provider.new_payment_method(subscription, &back).await?;
    metrics::counter!("checkout_mends_begun_total").increment(1);
    Ok(Redirect::to(&url).into_response())
}

/// What the link was sent for, as it stands now.
async fn linked(app: &App, token: &str) -> Result<Occurrence, Problem> {
    let event = mend::open(&app.keys.mends, &app.public_url, token, app.clock.now()).map_err(|error| match error {
        LinkError::Forged => Code::LinkBroken,
        LinkError::Expired => Code::LinkExpired,
    })?;
    Ok(app.store.occurrence(&event).await?.ok_or(Code::LinkBroken)?)
}

fn page(app: &App, token: &str, occurrence: &Occurrence, done: bool) -> Result<Response, Problem> {
    let shop_name = app.mailer.as_ref().map(|mailer| mailer.shop_name.as_str()).unwrap_or_default();
    let contact = app.mailer.as_ref().map(crate::mail::Mailer::contact).unwrap_or_default();
    let shop = crate::mail::values::Shop {
        name: shop_name,
        contact: &contact,
        catalog: &app.catalog,
        test_mode: app.test_mode,
    };
    let values =
        crate::mail::values::values(crate::mail::Mail::PaymentFailed, &shop, occurrence, None, app.clock.now());
    let context = context! {
        state => owed(occurrence).as_str(),
        done,
        token,
        shop => values.shop_name,
        contact => values.contact,
        product => values.product,
        amount => values.amount,
        plus_tax => values.plus_tax,
        access_until => values.access_until,
        reference => values.reference,
        test_mode => app.test_mode,
    };
    pages::render("mend.html", context)
}

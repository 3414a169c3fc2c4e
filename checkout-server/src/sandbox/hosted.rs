//! The hosted payment page: by itself at `/session/{id}`, and for frames at `/overlay/session/{id}`
//! and `/inline/session/{id}`. Plain forms do all the work; the script only fills in, tells the
//! parent page and reports its size.
//!
//! The page shows what the session's state says, so a reload never loses anything. Where the
//! documentation is silent: a consumed session answers 409 and an expired one 410, both with a
//! page that says so; `checkout.link_expired` is always told.

mod form;
mod messages;
mod money;
mod summary;
mod view;

use axum::Router;
use axum::extract::{Form, Path, State as Ctx};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::cards;
use super::checkouts::Progress;
use super::control::Challenge;
use super::paging::Query;
use super::{Sandbox, mending, pay};
use form::{Checked, PayForm};
use view::{Frame, Notice};

/// How the page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Display {
    Page,
    Overlay,
    Inline,
}

impl Display {
    fn prefix(self) -> &'static str {
        match self {
            Self::Page => "",
            Self::Overlay => "/overlay",
            Self::Inline => "/inline",
        }
    }
}

/// The routes of the page.
pub(crate) fn router() -> Router<Sandbox> {
    let mut router = Router::new()
        .route("/hosted/page.css", get(async || asset("text/css", include_str!("../../pages/sandbox/page.css"))))
        .route("/hosted/page.js", get(async || asset("text/javascript", include_str!("../../pages/sandbox/page.js"))));
    for display in [Display::Page, Display::Overlay, Display::Inline] {
        let path = |rest: &str| format!("{}/session/{{id}}{rest}", display.prefix());
        router = router
            .route(&path(""), get(move |ctx, id, query| async move { show(display, ctx, id, query) }))
            .route(
                &path("/pay"),
                post(move |ctx, id, query, form| async move { submit(display, ctx, id, query, form) }),
            )
            .route(
                &path("/challenge"),
                post(move |ctx, id, query, form| async move { answer(display, ctx, id, query, form) }),
            )
            .route(&path("/cancel"), post(move |ctx, id, query| async move { cancel(display, ctx, id, query) }));
    }
    router
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    let kind = format!("{kind}; charset=utf-8");
    ([(header::CONTENT_TYPE, kind.as_str()), (header::CACHE_CONTROL, "no-cache")], text).into_response()
}

fn show(display: Display, Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>, query: Query) -> Response {
    let frame = Frame::new(display, &query);
    let attempt = query.get("attempt");
    let (now, mut state) = (sandbox.now(), sandbox.state());
    mending::refresh(&mut state, &id, now);
    let Some(session) = state.sessions.get(&id) else { return view::missing(&frame) };
    if session.is_expired(now) {
        return view::expired(&frame, session);
    }
    match &session.progress {
        Progress::Open => {
            let last = session.payments.last().and_then(|id| state.payments.get(id));
            let failed = last.filter(|payment| payment.error_code.is_some());
            let fresh = failed.is_some_and(|payment| Some(payment.payment_id.as_str()) == attempt);
            let notice = failed.map(|payment| Notice::of(payment, fresh));
            let card = query.get("card").map(str::to_owned);
            view::pay(&frame, session, &state, PayForm { card, ..PayForm::default() }, Checked::default(), notice)
        }
        Progress::Challenged(_) => view::challenge(&frame, session),
        Progress::Processing(payment_id) | Progress::Paid(payment_id) => match state.payments.get(payment_id) {
            Some(payment) if attempt == Some(payment_id) => view::done(&frame, session, payment, sandbox.base_url()),
            _ => view::consumed(&frame, session),
        },
    }
}

fn submit(
    display: Display,
    Ctx(sandbox): Ctx<Sandbox>,
    Path(id): Path<String>,
    query: Query,
    Form(form): Form<PayForm>,
) -> Response {
    let frame = Frame::new(display, &query);
    let checked = {
        let mut state = sandbox.state();
        let Some(session) = state.sessions.get(&id) else { return view::missing(&frame) };
        let checked = form::check(&form, session);
        let moved = form::moves_to(&form, session);
        if let Some(country) = moved
            && let Err(error) = form::move_to(&mut state, &id, country)
        {
            return error.into_response();
        }
        let Some(session) = state.sessions.get(&id) else { return view::missing(&frame) };
        let open = session.progress == Progress::Open && !session.is_expired(sandbox.now());
        if open && (moved.is_some() || !checked.errors.is_empty()) {
            let notice = moved.map(Notice::new_tax);
            return view::pay(&frame, session, &state, form, checked, notice);
        }
        checked
    };
    let Some(card) = checked.card else { return back(&frame, &id, None) };
    let buyer = pay::Buyer { email: form.email, name: form.name, expiry: checked.expiry, ..pay::Buyer::default() };
    match sandbox.pay(&id, card, buyer, None) {
        Ok((payment_id, _)) => after(&sandbox, &frame, &id, &payment_id),
        // The page says what the session's state is.
        Err(_) => back(&frame, &id, None),
    }
}

#[derive(Deserialize)]
struct ChallengeForm {
    decision: Challenge,
}

fn answer(
    display: Display,
    Ctx(sandbox): Ctx<Sandbox>,
    Path(id): Path<String>,
    query: Query,
    Form(ChallengeForm { decision }): Form<ChallengeForm>,
) -> Response {
    end_challenge(&sandbox, &Frame::new(display, &query), &id, decision.outcome())
}

fn cancel(display: Display, Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>, query: Query) -> Response {
    let frame = Frame::new(display, &query);
    let ended = end_challenge(&sandbox, &frame, &id, Err(cards::CANCELLED));
    let cancel_url = sandbox.state().sessions.get(&id).and_then(|session| session.body.cancel_url.clone());
    match cancel_url.filter(|_| display == Display::Page) {
        Some(url) => Redirect::to(&url).into_response(),
        None => ended,
    }
}

fn end_challenge(sandbox: &Sandbox, frame: &Frame, id: &str, outcome: Result<(), cards::Failure>) -> Response {
    let progress = sandbox.state().sessions.get(id).map(|session| session.progress.clone());
    let Some(Progress::Challenged(payment_id)) = progress else { return back(frame, id, None) };
    let settled = pay::settle(&mut sandbox.state(), &payment_id, outcome, sandbox.now());
    sandbox.wake();
    match settled {
        Ok(()) => after(sandbox, frame, id, &payment_id),
        Err(_) => back(frame, id, None),
    }
}

/// Where the buyer goes after a payment: to the shop when it is a page of its own and there is
/// nothing more to do here, else back to the page, which tells.
fn after(sandbox: &Sandbox, frame: &Frame, id: &str, payment_id: &str) -> Response {
    let state = sandbox.state();
    let (Some(session), Some(payment)) = (state.sessions.get(id), state.payments.get(payment_id)) else {
        return view::missing(frame);
    };
    let leaves = matches!(payment.status, "succeeded" | "processing");
    if frame.display == Display::Page && leaves && session.body.return_url.is_some() {
        return Redirect::to(&messages::return_to(session, payment, sandbox.base_url())).into_response();
    }
    back(frame, id, Some(payment_id))
}

fn back(frame: &Frame, id: &str, attempt: Option<&str>) -> Response {
    Redirect::to(&frame.link(id, "", attempt)).into_response()
}

/// A page, with the headers that a payment page has.
fn page(status: StatusCode, html: String) -> Response {
    let policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'";
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, html).into_response()
}

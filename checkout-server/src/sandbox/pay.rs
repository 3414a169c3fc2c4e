//! The act of paying: a card meets a session, a payment comes of it, and its events go out.

use jiff::Timestamp;

use super::cards::{self, Expiry, Failure, TestCard, Verdict};
use super::checkouts::{Progress, Purpose, Session};
use super::customers::{self, Customer, SavedCard};
use super::error::{ApiError, ApiResult};
use super::payments::{Payment, opened};
use super::state::State;
use super::webhooks::Subject;
use super::{mending, new_id, subscribe};
use crate::clock::rfc3339;

/// What the buyer enters besides the card's number. What is missing is taken from the session.
#[derive(Clone, Default)]
pub(crate) struct Buyer {
    pub(crate) email: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) expiry: Option<Expiry>,
    /// A card on file, rather than one that is typed in.
    pub(crate) payment_method_id: Option<String>,
}

/// Pays a session with a card. The payment may succeed, fail, wait for a challenge or be in
/// processing: its status says so.
///
/// # Errors
/// `NOT_FOUND`; `CHECKOUT_SESSION_CONSUMED`; `PREVIOUS_PAYMENT_PENDING` while a challenge is
/// open; 410 when the session has expired.
pub(crate) fn with_card(
    state: &mut State,
    session_id: &str,
    card: &'static TestCard,
    buyer: Buyer,
    now: Timestamp,
) -> ApiResult<String> {
    mending::refresh(state, session_id, now);
    let session = payable(state, session_id, now)?.clone();
    let mut verdict = match state.scenario.next_payment.take() {
        Some(next) => next.verdict(),
        None if buyer.payment_method_id.is_none() => card.verdict,
        None => card.later.map_or_else(Verdict::Fails, |()| Verdict::Succeeds),
    };
    let expiry = buyer.expiry.unwrap_or(Expiry::DOCUMENTED);
    if expiry.is_past(now) {
        verdict = Verdict::Fails(cards::EXPIRED_CARD);
    }
    if session.body.force_3ds == Some(true) && verdict == Verdict::Succeeds {
        verdict = Verdict::Challenges;
    }
    let customer = customer(state, &session, &buyer, now)?;
    let payment_id = prepared(state, &session).unwrap_or_else(|| opened::open(state, &session, &customer, now));
    let payment = state.payments.get_mut(&payment_id).ok_or_else(|| ApiError::not_found("payment"))?;
    payment.customer = customer.view();
    payment.payment_method_id = buyer.payment_method_id;
    opened::show_card(payment, card, expiry);
    if let Some(session) = state.sessions.get_mut(session_id) {
        session.customer = Some((customer.email.clone(), customer.name.clone()));
    }
    follow(state, &payment_id, verdict, now)?;
    Ok(payment_id)
}

/// What the bank says becomes of the payment.
fn follow(state: &mut State, payment_id: &str, verdict: Verdict, now: Timestamp) -> ApiResult<()> {
    match verdict {
        Verdict::Succeeds => settle(state, payment_id, Ok(()), now)?,
        Verdict::Fails(failure) => settle(state, payment_id, Err(failure), now)?,
        Verdict::Challenges => wait(state, payment_id, "requires_customer_action"),
        Verdict::Processes => {
            wait(state, payment_id, "processing");
            state.emit("payment.processing", Subject::Payment(payment_id.to_owned()), now);
        }
    }
    Ok(())
}

/// Pays with a card on file, without the buyer.
///
/// # Errors
/// The card is not one of the customer's; or as [`with_card`].
pub(crate) fn with_saved_card(
    state: &mut State,
    session_id: &str,
    payment_method_id: &str,
    now: Timestamp,
) -> ApiResult<String> {
    let session = state.sessions.get(session_id).ok_or_else(|| ApiError::not_found("checkout session"))?;
    let customer_id = session.body.customer.as_ref().and_then(|customer| customer.customer_id.clone());
    let customer = customer_id.and_then(|id| state.customers.get(&id));
    let saved = customer.and_then(|row| row.cards.iter().find(|card| card.payment_method_id == payment_method_id));
    let SavedCard { card, expiry, .. } = saved.cloned().ok_or_else(|| ApiError::not_found("payment method"))?;
    let payment_method_id = Some(payment_method_id.to_owned());
    with_card(state, session_id, card, Buyer { expiry: Some(expiry), payment_method_id, ..Buyer::default() }, now)
}

/// Opens a payment that waits for a card (`confirm` without a card on file).
///
/// # Errors
/// As [`with_card`].
pub(crate) fn prepare(state: &mut State, session_id: &str, now: Timestamp) -> ApiResult<String> {
    let session = payable(state, session_id, now)?.clone();
    let customer = customer(state, &session, &Buyer::default(), now)?;
    let payment_id = opened::open(state, &session, &customer, now);
    if let Some(payment) = state.payments.get_mut(&payment_id) {
        payment.status = "requires_payment_method";
    }
    Ok(payment_id)
}

/// Brings a payment to its end, and tells.
///
/// # Errors
/// There is none by that id, or it has an end already.
pub(crate) fn settle(
    state: &mut State,
    payment_id: &str,
    outcome: Result<(), Failure>,
    now: Timestamp,
) -> ApiResult<()> {
    let page = state.payments.get(payment_id).and_then(|payment| payment.page.clone()).unwrap_or_default();
    mending::refresh(state, &page, now);
    let base_url = state.outbox.base_url.clone();
    let payment = state.payments.get_mut(payment_id).ok_or_else(|| ApiError::not_found("payment"))?;
    if matches!(payment.status, "succeeded" | "failed" | "cancelled") {
        return Err(ApiError::refused("UNSUPPORTED_ACTION", format!("The payment is {} already", payment.status)));
    }
    conclude(payment, outcome, &base_url, now);
    let status = payment.status;
    let purpose = state.sessions.get_mut(&page).map(|session| {
        session.progress = if outcome.is_ok() { Progress::Paid(payment_id.to_owned()) } else { Progress::Open };
        session.purpose.clone()
    });
    match purpose {
        Some(Purpose::Mend(subscription_id)) if outcome.is_ok() => {
            mending::paid(state, &subscription_id, payment_id, now);
            return Ok(());
        }
        Some(Purpose::Buy) if outcome.is_ok() => {
            subscribe::paid(state, &page, payment_id, now);
            use_discounts(state, &page);
        }
        _ => {}
    }
    state.emit(&format!("payment.{status}"), Subject::Payment(payment_id.to_owned()), now);
    Ok(())
}

/// Writes the end of a payment that its buyer made.
fn conclude(payment: &mut Payment, outcome: Result<(), Failure>, base_url: &str, now: Timestamp) {
    payment.updated_at = Some(rfc3339(now));
    let challenged = payment.status == "requires_customer_action";
    payment.three_ds_flow = Some(if challenged { "challenge" } else { "frictionless" });
    payment.three_ds_version = Some("2.2.0");
    payment.three_ds_status = Some(if outcome == Err(cards::NOT_AUTHENTICATED) { "failed" } else { "authenticated" });
    match outcome {
        Ok(()) => {
            payment.status = "succeeded";
            payment.invoice_id = Some(new_id("inv"));
            payment.invoice_url = Some(format!("{base_url}/invoices/payments/{}", payment.payment_id));
            payment.payment_method_id.get_or_insert_with(|| new_id("pm"));
        }
        Err(failure) => {
            payment.status = if failure == cards::CANCELLED { "cancelled" } else { "failed" };
            payment.error_code = Some(failure.code);
            payment.error_message = Some(failure.message);
        }
    }
}

fn payable<'a>(state: &'a State, session_id: &str, now: Timestamp) -> ApiResult<&'a Session> {
    let session = state.sessions.get(session_id).ok_or_else(|| ApiError::not_found("checkout session"))?;
    if session.is_expired(now) {
        let message = "The session has expired".into();
        return Err(ApiError { status: axum::http::StatusCode::GONE, code: "UNSUPPORTED_ACTION", message });
    }
    match session.progress {
        Progress::Open => Ok(session),
        Progress::Paid(_) => Err(ApiError::consumed()),
        Progress::Challenged(_) | Progress::Processing(_) => {
            let message = "A payment of this session is still open".into();
            Err(ApiError { status: axum::http::StatusCode::CONFLICT, code: "PREVIOUS_PAYMENT_PENDING", message })
        }
    }
}

/// The payment that was opened before there was a card.
fn prepared(state: &State, session: &Session) -> Option<String> {
    let last = state.payments.get(session.payments.last()?)?;
    (last.status == "requires_payment_method").then(|| last.payment_id.clone())
}

fn customer(state: &mut State, session: &Session, buyer: &Buyer, now: Timestamp) -> ApiResult<Customer> {
    let given = session.body.customer.as_ref();
    if let Some(id) = given.and_then(|customer| customer.customer_id.as_deref()) {
        return state.customers.get(id).cloned().ok_or_else(|| ApiError::not_found("customer"));
    }
    let email = buyer.email.as_ref().or(given.and_then(|customer| customer.email.as_ref()));
    let email = email.map_or("buyer@example.com", String::as_str);
    let name = buyer.name.as_ref().or(given.and_then(|customer| customer.name.as_ref()));
    let name = name.map_or_else(|| email.split('@').next().unwrap_or_default(), String::as_str);
    let phone = given.and_then(|customer| customer.phone_number.clone());
    // A second try of the same session keeps its customer, also where each session makes a new one.
    let flags = session.body.feature_flags.as_ref();
    let always_new = flags.and_then(|flags| flags.always_create_new_customer).unwrap_or(false);
    let always_new = always_new && session.payments.is_empty();
    Ok(customers::attach(state, email, name, phone, always_new, now))
}

fn wait(state: &mut State, payment_id: &str, status: &'static str) {
    let Some(payment) = state.payments.get_mut(payment_id) else { return };
    payment.status = status;
    let progress = if status == "processing" { Progress::Processing } else { Progress::Challenged };
    let page = payment.page.clone().unwrap_or_default();
    if let Some(session) = state.sessions.get_mut(&page) {
        session.progress = progress(payment_id.to_owned());
    }
}

fn use_discounts(state: &mut State, session_id: &str) {
    let Some(session) = state.sessions.get(session_id) else { return };
    let used: Vec<_> = session.pricing.discounts.iter().map(|code| code.id.clone()).collect();
    for id in used {
        if let Some(discount) = state.discounts.get_mut(&id) {
            discount.times_used += 1;
        }
    }
}

//! The act of paying: a card meets a session, a payment comes of it, and its events go out.

use jiff::Timestamp;

use super::cards::{self, Expiry, Failure, TestCard, Verdict};
use super::checkouts::{Progress, Session};
use super::customers::{self, Customer, SavedCard};
use super::error::{ApiError, ApiResult};
use super::payments::{Billing, LineItem, PaidLine, Payment};
use super::state::State;
use super::webhooks::Subject;
use super::{BUSINESS_ID, new_id, subscribe, tax};
use crate::clock::rfc3339;

/// What the buyer enters besides the card's number. What is missing is taken from the session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buyer {
    pub(crate) email: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) expiry: Option<Expiry>,
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
    let session = payable(state, session_id, now)?.clone();
    let mut verdict = match state.scenario.next_payment.take() {
        Some(next) => next.verdict(),
        None => card.verdict,
    };
    let expiry = buyer.expiry.unwrap_or(Expiry::DOCUMENTED);
    if expiry.is_past(now) {
        verdict = Verdict::Fails(cards::EXPIRED_CARD);
    }
    if session.body.force_3ds == Some(true) && verdict == Verdict::Succeeds {
        verdict = Verdict::Challenges;
    }
    let customer = customer(state, &session, &buyer, now)?;
    let payment_id = prepared(state, &session).unwrap_or_else(|| open(state, &session, &customer, now));
    let payment = state.payments.get_mut(&payment_id).ok_or_else(|| ApiError::not_found("payment"))?;
    payment.customer = customer.view();
    show_card(payment, card, expiry);
    if let Some(session) = state.sessions.get_mut(session_id) {
        session.customer = Some((customer.email.clone(), customer.name.clone()));
    }
    match verdict {
        Verdict::Succeeds => settle(state, &payment_id, Ok(()), now)?,
        Verdict::Fails(failure) => settle(state, &payment_id, Err(failure), now)?,
        Verdict::Challenges => wait(state, &payment_id, "requires_customer_action"),
        Verdict::Processes => {
            wait(state, &payment_id, "processing");
            state.emit("payment.processing", Subject::Payment(payment_id.clone()), now);
        }
    }
    Ok(payment_id)
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
    with_card(state, session_id, card, Buyer { expiry: Some(expiry), ..Buyer::default() }, now)
}

/// Opens a payment that waits for a card (`confirm` without a card on file).
///
/// # Errors
/// As [`with_card`].
pub(crate) fn prepare(state: &mut State, session_id: &str, now: Timestamp) -> ApiResult<String> {
    let session = payable(state, session_id, now)?.clone();
    let customer = customer(state, &session, &Buyer::default(), now)?;
    let payment_id = open(state, &session, &customer, now);
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
    let payment = state.payments.get_mut(payment_id).ok_or_else(|| ApiError::not_found("payment"))?;
    if matches!(payment.status, "succeeded" | "failed" | "cancelled") {
        return Err(ApiError::refused("UNSUPPORTED_ACTION", format!("The payment is {} already", payment.status)));
    }
    payment.updated_at = Some(rfc3339(now));
    let challenged = payment.status == "requires_customer_action";
    payment.three_ds_flow = Some(if challenged { "challenge" } else { "frictionless" });
    payment.three_ds_version = Some("2.2.0");
    payment.three_ds_status = Some(if outcome == Err(cards::NOT_AUTHENTICATED) { "failed" } else { "authenticated" });
    let (progress, event) = match outcome {
        Ok(()) => {
            payment.status = "succeeded";
            payment.invoice_id = Some(new_id("inv"));
            payment.invoice_url = Some(format!("{}/invoices/payments/{payment_id}", state.outbox.base_url));
            payment.payment_method_id = Some(new_id("pm"));
            (Progress::Paid(payment_id.to_owned()), "payment.succeeded")
        }
        Err(failure) => {
            let cancelled = failure == cards::CANCELLED;
            payment.status = if cancelled { "cancelled" } else { "failed" };
            payment.error_code = Some(failure.code);
            payment.error_message = Some(failure.message);
            (Progress::Open, if cancelled { "payment.cancelled" } else { "payment.failed" })
        }
    };
    let session_id = payment.checkout_session_id.clone();
    if let Some(session) = state.sessions.get_mut(&session_id) {
        session.progress = progress;
    }
    if outcome.is_ok() {
        subscribe::paid(state, &session_id, payment_id, now);
        use_discounts(state, &session_id);
    }
    state.emit(event, Subject::Payment(payment_id.to_owned()), now);
    Ok(())
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

pub(crate) fn billing(session: &Session) -> Billing {
    let address = session.body.billing_address.as_ref();
    Billing {
        city: address.and_then(|address| address.city.clone()),
        country: address.map_or(tax::DEFAULT_COUNTRY, |address| &address.country).to_owned(),
        state: address.and_then(|address| address.state.clone()),
        street: address.and_then(|address| address.street.clone()),
        zipcode: address.and_then(|address| address.zipcode.clone()),
    }
}

/// A payment of a session, before anything has become of it.
fn open(state: &mut State, session: &Session, customer: &Customer, now: Timestamp) -> String {
    let payment_id = new_id("pay");
    let pricing = &session.pricing;
    let once = || pricing.lines.iter().map(|line| &line.line).filter(|line| line.offer.period().is_none());
    let sold = |line: &super::pricing::BasketLine| PaidLine {
        product_id: line.offer.product_id.clone(),
        quantity: line.quantity,
    };
    let discounts: Vec<_> = pricing.discounts.iter().enumerate().map(|(place, code)| code.detail(place)).collect();
    let payment = Payment {
        billing: billing(session),
        brand_id: BUSINESS_ID,
        business_id: BUSINESS_ID,
        card_exp_month: None,
        card_exp_year: None,
        card_holder_name: None,
        card_issuing_country: None,
        card_last_four: None,
        card_network: None,
        card_type: None,
        charge_type: "new",
        checkout_session_id: session.session_id.clone(),
        created_at: rfc3339(now),
        currency: pricing.currency.to_string(),
        custom_field_responses: None,
        customer: customer.view(),
        digital_products_delivered: false,
        discount_id: pricing.discounts.first().map(|code| code.id.clone()),
        discounts: (!discounts.is_empty()).then_some(discounts),
        disputes: [],
        error_code: None,
        error_message: None,
        includes_usage: false,
        invoice_id: None,
        invoice_url: None,
        is_multi_subscription: pricing.lines.iter().filter(|line| line.again.is_some()).count() > 1,
        is_update_payment_method: false,
        metadata: session.body.metadata.clone().unwrap_or_default(),
        payment_id: payment_id.clone(),
        payment_link: None,
        payment_method: "card",
        payment_method_id: None,
        payment_method_type: "credit",
        payment_provider: "dodo",
        product_cart: once().next().is_some().then(|| once().map(sold).collect()),
        refund_status: None,
        refunds: [],
        retry_attempt: 0,
        service_periods: Vec::new(),
        settlement_amount: pricing.now.total,
        settlement_currency: pricing.currency.to_string(),
        settlement_tax: pricing.now.tax,
        status: "processing",
        subscription_id: None,
        subscription_ids: Vec::new(),
        tax: pricing.now.tax,
        three_ds_flow: None,
        three_ds_status: None,
        three_ds_version: None,
        total_amount: pricing.now.total,
        updated_at: None,
        line_items: line_items(session),
        at: now,
    };
    state.payments.push(payment);
    if let Some(session) = state.sessions.get_mut(&session.session_id) {
        session.payments.push(payment_id.clone());
    }
    payment_id
}

fn line_items(session: &Session) -> Vec<LineItem> {
    let item = |line: &super::pricing::PricedLine| LineItem {
        amount: line.now.subtotal - line.now.discount,
        description: line.line.offer.description.clone(),
        items_id: new_id("itm"),
        name: line.line.offer.name.clone(),
        refundable_amount: line.now.subtotal - line.now.discount,
        tax: line.now.tax,
    };
    session.pricing.lines.iter().map(item).collect()
}

fn show_card(payment: &mut Payment, card: &'static TestCard, expiry: Expiry) {
    payment.card_exp_month = Some(format!("{:02}", expiry.month));
    payment.card_exp_year = Some(expiry.year.to_string());
    payment.card_holder_name = Some(payment.customer.name.to_uppercase());
    payment.card_issuing_country = Some(card.issued_in);
    payment.card_last_four = Some(card.last_four().to_owned());
    payment.card_network = Some(card.network);
    payment.card_type = Some("credit");
}

fn wait(state: &mut State, payment_id: &str, status: &'static str) {
    let Some(payment) = state.payments.get_mut(payment_id) else { return };
    payment.status = status;
    let progress = if status == "processing" { Progress::Processing } else { Progress::Challenged };
    let session_id = payment.checkout_session_id.clone();
    if let Some(session) = state.sessions.get_mut(&session_id) {
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

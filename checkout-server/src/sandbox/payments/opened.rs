//! A payment of a session, before anything has become of it.

use jiff::Timestamp;

use super::{Billing, LineItem, PaidLine, Payment};
use crate::clock::rfc3339;
use crate::sandbox::cards::{Expiry, TestCard};
use crate::sandbox::checkouts::Session;
use crate::sandbox::customers::Customer;
use crate::sandbox::pricing::{BasketLine, PricedLine};
use crate::sandbox::state::State;
use crate::sandbox::{BUSINESS_ID, new_id, tax};

/// A payment of a session, before anything has become of it.
pub(crate) fn open(state: &mut State, session: &Session, customer: &Customer, now: Timestamp) -> String {
    let payment_id = new_id("pay");
    let pricing = &session.pricing;
    let once = || pricing.lines.iter().map(|line| &line.line).filter(|line| line.offer.period().is_none());
    let sold = |line: &BasketLine| PaidLine { product_id: line.offer.product_id.clone(), quantity: line.quantity };
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

fn line_items(session: &Session) -> Vec<LineItem> {
    let item = |line: &PricedLine| LineItem {
        amount: line.now.subtotal - line.now.discount,
        description: line.line.offer.description.clone(),
        items_id: new_id("itm"),
        name: line.line.offer.name.clone(),
        refundable_amount: line.now.subtotal - line.now.discount,
        tax: line.now.tax,
    };
    session.pricing.lines.iter().map(item).collect()
}

pub(crate) fn show_card(payment: &mut Payment, card: &'static TestCard, expiry: Expiry) {
    payment.card_exp_month = Some(format!("{:02}", expiry.month));
    payment.card_exp_year = Some(expiry.year.to_string());
    payment.card_holder_name = Some(payment.customer.name.to_uppercase());
    payment.card_issuing_country = Some(card.issued_in);
    payment.card_last_four = Some(card.last_four().to_owned());
    payment.card_network = Some(card.network);
    payment.card_type = Some("credit");
}

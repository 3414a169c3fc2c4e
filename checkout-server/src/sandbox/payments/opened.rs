//! A payment before anything has become of it: of a session, or of a subscription's next charge.

use jiff::Timestamp;
use serde_json::Map;

use super::{Billing, LineItem, PaidLine, Payment};
use crate::clock::rfc3339;
use crate::sandbox::cards::{Expiry, TestCard};
use crate::sandbox::checkouts::{Purpose, Session};
use crate::sandbox::customers::{Customer, CustomerView};
use crate::sandbox::pricing::{BasketLine, Breakup, PricedLine, Pricing};
use crate::sandbox::state::State;
use crate::sandbox::{BUSINESS_ID, new_id, tax};

/// A payment of a session, before anything has become of it.
pub(crate) fn open(state: &mut State, session: &Session, customer: &Customer, now: Timestamp) -> String {
    let payment_id = new_id("pay");
    let pricing = &session.pricing;
    let once = || pricing.lines.iter().map(|line| &line.line).filter(|line| line.offer.period().is_none());
    let sold = |line: &BasketLine| PaidLine { product_id: line.offer.product_id.clone(), quantity: line.quantity };
    let bought = session.purpose == Purpose::Buy;
    let payment = Payment {
        charge_type: bought.then_some("new"),
        checkout_session_id: bought.then(|| session.session_id.clone()),
        is_multi_subscription: bought && pricing.lines.iter().filter(|line| line.again.is_some()).count() > 1,
        metadata: session.body.metadata.clone().unwrap_or_default(),
        payment_id: payment_id.clone(),
        product_cart: (bought && once().next().is_some()).then(|| once().map(sold).collect()),
        page: Some(session.session_id.clone()),
        ..charge(customer.view(), billing(session), pricing, now)
    };
    state.payments.push(payment);
    if let Some(session) = state.sessions.get_mut(&session.session_id) {
        session.payments.push(payment_id.clone());
    }
    payment_id
}

/// A payment of that price by that customer, before a card was asked for it.
pub(crate) fn charge(customer: CustomerView, billing: Billing, pricing: &Pricing, now: Timestamp) -> Payment {
    let mut payment = Payment {
        billing,
        brand_id: BUSINESS_ID,
        business_id: BUSINESS_ID,
        card_exp_month: None,
        card_exp_year: None,
        card_holder_name: None,
        card_issuing_country: None,
        card_last_four: None,
        card_network: None,
        card_type: None,
        charge_type: None,
        checkout_session_id: None,
        created_at: rfc3339(now),
        currency: pricing.currency.to_string(),
        custom_field_responses: None,
        customer,
        digital_products_delivered: false,
        discount_id: None,
        discounts: None,
        disputes: Vec::new(),
        error_code: None,
        error_message: None,
        includes_usage: false,
        invoice_id: None,
        invoice_url: None,
        is_multi_subscription: false,
        is_update_payment_method: false,
        metadata: Map::new(),
        payment_id: new_id("pay"),
        payment_link: None,
        payment_method: "card",
        payment_method_id: None,
        payment_method_type: "credit",
        payment_provider: "dodo",
        product_cart: None,
        refund_status: None,
        refunds: Vec::new(),
        retry_attempt: 0,
        service_periods: Vec::new(),
        settlement_amount: 0,
        settlement_currency: pricing.currency.to_string(),
        settlement_tax: 0,
        status: "processing",
        subscription_id: None,
        subscription_ids: Vec::new(),
        tax: 0,
        three_ds_flow: None,
        three_ds_status: None,
        three_ds_version: None,
        total_amount: 0,
        updated_at: None,
        line_items: Vec::new(),
        page: None,
        at: now,
    };
    price(&mut payment, pricing);
    payment
}

/// Puts sums, lines and codes of a price on a payment.
pub(crate) fn price(payment: &mut Payment, pricing: &Pricing) {
    let sums = pricing.now;
    (payment.total_amount, payment.settlement_amount) = (sums.total, sums.total);
    (payment.tax, payment.settlement_tax) = (sums.tax, sums.tax);
    payment.discount_id = pricing.discounts.first().map(|code| code.id.clone());
    let details: Vec<_> = pricing.discounts.iter().enumerate().map(|(place, code)| code.detail(place)).collect();
    payment.discounts = (!details.is_empty()).then_some(details);
    payment.line_items = line_items(pricing);
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

fn line_items(pricing: &Pricing) -> Vec<LineItem> {
    let item = |name: &str, description: Option<String>, sums: Breakup| LineItem {
        amount: sums.subtotal - sums.discount,
        description,
        items_id: new_id("itm"),
        name: name.to_owned(),
        refundable_amount: sums.subtotal - sums.discount,
        tax: sums.tax,
        paid: sums.total,
        refunded: 0,
    };
    if pricing.lines.is_empty() {
        return vec![item("Charge", None, pricing.now)];
    }
    let of = |line: &PricedLine| item(&line.line.offer.name, line.line.offer.description.clone(), line.now);
    pricing.lines.iter().map(of).collect()
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

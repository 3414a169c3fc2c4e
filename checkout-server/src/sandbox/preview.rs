//! `POST /checkouts/preview`: what a cart costs, in the provider's shape. No side effect.
//!
//! Where the shape leaves room: `og_price`, `discounted_price` and `tax` of a line are for its
//! whole quantity (as they are for add-ons); `current_breakup` is what is due now, so a trial
//! line adds nothing to it; `recurring_breakup` is one later charge of every recurring line.

use serde_json::{Value, json};

use super::cart::CheckoutBody;
use super::period;
use super::pricing::{Breakup, PricedItem, PricedLine, Pricing};
use super::products::AddonOffer;
use super::tax::{self, TaxId};
use crate::clock::rfc3339;

/// The answer for a cart that was priced.
pub(crate) fn wire(body: &CheckoutBody, pricing: &Pricing) -> Value {
    let country = body.country();
    let subscriptions: Vec<_> = pricing.lines.iter().filter_map(subscription).collect();
    let malformed = body.tax_id.as_deref().map(|tax_id| tax::judge(tax_id, country)) == Some(TaxId::Malformed);
    json!({
        "billing_country": country,
        "currency": pricing.currency,
        "current_breakup": breakup(&pricing.now),
        "is_byop": false,
        "next_billing_date": pricing.next_billing().map(rfc3339),
        "payment_method_required": pricing.now.total > 0 || pricing.again.is_some(),
        "product_cart": pricing.lines.iter().map(|priced| line(priced, pricing)).collect::<Vec<_>>(),
        "recurring_breakup": pricing.again.as_ref().map(breakup),
        "subscriptions": (!subscriptions.is_empty()).then_some(subscriptions),
        "tax_id_business_name": (body.tax_id.is_some() && !malformed).then_some(&body.customer_business_name),
        "tax_id_err_msg": malformed.then_some("The tax id is not of the country's form"),
        "tax_id_format_name": (tax::rate_bps(country, None) > 0).then(|| format!("{country} VAT")),
        "total_price": pricing.now.total,
        "total_tax": pricing.now.tax,
        "trial_amount": null,
        "trial_period_days": pricing.trial_days(),
    })
}

fn breakup(sums: &Breakup) -> Value {
    json!({
        "discount": sums.discount,
        "subtotal": sums.subtotal,
        "tax": sums.tax,
        "total_amount": sums.total,
    })
}

fn line(priced: &PricedLine, pricing: &Pricing) -> Value {
    let offer = &priced.line.offer;
    let PricedItem { og_price, discounted, tax, unit_price, .. } = priced.item;
    let monthly = offer.period().and_then(|(interval, count)| period::monthly_equivalent(unit_price, interval, count));
    let of_addon =
        |(item, (offer, quantity)): (&PricedItem, &(AddonOffer, u32))| addon(item, offer, *quantity, priced, pricing);
    let addons: Vec<_> = priced.addons.iter().zip(&priced.line.addons).map(of_addon).collect();
    json!({
        "addons": (!addons.is_empty()).then_some(addons),
        "credit_entitlements": [],
        "currency": pricing.currency,
        "description": offer.description,
        "discount_amount": percentage(pricing),
        "discount_cycle": pricing.discounts.iter().filter_map(|discount| discount.cycles).min(),
        "discounted_price": discounted,
        "is_subscription": offer.period().is_some(),
        "is_usage_based": offer.is_usage_based(),
        "meters": [],
        "monthly_equivalent": monthly,
        "name": offer.name,
        "og_currency": offer.currency,
        "og_price": og_price,
        "product_id": offer.product_id,
        "quantity": priced.line.quantity,
        "tax": tax,
        "tax_category": offer.tax_category(),
        "tax_inclusive": offer.tax_inclusive,
        "tax_rate": pricing.tax_bps,
    })
}

fn addon(item: &PricedItem, offer: &AddonOffer, quantity: u32, line: &PricedLine, pricing: &Pricing) -> Value {
    json!({
        "addon_id": offer.addon_id,
        "currency": pricing.currency,
        "description": null,
        "discount_amount": percentage(pricing),
        "discounted_price": item.discounted,
        "name": offer.name,
        "og_currency": offer.currency,
        "og_price": item.og_price,
        "quantity": quantity,
        "single_quantity_price": offer.price,
        "tax": item.tax,
        "tax_category": "saas",
        "tax_inclusive": line.line.offer.tax_inclusive,
        "tax_rate": pricing.tax_bps,
    })
}

/// Basis points; `null` for flat codes, whose deduction is the difference of the two prices.
fn percentage(pricing: &Pricing) -> Option<i64> {
    pricing.discounts.iter().find_map(super::discounts::Discount::percentage)
}

fn subscription(priced: &PricedLine) -> Option<Value> {
    let again = priced.again?;
    Some(json!({
        "amount_due_now": priced.now.total,
        "next_billing_date": priced.next_billing.map(rfc3339),
        "product_id": priced.line.offer.product_id,
        "recurring_amount": again.total,
        "recurring_tax": again.tax,
        "tax_due_now": priced.now.tax,
        "trial_period_days": (priced.line.trial_days > 0).then_some(priced.line.trial_days),
    }))
}

//! Dodo's price preview (dodo/README 2.1), read into ours.

use checkout_types::money::Currency;
use serde::Deserialize;
use serde_json::Value;

use crate::quote::Cart;
use crate::quote::preview::{Preview, PreviewAddon, PreviewCharge, PreviewLine};

#[derive(Deserialize)]
struct PreviewAnswer {
    currency: Currency,
    current_breakup: Breakup,
    total_price: i64,
    total_tax: Option<i64>,
    product_cart: Vec<PreviewedLine>,
    subscriptions: Option<Vec<PreviewedSubscription>>,
}

#[derive(Deserialize)]
struct Breakup {
    subtotal: i64,
    discount: i64,
    total_amount: i64,
    tax: Option<i64>,
}

#[derive(Deserialize)]
struct PreviewedLine {
    product_id: String,
    quantity: u32,
    og_price: i64,
    #[serde(default)]
    tax_inclusive: bool,
    addons: Option<Vec<PreviewedAddon>>,
}

#[derive(Deserialize)]
struct PreviewedAddon {
    addon_id: String,
    quantity: u32,
    og_price: i64,
    single_quantity_price: Option<i64>,
}

#[derive(Deserialize)]
struct PreviewedSubscription {
    product_id: String,
    recurring_amount: i64,
    next_billing_date: Option<String>,
}

pub(super) fn read(answer: Value, cart: &Cart<'_>) -> Result<Preview, String> {
    let answer: PreviewAnswer = serde_json::from_value(answer).map_err(|error| error.to_string())?;
    let for_the_line = prices_are_for_the_line(&answer, cart);
    let PreviewAnswer { currency, current_breakup, total_price, total_tax, product_cart, subscriptions } = answer;
    let Breakup { subtotal, discount, total_amount, tax } = current_breakup;
    if total_price != total_amount {
        return Err("two totals in one preview".to_owned());
    }
    Ok(Preview {
        currency,
        subtotal,
        discount,
        tax: tax.or(total_tax).unwrap_or(0),
        total: total_amount,
        lines: product_cart.into_iter().map(|line| read_line(line, for_the_line)).collect::<Result<_, _>>()?,
        recurring: subscriptions.unwrap_or_default().into_iter().map(charge).collect(),
    })
}

/// The documentation does not say whether a line's `og_price` is for one or for the quantity. The
/// subtotal tells; where a trial makes it zero, the catalog does.
fn prices_are_for_the_line(answer: &PreviewAnswer, cart: &Cart<'_>) -> bool {
    let addons =
        |line: &PreviewedLine| line.addons.iter().flatten().map(|addon| i128::from(addon.og_price)).sum::<i128>();
    let each: i128 = answer
        .product_cart
        .iter()
        .map(|line| i128::from(line.og_price) * i128::from(line.quantity) + addons(line))
        .sum();
    let whole: i128 = answer.product_cart.iter().map(|line| i128::from(line.og_price) + addons(line)).sum();
    let subtotal = i128::from(answer.current_breakup.subtotal);
    if each == subtotal || whole == subtotal {
        return each != subtotal;
    }
    cart.lines.iter().any(|line| {
        let whole = line.price.money.times(line.quantity).map(|money| money.amount);
        let priced = answer.product_cart.iter().find(|priced| priced.product_id == line.price.provider_product);
        line.quantity > 1 && priced.is_some_and(|priced| Ok(priced.og_price) == whole)
    })
}

fn read_line(line: PreviewedLine, for_the_line: bool) -> Result<PreviewLine, String> {
    let PreviewedLine { product_id, quantity, og_price, tax_inclusive, addons } = line;
    let unit = if for_the_line { share(og_price, quantity)? } else { og_price };
    let addons = addons.unwrap_or_default().into_iter().map(read_addon).collect::<Result<_, _>>()?;
    Ok(PreviewLine { product: product_id, quantity, unit, tax_inclusive, addons })
}

/// An add-on's `og_price` is for its whole quantity.
fn read_addon(addon: PreviewedAddon) -> Result<PreviewAddon, String> {
    let PreviewedAddon { addon_id, quantity, og_price, single_quantity_price } = addon;
    let unit = match single_quantity_price {
        Some(unit) => unit,
        None => share(og_price, quantity)?,
    };
    Ok(PreviewAddon { addon: addon_id, quantity, unit })
}

fn share(total: i64, quantity: u32) -> Result<i64, String> {
    let quantity = i64::from(quantity);
    match (total.checked_rem(quantity), total.checked_div(quantity)) {
        (Some(0), Some(unit)) => Ok(unit),
        _ => Err("a line's price is no multiple of its quantity".to_owned()),
    }
}

fn charge(subscription: PreviewedSubscription) -> PreviewCharge {
    let PreviewedSubscription { product_id, recurring_amount, next_billing_date } = subscription;
    PreviewCharge { product: product_id, amount: recurring_amount, next_at: next_billing_date }
}

//! Quotes: is this cart allowed, what does it cost, and is this token one of ours. Pure.
//!
//! The browser names ids, quantities and codes (G8). The catalog says what may be bought; the
//! provider's price preview says what will be charged; both must agree with each other before a
//! buyer sees a total. The answer is sealed in a token, so that a checkout needs no lookup.

use std::fmt;

use checkout_types::cart::{CartLine, QuoteAddon, QuoteLine, Recurring};
use checkout_types::catalog::Billing;
use checkout_types::customer::Address;
use checkout_types::money::{Currency, MAX_AMOUNT, Money};
use checkout_types::problem::FieldError;
use checkout_types::{Quote, QuoteRequest};
use jiff::{SignedDuration, Timestamp};

use crate::catalog::{Addon, Catalog, Price, Product};
use crate::clock::rfc3339;
use crate::error::{Code, Problem, field};

mod address;
pub mod preview;
#[cfg(test)]
mod tests;
pub mod token;

pub use address::needs_postal_code;
use preview::{Preview, PreviewLine};

/// How long a quote holds.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(15);

/// Lines in one cart: the provider takes no more (dodo/README 2.1).
pub const MOST_LINES: usize = 20;

/// A cart whose every id leads somewhere, in one currency.
#[derive(Clone)]
pub struct Cart<'a> {
    /// In the buyer's order.
    pub lines: Vec<Line<'a>>,
    /// What it is paid in.
    pub currency: Currency,
    /// What the buyer typed, upper-cased as the provider keeps it.
    pub discount_code: Option<String>,
    /// Where the buyer is, if they said so.
    pub address: Option<Address>,
}

impl fmt::Debug for Cart<'_> {
    /// What the buyer typed does not print itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cart").field("currency", &self.currency).finish_non_exhaustive()
    }
}

impl Cart<'_> {
    /// Whether the buyer has said enough for the tax to be known.
    #[must_use]
    pub fn is_located(&self) -> bool {
        self.address
            .as_ref()
            .is_some_and(|address| address.postal_code.is_some() || !needs_postal_code(&address.country))
    }

    /// The trial that the catalog gives with this cart, 0 for none: the provider's own default does
    /// not count. The shortest, where lines differ. `None` where nothing recurs.
    #[must_use]
    pub fn trial_days(&self) -> Option<u32> {
        let trial = |line: &Line<'_>| match line.price.billing {
            Billing::Recurring { trial_days, .. } => Some(trial_days),
            Billing::OneTime | Billing::Usage { .. } => None,
        };
        self.lines.iter().filter_map(trial).min()
    }
}

/// A line of a checked cart.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// What is sold.
    pub product: &'a Product,
    /// How it is bought.
    pub price: &'a Price,
    /// How many.
    pub quantity: u32,
    /// Extras and how many of each.
    pub addons: Vec<(&'a Addon, u32)>,
}

/// Checks a cart against the catalog.
///
/// # Errors
/// A problem that points at each wrong field.
pub fn check<'a>(catalog: &'a Catalog, request: &QuoteRequest) -> Result<Cart<'a>, Problem> {
    if request.items.is_empty() {
        return Err(Problem::at(Code::CartEmpty, "/items"));
    }
    if request.items.len() > MOST_LINES {
        let too_many = FieldError { max: i64::try_from(MOST_LINES).ok(), ..field("/items", Code::TooManyItems) };
        return Err(Problem { errors: vec![too_many], ..Code::TooManyItems.into() });
    }
    let mut errors = Vec::new();
    let mut lines: Vec<Line<'a>> = Vec::with_capacity(request.items.len());
    for (index, item) in request.items.iter().enumerate() {
        let pointer = format!("/items/{index}");
        if request.items[..index].iter().any(|earlier| earlier.price_id == item.price_id) {
            errors.push(field(format!("{pointer}/price_id"), Code::DuplicateItem));
        }
        match check_line(catalog, item, &pointer) {
            Ok(line) => lines.push(line),
            Err(wrong) => errors.extend(wrong),
        }
    }
    if !errors.is_empty() {
        return Err(Problem { errors, ..Code::CartInvalid.into() });
    }
    let currency = currency_of(&lines, request.currency)?;
    check_size(&lines)?;
    Ok(Cart {
        currency,
        discount_code: request.discount_code.as_deref().map(discount_code).transpose()?,
        address: request.customer.as_ref().map(address::check).transpose()?,
        lines,
    })
}

/// A total that JSON readers would round is no total (G9).
fn check_size(lines: &[Line<'_>]) -> Result<(), Problem> {
    let too_large = |_| Problem::at(Code::AmountTooLarge, "/items");
    let mut total: Option<Money> = None;
    for line in lines {
        let addons = line.addons.iter().map(|(addon, quantity)| addon.money.times(*quantity));
        for amount in addons.chain([line.price.money.times(line.quantity)]) {
            let amount = amount.map_err(too_large)?;
            // Lines of other currencies are charged in the cart's: their size is what matters here.
            let so_far = total.map_or(Money::zero(amount.currency), |total| Money::new(total.amount, amount.currency));
            total = Some(so_far.plus(amount).map_err(too_large)?);
        }
    }
    Ok(())
}

fn check_line<'a>(catalog: &'a Catalog, item: &CartLine, pointer: &str) -> Result<Line<'a>, Vec<FieldError>> {
    let Some((product, price)) = catalog.price(&item.price_id) else {
        return Err(vec![field(format!("{pointer}/price_id"), Code::UnknownProduct)]);
    };
    let mut errors = Vec::new();
    if !price.quantity.allows(item.quantity) {
        errors.push(FieldError {
            min: Some(price.quantity.min.into()),
            max: Some(price.quantity.max.into()),
            ..field(format!("{pointer}/quantity"), Code::OutOfRange)
        });
    }
    let mut addons: Vec<(&Addon, u32)> = Vec::new();
    for (index, wanted) in item.addons.iter().enumerate() {
        let pointer = format!("{pointer}/addons/{index}");
        let known = price.addons.contains(&wanted.addon_id).then(|| catalog.addon(&wanted.addon_id)).flatten();
        match known {
            None => errors.push(field(format!("{pointer}/addon_id"), Code::UnknownAddon)),
            Some(addon) if addons.iter().any(|(earlier, _)| earlier.id == addon.id) => {
                errors.push(field(format!("{pointer}/addon_id"), Code::DuplicateItem));
            }
            Some(_) if !(1..=MOST_OF_AN_ADDON).contains(&wanted.quantity) => errors.push(FieldError {
                min: Some(1),
                max: Some(MOST_OF_AN_ADDON.into()),
                ..field(format!("{pointer}/quantity"), Code::OutOfRange)
            }),
            Some(addon) => addons.push((addon, wanted.quantity)),
        }
    }
    if errors.is_empty() { Ok(Line { product, price, quantity: item.quantity, addons }) } else { Err(errors) }
}

/// More of one extra is a mistake, not an order.
const MOST_OF_AN_ADDON: u32 = 9_999;

fn currency_of(lines: &[Line<'_>], wanted: Option<Currency>) -> Result<Currency, Problem> {
    let Some(first) = lines.first() else { return Err(Code::CartEmpty.into()) };
    let currency = wanted.unwrap_or(first.price.money.currency);
    for line in lines {
        let offered = line.price.money.currency == currency || line.price.currencies.contains(&currency);
        if !offered && wanted.is_some() {
            return Err(Problem::at(Code::UnsupportedCurrency, "/currency"));
        }
        if !offered {
            return Err(Problem::at(Code::MixedCurrency, "/items"));
        }
    }
    Ok(currency)
}

/// Codes are up to 16 letters and digits (dodo/README 2.6). A malformed one is answered as an
/// unknown one, so that nobody learns which exist.
fn discount_code(code: &str) -> Result<String, Problem> {
    let code = code.trim().to_ascii_uppercase();
    let plausible = (1..=16).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if plausible { Ok(code) } else { Err(Problem::at(Code::DiscountInvalid, "/discount_code")) }
}

/// Makes the quote of a cart from the provider's preview of it. The token is still empty; see
/// [`token::seal`].
///
/// # Errors
/// [`Incoherent`] where the preview does not add up, or is of another cart.
pub fn assemble(cart: &Cart<'_>, preview: &Preview, id: String, now: Timestamp) -> Result<Quote, Incoherent> {
    let currency = preview.currency;
    if currency != cart.currency {
        return Err(Incoherent("the preview is in another currency"));
    }
    let lines = cart.lines.iter().map(|line| quote_line(line, preview)).collect::<Result<Vec<_>, _>>()?;
    adds_up(preview)?;
    let known_country = cart.address.as_ref().map(|address| address.country.clone());
    Ok(Quote {
        id,
        subtotal: money(preview, preview.subtotal)?,
        discount: money(preview, preview.discount)?,
        tax: cart.is_located().then(|| money(preview, preview.tax)).transpose()?,
        tax_inclusive: preview.lines.iter().all(|line| line.tax_inclusive),
        total: money(preview, preview.total)?,
        recurring: recurring(cart, preview)?,
        discount_code: cart.discount_code.clone(),
        country: known_country,
        expires_at: rfc3339(now + LIFETIME),
        quote_token: String::new(),
        lines,
    })
}

fn money(preview: &Preview, amount: i64) -> Result<Money, Incoherent> {
    let fits = (0..=MAX_AMOUNT).contains(&amount);
    if fits { Ok(Money::new(amount, preview.currency)) } else { Err(Incoherent("an amount is out of range")) }
}

/// The provider's preview contradicts itself or the cart: nothing that a buyer should be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the provider's price preview is incoherent: {0}")]
pub struct Incoherent(&'static str);

fn quote_line(line: &Line<'_>, preview: &Preview) -> Result<QuoteLine, Incoherent> {
    const OVERFLOW: Incoherent = Incoherent("a line's total is out of range");
    let priced = preview_line(line, preview)?;
    let unit = money(preview, priced.unit)?;
    let mut total = unit.times(line.quantity).map_err(|_| OVERFLOW)?;
    let mut addons = Vec::with_capacity(line.addons.len());
    for (addon, quantity) in &line.addons {
        let priced = priced
            .addons
            .iter()
            .find(|priced| priced.addon == addon.provider_addon && priced.quantity == *quantity)
            .ok_or(Incoherent("an add-on is missing"))?;
        let addon_total = money(preview, priced.unit)?.times(*quantity).map_err(|_| OVERFLOW)?;
        total = total.plus(addon_total).map_err(|_| OVERFLOW)?;
        addons.push(QuoteAddon {
            addon_id: addon.id.clone(),
            name: addon.name.clone(),
            quantity: *quantity,
            total: addon_total,
        });
    }
    Ok(QuoteLine {
        price_id: line.price.id.clone(),
        name: line.product.name.clone(),
        quantity: line.quantity,
        quantity_rule: line.price.quantity,
        billing: line.price.billing,
        unit,
        total,
        addons,
    })
}

fn preview_line<'p>(line: &Line<'_>, preview: &'p Preview) -> Result<&'p PreviewLine, Incoherent> {
    let same =
        |priced: &&PreviewLine| priced.product == line.price.provider_product && priced.quantity == line.quantity;
    preview.lines.iter().find(same).ok_or(Incoherent("a line is missing"))
}

/// Total = subtotal − discount, plus the tax of those lines that do not hold it already.
fn adds_up(preview: &Preview) -> Result<(), Incoherent> {
    let before_tax = preview.subtotal.checked_sub(preview.discount);
    let with_tax = before_tax.and_then(|amount| amount.checked_add(preview.tax));
    // A cart may hold both kinds of line, so the total lies between the two.
    match (before_tax, with_tax) {
        (Some(least), Some(most)) if (least..=most).contains(&preview.total) => Ok(()),
        _ => Err(Incoherent("the total is not subtotal, discount and tax")),
    }
}

fn recurring(cart: &Cart<'_>, preview: &Preview) -> Result<Vec<Recurring>, Incoherent> {
    let repeats = cart.lines.iter().filter(|line| line.price.billing != Billing::OneTime);
    repeats
        .map(|line| {
            let charge = preview
                .recurring
                .iter()
                .find(|charge| charge.product == line.price.provider_product)
                .ok_or(Incoherent("a recurring charge is missing"))?;
            Ok(Recurring {
                price_id: line.price.id.clone(),
                amount: money(preview, charge.amount)?,
                billing: line.price.billing,
                next_at: charge.next_at.clone(),
            })
        })
        .collect()
}

/// Whether a buyer who agreed to `seen` agrees to `now`: the same lines for the same money.
/// Ids, expiry and the exact moment of the next charge may differ.
#[must_use]
pub fn same_price(seen: &Quote, now: &Quote) -> bool {
    let charges = |quote: &Quote| -> Vec<_> {
        quote.recurring.iter().map(|charge| (charge.price_id.clone(), charge.amount, charge.billing)).collect()
    };
    let lines = |quote: &Quote| -> Vec<_> {
        quote.lines.iter().map(|line| (line.price_id.clone(), line.quantity, line.total, line.addons.clone())).collect()
    };
    (seen.total, seen.tax, seen.discount, seen.subtotal) == (now.total, now.tax, now.discount, now.subtotal)
        && charges(seen) == charges(now)
        && lines(seen) == lines(now)
}

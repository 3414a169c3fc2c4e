//! What a cart costs: pure arithmetic in integer minor units.
//!
//! Discounts come off first, each product and add-on for itself, then tax is reckoned on what is
//! left; every step rounds half up to the minor unit. A line in trial costs nothing now. So, now
//! and for each later charge, `total = subtotal − discount + the tax that prices do not hold`.

use checkout_types::money::{Currency, MAX_AMOUNT};
use jiff::Timestamp;

use super::discounts::{Discount, Reduction};
use super::error::{ApiError, ApiResult};
use super::products::{AddonOffer, Offer};
use super::{exchange, period};

/// A cart that has been checked.
#[derive(Clone, Debug)]
pub(crate) struct Basket {
    pub(crate) lines: Vec<BasketLine>,
    /// What is charged in.
    pub(crate) currency: Currency,
    /// Basis points, for the whole cart.
    pub(crate) tax_bps: i64,
    /// In the order to apply.
    pub(crate) discounts: Vec<Discount>,
}

/// One line of it.
#[derive(Clone, Debug)]
pub(crate) struct BasketLine {
    pub(crate) offer: Offer,
    pub(crate) quantity: u32,
    pub(crate) addons: Vec<(AddonOffer, u32)>,
    /// Days before the first charge.
    pub(crate) trial_days: u32,
    /// Charged when the merchant says so, and not at the start.
    pub(crate) mandate_only: bool,
}

/// Sums in the charged currency, none of them negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Breakup {
    /// Before discount; with the tax where prices hold it.
    pub(crate) subtotal: i64,
    pub(crate) discount: i64,
    /// All tax, also the part that the prices hold.
    pub(crate) tax: i64,
    /// What is charged.
    pub(crate) total: i64,
}

/// A product or an add-on, for its quantity.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PricedItem {
    /// In its own currency.
    pub(crate) og_price: i64,
    /// In the charged currency.
    pub(crate) price: i64,
    /// In the charged currency, for one.
    pub(crate) unit_price: i64,
    /// After discount; of the first charge that is not a trial.
    pub(crate) discounted: i64,
    /// On that.
    pub(crate) tax: i64,
}

/// A line with its sums.
#[derive(Clone, Debug)]
pub(crate) struct PricedLine {
    pub(crate) line: BasketLine,
    pub(crate) item: PricedItem,
    /// In the order of the line's add-ons.
    pub(crate) addons: Vec<PricedItem>,
    /// With the add-ons.
    pub(crate) now: Breakup,
    /// With the add-ons; `None` for what is sold once.
    pub(crate) again: Option<Breakup>,
    /// When it is charged next.
    pub(crate) next_billing: Option<Timestamp>,
}

/// A cart with its sums.
#[derive(Clone, Debug)]
pub(crate) struct Pricing {
    pub(crate) currency: Currency,
    pub(crate) tax_bps: i64,
    pub(crate) discounts: Vec<Discount>,
    pub(crate) lines: Vec<PricedLine>,
    pub(crate) now: Breakup,
    pub(crate) again: Option<Breakup>,
}

impl Basket {
    /// Prices the cart at that time.
    ///
    /// # Errors
    /// `EXCHANGE_RATE_NOT_FOUND`; an amount beyond 2^53 − 1; a flat code that does not fit the
    /// currency or the subtotal.
    pub(crate) fn price(self, now: Timestamp) -> ApiResult<Pricing> {
        let Self { lines, currency, tax_bps, discounts } = self;
        let mut lines = lines.into_iter().map(|line| listed(line, currency, now)).collect::<ApiResult<Vec<_>>>()?;
        let tax = Tax { bps: tax_bps };

        // Later charges first: what a trial line shows is what it will cost, unless it is due now.
        let lasting: Vec<_> = discounts.iter().filter(|code| code.cycles.is_none_or(|cycles| cycles > 1)).collect();
        charge(&mut lines, &lasting, tax, currency, |line| line.again.is_some(), |line, sums| line.again = Some(sums))?;
        let all: Vec<_> = discounts.iter().collect();
        charge(&mut lines, &all, tax, currency, |line| line.line.is_due_now(), |line, sums| line.now = sums)?;

        let again = lines.iter().any(|line| line.again.is_some());
        let again = again.then(|| Breakup::sum(lines.iter().filter_map(|line| line.again))).transpose()?;
        let now = Breakup::sum(lines.iter().map(|line| line.now))?;
        Ok(Pricing { currency, tax_bps, discounts, lines, now, again })
    }
}

impl BasketLine {
    fn is_due_now(&self) -> bool {
        self.trial_days == 0 && !self.mandate_only
    }
}

impl Pricing {
    /// A sum that no cart makes: a difference between two plans, or nothing at all.
    pub(crate) fn of_sums(currency: Currency, now: Breakup) -> Self {
        Self { currency, tax_bps: 0, discounts: Vec::new(), lines: Vec::new(), now, again: None }
    }

    /// When something of it is charged next.
    pub(crate) fn next_billing(&self) -> Option<Timestamp> {
        self.lines.iter().filter_map(|line| line.next_billing).min()
    }

    /// The longest trial, when there is one.
    pub(crate) fn trial_days(&self) -> Option<u32> {
        self.lines.iter().map(|line| line.line.trial_days).max().filter(|days| *days > 0)
    }
}

impl Breakup {
    fn sum(parts: impl Iterator<Item = Self>) -> ApiResult<Self> {
        let mut sum = Self::default();
        for part in parts {
            sum = Self {
                subtotal: add(sum.subtotal, part.subtotal)?,
                discount: add(sum.discount, part.discount)?,
                tax: add(sum.tax, part.tax)?,
                total: add(sum.total, part.total)?,
            };
        }
        Ok(sum)
    }
}

/// A line at its list price, in the charged currency.
fn listed(line: BasketLine, currency: Currency, now: Timestamp) -> ApiResult<PricedLine> {
    let item = |price: i64, from: Currency, quantity: u32| -> ApiResult<PricedItem> {
        let unit_price = exchange::convert(price, from, currency).ok_or_else(|| {
            ApiError::refused("EXCHANGE_RATE_NOT_FOUND", format!("No rate from {from} to {currency}"))
        })?;
        let price_of_all = multiply(unit_price, quantity)?;
        let og_price = multiply(price, quantity)?;
        Ok(PricedItem { og_price, price: price_of_all, unit_price, discounted: price_of_all, tax: 0 })
    };
    let next_billing = line.offer.period().map(|(interval, count)| match line.trial_days {
        0 => period::after(now, interval, count),
        days => period::after_days(now, days),
    });
    Ok(PricedLine {
        item: item(line.offer.price, line.offer.currency, line.quantity)?,
        addons: line.addons.iter().map(|(addon, n)| item(addon.price, addon.currency, *n)).collect::<ApiResult<_>>()?,
        now: Breakup::default(),
        again: line.offer.period().map(|_| Breakup::default()),
        next_billing,
        line,
    })
}

/// One charge: discounts and tax on the lines that are in it.
fn charge(
    lines: &mut [PricedLine],
    discounts: &[&Discount],
    tax: Tax,
    currency: Currency,
    included: impl Fn(&PricedLine) -> bool,
    write: impl Fn(&mut PricedLine, Breakup),
) -> ApiResult<()> {
    let mut lines: Vec<_> = lines.iter_mut().filter(|line| included(line)).collect();
    let mut left: Vec<_> = lines.iter().flat_map(|line| line.items().map(|item| item.price)).collect();
    for discount in discounts {
        reduce(&mut left, &discount.reduction, currency)?;
    }
    let mut left = left.into_iter();
    for line in &mut lines {
        let inclusive = line.line.offer.tax_inclusive;
        let mut sums = Breakup::default();
        for item in line.items_mut() {
            item.discounted = left.next().unwrap_or_default();
            item.tax = tax.on(item.discounted, inclusive)?;
            sums.subtotal = add(sums.subtotal, item.price)?;
            sums.discount = add(sums.discount, item.price - item.discounted)?;
            sums.tax = add(sums.tax, item.tax)?;
        }
        sums.total = sums.subtotal - sums.discount;
        if !inclusive {
            sums.total = add(sums.total, sums.tax)?;
        }
        write(line, sums);
    }
    Ok(())
}

/// Takes a code off a list of amounts: a percentage off each, a flat amount off the first ones
/// until it is used up.
fn reduce(amounts: &mut [i64], reduction: &Reduction, currency: Currency) -> ApiResult<()> {
    match reduction {
        Reduction::Percentage(bps) => {
            for amount in amounts {
                *amount -= half_up(*amount, *bps, 10_000)?;
            }
        }
        Reduction::Flat(options) => {
            let option = options.iter().find(|(code, ..)| *code == currency.code());
            let (_, off, least) = option.ok_or_else(|| {
                ApiError::refused("DISCOUNT_CURRENCY_OPTION_INVALID", format!("The code is not for {currency}"))
            })?;
            if amounts.iter().map(|amount| i128::from(*amount)).sum::<i128>() < i128::from(*least) {
                let message = "The subtotal is too small for the code";
                return Err(ApiError::refused("DISCOUNT_MINIMUM_SUBTOTAL_NOT_MET", message));
            }
            let mut off = *off;
            for amount in amounts {
                let taken = off.min(*amount);
                *amount -= taken;
                off -= taken;
            }
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
struct Tax {
    bps: i64,
}

impl Tax {
    fn on(self, amount: i64, inclusive: bool) -> ApiResult<i64> {
        half_up(amount, self.bps, if inclusive { 10_000 + self.bps } else { 10_000 })
    }
}

impl PricedLine {
    fn items(&self) -> impl Iterator<Item = &PricedItem> {
        std::iter::once(&self.item).chain(&self.addons)
    }

    fn items_mut(&mut self) -> impl Iterator<Item = &mut PricedItem> {
        std::iter::once(&mut self.item).chain(&mut self.addons)
    }
}

/// `amount × numerator ÷ denominator`, rounded half up. All of them are positive.
fn half_up(amount: i64, numerator: i64, denominator: i64) -> ApiResult<i64> {
    let denominator = i128::from(denominator);
    let doubled = i128::from(amount) * i128::from(numerator) * 2 + denominator;
    i64::try_from(doubled.div_euclid(denominator * 2)).map_err(|_| ApiError::too_large())
}

fn add(left: i64, right: i64) -> ApiResult<i64> {
    bounded(left.checked_add(right))
}

fn multiply(amount: i64, quantity: u32) -> ApiResult<i64> {
    bounded(amount.checked_mul(i64::from(quantity)))
}

fn bounded(amount: Option<i64>) -> ApiResult<i64> {
    amount.filter(|amount| *amount <= MAX_AMOUNT).ok_or_else(ApiError::too_large)
}

#[cfg(test)]
mod tests;

//! What is bought, as the page lists it.

use checkout_types::catalog::Interval;
use minijinja::{Value as Context, context};

use super::money;
use crate::sandbox::checkouts::Session;
use crate::sandbox::pricing::PricedLine;

/// Lines, sums and what comes again, in words and written amounts.
pub(crate) fn of(session: &Session) -> Context {
    let pricing = &session.pricing;
    let write = |amount: i64| money::text(amount, pricing.currency);
    let inclusive = pricing.lines.iter().all(|line| line.line.offer.tax_inclusive);
    let codes: Vec<_> = pricing.discounts.iter().map(|discount| discount.code).collect();
    context! {
        lines => pricing.lines.iter().map(|priced| line(priced, &write)).collect::<Vec<_>>(),
        subtotal => write(pricing.now.subtotal),
        discount => (pricing.now.discount > 0).then(|| write(-pricing.now.discount)),
        codes => codes.join(", "),
        tax => write(pricing.now.tax),
        tax_is_included => inclusive,
        tax_rate => format!("{}.{:02}", pricing.tax_bps / 100, pricing.tax_bps % 100).trim_end_matches('0').trim_end_matches('.'),
        total => write(pricing.now.total),
    }
}

fn line(priced: &PricedLine, write: &dyn Fn(i64) -> String) -> Context {
    let quantity = i64::from(priced.line.quantity);
    let addons = priced.addons.iter().zip(&priced.line.addons).map(|(item, (addon, quantity))| {
        context! { name => addon.name.as_str(), quantity => quantity, price => write(item.price) }
    });
    let period = priced.line.offer.period().map(|(interval, count)| every(interval, count));
    let again = priced.again.map(|sums| write(sums.total));
    context! {
        name => priced.line.offer.name.as_str(),
        quantity => quantity,
        price => write(priced.item.price),
        addons => addons.collect::<Vec<_>>(),
        period => period,
        again => again,
        trial_days => (priced.line.trial_days > 0).then_some(priced.line.trial_days),
    }
}

fn every(interval: Interval, count: u32) -> String {
    let unit = match interval {
        Interval::Day => "day",
        Interval::Week => "week",
        Interval::Month => "month",
        Interval::Year => "year",
    };
    if count == 1 { format!("every {unit}") } else { format!("every {count} {unit}s") }
}

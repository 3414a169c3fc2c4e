//! From drafts to a catalog: every id once, and every reference leads somewhere that fits.

use std::collections::HashMap;

use checkout_types::catalog::Billing;
use checkout_types::money::{Currency, Money};

use super::error::Report;
use super::fields::{Located, nearest, quoted};
use super::parse::{AddonDraft, Drafts, PlanDraft, ProductDraft};
use super::price::PriceDraft;
use super::{Addon, Catalog, Plan, Price, Product};

/// The checked catalog; `None` where any part had a mistake, which the report then has.
pub(super) fn catalog(report: &Report<'_>, drafts: Drafts) -> Option<Catalog> {
    if drafts.products.is_empty() {
        report.add_to_file("there is no product", "add a [[product]] with at least one [[product.price]]");
    }
    let prices = || drafts.products.iter().flat_map(|product| &product.prices);
    refuse_repeats(report, "product", drafts.products.iter().map(|product| product.id.as_ref()));
    refuse_repeats(report, "price", prices().map(|price| price.id.as_ref()));
    refuse_repeats(report, "addon", drafts.addons.iter().map(|addon| addon.id.as_ref()));
    refuse_repeats(report, "plan", drafts.plans.iter().map(|plan| plan.id.as_ref()));
    refuse_repeats(report, "dodo", prices().map(|price| price.provider.as_ref()));
    refuse_repeats(report, "dodo", drafts.addons.iter().map(|addon| addon.provider.as_ref()));
    prices().for_each(|price| check_addons(report, price, &drafts.addons));
    let all_prices: Vec<&PriceDraft> = prices().collect();
    drafts.plans.iter().for_each(|plan| check_plan(report, plan, &all_prices));
    Some(Catalog {
        products: drafts.products.into_iter().map(product).collect::<Option<_>>()?,
        addons: drafts.addons.into_iter().map(addon).collect::<Option<_>>()?,
        plans: drafts.plans.into_iter().map(plan).collect::<Option<_>>()?,
    })
}

/// Notes each id that was there before. `kind` is what the id is of.
fn refuse_repeats<'d>(report: &Report<'_>, kind: &str, ids: impl Iterator<Item = Option<&'d Located<String>>>) {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for id in ids.flatten() {
        let first = *seen.entry(&id.value).or_insert(id.at);
        if first != id.at {
            let what = format!("{kind} {} was already used on line {}", quoted(&id.value), report.line(first));
            let cure = if kind == "dodo" {
                "each price and add-on has its own product at the provider"
            } else {
                "give one of the two another id"
            };
            report.add(id.at, what, cure);
        }
    }
}

fn check_addons(report: &Report<'_>, price: &PriceDraft, addons: &[AddonDraft]) {
    let Some(first) = price.addons.first() else { return };
    let wrong = |at, what: String, cure: String| report.add(at, format!("{}: {what}", price.label), cure);
    let fitting = match price.billing {
        Some(Billing::OneTime) => {
            Some("add-ons belong to recurring prices; the provider refuses them on a one-time one")
        }
        Some(Billing::Usage { .. }) => Some("the provider refuses add-ons on a usage price"),
        Some(Billing::Recurring { .. }) | None => None,
    };
    if let Some(why) = fitting {
        wrong(first.at, why.to_owned(), "remove addons".to_owned());
        return;
    }
    for (index, named) in price.addons.iter().enumerate() {
        let repeated = price.addons[..index].iter().any(|before| before.value == named.value);
        let found = addons.iter().find(|addon| has_id(addon.id.as_ref(), &named.value));
        match found {
            _ if repeated => {
                wrong(named.at, format!("addon {} is named twice", quoted(&named.value)), "name it once".to_owned());
            }
            None => {
                let known: Vec<&str> =
                    addons.iter().filter_map(|addon| Some(addon.id.as_ref()?.value.as_str())).collect();
                let what = format!("addon {} does not exist", quoted(&named.value));
                wrong(named.at, what, meant(&named.value, &known, "addon"));
            }
            Some(addon) => {
                if let Some((theirs, ours)) = differing(addon.currency, price.currency) {
                    let what = format!("addon {} is in {theirs}, the price in {ours}", quoted(&named.value));
                    wrong(named.at, what, format!("add an [[addon]] in {ours} and name that"));
                }
            }
        }
    }
}

fn check_plan(report: &Report<'_>, plan: &PlanDraft, prices: &[&PriceDraft]) {
    let wrong = |at, what: String, cure: String| report.add(at, format!("{}: {what}", plan.label), cure);
    let mut currency = None;
    for (index, named) in plan.prices.iter().enumerate() {
        let id = quoted(&named.value);
        if plan.prices[..index].iter().any(|before| before.value == named.value) {
            wrong(named.at, format!("price {id} is named twice"), "name it once".to_owned());
            continue;
        }
        let Some(price) = prices.iter().find(|price| has_id(price.id.as_ref(), &named.value)) else {
            let known: Vec<&str> = prices.iter().filter_map(|price| Some(price.id.as_ref()?.value.as_str())).collect();
            wrong(named.at, format!("price {id} does not exist"), meant(&named.value, &known, "product.price"));
            continue;
        };
        if price.billing.is_some_and(|billing| !matches!(billing, Billing::Recurring { .. })) {
            let what = format!("price {id} is not recurring, and a plan is a choice between periods");
            wrong(named.at, what, "remove it from the plan".to_owned());
        }
        if let Some((theirs, ours)) = differing(price.currency, currency) {
            let what = format!("price {id} is in {theirs}, the one before it in {ours}");
            wrong(named.at, what, "make a plan for each currency".to_owned());
        }
        currency = currency.or(price.currency);
    }
}

fn has_id(id: Option<&Located<String>>, wanted: &str) -> bool {
    id.is_some_and(|id| id.value == wanted)
}

fn differing(theirs: Option<Currency>, ours: Option<Currency>) -> Option<(Currency, Currency)> {
    theirs.zip(ours).filter(|(theirs, ours)| theirs != ours)
}

fn meant(name: &str, known: &[&str], table: &str) -> String {
    match nearest(name, known) {
        Some(meant) => format!("did you mean {meant:?}?"),
        None => format!("add a [[{table}]] with that id, or remove it here"),
    }
}

fn product(draft: ProductDraft) -> Option<Product> {
    let ProductDraft { id, name, description, features, image, prices } = draft;
    let prices = prices.into_iter().map(price).collect::<Option<_>>()?;
    Some(Product { id: id?.value, name: name?, description, features, image, prices })
}

fn price(draft: PriceDraft) -> Option<Price> {
    let PriceDraft {
        label: _,
        id,
        provider,
        amount,
        currency,
        currencies,
        billing,
        tax_inclusive,
        quantity,
        addons,
        terms,
    } = draft;
    Some(Price {
        id: id?.value,
        provider_product: provider?.value,
        money: Money::new(amount?, currency?),
        currencies,
        billing: billing?,
        tax_inclusive: tax_inclusive?,
        quantity: quantity?,
        addons: addons.into_iter().map(|addon| addon.value).collect(),
        terms,
    })
}

fn addon(draft: AddonDraft) -> Option<Addon> {
    let AddonDraft { id, provider, name, amount, currency, adds } = draft;
    let money = Money::new(amount?, currency?);
    Some(Addon { id: id?.value, provider_addon: provider?.value, name: name?, money, adds })
}

fn plan(draft: PlanDraft) -> Option<Plan> {
    let PlanDraft { label: _, id, name, prices } = draft;
    Some(Plan { id: id?.value, name: name?, prices: prices.into_iter().map(|price| price.value).collect() })
}

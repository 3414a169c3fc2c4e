//! Reads what a price gives and when it is taken back: `grants`, `grace_days`, `on_refund`,
//! `on_dispute`, on the price or on its product; and what an add-on `adds`.

use std::collections::BTreeMap;

use checkout_types::catalog::Billing;
use checkout_types::money::MAX_AMOUNT;
use jiff::SignedDuration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fields::{Fields, Located, nearest, quoted, whole_number, written};
use super::{Grants, words};
use crate::entitlement::{DisputePolicy, Limit, RefundPolicy, Terms};

/// The keys that a price has, and its product for all of its prices.
pub(super) const KNOWN: [&str; 4] = ["grants", "grace_days", "on_refund", "on_dispute"];

/// The longest time of grace: a year.
const MOST_GRACE_DAYS: u32 = 365;
/// As many names as one price gives, and as many limits as one of them has.
const MOST_NAMES: usize = 50;

/// Whose names are read: a price's limits may grow with the quantity, an add-on's always do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Giver {
    Price,
    Addon,
}

/// What one table says; what it does not say is its product's or the default.
#[derive(Clone, Default)]
pub(super) struct TermsDraft {
    grants: Option<Grants>,
    grace: Option<SignedDuration>,
    refund: Option<Located<RefundPolicy>>,
    dispute: Option<DisputePolicy>,
}

/// Reads the keys of a product or a price. A part with a mistake is left out: the report has it.
pub(super) fn draft(fields: &Fields<'_>) -> TermsDraft {
    let grace = fields.get("grace_days").and_then(|_| fields.number("grace_days", 0..=MOST_GRACE_DAYS));
    TermsDraft {
        grants: grants(fields, "grants", Giver::Price),
        grace: grace.map(|days| SignedDuration::from_hours(24 * i64::from(days))),
        refund: refund(fields),
        dispute: dispute(fields),
    }
}

/// The terms of a price: its own words, then its product's, then the defaults.
pub(super) fn of_price(fields: &Fields<'_>, product: &TermsDraft, billing: Option<Billing>) -> Terms {
    let own = draft(fields);
    let refund = own.refund.or_else(|| product.refund.clone());
    if billing == Some(Billing::OneTime) {
        if let Some(Located { value: RefundPolicy::AtPeriodEnd, at }) = refund {
            let what = "on_refund \"at_period_end\" needs a period, and a one-time price has none";
            fields.wrong(at, what, "write on_refund = \"revoke\" or \"keep\" for this price");
        }
        if let Some(value) = fields.get("grace_days") {
            let what = "grace_days does not belong here: a one-time price is never renewed";
            fields.wrong(value.span().start, what, "remove grace_days");
        }
    }
    let unsaid = Terms::default();
    Terms {
        grants: own.grants.or_else(|| product.grants.clone()).unwrap_or(unsaid.grants),
        grace: own.grace.or(product.grace).unwrap_or(unsaid.grace),
        refund: refund.map_or(unsaid.refund, |policy| policy.value),
        dispute: own.dispute.or(product.dispute).unwrap_or(unsaid.dispute),
    }
}

/// What each one of an add-on adds.
pub(super) fn adds(fields: &Fields<'_>) -> Grants {
    grants(fields, "adds", Giver::Addon).unwrap_or_default()
}

fn refund(fields: &Fields<'_>) -> Option<Located<RefundPolicy>> {
    let at = fields.get("on_refund")?.span().start;
    let value = match fields.choice("on_refund", &["revoke", "at_period_end", "keep"])? {
        "revoke" => RefundPolicy::Revoke,
        "at_period_end" => RefundPolicy::AtPeriodEnd,
        _ => RefundPolicy::Keep,
    };
    Some(Located { value, at })
}

fn dispute(fields: &Fields<'_>) -> Option<DisputePolicy> {
    match fields.choice("on_dispute", &["keep", "suspend"])? {
        "suspend" => Some(DisputePolicy::Suspend),
        _ => Some(DisputePolicy::Keep),
    }
}

/// The names under a key, each with its limits.
fn grants(fields: &Fields<'_>, key: &str, giver: Giver) -> Option<Grants> {
    let value = fields.get(key)?;
    let example = match giver {
        Giver::Price => "{ pro = { projects = 10 } }",
        Giver::Addon => "{ team = { seats = 1 } }",
    };
    let table = table(fields, value, key, &format!("write {key} = {example}"))?;
    few_enough(fields, value.span().start, key, table.len());
    let mut grants = BTreeMap::new();
    for (name, limits) in table {
        let path = format!("{key}: {}", quoted(name.get_ref()));
        let named = named(fields, name.span().start, name.get_ref(), key);
        let cure = || format!("write {} = {{}} where it has no limits", shown(name.get_ref()));
        let Some(limits) = self::table(fields, limits, &path, &cure()) else { continue };
        let limits = self::limits(fields, limits, &path, giver);
        if let Some(name) = named {
            grants.insert(name, limits);
        }
    }
    Some(grants)
}

fn limits<'a>(fields: &Fields<'a>, table: &'a DeTable<'a>, path: &str, giver: Giver) -> BTreeMap<String, Limit> {
    few_enough(fields, fields.at, path, table.len());
    let mut limits = BTreeMap::new();
    for (name, value) in table {
        let named = named(fields, name.span().start, name.get_ref(), path);
        let limit = limit(value.get_ref(), giver);
        if limit.is_none() {
            let what = format!("{path}: {} {} is not a limit", shown(name.get_ref()), written(value.get_ref()));
            fields.wrong(value.span().start, &what, limit_cure(value.get_ref(), giver));
        }
        if let (Some(name), Some(limit)) = (named, limit) {
            limits.insert(name, limit);
        }
    }
    limits
}

/// `10`, `"unlimited"`, `"per_unit"`, or `{ per_unit = 5 }` for five for each one bought.
fn limit(value: &DeValue<'_>, giver: Giver) -> Option<Limit> {
    let amount = |value: &DeValue<'_>| whole_number(value).filter(|number| (0..=MAX_AMOUNT).contains(number));
    match (value, giver) {
        (DeValue::String(text), _) if text == "unlimited" => Some(Limit::Unlimited),
        (DeValue::String(text), Giver::Price) if text == "per_unit" => Some(Limit::PerUnit(1)),
        (DeValue::Table(table), Giver::Price) if table.len() == 1 => {
            Some(Limit::PerUnit(amount(table.get("per_unit")?.get_ref())?))
        }
        (number, Giver::Price) => amount(number).map(Limit::Fixed),
        (number, Giver::Addon) => amount(number).map(Limit::PerUnit),
    }
}

fn limit_cure(value: &DeValue<'_>, giver: Giver) -> String {
    let (words, cure): (&[&str], _) = match giver {
        Giver::Price => (
            &["per_unit", "unlimited"],
            "write a whole number from 0, \"unlimited\", \"per_unit\", or { per_unit = 5 } for five for each one bought",
        ),
        Giver::Addon => (&["unlimited"], "write a whole number from 0, which is for each add-on, or \"unlimited\""),
    };
    match value.as_str().and_then(|text| nearest(text, words)) {
        Some(meant) => format!("did you mean {meant:?}?"),
        None => cure.to_owned(),
    }
}

fn table<'a>(fields: &Fields<'_>, value: &'a Spanned<DeValue<'a>>, path: &str, cure: &str) -> Option<&'a DeTable<'a>> {
    let table = value.get_ref().as_table();
    if table.is_none() {
        let what = format!("{path} {} is not a table", written(value.get_ref()));
        fields.wrong(value.span().start, &what, cure);
    }
    table
}

fn named(fields: &Fields<'_>, at: usize, name: &str, path: &str) -> Option<String> {
    if words::is_id(name) {
        return Some(name.to_owned());
    }
    let what = format!("{path}: the name {} is not allowed", quoted(name));
    fields.wrong(at, &what, words::ID_CURE);
    None
}

fn few_enough(fields: &Fields<'_>, at: usize, path: &str, names: usize) {
    if names > MOST_NAMES {
        fields.wrong(at, &format!("{path} has {names} names"), format!("keep at most {MOST_NAMES}"));
    }
}

/// A name as it stands in a cure: bare where it can be.
fn shown(name: &str) -> String {
    if words::is_id(name) { name.to_owned() } else { quoted(name) }
}

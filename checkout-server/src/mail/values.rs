//! What a template may say: every mail has the same variables, and what does not apply is `none`. Pure.

use checkout_types::money::Money;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::Mail;
use super::occasion::{items, taken};
use super::words;
use crate::catalog::Catalog;
use crate::store::{Subscribed, Told};

/// The variables of every template, with what each says. `docs/mail.md` has this table.
pub const VARIABLES: [(&str, &str); 16] = [
    ("shop_name", "The shop's name, from the settings."),
    ("contact", "The address for questions: `reply_to`, or else `from`."),
    ("name", "What the buyer is called; `none` where that is not known or no name to greet with."),
    ("items", "What was bought: a list of `{name, quantity}`."),
    ("product", "The same in words, such as `Pro and Team × 3`."),
    ("amount", "Paid (`receipt`), owed (`payment_failed`), or to be charged (`trial_ending`), such as `29.00 EUR`."),
    ("plus_tax", "Whether tax may come on top of `amount`."),
    ("paid_on", "When the money came in (`receipt`)."),
    ("renewal", "Whether it was paid for a further period (`receipt`)."),
    ("next_charge_on", "When money is charged next (`receipt` of a subscription, `trial_ending`)."),
    ("access_until", "Until when everything works (`payment_failed`, `canceled`); `none` where it has ended or is not known."),
    ("ended_on", "Since when it does not (`access_ended`)."),
    ("reason", "Why (`access_ended`): `payment_failed`, `renewal_missing`, `paused`, `canceled` or `expired`."),
    ("mend_url", "Where a new card is given (`payment_failed`; `access_ended` where that helps)."),
    ("reference", "The payment or subscription, for questions."),
    ("test_mode", "Whether no real money moves."),
];

/// Something that was bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// What the buyer reads.
    pub name: String,
    /// How many.
    pub quantity: i64,
}

/// The values of [`VARIABLES`]: dates in words, in UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the table above says what each is")]
pub struct Values {
    pub shop_name: String,
    pub contact: String,
    pub name: Option<String>,
    pub items: Vec<Item>,
    pub product: String,
    pub amount: Option<String>,
    pub plus_tax: bool,
    pub paid_on: Option<String>,
    pub renewal: bool,
    pub next_charge_on: Option<String>,
    pub access_until: Option<String>,
    pub ended_on: Option<String>,
    pub reason: Option<String>,
    pub mend_url: Option<String>,
    pub reference: Option<String>,
    pub test_mode: bool,
}

/// The shop, as mails name it.
#[derive(Clone, Debug)]
pub struct Shop<'a> {
    /// Its name.
    pub name: &'a str,
    /// Where questions go.
    pub contact: &'a str,
    /// What it sells.
    pub catalog: &'a Catalog,
    /// Whether no real money moves.
    pub test_mode: bool,
}

/// What a mail says of what is known. `mend` is the link that mends a failed payment.
#[must_use]
pub fn values(mail: Mail, shop: &Shop<'_>, told: &Told, mend: Option<String>, now: Timestamp) -> Values {
    let subscribed = told.subscription.as_ref().map(Standing::read).unwrap_or_default();
    let items = bought(mail, shop.catalog, told, &subscribed);
    let (amount, plus_tax) = amount(mail, shop.catalog, told, &subscribed);
    let reason = match (mail, &told.access_before, &told.access_then) {
        (Mail::AccessEnded, Some(before), Some(then)) => taken(before, then).first().map(|taking| taking.reason),
        _ => None,
    };
    let mends = matches!(mail, Mail::PaymentFailed)
        || (reason.is_some_and(|reason| reason.as_str() == "payment_failed")
            && told.subscription.as_ref().is_some_and(|subscription| is_owed(&subscription.state)));
    let payment = told.charge.as_ref().filter(|_| mail == Mail::Receipt);
    Values {
        shop_name: shop.name.to_owned(),
        contact: shop.contact.to_owned(),
        name: told.contact.as_ref().and_then(|contact| words::greeting(contact.name.as_deref()?)),
        product: words::list(items.iter().map(|item| (item.name.as_str(), item.quantity))),
        items,
        amount: amount.map(|money| money.to_string()),
        plus_tax,
        paid_on: payment.map(|payment| words::date(payment.at.unwrap_or(told.at))),
        renewal: payment.is_some_and(|payment| !payment.is_sale),
        next_charge_on: subscribed.next_charge(mail, now).map(words::date),
        access_until: access_until(mail, told, &subscribed).filter(|until| *until > now).map(words::date),
        ended_on: (mail == Mail::AccessEnded).then(|| words::date(told.at)),
        reason: reason.map(|reason| reason.as_str().to_owned()),
        mend_url: mend.filter(|_| mends),
        reference: payment
            .map(|payment| payment.id.clone())
            .or_else(|| told.subscription.as_ref().map(|subscription| subscription.id.clone())),
        test_mode: shop.test_mode,
    }
}

/// Whether a new card mends a subscription in that state.
#[must_use]
pub fn is_owed(state: &str) -> bool {
    matches!(state, "past_due" | "on_hold")
}

/// A subscription, as far as mails speak of it.
#[derive(Default)]
struct Standing {
    product: Option<String>,
    quantity: i64,
    addons: Vec<(String, i64)>,
    period_end: Option<Timestamp>,
    goes_on: bool,
}

impl Standing {
    fn read(Subscribed { id: _, state, data }: &Subscribed) -> Self {
        let seen = &data["seen"];
        let addons = seen["addons"].as_array().into_iter().flatten();
        Self {
            product: seen["product"].as_str().map(str::to_owned),
            quantity: seen["quantity"].as_i64().unwrap_or(1).max(1),
            addons: addons.filter_map(|addon| Some((addon[0].as_str()?.to_owned(), addon[1].as_i64()?))).collect(),
            // The period comes with the version of the observation that named it.
            period_end: [&data["period"][1]["end"], &seen["period"]["end"]].into_iter().find_map(time),
            goes_on: state == "active" && seen["ends_with_period"] != true,
        }
    }

    fn next_charge(&self, mail: Mail, now: Timestamp) -> Option<Timestamp> {
        let told = matches!(mail, Mail::Receipt | Mail::TrialEnding) && self.goes_on;
        self.period_end.filter(|end| told && *end > now)
    }
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str().and_then(|text| text.parse().ok())
}

/// The order names what was sold; what is renewed, or stops, is what is subscribed to now.
fn bought(mail: Mail, catalog: &Catalog, told: &Told, subscribed: &Standing) -> Vec<Item> {
    let sale = mail == Mail::Receipt && told.charge.as_ref().is_some_and(|charge| charge.is_sale);
    let product = subscribed.product.as_deref().filter(|_| !sale).and_then(|id| provided(catalog, id));
    if let Some((product, _)) = product {
        return vec![Item { name: product.name.clone(), quantity: subscribed.quantity }];
    }
    let ordered = told.order.iter().flat_map(|order| &order.items);
    ordered.map(|item| Item { name: item.name.clone(), quantity: item.quantity.into() }).collect()
}

/// The price that is that product at the provider.
fn provided<'a>(catalog: &'a Catalog, id: &str) -> Option<(&'a crate::catalog::Product, &'a crate::catalog::Price)> {
    catalog.products.iter().find_map(|product| {
        let price = product.prices.iter().find(|price| price.provider_product == id)?;
        Some((product, price))
    })
}

/// How much, and whether tax may come on top.
fn amount(mail: Mail, catalog: &Catalog, told: &Told, subscribed: &Standing) -> (Option<Money>, bool) {
    let charged = || told.charge.as_ref().and_then(|charge| charge.money);
    match mail {
        // A trial begins with a payment of nothing.
        Mail::Receipt => (charged().filter(|money| money.amount > 0), false),
        Mail::PaymentFailed => match charged() {
            Some(money) => (Some(money), false),
            None => listed(catalog, told, subscribed),
        },
        Mail::TrialEnding => listed(catalog, told, subscribed),
        Mail::Canceled | Mail::AccessEnded => (None, false),
    }
}

/// What the catalog asks for a period; nothing where the buyer pays in another currency.
fn listed(catalog: &Catalog, told: &Told, subscribed: &Standing) -> (Option<Money>, bool) {
    let Some((_, price)) = subscribed.product.as_deref().and_then(|id| provided(catalog, id)) else {
        return (None, false);
    };
    let paid_in = told.order.as_ref().map(|order| order.total.currency);
    if paid_in.is_some_and(|currency| currency != price.money.currency) {
        return (None, false);
    }
    let times = |money: Money, quantity: i64| money.times(u32::try_from(quantity).ok()?).ok();
    let addons = subscribed.addons.iter().map(|(id, quantity)| {
        times(catalog.addons.iter().find(|addon| addon.provider_addon == *id)?.money, *quantity)
    });
    let base = times(price.money, subscribed.quantity);
    let total = addons.fold(base, |total, addon| total?.plus(addon?).ok());
    (total, total.is_some() && !price.tax_inclusive)
}

fn access_until(mail: Mail, told: &Told, subscribed: &Standing) -> Option<Timestamp> {
    match mail {
        Mail::PaymentFailed => {
            let all = told.access_now.iter().chain(&told.access_then).flat_map(items);
            let grace = all.filter(|(_, item)| item["state"] == "grace");
            grace.filter_map(|(_, item)| time(&item["valid_until"]).or_else(|| time(&item["until"]))).max()
        }
        Mail::Canceled => subscribed.period_end,
        _ => None,
    }
}

#[cfg(test)]
mod tests;

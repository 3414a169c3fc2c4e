//! What a template may say: every mail has the same variables, and what does not apply is `none`. Pure.

use checkout_types::money::Money;
use jiff::Timestamp;
use serde::Serialize;

use super::occasion::{Taken, taken};
use super::words;
use super::{Mail, Occurrence};
use crate::catalog::Catalog;
use crate::standing::SubscriptionStanding;

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
    (
        "access_until",
        "Until when everything works (`payment_failed`, `canceled`); `none` where it has ended or is not known.",
    ),
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
pub fn values(mail: Mail, shop: &Shop<'_>, told: &Occurrence, mend: Option<String>, now: Timestamp) -> Values {
    let subscribed = told.subscription.as_ref().map(|(_, subscription)| subscription);
    let items = bought(mail, shop.catalog, told, subscribed);
    let (amount, plus_tax) = amount(mail, shop.catalog, told, subscribed);
    let reason = match (mail, &told.access_before, &told.access_then) {
        (Mail::AccessEnded, Some(before), Some(then)) => taken(before, then).first().map(|taking| taking.reason),
        _ => None,
    };
    let mends =
        matches!(mail, Mail::PaymentFailed) || (reason == Some(Taken::PaymentFailed) && owed(told) == Owed::Payment);
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
        renewal: payment.is_some_and(|payment| payment.charge == "renewal"),
        next_charge_on: next_charge(mail, subscribed).filter(|next| *next > now).map(words::date),
        access_until: access_until(mail, subscribed).filter(|until| *until > now).map(words::date),
        ended_on: (mail == Mail::AccessEnded).then(|| words::date(told.at)),
        reason: reason.map(|reason| reason.as_str().to_owned()),
        mend_url: mend.filter(|_| mends),
        reference: payment
            .map(|payment| payment.id.clone())
            .or_else(|| told.subscription.as_ref().map(|(id, _)| id.clone())),
        test_mode: shop.test_mode,
    }
}

/// Whether a subscription waits for its payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owed {
    /// It does: a new card helps.
    Payment,
    /// It does not, or not any more.
    Nothing,
    /// It has ended: nothing will be charged.
    Over,
}

impl Owed {
    /// As the page knows it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Nothing => "nothing",
            Self::Over => "over",
        }
    }
}

/// Whether the subscription of an event waits for its payment, as it stands now.
#[must_use]
pub fn owed(told: &Occurrence) -> Owed {
    match told.subscription.as_ref().map(|(_, subscription)| subscription) {
        Some(now) if now.past_due_since.is_some() => Owed::Payment,
        Some(now) if now.over || matches!(now.state.as_str(), "cancelled" | "failed" | "expired") => Owed::Over,
        _ => Owed::Nothing,
    }
}

/// When money is charged next, where it goes on.
fn next_charge(mail: Mail, subscribed: Option<&SubscriptionStanding>) -> Option<Timestamp> {
    let goes_on = |now: &&SubscriptionStanding| now.state == "active" && !now.ends_with_period;
    let now = subscribed.filter(goes_on).filter(|_| matches!(mail, Mail::Receipt | Mail::TrialEnding))?;
    now.trial_end.or(now.period_end)
}

/// The order names what was sold; what is renewed, or stops, is what is subscribed to now.
fn bought(mail: Mail, catalog: &Catalog, told: &Occurrence, subscribed: Option<&SubscriptionStanding>) -> Vec<Item> {
    let sale = mail == Mail::Receipt && told.charge.as_ref().is_some_and(|charge| charge.charge == "sale");
    let renewed = subscribed.filter(|_| !sale);
    if let Some((now, (product, _))) = renewed.and_then(|now| Some((now, catalog.price(now.price.as_deref()?)?))) {
        return vec![Item { name: product.name.clone(), quantity: now.quantity }];
    }
    let ordered = told.order.iter().flat_map(|order| &order.items);
    ordered.map(|item| Item { name: item.name.clone(), quantity: item.quantity.into() }).collect()
}

/// How much, and whether tax may come on top.
fn amount(
    mail: Mail,
    catalog: &Catalog,
    told: &Occurrence,
    subscribed: Option<&SubscriptionStanding>,
) -> (Option<Money>, bool) {
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
fn listed(catalog: &Catalog, told: &Occurrence, subscribed: Option<&SubscriptionStanding>) -> (Option<Money>, bool) {
    let found = subscribed.and_then(|now| Some((now, catalog.price(now.price.as_deref()?)?)));
    let Some((now, (_, price))) = found else { return (None, false) };
    let paid_in = told.order.as_ref().map(|order| order.total.currency);
    if paid_in.is_some_and(|currency| currency != price.money.currency) {
        return (None, false);
    }
    let times = |money: Money, quantity: i64| money.times(u32::try_from(quantity).ok()?).ok();
    let addons = now.addons.iter().map(|(id, quantity)| times(catalog.addon_sold_as(id)?.money, *quantity));
    let total = addons.fold(times(price.money, now.quantity), |total, addon| total?.plus(addon?).ok());
    (total, total.is_some() && !price.tax_inclusive)
}

fn access_until(mail: Mail, subscribed: Option<&SubscriptionStanding>) -> Option<Timestamp> {
    match mail {
        Mail::PaymentFailed => subscribed?.grace_until,
        Mail::Canceled => subscribed?.period_end,
        _ => None,
    }
}

#[cfg(test)]
mod tests;

//! What a buyer may say about themselves, and a page about an order. Pure.

use std::collections::BTreeMap;

use crate::customer;
use crate::error::{Code, Problem};
use checkout_types::customer::Customer;

/// Pairs of a page's own notes. The provider takes 50 (dodo/README 1); some are ours.
const MOST_NOTES: usize = 20;
/// Keys that we or the provider write ourselves.
const RESERVED: [&str; 3] = ["order_id", "checkout_id", "customer_reference"];

/// A customer with an address that mail can reach and a name in one normal form.
pub(super) fn check(customer: &Customer) -> Result<Customer, Problem> {
    let Customer { email, name } = customer;
    let email = customer::mailbox(email.trim()).ok_or_else(|| Problem::at(Code::EmailInvalid, "/customer/email"))?;
    let name = name.as_deref().map(|name| customer::name(name, "/customer/name")).transpose()?.flatten();
    Ok(Customer { email, name })
}

/// A page's notes stay within what the provider keeps, and never take the place of ours.
pub(super) fn check_notes(notes: &BTreeMap<String, String>) -> Result<(), Problem> {
    let fits = |(key, value): (&String, &String)| {
        (1..=40).contains(&key.chars().count()) && value.chars().count() <= 500 && !RESERVED.contains(&key.as_str())
    };
    if notes.len() <= MOST_NOTES && notes.iter().all(fits) {
        Ok(())
    } else {
        Err(Problem::at(Code::MetadataInvalid, "/custom_data"))
    }
}

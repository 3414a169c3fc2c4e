//! What a buyer may say about themselves, and a page about an order. Pure.

use std::collections::BTreeMap;

use checkout_types::customer::Customer;
use unicode_normalization::UnicodeNormalization as _;

use crate::error::{Code, Problem};

/// Pairs of a page's own notes. The provider takes 50 (dodo/README 1); some are ours.
const MOST_NOTES: usize = 20;
/// Keys that we or the provider write ourselves.
const RESERVED: [&str; 2] = ["order_id", "checkout_id"];

/// A customer with an address that mail can reach and a name in one normal form.
pub(super) fn check(customer: &Customer) -> Result<Customer, Problem> {
    let Customer { email, name } = customer;
    let email = mailbox(email.trim()).ok_or_else(|| Problem::at(Code::EmailInvalid, "/customer/email"))?;
    let name: Option<String> = name.as_deref().map(|name| name.trim().nfc().collect());
    let name = name.filter(|name| !name.is_empty());
    if name.as_ref().is_some_and(|name| name.chars().count() > 120) {
        return Err(Problem::at(Code::TextInvalid, "/customer/name"));
    }
    Ok(Customer { email, name })
}

/// The address with its domain as A-labels. Quoted local parts and addresses without a domain
/// name are legal (RFC 5321) and in a checkout always a mistake.
fn mailbox(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c);
    let local_is_fine =
        (1..=64).contains(&local.len()) && local.split('.').all(|part| !part.is_empty() && part.chars().all(atom));
    let domain = idna::domain_to_ascii_strict(domain).ok()?;
    let labels: Vec<&str> = domain.split('.').collect();
    let top_is_a_name =
        labels.last().is_some_and(|top| top.len() >= 2 && !top.bytes().all(|byte| byte.is_ascii_digit()));
    let label = |label: &&str| (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-');
    let domain_is_fine = labels.len() >= 2 && labels.iter().all(label) && top_is_a_name;
    let address = format!("{local}@{domain}");
    (local_is_fine && domain_is_fine && address.len() <= 254).then_some(address)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_mail_can_reach() {
        for (typed, kept) in [
            ("ada@example.com", "ada@example.com"),
            ("ada.l+shop@Example.COM", "ada.l+shop@example.com"),
            ("ada@bücher.example", "ada@xn--bcher-kva.example"),
            ("o'neil@example.co.uk", "o'neil@example.co.uk"),
        ] {
            assert_eq!(mailbox(typed).as_deref(), Some(kept));
        }
    }

    #[test]
    fn what_is_no_address() {
        let long = format!("{}@example.com", "a".repeat(65));
        for typed in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@localhost",
            "ada@example",
            "a b@example.com",
            ".ada@example.com",
            "ada.@example.com",
            "a..b@example.com",
            "\"ada\"@example.com",
            "ada@exa mple.com",
            "ada@-a.com",
            "ada@example..com",
            "ada@127.0.0.1",
            "ada@[127.0.0.1]",
            "ada@example.com\r\nBcc: x@y.z",
            "аdа@example.com",
            long.as_str(),
        ] {
            assert_eq!(mailbox(typed), None, "{typed}");
        }
    }
}

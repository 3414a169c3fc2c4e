//! Who buys: what an e-mail address, a name and a merchant's own reference may be. Pure.

use unicode_normalization::UnicodeNormalization as _;

use crate::error::{Code, Problem};

pub mod token;

/// Characters in a reference. With its key it has to fit into the provider's metadata.
const LONGEST_REFERENCE: usize = 200;
/// Characters in a name.
const LONGEST_NAME: usize = 120;

/// A customer as the merchant's own server knows them.
#[derive(Clone, PartialEq, Eq)]
pub struct Known {
    /// The merchant's own id of the customer.
    pub reference: String,
    /// Where mail reaches them.
    pub email: Option<String>,
    /// What they are called.
    pub name: Option<String>,
}

/// Whose a purchase is: the merchant's customer, or a guest who is known by one checkout alone.
///
/// Only the merchant's own server names a reference (a customer token, a claim); nothing that a browser
/// or a payment link says does.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CustomerKey {
    /// In the merchant's own words.
    Reference(String),
    /// The checkout of somebody who was not signed in.
    Guest(String),
}

impl CustomerKey {
    /// As it is stored: `ref:…` or `co:…`.
    #[must_use]
    pub fn stored(&self) -> String {
        match self {
            Self::Reference(reference) => format!("ref:{reference}"),
            Self::Guest(checkout) => format!("co:{checkout}"),
        }
    }

    /// As it was stored.
    #[must_use]
    pub fn from_store(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once(':')?;
        match kind {
            "ref" => Some(Self::Reference(name.to_owned())),
            "co" => Some(Self::Guest(name.to_owned())),
            _ => None,
        }
    }

    /// The merchant's own name of the customer, where there is one.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        match self {
            Self::Reference(reference) => Some(reference),
            Self::Guest(_) => None,
        }
    }
}

impl std::fmt::Debug for CustomerKey {
    /// A reference may be an e-mail address: it does not print itself.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Reference(_) => f.write_str("Reference(…)"),
            Self::Guest(checkout) => write!(f, "Guest({checkout})"),
        }
    }
}

impl std::fmt::Debug for Known {
    /// Personal data does not print itself.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Known(personal data)")
    }
}

impl Known {
    /// Takes what a merchant's server says of a customer.
    ///
    /// # Errors
    /// A problem that points at the field.
    pub fn check(reference: &str, email: Option<&str>, name: Option<&str>) -> Result<Self, Problem> {
        let no_mailbox = || Problem::at(Code::EmailInvalid, "/email");
        Ok(Self {
            reference: self::reference(reference, "/reference")?,
            email: email.map(|email| mailbox(email.trim()).ok_or_else(no_mailbox)).transpose()?,
            name: name.map(|name| self::name(name, "/name")).transpose()?.flatten(),
        })
    }
}

/// Whom mails about an order go to, as its buyer typed it.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    /// In its normal form, see [`mailbox`]. Nobody has verified it.
    pub email: String,
    /// What they are called.
    pub name: Option<String>,
}

impl std::fmt::Debug for Contact {
    /// Personal data does not print itself.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Contact(personal data)")
    }
}

/// A reference that a merchant's server or an operator names.
///
/// # Errors
/// It is none: too long, empty, or with a space at an end.
pub fn reference(text: &str, pointer: &str) -> Result<String, Problem> {
    if is_reference(text) { Ok(text.to_owned()) } else { Err(Problem::at(Code::TextInvalid, pointer)) }
}

/// Two references that look alike are one customer to whoever reads them, so none begins or ends
/// with a space. A dot or two are no step of a path, so no address could name such a customer.
fn is_reference(text: &str) -> bool {
    (1..=LONGEST_REFERENCE).contains(&text.chars().count()) && text.trim() == text && !matches!(text, "." | "..")
}

/// A name in one normal form; `None` where nothing is left of it.
///
/// # Errors
/// It is too long.
pub fn name(text: &str, pointer: &str) -> Result<Option<String>, Problem> {
    let name: String = text.trim().nfc().collect();
    if name.chars().count() > LONGEST_NAME {
        return Err(Problem::at(Code::TextInvalid, pointer));
    }
    Ok(Some(name).filter(|name| !name.is_empty()))
}

/// Greek and Cyrillic letters among Latin ones make one domain look like another (UTS 39, 5.1).
fn mixes_scripts(label: &str) -> bool {
    let looks_alike = |c: char| matches!(c, '\u{370}'..='\u{3ff}' | '\u{400}'..='\u{52f}');
    label.chars().any(looks_alike) && label.chars().any(|c| c.is_ascii_alphabetic())
}

/// The address with its domain as A-labels. Quoted local parts and addresses without a domain
/// name are legal (RFC 5321) and in a checkout always a mistake.
#[must_use]
pub fn mailbox(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c);
    let local_is_fine =
        (1..=64).contains(&local.len()) && local.split('.').all(|part| !part.is_empty() && part.chars().all(atom));
    if domain.split('.').any(mixes_scripts) {
        return None;
    }
    let domain = idna::domain_to_ascii_strict(domain).ok()?;
    let labels: Vec<&str> = domain.split('.').collect();
    let top_is_a_name =
        labels.last().is_some_and(|top| top.len() >= 2 && !top.bytes().all(|byte| byte.is_ascii_digit()));
    let label = |label: &&str| (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-');
    let domain_is_fine = labels.len() >= 2 && labels.iter().all(label) && top_is_a_name;
    let address = format!("{local}@{domain}");
    (local_is_fine && domain_is_fine && address.len() <= 254).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_that_look_alike_are_refused() {
        let long = "r".repeat(201);
        for reference in ["", " ", ".", "..", " user_1", "user_1 ", "user_1\u{a0}", long.as_str()] {
            assert!(Known::check(reference, None, None).is_err(), "{reference:?}");
        }
        assert!(Known::check(&long[1..], Some(" ada@example.com "), Some(" ")).is_ok_and(|known| known.name.is_none()));
    }

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

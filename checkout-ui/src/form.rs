//! What the buyer types, and what is wrong with it.

use checkout_types::customer::Address;
use checkout_types::problem::FieldError;

/// Countries whose tax depends on the postal code.
const POSTAL_COUNTRIES: [&str; 5] = ["US", "CA", "IN", "PR", "BR"];
/// Mail hosts that are often mistyped.
const MAIL_HOSTS: [&str; 6] = ["gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "proton.me"];

/// A field of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Where the receipt goes.
    Email,
    /// Where the buyer is.
    Country,
    /// Where in it.
    PostalCode,
    /// A discount.
    Discount,
    /// The quantity of the cart's line of that place.
    Quantity(usize),
}

impl Field {
    /// The element's id in the widget's root.
    pub fn id(self) -> String {
        match self {
            Self::Email => "email".into(),
            Self::Country => "country".into(),
            Self::PostalCode => "postal".into(),
            Self::Discount => "discount".into(),
            Self::Quantity(line) => "quantity-".to_owned() + &line.to_string(),
        }
    }

    /// The field that a JSON pointer of a problem is about.
    pub fn at(pointer: &str) -> Option<Self> {
        Some(match pointer {
            "/customer/email" => Self::Email,
            "/customer/country" => Self::Country,
            "/customer/postal_code" => Self::PostalCode,
            "/discount_code" => Self::Discount,
            _ => {
                let (line, rest) = pointer.strip_prefix("/items/")?.split_once('/')?;
                if rest != "quantity" {
                    return None;
                }
                Self::Quantity(line.parse().ok()?)
            }
        })
    }
}

/// The first problem that a field can show, with that field.
pub fn first_field(errors: &[FieldError]) -> Option<(Field, &FieldError)> {
    errors.iter().find_map(|error| Some((Field::at(&error.pointer)?, error)))
}

/// The key of what is wrong with an e-mail address; the server has the last word.
pub fn email_error(email: &str) -> Option<&'static str> {
    let email = email.trim();
    let Some((name, host)) = email.rsplit_once('@') else {
        return Some(if email.is_empty() { "email_missing" } else { "email_invalid" });
    };
    let host_is_whole = host.split('.').count() > 1 && host.split('.').all(|label| !label.is_empty());
    let is_whole = !name.is_empty() && host_is_whole && !email.contains(char::is_whitespace) && email.len() <= 254;
    (!is_whole).then_some("email_invalid")
}

/// The address that was probably meant, where the host is one letter away from a common one.
pub fn email_suggestion(email: &str) -> Option<String> {
    let (name, host) = email.trim().rsplit_once('@')?;
    let host = host.to_ascii_lowercase();
    let meant = MAIL_HOSTS.into_iter().find(|known| is_one_slip_away(&host, known))?;
    Some([name, "@", meant].concat())
}

/// Whether one letter was left out, doubled, mistyped or swapped with its neighbour.
fn is_one_slip_away(typed: &str, meant: &str) -> bool {
    let same = typed.bytes().zip(meant.bytes()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&typed.as_bytes()[same..], &meant.as_bytes()[same..]);
    let swapped = a.len() > 1 && b.len() > 1 && a[0] == b[1] && a[1] == b[0] && a[2..] == b[2..];
    typed != meant && (swapped || a.get(1..) == b.get(1..) || a.get(1..) == Some(b) || Some(a) == b.get(1..))
}

/// Whether the helper takes no order from there without a postal code.
pub fn needs_postal_code(country: &str) -> bool {
    country == "US"
}

/// Whether a country's tax asks for a postal code.
pub fn asks_postal_code(country: &str) -> bool {
    POSTAL_COUNTRIES.contains(&country)
}

/// What a quote may know of the buyer; nothing until a country is chosen.
pub fn address(country: &str, postal_code: &str) -> Option<Address> {
    let postal_code = Some(postal_code.trim()).filter(|code| asks_postal_code(country) && !code.is_empty());
    (!country.is_empty()).then(|| Address {
        country: country.into(),
        postal_code: postal_code.map(Into::into),
        tax_id: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_whole_host_is_not_sent() {
        for email in ["a", "a@", "@b.c", "a@b", "a@b.", "a b@c.de", "a@.de"] {
            assert_eq!(email_error(email), Some("email_invalid"), "{email}");
        }
        assert_eq!(email_error("  "), Some("email_missing"));
        assert_eq!(email_error(" ada@example.com "), None);
        assert_eq!(email_error("\"odd@name\"@example.co.uk"), None);
    }

    #[test]
    fn one_slip_in_a_common_host_gets_a_suggestion() {
        for email in ["ada@gmial.com", "ada@gmai.com", "ada@gmaill.com", "ada@gnail.com"] {
            assert_eq!(email_suggestion(email).as_deref(), Some("ada@gmail.com"), "{email}");
        }
        for email in ["ada@gmail.com", "ada@mail.com.au", "ada@example.com", "ada"] {
            assert_eq!(email_suggestion(email), None, "{email}");
        }
    }

    #[test]
    fn a_pointer_leads_to_its_field() {
        assert_eq!(Field::at("/items/1/quantity"), Some(Field::Quantity(1)));
        assert_eq!(Field::at("/customer/email"), Some(Field::Email));
        assert_eq!(Field::at("/items/1/price_id"), None);
        assert_eq!(Field::at("/items/x/quantity"), None);
        assert_eq!(Field::at(""), None);
    }

    #[test]
    fn a_postal_code_is_sent_only_where_tax_asks_for_it() {
        assert_eq!(address("DE", "10115").unwrap().postal_code, None);
        assert_eq!(address("US", " 94107 ").unwrap().postal_code.as_deref(), Some("94107"));
        assert!(address("", "94107").is_none());
    }
}

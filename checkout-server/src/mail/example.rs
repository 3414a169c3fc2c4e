//! Made-up mails: what `emails preview` shows, and what every template is tried with at the start.

use super::Mail;
use super::values::{Item, Values};

/// The mails of that template in every shape that they take, each with a word that tells them apart.
#[must_use]
pub fn examples(mail: Mail, shop_name: &str, contact: &str) -> Vec<(&'static str, Values)> {
    let text = |text: &str| Some(text.to_owned());
    let pro = Values {
        shop_name: shop_name.to_owned(),
        contact: contact.to_owned(),
        name: text("Ada Lovelace"),
        items: vec![Item { name: "Pro".to_owned(), quantity: 1 }],
        product: "Pro".to_owned(),
        reference: text("sub_0Npa5b9WxQqDYgESmlWfG"),
        ..Values::default()
    };
    let amount = || text("29.00 EUR");
    let mend_url = || text("https://pay.example.com/mend/AZqrb7DAfTyOT1prfI2eDwAAAABpIa7A");
    let later = || text("22 January 2027, 10:15 UTC");
    match mail {
        Mail::Receipt => {
            let first = Values {
                amount: amount(),
                paid_on: text("22 December 2026, 10:15 UTC"),
                next_charge_on: later(),
                reference: text("pay_0NpaXa8xcqxg11iJ33yQ6"),
                ..pro
            };
            let items = [("Desktop license", 2), ("Handbook", 1)];
            let once = Values {
                name: None,
                items: items.map(|(name, quantity)| Item { name: name.to_owned(), quantity }).to_vec(),
                product: "Desktop license × 2 and Handbook".to_owned(),
                amount: text("391.50 EUR"),
                next_charge_on: None,
                test_mode: true,
                ..first.clone()
            };
            vec![("sale", first.clone()), ("renewal", Values { renewal: true, ..first }), ("once", once)]
        }
        Mail::PaymentFailed => {
            let owed = Values {
                amount: amount(),
                access_until: text("29 December 2026, 10:15 UTC"),
                mend_url: mend_url(),
                ..pro
            };
            let unknown = Values { name: None, amount: None, access_until: None, test_mode: true, ..owed.clone() };
            let taxed = Values { plus_tax: true, ..owed.clone() };
            vec![("owed", owed), ("unknown", unknown), ("taxed", taxed)]
        }
        Mail::TrialEnding => {
            let ends = Values { amount: amount(), plus_tax: true, next_charge_on: later(), ..pro };
            let unknown = Values { name: None, amount: None, plus_tax: false, next_charge_on: None, ..ends.clone() };
            vec![("ends", ends), ("unknown", unknown)]
        }
        Mail::Canceled => {
            let until = Values { access_until: later(), ..pro };
            vec![("until", until.clone()), ("now", Values { access_until: None, name: None, ..until })]
        }
        Mail::AccessEnded => {
            let ended = Values { ended_on: text("29 December 2026, 10:15 UTC"), ..pro };
            let why = |reason: &str| Values { reason: text(reason), ..ended.clone() };
            vec![
                ("payment_failed", Values { mend_url: mend_url(), ..why("payment_failed") }),
                ("renewal_missing", Values { name: None, ..why("renewal_missing") }),
                ("paused", why("paused")),
                ("canceled", why("canceled")),
                ("expired", why("expired")),
            ]
        }
    }
}

//! What an order of a price comes to: its terms for so many of it, with what its add-ons add.

use checkout_types::money::MAX_AMOUNT;

use super::{Catalog, Price};
use crate::entitlement::{Limit, Terms};

impl Catalog {
    /// The terms of so many of a price with these add-ons of the provider's (`adn_…`, and how many of
    /// each). Every limit in them is a plain number or unlimited. Add-ons that the catalog does not
    /// know add nothing.
    #[must_use]
    pub fn terms_of(&self, price: &Price, quantity: i64, addons: &[(String, i64)]) -> Terms {
        let mut terms = price.terms.clone();
        for limit in terms.grants.values_mut().flat_map(|limits| limits.values_mut()) {
            *limit = limit.of(quantity.max(0));
        }
        for (addon, count) in addons.iter().filter(|(_, count)| *count > 0) {
            let Some(addon) = self.addon_sold_as(addon) else { continue };
            for (name, limits) in &addon.adds {
                let given = terms.grants.entry(name.clone()).or_default();
                for (limit, each) in limits {
                    let known = given.entry(limit.clone()).or_insert(Limit::Fixed(0));
                    *known = sum(*known, each.of(*count));
                }
            }
        }
        terms
    }
}

fn sum(known: Limit, more: Limit) -> Limit {
    match (known, more) {
        (Limit::Fixed(known), Limit::Fixed(more)) => Limit::Fixed(known.saturating_add(more).min(MAX_AMOUNT)),
        // Both were resolved before: what is no number is unlimited.
        _ => Limit::Unlimited,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
[[product]]
id = "team"
name = "Team"
[[product.price]]
id = "team_monthly"
dodo = "pdt_1"
amount = 1
currency = "EUR"
billing = "recurring"
interval = "month"
quantity = { max = 9 }
addons = ["seat", "support"]
grants = { team = { seats = "per_unit", calls = { per_unit = 1000 }, projects = 10, exports = "unlimited" } }
[[addon]]
id = "seat"
dodo = "adn_1"
name = "Seat"
amount = 1
currency = "EUR"
adds = { team = { seats = 1, exports = 5 } }
[[addon]]
id = "support"
dodo = "adn_2"
name = "Support"
amount = 1
currency = "EUR"
adds = { support = {}, team = { projects = "unlimited" } }
"#;

    #[test]
    fn limits_grow_with_the_quantity_and_with_add_ons() {
        let catalog = Catalog::parse(TEXT).unwrap();
        let price = catalog.sold_as("pdt_1").unwrap();
        let bought = |quantity, addons: &[(&str, i64)]| {
            let addons: Vec<(String, i64)> = addons.iter().map(|(id, count)| ((*id).to_owned(), *count)).collect();
            catalog.terms_of(price, quantity, &addons).grants
        };
        let plain = bought(3, &[]);
        assert_eq!(plain["team"]["seats"], Limit::Fixed(3));
        assert_eq!(plain["team"]["calls"], Limit::Fixed(3000));
        assert_eq!(plain["team"]["projects"], Limit::Fixed(10));
        assert_eq!(plain["team"]["exports"], Limit::Unlimited);
        let more = bought(3, &[("adn_1", 2), ("adn_2", 1), ("adn_unknown", 9)]);
        assert_eq!(more["team"]["seats"], Limit::Fixed(5));
        assert_eq!(more["team"]["exports"], Limit::Unlimited);
        assert_eq!(more["team"]["projects"], Limit::Unlimited);
        assert!(more.contains_key("support") && !plain.contains_key("support"));
        assert_eq!(
            bought(-1, &[("adn_1", -2)])["team"]["seats"],
            Limit::Fixed(0),
            "no number of theirs widens anything"
        );
        assert_eq!(
            bought(i64::MAX, &[("adn_1", i64::MAX)])["team"]["seats"],
            Limit::Fixed(MAX_AMOUNT),
            "JavaScript counts no further"
        );
    }
}

//! What a price gives, and every mistake that can be made in saying it.

use jiff::SignedDuration;

use super::{EXAMPLE, SMALL, mistakes, said_of};
use crate::catalog::Catalog;
use crate::entitlement::{DisputePolicy, Limit, RefundPolicy, Terms};

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

/// The terms of the small catalog's one price, with these lines added to it and to its product.
fn terms(price: &str, product: &str) -> Terms {
    let text = SMALL.replace("interval = \"month\"", &format!("interval = \"month\"\n{price}"));
    let text = text.replace("name = \"Pro\"", &format!("name = \"Pro\"\n{product}"));
    let catalog = Catalog::parse(&text).unwrap_or_else(|errors| panic!("{errors}"));
    catalog.sold_as("pdt_1").unwrap().terms.clone()
}

#[test]
fn the_example_says_what_each_price_gives() {
    let catalog = Catalog::parse(EXAMPLE).unwrap();
    for price in catalog.prices() {
        assert!(!price.terms.grants.is_empty(), "{} gives nothing", price.id);
    }
    let yearly = &catalog.price("pro_yearly").unwrap().1.terms;
    assert_eq!((yearly.grace, yearly.refund), (days(14), RefundPolicy::AtPeriodEnd));
    let monthly = &catalog.price("pro_monthly").unwrap().1.terms;
    assert_eq!((monthly.grace, monthly.refund), (days(7), RefundPolicy::Revoke));
    assert_eq!(monthly.grants, yearly.grants, "from their product");
    let team = catalog.sold_as("pdt_0NqDemoTeamMonthly001").unwrap();
    assert_eq!(team.terms.grants["team"]["seats"], Limit::PerUnit(1));
    assert_eq!(team.terms.dispute, DisputePolicy::Suspend);
    assert_eq!(catalog.addon_sold_as("adn_0NqDemoPriority000001").unwrap().id, "priority_support");
    assert!(catalog.sold_as("adn_0NqDemoPriority000001").is_none() && catalog.sold_as("").is_none());
    let names: Vec<&str> = catalog.entitlement_names().into_iter().collect();
    assert_eq!(
        names,
        ["api", "desktop", "handbook", "priority_support", "pro", "team", "workshop_kuwait", "workshop_tokyo"]
    );
}

#[test]
fn a_price_that_says_nothing_has_the_usual_terms() {
    assert_eq!(terms("", ""), Terms::default());
    assert_eq!(Terms::default().grace, days(7));
}

#[test]
fn every_form_of_a_limit() {
    let grants = terms(
        r#"grants = { pro = {}, team = { seats = "per_unit", calls = { per_unit = 5 }, projects = 10, none = 0, api = "unlimited" } }"#,
        "",
    )
    .grants;
    assert!(grants["pro"].is_empty());
    let limits: Vec<(&str, Limit)> = grants["team"].iter().map(|(name, limit)| (name.as_str(), *limit)).collect();
    assert_eq!(
        limits,
        [
            ("api", Limit::Unlimited),
            ("calls", Limit::PerUnit(5)),
            ("none", Limit::Fixed(0)),
            ("projects", Limit::Fixed(10)),
            ("seats", Limit::PerUnit(1)),
        ]
    );
}

#[test]
fn a_price_inherits_each_word_from_its_product_by_itself() {
    let product = "grants = { pro = {} }\ngrace_days = 3\non_refund = \"keep\"\non_dispute = \"suspend\"";
    let inherited = terms("", product);
    assert_eq!((inherited.grace, inherited.refund), (days(3), RefundPolicy::Keep));
    assert_eq!(inherited.dispute, DisputePolicy::Suspend);
    let own = terms("grants = { team = {} }\ngrace_days = 0\non_dispute = \"keep\"", product);
    assert_eq!(own.grants.keys().collect::<Vec<_>>(), ["team"], "a price's own grants are all that it gives");
    assert_eq!((own.grace, own.refund, own.dispute), (days(0), RefundPolicy::Keep, DisputePolicy::Keep));
}

#[test]
fn two_prices_may_give_the_same() {
    let price = &SMALL[SMALL.find("[[product.price]]").unwrap()..SMALL.find("[[addon]]").unwrap()];
    let price = price.replace("interval = \"month\"", "interval = \"month\"\ngrants = { pro = {} }");
    let other = price.replace("pro_monthly", "pro_other").replace("pdt_1", "pdt_2");
    let catalog = Catalog::parse(&SMALL.replace("[[addon]]", &format!("{other}[[addon]]"))).unwrap();
    assert_eq!(catalog.entitlement_names().into_iter().collect::<Vec<_>>(), ["pro"]);
}

#[test]
fn terms_count_in_the_version() {
    let version = |text: &str| Catalog::parse(text).unwrap().version();
    let with = |line: &str| SMALL.replace("interval = \"month\"", &format!("interval = \"month\"\n{line}"));
    let given = version(&with("grants = { pro = { projects = 10 } }"));
    assert_ne!(version(SMALL), given);
    assert_ne!(version(&with("grants = { pro = { projects = 11 } }")), given);
    assert_ne!(version(SMALL), version(&with("grace_days = 8")));
    assert_eq!(version(SMALL), version(&with("grace_days = 7\non_refund = \"revoke\"\non_dispute = \"keep\"")));
    assert_ne!(version(SMALL), version(&format!("{SMALL}adds = {{ team = {{ seats = 1 }} }}\n")));
}

#[test]
fn mistakes_in_terms_name_line_and_cure() {
    const FORMS: &str =
        r#"write a whole number from 0, "unlimited", "per_unit", or { per_unit = 5 } for five for each one bought"#;
    let not_a_limit = |written: &str| format!("grants: \"pro\": seats {written} is not a limit; {FORMS}");
    for (line, said) in [
        ("grants = \"pro\"", "grants \"pro\" is not a table; write grants = { pro = { projects = 10 } }".to_owned()),
        ("grants = [\"pro\"]", "grants (a list) is not a table; write grants = { pro = { projects = 10 } }".to_owned()),
        (
            "grants = { pro = true }",
            "grants: \"pro\" true is not a table; write pro = {} where it has no limits".to_owned(),
        ),
        (
            "grants = { \"Pro!\" = {} }",
            "grants: the name \"Pro!\" is not allowed; use 1 to 64 of a-z, 0-9, _ and -".to_owned(),
        ),
        (
            "grants = { pro = { Seats = 1 } }",
            "grants: \"pro\": the name \"Seats\" is not allowed; use 1 to 64 of a-z, 0-9, _ and -".to_owned(),
        ),
        ("grants = { pro = { seats = -1 } }", not_a_limit("-1")),
        ("grants = { pro = { seats = 9007199254740992 } }", not_a_limit("9007199254740992")),
        ("grants = { pro = { seats = 1.0 } }", not_a_limit("1.0")),
        ("grants = { pro = { seats = true } }", not_a_limit("true")),
        ("grants = { pro = { seats = \"many\" } }", not_a_limit("\"many\"")),
        ("grants = { pro = { seats = { per_unit = 1, x = 2 } } }", not_a_limit("(a table)")),
        ("grants = { pro = { seats = { per_unit = -1 } } }", not_a_limit("(a table)")),
        (
            "grants = { pro = { seats = \"per_units\" } }",
            "grants: \"pro\": seats \"per_units\" is not a limit; did you mean \"per_unit\"?".to_owned(),
        ),
        ("grace_days = 366", "grace_days 366 is not allowed; write a whole number from 0 to 365".to_owned()),
        ("on_refund = \"revok\"", "on_refund \"revok\" is not known; did you mean \"revoke\"?".to_owned()),
        (
            "on_refund = \"never\"",
            "on_refund \"never\" is not known; write one of \"revoke\", \"at_period_end\", \"keep\"".to_owned(),
        ),
        ("on_dispute = 1", "on_dispute 1 is not a text; put it in double quotes".to_owned()),
        ("grant = { pro = {} }", "the key \"grant\" is not known; did you mean grants?".to_owned()),
    ] {
        assert_eq!(
            said_of("interval = \"month\"", &format!("interval = \"month\"\n{line}")),
            [format!("catalog.toml:11: price \"pro_monthly\": {said}")],
            "{line}"
        );
    }
}

#[test]
fn a_mistake_at_a_product_is_told_once_and_at_the_product() {
    assert_eq!(
        said_of("name = \"Pro\"", "name = \"Pro\"\ngrace_days = -1"),
        [r#"catalog.toml:4: product "pro": grace_days -1 is not allowed; write a whole number from 0 to 365"#]
    );
}

#[test]
fn an_add_on_adds_numbers_for_each_one() {
    let adds = |line: &str| said_of("name = \"Seat\"", &format!("name = \"Seat\"\nadds = {line}"));
    assert_eq!(
        adds("{ team = { seats = \"per_unit\" } }"),
        [
            r#"catalog.toml:15: addon "seat": adds: "team": seats "per_unit" is not a limit; write a whole number from 0, which is for each add-on, or "unlimited""#
        ]
    );
    assert_eq!(
        adds("7"),
        [r#"catalog.toml:15: addon "seat": adds 7 is not a table; write adds = { team = { seats = 1 } }"#]
    );
}

#[test]
fn a_one_time_price_has_no_period_to_wait_for() {
    let once = SMALL.replace("billing = \"recurring\"\ninterval = \"month\"", "billing = \"one_time\"");
    let at_price = once.replace("\"one_time\"", "\"one_time\"\non_refund = \"at_period_end\"\ngrace_days = 3");
    assert_eq!(
        mistakes(&at_price),
        [
            r#"catalog.toml:10: price "pro_monthly": on_refund "at_period_end" needs a period, and a one-time price has none; write on_refund = "revoke" or "keep" for this price"#,
            r#"catalog.toml:11: price "pro_monthly": grace_days does not belong here: a one-time price is never renewed; remove grace_days"#,
        ]
    );
    let at_product = once.replace("name = \"Pro\"", "name = \"Pro\"\non_refund = \"at_period_end\"\ngrace_days = 3");
    assert_eq!(
        mistakes(&at_product),
        [
            r#"catalog.toml:4: price "pro_monthly": on_refund "at_period_end" needs a period, and a one-time price has none; write on_refund = "revoke" or "keep" for this price"#,
        ],
        "a time of grace at the product is for its other prices"
    );
}

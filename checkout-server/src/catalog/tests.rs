use checkout_types::catalog::Interval;
use proptest::prelude::*;

use super::*;

mod terms;

/// The file that is the manual, and the demo's.
const EXAMPLE: &str = include_str!("../../../catalog.example.toml");

/// A small right catalog; the tests break one line of it.
const SMALL: &str = r#"[[product]]
id = "pro"
name = "Pro"
[[product.price]]
id = "pro_monthly"
dodo = "pdt_1"
amount = 2900
currency = "EUR"
billing = "recurring"
interval = "month"
[[addon]]
id = "seat"
dodo = "adn_1"
name = "Seat"
amount = 500
currency = "EUR"
"#;

fn mistakes(text: &str) -> Vec<String> {
    let errors = Catalog::parse(text).expect_err("the catalog is wrong");
    errors.in_file("catalog.toml").lines().map(str::to_owned).collect()
}

/// What is said about [`SMALL`] once a line of it is written otherwise.
fn said_of(line: &str, written_otherwise: &str) -> Vec<String> {
    assert!(SMALL.contains(line), "{line}");
    mistakes(&SMALL.replacen(line, written_otherwise, 1))
}

#[test]
fn the_example_file_is_a_right_catalog() {
    let catalog = Catalog::parse(EXAMPLE).unwrap_or_else(|errors| panic!("{}", errors.in_file("catalog.example.toml")));
    let (product, monthly) = catalog.price("pro_monthly").expect("named in the README");
    assert_eq!((product.id.as_str(), monthly.money.to_string().as_str()), ("pro", "29.00 EUR"));
    assert_eq!(monthly.billing, Billing::Recurring { interval: Interval::Month, interval_count: 1, trial_days: 0 });
    let (_, seats) = catalog.price("team_monthly").expect("the trial with seats");
    assert_eq!(seats.quantity, QuantityRule { min: 3, max: 200, step: 1 });
    for (id, amount) in [("workshop_tokyo_seat", "4800 JPY"), ("workshop_kuwait_seat", "12.500 KWD")] {
        assert_eq!(catalog.price(id).expect("another decimal").1.money.to_string(), amount);
    }
    assert!(catalog.price("handbook_ebook").expect("with tax").1.tax_inclusive);
}

#[test]
fn the_small_catalog_of_these_tests_is_right() {
    let catalog = Catalog::parse(SMALL).unwrap();
    assert_eq!(catalog.products[0].prices[0].quantity, QuantityRule { min: 1, max: 1, step: 1 });
}

#[test]
fn a_mistake_names_file_line_and_cure() {
    assert_eq!(
        said_of(r#"currency = "EUR""#, r#"currency = "usd""#),
        [
            r#"catalog.toml:8: price "pro_monthly": currency "usd" is not known; write an upper-case ISO 4217 code such as "USD""#
        ]
    );
}

#[test]
fn amounts_are_whole_minor_units_and_nothing_else() {
    for (written, what) in [
        ("29.00", "29.00"),
        ("2900.0", "2900.0"),
        ("2.9e3", "2.9e3"),
        ("\"2900\"", "\"2900\""),
        ("true", "true"),
        ("99999999999999999999", "99999999999999999999"),
    ] {
        assert_eq!(
            said_of("amount = 2900", &format!("amount = {written}")),
            [format!(
                "catalog.toml:7: price \"pro_monthly\": amount {what} is not a whole number; write minor units: 2900 for 29.00 EUR"
            )]
        );
    }
    for written in ["-1", "9007199254740992"] {
        assert_eq!(
            said_of("amount = 2900", &format!("amount = {written}")),
            [format!(
                "catalog.toml:7: price \"pro_monthly\": amount {written} is out of range; write 0 to 9007199254740991 minor units"
            )]
        );
    }
    let free = Catalog::parse(&SMALL.replace("amount = 2900", "amount = 0")).unwrap();
    assert_eq!(free.products[0].prices[0].money.amount, 0);
    let grouped = Catalog::parse(&SMALL.replace("amount = 2900", "amount = 2_900")).unwrap();
    assert_eq!(grouped.products[0].prices[0].money.amount, 2900);
}

#[test]
fn an_unknown_key_is_a_slip_or_a_stranger() {
    assert_eq!(
        said_of("interval = \"month\"", "interval = \"month\"\ntrail_days = 3"),
        [r#"catalog.toml:11: price "pro_monthly": the key "trail_days" is not known; did you mean trial_days?"#]
    );
    assert_eq!(
        said_of("name = \"Pro\"", "name = \"Pro\"\nstock = 3"),
        [
            r#"catalog.toml:4: product "pro": the key "stock" is not known; remove it; known here are id, name, description, features, image, price, grants, grace_days, on_refund, on_dispute"#
        ]
    );
    assert_eq!(
        said_of("[[addon]]", "[[adon]]"),
        [r#"catalog.toml:11: this file: the key "adon" is not known; did you mean addon?"#]
    );
}

#[test]
fn every_mistake_is_told_at_once_in_the_order_of_the_file() {
    let text = SMALL
        .replace("id = \"pro\"", "id = \"Pro!\"")
        .replace("amount = 2900", "")
        .replace("adn_1", "pdt_2")
        .replace("\"month\"", "\"fortnight\"");
    assert_eq!(
        mistakes(&text),
        [
            r#"catalog.toml:2: product "Pro!": id "Pro!" is not allowed; use 1 to 64 of a-z, 0-9, _ and -"#,
            r#"catalog.toml:4: price "pro_monthly": amount is missing; add amount = 2900, in minor units: 29.00 EUR"#,
            r#"catalog.toml:10: price "pro_monthly": interval "fortnight" is not known; write one of "day", "week", "month", "year""#,
            r#"catalog.toml:13: addon "seat": dodo "pdt_2" is not an id of the provider; copy it from the dashboard: adn_ followed by letters and digits"#,
        ]
    );
}

#[test]
fn ids_are_used_once() {
    let price = &SMALL[SMALL.find("[[product.price]]").unwrap()..SMALL.find("[[addon]]").unwrap()];
    assert_eq!(
        mistakes(&SMALL.replace("[[addon]]", &format!("{price}[[addon]]"))),
        [
            r#"catalog.toml:12: price "pro_monthly" was already used on line 5; give one of the two another id"#,
            r#"catalog.toml:13: dodo "pdt_1" was already used on line 6; each price and add-on has its own product at the provider"#,
        ]
    );
}

#[test]
fn what_a_billing_does_not_have_is_refused() {
    assert_eq!(
        said_of("billing = \"recurring\"", "billing = \"one_time\""),
        [
            r#"catalog.toml:10: price "pro_monthly": interval does not belong here: a one-time price is charged once; remove interval"#
        ]
    );
    assert_eq!(
        said_of("billing = \"recurring\"", "billing = \"usage\"\nquantity = { max = 5 }\naddons = [\"seat\"]"),
        [
            r#"catalog.toml:10: price "pro_monthly": quantity: the provider sells a usage price only once per order; remove quantity"#,
            r#"catalog.toml:11: price "pro_monthly": the provider refuses add-ons on a usage price; remove addons"#,
        ]
    );
    assert_eq!(
        said_of("billing = \"recurring\"\ninterval = \"month\"", "billing = \"one_time\"\naddons = [\"seat\"]"),
        [
            r#"catalog.toml:10: price "pro_monthly": add-ons belong to recurring prices; the provider refuses them on a one-time one; remove addons"#
        ]
    );
    assert_eq!(
        said_of("billing = \"recurring\"", "billing = \"recuring\""),
        [r#"catalog.toml:9: price "pro_monthly": billing "recuring" is not known; did you mean "recurring"?"#]
    );
    assert_eq!(
        said_of("interval = \"month\"", "interval = \"month\"\ninterval_count = 0\ntrial_days = 10001"),
        [
            r#"catalog.toml:11: price "pro_monthly": interval_count 0 is not allowed; write a whole number from 1 to 365"#,
            r#"catalog.toml:12: price "pro_monthly": trial_days 10001 is not allowed; write a whole number from 0 to 10000"#,
        ]
    );
}

#[test]
fn quantities_must_add_up() {
    for (quantity, said) in [
        ("5", "quantity 5 is not a table; write quantity = { min = 1, max = 10 }"),
        ("{ min = 0, max = 5 }", "quantity: min 0 is not allowed; write a whole number from 1 to 999999"),
        ("{ min = 5, max = 4 }", "quantity: max 4 is less than min 5; write a max that is at least min"),
        ("{ max = 10, step = 4 }", "quantity: max 10 is never reached from 1 in steps of 4; write max = 9"),
        ("{ min = 2 }", "quantity: max is missing; add max = 10"),
        ("{ max = 1000000 }", "quantity: max 1000000 is not allowed; write a whole number from 1 to 999999"),
        ("{ max = 3, most = 3 }", "quantity: the key \"most\" is not known; remove it; known here are min, max, step"),
    ] {
        assert_eq!(
            said_of("interval = \"month\"", &format!("interval = \"month\"\nquantity = {quantity}")),
            [format!("catalog.toml:11: price \"pro_monthly\": {said}")]
        );
    }
    let text = SMALL.replace("amount = 2900", "quantity = { max = 2 }\namount = 9007199254740991");
    assert_eq!(
        mistakes(&text),
        [
            r#"catalog.toml:8: price "pro_monthly": amount 9007199254740991 times 2 is more than can be charged; lower the amount or quantity.max, to 9007199254740991 minor units in all"#
        ]
    );
}

#[test]
fn references_lead_somewhere_that_fits() {
    let with = |addons: &str| said_of("interval = \"month\"", &format!("interval = \"month\"\naddons = {addons}"));
    assert_eq!(
        with(r#"["seats", "seat", "seat"]"#),
        [
            r#"catalog.toml:11: price "pro_monthly": addon "seats" does not exist; did you mean "seat"?"#,
            r#"catalog.toml:11: price "pro_monthly": addon "seat" is named twice; name it once"#,
        ]
    );
    let dollars = SMALL.replace("interval = \"month\"", "interval = \"month\"\naddons = [\"seat\"]");
    let dollars = dollars.replace("amount = 500\ncurrency = \"EUR\"", "amount = 500\ncurrency = \"USD\"");
    assert_eq!(
        mistakes(&dollars),
        [
            r#"catalog.toml:11: price "pro_monthly": addon "seat" is in USD, the price in EUR; add an [[addon]] in EUR and name that"#
        ]
    );
    let plan = |prices: &str| format!("{SMALL}[[plan]]\nid = \"pro\"\nname = \"Pro\"\nprices = {prices}\n");
    assert!(Catalog::parse(&plan(r#"["pro_monthly"]"#)).is_ok());
    assert_eq!(
        mistakes(&plan(r#"["pro_monthy", "nothing", "pro_monthly", "pro_monthly"]"#)),
        [
            r#"catalog.toml:20: plan "pro": price "pro_monthy" does not exist; did you mean "pro_monthly"?"#,
            r#"catalog.toml:20: plan "pro": price "nothing" does not exist; add a [[product.price]] with that id, or remove it here"#,
            r#"catalog.toml:20: plan "pro": price "pro_monthly" is named twice; name it once"#,
        ]
    );
    assert_eq!(mistakes(&plan("[]")), [r#"catalog.toml:17: plan "pro": it has no prices; name at least one price id"#]);
}

#[test]
fn a_plan_is_recurring_and_of_one_currency() {
    let text = SMALL.replace(
        "[[addon]]",
        r#"[[product.price]]
id = "pro_dollars"
dodo = "pdt_2"
amount = 2900
currency = "USD"
billing = "one_time"
[[plan]]
id = "pro"
name = "Pro"
prices = ["pro_monthly", "pro_dollars"]
[[addon]]"#,
    );
    assert_eq!(
        mistakes(&text),
        [
            r#"catalog.toml:20: plan "pro": price "pro_dollars" is not recurring, and a plan is a choice between periods; remove it from the plan"#,
            r#"catalog.toml:20: plan "pro": price "pro_dollars" is in USD, the one before it in EUR; make a plan for each currency"#,
        ]
    );
}

#[test]
fn names_and_pictures_are_fit_for_a_page() {
    for (name, said) in [
        (r#""  ""#, "name is empty; write what the buyer should read".to_owned()),
        (
            r#""Pro\u0007""#,
            r#"name "Pro\u{7}" holds a character that is not seen; type it again on one line"#.to_owned(),
        ),
        (
            r#""\u202Eorp""#,
            r#"name "\u{202e}orp" holds a character that is not seen; type it again on one line"#.to_owned(),
        ),
        (&format!("{:?}", "x".repeat(121)), "name is longer than 120 characters; shorten it".to_owned()),
        ("7", "name 7 is not a text; put it in double quotes".to_owned()),
    ] {
        assert_eq!(
            said_of("name = \"Pro\"", &format!("name = {name}")),
            [format!("catalog.toml:3: product \"pro\": {said}")]
        );
    }
    for image in
        ["http://example.com/a.png", "javascript:alert(1)", "https://", "https://a@b/c", "https://a/ b", "//a/b"]
    {
        assert_eq!(
            said_of("name = \"Pro\"", &format!("name = \"Pro\"\nimage = {image:?}")),
            [format!(
                "catalog.toml:4: product \"pro\": image {image:?} is not an address that a browser loads safely; write an address that starts with https://"
            )]
        );
    }
}

#[test]
fn further_currencies_are_each_named_once() {
    assert_eq!(
        said_of("interval = \"month\"", "interval = \"month\"\ncurrencies = [\"USD\", \"EUR\", \"XXX\", \"USD\"]"),
        [
            r#"catalog.toml:11: price "pro_monthly": currencies names EUR again; name each further currency once"#,
            r#"catalog.toml:11: price "pro_monthly": currency "XXX" is not known; write an upper-case ISO 4217 code such as "EUR""#,
            r#"catalog.toml:11: price "pro_monthly": currencies names USD again; name each further currency once"#,
        ]
    );
}

#[test]
fn a_file_must_sell_something() {
    assert_eq!(
        mistakes("# nothing yet\n"),
        ["catalog.toml:1: there is no product; add a [[product]] with at least one [[product.price]]"]
    );
    assert_eq!(
        mistakes("\n[[product]]\nid = \"a\"\nname = \"A\"\n"),
        [r#"catalog.toml:2: product "a": it has no price; add a [[product.price]] under it"#]
    );
    assert_eq!(
        mistakes("[product]\nid = \"a\"\n")[0],
        "catalog.toml:1: this file: product is not a list of tables; start each with a [[product]] line, in double brackets"
    );
}

#[test]
fn a_text_that_is_no_toml_is_told_by_its_lines() {
    let said = mistakes("[[product]]\nid = pro\nname = \n");
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("catalog.toml:2: this is not TOML: "), "{said:?}");
    assert!(said[1].starts_with("catalog.toml:3: this is not TOML: "), "{said:?}");
}

#[test]
fn a_browser_sees_no_id_of_the_provider() {
    let catalog = Catalog::parse(EXAMPLE).unwrap();
    let public = serde_json::to_string(&catalog.public()).unwrap();
    assert!(public.contains("pro_monthly") && public.contains("priority_support"), "{public}");
    assert!(!public.contains("pdt_") && !public.contains("adn_"), "{public}");
}

#[test]
fn the_version_follows_the_content_and_not_the_spelling() {
    let version = |text: &str| Catalog::parse(text).unwrap().version();
    assert_eq!(version(SMALL), version(&SMALL.replace("2900", "2_900 # euros")));
    assert_ne!(version(SMALL), version(&SMALL.replace("2900", "2901")));
    assert_ne!(version(SMALL), version(&SMALL.replace("pdt_1", "pdt_2")));
    assert_eq!(version(SMALL).len(), 12);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".*") {
        let _ = Catalog::parse(&text).map_err(|errors| errors.in_file("c"));
    }

    #[test]
    fn no_line_in_a_catalog_makes_it_panic(
        at in 0..17_usize,
        line in r#"(id|dodo|name|amount|currency|currencies|billing|interval|interval_count|trial_days|tax|quantity|addons|prices|grants|adds|grace_days|on_refund|on_dispute|\[\[product\]\]|\[\[product.price\]\]|\[\[plan\]\]|\[x\]) ?=? ?("[^"]{0,9}"|-?[0-9]{1,22}|[0-9]\.[0-9]|\{ ?(min|max|step) = [0-9]{1,12} ?\}|\{ ?[a-z]{1,3} = \{( ?[a-z]{1,3} = ("per_unit"|"unlimited"|-?[0-9]{1,3}|\{ per_unit = 2 \}|[0-9]\.[0-9]) ?)?\} ?\}|\["[a-z_]{0,9}"\]|\{\}|\[\]|0x[0-9A-F]{1,20})?"#,
    ) {
        let mut lines: Vec<&str> = SMALL.lines().collect();
        lines.insert(at.min(lines.len()), &line);
        let _ = Catalog::parse(&lines.join("\n")).map_err(|errors| errors.in_file("c"));
        let replaced = at.min(lines.len() - 1);
        lines.remove(replaced);
        let _ = Catalog::parse(&lines.join("\n")).map_err(|errors| errors.in_file("c"));
    }
}

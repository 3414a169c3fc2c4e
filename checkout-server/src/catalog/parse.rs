//! From the file's text to drafts: each table by itself. What refers to another table is
//! `check.rs`'s.

use checkout_types::money::Currency;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{CatalogErrors, Report};
use super::fields::{Fields, Located};
use super::price::PriceDraft;
use super::{Catalog, Grants, check, terms, words};

const NAME_EXAMPLE: &str = r#"name = "Pro""#;

/// The whole file, before its references are checked. A table with a mistake has no `value`, but
/// its id is still known, so that one mistake is reported once.
#[derive(Default)]
pub(super) struct Drafts {
    pub(super) products: Vec<ProductDraft>,
    pub(super) addons: Vec<AddonDraft>,
    pub(super) plans: Vec<PlanDraft>,
}

/// A `[[product]]`.
pub(super) struct ProductDraft {
    pub(super) id: Option<Located<String>>,
    pub(super) name: Option<String>,
    pub(super) description: String,
    pub(super) features: Vec<String>,
    pub(super) image: Option<String>,
    pub(super) prices: Vec<PriceDraft>,
}

/// An `[[addon]]`.
pub(super) struct AddonDraft {
    pub(super) id: Option<Located<String>>,
    pub(super) provider: Option<Located<String>>,
    pub(super) name: Option<String>,
    pub(super) amount: Option<i64>,
    pub(super) currency: Option<Currency>,
    pub(super) adds: Grants,
}

/// A `[[plan]]`.
pub(super) struct PlanDraft {
    pub(super) label: String,
    pub(super) id: Option<Located<String>>,
    pub(super) name: Option<String>,
    pub(super) prices: Vec<Located<String>>,
}

impl Catalog {
    /// Reads and checks a catalog file's text.
    ///
    /// # Errors
    /// Every mistake in it at once, each with its line and what to write instead. (A text that is
    /// not TOML at all gives its syntax errors first.)
    pub fn parse(text: &str) -> Result<Self, CatalogErrors> {
        let report = Report::new(text);
        let (document, syntax) = DeTable::parse_recoverable(text);
        for error in &syntax {
            let at = error.span().map_or(0, |span| span.start);
            let what = format!("this is not TOML: {}", error.message().replace('\n', " "));
            report.add(at, what, "texts need double quotes, lists [ ], and each entry its [[product]] line");
        }
        // What the parser made of a broken text would only give mistakes that are none.
        let checked =
            if syntax.is_empty() { check::catalog(&report, drafts(&report, document.get_ref())) } else { None };
        match checked {
            Some(catalog) if report.is_empty() => Ok(catalog),
            _ => Err(report.into_errors()),
        }
    }
}

fn drafts<'a>(report: &'a Report<'a>, document: &'a DeTable<'a>) -> Drafts {
    let file = Fields::new(report, document, 0, "file", &["product", "addon", "plan"]);
    Drafts {
        products: tables(&file, "product").into_iter().map(|table| product(report, table)).collect(),
        addons: tables(&file, "addon").into_iter().map(|table| addon(report, table)).collect(),
        plans: tables(&file, "plan").into_iter().map(|table| plan(report, table)).collect(),
    }
}

/// A table and where it starts.
pub(super) type Table<'a> = Located<&'a DeTable<'a>>;

/// The tables written as `[[key]]`; absent is none.
fn tables<'a>(fields: &Fields<'a>, key: &str) -> Vec<Table<'a>> {
    let Some(value) = fields.get(key) else { return Vec::new() };
    let cure = || format!("start each with a [[{key}]] line, in double brackets");
    let Some(items) = value.get_ref().as_array() else {
        fields.wrong(value.span().start, &format!("{key} is not a list of tables"), cure());
        return Vec::new();
    };
    let table = |item: &'a Spanned<DeValue<'a>>| {
        let at = item.span().start;
        let table = item.get_ref().as_table();
        if table.is_none() {
            fields.wrong(at, &format!("an entry of {key} is not a table"), cure());
        }
        table.map(|value| Located { value, at })
    };
    items.iter().filter_map(table).collect()
}

fn product<'a>(report: &'a Report<'a>, table: Table<'a>) -> ProductDraft {
    let known = [&["id", "name", "description", "features", "image", "price"], terms::KNOWN.as_slice()].concat();
    let fields = Fields::new(report, table.value, table.at, "product", &known);
    let terms = terms::draft(&fields);
    let prices = tables(&fields, "price");
    if prices.is_empty() && fields.get("price").is_none() {
        fields.wrong(table.at, "it has no price", "add a [[product.price]] under it");
    }
    ProductDraft {
        id: words::id(&fields, r#"id = "pro""#),
        name: words::required_line(&fields, "name", NAME_EXAMPLE),
        description: words::line(&fields, "description", 500).unwrap_or_default(),
        features: words::lines(&fields, "features", 20),
        image: words::image(&fields),
        prices: prices.into_iter().map(|table| super::price::draft(report, table, &terms)).collect(),
    }
}

fn addon<'a>(report: &'a Report<'a>, table: Table<'a>) -> AddonDraft {
    let known = ["id", "dodo", "name", "amount", "currency", "adds"];
    let fields = Fields::new(report, table.value, table.at, "addon", &known);
    AddonDraft {
        id: words::id(&fields, r#"id = "extra_seat""#),
        provider: words::provider_id(&fields, "adn_"),
        name: words::required_line(&fields, "name", r#"name = "Extra seat""#),
        amount: super::price::amount(&fields),
        currency: super::price::currency(&fields),
        adds: terms::adds(&fields),
    }
}

fn plan<'a>(report: &'a Report<'a>, table: Table<'a>) -> PlanDraft {
    let fields = Fields::new(report, table.value, table.at, "plan", &["id", "name", "prices"]);
    let prices = fields.texts("prices");
    if fields.required("prices", r#"prices = ["pro_monthly", "pro_yearly"]"#).is_some() && prices.is_empty() {
        fields.wrong(table.at, "it has no prices", "name at least one price id");
    }
    PlanDraft {
        id: words::id(&fields, r#"id = "pro""#),
        name: words::required_line(&fields, "name", NAME_EXAMPLE),
        prices: prices.iter().map(|price| Located { value: price.value.to_owned(), at: price.at }).collect(),
        label: fields.label,
    }
}

//! What the page asked for: options of `open`, or attributes of the element, in one shape.

use checkout_types::cart::CartLine;
use js_sys::Object;
use wasm_bindgen::JsValue;
use web_sys::Element;

use crate::draft::place;
use crate::payment::Payment;
use crate::value::{Record, Value};
use crate::{token, wire};

/// Attributes (bare on our elements, `data-` on others) and the option that each one stands for.
const ATTRIBUTES: [(&str, &str, &str); 13] = [
    ("customer-email", "customer", "email"),
    ("customer-address-country-code", "address", "countryCode"),
    ("customer-address-postal-code", "address", "postalCode"),
    ("customer-token", "", "customerToken"),
    ("discount-code", "", "discountCode"),
    ("success-url", "", "successUrl"),
    ("client-reference-id", "", "clientReferenceId"),
    ("theme", "settings", "theme"),
    ("locale", "settings", "locale"),
    ("payment", "settings", "payment"),
    ("show-add-discounts", "settings", "showAddDiscounts"),
    ("allow-quantity", "settings", "allowQuantity"),
    ("custom-data", "", "customData"),
];

/// The options, read once.
#[derive(Clone)]
pub struct Options {
    /// The helper's origin.
    pub helper: String,
    /// Where the widget's own files are, with a slash at the end.
    pub assets: String,
    /// The cart to begin with; empty when only a status is to be shown.
    pub items: Vec<CartLine>,
    /// Says who is signed in: made by the merchant's server, sent with the order, kept nowhere.
    pub customer_token: Option<String>,
    /// Who that is, not to be read from it; empty for a guest. It outlives the token in the history, where a
    /// reload finds the order again.
    pub who: String,
    /// The buyer's address, where the page or the token knows it.
    pub email: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Where tax asks for it.
    pub postal_code: Option<String>,
    /// A code to apply at once.
    pub discount_code: Option<String>,
    /// Where to go after paying; the page itself if not said.
    pub success_url: Option<String>,
    /// The page's own notes, given back with the order.
    pub custom_data: Vec<(String, String)>,
    /// How the payment page is shown.
    pub payment: Payment,
    /// A BCP 47 tag, if the page names one.
    pub locale: Option<String>,
    /// `light` or `dark`, if the page names one.
    pub theme: Option<String>,
    /// Whether a code may be typed.
    pub show_discounts: bool,
    /// Whether quantities may be changed.
    pub allow_quantity: bool,
    /// Whether this stands in the page rather than in a dialog.
    pub inline: bool,
    /// A checkout to show instead of a cart.
    pub resume: Option<String>,
    /// Custom properties to set, by their names in camel case.
    pub variables: Vec<(String, String)>,
}

/// The given options with the element's attributes filled in where an option is absent.
pub fn merged(given: &JsValue, element: Option<&Element>) -> Value {
    let options = copy(given);
    let config = Value(given.clone()).get("config.settings").0;
    let settings = copy(&config);
    Object::assign(&object(&settings.0), &object(&options.get("settings").0));
    let customer = copy(&options.get("customer").0);
    let address = copy(&customer.get("address").0);
    for (attribute, section, name) in ATTRIBUTES {
        let section = match section {
            "settings" => &settings,
            "customer" => &customer,
            "address" => &address,
            _ => &options,
        };
        let read = |element: &Element| {
            element.get_attribute(attribute).or_else(|| element.get_attribute(&["data-", attribute].concat()))
        };
        if !section.get(name).is_there()
            && let Some(text) = element.and_then(read)
        {
            set(section, name, &JsValue::from_str(&text));
        }
    }
    set(&customer, "address", &address.0);
    set(&options, "customer", &customer.0);
    set(&options, "settings", &settings.0);
    options
}

fn set(on: &Value, name: &str, value: &JsValue) {
    // These objects are our own copies: setting cannot fail.
    _ = js_sys::Reflect::set(&on.0, &JsValue::from_str(name), value);
}

fn object(value: &JsValue) -> Object {
    if value.is_object() { value.clone().into() } else { Object::new() }
}

fn copy(value: &JsValue) -> Value {
    Value(Object::assign(&Object::new(), &object(value)).into())
}

impl Options {
    /// Reads merged options.
    pub fn read(options: &Value) -> Self {
        let mut custom_data = pairs(&options.get("customData"));
        if custom_data.is_empty() {
            custom_data = pairs(&options.get("metadata"));
        }
        if let Some(reference) = options.text("clientReferenceId") {
            custom_data.push(("client_reference_id".into(), reference));
        }
        // `?checkout=` takes either: a checkout to look at, or a price to buy.
        let (resume, linked) = match options.text("resume") {
            Some(id) if id.starts_with("co_") => (Some(id), None),
            other => (None, other),
        };
        let items = match linked {
            Some(price_id) => vec![CartLine { price_id, quantity: 1, addons: Vec::new() }],
            None => wire::cart(&options.list("items")),
        };
        let customer_token = options.text("customerToken");
        Self {
            helper: options.text("config.helper").unwrap_or_default(),
            assets: options.text("config.assets").unwrap_or_default(),
            items,
            email: options.text("customer.email").or_else(|| token::email(customer_token.as_deref()?)),
            who: who(options),
            customer_token,
            country: options.text("customer.address.countryCode"),
            postal_code: options.text("customer.address.postalCode"),
            discount_code: options.text("discountCode"),
            success_url: options.text("successUrl"),
            custom_data,
            payment: Payment::named(&options.text("settings.payment").unwrap_or_default()),
            locale: options.text("settings.locale"),
            theme: options.text("appearance.theme").or_else(|| options.text("settings.theme")),
            show_discounts: options.flag("settings.showAddDiscounts").unwrap_or(true),
            allow_quantity: options.flag("settings.allowQuantity").unwrap_or(true),
            inline: options.flag("inline").unwrap_or(false),
            resume,
            variables: pairs(&options.get("appearance.variables")),
        }
    }
}

fn who(options: &Value) -> String {
    match options.text("customerToken") {
        Some(token) => place([&*token::reference(&token)]),
        None => options.text("who").unwrap_or_default(),
    }
}

/// The members of an object, or of the JSON of one, as texts.
fn pairs(value: &Value) -> Vec<(String, String)> {
    let parsed = value.0.as_string().and_then(|json| Value::parse(&json));
    let object = object(&parsed.unwrap_or_else(|| value.clone()).0);
    let text = |value: JsValue| value.as_string().unwrap_or_else(|| crate::value::json(&value));
    Object::entries(&object)
        .iter()
        .map(|entry| js_sys::Array::from(&entry))
        .filter_map(|entry| Some((entry.get(0).as_string()?, text(entry.get(1)))))
        .collect()
}

/// The options as an entry of the history may keep them: no functions, elements or promises,
/// and no token.
pub fn kept(options: &Value) -> Option<JsValue> {
    let copy = copy(&options.0);
    set(&copy, "who", &who(options).into());
    for name in ["config", "target", "early", "ends", "end", "customerToken"] {
        set(&copy, name, &JsValue::UNDEFINED);
    }
    Value::parse(&crate::value::json(&copy.0)).map(|value| value.0)
}

/// Pairs as an object.
pub fn record(pairs: &[(String, String)]) -> Record {
    pairs.iter().fold(Record::default(), |record, (name, value)| record.with(name, value.as_str()))
}

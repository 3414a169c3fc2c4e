//! What survives a reload, a redirect and a closed overlay, for a day.
//!
//! What was typed is in the tab's own storage. An order is in the storage that all tabs of this page's
//! origin share: a tab that was closed on the payment page, or a second one, must not order again (G11).

use web_sys::Storage;

use crate::value::{Record, Value};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const DRAFT: &str = "checkout.draft";
/// What the names of all orders begin with: the order that is under way for a cart, by that cart's JSON;
/// and each order that was answered, by its checkout's id, so that a return finds it.
const ORDER: &str = "checkout.order.";
/// The checkouts whose completion was told to the page.
const TOLD: &str = "checkout.told";

/// What the buyer has typed.
#[derive(Clone, Default)]
pub struct Draft {
    /// As typed.
    pub email: String,
    /// ISO 3166-1 alpha-2, or empty.
    pub country: String,
    /// As typed.
    pub postal_code: String,
}

/// One order, from before it is first sent until its outcome is known.
#[derive(Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The `Idempotency-Key`: the same for every sending of this body.
    pub key: String,
    /// What is sent; empty once it is answered.
    pub body: String,
    /// The cart it is for, as JSON.
    pub cart: String,
    /// Who agreed to pay how much for what: an order on the same terms is this one.
    pub terms: String,
    /// What the helper answered; empty until it has.
    pub id: String,
    /// Reads the checkout.
    pub client_secret: String,
    /// The payment page.
    pub url: String,
    /// Whether the buyer came back from there as one who has paid. A hint, as [`crate::step::Arrival`] is.
    pub paid: bool,
}

impl Draft {
    /// What was typed before, if anything.
    pub fn load() -> Option<Self> {
        let value = load(&tab()?, DRAFT)?;
        let text = |key| value.text(key).unwrap_or_default();
        Some(Self { email: text("email"), country: text("country"), postal_code: text("postal_code") })
    }

    /// Keeps it.
    pub fn save(&self) {
        let Self { email, country, postal_code } = self;
        let record = Record::default()
            .with("email", email.as_str())
            .with("country", country.as_str())
            .with("postal_code", postal_code.as_str());
        if let Some(tab) = tab() {
            save(&tab, DRAFT, record);
        }
    }
}

impl Attempt {
    /// An order that was not sent yet.
    pub fn new(body: String, cart: String, terms: String) -> Self {
        let key = web_sys_crypto().random_uuid();
        let (id, client_secret, url) = Default::default();
        Self { key, body, cart, terms, id, client_secret, url, paid: false }
    }

    /// The order of that cart that is under way, in this tab or another one.
    pub fn current(cart: &str) -> Option<Self> {
        Self::read(&name(cart))
    }

    /// The order of that checkout, if this browser made it.
    pub fn of(id: &str) -> Option<Self> {
        Self::read(&name(id))
    }

    fn read(name: &str) -> Option<Self> {
        let value = load(&shared()?, name)?;
        let text = |key| value.text(key).unwrap_or_default();
        Some(Self {
            key: value.text("key")?,
            body: text("body"),
            cart: text("cart"),
            terms: text("terms"),
            id: text("id"),
            client_secret: text("client_secret"),
            url: text("url"),
            paid: value.flag("paid") == Some(true),
        })
    }

    /// Keeps it as the order that is under way; called before it is sent.
    pub fn save(&self) {
        let Some(shared) = shared() else { return };
        let Self { key, body, cart, terms, id, client_secret, url, paid } = self;
        let record = |terms: &str| {
            Record::default()
                .with("key", key.as_str())
                .with("body", body.as_str())
                .with("cart", cart.as_str())
                .with("terms", terms)
                .with("id", id.as_str())
                .with("client_secret", client_secret.as_str())
                .with("url", url.as_str())
                .with("paid", *paid)
        };
        forget_old(&shared);
        save(&shared, &name(cart), record(terms));
        if !id.is_empty() {
            // Who bought is not needed to look at it.
            save(&shared, &name(id), record(""));
        }
    }

    /// The next order of that cart begins anew; this one can still be looked at.
    pub fn finish(cart: &str) {
        if let Some(shared) = shared() {
            _ = shared.remove_item(&name(cart));
        }
    }
}

/// Where an order is kept, by its cart or its checkout's id.
pub fn name(of: &str) -> String {
    [ORDER, of].concat()
}

/// Whether this is the first time, in any tab, that a checkout's completion is told.
pub fn first_told(id: &str) -> bool {
    let Some(storage) = shared() else { return true };
    let told = storage.get_item(TOLD).ok().flatten().unwrap_or_default();
    if told.split(' ').any(|known| known == id) {
        return false;
    }
    let recent = told.split(' ').take(19).fold(id.to_owned(), |list, known| [&list, " ", known].concat());
    _ = storage.set_item(TOLD, &recent);
    true
}

// A page that refuses storage still sells; it only forgets.

fn tab() -> Option<Storage> {
    leptos::prelude::window().session_storage().ok().flatten()
}

fn shared() -> Option<Storage> {
    leptos::prelude::window().local_storage().ok().flatten()
}

fn load(storage: &Storage, name: &str) -> Option<Value> {
    let value = Value::parse(&storage.get_item(name).ok().flatten()?)?;
    is_fresh(value.int("at")?, now()).then_some(value)
}

fn save(storage: &Storage, name: &str, record: Record) {
    let at = js_sys::Date::now();
    _ = storage.set_item(name, &record.with("at", at).json());
}

/// Removes the orders of earlier days: unlike a tab's own, this storage has no end.
fn forget_old(shared: &Storage) {
    // From the end: what follows a removed one moves up.
    for index in (0..shared.length().unwrap_or_default()).rev() {
        if let Ok(Some(name)) = shared.key(index)
            && name.starts_with(ORDER)
            && load(shared, &name).is_none()
        {
            _ = shared.remove_item(&name);
        }
    }
}

/// The browser's wall clock, in milliseconds.
pub fn now() -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds are whole and far below 2^53")]
    let now = js_sys::Date::now() as i64;
    now
}

fn is_fresh(at: i64, now: i64) -> bool {
    (0..DAY_MS).contains(&(now - at))
}

fn web_sys_crypto() -> Crypto {
    CRYPTO.with(Clone::clone)
}

#[wasm_bindgen::prelude::wasm_bindgen]
extern "C" {
    #[derive(Clone)]
    type Crypto;
    #[wasm_bindgen(thread_local_v2, js_name = crypto)]
    static CRYPTO: Crypto;
    #[wasm_bindgen(method, js_name = randomUUID)]
    fn random_uuid(this: &Crypto) -> String;
}

#[cfg(test)]
mod tests {
    use super::{DAY_MS, is_fresh};

    #[test]
    fn what_is_kept_is_kept_for_a_day() {
        assert!(is_fresh(1_000, 1_000));
        assert!(is_fresh(1_000, 999 + DAY_MS));
        assert!(!is_fresh(1_000, 1_000 + DAY_MS));
    }
}

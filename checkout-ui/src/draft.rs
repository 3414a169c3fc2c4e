//! What survives a reload, a redirect and a closed overlay: the tab's own storage, for a day.

use web_sys::Storage;

use crate::value::{Record, Value};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const DRAFT: &str = "checkout.draft";
const ATTEMPT: &str = "checkout.attempt";
/// In the storage that all tabs share: the checkouts whose completion was told to the page.
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
    /// What is sent.
    pub body: String,
    /// The cart it is for, as JSON.
    pub cart: String,
    /// What the helper answered; empty until it has.
    pub id: String,
    /// Reads the checkout.
    pub client_secret: String,
    /// The payment page.
    pub url: String,
}

impl Draft {
    /// What was typed before, if anything.
    pub fn load() -> Option<Self> {
        let value = load(DRAFT)?;
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
        save(DRAFT, record);
    }
}

impl Attempt {
    /// An order that was not sent yet.
    pub fn new(body: String, cart: String) -> Self {
        let key = web_sys_crypto().random_uuid();
        Self { key, body, cart, id: String::new(), client_secret: String::new(), url: String::new() }
    }

    /// The order that is under way, if there is one.
    pub fn current() -> Option<Self> {
        Self::read(ATTEMPT)
    }

    /// The order of that checkout, if this tab made it.
    pub fn of(id: &str) -> Option<Self> {
        Self::read(&name(id))
    }

    fn read(name: &str) -> Option<Self> {
        let value = load(name)?;
        let text = |key| value.text(key).unwrap_or_default();
        Some(Self {
            key: value.text("key")?,
            body: value.text("body")?,
            cart: text("cart"),
            id: text("id"),
            client_secret: text("client_secret"),
            url: text("url"),
        })
    }

    /// Keeps it as the order that is under way; called before it is sent.
    pub fn save(&self) {
        let Self { key, body, cart, id, client_secret, url } = self;
        let record = || {
            Record::default()
                .with("key", key.as_str())
                .with("body", body.as_str())
                .with("cart", cart.as_str())
                .with("id", id.as_str())
                .with("client_secret", client_secret.as_str())
                .with("url", url.as_str())
        };
        save(ATTEMPT, record());
        if !id.is_empty() {
            save(&name(id), record());
        }
    }

    /// The next order begins anew; this one can still be looked at.
    pub fn finish() {
        if let Some(storage) = session() {
            _ = storage.remove_item(ATTEMPT);
        }
    }
}

fn name(id: &str) -> String {
    ["checkout.", id].concat()
}

/// Whether this is the first time, in any tab, that a checkout's completion is told.
pub fn first_told(id: &str) -> bool {
    let Some(storage) = leptos::prelude::window().local_storage().ok().flatten() else { return true };
    let told = storage.get_item(TOLD).ok().flatten().unwrap_or_default();
    if told.split(' ').any(|known| known == id) {
        return false;
    }
    let recent = told.split(' ').take(19).fold(id.to_owned(), |list, known| [&list, " ", known].concat());
    _ = storage.set_item(TOLD, &recent);
    true
}

fn session() -> Option<Storage> {
    // A page that refuses storage still sells; it only forgets.
    leptos::prelude::window().session_storage().ok().flatten()
}

fn load(name: &str) -> Option<Value> {
    let value = Value::parse(&session()?.get_item(name).ok().flatten()?)?;
    is_fresh(value.int("at")?, now()).then_some(value)
}

fn save(name: &str, record: Record) {
    if let Some(storage) = session() {
        let at = js_sys::Date::now();
        _ = storage.set_item(name, &record.with("at", at).json());
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

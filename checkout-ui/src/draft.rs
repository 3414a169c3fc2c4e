//! What survives a reload, a redirect and a closed overlay, for a day.
//!
//! What was typed is in the tab's own storage. An order is in the storage that all tabs of this page's
//! origin share: a tab that was closed on the payment page, or a second one, must not order again (G11).

use web_sys::Storage;

use crate::value::{Record, Value};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const DRAFT: &str = "checkout.draft";
/// What the names of all orders begin with: the order that is under way, by its [`place`]; and each order that
/// was answered, by its checkout's id, so that a return finds it.
const ORDER: &str = "checkout.order.";
/// The checkouts whose completion was told to the page.
const TOLD: &str = "checkout.told";

/// What the buyer has typed.
#[derive(Clone, Default)]
pub struct Draft {
    /// Who is signed in, as [`Attempt::place`] knows them: the next one at this tab has not typed it.
    pub who: String,
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
    /// Where it is kept while it is under way, see [`place`].
    pub place: String,
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
    /// What was typed before; nothing, if that was somebody else.
    pub fn load(who: &str) -> Self {
        let value = tab().and_then(|tab| load(&tab, DRAFT));
        let value = value.filter(|value| value.text("who").unwrap_or_default() == who);
        let text = |key| value.as_ref().and_then(|value| value.text(key)).unwrap_or_default();
        let (email, country, postal_code) = (text("email"), text("country"), text("postal_code"));
        Self { who: who.into(), email, country, postal_code }
    }

    /// Keeps it.
    pub fn save(&self) {
        let Self { who, email, country, postal_code } = self;
        let record = Record::default()
            .with("who", who.as_str())
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
    pub fn new(body: String, cart: String, place: String, terms: String) -> Self {
        let key = web_sys_crypto().random_uuid();
        let (id, client_secret, url) = Default::default();
        Self { key, body, cart, place, terms, id, client_secret, url, paid: false }
    }

    /// The order that is under way at that place, in this tab or another one.
    pub fn current(place: &str) -> Option<Self> {
        Self::read(&name(place))
    }

    /// The order of that checkout, if this browser made it; with its terms, while it is under way.
    pub fn of(id: &str) -> Option<Self> {
        let attempt = Self::read(&name(id))?;
        Some(Self::current(&attempt.place).filter(|current| current.key == attempt.key).unwrap_or(attempt))
    }

    /// Whether whoever has that address may have made it; anybody may, of whom none is known yet.
    pub fn is_by(&self, email: &str) -> bool {
        email.is_empty() || self.terms.starts_with(&terms(email, "", ""))
    }

    fn read(name: &str) -> Option<Self> {
        let value = load(&shared()?, name)?;
        let text = |key| value.text(key).unwrap_or_default();
        Some(Self {
            key: value.text("key")?,
            body: text("body"),
            cart: text("cart"),
            place: text("place"),
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
        let Self { key, body, cart, place, terms, id, client_secret, url, paid } = self;
        let record = |terms: &str| {
            Record::default()
                .with("key", key.as_str())
                .with("body", body.as_str())
                .with("cart", cart.as_str())
                .with("place", place.as_str())
                .with("terms", terms)
                .with("id", id.as_str())
                .with("client_secret", client_secret.as_str())
                .with("url", url.as_str())
                .with("paid", *paid)
        };
        // Without its terms it was over when it was found, and another may be under way there.
        if !terms.is_empty() {
            save(&shared, &name(place), record(terms));
        }
        if !id.is_empty() {
            // Who bought is not needed to look at it.
            save(&shared, &name(id), record(""));
        }
    }

    /// The next order of its place begins anew; this one can still be looked at, and another one stays.
    pub fn finish(&self) {
        if let Some(shared) = shared()
            && Self::current(&self.place).is_some_and(|current| current.key == self.key)
        {
            _ = shared.remove_item(&name(&self.place));
        }
    }
}

/// The place of the orders that have all of that in common: the cart, who is signed in, where to go afterwards,
/// and the page's own notes (two bookings of the same thing are two orders). FNV-1a in 64 bits: nothing of it
/// can be read from the storage's names.
pub fn place<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let add = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    // No text holds a byte 255: it ends each of them.
    let hash = parts.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, part| add(part.bytes().fold(hash, add), 255));
    hash.to_string()
}

/// What an order is about, as it is compared: who pays how much for what. See [`Attempt::is_by`].
pub fn terms(email: &str, amount: &str, wish: &str) -> String {
    [email.trim(), " ", amount, wish].concat()
}

/// Where an order is kept, by its place or its checkout's id.
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
pub fn forget_old() {
    let Some(shared) = shared() else { return };
    // From the end: what follows a removed one moves up.
    for index in (0..shared.length().unwrap_or_default()).rev() {
        if let Ok(Some(name)) = shared.key(index)
            && name.starts_with(ORDER)
            && load(&shared, &name).is_none()
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
    use super::{Attempt, DAY_MS, is_fresh, place, terms};

    #[test]
    fn what_is_kept_is_kept_for_a_day() {
        assert!(is_fresh(1_000, 1_000));
        assert!(is_fresh(1_000, 999 + DAY_MS));
        assert!(!is_fresh(1_000, 1_000 + DAY_MS));
    }

    #[test]
    fn whatever_differs_is_another_place() {
        let cart = r#"[{"price_id":"pro"}]"#;
        let places = [
            place([cart, "", ""]),
            place([cart, "user_a", ""]),
            place([cart, "user_b", ""]),
            place([cart, "", "user_a"]),
            place([cart, "", "https://shop.example/thanks"]),
            place([cart, "", "", "booking", "1"]),
            place([cart, "", "", "booking", "2"]),
            place([cart, "", "", "booking1", ""]),
        ];
        for (number, one) in places.iter().enumerate() {
            assert!(!places[..number].contains(one), "{number}");
        }
        assert_eq!(place([cart, "user_a", ""]), places[1]);
        assert!(!places[1].contains("user_a"));
    }

    #[test]
    fn an_order_is_by_whoever_gave_its_address() {
        let text = String::default;
        let terms = terms(" ada@example.com ", "3451", "{}");
        let (place, paid) = (text(), false);
        let order = Attempt {
            key: text(),
            body: text(),
            cart: text(),
            place,
            terms,
            id: text(),
            client_secret: text(),
            url: text(),
            paid,
        };
        assert!(order.is_by("") && order.is_by("ada@example.com") && order.is_by("ada@example.com "));
        assert!(!order.is_by("ada@example.co") && !order.is_by("eve@example.com"));
    }
}

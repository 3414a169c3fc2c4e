//! Keys that the helper derives from its secret key, one per purpose, so that a token made for
//! one thing is worth nothing for another.

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

mod address;
mod sight;

pub use address::AddressKey;
use sight::Sight;

/// What every client secret begins with.
pub const CLIENT_SECRET: &str = "cs_";

/// All of the helper's own secrets.
#[derive(Clone, Debug)]
pub struct Keys {
    /// What a merchant's backend sends as `Authorization: Bearer`.
    secret_key: SecretString,
    /// Recognises the secret key where it does not belong.
    sight: Sight,
    /// What an operator sends as `Authorization: Bearer` to the operations listener, where there is one.
    operator_key: Option<SecretString>,
    /// Seals quotes.
    pub quotes: MacKey,
    /// Seals customer tokens.
    pub customers: MacKey,
    /// Seals challenges.
    pub challenges: MacKey,
    /// Seals links that mend a failed payment.
    pub mends: MacKey,
    /// Seals the places in lists.
    pub cursors: MacKey,
    /// Hides addresses.
    addresses: MacKey,
    /// Makes each checkout's client secret.
    clients: MacKey,
    /// Makes the token in the address of a status page.
    pages: MacKey,
    /// Hides idempotency keys and request bodies in the store.
    fingerprints: MacKey,
}

impl Keys {
    /// Derives the keys. The same secret key gives the same ones, so a restart keeps every token.
    #[must_use]
    pub fn new(secret_key: SecretString) -> Self {
        let root = MacKey(SecretSlice::from(secret_key.expose_secret().as_bytes().to_vec()));
        let derive = |purpose: &str| root.derive(purpose.as_bytes());
        Self {
            sight: Sight::new(&secret_key, derive("checkout/sight/1").mac(b"point")),
            operator_key: None,
            customers: derive("checkout/customer-token/1"),
            quotes: derive("checkout/quote/1"),
            challenges: derive("checkout/challenge/1"),
            mends: derive("checkout/mend/1"),
            cursors: derive("checkout/cursor/1"),
            addresses: derive("checkout/address/1"),
            clients: derive("checkout/client-secret/1"),
            pages: derive("checkout/status-page/1"),
            fingerprints: derive("checkout/fingerprint/1"),
            secret_key,
        }
    }

    /// The same, with a key for operators. Without one, nobody is an operator.
    #[must_use]
    pub fn with_operator(self, operator_key: Option<SecretString>) -> Self {
        Self { operator_key, ..self }
    }

    /// The secret that reads one checkout.
    #[must_use]
    pub fn client_secret(&self, checkout: &str) -> String {
        format!("{CLIENT_SECRET}{}", URL_SAFE_NO_PAD.encode(self.clients.mac(checkout.as_bytes())))
    }

    /// Whether that is the checkout's client secret, in constant time.
    #[must_use]
    pub fn is_client_secret(&self, checkout: &str, given: &str) -> bool {
        self.client_secret(checkout).as_bytes().ct_eq(given.as_bytes()).into()
    }

    /// The token that shows a checkout's status page, and nothing personal.
    #[must_use]
    pub fn page_token(&self, checkout: &str) -> String {
        URL_SAFE_NO_PAD.encode(&self.pages.mac(checkout.as_bytes())[..16])
    }

    /// Whether that is the page's token, in constant time.
    #[must_use]
    pub fn is_page_token(&self, checkout: &str, given: &str) -> bool {
        self.page_token(checkout).as_bytes().ct_eq(given.as_bytes()).into()
    }

    /// Whether that is the secret key, in constant time.
    #[must_use]
    pub fn is_secret_key(&self, given: &str) -> bool {
        self.secret_key.expose_secret().as_bytes().ct_eq(given.as_bytes()).into()
    }

    /// Whether the secret key is anywhere in a text. The time that it takes tells nothing of the key.
    #[must_use]
    pub fn shows_secret_key(&self, text: &[u8]) -> bool {
        self.sight.is_in(&self.secret_key, text)
    }

    /// Whether anybody can be an operator.
    #[must_use]
    pub fn has_operator(&self) -> bool {
        self.operator_key.is_some()
    }

    /// Whether that is the operator's key, in constant time.
    #[must_use]
    pub fn is_operator_key(&self, given: &str) -> bool {
        let is = |key: &SecretString| bool::from(key.expose_secret().as_bytes().ct_eq(given.as_bytes()));
        self.operator_key.as_ref().is_some_and(is)
    }

    /// The keyed hash of an address, so that no log, no budget and no row ever holds one (S2).
    #[must_use]
    pub fn address(&self, address: &[u8]) -> AddressKey {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.addresses.mac(address)[..16]);
        AddressKey::from_bytes(bytes)
    }

    /// A keyed hash, so that the store never holds what a caller sent.
    #[must_use]
    pub fn fingerprint(&self, purpose: &str, bytes: &[u8]) -> [u8; 32] {
        let mut framed = purpose.as_bytes().to_vec();
        framed.push(0);
        framed.extend_from_slice(bytes);
        self.fingerprints.mac(&framed)
    }
}

/// A key for HMAC-SHA256.
#[derive(Clone, Debug)]
pub struct MacKey(SecretSlice<u8>);

impl MacKey {
    /// Another key, made of this one for that purpose.
    #[must_use]
    pub fn derive(&self, purpose: &[u8]) -> Self {
        Self(SecretSlice::from(self.mac(purpose).to_vec()))
    }

    /// The authentication code of a message.
    ///
    /// # Panics
    /// Never: HMAC takes keys of any length.
    #[must_use]
    pub fn mac(&self, message: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).expect("HMAC takes keys of any length");
        mac.update(message);
        mac.finalize().into_bytes().into()
    }

    /// Whether a code is that of the message, in constant time.
    #[must_use]
    pub fn verifies(&self, message: &[u8], mac: &[u8]) -> bool {
        self.mac(message).as_slice().ct_eq(mac).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::SigningSecret;

    /// Compiles only while the types have no `==`, which stops at the first byte that differs (S3).
    /// With one, the call below could mean either of two impls, and the compiler refuses to guess.
    macro_rules! assert_not_comparable {
        ($($secret:ty),+) => {{
            trait Comparable<Which> { fn is() {} }
            struct WithEq;
            impl<T: ?Sized> Comparable<()> for T {}
            impl<T: ?Sized + PartialEq> Comparable<WithEq> for T {}
            $(<$secret as Comparable<_>>::is();)+
        }};
    }

    #[test]
    fn secrets_cannot_be_compared_with_an_operator() {
        assert_not_comparable!(Keys, MacKey, SigningSecret, SecretString);
    }

    fn keys() -> Keys {
        Keys::new(SecretString::from("a secret key of at least 32 characters"))
    }

    #[test]
    fn each_purpose_has_a_key_of_its_own() {
        let keys = keys();
        let Keys {
            secret_key: _,
            sight: _,
            operator_key: _,
            quotes,
            customers,
            challenges,
            mends,
            cursors,
            addresses,
            clients,
            pages,
            fingerprints,
        } = &keys;
        let all = [quotes, customers, challenges, mends, cursors, addresses, clients, pages, fingerprints];
        let mut macs: Vec<_> = all.iter().map(|key| key.mac(b"same")).collect();
        macs.sort_unstable();
        macs.dedup();
        assert_eq!(macs.len(), all.len());
    }

    #[test]
    fn without_a_key_nobody_is_an_operator() {
        assert!(!keys().is_operator_key(""));
        let keys = keys().with_operator(Some("op".to_owned().into()));
        assert!(keys.is_operator_key("op") && !keys.is_operator_key("o") && !keys.is_operator_key(""));
    }

    #[test]
    fn keys_do_not_print_themselves() {
        let printed = format!("{:?}", keys().with_operator(Some("the operator's".to_owned().into())));
        assert!(!printed.contains("at least") && !printed.contains("operator's") && printed.contains("Sight(secret)"));
    }
}

//! A customer token opens exactly if its code, computed here a second time, is right and what it says
//! may be believed; expired, or from a clock that was ahead, is told apart from foreign.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use checkout_server::customer::Known;
use checkout_server::customer::token::{SignedIn, TokenError, open, seal};
use checkout_server::keys::{Keys, MacKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use serde_json::Value;
use sha2::Sha256;

const SECRET: &str = "a key of at least 32 characters, for this target";
const SHOP: &str = "https://pay.example.com";
const NOW: i64 = 1_795_342_538;
/// Seconds; no token lives longer.
const LONGEST: i64 = 900;

/// The first byte says how the token comes to be, the second when it ends.
pub fn run(data: &[u8]) {
    let [how, end, rest @ ..] = data else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let key = Keys::new(SECRET.to_owned().into()).customers;
    let ends = NOW + (i64::from(*end) - 64) * 8;
    match how % 4 {
        0 => judge(&key, text),
        1 => judge(&key, &signed(text)),
        2 => judge(&key, &signed(&format!(r#"{{"ref":"user_1","exp":{ends},"aud":"{SHOP}"{text}}}"#))),
        _ => seal_and_change(&key, ends, text),
    }
}

/// Whatever the token: what opens is right, what is foreign is foreign to every other helper as well.
fn judge(key: &MacKey, token: &str) {
    let signed_in = match open(key, SHOP, token, now()) {
        Ok(signed_in) => {
            let left = signed_in.expires_at.as_second() - NOW;
            assert!((1..=LONGEST).contains(&left), "believed for {left} s");
            signed_in
        }
        Err(TokenError::Expired(signed_in)) => {
            let left = signed_in.expires_at.as_second() - NOW;
            assert!(!(1..=LONGEST).contains(&left), "called expired, with {left} s left");
            *signed_in
        }
        Err(TokenError::Forged) => return assert_may_be_refused(token),
    };
    let (before, code) = token.split_once('.').expect("a code");
    assert_eq!(code, URL_SAFE_NO_PAD.encode(mac(before)), "believed without the right code");
    let payload = URL_SAFE_NO_PAD.decode(before.strip_prefix("ct_").expect("its prefix")).expect("base64url");
    if let Ok(Value::Object(payload)) = serde_json::from_slice(&payload) {
        assert_eq!(payload["aud"], SHOP);
        assert_eq!(payload["exp"], signed_in.expires_at.as_second());
        assert_eq!(payload["ref"], signed_in.customer.reference.as_str());
        assert_eq!(payload.get("email").and_then(Value::as_str), signed_in.customer.email.as_deref());
        assert_eq!(payload.get("name").and_then(Value::as_str), signed_in.customer.name.as_deref());
    }
    assert_is_foreign_elsewhere(token);
}

/// A token with the right code is refused only for what it says.
fn assert_may_be_refused(token: &str) {
    let Some((before, code)) = token.split_once('.') else { return };
    if token.len() > 4_096 || code != URL_SAFE_NO_PAD.encode(mac(before)) {
        return;
    }
    let Some(Ok(payload)) = before.strip_prefix("ct_").map(|text| URL_SAFE_NO_PAD.decode(text)) else { return };
    let Ok(Value::Object(payload)) = serde_json::from_slice(&payload) else { return };
    let ends = payload.get("exp").and_then(Value::as_i64);
    let is_ours = payload.get("aud") == Some(&SHOP.into());
    let plain = payload.len() == 3 && is_ours && payload.get("ref").is_some_and(Value::is_string);
    let is_time = ends.is_some_and(|ends| Timestamp::from_second(ends).is_ok());
    // The text of three fields is theirs alone, unless one of them comes twice: four colons, with that of `https:`.
    let text = URL_SAFE_NO_PAD.decode(&before[3..]).expect("above");
    let all_once = text.iter().filter(|byte| **byte == b':').count() == 4;
    assert!(!(plain && is_time && all_once), "a right token was refused");
}

/// What we seal opens as it was until it ends, and with any character changed it does not.
fn seal_and_change(key: &MacKey, ends: i64, text: &str) {
    let mut fields = text.splitn(4, '\0').map(|field| field.chars().take(80).collect::<String>());
    let reference = fields.next().unwrap_or_default();
    let customer = Known { reference, email: fields.next(), name: fields.next() };
    let change = fields.next().unwrap_or_default();
    let signed_in = SignedIn { customer, expires_at: Timestamp::from_second(ends).expect("a time") };
    let token = seal(key, SHOP, &signed_in);
    let told = open(key, SHOP, &token, now());
    // Too far ahead: a clock was ahead when it was made.
    match ends - NOW {
        1..=LONGEST => assert_eq!(told, Ok(signed_in)),
        _ => assert_eq!(told, Err(TokenError::Expired(Box::new(signed_in)))),
    }
    judge(key, &token);
    let [place, more, character, ..] = change.as_bytes() else { return };
    let place = (usize::from(*place) << 7 | usize::from(*more)) % token.len();
    let mut changed = token.clone();
    changed.replace_range(place..=place, char::from(*character).encode_utf8(&mut [0; 4]));
    if changed != token {
        assert_eq!(open(key, SHOP, &changed, now()), Err(TokenError::Forged), "changed, and believed");
    }
}

/// Another shop, and the same shop with another key, never made it.
fn assert_is_foreign_elsewhere(token: &str) {
    let keys = Keys::new(SECRET.to_owned().into());
    let other = Keys::new("another key of at least 32 characters, for this".to_owned().into());
    for (key, shop) in [(&keys.customers, "https://pay.example.org"), (&other.customers, SHOP), (&keys.quotes, SHOP)] {
        assert_eq!(open(key, shop, token, now()), Err(TokenError::Forged));
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW).expect("a time")
}

/// A token with the right code over whatever it says.
fn signed(payload: &str) -> String {
    let before = format!("ct_{}", URL_SAFE_NO_PAD.encode(payload));
    format!("{before}.{}", URL_SAFE_NO_PAD.encode(mac(&before)))
}

fn mac(text: &str) -> Vec<u8> {
    hmac(&hmac(SECRET.as_bytes(), b"checkout/customer-token/1"), text.as_bytes())
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

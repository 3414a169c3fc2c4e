//! A delivery is believed exactly if a MAC of it, computed here a second time, is among its
//! signatures and its time is near.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use checkout_server::signature::{Headers, SigningSecret, TOLERANCE_SECONDS, verify};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

const KEY: &[u8] = b"a key that only this target knows";
const NOW: i64 = 1_795_342_538;

/// The first byte says how the delivery is signed; then id, timestamp, signature and body, each
/// behind a NUL.
pub fn run(data: &[u8]) {
    let Some((how, rest)) = data.split_first() else { return };
    let mut parts = rest.splitn(4, |byte| *byte == 0);
    let mut text = || std::str::from_utf8(parts.next().unwrap_or_default()).ok();
    let (Some(id), Some(timestamp), Some(given)) = (text(), text(), text()) else { return };
    let body = parts.next().unwrap_or_default();
    let near = (NOW + i64::from(*how) * 5 - 600).to_string();
    let timestamp = if how & 1 == 0 { near.as_str() } else { timestamp };
    let right = format!("v1,{}", STANDARD.encode(mac(id, timestamp, body)));
    let signature = match how >> 1 & 3 {
        0 => right.clone(),
        1 => format!("{given} {right}"),
        2 => right.chars().take(given.len()).collect(),
        _ => given.to_owned(),
    };
    let secrets = [SigningSecret::parse(&format!("whsec_{}", STANDARD.encode(KEY))).expect("base64")];
    let headers = Headers { id, timestamp, signature: &signature };
    let told = verify(&secrets, headers, body, Timestamp::from_second(NOW).expect("a time"));
    if let Ok(signed_at) = told {
        let seconds: i64 = timestamp.parse().expect("digits");
        assert_eq!(signed_at.as_second(), seconds);
        assert!(seconds.abs_diff(NOW) <= TOLERANCE_SECONDS.unsigned_abs() && !id.is_empty());
        assert!(signature.split(' ').any(|entry| entry == right), "believed without the right signature");
    } else if signature == right && !id.is_empty() && timestamp == near {
        let seconds: i64 = timestamp.parse().expect("digits");
        assert!(seconds.abs_diff(NOW) > TOLERANCE_SECONDS.unsigned_abs(), "a right delivery was refused");
    }
}

fn mac(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY).expect("any length");
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

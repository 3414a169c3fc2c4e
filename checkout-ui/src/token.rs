//! The customer token: who is signed in, as the merchant's own server says it. It goes to the helper
//! with the order, which alone can check it; here its e-mail address fills in a field, no more.
//!
//! It is kept nowhere: not in the tab's storage, nor in the entries of its history.

use crate::value::Value;

/// The e-mail address that a token holds, if it holds one.
pub fn email(token: &str) -> Option<String> {
    Value::parse(&payload(token)?)?.text("email")
}

/// Who a token is of: the reference that the merchant's server gave; a token without one is of itself alone.
pub fn reference(token: &str) -> String {
    let known = payload(token).and_then(|payload| Value::parse(&payload)?.text("ref"));
    known.unwrap_or_else(|| token.into())
}

/// The readable part: between `ct_` and the first dot, JSON in base64url.
fn payload(token: &str) -> Option<String> {
    let (payload, _) = token.strip_prefix("ct_")?.split_once('.')?;
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for letter in payload.trim_end_matches('=').bytes() {
        bits = (bits << 6) | u32::from(sextet(letter)?);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).ok()?);
        }
    }
    String::from_utf8(bytes).ok()
}

/// RFC 4648, 5.
fn sextet(letter: u8) -> Option<u8> {
    Some(match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::payload;

    #[test]
    fn the_readable_part_is_read() {
        // {"ref":"cus_1","email":"zoë@example.com","exp":1} and {"a":"??>"}, as base64url writes them
        let token = "ct_eyJyZWYiOiJjdXNfMSIsImVtYWlsIjoiem_Dq0BleGFtcGxlLmNvbSIsImV4cCI6MX0.c2lnbmF0dXJl.more";
        assert_eq!(payload(token).unwrap(), r#"{"ref":"cus_1","email":"zoë@example.com","exp":1}"#);
        assert_eq!(payload("ct_eyJhIjoiPz8-In0=.x").unwrap(), r#"{"a":"??>"}"#);
    }

    #[test]
    fn what_is_no_token_says_nothing() {
        for token in ["", "ct_", "ct_abc", "eyJh.x", "ct_e yJh.x", "ct_+/+/.x", "ct_gICA.x"] {
            assert_eq!(payload(token), None, "{token}");
        }
    }
}

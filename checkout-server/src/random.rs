//! Randomness, in one place: ids, keys and nonces.

use jiff::Timestamp;
use uuid::Uuid;

/// Bytes that nobody can guess, from the operating system.
///
/// # Panics
/// Where the system has no randomness: nothing safe can be done there.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}

/// So many characters of `[0-9A-Za-z]`, each of them unguessable.
#[must_use]
pub fn alphanumeric<const N: usize>() -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    // 64-bit words, so that the remainder's bias is beyond notice.
    (0..N).map(|_| char::from(ALPHABET[(u64::from_le_bytes(bytes()) % 62) as usize])).collect()
}

/// A new id, ordered by time: `prefix_` and a UUIDv7 (RFC 9562) without hyphens.
#[must_use]
pub fn id(prefix: &str, now: Timestamp) -> String {
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &bytes()).into_uuid();
    format!("{prefix}_{}", Uuid::simple(uuid))
}

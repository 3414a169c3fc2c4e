//! An address that requests may be sent to is public in the form in which it is dialled.

use std::net::IpAddr;

use checkout_server::outgoing::{Reach, is_public};

/// The address as a merchant wrote it.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(url) = Reach::Public.check(text) else { return };
    assert!(url.scheme() == "https" && url.username().is_empty() && url.password().is_none());
    assert!(matches!(url.port_or_known_default(), Some(443 | 8443)));
    let host = url.host_str().expect("a host");
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => assert!(is_public(address), "{address}"),
        Err(_) => assert!(host.contains('.') && !host.ends_with(".localhost") && !host.ends_with('.')),
    }
    // What was checked is what is dialled.
    assert_eq!(Reach::Public.check(url.as_str()).map(String::from), Ok(url.to_string()));
}

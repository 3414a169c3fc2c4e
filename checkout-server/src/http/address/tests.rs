//! The matrix of spoofs (S13).

use axum::http::HeaderValue;
use proptest::prelude::*;
use secrecy::SecretString;

use super::*;

/// A proxy at the door, and one behind it.
const PROXIES: [&str; 3] = ["10.0.0.0/8", "192.0.2.1", "fd00::/8"];

fn proxies(texts: &[&str]) -> Vec<Network> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn headers(lines: &[&str]) -> HeaderMap {
    lines.iter().map(|line| (FORWARDED, HeaderValue::from_bytes(line.as_bytes()).unwrap())).collect()
}

fn of(peer: &str, lines: &[&str], trusted: &[&str]) -> String {
    match client(peer.parse().unwrap(), &headers(lines), &proxies(trusted)) {
        Client::Machine => "machine".into(),
        Client::Address(Address(address)) => address.to_string(),
    }
}

#[test]
fn the_spoof_matrix() {
    for (peer, lines, expected) in [
        // No proxy of ours: what it writes is nobody's business.
        ("203.0.113.7", &[][..], "203.0.113.7"),
        ("203.0.113.7", &["198.51.100.1"], "203.0.113.7"),
        ("203.0.113.7", &["10.0.0.1"], "203.0.113.7"),
        ("203.0.113.7", &["127.0.0.1"], "203.0.113.7"),
        // A proxy of ours: the right-most hop that is none.
        ("10.0.0.1", &["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", &["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", &["127.0.0.1, 203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", &["10.0.0.9, 203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", &["198.51.100.1, 203.0.113.7, 192.0.2.1, 10.2.3.4"], "203.0.113.7"),
        ("10.0.0.1", &["198.51.100.1", "203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", &["198.51.100.1,203.0.113.7", "192.0.2.1"], "203.0.113.7"),
        ("10.0.0.1", &["  203.0.113.7\t"], "203.0.113.7"),
        // Nothing but proxies, or nothing: the last good one.
        ("10.0.0.1", &[], "10.0.0.1"),
        ("10.0.0.1", &["10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        // A hop that is no address ends the walk.
        ("10.0.0.1", &["unknown"], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.7, unknown, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", &["203.0.113.7,"], "10.0.0.1"),
        ("10.0.0.1", &[""], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.7", ""], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.7, _hidden"], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.7, 1.2.3.4.5"], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.7 198.51.100.1"], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.07"], "10.0.0.1"),
        ("10.0.0.1", &["2130706433"], "10.0.0.1"),
        ("10.0.0.1", &["\"203.0.113.7\""], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.7:"], "10.0.0.1"),
        ("10.0.0.1", &["203.0.113.7:99999"], "10.0.0.1"),
        ("10.0.0.1", &["[203.0.113.7]"], "10.0.0.1"),
        ("10.0.0.1", &["fe80::1%"], "10.0.0.1"),
        ("10.0.0.1", &["for=203.0.113.7"], "10.0.0.1"),
        ("10.0.0.1", &["2０3.0.113.7"], "10.0.0.1"),
        // Every spelling of one address is that address.
        ("10.0.0.1", &["203.0.113.7:5678"], "203.0.113.7"),
        ("10.0.0.1", &["::ffff:203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", &["[::ffff:203.0.113.7]:80"], "203.0.113.7"),
        ("::ffff:203.0.113.7", &["198.51.100.1"], "203.0.113.7"),
        ("::ffff:10.0.0.1", &["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", &["203.0.113.7, ::ffff:10.0.0.2"], "203.0.113.7"),
        // Of IPv6 the first half.
        ("10.0.0.1", &["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::"),
        ("10.0.0.1", &["[2001:db8:1:2:ffff::9]:443"], "2001:db8:1:2::"),
        ("10.0.0.1", &["[2001:db8:1:2::9]"], "2001:db8:1:2::"),
        ("2001:db8:1:2::42", &[], "2001:db8:1:2::"),
        ("fd00::1", &["2001:db8:1:2::9"], "2001:db8:1:2::"),
        ("fd00::1", &["2001:db8:1:2::9, fd00::2"], "2001:db8:1:2::"),
        ("10.0.0.1", &["fe80::1%eth0"], "fe80::"),
        // This machine itself is only who is at the other end, never who says so.
        ("127.0.0.1", &[], "machine"),
        ("::1", &[], "machine"),
        ("::ffff:127.0.0.1", &[], "machine"),
        ("127.0.0.1", &["203.0.113.7"], "machine"),
        ("127.0.0.2", &[], "127.0.0.2"),
        ("10.0.0.1", &["127.0.0.1"], "127.0.0.1"),
        ("10.0.0.1", &["::1"], "::1"),
    ] {
        assert_eq!(of(peer, lines, &PROXIES), expected, "{peer} {lines:?}");
    }
}

#[test]
fn a_proxy_on_this_machine_that_was_configured_is_a_proxy() {
    let trusted = ["127.0.0.1", "::1"];
    assert_eq!(of("127.0.0.1", &["203.0.113.7"], &trusted), "203.0.113.7");
    assert_eq!(of("::1", &["198.51.100.1, 203.0.113.7"], &trusted), "203.0.113.7");
    assert_eq!(of("127.0.0.1", &[], &trusted), "machine");
    // Something was forwarded, and is not to be exempt for being unreadable.
    assert_eq!(of("127.0.0.1", &["unknown"], &trusted), "127.0.0.1");
}

#[test]
fn an_address_does_not_print_itself() {
    let Client::Address(address) = client("203.0.113.7".parse().unwrap(), &HeaderMap::new(), &[]) else { panic!() };
    let keys = Keys::new(SecretString::from("a secret key"));
    let printed = format!("{:?} {:?} {:?}", Client::Address(address), address, address.key(&keys));
    assert!(!printed.contains("203"), "{printed}");
    assert_eq!(printed.split(' ').next_back().unwrap().len(), 8, "{printed}");
}

#[test]
fn one_address_has_one_key_and_each_shop_its_own() {
    let key = |secret: &str, peer: &str| {
        let keys = Keys::new(SecretString::from(secret));
        let Client::Address(address) = client(peer.parse().unwrap(), &HeaderMap::new(), &[]) else { panic!() };
        address.key(&keys)
    };
    assert_eq!(key("one", "2001:db8::1"), key("one", "2001:db8::2"));
    assert_eq!(key("one", "203.0.113.7"), key("one", "::ffff:203.0.113.7"));
    assert_ne!(key("one", "203.0.113.7"), key("one", "203.0.113.8"));
    assert_ne!(key("one", "203.0.113.7"), key("two", "203.0.113.7"));
}

/// What a client can put into a header: anything, in any number of lines.
fn written() -> impl Strategy<Value = Vec<String>> {
    let hop = prop_oneof![
        "[ -~]{0,20}",
        Just("10.0.0.1".to_owned()),
        Just("127.0.0.1".to_owned()),
        Just("unknown".to_owned()),
        any::<[u8; 4]>().prop_map(|octets| IpAddr::from(octets).to_string()),
        any::<[u16; 8]>().prop_map(|segments| IpAddr::from(segments).to_string()),
    ];
    prop::collection::vec(prop::collection::vec(hop, 0..4).prop_map(|hops| hops.join(",")), 0..4)
}

proptest! {
    /// Nothing that a client writes changes what its proxy says about it, however many proxies of
    /// ours come after.
    #[test]
    fn nothing_a_client_writes_changes_the_result(
        written in written(), octets in any::<[u8; 4]>(), behind in 0_u8..3, same_line in any::<bool>(),
    ) {
        let trusted = proxies(&PROXIES);
        let real = IpAddr::from(octets);
        prop_assume!(!trusted.iter().any(|network| network.contains(real)));
        let mut own = vec![real.to_string()];
        own.extend((0..behind).map(|number| format!("10.0.0.{number}")));
        let own = own.join(", ");
        let mut lines = written;
        match lines.last_mut() {
            Some(last) if same_line => *last = format!("{last}, {own}"),
            _ => lines.push(own),
        }
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let found = client("10.9.9.9".parse().unwrap(), &headers(&lines), &trusted);
        prop_assert_eq!(found, Client::Address(Address::of(real)));
    }

    /// Without a proxy of ours nothing that is written counts at all.
    #[test]
    fn without_a_proxy_the_peer_counts(written in written(), octets in any::<[u8; 4]>()) {
        let peer = IpAddr::from(octets);
        prop_assume!(peer != IpAddr::from([127, 0, 0, 1]));
        let lines: Vec<&str> = written.iter().map(String::as_str).collect();
        prop_assert_eq!(client(peer, &headers(&lines), &[]), Client::Address(Address::of(peer)));
    }
}

//! Whose request it is never depends on what stands left of the first hop that is none of our proxies,
//! and is that hop, read here a second time.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::LazyLock;

use checkout_server::http::address::{Client, Network, client};
use checkout_server::keys::Keys;
use http::{HeaderMap, HeaderValue};

static KEYS: LazyLock<Keys> =
    LazyLock::new(|| Keys::new("a key of at least 32 characters, for this target".to_owned().into()));

/// A range of proxies, and what is in it.
type Range = (&'static str, fn(IpAddr) -> bool);

const RANGES: [Range; 5] = [
    ("10.0.0.0/8", |address| matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 10)),
    ("192.0.2.1", |address| address == IpAddr::from([192, 0, 2, 1])),
    ("fd00::/8", |address| matches!(address, IpAddr::V6(v6) if v6.octets()[0] == 0xfd)),
    ("127.0.0.1", |address| address == IpAddr::from([127, 0, 0, 1])),
    ("::1", |address| address == IpAddr::V6(Ipv6Addr::LOCALHOST)),
];
const PEERS: [&str; 8] =
    ["10.0.0.1", "127.0.0.1", "::1", "fd00::1", "::ffff:10.0.0.1", "203.0.113.7", "2001:db8::42", "::ffff:127.0.0.1"];

/// The first byte says who our proxies are and the second who the peer is, if not the text of the
/// first line; then what somebody writes to the left, then the lines of X-Forwarded-For.
pub fn run(data: &[u8]) {
    let [which, who, rest @ ..] = data else { return };
    let ranges: Vec<Range> = (0..RANGES.len()).filter(|bit| which >> bit & 1 == 1).map(|bit| RANGES[bit]).collect();
    let proxies: Vec<Network> = ranges.iter().map(|(text, _)| text.parse().expect("a range")).collect();
    let mut lines = rest.split(|byte| *byte == b'\n');
    let (first, left) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let written = std::str::from_utf8(first).ok().and_then(|text| text.parse().ok());
    let peer: IpAddr = written.unwrap_or_else(|| PEERS[usize::from(who % 8)].parse().expect("an address"));
    let lines: Vec<&[u8]> = lines.collect();
    let Some(told) = ask(peer, &lines, &proxies) else { return };

    let trusted = |address: IpAddr| ranges.iter().any(|(_, holds)| holds(address));
    let itself = peer.to_canonical();
    let is_machine = itself == IpAddr::from([127, 0, 0, 1]) || itself == IpAddr::V6(Ipv6Addr::LOCALHOST);
    if is_machine && (lines.is_empty() || !trusted(itself)) {
        return assert_eq!(told, Client::Machine);
    }
    let hops: Vec<&[u8]> = lines.iter().flat_map(|line| line.split(|byte| *byte == b',')).collect();
    let (owner, decides) = walk(itself, &hops, trusted);
    let Client::Address(address) = told else { panic!("exempt, although a proxy of ours forwarded it") };
    assert_eq!(address.key(&KEYS), KEYS.address(&network(owner)), "not the first hop that is none of our proxies");
    let Some(decides) = decides else { return };
    // An empty hop is one as well.
    let rest = if decides == hops.len() { vec![] } else { vec![hops[decides..].join(&b',')] };
    let rest: Vec<&[u8]> = rest.iter().map(Vec::as_slice).collect();
    let joined = [&[left], &rest[..]].concat().join(&b',');
    assert_eq!(ask(peer, &rest, &proxies).unwrap_or(told), told, "hops on the left decided");
    assert_eq!(ask(peer, &[&joined], &proxies).unwrap_or(told), told, "somebody's own hop decided");
    assert_eq!(
        ask(peer, &[&[left], &rest[..]].concat(), &proxies).unwrap_or(told),
        told,
        "somebody's own line decided"
    );
}

/// What the server says, or nothing where a line is none that a request can have.
fn ask(peer: IpAddr, lines: &[&[u8]], proxies: &[Network]) -> Option<Client> {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append("x-forwarded-for", HeaderValue::from_bytes(line).ok()?);
    }
    Some(client(peer, &headers, proxies))
}

/// Whose request it is, and from which hop on that is decided: the first from the right that is none of
/// our proxies, readable or not. None, if all of them are.
fn walk(peer: IpAddr, hops: &[&[u8]], trusted: impl Fn(IpAddr) -> bool) -> (IpAddr, Option<usize>) {
    let mut owner = peer;
    for place in (0..hops.len()).rev() {
        if !trusted(owner) {
            return (owner, Some(place + 1));
        }
        let Some(address) = read(hops[place]) else { return (owner, Some(place)) };
        owner = address;
    }
    (owner, (!trusted(owner)).then_some(0))
}

/// An address alone, with a port, in brackets, with a zone.
fn read(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?.trim_matches([' ', '\t']);
    let inside = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let v6 = |text: &str| match text.find('%') {
        Some(zone) if zone + 1 == text.len() => None,
        zone => text[..zone.unwrap_or(text.len())].parse().ok().map(IpAddr::V6),
    };
    let plain = || text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    let found = plain().or_else(with_port).or_else(|| v6(inside.unwrap_or(text)));
    found.map(|address| address.to_canonical())
}

/// The bytes of whom it belongs to: with IPv6, the first eight are one customer's.
fn network(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(Ipv6Addr::LOCALHOST) => Ipv6Addr::LOCALHOST.octets().to_vec(),
        IpAddr::V6(v6) => [&v6.octets()[..8], &[0; 8]].concat(),
    }
}

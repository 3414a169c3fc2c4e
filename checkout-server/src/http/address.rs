//! Whose request it is: the other end of the connection, or what a proxy that we trust says about
//! it (S13). Never the left end of `X-Forwarded-For`, which is the client's own to write.

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Once;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};

use super::serve::Peer;
use crate::app::App;
use crate::keys::{AddressKey, Keys};

mod network;
#[cfg(test)]
mod tests;

pub use network::{Network, NetworkError};

const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Whose request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// This machine itself: a developer, or a proxy that nobody configured.
    Machine,
    /// A buyer, a robot, somebody's NAT.
    Address(Address),
}

/// A buyer's address: of IPv6 the first 64 bits, which is what one customer is given. Personal
/// data, so it cannot print itself (S2).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Address(IpAddr);

impl Address {
    fn of(address: IpAddr) -> Self {
        Self(network_of(address))
    }

    /// What budgets and the store know it by.
    #[must_use]
    pub fn key(self, keys: &Keys) -> AddressKey {
        match self.0 {
            IpAddr::V4(v4) => keys.address(&v4.octets()),
            IpAddr::V6(v6) => keys.address(&v6.octets()),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}

/// Whose request it is, by the other end of its connection and its headers. From right to left: the
/// first hop that is none of our proxies. A hop that is no address ends the walk at the last good
/// one, because whatever stands left of it could be anybody's.
#[must_use]
pub fn client(peer: IpAddr, headers: &HeaderMap, proxies: &[Network]) -> Client {
    let peer = peer.to_canonical();
    let trusted = |address: IpAddr| proxies.iter().any(|network| network.contains(address));
    let is_forwarded = headers.contains_key(FORWARDED);
    if is_this_machine(peer) && !(is_forwarded && trusted(peer)) {
        return Client::Machine;
    }
    let mut last_good = peer;
    // Several lines are one list (RFC 9110, 5.3).
    let hops = headers.get_all(FORWARDED).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    for hop in hops.rev() {
        if !trusted(last_good) {
            break;
        }
        let Some(address) = std::str::from_utf8(hop).ok().and_then(parse) else { break };
        last_good = address;
    }
    Client::Address(Address::of(last_good))
}

/// Whom an address belongs to: with IPv6 one customer has a whole /64.
pub(super) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        other => other,
    }
}

/// The two addresses by which a machine speaks to itself: a developer, or a proxy that nobody configured.
/// Tests simulate buyers with the others.
pub(super) fn is_this_machine(address: IpAddr) -> bool {
    address == IpAddr::from([127, 0, 0, 1]) || address == IpAddr::V6(Ipv6Addr::LOCALHOST)
}

/// An address as proxies write it: alone, with a port, in brackets, with a zone.
fn parse(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim_matches([' ', '\t']);
    if let Ok(socket) = hop.parse::<SocketAddr>() {
        return Some(socket.ip().to_canonical());
    }
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let address = match bare.split_once('%') {
        Some((address, zone)) if !zone.is_empty() => address.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        Some(_) => None,
        None if bare.len() < hop.len() => bare.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => bare.parse().ok(),
    };
    address.map(|address| address.to_canonical())
}

/// The client of a request.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub Client);

impl FromRequestParts<App> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        // A router that is called without a connection is called by this process.
        let peer = parts.extensions.get::<Peer>().map_or(IpAddr::from([127, 0, 0, 1]), |Peer(peer)| peer.ip());
        let client = client(peer, &parts.headers, &app.trusted_proxies);
        match (client, parts.headers.contains_key(FORWARDED)) {
            (Client::Machine, true) => warn_of_proxy(),
            (Client::Address(_), false) if app.trusted_proxies.iter().any(|network| network.contains(peer)) => {
                warn_of_silence();
            }
            _ => {}
        }
        Ok(Self(client))
    }
}

/// A proxy that was configured and names nobody: all of its buyers share the budgets of one.
fn warn_of_silence() {
    static ONCE: Once = Once::new();
    metrics::counter!("checkout_silent_proxy_total").increment(1);
    ONCE.call_once(|| {
        tracing::warn!("a trusted proxy sends no X-Forwarded-For: all of its buyers share the budgets of one address");
    });
}

/// A proxy on this machine that nobody configured: all of its buyers are exempt from the budgets.
fn warn_of_proxy() {
    static ONCE: Once = Once::new();
    metrics::counter!("checkout_untrusted_proxy_total").increment(1);
    ONCE.call_once(|| {
        tracing::warn!(
            "X-Forwarded-For came from this machine, and no proxy is trusted: buyers cannot be told apart, so no budget \
             holds; if it is your proxy, set trusted_proxies = [\"127.0.0.1\", \"::1\"]"
        );
    });
}

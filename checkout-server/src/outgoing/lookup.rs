//! Looking names up, with every answer judged (S5): the client dials what this gives, so that a
//! name that changes its addresses between a check and a call (rebinding) gains nothing.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::destination::{Forbidden, Reach};

/// The addresses of a name, to come.
pub type Found = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Knows the addresses of names.
pub trait Lookup: Send + Sync + 'static {
    /// All addresses of a name.
    fn find(&self, name: &str) -> Found;
}

/// The operating system's resolver.
pub struct System;

impl Lookup for System {
    fn find(&self, name: &str) -> Found {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Gives the addresses that are within reach, and only those: an answer that holds others as well
/// (an IPv6-only network adds NAT64's) is still good for the rest.
pub(super) struct Judge {
    pub(super) admits: Admits,
    pub(super) inner: Arc<dyn Lookup>,
}

/// Whether an address may be dialled.
pub(super) type Admits = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

impl Judge {
    pub(super) fn new(reach: Reach, inner: Arc<dyn Lookup>) -> Self {
        Self { admits: Arc::new(move |address| reach.admits(address)), inner }
    }
}

impl Resolve for Judge {
    fn resolve(&self, name: Name) -> Resolving {
        let admits = Arc::clone(&self.admits);
        // Not a question for others: whoever answers it differently means harm (RFC 6761, 6.3).
        let found = if name.as_str() == "localhost" { own_machine() } else { self.inner.find(name.as_str()) };
        Box::pin(async move {
            let mut addresses = found.await?;
            addresses.retain(|address| admits(*address));
            if addresses.is_empty() {
                metrics::counter!("checkout_outgoing_refused_total").increment(1);
                return Err(Forbidden::Address.into());
            }
            Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

fn own_machine() -> Found {
    let addresses = vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    Box::pin(std::future::ready(Ok(addresses)))
}

//! A thousand connections that drip their headers, a byte a second, and come back when they are closed.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use checkout_tests::server::Server;
use tokio::io::AsyncWriteExt as _;
use tokio::task::JoinSet;

use crate::line::connect;

const CONNECTIONS: usize = 1_000;
const DRIP: Duration = Duration::from_secs(1);

/// An attack, which ends with this.
pub(crate) struct Attack {
    open: Arc<AtomicUsize>,
    _clients: JoinSet<()>,
}

impl Attack {
    /// How many of its connections the server has open.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}

/// Attacks from the addresses 127.0.0.x.
pub(crate) fn attack(server: &Server, sources: RangeInclusive<u8>) -> Attack {
    let to: SocketAddr = server.text("helper").trim_start_matches("http://").parse().expect("its own address");
    let open = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    let sources: Vec<u8> = sources.collect();
    for number in 0..CONNECTIONS {
        let (open, last) = (Arc::clone(&open), sources[number % sources.len()]);
        let spread = u32::try_from(number).unwrap_or_default();
        clients.spawn(async move {
            loop {
                drip(to, Ipv4Addr::new(127, 0, 0, last), &open).await;
                // Not all at one moment: the storm would be the generator's own.
                tokio::time::sleep(DRIP + DRIP * spread / 1_000).await;
            }
        });
    }
    Attack { open, _clients: clients }
}

async fn drip(to: SocketAddr, from: Ipv4Addr, open: &AtomicUsize) {
    let Ok(mut stream) = connect(to, from).await else { return };
    open.fetch_add(1, Ordering::Relaxed);
    let _ = stream.write_all(b"GET / HTTP/1.1\r\nX: ").await;
    // A write after the close still succeeds once; reading tells.
    while stream.write_all(b"a").await.is_ok() && !checkout_tests::socket::is_closed(&stream) {
        tokio::time::sleep(DRIP).await;
    }
    open.fetch_sub(1, Ordering::Relaxed);
}

//! Who is connected, what each connection is doing, and which of them have to go: a client that
//! keeps the helper waiting never keeps a quick one out (G30). Decides by the moments it is given;
//! the clock is `serve`'s.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use tokio_util::sync::CancellationToken;

use crate::http::address::{Network, is_this_machine, network_of};

/// Of one address, how many may keep us waiting for longer than [`SLOW`] (G30).
const MOST_SLOW: usize = 64;
/// From here on a client counts as a slow one. In milliseconds.
const SLOW: Moment = 1_000;
/// The longest that a client may take over the next step: a body, an answer. In milliseconds.
/// Heads have ten seconds, which hyper counts.
const LONGEST: Moment = 30_000;
/// Of one address, whatever its connections do. Not for the machine itself.
const MOST_OF_ONE: usize = 256;
/// Closed in one sweep. Who is closed comes back: hundreds at once would come back at once, too, and
/// everybody else would wait for that.
const MOST_CLOSED: usize = 16;

/// Milliseconds since the listener began.
pub(super) type Moment = u64;

/// What one listener takes.
#[derive(Clone)]
pub struct ListenerLimits {
    /// Connections in all.
    pub connections: usize,
    /// Whose connections are many people's: a proxy of ours. No limit per address holds for it.
    pub trusted: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
    /// Answers what no route has to see: cheap, because it is asked of every request.
    pub refuse: Refuse,
}

/// The answer to a request that is refused at the connection.
pub type Refuse = Arc<dyn Fn(&Request<Incoming>) -> Option<Response> + Send + Sync>;

impl Default for ListenerLimits {
    fn default() -> Self {
        Self {
            connections: crate::process::most_connections(),
            trusted: Arc::new(|_| false),
            refuse: Arc::new(|_| None),
        }
    }
}

impl ListenerLimits {
    /// Behind these proxies: each brings many people's connections.
    #[must_use]
    pub fn behind(proxies: Vec<Network>) -> Self {
        let trusted = move |address| proxies.iter().any(|network| network.contains(address));
        Self { trusted: Arc::new(trusted), ..Self::default() }
    }

    /// For a server that only programs of this machine use.
    #[must_use]
    pub fn trusting() -> Self {
        Self { trusted: Arc::new(|_| true), ..Self::default() }
    }
}

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// For the client to send a request's head.
    Waiting,
    /// For the client to send a request's body.
    Receiving,
    /// The helper works.
    Asked,
    /// An answer's body is on its way.
    Sending,
    /// Server-sent events, which have no end of their own.
    Streaming,
}

impl State {
    const ALL: [Self; 5] = [Self::Waiting, Self::Receiving, Self::Asked, Self::Sending, Self::Streaming];
}

/// One connection's place in the table.
pub(super) struct Seat {
    id: u64,
    network: IpAddr,
    /// Whether no limit per address holds: a proxy of ours.
    trusted: bool,
    /// The moment of the last change, times eight, plus the state.
    state: AtomicU64,
    /// Cancelled when the connection has to go.
    pub(super) closing: CancellationToken,
}

impl Seat {
    /// The connection does something else from now on.
    pub(super) fn enter(&self, state: State, now: Moment) {
        self.state.store(now << 3 | state as u64, Ordering::Relaxed);
    }

    /// For how long the client has kept us waiting; `None` where it is not the client's turn.
    fn kept_waiting(&self, now: Moment) -> Option<(State, Moment)> {
        let packed = self.state.load(Ordering::Relaxed);
        let state = State::ALL.into_iter().find(|state| *state as u64 == packed & 7)?;
        let waits = matches!(state, State::Waiting | State::Receiving | State::Sending);
        waits.then(|| (state, now.saturating_sub(packed >> 3)))
    }
}

/// The connections of one listener.
pub(super) struct Connections {
    limits: ListenerLimits,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    last: u64,
    seats: HashMap<u64, Arc<Seat>>,
    of_network: HashMap<IpAddr, usize>,
}

impl Connections {
    pub(super) fn new(limits: ListenerLimits) -> Self {
        Self { limits, table: Mutex::default() }
    }

    /// A place for a new connection. Where there is none left, the one that has kept us waiting
    /// longest makes room; `None` where nobody does.
    pub(super) fn admit(&self, address: IpAddr, now: Moment) -> Option<Arc<Seat>> {
        let network = network_of(address);
        let trusted = (self.limits.trusted)(address.to_canonical());
        let mut table = self.table();
        if !trusted
            && !is_this_machine(network)
            && table.of_network.get(&network).is_some_and(|count| *count >= MOST_OF_ONE)
        {
            // Only for who is slow: an address that connects without end has so many connections a
            // second, and the rest of them costs an accept and a close.
            table.make_room("address", now, |seat, waited| seat.network == network && waited > SLOW)?;
        }
        if table.seats.len() >= self.limits.connections {
            table.make_room("full", now, |_, _| true)?;
        }
        table.last += 1;
        let seat = Arc::new(Seat {
            id: table.last,
            network,
            trusted,
            state: AtomicU64::new(now << 3 | State::Waiting as u64),
            closing: CancellationToken::new(),
        });
        table.seats.insert(seat.id, Arc::clone(&seat));
        *table.of_network.entry(network).or_default() += 1;
        Some(seat)
    }

    /// A connection has ended.
    pub(super) fn leave(&self, seat: &Seat) {
        self.table().remove(seat.id);
    }

    /// Makes room for one more, where descriptors have run out. Whether somebody had to go.
    pub(super) fn yield_one(&self, now: Moment) -> bool {
        self.table().make_room("descriptors", now, |_, _| true).is_some()
    }

    /// Closes what has been slow for too long, and the longest waiting of those who are slow too often:
    /// a few of them in each sweep.
    pub(super) fn sweep(&self, now: Moment) {
        let mut table = self.table();
        let mut slow: HashMap<IpAddr, Vec<(Moment, u64)>> = HashMap::new();
        let mut going = Vec::new();
        for seat in table.seats.values() {
            match seat.kept_waiting(now) {
                Some((State::Sending, waited)) if waited >= LONGEST => going.push((waited, seat.id, "slow_reader")),
                Some((_, waited)) if waited >= LONGEST => going.push((waited, seat.id, "slow")),
                Some((State::Waiting | State::Receiving, waited)) if waited > SLOW && !seat.trusted => {
                    slow.entry(seat.network).or_default().push((waited, seat.id));
                }
                _ => {}
            }
        }
        for mut waiting in slow.into_values() {
            waiting.sort_unstable();
            going.extend(waiting.into_iter().skip(MOST_SLOW).map(|(waited, id)| (waited, id, "address")));
        }
        going.sort_unstable_by(|one, other| other.cmp(one));
        for (_, id, reason) in going.into_iter().take(MOST_CLOSED) {
            table.close(id, reason);
        }
        metrics::gauge!("checkout_connections_open").set(u32::try_from(table.seats.len()).unwrap_or(u32::MAX));
    }

    /// The table is whole even if someone panicked while holding it: each change is one step.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Closes the one among `whom` that has kept us waiting longest. An answer that is being read
    /// without pause is never cut short for it.
    fn make_room(&mut self, reason: &'static str, now: Moment, whom: impl Fn(&Seat, Moment) -> bool) -> Option<()> {
        let waited = |seat: &Arc<Seat>| match seat.kept_waiting(now) {
            Some((State::Sending, waited)) if waited <= SLOW => None,
            Some((_, waited)) if whom(seat, waited) => Some((waited, seat.id)),
            _ => None,
        };
        let (_, id) = self.seats.values().filter_map(waited).max()?;
        self.close(id, reason);
        Some(())
    }

    /// Its place is free at once; the connection itself ends a moment later.
    fn close(&mut self, id: u64, reason: &'static str) {
        if let Some(seat) = self.remove(id) {
            seat.closing.cancel();
            metrics::counter!("checkout_connections_closed_total", "reason" => reason).increment(1);
        }
    }

    fn remove(&mut self, id: u64) -> Option<Arc<Seat>> {
        let seat = self.seats.remove(&id)?;
        if let Some(count) = self.of_network.get_mut(&seat.network) {
            *count -= 1;
            if *count == 0 {
                self.of_network.remove(&seat.network);
            }
        }
        Some(seat)
    }
}

#[cfg(test)]
mod tests;

//! What keeps robots from trying stolen cards here, and from guessing discount codes (S12): budgets
//! for each address, each checkout and the whole shop; challenges for whoever exceeds them; and
//! the limits that no challenge lifts. The rules are pure (`abuse/`); this file holds their state
//! and says the refusals.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use checkout_types::problem::Challenge;
use jiff::{SignedDuration, Timestamp};

use crate::error::{Code, Problem};
use crate::keys::{AddressKey, MacKey};
use crate::random;
use crate::store::{Change, RecentOrder, Store, StoreError};

pub mod budgets;
pub mod challenge;
pub mod generations;
pub mod limits;
pub mod rate;
#[cfg(test)]
mod tests;

use budgets::{Admission, Budgets, Refusal, Verdict};
use challenge::{Kind, Nonce};
use generations::Generations;
pub use limits::Limits;

/// Challenges that are remembered as solved. Those of the last five minutes count, so a robot would
/// have to solve half as many in that time to use one twice.
const MOST_SPENT: usize = 200_000;
/// Older orders and failures have been forgotten by every budget of an hour, debts included.
const MEMORY: SignedDuration = SignedDuration::from_hours(2);

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The merchant's own server, by its secret key: no budget counts it.
    Merchant,
    /// This machine itself: a developer, or a proxy that nobody configured. Only guesses of codes
    /// count, because counting all buyers as one would close the shop.
    Machine,
    /// Anybody else.
    Address(AddressKey),
}

impl Caller {
    /// Whom budgets count; `None` for those who are exempt.
    #[must_use]
    pub fn counted(self) -> Option<AddressKey> {
        match self {
            Self::Address(who) => Some(who),
            Self::Merchant | Self::Machine => None,
        }
    }

    fn guesses(self) -> Option<AddressKey> {
        match self {
            Self::Address(who) => Some(who),
            Self::Machine => Some(AddressKey::from_bytes([0; 16])),
            Self::Merchant => None,
        }
    }
}

/// Who asks, and what they have done for it.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Who.
    pub caller: Caller,
    /// What they have solved, and so what they are asked to solve.
    pub proof: Proof,
}

/// What a visitor shows of a challenge, if they have one already.
#[derive(Clone, Debug)]
pub enum Proof {
    /// A script's `Checkout-Proof`.
    Work(Option<String>),
    /// A page's own token.
    Patience(Option<String>),
}

/// An order that was let in, to be given back if nothing comes of it.
#[derive(Debug)]
#[must_use]
pub struct Ticket(Option<(AddressKey, Admission)>);

impl Ticket {
    /// That of an order which was claimed earlier. Whether it was a free one is not remembered.
    pub fn of_claimed(buyer: Option<AddressKey>) -> Self {
        Self(buyer.map(|who| (who, Admission::Solved)))
    }
}

/// A guess of a discount code, to be given back if it was right.
#[derive(Debug)]
#[must_use]
pub struct Guess(Option<AddressKey>);

/// The state of all budgets and challenges.
pub struct Abuse {
    key: MacKey,
    state: Mutex<State>,
    streams: Arc<Mutex<HashMap<String, usize>>>,
}

struct State {
    budgets: Budgets,
    spent: Generations<Nonce, ()>,
}

impl Abuse {
    /// Begins with nothing used; `key` seals challenges.
    #[must_use]
    pub fn new(limits: Limits, key: MacKey) -> Self {
        let state = State { budgets: Budgets::new(limits), spent: Generations::new(MOST_SPENT) };
        Self { key, state: Mutex::new(state), streams: Arc::default() }
    }

    /// Begins where the last process stopped: a restart hands out no new orders. Guesses of codes are forgotten.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn resume(limits: Limits, key: MacKey, store: &Store, now: Timestamp) -> Result<Self, StoreError> {
        let most = u32::try_from(budgets::MOST_ADDRESSES).unwrap_or(u32::MAX);
        let recent = store.recent_orders(now - MEMORY, most).await?;
        // What was solved for the last process is remembered by nobody, so its challenges are none of ours.
        let abuse = Self::new(limits, key.derive(&random::bytes::<16>()));
        abuse.count(&recent);
        Ok(abuse)
    }

    /// Counts orders of the past: each thing at its time, in the order of those times, because what was
    /// forgotten in between must not be charged on top.
    fn count(&self, recent: &[RecentOrder]) {
        let budgets = &mut self.state().budgets;
        let mut orders: Vec<&RecentOrder> = recent.iter().filter(|order| !order.paid).collect();
        orders.sort_by_key(|order| order.created_at);
        for order in orders {
            budgets.charge_order(order.buyer, Admission::Free, order.created_at.as_millisecond());
        }
        let mut failed: Vec<&RecentOrder> = recent.iter().filter(|order| order.failures > 0).collect();
        failed.sort_by_key(|order| order.changed_at);
        for order in failed {
            budgets.charge_failures(order.buyer, order.failures, order.changed_at.as_millisecond());
        }
    }

    /// Lets a quote in.
    ///
    /// # Errors
    /// A challenge has to be solved first.
    pub fn admit_quote(&self, visitor: &Visitor, now: Timestamp) -> Result<(), Problem> {
        let Some(who) = visitor.caller.counted() else { return Ok(()) };
        let (mut state, now) = (self.state(), now.as_millisecond());
        match state.budgets.weigh_quote(who, now) {
            Verdict::Welcome => state.budgets.charge_quote(who, now),
            // Solved: the budget stays as it is, and the next one solves again.
            Verdict::Challenge { bits, reason } => self.ask(&mut state, who, visitor, bits, reason, now)?,
            Verdict::Refused(refusal) => return Err(refused(who, refusal)),
        }
        Ok(())
    }

    /// Lets a new order in. Replays of a known key are not to come here: they cost nothing.
    ///
    /// # Errors
    /// A challenge has to be solved first, or the address has to wait.
    pub fn admit_order(&self, visitor: &Visitor, now: Timestamp) -> Result<Ticket, Problem> {
        let Some(who) = visitor.caller.counted() else { return Ok(Ticket(None)) };
        let (mut state, now) = (self.state(), now.as_millisecond());
        let admission = match state.budgets.weigh_order(who, now) {
            Verdict::Welcome => Admission::Free,
            Verdict::Challenge { bits, reason } => {
                self.ask(&mut state, who, visitor, bits, reason, now)?;
                Admission::Solved
            }
            Verdict::Refused(refusal) => return Err(refused(who, refusal)),
        };
        state.budgets.charge_order(who, admission, now);
        Ok(Ticket(Some((who, admission))))
    }

    /// Gives an order's cost back, because nothing came of it.
    pub fn give_back(&self, ticket: Ticket) {
        if let Ticket(Some((who, admission))) = ticket {
            self.state().budgets.refund_order(who, admission);
        }
    }

    /// Lets a request with a discount code in.
    ///
    /// # Errors
    /// There were too many wrong codes. A right one is refused then, too: else the refusal would
    /// tell which is which.
    pub fn admit_code(&self, visitor: &Visitor, now: Timestamp) -> Result<Guess, Problem> {
        let Some(who) = visitor.caller.guesses() else { return Ok(Guess(None)) };
        let charged = self.state().budgets.charge_code(who, now.as_millisecond());
        charged.map_err(|refusal| refused(who, refusal))?;
        Ok(Guess(Some(who)))
    }

    /// The code was right, or nobody could say.
    pub fn forgive(&self, guess: Guess) {
        if let Guess(Some(who)) = guess {
            self.state().budgets.refund_code(who);
        }
    }

    /// Lets somebody read where a checkout stands.
    ///
    /// # Errors
    /// It was read too often.
    pub fn admit_read(&self, checkout: &str, now: Timestamp) -> Result<(), Problem> {
        let charged = self.state().budgets.charge_read(checkout, now.as_millisecond());
        charged.map_err(|refusal| later(refusal.wait, refusal.reason))
    }

    /// Lets the link of a mail, known by its event, ask the provider for a page.
    ///
    /// # Errors
    /// It has asked for too many.
    pub fn admit_mend(&self, event: &str, now: Timestamp) -> Result<(), Problem> {
        let charged = self.state().budgets.charge_mend(event, now.as_millisecond());
        charged.map_err(|refusal| later(refusal.wait, refusal.reason))
    }

    /// Lets somebody watch a checkout, until the watch is dropped.
    ///
    /// # Errors
    /// Too many watch it.
    pub fn admit_watch(&self, checkout: &str) -> Result<Watch, Problem> {
        let most = self.state().budgets.limits().streams;
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let open = streams.entry(checkout.to_owned()).or_default();
        if *open >= most {
            return Err(later(1_000, "streams"));
        }
        *open += 1;
        Ok(Watch { checkout: checkout.to_owned(), streams: Arc::clone(&self.streams) })
    }

    /// Whether an order had so many failed payments that it is not made anew.
    #[must_use]
    pub fn is_spoiled(&self, failures: u32) -> bool {
        failures >= self.state().budgets.limits().failures_per_order
    }

    /// Hears from the provider what came of an order.
    pub fn hear(&self, change: &Change, now: Timestamp) {
        let Some(who) = change.buyer else { return };
        let budgets = &mut self.state().budgets;
        if change.newly_failed > 0 {
            budgets.charge_failures(who, change.newly_failed, now.as_millisecond());
        }
        if change.newly_paid {
            budgets.refund_paid(who);
        }
    }

    /// Takes what the visitor has solved, once, or asks for it.
    fn ask(
        &self,
        state: &mut State,
        who: AddressKey,
        visitor: &Visitor,
        bits: u8,
        reason: &'static str,
        now: i64,
    ) -> Result<(), Problem> {
        let solved = match &visitor.proof {
            // One bit less than is asked for now: it may have risen while the work was done.
            Proof::Work(proof) => {
                let least = bits.saturating_sub(1);
                proof.as_ref().and_then(|proof| challenge::worked(&self.key, who, least, proof, now))
            }
            Proof::Patience(token) => token
                .as_ref()
                .and_then(|token| challenge::waited(&self.key, who, token, now))
                .filter(|nonce| !state.spent.contains(nonce) && state.budgets.charge_patience(who, now)),
        };
        if let Some(nonce) = solved.filter(|nonce| !state.spent.contains(nonce)) {
            state.spent.touch(nonce);
            metrics::counter!("checkout_challenges_total", "outcome" => "solved").increment(1);
            return Ok(());
        }
        metrics::counter!("checkout_challenges_total", "outcome" => "asked").increment(1);
        metrics::counter!("checkout_refused_total", "reason" => reason).increment(1);
        tracing::debug!(address = ?who, reason, bits, "a challenge was asked for");
        // Wrong, late, spent or another's: one answer for all of them.
        let (kind, wait) = match &visitor.proof {
            Proof::Work(_) => (Kind::Work(bits), 1),
            Proof::Patience(Some(token)) if challenge::is_waiting(&self.key, who, token, now) => {
                return Err(challenged(Challenge { token: token.clone(), bits: 0 }, 10));
            }
            Proof::Patience(_) => (Kind::Patience, 10),
        };
        let token = challenge::seal(&self.key, who, kind, random::bytes(), now);
        let bits = if kind == Kind::Patience { 0 } else { bits };
        Err(challenged(Challenge { token, bits }, wait))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn challenged(challenge: Challenge, wait: u64) -> Problem {
    Problem { challenge: Some(challenge), ..Problem::from(Code::ChallengeRequired).after(wait) }
}

fn refused(who: AddressKey, Refusal { wait, reason }: Refusal) -> Problem {
    tracing::debug!(address = ?who, reason, "refused for now");
    later(wait, reason)
}

fn later(wait: i64, reason: &'static str) -> Problem {
    metrics::counter!("checkout_refused_total", "reason" => reason).increment(1);
    let millis = Duration::from_millis(u64::try_from(wait).unwrap_or(0));
    // Rounded up: who comes back then is let in.
    Problem::from(Code::RateLimited).after(millis.as_secs() + u64::from(millis.subsec_millis() > 0))
}

/// One who watches a checkout.
#[derive(Debug)]
pub struct Watch {
    checkout: String,
    streams: Arc<Mutex<HashMap<String, usize>>>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let left = streams.get_mut(&self.checkout).map(|open| {
            *open = open.saturating_sub(1);
            *open
        });
        if left == Some(0) {
            streams.remove(&self.checkout);
        }
    }
}

//! From a notice to the object it shows, to the checkout and the customer that it belongs to, inside the
//! transaction that keeps the notice (G13–G17).

use std::collections::BTreeSet;

use checkout_types::CheckoutStatus;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::objects::{self, DISPUTES, DUNNINGS, REFUNDS, SUBSCRIPTIONS};
use super::rows::{PAYMENT_COLUMNS, find, payment_of, payments_of, save_payment};
use super::{Change, Effects, Rules, StoreError, StoredCheckout, Unclaimed, projection, renewals};
use crate::checkout::outcome;
use crate::customer::CustomerKey;
use crate::event::dunning::DunningState;
use crate::event::payment::Charge;
use crate::event::{
    Dispute, DisputeSeen, Dunning, DunningSeen, Notice, Payment, PaymentSeen, PaymentState, Refund, RefundSeen, Seen,
    Source, Subscription, SubscriptionSeen, SubscriptionState,
};
use crate::fault::{self, Mutant, crash_point};

/// What a notice shows, and how new that is.
pub(super) struct Observation {
    /// As it was read.
    pub(super) notice: Notice,
    /// When it was signed, or when we asked.
    pub(super) observed_at: Timestamp,
    /// Which of the two.
    pub(super) source: Source,
}

/// Joins an observation with what is known of its object, and works out what that changes for whom.
pub(super) fn observe(
    connection: &Connection,
    rules: &Rules,
    observation: Observation,
    now: Timestamp,
) -> Result<Effects, StoreError> {
    let mut effects = Effects::default();
    let touched = join(connection, observation, now, &mut effects)?;
    crash_point("fold.joined");
    for customer in touched {
        projection::settle(connection, rules, &customer, now, &mut effects)?;
    }
    Ok(effects)
}

/// Joins an observation with what is known of its object; gives the customers whom that may concern.
pub(super) fn join(
    connection: &Connection,
    observation: Observation,
    now: Timestamp,
    effects: &mut Effects,
) -> Result<BTreeSet<CustomerKey>, StoreError> {
    let Observation { notice: Notice { at, seen, .. }, observed_at, source } = observation;
    let mut fold = Fold { connection, now, source, effects };
    match seen {
        Seen::Payment(seen) => {
            let version = seen.version(at, observed_at, source);
            fold.payment(Payment { seen, version })
        }
        Seen::Subscription(seen) => fold.subscription(Subscription::new(seen, at, observed_at, source)),
        Seen::Refund(seen) => fold.refund(Refund::new(seen, at, observed_at, source)),
        Seen::Dispute(seen) => fold.dispute(Dispute::new(seen, at, observed_at, source)),
        Seen::Dunning(seen) => fold.dunning(Dunning::new(seen, at, observed_at, source)),
        Seen::Hint { kind, id } => {
            fold.hint(kind, &id)?;
            Ok(BTreeSet::new())
        }
        Seen::Other => Ok(BTreeSet::new()),
    }
}

/// How long the rest of what the provider tells may take, before it is asked.
const PATIENCE: SignedDuration = SignedDuration::from_mins(1);
/// Why a subscription is asked about whose sale was paid and that does not run yet.
const AWAITED: &str = "awaited";

/// One observation on its way through the tables.
struct Fold<'a> {
    connection: &'a Connection,
    now: Timestamp,
    source: Source,
    effects: &'a mut Effects,
}

type Touched = BTreeSet<CustomerKey>;

impl Fold<'_> {
    fn payment(&mut self, payment: Payment) -> Result<Touched, StoreError> {
        let known = self
            .connection
            .prepare_cached(&format!("SELECT {PAYMENT_COLUMNS} FROM payments WHERE id = ?1"))?
            .query_row([&payment.seen.id], |row| Ok((payment_of(row), row.get::<_, Option<String>>("checkout_id")?)))
            .optional()?;
        let (known, former) = match known {
            Some((known, former)) => (Some(known?), former),
            None => (None, None),
        };
        let doubt = doubt_about_payment(known.as_ref(), &payment);
        let joined = match known {
            Some(known) if !fault::is(Mutant::FoldByArrival) => known.join(payment),
            _ => payment,
        };
        for subscription in &joined.seen.subscriptions {
            objects::link(self.connection, subscription, &joined.seen.id)?;
        }
        let owner = owner(self.connection, &joined.seen)?;
        save_payment(self.connection, &joined, owner.as_ref())?;
        crash_point("fold.payment");
        if let Some(reason) = doubt.filter(|_| owner.is_some()) {
            self.ask("payment", &joined.seen.id, reason)?;
        }
        let mut touched = self.adopt(&joined)?;
        crash_point("fold.adopted");
        // A payment that turns out to be another order's is no longer the first one's.
        let owned_by = owner.as_ref().map(|owner| owner.id.as_str());
        if let Some(former) = former.filter(|former| Some(former.as_str()) != owned_by)
            && let Some(former) = find(self.connection, "id", &former)?
        {
            touched.insert(former.customer.clone());
            self.refold(&former)?;
        }
        let Some(owner) = owner else {
            let order = joined.seen.checkout.filter(|_| joined.seen.charge == Charge::Sale);
            self.effects.unclaimed = Some(Unclaimed { payment: joined.seen.id, order });
            return Ok(touched);
        };
        self.refold(&owner)?;
        touched.insert(owner.customer);
        Ok(touched)
    }

    /// Gives the subscriptions that a payment paid for, and their other payments, to the order that began
    /// them: they may have come before its sale.
    fn adopt(&mut self, payment: &Payment) -> Result<Touched, StoreError> {
        let mut touched = Touched::new();
        for subscription in &payment.seen.subscriptions {
            let Some(owner) = objects::subscription_owner(self.connection, subscription)? else { continue };
            touched.extend(objects::give(self.connection, subscription, &owner)?);
            touched.insert(owner.1);
            let paid = payment.seen.state == PaymentState::Succeeded && payment.seen.charge == Charge::Sale;
            if paid && !objects::is_active(self.connection, subscription)? {
                // Nobody who has paid is to wait for a notice that was lost.
                let soon = self.now + PATIENCE;
                self.ask_at("subscription", subscription, AWAITED, soon)?;
            }
        }
        Ok(touched)
    }

    /// Works out where a checkout stands, after a payment of it was seen.
    fn refold(&mut self, checkout: &StoredCheckout) -> Result<(), StoreError> {
        let session = checkout.session.as_ref().map(|session| session.id.as_str());
        let outcome = outcome(&checkout.order, session, &payments_of(self.connection, &checkout.id)?);
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE checkouts
                 SET status = ?2, payment_id = ?3, error_code = ?4, paid_twice = ?5, failures = ?6, changed_at = ?7
                 WHERE id = ?1 AND (status, payment_id, error_code, paid_twice, failures) IS NOT (?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                checkout.id,
                outcome.status.as_str(),
                outcome.payment,
                outcome.error_code,
                outcome.paid_twice,
                outcome.failures,
                self.now.as_microsecond(),
            ])?;
        if changed == 0 {
            return Ok(());
        }
        crash_point("fold.checkout");
        if let Some(payment) = outcome.payment.as_ref().filter(|_| outcome.status == CheckoutStatus::NeedsReview) {
            self.ask("payment", payment, "mismatch")?;
        }
        let is_paid = |status| matches!(status, CheckoutStatus::Paid | CheckoutStatus::Fulfilled);
        self.effects.changes.push(Change {
            checkout: checkout.id.clone(),
            status: outcome.status,
            paid_twice: outcome.paid_twice,
            buyer: checkout.buyer,
            newly_paid: is_paid(outcome.status) && !is_paid(checkout.status),
            newly_failed: outcome.failures.saturating_sub(checkout.failures),
        });
        Ok(())
    }

    fn subscription(&mut self, seen: Subscription) -> Result<Touched, StoreError> {
        let SubscriptionSeen { id, .. } = &seen.seen;
        let id = id.clone();
        let known: Option<Subscription> = SUBSCRIPTIONS.find(self.connection, &id)?;
        let doubt = doubt_about_subscription(known.as_ref(), &seen);
        let joined = match known {
            Some(known) if !fault::is(Mutant::FoldByArrival) => known.join(seen),
            _ => seen,
        };
        let doubt = doubt.or(joined.passed_over.is_some().then_some("ended_and_not"));
        let owner = objects::subscription_owner(self.connection, &id)?;
        objects::save_subscription(self.connection, &joined, owner.as_ref())?;
        crash_point("fold.subscription");
        if joined.seen.state == SubscriptionState::Active {
            renewals::no_longer(self.connection, &id, AWAITED)?;
        }
        if let Some(reason) = doubt.or(joined.contested.then_some("contested")).filter(|_| owner.is_some()) {
            self.ask("subscription", &id, reason)?;
        }
        Ok(owner.into_iter().map(|(_, customer)| customer).collect())
    }

    fn refund(&mut self, seen: Refund) -> Result<Touched, StoreError> {
        let RefundSeen { id, payment, .. } = seen.seen.clone();
        let known: Option<Refund> = REFUNDS.find(self.connection, &id)?;
        let joined = match known {
            Some(known) => known.join(seen),
            None => seen,
        };
        objects::save_refund(self.connection, &joined)?;
        crash_point("fold.refund");
        self.customer_of_payment(&payment)
    }

    fn dispute(&mut self, seen: Dispute) -> Result<Touched, StoreError> {
        let DisputeSeen { id, payment, .. } = seen.seen.clone();
        let known: Option<Dispute> = DISPUTES.find(self.connection, &id)?;
        let joined = match known {
            Some(known) => known.join(seen),
            None => seen,
        };
        objects::save_dispute(self.connection, &joined)?;
        crash_point("fold.dispute");
        self.customer_of_payment(&payment)
    }

    fn dunning(&mut self, seen: Dunning) -> Result<Touched, StoreError> {
        let DunningSeen { subscription, .. } = seen.seen.clone();
        let known: Option<Dunning> = DUNNINGS.find(self.connection, &subscription)?;
        let joined = match known {
            Some(known) => known.join(seen),
            None => seen,
        };
        objects::save_dunning(self.connection, &joined)?;
        crash_point("fold.dunning");
        let owner = objects::subscription_owner(self.connection, &subscription)?;
        // It shows no subscription: where the two disagree, that one's own notice may be lost.
        let runs = objects::is_active(self.connection, &subscription)?;
        let disagrees = match joined.seen.state {
            DunningState::Recovered => !runs,
            DunningState::Recovering | DunningState::Exhausted => runs,
            DunningState::Unknown => false,
        };
        if disagrees && owner.is_some() {
            self.ask_at("subscription", &subscription, "dunning", self.now + PATIENCE)?;
        }
        Ok(owner.into_iter().map(|(_, customer)| customer).collect())
    }

    /// Asks about an object that we know; what is new to us the next sweep finds.
    fn hint(&mut self, kind: &'static str, id: &str) -> Result<(), StoreError> {
        let sql = match kind {
            "payment" => "SELECT 1 FROM payments WHERE id = ?1",
            "subscription" => "SELECT 1 FROM subscriptions WHERE id = ?1",
            "refund" => "SELECT 1 FROM refunds WHERE id = ?1",
            _ => "SELECT 1 FROM disputes WHERE id = ?1",
        };
        if self.connection.prepare_cached(sql)?.exists([id])? {
            self.ask(kind, id, "unknown_event")?;
        }
        Ok(())
    }

    fn customer_of_payment(&self, payment: &str) -> Result<Touched, StoreError> {
        let customer: Option<Option<String>> = self
            .connection
            .prepare_cached("SELECT customer FROM payments WHERE id = ?1")?
            .query_row([payment], |row| row.get(0))
            .optional()?;
        Ok(customer.flatten().as_deref().and_then(CustomerKey::from_store).into_iter().collect())
    }

    /// The provider's own answer is the last word: it is not asked again about the same thing.
    fn ask(&mut self, kind: &'static str, object: &str, reason: &'static str) -> Result<(), StoreError> {
        self.ask_at(kind, object, reason, self.now)
    }

    fn ask_at(
        &mut self,
        kind: &'static str,
        object: &str,
        reason: &'static str,
        due: Timestamp,
    ) -> Result<(), StoreError> {
        if self.source == Source::Refetch {
            return Ok(());
        }
        self.effects.asked.push(reason);
        renewals::ask(self.connection, kind, object, reason, due)?;
        crash_point("fold.asked");
        Ok(())
    }
}

/// Why the provider has to be asked about a payment, if it has to (GUARANTEES, state machine 2).
fn doubt_about_payment(known: Option<&Payment>, seen: &Payment) -> Option<&'static str> {
    let (was, is) = (known.map(|known| &known.seen.state), &seen.seen.state);
    match (was, is) {
        (_, PaymentState::Unknown(_)) => Some("unknown_state"),
        (Some(PaymentState::Succeeded), PaymentState::Failed | PaymentState::Cancelled | PaymentState::Partial) => {
            Some("paid_and_not")
        }
        (Some(PaymentState::Cancelled), PaymentState::Succeeded) => Some("canceled_and_paid"),
        (Some(was), is) if was != is && known.is_some_and(|known| known.version.is_tied_with(seen.version)) => {
            Some("contested")
        }
        _ => None,
    }
}

/// The same about a subscription (GUARANTEES, state machine 5).
fn doubt_about_subscription(known: Option<&Subscription>, seen: &Subscription) -> Option<&'static str> {
    if matches!(seen.seen.state, SubscriptionState::Unknown(_)) {
        return Some("unknown_state");
    }
    let known = known?;
    let differs = seen.seen.state != known.seen.state;
    (differs && seen.version.is_tied_with(known.version)).then_some("contested")
}

/// Whose payment it is. A sale is the order's in whose session it was made; the order that its metadata
/// names counts only where no session of that one is known, after a crash: into the metadata of a
/// payment link any buyer can write (dodo/README 4). Other charges go with their subscription.
fn owner(connection: &Connection, seen: &PaymentSeen) -> Result<Option<StoredCheckout>, StoreError> {
    if seen.charge == Charge::Sale {
        if let Some(session) = &seen.session
            && let Some(checkout) = find(connection, "session_id", session)?
        {
            return Ok(Some(checkout));
        }
        let named = seen.checkout.as_ref().map(|named| find(connection, "id", named)).transpose()?;
        return Ok(named.flatten().filter(|checkout| checkout.session.is_none()));
    }
    for subscription in &seen.subscriptions {
        if let Some((checkout, _)) = objects::subscription_owner(connection, subscription)? {
            return find(connection, "id", &checkout);
        }
    }
    Ok(None)
}

//! Everything the sandbox knows, in memory, behind one lock that is never held while waiting.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::SandboxConfig;
use super::agenda::Agenda;
use super::checkouts::Session;
use super::customers::Customer;
use super::discounts::{self, Discount};
use super::disputes::Dispute;
use super::dunning::Dunning;
use super::payments::Payment;
use super::products::{self, AddonOffer, Offer};
use super::refunds::Refund;
use super::scenario::Scenario;
use super::subscriptions::Subscription;
use super::table::Table;
use super::webhooks::Outbox;
use crate::clock::rfc3339;

/// The tables.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) offers: Table<Offer>,
    pub(crate) addons: Table<AddonOffer>,
    pub(crate) discounts: Table<Discount>,
    pub(crate) customers: Table<Customer>,
    pub(crate) sessions: Table<Session>,
    pub(crate) payments: Table<Payment>,
    pub(crate) subscriptions: Table<Subscription>,
    pub(crate) dunnings: Table<Dunning>,
    pub(crate) refunds: Table<Refund>,
    pub(crate) disputes: Table<Dispute>,
    pub(crate) agenda: Agenda,
    pub(crate) outbox: Outbox,
    pub(crate) scenario: Scenario,
    /// How often each route was asked, such as `POST /checkouts`.
    pub(crate) requests: BTreeMap<String, u64>,
    /// The present minute of the rate limit: when it ends, and how many came in it.
    pub(crate) window: Option<(Timestamp, u64)>,
}

impl State {
    /// What there is at the start: the catalog and the built-in codes.
    pub(crate) fn new(config: &SandboxConfig) -> Self {
        let now = config.clock.now();
        let mut state = Self::default();
        for row in products::offers(&config.catalog, now) {
            state.offers.push(row);
        }
        for row in products::addon_offers(&config.catalog, now) {
            state.addons.push(row);
        }
        for row in discounts::built_in(now) {
            state.discounts.push(row);
        }
        state.outbox.url.clone_from(&config.webhook_url);
        state.outbox.base_url.clone_from(&config.base_url);
        state
    }

    /// By code, in either case.
    pub(crate) fn discount(&self, code: &str) -> Option<&Discount> {
        self.discounts.iter().find(|discount| discount.code.eq_ignore_ascii_case(code))
    }

    /// The oldest one with that e-mail, in either case.
    pub(crate) fn customer_by_email(&self, email: &str) -> Option<&Customer> {
        self.customers.iter().find(|customer| customer.email.eq_ignore_ascii_case(email))
    }

    /// `GET /control/state`.
    pub(crate) fn json(&self, now: Timestamp) -> Value {
        let mut json = self.ledger(now);
        json["requests"] = json!(self.requests);
        json["scenario"] = self.scenario.wire();
        json["webhook_url"] = json!(self.outbox.url);
        json["deliveries"] = self.outbox.wire();
        json
    }

    /// What was sold and what became of it.
    pub(crate) fn ledger(&self, now: Timestamp) -> Value {
        json!({
            "now": rfc3339(now),
            "sessions": self.sessions.iter().map(|row| row.control_wire(self, now)).collect::<Vec<_>>(),
            "payments": self.payments.iter().map(Payment::wire).collect::<Vec<_>>(),
            "subscriptions": self.subscriptions.iter().map(Subscription::control_wire).collect::<Vec<_>>(),
            "dunnings": self.dunnings.iter().map(Dunning::wire).collect::<Vec<_>>(),
            "refunds": self.refunds.iter().map(Refund::wire).collect::<Vec<_>>(),
            "disputes": self.disputes.iter().map(Dispute::wire).collect::<Vec<_>>(),
            "customers": self.customers.iter().map(Customer::wire).collect::<Vec<_>>(),
        })
    }
}

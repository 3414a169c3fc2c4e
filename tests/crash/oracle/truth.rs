//! What really happened, as the sandbox remembers it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A payment.
#[derive(Clone, Debug)]
pub(super) struct Payment {
    /// The order that its metadata names.
    pub(super) order: String,
    pub(super) status: String,
    pub(super) amount: i64,
    pub(super) currency: String,
}

/// A subscription.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    pub(super) status: String,
    pub(super) ends_with_period: bool,
    /// As written.
    pub(super) next_billing: String,
}

/// Money that goes back.
#[derive(Clone, Debug)]
pub(super) struct Refund {
    pub(super) payment: String,
    pub(super) status: String,
    pub(super) amount: i64,
    /// Our intent, by the metadata.
    pub(super) intent: String,
}

/// All of it, by the provider's ids.
#[derive(Clone, Debug, Default)]
pub(super) struct Truth {
    /// The order that each session was made for.
    pub(super) sessions: BTreeMap<String, String>,
    pub(super) payments: BTreeMap<String, Payment>,
    pub(super) subscriptions: BTreeMap<String, Subscription>,
    pub(super) refunds: BTreeMap<String, Refund>,
}

impl Truth {
    /// Reads `GET /control/state`.
    pub(super) fn of(state: &Value) -> Self {
        let mut truth = Self::default();
        for row in rows(state, "sessions") {
            truth.sessions.insert(text(&row["id"]), text(&row["request"]["metadata"]["order_id"]));
        }
        for row in rows(state, "payments") {
            let payment = Payment {
                order: text(&row["metadata"]["order_id"]),
                status: text(&row["status"]),
                amount: row["total_amount"].as_i64().unwrap_or_default(),
                currency: text(&row["currency"]),
            };
            truth.payments.insert(text(&row["payment_id"]), payment);
        }
        for row in rows(state, "subscriptions") {
            let subscription = Subscription {
                status: text(&row["status"]),
                ends_with_period: row["cancel_at_next_billing_date"] == true,
                next_billing: text(&row["next_billing_date"]),
            };
            truth.subscriptions.insert(text(&row["subscription_id"]), subscription);
        }
        for row in rows(state, "refunds") {
            let refund = Refund {
                payment: text(&row["payment_id"]),
                status: text(&row["status"]),
                amount: row["amount"].as_i64().unwrap_or_default(),
                intent: text(&row["metadata"]["checkout_intent"]),
            };
            truth.refunds.insert(text(&row["refund_id"]), refund);
        }
        truth
    }

    /// The payments of that status.
    pub(super) fn payments_that(&self, status: &str) -> BTreeSet<String> {
        let are = self.payments.iter().filter(|(_, payment)| payment.status == status);
        are.map(|(id, _)| id.clone()).collect()
    }

    /// The orders that were paid.
    pub(super) fn paid_orders(&self) -> BTreeSet<String> {
        let paid = self.payments.values().filter(|payment| payment.status == "succeeded");
        paid.map(|payment| payment.order.clone()).collect()
    }

    /// The refunds that went through.
    pub(super) fn money_back(&self) -> BTreeSet<String> {
        let are = self.refunds.iter().filter(|(_, refund)| refund.status == "succeeded");
        are.map(|(id, _)| id.clone()).collect()
    }
}

fn rows<'a>(state: &'a Value, table: &str) -> &'a [Value] {
    state[table].as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

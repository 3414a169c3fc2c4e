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
    /// What it pays for, where that goes on.
    pub(super) subscription: String,
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

/// Money that a bank asks back.
#[derive(Clone, Debug)]
pub(super) struct Dispute {
    pub(super) payment: String,
    pub(super) status: String,
}

/// What a session was made for.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) order: String,
    /// Whom the merchant's server said the buyer is.
    pub(super) reference: Option<String>,
    /// The provider's product.
    pub(super) product: String,
}

/// All of it, by the provider's ids.
#[derive(Clone, Debug, Default)]
pub(super) struct Truth {
    pub(super) sessions: BTreeMap<String, Session>,
    pub(super) disputes: BTreeMap<String, Dispute>,
    pub(super) payments: BTreeMap<String, Payment>,
    pub(super) subscriptions: BTreeMap<String, Subscription>,
    pub(super) refunds: BTreeMap<String, Refund>,
}

impl Truth {
    /// Reads what the sandbox has sold.
    pub(super) fn of(ledger: &Value) -> Self {
        Self {
            sessions: table(ledger, "sessions", "id", |row| Session {
                order: text(&row["request"]["metadata"]["order_id"]),
                reference: row["request"]["metadata"]["customer_reference"].as_str().map(str::to_owned),
                product: text(&row["request"]["product_cart"][0]["product_id"]),
            }),
            payments: table(ledger, "payments", "payment_id", |row| Payment {
                order: text(&row["metadata"]["order_id"]),
                status: text(&row["status"]),
                amount: row["total_amount"].as_i64().unwrap_or_default(),
                currency: text(&row["currency"]),
                subscription: text(&row["subscription_id"]),
            }),
            subscriptions: table(ledger, "subscriptions", "subscription_id", |row| Subscription {
                status: text(&row["status"]),
                ends_with_period: row["cancel_at_next_billing_date"] == true,
                next_billing: text(&row["next_billing_date"]),
            }),
            refunds: table(ledger, "refunds", "refund_id", |row| Refund {
                payment: text(&row["payment_id"]),
                status: text(&row["status"]),
                amount: row["amount"].as_i64().unwrap_or_default(),
                intent: text(&row["metadata"]["checkout_intent"]),
            }),
            disputes: table(ledger, "disputes", "dispute_id", |row| Dispute {
                payment: text(&row["payment_id"]),
                status: text(&row["dispute_status"]).trim_start_matches("dispute_").to_owned(),
            }),
        }
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

    /// What was paid, by currency.
    pub(super) fn paid_in(&self) -> BTreeMap<String, i64> {
        let mut sums = BTreeMap::new();
        for payment in self.payments.values().filter(|payment| payment.status == "succeeded") {
            *sums.entry(payment.currency.clone()).or_default() += payment.amount;
        }
        sums
    }

    /// How disputes and subscriptions stand, each with the kind of message that tells of it.
    pub(super) fn news(&self) -> Vec<(&String, &'static str)> {
        let disputes = self.disputes.iter().map(|(id, dispute)| {
            let kind = match dispute.status.as_str() {
                "opened" | "challenged" => "dispute.opened",
                "won" | "cancelled" | "expired" => "dispute.won",
                _ => "dispute.lost",
            };
            (id, kind)
        });
        let called_off = self.subscriptions.iter().filter(|(_, one)| one.status == "active" && one.ends_with_period);
        disputes.chain(called_off.map(|(id, _)| (id, "subscription.canceled"))).collect()
    }

    /// How many payments of a subscription went through.
    pub(super) fn payments_of(&self, subscription: &str) -> u64 {
        let is = |payment: &&Payment| payment.subscription == subscription && payment.status == "succeeded";
        self.payments.values().filter(is).count() as u64
    }

    /// Whether a bank has taken a payment back.
    pub(super) fn is_lost(&self, payment: &str) -> bool {
        let lost = |dispute: &Dispute| matches!(dispute.status.as_str(), "lost" | "accepted");
        self.disputes.values().any(|dispute| dispute.payment == payment && lost(dispute))
    }

    /// Whether all of a payment went back: what goes back in part leaves access as it is (docs/access.md).
    pub(super) fn went_back(&self, payment: &str) -> bool {
        let paid = self.payments.get(payment).map_or(i64::MAX, |paid| paid.amount);
        let back = self.refunds.values().filter(|refund| refund.payment == payment && refund.status == "succeeded");
        back.map(|refund| refund.amount).sum::<i64>() >= paid
    }

    /// The refunds that went through.
    pub(super) fn money_back(&self) -> BTreeSet<String> {
        let are = self.refunds.iter().filter(|(_, refund)| refund.status == "succeeded");
        are.map(|(id, _)| id.clone()).collect()
    }
}

fn table<T>(ledger: &Value, name: &str, id: &str, read: impl Fn(&Value) -> T) -> BTreeMap<String, T> {
    ledger[name].as_array().into_iter().flatten().map(|row| (text(&row[id]), read(row))).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

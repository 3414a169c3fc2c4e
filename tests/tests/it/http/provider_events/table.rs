//! What each of the provider's events does, by what was there before it.

use checkout_tests::app::TestApp;
use checkout_tests::bought::Bought;
use jiff::SignedDuration;
use serde_json::{Value, json};

/// What was there before the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// An order of something that is sold once.
    Ordered,
    /// The same, paid.
    Sold,
    /// The same, disputed since.
    Disputed,
    /// A subscription's first payment, and nothing of itself yet.
    Awaited,
    /// A subscription that runs.
    Running,
    /// One whose renewal failed.
    Held,
    /// One that was paused.
    Paused,
    /// One that is over.
    Expired,
    /// One whose failed renewal the provider has given up.
    GivenUp,
    /// Seats, suspended by an open dispute.
    Suspended,
    /// Something sold once, and given back.
    Refunded,
}

impl Before {
    pub(super) async fn make<'a>(self, app: &'a TestApp, customer: &str) -> Bought<'a> {
        let item = match self.name() {
            "desktop" => json!({"price_id": "desktop_license"}),
            "team" => json!({"price_id": "team_monthly", "quantity": 3}),
            _ => json!({"price_id": "pro_monthly"}),
        };
        let bought = app.order(Some(customer), "ada@example.com", item).await;
        match self {
            Self::Ordered => {}
            Self::Awaited => bought.hear("payment.succeeded", json!({})).await,
            _ => bought.paid().await,
        }
        match self {
            Self::Expired => bought.hear("subscription.expired", json!({})).await,
            Self::GivenUp => {
                bought.hear("subscription.on_hold", json!({})).await;
                bought.hear("dunning.recovered", json!({"status": "exhausted"})).await;
            }
            Self::Refunded => bought.hear("refund.succeeded", json!({})).await,
            Self::Disputed | Self::Suspended => bought.hear("dispute.opened", json!({})).await,
            Self::Held => bought.hear("subscription.on_hold", json!({})).await,
            Self::Paused => bought.hear("subscription.paused", json!({"paused_at": bought.start.to_string()})).await,
            _ => {}
        }
        bought
    }

    /// What it gives.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ordered | Self::Sold | Self::Disputed | Self::Refunded => "desktop",
            Self::Suspended => "team",
            _ => "pro",
        }
    }

    /// How access stands then.
    pub(super) fn state(self) -> &'static str {
        match self {
            Self::Ordered => "none not_bought",
            Self::Sold | Self::Disputed => "active purchase",
            Self::Awaited => "none awaiting_payment",
            Self::Running => "active subscription",
            Self::Held => "grace payment_failed",
            Self::Paused => "active paused",
            Self::Expired => "ended expired",
            Self::GivenUp => "suspended payment_failed",
            Self::Suspended => "suspended disputed",
            Self::Refunded => "ended refunded",
        }
    }
}

/// An event, what is otherwise in it, what was before it, how access stands after it, what was told.
pub(super) type Row = (&'static str, Value, Before, &'static str, &'static [&'static str]);

const CHANGED: &str = "entitlements.changed";

/// Each event that does something, for what was bought at that time since 1970.
pub(super) fn rows(bought_for: SignedDuration) -> Vec<Row> {
    let days =
        |days: i64| (jiff::Timestamp::UNIX_EPOCH + bought_for + SignedDuration::from_hours(24 * days)).to_string();
    let renewed = json!({"previous_billing_date": days(30), "next_billing_date": days(60)});
    let full = json!({});
    vec![
        (
            "payment.succeeded",
            full.clone(),
            Before::Ordered,
            "active purchase",
            &["checkout.paid", "payment.succeeded", CHANGED],
        ),
        ("payment.failed", full.clone(), Before::Ordered, "none awaiting_payment", &["payment.failed", CHANGED]),
        ("payment.processing", full.clone(), Before::Ordered, "none awaiting_payment", &[CHANGED]),
        ("payment.cancelled", full.clone(), Before::Ordered, "none awaiting_payment", &[CHANGED]),
        ("refund.succeeded", json!({"amount": 2_000}), Before::Sold, "active purchase", &["payment.refunded"]),
        ("refund.succeeded", full.clone(), Before::Sold, "ended refunded", &["payment.refunded", CHANGED]),
        ("refund.failed", full.clone(), Before::Sold, "active purchase", &[]),
        ("dispute.opened", full.clone(), Before::Sold, "active purchase", &["dispute.opened"]),
        ("dispute.challenged", full.clone(), Before::Disputed, "active purchase", &[]),
        ("dispute.expired", full.clone(), Before::Disputed, "active purchase", &["dispute.won"]),
        (
            "dispute.cancelled",
            json!({"dispute_stage": "dispute"}),
            Before::Disputed,
            "active purchase",
            &["dispute.won"],
        ),
        // As the example has it: about the stage before, which is over.
        ("dispute.cancelled", full.clone(), Before::Disputed, "active purchase", &[]),
        ("dispute.won", full.clone(), Before::Disputed, "active purchase", &["dispute.won"]),
        ("dispute.accepted", full.clone(), Before::Disputed, "ended dispute_lost", &["dispute.lost", CHANGED]),
        ("dispute.lost", full.clone(), Before::Disputed, "ended dispute_lost", &["dispute.lost", CHANGED]),
        (
            "subscription.active",
            full.clone(),
            Before::Awaited,
            "active subscription",
            &["subscription.started", CHANGED],
        ),
        ("subscription.renewed", renewed, Before::Running, "active subscription", &["subscription.renewed", CHANGED]),
        (
            "subscription.on_hold",
            full.clone(),
            Before::Running,
            "grace payment_failed",
            &["subscription.past_due", CHANGED],
        ),
        (
            "subscription.past_due",
            full.clone(),
            Before::Running,
            "grace payment_failed",
            &["subscription.past_due", CHANGED],
        ),
        ("subscription.paused", full.clone(), Before::Running, "active paused", &["subscription.paused", CHANGED]),
        (
            "subscription.unpaused",
            full.clone(),
            Before::Paused,
            "active subscription",
            &["subscription.resumed", CHANGED],
        ),
        (
            "subscription.cancelled",
            full.clone(),
            Before::Running,
            "active canceled",
            &["subscription.canceled", CHANGED],
        ),
        ("subscription.failed", full.clone(), Before::Awaited, "none mandate_failed", &[CHANGED]),
        ("subscription.expired", full.clone(), Before::Running, "ended expired", &["subscription.ended", CHANGED]),
        (
            "subscription.plan_changed",
            json!({"product_id": "pdt_0NqDemoProYearly00001"}),
            Before::Running,
            "active subscription",
            &["subscription.changed"],
        ),
        (
            "subscription.updated",
            json!({"cancel_at_next_billing_date": true}),
            Before::Running,
            "active canceled",
            &["subscription.canceled", CHANGED],
        ),
        (
            "subscription.update_payment_method",
            full.clone(),
            Before::Held,
            "active subscription",
            &["subscription.recovered", CHANGED],
        ),
        ("dunning.started", full.clone(), Before::Held, "grace payment_failed", &[]),
        ("dunning.recovered", full.clone(), Before::Held, "grace payment_failed", &[]),
        ("dunning.recovered", json!({"status": "exhausted"}), Before::Held, "suspended payment_failed", &[CHANGED]),
    ]
}

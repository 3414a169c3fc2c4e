//! What a purchase has made, at the provider and at the helper.

use checkout_types::CheckoutStatus;

use super::scene::Scene;

/// What has been made since a purchase began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Of the provider.
    pub(super) sessions: u64,
    /// That went through at the provider.
    pub(super) payments: usize,
    /// Of the helper.
    pub(super) orders: usize,
    /// Of the helper, paid.
    pub(super) paid: usize,
}

/// One order, one session, one payment.
pub(super) const ONCE: Tally = Tally { sessions: 1, payments: 1, orders: 1, paid: 1 };

impl Scene {
    pub(super) async fn total(&self) -> Tally {
        let orders = self.app.demo.app.store.recent_checkouts(10_000).await.unwrap();
        let state = self.app.demo.sandbox.state_json();
        let payments = state["payments"].as_array().into_iter().flatten();
        Tally {
            sessions: self.app.sessions(),
            payments: payments.filter(|payment| payment["status"] == "succeeded").count(),
            orders: orders.len(),
            paid: orders.iter().filter(|order| is_paid(order.status)).count(),
        }
    }

    /// What this purchase has made so far.
    pub(super) async fn tally(&self) -> Tally {
        let (now, before) = (self.total().await, self.before);
        Tally {
            sessions: now.sessions - before.sessions,
            payments: now.payments - before.payments,
            orders: now.orders - before.orders,
            paid: now.paid - before.paid,
        }
    }
}

fn is_paid(status: CheckoutStatus) -> bool {
    matches!(status, CheckoutStatus::Paid | CheckoutStatus::Fulfilled)
}

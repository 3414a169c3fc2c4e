//! Verified webhooks: kept raw, deduplicated and folded in one transaction; told to those who
//! watch after the commit. What the provider repeats or reorders changes nothing.

use checkout_types::CheckoutStatus;
use jiff::Timestamp;

use crate::app::App;
use crate::store::{Accepted, Delivery, Effect, StoreError};

/// Takes a delivery whose signature has been checked.
///
/// # Errors
/// It could not be stored; the provider has to send it again.
pub async fn accept(
    app: &App,
    webhook_id: String,
    observed_at: Timestamp,
    body: Vec<u8>,
) -> Result<Accepted, StoreError> {
    let notice = app.provider.read_notice(&body);
    let kind = known_kind(notice.as_ref().map(|notice| notice.kind.as_str()));
    let delivery = Delivery { provider: "dodo", webhook_id, observed_at, received_at: app.clock.now(), body, notice };
    let accepted = app.store.accept(delivery).await?;
    let outcome = match &accepted {
        Accepted::Repeat => "repeat",
        Accepted::Stored(_) => "stored",
    };
    metrics::counter!("checkout_webhooks_total", "kind" => kind, "outcome" => outcome).increment(1);
    if let Accepted::Stored(effect) = &accepted {
        tell(app, effect);
    }
    Ok(accepted)
}

/// Says what a delivery did to those who watch: pages by the change, operators by logs and metrics.
fn tell(app: &App, effect: &Effect) {
    match effect {
        Effect::None | Effect::Unclaimed { names_an_order: false } => {}
        Effect::Unclaimed { names_an_order: true } => {
            metrics::counter!("checkout_payments_unclaimed_total").increment(1);
            tracing::error!("a payment names an order that we do not have");
        }
        Effect::Stuck(error) => {
            metrics::counter!("checkout_notices_stuck_total").increment(1);
            tracing::error!(%error, "a notice was kept and could not be folded");
        }
        Effect::Changed(change) => {
            tracing::info!(checkout = %change.checkout, status = change.status.as_str(), "a webhook changed a checkout");
            if change.status == CheckoutStatus::NeedsReview {
                metrics::counter!("checkout_needs_review_total").increment(1);
                tracing::error!(checkout = %change.checkout, "paid, but not as ordered: look at it");
            }
            if change.paid_twice {
                metrics::counter!("checkout_paid_twice_total").increment(1);
                tracing::error!(checkout = %change.checkout, "paid twice: give one payment back");
            }
            app.abuse.hear(change, app.clock.now());
            app.changes.publish(&change.checkout);
        }
    }
}

/// A label of few values, whatever is sent.
fn known_kind(kind: Option<&str>) -> &'static str {
    match kind.and_then(|kind| kind.split('.').next()) {
        Some("payment") => "payment",
        Some("refund") => "refund",
        Some("dispute") => "dispute",
        Some("subscription") => "subscription",
        Some(_) => "other",
        None => "unreadable",
    }
}

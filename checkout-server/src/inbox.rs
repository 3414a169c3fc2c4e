//! Verified webhooks: kept raw, deduplicated and folded in one transaction; told to those who
//! watch after the commit. What the provider repeats or reorders changes nothing.

use checkout_types::CheckoutStatus;
use jiff::Timestamp;

use crate::app::App;
use crate::clock::Clock;
use crate::event::{Notice, Source};
use crate::fault::crash_point;
use crate::provider::{dodo, skew};
use crate::revenue;
use crate::store::{Accepted, Answered, Change, Delivery, Effects, StoreError, Unclaimed};

/// Notices that are read together, when they are tried again.
const STUCK_AT_ONCE: u32 = 64;

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
    crash_point("webhook.read");
    let accepted = app.store.accept(delivery).await?;
    crash_point("webhook.stored");
    // Webhooks are signed by the wall's clock, in whole seconds.
    let lag = Clock::wall().duration_since(observed_at).as_secs_f64().max(0.0);
    metrics::histogram!("checkout_webhook_lag_seconds", "kind" => kind).record(lag);
    let outcome = match &accepted {
        Accepted::Repeat => "repeat",
        Accepted::Stored(_) => "stored",
    };
    metrics::counter!("checkout_webhooks_total", "kind" => kind, "outcome" => outcome).increment(1);
    if let Accepted::Stored(effects) = &accepted {
        tell(app, effects);
    }
    Ok(accepted)
}

/// Takes the provider's answer to a question that was asked at `asked_at`, by the shop's clock.
///
/// # Errors
/// It could not be stored; it has to be asked again.
pub async fn answered(
    app: &App,
    kind: &'static str,
    body: Vec<u8>,
    notice: Notice,
    asked_at: Timestamp,
) -> Result<Effects, StoreError> {
    let now = app.clock.now();
    // Webhooks are signed by the provider's clock, in whole seconds. An answer that was dated by a clock of
    // ours that is an hour ahead would count as newer than all of them for an hour.
    let wall = Clock::wall();
    let asked = skew::by_the_provider(wall - now.duration_since(asked_at), wall);
    let observed_at = Timestamp::from_second(asked.as_second()).unwrap_or(asked);
    let answer = Answered { provider: "dodo", kind, body, notice, asked_at, observed_at };
    let effects = app.store.observe(answer, now).await?;
    crash_point("refetch.observed");
    tell(app, &effects);
    Ok(effects)
}

/// Tries the notices again that could not be folded when they came: another release may read what the last
/// one could not, and rows can be mended.
///
/// # Errors
/// See [`StoreError`].
pub async fn fold_stuck(app: &App) -> Result<(), StoreError> {
    let mut after = 0;
    loop {
        let stuck = app.store.stuck_after(after, STUCK_AT_ONCE).await?;
        let Some(last) = stuck.last() else { return Ok(()) };
        after = last.seq;
        for one in stuck {
            let read = match one.source {
                Source::Webhook => app.provider.read_notice(&one.body),
                Source::Refetch => dodo::read_answer(&one.kind, &one.body),
            };
            if let Some(notice) = read {
                let effects = app.store.fold_again(one, notice, app.clock.now()).await?;
                tell(app, &effects);
            }
        }
    }
}

/// Says what was changed to those who watch: pages by the change, operators by logs and metrics.
pub fn tell(app: &App, effects: &Effects) {
    if let Some(Unclaimed { payment, order: Some(order) }) = &effects.unclaimed {
        metrics::counter!("checkout_payments_unclaimed_total").increment(1);
        // Any buyer can write into a payment link's metadata: escaped.
        tracing::error!(%payment, ?order, "a payment names an order that we do not have");
    }
    if let Some(error) = &effects.stuck {
        metrics::counter!("checkout_notices_stuck_total").increment(1);
        tracing::error!(%error, "a notice was kept and could not be folded");
    }
    for reason in &effects.asked {
        metrics::counter!("checkout_refetches_asked_total", "reason" => *reason).increment(1);
    }
    for told in &effects.told {
        metrics::counter!("checkout_events_total", "type" => told.kind.as_str()).increment(1);
        revenue::count(told);
    }
    for change in &effects.changes {
        tell_change(app, change);
    }
    if !effects.told.is_empty() {
        app.news.send_modify(|told| *told = told.wrapping_add(1));
    }
}

fn tell_change(app: &App, change: &Change) {
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

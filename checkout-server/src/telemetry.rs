//! Logs as JSON lines on standard error; metrics in Prometheus' text form. Neither ever holds
//! secrets or personal data: types that carry them do not print.

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Starts the log. `RUST_LOG` chooses what is written; by default our own lines from `info` on.
pub fn start_log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,checkout_server=info"));
    // Somebody else, such as a test, may have been first.
    drop(tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).try_init());
}

/// The buckets of a lag, in seconds: from a webhook that is at once committed to one that the provider
/// sends for the last time, after 27 hours.
const LAGS: [f64; 12] = [0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 1_800.0, 7_200.0, 21_600.0, 86_400.0, 100_000.0];

/// How often what was measured is added up.
const ADDED_UP: Duration = Duration::from_secs(5);

/// Names of labels, each with its values.
type Labels = &'static [(&'static str, &'static [&'static str])];

/// Counters that begin at 0, so that their first step is seen as one: a name, and its labels.
const COUNTERS: &[(&str, Labels)] = &[
    ("checkout_deliveries_total", &[("outcome", &["delivered", "retry", "parked", "dead"])]),
    ("checkout_events_total", &[("type", &["entitlements.changed", "payment.failed", "subscription.past_due"])]),
    ("checkout_http_requests_total", &[("route", &["unmatched"]), ("status", &["200", "500", "503"])]),
    ("checkout_needs_review_total", &[]),
    ("checkout_notices_stuck_total", &[]),
    ("checkout_paid_twice_total", &[]),
    ("checkout_panics_total", &[]),
    ("checkout_payments_unclaimed_total", &[]),
    ("checkout_provider_calls_total", &[("outcome", &["answered", "failed", "abandoned"])]),
    ("checkout_provider_failures_total", &[("kind", &["rejected", "unavailable", "unknown"])]),
    ("checkout_refetches_asked_total", &[("reason", &["contested", "unknown_state", "mismatch"])]),
    ("checkout_refused_total", &[("reason", &["orders", "failed_payments", "shop", "selling"])]),
    ("checkout_replayed_total", &[]),
    ("checkout_revenue_minor_units_total", &[("currency", &["EUR"]), ("kind", &["sale", "renewal", "refund"])]),
    ("checkout_shed_total", &[("class", &["orders", "reads", "webhooks", "backends"])]),
    ("checkout_webhooks_refused_total", &[("reason", &["signature", "timestamp"])]),
    (
        "checkout_webhooks_total",
        &[("kind", &["payment", "subscription", "refund", "dispute"]), ("outcome", &["stored", "repeat"])],
    ),
];

/// Makes every counter of [`COUNTERS`], with each of its labels.
fn begin() {
    for (name, labels) in COUNTERS {
        let mut all: Vec<Vec<metrics::Label>> = vec![Vec::new()];
        for (label, values) in *labels {
            let with = |so_far: &Vec<metrics::Label>| {
                let so_far = so_far.clone();
                values
                    .iter()
                    .map(move |value| {
                        so_far.iter().cloned().chain([metrics::Label::new(*label, *value)]).collect::<Vec<_>>()
                    })
                    .collect::<Vec<_>>()
            };
            all = all.iter().flat_map(with).collect();
        }
        for labels in all {
            metrics::counter!(*name, labels).increment(0);
        }
    }
}

/// The process's metrics: one recorder, however many helpers run in it.
///
/// # Panics
/// Never: there are buckets.
#[must_use]
pub fn metrics() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    let install = || {
        let builder = PrometheusBuilder::new();
        let builder = builder.set_buckets_for_metric(Matcher::Suffix("_lag_seconds".to_owned()), &LAGS);
        let recorder = builder.expect("there are buckets").build_recorder();
        let handle = recorder.handle();
        drop(metrics::set_global_recorder(recorder));
        begin();
        handle
    };
    HANDLE.get_or_init(install).clone()
}

/// Adds up what was measured, again and again, until the helper stops: each measured time is kept by itself
/// until then or until somebody reads the metrics, and where nobody does that memory would grow for ever (G33).
pub async fn add_up(recorded: PrometheusHandle, stopping: CancellationToken) {
    while stopping.run_until_cancelled(tokio::time::sleep(ADDED_UP)).await.is_some() {
        recorded.run_upkeep();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fmt::Debug;

    use checkout_types::checkout::{CheckoutRequest, CreatedCheckout};
    use checkout_types::customer::{Address, Customer};
    use checkout_types::money::Money;
    use checkout_types::{Quote, QuoteRequest};

    use crate::demo::Ready;
    use crate::keys::Keys;
    use crate::provider::NewSession;
    use crate::quote::Cart;
    use crate::quote::token::Sealed;
    use crate::sandbox::SandboxConfig;
    use crate::signature::SigningSecret;
    use crate::store::Delivery;

    /// Two ways to fit where a type prints, one where it does not: what is ambiguous does not compile.
    trait CannotPrint<Way> {
        fn holds() {}
    }
    struct NeedNot;
    struct Could;
    impl<T: ?Sized> CannotPrint<NeedNot> for T {}
    impl<T: ?Sized + Debug> CannotPrint<Could> for T {}

    #[test]
    fn what_nobody_has_to_print_cannot_be_printed() {
        // A `#[derive(Debug)]` on any of these is an error of the compiler here.
        <CheckoutRequest as CannotPrint<_>>::holds();
        <CreatedCheckout as CannotPrint<_>>::holds();
        <QuoteRequest as CannotPrint<_>>::holds();
        <NewSession<'_> as CannotPrint<_>>::holds();
        <Sealed as CannotPrint<_>>::holds();
        <Delivery as CannotPrint<_>>::holds();
        <Ready as CannotPrint<_>>::holds();
        <SandboxConfig as CannotPrint<_>>::holds();
    }

    #[test]
    fn what_prints_keeps_its_secrets_and_its_people_to_itself() {
        let canary = || "canary".to_owned();
        let money = Money::new(1, "EUR".parse().unwrap());
        let address = Address { country: canary(), postal_code: Some(canary()), tax_id: Some(canary()) };
        let quote = Quote {
            id: "qt_1".into(),
            lines: vec![],
            subtotal: money,
            discount: money,
            tax: None,
            tax_inclusive: false,
            total: money,
            recurring: vec![],
            discount_code: Some(canary()),
            country: Some(canary()),
            expires_at: String::new(),
            quote_token: canary(),
        };
        let cart = Cart {
            lines: vec![],
            currency: money.currency,
            discount_code: Some(canary()),
            address: Some(address.clone()),
        };
        let printed: BTreeMap<&str, String> = BTreeMap::from([
            ("Customer", format!("{:?}", Customer { email: canary(), name: Some(canary()) })),
            ("Address", format!("{address:?}")),
            ("Quote", format!("{quote:?}")),
            ("Cart", format!("{cart:?}")),
            ("Keys", format!("{:#?}", Keys::new(canary().into()))),
            ("SigningSecret", format!("{:?}", SigningSecret::parse("whsec_Y2FuYXJ5").unwrap())),
        ]);
        for (name, text) in printed {
            // "canary" as text, and as the numbers of its bytes.
            assert!(!text.contains("canary") && !text.contains("99, 97, 110"), "{name}: {text}");
        }
    }
}

//! Logs as JSON lines on standard error; metrics in Prometheus' text form. Neither ever holds
//! secrets or personal data: types that carry them do not print.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

/// Starts the log. `RUST_LOG` chooses what is written; by default our own lines from `info` on.
pub fn start_log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,checkout_server=info"));
    // Somebody else, such as a test, may have been first.
    drop(tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).try_init());
}

/// The process's metrics: one recorder, however many helpers it runs.
#[must_use]
pub fn metrics() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    let start = || {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        drop(metrics::set_global_recorder(recorder));
        handle
    };
    HANDLE.get_or_init(start).clone()
}

//! Listens to the log: every event and span of our own crates, at every level.

use std::fmt::{Debug, Write as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

use super::{Strictness, Watch};

/// Listens for the rest of the process.
pub(super) fn listen(watch: Arc<Watch>) {
    let subscriber = tracing_subscriber::registry().with(Listener(watch).with_filter(filter_fn(is_told)));
    // Somebody else's log would be one that nobody searches.
    tracing::subscriber::set_global_default(subscriber).expect("nobody else listens in a test");
}

/// Listens while `tell` runs.
pub(super) fn with(watch: &Arc<Watch>, tell: impl FnOnce()) {
    let listener = Listener(Arc::clone(watch)).with_filter(filter_fn(is_told));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(listener), tell);
}

/// All of ours; of others what an operator sees. A browser's driver is part of the tests.
fn is_told(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    target.starts_with("checkout_") || (*metadata.level() <= Level::WARN && !is_harness(target))
}

fn is_harness(target: &str) -> bool {
    target.starts_with("thirtyfour") || target == "somebody_else"
}

struct Listener(Arc<Watch>);

impl<S: Subscriber> Layer<S> for Listener {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::of(event.metadata());
        event.record(&mut line);
        self.look(&line);
    }

    fn on_new_span(&self, attributes: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        let mut line = Line::of(attributes.metadata());
        attributes.record(&mut line);
        self.look(&line);
    }

    fn on_record(&self, _: &span::Id, values: &span::Record<'_>, _: Context<'_, S>) {
        let mut line = Line(String::new());
        values.record(&mut line);
        self.look(&line);
    }
}

impl Listener {
    fn look(&self, line: &Line) {
        self.0.lines.fetch_add(1, Ordering::Relaxed);
        self.0.look("a log line", &line.0, Strictness::Everything);
    }
}

/// An event as text.
struct Line(String);

impl Line {
    fn of(metadata: &Metadata<'_>) -> Self {
        Self(format!("{} {}", metadata.level(), metadata.target()))
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, " {field}={value}");
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

//! For the stories about the watch itself: everything that can be planted, and what is found of it.

use std::sync::{Arc, Mutex, PoisonError};

use super::{PERSONAL, Secrets, Watch, answer, log, look_at_panic};

/// Plants a canary in each place that is watched, in a watch of its own, and returns where none
/// was found.
pub async fn missed() -> Vec<&'static str> {
    let watch = Arc::new(Watch::default());
    let secrets = Secrets { keys: vec!["KEYcanaryKEYcanary".to_owned()], tokens: vec!["TOKENcanary".to_owned()] };
    watch.living.write().unwrap_or_else(PoisonError::into_inner).push(Arc::new(Mutex::new(secrets)));
    let mut missed = Vec::new();
    let mut check = |place| {
        if watch.findings().is_empty() {
            missed.push(place);
        }
    };
    log::with(&watch, || {
        tracing::trace!(target: "checkout_server::planted", "for {}", PERSONAL[0]);
        check("a message");
        tracing::trace!(target: "checkout_server::planted", address = "203.0.113.77", "a field");
        check("a field");
        tracing::debug!(target: "checkout_server::planted", key = ?Some("KEYcanaryKEYcanary"), "debug");
        check("a field's debug form");
        drop(tracing::info_span!(target: "checkout_server::planted", "span", token = "TOKENcanary"));
        check("a span");
    });
    look_at_panic(&watch, true, "could not write ada@example.com");
    check("a panic");
    answer::planted(&watch, "text/plain", &["KEYcanaryKE", "Ycanary"]).await;
    check("a key in two pieces of an answer");
    answer::planted(&watch, "application/problem+json", &["{\"title\":\"Canary Bird\"}"]).await;
    check("a name in a problem");
    answer::planted_header(&watch, "KEYcanaryKEYcanary");
    check("a header");
    missed
}

/// What a watch says of lines and answers that hold nothing they must not.
pub async fn false_alarms() -> Vec<String> {
    let watch = Arc::new(Watch::default());
    log::with(&watch, || {
        tracing::info!(target: "checkout_server::planted", network = "203.0.113.0/24", "cut short");
        tracing::info!(target: "somebody_else", "ada@example.com");
    });
    answer::planted(&watch, "text/html", &["<input value=\"ada@example.com\">"]).await;
    look_at_panic(&watch, false, "a story failed for ada@example.com");
    watch.findings()
}

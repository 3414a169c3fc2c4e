//! Asking until it is known what came of it, each try written down.

use std::time::Duration;

use reqwest::RequestBuilder;
use serde_json::Value;

use super::Shop;
use crate::history::{Entry, Outcome, What};

/// Between two tries. A helper that was killed is back in less.
const PAUSE: Duration = Duration::from_millis(20);

/// What is asked, and since when somebody wants to know.
pub(super) struct Question<'a> {
    pub(super) what: What,
    pub(super) key: &'a str,
    /// In the history's time.
    pub(super) intended: u64,
    /// Whether this refusal only means that it is too early.
    pub(super) early: fn(u16, &Value) -> bool,
}

impl<'a> Question<'a> {
    /// One whose refusals are final.
    pub(super) fn new(what: What, key: &'a str, intended: u64) -> Self {
        Self { what, key, intended, early: |_, _| false }
    }
}

impl Shop {
    /// Asks until the answer is final, and gives its status and body; none where the run is over before.
    pub(super) async fn ask(
        &self,
        question: &Question<'_>,
        request: impl Fn() -> RequestBuilder,
    ) -> Option<(u16, Value)> {
        loop {
            let (outcome, status, answer) = self.ask_once(question, request()).await;
            let value: Value = serde_json::from_str(&answer).unwrap_or_default();
            if outcome != Outcome::Unknown {
                return Some((status.unwrap_or_default(), value));
            }
            tokio::select! {
                () = self.over.cancelled() => return None,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    async fn ask_once(&self, question: &Question<'_>, request: RequestBuilder) -> (Outcome, Option<u16>, String) {
        let invoked = self.history.now();
        let (status, answer) = match request.send().await {
            Ok(response) => {
                let status = response.status().as_u16();
                // A head whose body never came says nothing certain.
                match response.text().await {
                    Ok(text) => (Some(status), text),
                    Err(error) => (None, error.to_string()),
                }
            }
            Err(error) => (None, error.to_string()),
        };
        let outcome = judge(question, status, &answer);
        self.history.record(Entry {
            what: question.what,
            key: question.key.to_owned(),
            intended: question.intended,
            invoked,
            mark: self.history.mark(),
            answered: self.history.now(),
            outcome,
            status,
            answer: answer.clone(),
        });
        (outcome, status, answer)
    }
}

fn judge(question: &Question<'_>, status: Option<u16>, answer: &str) -> Outcome {
    let value = || serde_json::from_str::<Value>(answer).unwrap_or_default();
    match status {
        Some(200..=299) => Outcome::Acknowledged,
        None | Some(408 | 425 | 429 | 500..) => Outcome::Unknown,
        Some(409) if value()["code"] == "idempotency_in_progress" => Outcome::Unknown,
        Some(status) if (question.early)(status, &value()) => Outcome::Unknown,
        Some(_) => Outcome::Refused,
    }
}

//! How commands ask a running helper: at its operations listener, with the operator's key.

use std::path::{Path, PathBuf};

use clap::Args;
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::{Failure, say};
use crate::config::Operations;
use crate::outgoing::{Outgoing, Purpose, Reach};

/// The settings that are looked for where none are named.
const SETTINGS: &str = "checkout.toml";

/// What every command of this kind takes, beside its own verbs: `#[command(flatten)]` it.
#[derive(Args)]
pub(super) struct Asked {
    /// Where the helper's operations listener is, such as `http://127.0.0.1:9090`. Without it, where the
    /// settings say. The key comes from `CHECKOUT_OPERATOR_KEY`, or from the file that the settings name.
    #[arg(long, value_name = "URL", global = true)]
    operations: Option<String>,
    /// The helper's settings, where they are here: `checkout.toml` if there is one. No other setting and no
    /// other secret is needed.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Print the helper's answer as JSON.
    #[arg(long, global = true)]
    json: bool,
}

impl Asked {
    /// The helper to ask.
    ///
    /// # Errors
    /// The settings cannot be read, or there is no key.
    pub(super) fn helper(&self) -> Result<RunningHelper, Failure> {
        #[expect(clippy::disallowed_methods, reason = "the door through which the environment comes in")]
        let environment = |name: &str| std::env::var(name).ok();
        let usual = Path::new(SETTINGS);
        let settings = self.config.as_deref().or_else(|| usual.exists().then_some(usual));
        let Operations { address, key } = Operations::load(settings, self.operations.as_deref(), environment)?;
        // One's own network is where a helper's operators are.
        Ok(RunningHelper { client: Outgoing::new(Purpose::Operations, Reach::Private)?, address, key })
    }

    /// Prints an answer: as it came for a program, in words for a person.
    ///
    /// # Errors
    /// Nobody reads.
    pub(super) fn print(&self, answer: &Value, words: impl FnOnce(&Value) -> String) -> Result<(), Failure> {
        if self.json { say(&answer.to_string()) } else { say(&words(answer)) }
    }
}

/// A helper that runs, as its operator reaches it.
pub(super) struct RunningHelper {
    client: Outgoing,
    address: String,
    key: SecretString,
}

impl RunningHelper {
    /// Asks for something, by a path with its query.
    ///
    /// # Errors
    /// See [`Self::ask`].
    pub(super) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.ask(Method::GET, path, None).await
    }

    /// Asks for something to be done once: the same key is never done twice.
    ///
    /// # Errors
    /// See [`Self::ask`].
    pub(super) async fn once(&self, path: &str, body: Value, key: &str) -> Result<Value, Failure> {
        let request = self.request(Method::POST, path)?.header("idempotency-key", key).json(&body);
        self.answer(request).await
    }

    /// Asks for something to be done. An answer without a body is `null`.
    ///
    /// # Errors
    /// In words for whoever typed the command: nobody answers, the key is wrong, or the helper refused.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Failure> {
        let mut request = self.request(method, path)?;
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.answer(request).await
    }

    fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, Failure> {
        let Self { client, address, key } = self;
        Ok(client.request(method, &format!("{address}{path}"))?.bearer_auth(key.expose_secret()))
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Value, Failure> {
        let Self { client, address, .. } = self;
        let unreachable = |error| format!("no helper answers at its operations listener {address}: {error}");
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let bytes = client.read(response).await?;
        let answer = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? };
        match status.as_u16() {
            200..300 => Ok(answer),
            401 => {
                Err("the helper does not take that key: CHECKOUT_OPERATOR_KEY here must be the one that it runs with"
                    .into())
            }
            _ => Err(refusal(&answer).into()),
        }
    }
}

/// A problem in one line, with what was wrong where it says so.
fn refusal(problem: &Value) -> String {
    let title = problem["title"].as_str().unwrap_or("without a reason");
    let wrong = |error: &Value| {
        let meant = error["did_you_mean"].as_str().map(|name| format!(": did you mean {name}?")).unwrap_or_default();
        let all: Vec<&str> = error["allowed"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let all = if all.is_empty() { String::new() } else { format!("; there is {}", all.join(", ")) };
        Some(format!("{}{meant}{all}", error["pointer"].as_str()?))
    };
    let pointers: Vec<String> = problem["errors"].as_array().into_iter().flatten().filter_map(wrong).collect();
    if pointers.is_empty() {
        format!("the helper refused: {title}")
    } else {
        format!("the helper refused: {title} ({})", pointers.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_says_which_field_was_wrong() {
        let problem = json!({"title": "A number is out of range.", "errors": [{"pointer": "/limit"}]});
        assert_eq!(refusal(&problem), "the helper refused: A number is out of range. (/limit)");
        let slip = json!({"title": "Nothing.", "errors": [{"pointer": "/entitlement", "did_you_mean": "pro"}]});
        assert_eq!(refusal(&slip), "the helper refused: Nothing. (/entitlement: did you mean pro?)");
        let filter = json!({"title": "No.", "errors": [
            {"pointer": "/status", "did_you_mean": "failed", "allowed": ["paid", "failed"]},
        ]});
        assert_eq!(refusal(&filter), "the helper refused: No. (/status: did you mean failed?; there is paid, failed)");
        assert_eq!(refusal(&Value::Null), "the helper refused: without a reason");
    }
}

//! What a merchant's server and an operator ask of access.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::app::{TestApp, read};

impl TestApp {
    /// Asks for something of a customer's, as the merchant's own server.
    pub async fn ask_customer(&self, method: Method, reference: &str, rest: &str, body: Option<&Value>) -> Response {
        let reference = utf8_percent_encode(reference, NON_ALPHANUMERIC);
        let url = format!("{}/v1/customers/{reference}/{rest}", self.ready().helper);
        let request = self.http.request(method, url).bearer_auth(&self.ready().secret_key);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        request.send().await.expect("an answer")
    }

    /// What a customer may use.
    pub async fn access(&self, reference: &str) -> Value {
        read(self.ask_customer(Method::GET, reference, "entitlements", None).await, 200).await
    }

    /// One thing of it, as `state reason`.
    pub async fn state_of(&self, reference: &str, name: &str) -> String {
        let item = self.entitlement(reference, name).await;
        format!("{} {}", item["state"].as_str().unwrap_or_default(), item["reason"].as_str().unwrap_or_default())
    }

    /// One thing of it.
    pub async fn entitlement(&self, reference: &str, name: &str) -> Value {
        let rest = format!("entitlements?name={name}");
        let access: Value = read(self.ask_customer(Method::GET, reference, &rest, None).await, 200).await;
        access["items"][0].clone()
    }

    /// Claims guests' purchases.
    pub async fn claim(&self, reference: &str, email: &str) -> Vec<String> {
        let body = json!({"email": email});
        let claimed: Value = read(self.ask_customer(Method::POST, reference, "claims", Some(&body)).await, 200).await;
        let checkouts = claimed["checkouts"].as_array().expect("a list").iter();
        checkouts.filter_map(|id| id.as_str().map(str::to_owned)).collect()
    }

    /// Asks at the operations listener, as an operator.
    pub async fn operate(&self, method: Method, path: &str, body: &Value) -> Response {
        let url = format!("{}{path}", self.ready().operations);
        let request = self.http.request(method, url).bearer_auth(&self.ready().operator_key);
        request.json(body).send().await.expect("an answer")
    }
}

//! `demo`: it sells, and says nothing secret.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use checkout_tests::canary;
use checkout_tests::http::client;
use checkout_types::Quote;
use checkout_types::checkout::CreatedCheckout;
use serde_json::{Value, json};

use super::{Running, executable};

#[tokio::test]
async fn a_demo_sells_says_nothing_secret_and_stops_when_asked() {
    let data = tempfile::tempdir().unwrap();
    let mut child = Command::new(executable())
        .args(["demo", "--port", "0", "--json", "--data"])
        .arg(data.path())
        .env("RUST_LOG", "trace")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let mut log = child.stderr.take().unwrap();
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        log.read_to_string(&mut text).map(|_| text)
    });
    let mut child = Running(child);
    let ready: Value = serde_json::from_str(&line).unwrap();
    let url = |server: &str, path: &str| format!("{}{path}", ready[server].as_str().unwrap());
    let (http, shop) = (client(), ready["shop"].as_str().unwrap());

    let buyer = json!({"country": "GB", "postal_code": "SW1A 2CN"});
    let cart = json!({"items": [{"price_id": "pro_monthly"}], "customer": buyer});
    let quote: Quote = http
        .post(url("helper", "/v1/quotes"))
        .header("origin", shop)
        .header("x-forwarded-for", "203.0.113.77")
        .json(&cart)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let order = json!({
        "quote_token": quote.quote_token,
        "customer": {"email": "canary@example.com", "name": "Canary Bird"},
        "custom_data": {"note": "canary-custom-data"},
    });
    let request =
        http.post(url("helper", "/v1/checkouts")).header("origin", shop).header("idempotency-key", "canary-key");
    let created: CreatedCheckout = request.json(&order).send().await.unwrap().json().await.unwrap();
    let session = created.url.rsplit('/').next().unwrap();
    let pay = http
        .post(url("sandbox", &format!("/control/sessions/{session}/pay")))
        .json(&json!({"card": "4242424242424242"}));
    assert!(pay.send().await.unwrap().status().is_success());
    tokio::time::sleep(Duration::from_millis(500)).await;

    // What a browser can get never holds a key of ours.
    let secrets = ["secret_key", "sandbox_key", "webhook_secret"].map(|name| ready[name].as_str().unwrap().to_owned());
    let loader = http.get(url("helper", "/checkout.js")).send().await.unwrap().text().await.unwrap();
    let mut paths: Vec<String> =
        ["/v1/catalog", "/csp", "/checkout.js", "/pay/pro_monthly", "/pages.css"].map(String::from).into();
    if let Some((base, _)) = loader.split('"').find_map(|part| part.strip_prefix('/')?.rsplit_once('/')) {
        paths.extend(["checkout-ui.js", "checkout-ui_bg.wasm"].map(|file| format!("/{base}/{file}")));
    }
    for path in paths {
        let answer = http.get(url("helper", &path)).header("origin", shop).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let bytes = answer.bytes().await.unwrap();
        for secret in &secrets {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{path} holds a key");
        }
    }

    let asked = Instant::now();
    let signalled = Command::new("kill").args(["-TERM", &child.0.id().to_string()]).status().unwrap();
    assert!(signalled.success());
    let status = child.0.wait().unwrap();
    assert!(status.success(), "{status}");
    assert!(asked.elapsed() < Duration::from_secs(10));
    let log = reading.join().unwrap().unwrap();
    assert!(log.lines().count() > 5, "it logs: {log}");
    assert_eq!(canary::personal_in(&log), None, "at the finest level, of every library too");
    let personal = ["canary-key", created.client_secret.as_str(), quote.quote_token.as_str()];
    for canary in secrets.iter().map(String::as_str).chain(personal) {
        assert!(!log.contains(canary), "the log holds {canary}");
    }
    let database = std::fs::read(data.path().join("checkout.db")).unwrap();
    for canary in [created.client_secret.as_str(), secrets[0].as_str(), secrets[1].as_str(), "canary-key"] {
        assert!(
            !database.windows(canary.len()).any(|window| window == canary.as_bytes()),
            "the database holds {canary}"
        );
    }
}

//! The executable, as somebody at a terminal meets it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use checkout_tests::canary;
use checkout_tests::http::client;
use checkout_types::Quote;
use checkout_types::checkout::CreatedCheckout;
use serde_json::{Value, json};

fn executable() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let executable = tests.ancestors().nth(2).unwrap().join("checkout-server");
    assert!(executable.exists(), "{} is not built: cargo build -p checkout-server", executable.display());
    executable
}

fn run(arguments: &[&str]) -> Output {
    Command::new(executable()).args(arguments).env_clear().output().unwrap()
}

/// A process that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

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
    if let Some(base) = loader.split('"').find(|part| part.contains("assets/")) {
        let base = base.trim_matches('/');
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

#[test]
fn mistakes_are_said_with_their_cure_and_an_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let missing = run(&["serve", "--config", &path("none.toml")]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("checkout.example.toml"));

    let serve = |config: &str| {
        std::fs::write(path("a.toml"), config).unwrap();
        let mut command = Command::new(executable());
        command
            .args(["serve", "--port", "0", "--config", &path("a.toml"), "--data", &path("data")])
            .env_clear()
            .envs(SECRETS);
        String::from_utf8_lossy(&command.output().unwrap().stderr).into_owned()
    };
    for (config, told) in [
        ("public_url = \"https://pay.example.com/\"\nallowed_origins = []", "public_url: write an origin"),
        ("public_url = \"https://pay.example.com\"\nallowed_origins = [\"*\"]", "allowed_origins: write an origin"),
        (
            "public_url = \"https://pay.example.com\"\nallowed_origins = []\ncatalog = \"none.toml\"",
            "catalog.example.toml",
        ),
    ] {
        let said = serve(config);
        assert!(said.contains(told), "{said}");
    }
    let keyless = run(&["serve", "--config", &path("a.toml")]);
    assert!(String::from_utf8_lossy(&keyless.stderr).contains("DODO_PAYMENTS_WEBHOOK_KEY"), "{keyless:?}");

    std::fs::write(path("b.toml"), "public_url = \"https://pay.example.com\"\nallowed_orgins = []\n").unwrap();
    let unknown = String::from_utf8_lossy(&run(&["serve", "--config", &path("b.toml")]).stderr).into_owned();
    assert!(unknown.contains("allowed_orgins") && unknown.contains("line 2"), "{unknown}");

    std::fs::write(path("catalog.toml"), "[[product]]\nid = \"Pro\"\n").unwrap();
    let wrong = run(&["catalog", "check", &path("catalog.toml")]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("catalog.toml:2"), "{wrong:?}");
    assert_eq!(run(&["nonsense"]).status.code(), Some(2));
}

/// What `serve` needs of the environment.
const SECRETS: [(&str, &str); 3] = [
    ("DODO_PAYMENTS_API_KEY", "a key of nobody"),
    ("DODO_PAYMENTS_WEBHOOK_KEY", "whsec_bmV3ZXI=,whsec_b2xkZXI="),
    ("CHECKOUT_SECRET_KEY", "a secret key of at least 32 characters"),
];

#[test]
fn the_example_settings_start_a_helper_that_stops_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let example = |name: &str| std::fs::read_to_string(checkout_tests::in_repository(name)).unwrap();
    std::fs::write(folder.path().join("checkout.toml"), example("checkout.example.toml")).unwrap();
    std::fs::write(folder.path().join("catalog.toml"), example("catalog.example.toml")).unwrap();
    let mut command = Command::new(executable());
    command.args(["serve", "--port", "0", "--json"]).current_dir(folder.path()).env_clear().envs(SECRETS);
    let mut child = Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    assert!(ready["helper"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{line}");
    assert!(Command::new("kill").args(["-TERM", &child.0.id().to_string()]).status().unwrap().success());
    assert!(child.0.wait().unwrap().success());
}

#[test]
fn the_example_catalog_is_without_mistakes() {
    let example = checkout_tests::in_repository("catalog.example.toml");
    let checked = run(&["catalog", "check", &example.display().to_string()]);
    assert!(checked.status.success(), "{checked:?}");
    assert!(String::from_utf8_lossy(&checked.stdout).contains("no mistakes"));
}

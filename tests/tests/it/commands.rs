//! The executable, as somebody at a terminal meets it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use checkout_server::clock::Clock;
use checkout_server::signature::SigningSecret;
use checkout_tests::canary;
use checkout_tests::http::{assert_problem, client};
use checkout_tests::signing::signed_headers;
use checkout_tests::socket::{connect_from, is_closed};
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
    for (key, told) in [("short", "at least 32 characters"), (SECRETS[2].1, "another value than CHECKOUT_SECRET_KEY")] {
        let mut command = Command::new(executable());
        command.args(["serve", "--port", "0", "--config", &path("a.toml")]).env_clear().envs(SECRETS);
        let said = command.env("CHECKOUT_OPERATOR_KEY", key).output().unwrap();
        assert!(String::from_utf8_lossy(&said.stderr).contains(told), "{said:?}");
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

/// A demo under a shell's `limits`, such as `umask 0`, and where it listens.
fn demo_under(limits: &str, data: &std::path::Path) -> (Running, Value) {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{limits}; exec \"$@\""), "sh"]).arg(executable());
    command.args(["demo", "--port", "0", "--json", "--data"]).arg(data);
    let mut child = Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready = serde_json::from_str(&line).unwrap();
    (child, ready)
}

#[test]
fn what_is_kept_is_its_owners_alone_and_memory_is_never_dumped() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let (child, _) = demo_under("umask 0; ulimit -c 1000; ulimit -S -n 256", &data);
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    let files: Vec<PathBuf> = std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).collect();
    for name in ["checkout.db", "checkout.db-wal", "checkout.db-shm", "secret_key"] {
        assert!(files.contains(&data.join(name)), "{files:?}");
    }
    for file in &files {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.0.id())).unwrap();
    let limit = |name: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(limit("Max core file size")[..2], ["0", "0"]);
    assert_ne!(limit("Max open files")[0], "256", "as many as connections need");
}

#[tokio::test]
async fn a_flood_of_connections_leaves_descriptors_for_operators_and_buyers() {
    let data = tempfile::tempdir().unwrap();
    let (_child, ready) = demo_under("ulimit -n 320", data.path());
    let helper = ready["helper"].as_str().unwrap();
    let mut flood = Vec::new();
    for number in 0..400_u16 {
        let source = Ipv4Addr::new(127, 0, 2, u8::try_from(number % 200).unwrap());
        flood.push(connect_from(helper, source).await);
    }
    let http = client();
    for url in [format!("{}/readyz", ready["operations"].as_str().unwrap()), format!("{helper}/csp")] {
        assert_eq!(http.get(&url).send().await.unwrap().status(), 200, "{url}");
    }
    let open = flood.iter().filter(|stream| !is_closed(stream)).count();
    assert!(open <= 64, "{open}: 256 of 320 descriptors are for other things");
}

#[test]
fn a_data_folder_for_everybody_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o777)).unwrap();
    let example = std::fs::read_to_string(checkout_tests::in_repository("checkout.example.toml")).unwrap();
    std::fs::write(folder.path().join("checkout.toml"), example).unwrap();
    let mut command = Command::new(executable());
    command.args(["serve", "--port", "0", "--data"]).arg(&data).current_dir(folder.path()).env_clear().envs(SECRETS);
    let refused = command.output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("chmod 700"), "{refused:?}");
}

#[tokio::test]
async fn a_disk_that_takes_no_more_is_told_at_readyz_and_by_refusals() {
    let data = tempfile::tempdir().unwrap();
    // No file may grow beyond 1 MiB: a full disk, for this process alone.
    let (_child, ready) = demo_under("trap '' XFSZ; ulimit -f 2048", data.path());
    let url = |server: &str, path: &str| format!("{}{path}", ready[server].as_str().unwrap());
    let http = client();
    let readiness = async || http.get(url("operations", "/readyz")).send().await.unwrap().status().as_u16();
    assert_eq!(readiness().await, 200);
    let secret = SigningSecret::parse(ready["webhook_secret"].as_str().unwrap()).unwrap();
    let deliver = async |number: u32| {
        let body = json!({"type": "nothing.known", "data": {"filler": "x".repeat(60_000)}}).to_string().into_bytes();
        let headers = signed_headers(&secret, &format!("msg_{number}"), Clock::wall().as_second(), &body);
        http.post(url("helper", "/webhooks/dodo")).headers(headers).body(body).send().await.unwrap()
    };
    let mut refused = None;
    for number in 0..200 {
        let answer = deliver(number).await;
        if answer.status() != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("1 MiB does not hold 12");
    assert_problem(refused, 503, "storage_unavailable").await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(readiness().await, 503, "reading still works, but nothing can be kept");
    let shown = http.get(url("helper", "/v1/catalog")).header("origin", ready["shop"].as_str().unwrap());
    assert_eq!(shown.send().await.unwrap().status(), 200, "what needs no disk goes on");
}

/// A page that pinned the script, or was open while the helper was updated, goes on.
#[tokio::test]
async fn the_widgets_of_earlier_releases_are_kept_and_served() {
    let folder = tempfile::tempdir().unwrap();
    let example = |name: &str| std::fs::read_to_string(checkout_tests::in_repository(name)).unwrap();
    std::fs::write(folder.path().join("checkout.toml"), example("checkout.example.toml")).unwrap();
    std::fs::write(folder.path().join("catalog.toml"), example("catalog.example.toml")).unwrap();
    let widgets = folder.path().join("data/widgets");
    let earlier = widgets.join("0badcafe/locales");
    std::fs::create_dir_all(&earlier).unwrap();
    for (file, text) in
        [("../checkout.js", "raw"), ("../checkout.js.br", "small"), ("en.json", "{}"), ("en.json.br", "")]
    {
        std::fs::write(earlier.join(file), text).unwrap();
    }
    for other in ["notes", "0BADCAFE", "0badcafe0"] {
        std::fs::create_dir_all(widgets.join(other)).unwrap();
        std::fs::write(widgets.join(other).join("checkout.js"), "not a release").unwrap();
    }
    let mut command = Command::new(executable());
    command.args(["serve", "--port", "0", "--json", "--data"]).arg(folder.path().join("data"));
    command.current_dir(folder.path()).env_clear().envs(SECRETS);
    let mut child = Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let helper = serde_json::from_str::<Value>(&line).unwrap()["helper"].as_str().unwrap().to_owned();
    let http = checkout_tests::http::client();
    let get = async |path: &str, encoding: &str| {
        let answer = http.get(format!("{helper}{path}")).header("accept-encoding", encoding).send().await.unwrap();
        (answer.status().as_u16(), answer.headers().clone(), answer.text().await.unwrap())
    };
    let (status, headers, text) = get("/assets/0badcafe/checkout.js", "br").await;
    assert_eq!((status, text.as_str(), &headers["content-encoding"]), (200, "small", &"br".parse().unwrap()));
    assert_eq!(headers["content-type"], "text/javascript; charset=utf-8");
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert!(headers["cache-control"].to_str().unwrap().contains("immutable"));
    assert_eq!(get("/assets/0badcafe/checkout.js", "identity").await.2, "raw");
    assert_eq!(get("/assets/0badcafe/locales/en.json", "identity").await.2, "{}");
    for path in ["/assets/notes/checkout.js", "/assets/0BADCAFE/checkout.js", "/assets/0badcafe/checkout.js.br"] {
        assert_eq!(get(path, "br").await.0, 404, "{path}");
    }
    // This build's own is kept for its successors, byte for byte.
    let loader = get("/checkout.js", "identity").await.2;
    let (base, _) = loader.split('"').find_map(|part| part.strip_prefix("/assets/")?.split_once('/')).unwrap();
    assert_eq!(std::fs::read_to_string(widgets.join(base).join("checkout.js")).unwrap(), loader);
    assert!(widgets.join(base).join("locales/ar.json.br").exists());
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

#[tokio::test]
async fn selling_is_stopped_and_started_by_command() {
    let folder = tempfile::tempdir().unwrap();
    let example = |name: &str| std::fs::read_to_string(checkout_tests::in_repository(name)).unwrap();
    std::fs::write(folder.path().join("catalog.toml"), example("catalog.example.toml")).unwrap();
    let operations = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings = format!(
        "operations = \"{operations}\"\ntrusted_proxies = [\"10.0.0.0/8\"]\n{}",
        example("checkout.example.toml").replace("operations = ", "# ").replace("127.0.0.1:8080", "127.0.0.1:0"),
    );
    std::fs::write(folder.path().join("checkout.toml"), settings).unwrap();
    let command = |arguments: &[&str]| {
        let mut command = Command::new(executable());
        command.args(arguments).current_dir(folder.path()).env_clear().envs(SECRETS);
        command.env("CHECKOUT_OPERATOR_KEY", "an operator key of at least 32 characters");
        command
    };
    let mut child =
        Running(command(&["serve", "--json"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut line).unwrap();

    let said = |arguments: &[&str]| {
        let output = command(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(said(&["selling", "show"]), "Selling.\n");
    let stopped = said(&["selling", "stop", "--reason", "cards are being tested"]);
    assert!(
        stopped.starts_with("Selling is stopped since ") && stopped.ends_with(": cards are being tested.\n"),
        "{stopped}"
    );
    let shown: Value = serde_json::from_str(&said(&["selling", "show", "--json"])).unwrap();
    assert_eq!((&shown["selling"], &shown["reason"]), (&json!(false), &json!("cards are being tested")));
    assert!(said(&["selling", "start"]).starts_with("Selling since "));

    let wrong = command(&["selling", "stop"]).env("CHECKOUT_OPERATOR_KEY", "another key").output().unwrap();
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("CHECKOUT_OPERATOR_KEY here must be"), "{wrong:?}");
    let keyless = command(&["selling", "stop"]).env_remove("CHECKOUT_OPERATOR_KEY").output().unwrap();
    assert!(String::from_utf8_lossy(&keyless.stderr).contains("CHECKOUT_OPERATOR_KEY: set it"), "{keyless:?}");
}

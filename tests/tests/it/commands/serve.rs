//! `serve` and `catalog check`: the examples are without mistakes, and mistakes are told.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Running, SECRETS, executable, run, write_examples};

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

#[test]
fn the_example_settings_start_a_helper_that_stops_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    write_examples(folder.path());
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

/// A page that pinned the script, or was open while the helper was updated, goes on.
#[tokio::test]
async fn the_widgets_of_earlier_releases_are_kept_and_served() {
    let folder = tempfile::tempdir().unwrap();
    write_examples(folder.path());
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

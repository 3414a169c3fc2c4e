//! `selling`: the kill switch.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{Running, SECRETS, executable};

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

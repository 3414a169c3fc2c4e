//! `reconcile` and `refund`: against a helper that runs.

use std::process::{Command, Output};

use checkout_tests::app::TestApp;
use checkout_types::CheckoutStatus;
use serde_json::{Value, json};

use super::executable;

/// Runs a command as its operator, in a folder whose settings name the helper.
async fn run(app: &TestApp, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let example = std::fs::read_to_string(checkout_tests::in_repository("checkout.example.toml")).unwrap();
    let operations = app.ready().operations.trim_start_matches("http://");
    let settings = format!("operations = \"{operations}\"\n{}", example.replace("operations = ", "# "));
    std::fs::write(folder.path().join("checkout.toml"), settings).unwrap();
    let mut command = Command::new(executable());
    command.args(arguments).current_dir(folder.path()).env_clear();
    command.env("CHECKOUT_OPERATOR_KEY", &app.ready().operator_key);
    let (output, _folder) = tokio::task::spawn_blocking(move || (command.output().unwrap(), folder)).await.unwrap();
    output
}

fn said(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn what_was_missed_is_mended_by_command() {
    let app = TestApp::start().await;
    app.demo.app.healing.rest();
    app.scenario(json!({"webhooks": {"mode": "never"}})).await;
    let (created, _) = app.buy("desktop_license").await;
    let mended = said(run(&app, &["reconcile"]).await);
    assert_eq!(mended, "Looked at 1: 1 differing, 1 mended, 0 still open.\n");
    assert_eq!(app.state(&created).await.status, CheckoutStatus::Paid);
    let again: Value = serde_json::from_str(&said(run(&app, &["reconcile", "--recent", "--json"]).await)).unwrap();
    assert_eq!(
        (&again["state"], &again["scope"], &again["differing"]),
        (&json!("finished"), &json!("recent"), &json!(0))
    );
}

#[tokio::test]
async fn a_payment_is_given_back_by_command_and_once_for_each_key() {
    let app = TestApp::start().await;
    let (created, payment) = app.buy("desktop_license").await;
    app.wait_for(&created, CheckoutStatus::Paid).await;
    let part = ["refund", &payment, "--amount", "500EUR", "--reason", "asked for", "--key", "k-1", "--json"];
    let first: Value = serde_json::from_str(&said(run(&app, &part).await)).unwrap();
    let again: Value = serde_json::from_str(&said(run(&app, &part).await)).unwrap();
    assert_eq!((&first["id"], &first["amount"]["amount"]), (&again["id"], &json!(500)));
    let rest = said(run(&app, &["refund", &payment]).await);
    assert!(rest.contains(&format!("172.31 EUR of {payment}")), "{rest}");
    let more = run(&app, &["refund", &payment]).await;
    assert_eq!(more.status.code(), Some(1));
    let told = String::from_utf8_lossy(&more.stderr);
    assert!(told.contains("more than is left of the payment") && told.contains("--key "), "{told}");
    assert_eq!(app.demo.sandbox.request_count("POST /refunds"), 2);
}

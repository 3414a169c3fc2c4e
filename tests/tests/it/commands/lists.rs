//! `events`, `deliveries`, `payments`, `subscriptions`, `checkouts`: against a helper that runs.

use std::process::{Command, Output};

use checkout_tests::app::TestApp;
use checkout_tests::seeing::Left;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::executable;

/// The command as an operator of that helper types it.
fn typed(app: &TestApp, folder: &TempDir, arguments: &[&str]) -> Output {
    let operations = app.ready().operations.trim_start_matches("http://");
    let settings = folder.path().join("checkout.toml");
    if !settings.exists() {
        let example = std::fs::read_to_string(checkout_tests::in_repository("checkout.example.toml")).unwrap();
        std::fs::write(&settings, format!("operations = \"{operations}\"\n{}", example.replace("operations = ", "# ")))
            .unwrap();
    }
    let mut command = Command::new(executable());
    command.args(arguments).current_dir(folder.path()).env_clear();
    command.env("CHECKOUT_OPERATOR_KEY", &app.ready().operator_key).output().unwrap()
}

fn said(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_is_listed_shown_and_sent_again_by_command() {
    let (app, _merchant) = TestApp::with_quiet_endpoints().await;
    let folder = tempfile::tempdir().unwrap();
    let created = app.bought("pro_monthly", Some("user_4711")).await;
    let dead = app.leave("checkout.paid", &Left { state: "dead", status_code: Some(500), ..Left::default() });
    let other = app.leave("payment.succeeded", &Left { state: "dead", ..Left::default() });
    let says = |arguments: &[&str]| said(typed(&app, &folder, arguments));

    let table = says(&["checkouts", "list", "--reference", "user_4711"]);
    assert!(table.starts_with("TIME") && table.contains(&created.id) && table.contains("34.51 EUR"), "{table}");
    let table = says(&["payments", "list", "--status", "succeeded"]);
    assert!(table.contains("sale") && table.contains("user_4711"), "{table}");
    assert_eq!(says(&["payments", "list", "--status", "failed"]), "None.\n");
    let table = says(&["subscriptions", "list", "--status", "active"]);
    assert!(table.contains("pro_monthly"), "{table}");
    let page: Value = serde_json::from_str(&says(&["subscriptions", "list", "--json"])).unwrap();
    let subscription = page["items"][0]["id"].as_str().unwrap();
    assert!(says(&["subscriptions", "show", subscription]).contains("price: pro_monthly"));
    let first = says(&["events", "list", "--limit", "1"]);
    let cursor = first.split("--cursor ").nth(1).unwrap().trim();
    assert_ne!(says(&["events", "list", "--limit", "1", "--cursor", cursor]), first, "the next page is another");
    let page: Value = serde_json::from_str(&says(&["events", "list", "--type", "checkout.paid", "--json"])).unwrap();
    let event = page["items"][0]["id"].as_str().unwrap();
    assert!(says(&["events", "show", event]).contains("\"reference\": \"user_4711\""));

    assert!(says(&["deliveries", "list", "--state", "dead"]).contains(&dead));
    assert!(says(&["deliveries", "show", &dead]).contains("status_code: 500"));
    assert_eq!(says(&["deliveries", "replay", &dead]), "1 message is in the queue again.\n");
    app.arrived(&dead).await;
    let again = says(&["events", "replay", event]);
    assert!(again.ends_with("in the queue again.\n"), "{again}");
    let many = says(&["deliveries", "replay", "--state", "dead", "--since", "2020-01-01T00:00:00Z", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&many).unwrap(), json!({"replayed": 1}));
    app.arrived(&other).await;
    assert_eq!(says(&["deliveries", "list", "--state", "dead"]), "None.\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_said_and_told_by_the_exit_code() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    for (arguments, code, words) in [
        (vec!["events", "list", "--type", "nothing"], 1, "(/type; there is checkout.paid, "),
        (vec!["payments", "list", "--status", "faild"], 1, "(/status: did you mean failed?; there is waiting, "),
        (vec!["refund", "pay_1", "--amount", "5.00EUR"], 1, "500EUR, which is 5.00 EUR"),
        (vec!["review", "int_1", "--who", "ada", "--why", "looked"], 2, "--made"),
        (vec!["review", "int_1", "--not-made", "--who", "ada", "--why", "looked"], 1, "There is nothing here."),
        (vec!["events", "list", "--limit", "1000"], 1, "(/limit)"),
        (vec!["events", "show", "evt_0"], 1, "There is nothing here."),
        (vec!["deliveries", "replay"], 2, "<ID>"),
        (vec!["deliveries", "replay", "msg_1", "--state", "dead"], 2, "cannot be used with"),
        (vec!["payments"], 2, "Usage"),
    ] {
        let output = typed(&app, &folder, &arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(words), "{arguments:?}: {output:?}");
    }
    for command in ["events", "deliveries", "payments", "subscriptions", "checkouts"] {
        let help = said(typed(&app, &folder, &[command, "--help"]));
        assert!(help.contains(&format!("checkout-server {command} list")), "{command}: {help}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_needs_the_address_and_the_key_and_no_other_setting() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let operations = app.ready().operations.as_str();
    let typed = |arguments: &[&str], key: &str| {
        let mut command = Command::new(executable());
        command.args(arguments).current_dir(folder.path()).env_clear();
        if !key.is_empty() {
            command.env("CHECKOUT_OPERATOR_KEY", key);
        }
        command.output().unwrap()
    };
    let key = app.ready().operator_key.as_str();
    // From anywhere, with no settings at all.
    for address in [operations, operations.trim_start_matches("http://")] {
        for command in ["events", "deliveries", "payments", "subscriptions", "checkouts"] {
            assert_eq!(said(typed(&[command, "list", "--operations", address], key)), "None.\n");
        }
    }
    assert!(said(typed(&["selling", "show", "--operations", operations], key)).starts_with("Selling"));
    // Of settings that no helper could run with, only two are looked at.
    let settings = format!(
        "operations = \"{}\"\noperator_key_file = \"key\"\n[provider]\nmode = \"of another release\"\n",
        operations.trim_start_matches("http://")
    );
    std::fs::write(folder.path().join("checkout.toml"), settings).unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, key).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(said(typed(&["events", "list"], "")), "None.\n");
    std::fs::remove_file(&file).unwrap();
    for (arguments, words) in [
        (vec!["events", "list"], "key"),
        (vec!["events", "list", "--config", "nowhere.toml"], "nowhere.toml"),
        (vec!["events", "list", "--operations", "http://127.0.0.1/path"], "--operations: write an origin"),
    ] {
        let key = if words == "key" { "" } else { key };
        let output = typed(&arguments, key);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(words), "{arguments:?}: {output:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_by_command_says_how_much_as_people_write_it() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (created, payment) = app.buy("desktop_license").await;
    app.wait_for(&created, checkout_types::CheckoutStatus::Paid).await;
    let dollars = typed(&app, &folder, &["refund", &payment, "--amount", "500USD"]);
    let words = String::from_utf8(dollars.stderr).unwrap();
    assert!(words.contains("5.00 USD of pay_") && words.contains("(/amount/currency; there is EUR)"), "{words}");
    let given = said(typed(&app, &folder, &["refund", &payment, "--amount", "500EUR"]));
    assert!(given.contains(": 5.00 EUR of pay_"), "{given}");
}

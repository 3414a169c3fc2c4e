//! `access`: what a customer may use, and what a person gives or blocks.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Running, SECRETS, executable};

#[tokio::test]
async fn access_is_shown_given_blocked_and_lifted_by_command() {
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
    let signed = ["--who", "grace", "--why", "an outage of ours"];
    // A name with everything that a query must not hold as it is.
    let customer = "tenant/7&x=1 ü#%";
    let nothing = said(&["access", "list", customer]);
    assert_eq!(nothing.lines().count(), 8);
    assert!(
        nothing.lines().any(|line| line.starts_with("pro ") && line.ends_with("none       not_bought")),
        "{nothing}"
    );

    let limits = ["--limit", "projects=10", "--limit", "exports=unlimited", "--until", "2999-01-01T00:00:00Z"];
    let given = said(&[&["access", "grant", customer, "pro"], &limits[..], &signed[..]].concat());
    let pro = given.lines().find(|line| line.starts_with("pro ")).unwrap();
    assert!(pro.contains("active     granted_by_hand until 2999-01-01T00:00:00"), "{pro}");
    assert!(pro.ends_with(" (exports=unlimited, projects=10)"), "{pro}");
    let kept = given.lines().last().unwrap();
    assert!(kept.starts_with("hand_") && kept.ends_with(" by grace: an outage of ours"), "{kept}");

    said(&[&["access", "block", customer, "pro"], &signed[..]].concat());
    let shown: Value = serde_json::from_str(&said(&["access", "list", customer, "--json"])).unwrap();
    assert_eq!(shown["reference"], customer);
    assert_eq!(shown["by_hand"][0]["action"], "block");
    let block = shown["by_hand"][0]["id"].as_str().unwrap();
    let lifted = said(&["access", "lift", block, "--who", "linus", "--why", "settled"]);
    assert!(lifted.starts_with("Lifted: hand_") && lifted.ends_with(" by linus: settled\n"), "{lifted}");
    assert!(said(&["access", "list", customer]).contains("granted_by_hand"));

    let slip = command(&[&["access", "grant", customer, "pri"], &signed[..]].concat()).output().unwrap();
    assert_eq!(slip.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&slip.stderr).contains("(/entitlement: did you mean pro?; there is api, "),
        "{slip:?}"
    );
    let nobody = command(&["access", "grant", customer, "pro", "--why", "x"]).output().unwrap();
    assert_eq!(nobody.status.code(), Some(2), "who does it has to be said");
    let help = said(&["access", "grant", "--help"]);
    assert!(help.contains("Example: `checkout-server access grant user_4711 pro"), "{help}");
}

//! The process itself: who may read what it keeps, and what it does when descriptors or the disk run out
//! (S19, G2d).

use std::io::{BufRead as _, BufReader};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use checkout_server::clock::Clock;
use checkout_server::signature::SigningSecret;
use checkout_tests::http::{assert_problem, client};
use checkout_tests::signing::signed_headers;
use checkout_tests::socket::{connect_from, is_closed};
use serde_json::{Value, json};

use super::{Running, SECRETS, executable, write_examples};

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
    write_examples(folder.path());
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

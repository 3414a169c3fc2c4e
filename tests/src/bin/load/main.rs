//! `make load`: what the helper does when too many come (G29, G30). Loopback only, bounded in count and
//! in seconds. The helper has one processor to itself, where the machine has two and `taskset`; its
//! provider, a sandbox, and this generator share the other. Prints figures beside their aims.
//!
//! (a) 100 good clients on an idle server, then beside 1,000 connections that drip their headers: from
//! 250 other addresses, from one other, and from the good ones' own.
//! (b) The most orders a second that a closed loop gets; then three times as many on a fixed
//! schedule, whatever the server answers, with webhooks beside them.
//!
//! `load slow` and `load orders` measure one of them.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use checkout_tests::server::{Failure, Server};

mod good;
mod line;
mod overload;
mod slow;

/// Several answers' times.
struct Times(Vec<Duration>);

impl Times {
    /// The time that so many percent stay below.
    fn percentile(&mut self, percent: usize) -> Duration {
        self.0.sort_unstable();
        let at = (self.0.len() * percent / 100).min(self.0.len().saturating_sub(1));
        self.0.get(at).copied().unwrap_or_default()
    }
}

fn main() -> Result<(), Failure> {
    let own = std::process::id().to_string();
    let cores = std::thread::available_parallelism()?.get();
    let pinned = cores > 1
        && Command::new("taskset")
            .args(["-a", "-c", "-p", "1", &own])
            .stdout(Stdio::null())
            .status()
            .is_ok_and(|done| done.success());
    let wrapped: &[&str] = if pinned { &["taskset", "-c", "0"] } else { &[] };
    say(&format!(
        "{cores} processors; {}",
        if pinned { "the helper on 0, sandbox and generator on 1" } else { "shared by helper, sandbox and generator" }
    ))?;
    let busy = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    say(&format!("load average before the start: {}", busy.trim()))?;
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == part);
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        if wants("slow") {
            slow_clients(&Server::helper(wrapped, &[])?).await?;
        }
        if wants("orders") {
            overload::measure(&Server::helper(wrapped, &[])?).await?;
        }
        Ok(())
    })
}

async fn slow_clients(server: &Server) -> Result<(), Failure> {
    say("\n(a) 100 good clients; aim: p99 at most twice that of the idle server")?;
    say(&format!("{:<44} {:>8} {:>8} {:>7} {:>9} {:>7}", "", "p50 ms", "p99 ms", "failed", "slow open", "ratio"))?;
    good::measure(server).await?;
    let mut idle = Duration::ZERO;
    for (name, sources) in [
        ("idle", 0..=0),
        ("1,000 slow heads, 250 addresses", 2..=251),
        ("1,000 slow heads, one other address", 2..=2),
        ("1,000 slow heads, the good ones' address", 1..=1),
    ] {
        let slow = (name != "idle").then(|| slow::attack(server, sources));
        tokio::time::sleep(Duration::from_secs(if slow.is_some() { 3 } else { 0 })).await;
        let (mut times, failed) = good::measure(server).await?;
        let open = slow.as_ref().map_or(0, slow::Attack::open);
        let p99 = times.percentile(99);
        idle = if name == "idle" { p99 } else { idle };
        let p50 = times.percentile(50);
        let ratio = p99.as_micros() * 100 / idle.as_micros().max(1);
        say(&format!(
            "{name:<44} {:>8} {:>8} {failed:>7} {open:>9} {:>4}.{:02}",
            millis(p50),
            millis(p99),
            ratio / 100,
            ratio % 100
        ))?;
    }
    Ok(())
}

/// Milliseconds with two decimals.
fn millis(time: Duration) -> String {
    format!("{}.{:02}", time.as_millis(), time.as_micros() / 10 % 100)
}

fn say(line: &str) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

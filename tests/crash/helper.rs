//! The helper as a process of its own, which the proof kills, stops and starts again. Its addresses change
//! with each start; the doors of the world are turned to them.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use checkout_server::clock::Clock;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::world::World;

/// How long a start or a stop may take before something is wrong with the proof itself.
const PATIENCE: Duration = Duration::from_mins(2);

/// Which of the executables beside ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Executable {
    /// As merchants have it.
    #[default]
    Product,
    /// With crash points, and broken where it is told to be.
    Faults,
}

/// How to start it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Start {
    pub(crate) executable: Executable,
    /// More of its environment, such as `CRASH_AT`.
    pub(crate) env: Vec<(String, String)>,
}

/// When helpers of a world died: killed, or ended by themselves other than well. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deaths(Arc<Mutex<Vec<i64>>>);

impl Deaths {
    /// One died now.
    fn note(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Clock::wall().as_microsecond());
    }

    /// All of them, in microseconds of the wall's clock.
    pub(crate) fn all(&self) -> Vec<i64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The running helper. It is killed with this.
pub(crate) struct Helper {
    child: Child,
    pid: Pid,
    deaths: Deaths,
    /// Addresses: `helper` and `operations`.
    pub(crate) ready: Value,
    /// From the start until it said that it is up.
    pub(crate) started_in: Duration,
}

/// What it holds of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// Resident memory in KiB.
    pub(crate) resident: u64,
    /// Open descriptors; none where the system does not say.
    pub(crate) descriptors: Option<usize>,
}

impl Helper {
    /// Starts it on the world's data, and turns the doors to it.
    ///
    /// # Errors
    /// It ended before it was up, as one with a crash point on its way may; or it is not built.
    pub(crate) async fn start(world: &World, start: &Start) -> Result<Self, String> {
        let begun = Instant::now();
        let mut child = command(world, start)?.spawn().map_err(|error| error.to_string())?;
        let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)).ok_or("it has no id")?;
        let mut out = BufReader::new(child.stdout.take().ok_or("it has no output")?);
        let mut line = String::new();
        let read = tokio::time::timeout(PATIENCE, out.read_line(&mut line)).await;
        let read = read.map_err(|_| "it does not come up".to_owned())?;
        read.map_err(|error| error.to_string())?;
        let Ok(ready) = serde_json::from_str::<Value>(&line) else {
            let ended = child.wait().await.map_err(|error| error.to_string())?;
            world.deaths.note();
            return Err(format!("it ended before it was up: {ended}"));
        };
        let started_in = begun.elapsed();
        world.door.turn(ready["helper"].as_str().unwrap_or_default());
        world.operations.turn(ready["operations"].as_str().unwrap_or_default());
        Ok(Self { child, pid, deaths: world.deaths.clone(), ready, started_in })
    }

    /// Ends it as a crash would, at once, and waits until it is gone.
    pub(crate) async fn kill(mut self) {
        self.deaths.note();
        drop(self.child.start_kill());
        drop(self.child.wait().await);
    }

    /// Asks it to stop, and does not wait.
    pub(crate) fn ask_to_stop(&self) {
        // One that is gone has nothing to hear.
        let _ = kill_process(self.pid, Signal::TERM);
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// It does not.
    pub(crate) async fn ended(mut self) -> Result<ExitStatus, String> {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let ended = ended.map_err(|_| "it does not end".to_owned())?.map_err(|error| error.to_string())?;
        if !ended.success() {
            self.deaths.note();
        }
        Ok(ended)
    }

    /// Asks it to stop, and waits until it has ended.
    ///
    /// # Errors
    /// It does not.
    pub(crate) async fn terminate(self) -> Result<ExitStatus, String> {
        self.ask_to_stop();
        self.ended().await
    }

    /// How it ended, where it has.
    pub(crate) fn exited(&mut self) -> Option<ExitStatus> {
        let ended = self.child.try_wait().ok().flatten();
        if ended.is_some() {
            self.deaths.note();
        }
        ended
    }

    /// What it holds now.
    pub(crate) fn usage(&self) -> Usage {
        let of = |file: &str| PathBuf::from(format!("/proc/{}/{file}", self.pid.as_raw_nonzero()));
        let status = std::fs::read_to_string(of("status")).unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let resident = resident.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok());
        let descriptors = std::fs::read_dir(of("fd")).ok().map(Iterator::count);
        Usage { resident: resident.unwrap_or_default(), descriptors }
    }
}

fn command(world: &World, start: &Start) -> Result<Command, String> {
    let name = match start.executable {
        Executable::Product => "checkout-server",
        Executable::Faults => "checkout-server-faults",
    };
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let log = OpenOptions::new().create(true).append(true).open(world.folder.join("helper.log"));
    let mut command = Command::new(own.with_file_name(name));
    command
        .args(["serve", "--port", "0", "--json", "--config"])
        .arg(world.settings())
        .arg("--data")
        .arg(world.data())
        .envs(world.environment().iter().map(|(name, value)| (name, value)))
        .envs(start.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log.map_err(|error| error.to_string())?)
        .kill_on_drop(true);
    Ok(command)
}

//! Servers as processes of their own, for measurements: their memory and their processor time are part
//! of the answer.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::in_repository;

/// Why nothing was measured.
pub type Failure = Box<dyn std::error::Error>;

/// The page that a helper of its own sells from.
const SHOP: &str = "http://127.0.0.1:1";

/// A server in its own process, which ends with this.
pub struct Server {
    process: Process,
    /// Addresses and keys.
    pub ready: Value,
    /// From the start until it answers.
    pub started_in: Duration,
    /// Its provider and its folder, where it has them of its own.
    _provider: Option<(Process, TempDir)>,
}

/// Ends with this.
struct Process(Child);

impl Server {
    /// Starts a demo, with its sandbox in the same process.
    ///
    /// # Errors
    /// It is not built, or does not start.
    pub fn start() -> Result<Self, Failure> {
        let begun = Instant::now();
        let (process, ready) = spawn(command(&[])?.args(["demo", "--port", "0", "--json"]))?;
        Ok(Self { process, ready, started_in: begun.elapsed(), _provider: None })
    }

    /// Starts a helper as a merchant does, and its provider, a sandbox, in another process.
    /// What runs each of them, such as `taskset -c 0`, or nothing, comes first.
    ///
    /// # Errors
    /// One of them is not built, or does not start.
    pub fn helper(helper: &[&str], sandbox: &[&str]) -> Result<Self, Failure> {
        let (folder, catalog) = (tempfile::tempdir()?, in_repository("catalog.example.toml").canonicalize()?);
        let (provider, keys) =
            spawn(command(sandbox)?.args(["sandbox", "--port", "0", "--json", "--catalog"]).arg(&catalog))?;
        let text = |name: &str| keys[name].as_str().unwrap_or_default();
        let settings = folder.path().join("checkout.toml");
        std::fs::write(
            &settings,
            format!(
                "public_url = \"http://127.0.0.1:2\"\nallowed_origins = [\"{SHOP}\"]\ncatalog = \"{}\"\n\
                 [provider]\napi_url = \"{url}\"\ncheckout_url = \"{url}\"\n",
                catalog.display(),
                url = text("sandbox"),
            ),
        )?;
        let begun = Instant::now();
        let mut serve = command(helper)?;
        serve
            .args(["serve", "--port", "0", "--json", "--config"])
            .arg(&settings)
            .arg("--data")
            .arg(folder.path().join("data"))
            .env("DODO_PAYMENTS_API_KEY", text("sandbox_key"))
            .env("DODO_PAYMENTS_WEBHOOK_KEY", text("webhook_secret"))
            .env("CHECKOUT_SECRET_KEY", "a secret key of at least 32 characters");
        let (process, mut ready) = spawn(&mut serve)?;
        let started_in = begun.elapsed();
        ready["shop"] = SHOP.into();
        ready["webhook_secret"] = keys["webhook_secret"].clone();
        Ok(Self { process, ready, started_in, _provider: Some((provider, folder)) })
    }

    /// Starts this executable itself, as a server that says where it is in one line of JSON.
    ///
    /// # Errors
    /// It does not start.
    pub fn own(arguments: &[&str]) -> Result<Self, Failure> {
        let begun = Instant::now();
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null());
        let (process, ready) = spawn(&mut command)?;
        Ok(Self { process, ready, started_in: begun.elapsed(), _provider: None })
    }

    /// An address of one of its servers.
    pub fn url(&self, server: &str, path: &str) -> String {
        format!("{}{path}", self.text(server))
    }

    /// One of the words it said when it was up.
    pub fn text(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap_or_default()
    }

    /// What it has used, see [`usage_of`].
    ///
    /// # Errors
    /// The process is gone.
    pub fn usage(&self) -> Result<Usage, Failure> {
        usage_of(&self.process.0.id().to_string())
    }
}

/// What the process of that id has used; `self` is this one.
///
/// # Errors
/// The process is gone.
pub fn usage_of(process: &str) -> Result<Usage, Failure> {
    let of = |file: &str| std::fs::read_to_string(format!("/proc/{process}/{file}"));
    let memory = of("status")?;
    let line = |name: &str| {
        let text = memory.lines().find_map(|line| line.strip_prefix(name)).ok_or("a field is missing")?;
        Ok::<u64, Failure>(text.trim().trim_end_matches(" kB").parse()?)
    };
    let times = of("stat")?;
    let fields: Vec<&str> = times.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    Ok(Usage {
        resident: line("VmRSS:")?,
        peak: line("VmHWM:")?,
        ticks: fields[11].parse::<u64>()? + fields[12].parse::<u64>()?,
    })
}

/// What a process has used.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Memory now, in KiB.
    pub resident: u64,
    /// Memory at its highest, in KiB.
    pub peak: u64,
    /// Processor time, in hundredths of a second.
    pub ticks: u64,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The executable beside ours, run by what is given.
fn command(wrapped: &[&str]) -> Result<Command, Failure> {
    let executable: PathBuf = std::env::current_exe()?.with_file_name("checkout-server");
    let mut command = match wrapped {
        [] => Command::new(executable),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(executable);
            command
        }
    };
    // They write their logs as they always do, and nobody reads them.
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    Ok(command)
}

/// Runs it until it says that it is up.
fn spawn(command: &mut Command) -> Result<(Process, Value), Failure> {
    let mut process = Process(command.spawn()?);
    let mut line = String::new();
    let out = process.0.stdout.take().ok_or("no output")?;
    BufReader::new(out).read_line(&mut line)?;
    Ok((process, serde_json::from_str(&line)?))
}

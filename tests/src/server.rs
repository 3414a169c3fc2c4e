//! The demo as a process of its own, for measurements: its memory and its processor time are part of
//! the answer.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Why nothing was measured.
pub type Failure = Box<dyn std::error::Error>;

/// A demo in its own process, which ends with this.
pub struct Server {
    process: Child,
    /// Addresses and keys.
    pub ready: Value,
    /// From the start until it answers.
    pub started_in: Duration,
}

impl Server {
    /// Starts the executable beside ours; `wrapped` is what runs it, such as `taskset -c 0`, or nothing.
    ///
    /// # Errors
    /// It is not built, or does not start.
    pub fn start(wrapped: &[&str]) -> Result<Self, Failure> {
        let executable: PathBuf = std::env::current_exe()?.with_file_name("checkout-server");
        let begun = Instant::now();
        let mut command = match wrapped {
            [] => Command::new(executable),
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                command.args(arguments).arg(executable);
                command
            }
        };
        command.args(["demo", "--port", "0", "--json"]).env("RUST_LOG", "error").stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let mut line = String::new();
        let out = process.stdout.take().ok_or("no output")?;
        BufReader::new(out).read_line(&mut line)?;
        Ok(Self { ready: serde_json::from_str(&line)?, process, started_in: begun.elapsed() })
    }

    /// An address of one of its servers.
    pub fn url(&self, server: &str, path: &str) -> String {
        format!("{}{path}", self.text(server))
    }

    /// One of the words it said when it was up.
    pub fn text(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap_or_default()
    }

    /// Resident memory in KiB, now or at its highest, and processor time in clock ticks (hundredths
    /// of a second).
    ///
    /// # Errors
    /// The process is gone.
    pub fn usage(&self) -> Result<Usage, Failure> {
        let of = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", self.process.id()));
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

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

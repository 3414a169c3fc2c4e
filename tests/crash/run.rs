//! What a run was asked for.

use std::path::PathBuf;

use checkout_tests::in_repository;

/// How much of it, and from which seed.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Everything that is chosen by chance is chosen from this.
    pub(crate) seed: u64,
    /// Kills, images, faults or stops; each command has its own usual number.
    pub(crate) count: Option<u64>,
    /// Seconds of load, where that is the measure.
    pub(crate) seconds: Option<u64>,
    /// Only these: names of points or mutants.
    pub(crate) only: Vec<String>,
}

impl Options {
    /// Reads `--seed N --count N --seconds N NAME…`. Without a seed one is chosen by the time.
    pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut seed, mut count, mut seconds, mut only) = (None, None, None, Vec::new());
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let place = match argument.as_str() {
                "--seed" => &mut seed,
                "--count" => &mut count,
                "--seconds" => &mut seconds,
                name if !name.starts_with('-') => {
                    only.push(argument);
                    continue;
                }
                _ => return Err(format!("{argument} is not known; there are --seed, --count and --seconds")),
            };
            let number = arguments.next().and_then(|number| number.parse().ok());
            *place = Some(number.ok_or_else(|| format!("{argument} needs a number"))?);
        }
        let by_time = checkout_server::clock::Clock::wall().as_microsecond().unsigned_abs() % 1_000_000;
        Ok(Self { seed: seed.unwrap_or(by_time), count, seconds, only })
    }

    /// Whether it is the run that the figures are of: everything, as often as is usual.
    pub(crate) fn is_whole(&self) -> bool {
        self.count.is_none() && self.seconds.is_none() && self.only.is_empty()
    }

    /// Where a run leaves what is needed to look into its failure: on the disk that builds are on, not in
    /// memory, because what is proven is what reaches a disk.
    pub(crate) fn folder(&self, command: &str) -> PathBuf {
        in_repository("target/crash").join(format!("{command}-{}", self.seed))
    }
}

/// Runs what a command does, with what it needs of tasks and timers.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("this machine has threads").block_on(work)
}

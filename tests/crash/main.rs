//! The proof (`make crash`, `make power`, `make faults`, `make soak`): what is acknowledged survives kills,
//! power cuts and sick disks, and the same proof fails servers that are broken on purpose.
//!
//! `crash COMMAND [--seed N] [--count N] [--seconds N]`; each run prints its seed, its counts, and at last
//! `N passed, N failed`. What a failure needs to be played again stays in `target/crash/COMMAND-SEED`.

use std::process::ExitCode;

use run::Options;
use verdict::Verdict;

mod backup;
mod chance;
mod clock;
mod courier;
mod disk;
mod door;
#[path = "../shim/src/format.rs"]
mod format;
mod helper;
mod history;
mod kills;
mod load;
mod migrations;
mod mutants;
mod network;
mod oracle;
mod points;
mod power;
mod restart;
mod run;
mod shim;
mod soak;
mod stock;
mod stops;
mod stories;
mod verdict;
mod world;

fn main() -> ExitCode {
    let command = std::env::args().nth(1).unwrap_or_default();
    let options = match Options::read(std::env::args().skip(2)) {
        Ok(options) => options,
        Err(mistake) => return refuse(&mistake),
    };
    let verdict: Verdict = match command.as_str() {
        // One line a command.
        "backup" => backup::run(&options),
        "clock" => clock::run(&options),
        "disk" => disk::run(&options),
        "kills" => kills::run(&options),
        "migrations" => migrations::run(&options),
        "mutants" => mutants::run(&options),
        "network" => network::run(&options),
        "points" => points::run(&options),
        "power" => power::run(&options),
        "restart" => restart::run(&options),
        "soak" => soak::run(&options),
        "stops" => stops::run(&options),
        "stories" => stories::read(&options),
        _ => return refuse(&format!("{command:?} is not known; the file's first lines say what there is")),
    };
    verdict.close(&command, &options)
}

fn refuse(mistake: &str) -> ExitCode {
    eprintln!("crash: {mistake}");
    ExitCode::from(2)
}

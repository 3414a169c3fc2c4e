//! The helper as the proof runs it: with crash points, and broken where it is told to be.

use std::process::ExitCode;

fn main() -> ExitCode {
    checkout_server::cli::run()
}

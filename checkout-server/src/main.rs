//! The helper's executable: all it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    checkout_server::cli::run()
}

//! The helper's executable: all it does is in the library.

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Built with all features it would obey whoever sets an environment variable to break it.
    if cfg!(feature = "faults") {
        let refused = "checkout-server: built with the feature `faults`, which is for the proof alone: build it \
            without, or run checkout-server-faults";
        drop(writeln!(std::io::stderr(), "{refused}"));
        return ExitCode::FAILURE;
    }
    checkout_server::cli::run()
}

//! The executable, as somebody at a terminal meets it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};

use checkout_tests::in_repository;

mod access;
mod backup;
mod demo;
mod emails;
mod healing;
mod lists;
mod process;
mod selling;
mod serve;

/// What `serve` needs of the environment.
const SECRETS: [(&str, &str); 3] = [
    ("DODO_PAYMENTS_API_KEY", "a key of nobody"),
    ("DODO_PAYMENTS_WEBHOOK_KEY", "whsec_bmV3ZXI=,whsec_b2xkZXI="),
    ("CHECKOUT_SECRET_KEY", "a secret key of at least 32 characters"),
];

fn executable() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let executable = tests.ancestors().nth(2).unwrap().join("checkout-server");
    assert!(executable.exists(), "{} is not built: cargo build -p checkout-server", executable.display());
    executable
}

fn run(arguments: &[&str]) -> Output {
    Command::new(executable()).args(arguments).env_clear().output().unwrap()
}

/// A process that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The example settings and the example catalog, in a folder.
fn write_examples(folder: &Path) {
    for (name, example) in [("checkout.toml", "checkout.example.toml"), ("catalog.toml", "catalog.example.toml")] {
        std::fs::copy(in_repository(example), folder.join(name)).unwrap();
    }
}

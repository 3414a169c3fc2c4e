//! Where a running helper's operators connect, for the commands that do: of its settings two, and nothing
//! else has to be right or even there.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;

use super::{ConfigError, OPERATIONS, OPERATOR_KEY, origin, read, secret};

/// What a command needs that speaks to a running helper's operations listener.
pub struct Operations {
    /// Where it listens, as an origin.
    pub address: String,
    /// What it asks for.
    pub key: SecretString,
}

impl Operations {
    /// What is said, or else what the helper's settings say where they are here, or else where a helper
    /// listens that was told nothing. Nothing else in the settings is looked at.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn load(
        settings: Option<&Path>,
        address: Option<&str>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let WrittenOperations { operations, operator_key_file } = match settings {
            Some(path) => read(path)?,
            None => WrittenOperations::default(),
        };
        let key = secret(&environment, OPERATOR_KEY, operator_key_file)?.into();
        let address = match address {
            Some(text) if text.contains("://") => origin("--operations", text)?,
            Some(text) => origin("--operations", &format!("http://{text}"))?,
            None => format!("http://{}", here(operations.unwrap_or(OPERATIONS))),
        };
        Ok(Self { address, key })
    }
}

/// Of settings, what is about the operations listener; the rest is not this command's to judge.
#[derive(Default, Deserialize)]
struct WrittenOperations {
    operations: Option<SocketAddr>,
    operator_key_file: Option<PathBuf>,
}

/// Who listens everywhere is reached here, too.
fn here(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    address
}

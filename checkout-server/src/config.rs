//! Settings: `checkout.toml` says what was written, [`Config`] what it means. Secrets come by the
//! environment or by files, never in the settings themselves. The example file is the manual.

use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;

use crate::abuse::Limits;
use crate::http::address::{Network, NetworkError};
use crate::mail::Mailer;
use crate::outbox::Endpoint;
use crate::outgoing::Reach;
use crate::provider::dodo;
use crate::signature::SigningSecret;

mod endpoints;
mod limits;
mod mail;
mod operations;

use endpoints::WrittenEndpoint;
use limits::WrittenLimits;
use mail::WrittenMail;

pub use operations::Operations;

/// Where operators connect by default.
const OPERATIONS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9090);
const OPERATOR_KEY: &str = "CHECKOUT_OPERATOR_KEY";

/// What the settings mean.
#[derive(Debug)]
pub struct Config {
    /// Where buyers, pages and the provider connect.
    pub listen: SocketAddr,
    /// Where operators connect.
    pub operations: SocketAddr,
    /// How the helper is reached from outside, without a slash at the end.
    pub public_url: String,
    /// Pages that may use it, as exact origins.
    pub allowed_origins: Vec<String>,
    /// The folder of the database.
    pub data: PathBuf,
    /// The catalog's file.
    pub catalog: PathBuf,
    /// Whether real money moves. Never by default.
    pub live: bool,
    /// The provider's API.
    pub provider_api: String,
    /// Where its payment pages live.
    pub provider_checkout: String,
    /// The provider's key.
    pub provider_key: SecretString,
    /// The provider's webhook secrets, newest first.
    pub webhook_secrets: Vec<SigningSecret>,
    /// The helper's own secret key.
    pub secret_key: SecretString,
    /// What operators show at the operations listener, where anybody is to be one.
    pub operator_key: Option<SecretString>,
    /// The merchant's endpoints that are told what happened.
    pub endpoints: Vec<Endpoint>,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// What is too much.
    pub limits: Limits,
    /// Who writes to buyers, where anybody does.
    pub mailer: Option<Mailer>,
}

/// What was written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    listen: Option<SocketAddr>,
    operations: Option<SocketAddr>,
    public_url: String,
    allowed_origins: Vec<String>,
    data: Option<PathBuf>,
    catalog: Option<PathBuf>,
    #[serde(default)]
    provider: WrittenProvider,
    secret_key_file: Option<PathBuf>,
    operator_key_file: Option<PathBuf>,
    #[serde(default)]
    trusted_proxies: Vec<String>,
    #[serde(default)]
    limits: WrittenLimits,
    mail: Option<WrittenMail>,
    #[serde(default, rename = "endpoint")]
    endpoints: Vec<WrittenEndpoint>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenProvider {
    #[serde(default)]
    mode: Mode,
    api_url: Option<String>,
    checkout_url: Option<String>,
    key_file: Option<PathBuf>,
    webhook_key_file: Option<PathBuf>,
}

/// Live money is never the default.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    #[default]
    Test,
    Live,
}

/// A setting that cannot be used, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {error}; copy checkout.example.toml there, or name another file with --config")]
    Unreadable {
        /// Which.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// The file says something that is not a setting; the text shows the line.
    #[error("{path}: {error}")]
    Malformed {
        /// Which.
        path: String,
        /// Where and why.
        error: toml::de::Error,
    },
    /// A file with a secret that others on this machine may read (S19).
    #[error("{path}: others on this machine may read this secret; run `chmod 600 {path}`")]
    Exposed {
        /// Which.
        path: String,
    },
    /// A value is not usable.
    #[error("{setting}: {cure}")]
    Unusable {
        /// Which.
        setting: &'static str,
        /// What to write instead.
        cure: String,
    },
}

impl Config {
    /// Reads the settings, with the secrets from the environment or their files.
    ///
    /// # Errors
    /// See [`ConfigError`]: each says what to write instead.
    pub fn load(path: &Path, environment: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        Self::meaning(read(path)?, &environment)
    }

    fn meaning(written: Written, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let Written {
            listen,
            operations,
            public_url,
            allowed_origins,
            data,
            catalog,
            provider,
            secret_key_file,
            operator_key_file,
            trusted_proxies,
            limits,
            mail,
            endpoints,
        } = written;
        let WrittenProvider { mode, api_url, checkout_url, key_file, webhook_key_file } = provider;
        let (api, pages) = match mode {
            Mode::Test => ("https://test.dodopayments.com", "https://test.checkout.dodopayments.com"),
            Mode::Live => ("https://live.dodopayments.com", "https://checkout.dodopayments.com"),
        };
        let api = api_url.unwrap_or_else(|| api.to_owned());
        let pages = checkout_url.unwrap_or_else(|| pages.to_owned());
        check_provider("provider.api_url", &api, mode)?;
        check_provider("provider.checkout_url", &pages, mode)?;
        let webhook_keys = secret(environment, "DODO_PAYMENTS_WEBHOOK_KEY", webhook_key_file)?;
        let secret_key = secret(environment, "CHECKOUT_SECRET_KEY", secret_key_file)?;
        long_enough("CHECKOUT_SECRET_KEY", &secret_key)?;
        let operator_key = operator_key(environment, operator_key_file, &secret_key)?;
        Ok(Self {
            listen: listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
            operations: operations.unwrap_or(OPERATIONS),
            public_url: origin("public_url", &public_url)?,
            allowed_origins: allowed_origins
                .iter()
                .map(|text| origin("allowed_origins", text))
                .collect::<Result<_, _>>()?,
            data: data.unwrap_or_else(|| PathBuf::from("data")),
            catalog: catalog.unwrap_or_else(|| PathBuf::from("catalog.toml")),
            live: matches!(mode, Mode::Live),
            provider_api: api,
            provider_checkout: pages,
            provider_key: secret(environment, "DODO_PAYMENTS_API_KEY", key_file)?.into(),
            webhook_secrets: webhook_secrets(&webhook_keys)?,
            secret_key: secret_key.into(),
            operator_key: operator_key.map(SecretString::from),
            trusted_proxies: trusted_proxies.iter().map(|text| network(text)).collect::<Result<_, _>>()?,
            limits: limits.meaning()?,
            mailer: mail.map(|mail| mail.meaning(environment)).transpose()?,
            endpoints: endpoints::meaning(endpoints, environment)?,
        })
    }
}

fn long_enough(setting: &'static str, key: &str) -> Result<(), ConfigError> {
    if key.len() >= 32 {
        return Ok(());
    }
    let cure = "give at least 32 characters, such as the output of `openssl rand -base64 32`".to_owned();
    Err(ConfigError::Unusable { setting, cure })
}

/// A key for operators, where one is configured. It opens other doors than the secret key, so it is
/// another one.
fn operator_key(
    environment: &dyn Fn(&str) -> Option<String>,
    file: Option<PathBuf>,
    secret_key: &str,
) -> Result<Option<String>, ConfigError> {
    let configured = file.is_some() || environment(OPERATOR_KEY).is_some_and(|value| !value.trim().is_empty());
    if !configured {
        return Ok(None);
    }
    let key = secret(environment, OPERATOR_KEY, file)?;
    long_enough(OPERATOR_KEY, &key)?;
    if key == secret_key {
        let cure = "give another value than CHECKOUT_SECRET_KEY".to_owned();
        return Err(ConfigError::Unusable { setting: OPERATOR_KEY, cure });
    }
    Ok(Some(key))
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ConfigError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable { path: name.clone(), error })?;
    toml::from_str(&text).map_err(|error| ConfigError::Malformed { path: name, error })
}

fn network(text: &str) -> Result<Network, ConfigError> {
    let unusable = |error: NetworkError| ConfigError::Unusable { setting: "trusted_proxies", cure: error.to_string() };
    text.parse().map_err(unusable)
}

fn webhook_secrets(text: &str) -> Result<Vec<SigningSecret>, ConfigError> {
    let unusable = |cure: String| ConfigError::Unusable { setting: "DODO_PAYMENTS_WEBHOOK_KEY", cure };
    let keys = text.split([',', ' ']).filter(|key| !key.is_empty()).map(SigningSecret::parse);
    let secrets: Vec<SigningSecret> = keys.collect::<Result<_, _>>().map_err(|error| unusable(error.to_string()))?;
    if secrets.is_empty() { Err(unusable("name at least one secret".to_owned())) } else { Ok(secrets) }
}

fn secret(
    environment: &dyn Fn(&str) -> Option<String>,
    name: &'static str,
    file: Option<PathBuf>,
) -> Result<String, ConfigError> {
    if let Some(value) = environment(name).filter(|value| !value.trim().is_empty()) {
        return Ok(value.trim().to_owned());
    }
    let Some(file) = file else {
        let cure = "set it in the environment, or name a file that holds it with the …_file setting".to_owned();
        return Err(ConfigError::Unusable { setting: name, cure });
    };
    Ok(read_own(&file)?.trim().to_owned())
}

/// Reads a file that nobody else may read. Asked of the open file, so that it is the one that is read.
fn read_own(file: &Path) -> Result<String, ConfigError> {
    let path = file.display().to_string();
    let unreadable = |error| ConfigError::Unreadable { path: path.clone(), error };
    let mut open = std::fs::File::open(file).map_err(unreadable)?;
    if open.metadata().map_err(unreadable)?.permissions().mode() & 0o077 != 0 {
        return Err(ConfigError::Exposed { path });
    }
    let mut text = String::new();
    open.read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

/// The sandbox may be on this machine while no real money moves; everything else is public (S5).
fn check_provider(setting: &'static str, address: &str, mode: Mode) -> Result<(), ConfigError> {
    let reach = match mode {
        Mode::Test => dodo::reach(address),
        Mode::Live => Reach::Public,
    };
    let cure = |why| format!("it {why}; a sandbox is named as http://127.0.0.1 and a port, in test mode");
    reach.check(address).map_err(|why| ConfigError::Unusable { setting, cure: cure(why) })?;
    Ok(())
}

/// An exact origin: a scheme, a host, perhaps a port, and nothing else.
fn origin(setting: &'static str, text: &str) -> Result<String, ConfigError> {
    let unusable = || ConfigError::Unusable {
        setting,
        cure: "write an origin such as \"https://shop.example.com\": no path, no slash at the end, no wildcard"
            .to_owned(),
    };
    let url = reqwest::Url::parse(text).map_err(|_| unusable())?;
    let origin = url.origin().ascii_serialization();
    if matches!(url.scheme(), "http" | "https") && origin == text { Ok(origin) } else { Err(unusable()) }
}

#[cfg(test)]
mod tests;

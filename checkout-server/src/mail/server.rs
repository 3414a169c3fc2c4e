//! The merchant's mail server: where it is, how it is spoken to, and what its answers mean.
//!
//! Nothing that it says is kept or logged but its codes: servers repeat the buyer's address in their
//! refusals.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{self, AsyncSmtpTransportBuilder, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use percent_encoding::percent_decode_str;
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};

use crate::outbox::Outcome;

/// From the first byte to the last: half of a lease, as an endpoint has (G22).
const TIME: Duration = Duration::from_secs(15);
/// Connections that are kept, and for how long.
const POOL: u32 = 4;
const IDLE: Duration = Duration::from_secs(30);
/// Answers about our own password: it is the settings that are wrong, not the mail (RFC 4954, 6).
const ABOUT_US: [u16; 5] = [432, 530, 534, 535, 538];

/// Why an address of a mail server is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// It is not one.
    #[error("write smtps://user@mail.example.com, or smtp://user@mail.example.com:587 for STARTTLS")]
    NoAddress,
    /// It holds a secret.
    #[error("leave the password out of it: CHECKOUT_SMTP_PASSWORD or password_file is its place")]
    Password,
    /// A user without a password, or a password without a user.
    #[error("a user needs a password (CHECKOUT_SMTP_PASSWORD or password_file), and a password a user")]
    Half,
    /// The TLS machinery of the system cannot be set up.
    #[error("TLS cannot be set up on this machine: are its root certificates installed?")]
    Tls,
}

/// A mail server, with the connections that are open to it.
#[derive(Clone)]
pub struct Server {
    how: AsyncSmtpTransportBuilder,
    /// Opened with the first mail: settings are read where nothing runs yet.
    connections: Arc<OnceLock<AsyncSmtpTransport<Tokio1Executor>>>,
}

impl std::fmt::Debug for Server {
    /// It holds a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Server(…)")
    }
}

impl Server {
    /// The server at an address. TLS from the first byte (`smtps://`) or by STARTTLS (`smtp://`), which it
    /// then has to offer; plain only on this machine. `name` is what we call ourselves.
    ///
    /// # Errors
    /// See [`ServerError`].
    pub fn at(address: &str, password: Option<SecretString>, name: &str) -> Result<Self, ServerError> {
        let url = Url::parse(address).map_err(|_| ServerError::NoAddress)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(ServerError::NoAddress)?;
        if url.password().is_some() {
            return Err(ServerError::Password);
        }
        let more = !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some();
        let (tls, port) = match url.scheme() {
            _ if more => return Err(ServerError::NoAddress),
            "smtps" => (Tls::Wrapper(parameters(host)?), 465),
            "smtp" if is_this_machine(host) => (Tls::None, 25),
            "smtp" => (Tls::Required(parameters(host)?), 587),
            _ => return Err(ServerError::NoAddress),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host.trim_matches(['[', ']']))
            .tls(tls)
            .port(url.port().unwrap_or(port))
            .hello_name(ClientId::Domain(name.to_owned()))
            .timeout(Some(TIME))
            .pool_config(PoolConfig::new().max_size(POOL).idle_timeout(IDLE));
        let user = percent_decode_str(url.username()).decode_utf8().map_err(|_| ServerError::NoAddress)?;
        match (user.is_empty(), password) {
            (true, None) => {}
            (false, Some(password)) => {
                let password = password.expose_secret().to_owned();
                transport = transport.credentials(Credentials::new(user.into_owned(), password));
            }
            _ => return Err(ServerError::Half),
        }
        Ok(Self { how: transport, connections: Arc::default() })
    }

    /// Hands a mail over.
    pub async fn send(&self, letter: Message) -> Outcome {
        let connections = self.connections.get_or_init(|| self.how.clone().build());
        match tokio::time::timeout(TIME, connections.send(letter)).await {
            Ok(Ok(response)) => Outcome::Delivered { status: Some(u16::from(response.code())) },
            Ok(Err(error)) => outcome(&error),
            Err(_) => retry(None, format!("the mail server did not answer within {} s", TIME.as_secs())),
        }
    }
}

fn parameters(host: &str) -> Result<TlsParameters, ServerError> {
    TlsParameters::new(host.to_owned()).map_err(|_| ServerError::Tls)
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// What a failure means for the mail: 4yz and whatever happens on the way passes, 5yz does not.
fn outcome(error: &smtp::Error) -> Outcome {
    let status = error.status().map(u16::from);
    match status {
        Some(code) if ABOUT_US.contains(&code) => {
            tracing::error!(code, "the mail server does not take our user and password; check [mail] in the settings");
            retry(status, "the mail server does not take our user and password".to_owned())
        }
        Some(code) if error.is_permanent() => {
            Outcome::Park { status, error: format!("the mail server refused it: {}", words(code, error)) }
        }
        Some(code) => retry(status, format!("the mail server asks for patience: {}", words(code, error))),
        None if error.is_tls() => retry(None, "no secure connection to the mail server".to_owned()),
        None if error.is_timeout() => retry(None, "the mail server took too long".to_owned()),
        None if error.is_client() => {
            Outcome::Park { status: None, error: "the mail cannot be sent as it is".to_owned() }
        }
        None => retry(None, "the mail server cannot be reached".to_owned()),
    }
}

fn retry(status: Option<u16>, error: String) -> Outcome {
    Outcome::Retry { after: None, status, error }
}

/// The code, and the enhanced one of RFC 3463 where the server gave one, such as `550 5.1.1`.
fn words(code: u16, error: &smtp::Error) -> String {
    let said = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    match said.split([' ', '\n', '\r']).find(|word| is_enhanced(word)) {
        Some(enhanced) => format!("{code} {enhanced}"),
        None => code.to_string(),
    }
}

fn is_enhanced(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    let is_number = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() == 3 && matches!(parts[0], "4" | "5") && parts.iter().all(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_how_the_server_is_spoken_to() {
        drop(rustls::crypto::ring::default_provider().install_default());
        let at = |address: &str, password: Option<&str>| {
            Server::at(address, password.map(|text| text.to_owned().into()), "shop.example").err()
        };
        for address in ["smtps://user@mail.example.com", "smtp://user%40shop@mail.example.com:587"] {
            assert_eq!(at(address, Some("secret")), None, "{address}");
            assert_eq!(at(address, None), Some(ServerError::Half), "{address}");
        }
        for address in ["smtp://127.0.0.1:2525", "smtp://[::1]:2525", "smtp://localhost", "smtps://mail.example.com"] {
            assert_eq!(at(address, None), None, "{address}");
            assert_eq!(at(address, Some("secret")), Some(ServerError::Half), "{address}");
        }
        assert_eq!(at("smtps://user:secret@mail.example.com", None), Some(ServerError::Password));
        for address in [
            "",
            "mail.example.com",
            "https://mail.example.com",
            "smtp://",
            "smtps://a.example/b",
            "smtps://a.example?tls=none",
        ] {
            assert_eq!(at(address, None), Some(ServerError::NoAddress), "{address}");
        }
    }

    #[test]
    fn only_codes_are_kept_of_what_a_server_says() {
        assert!(is_enhanced("5.1.1") && is_enhanced("4.7.100"));
        for word in ["5.1", "ada@example.com", "5.1.1.1", "127.0.0.1", "5.a.1", "2.0.0", "<5.1.1>"] {
            assert!(!is_enhanced(word), "{word}");
        }
    }
}

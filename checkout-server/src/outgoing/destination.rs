//! Which addresses a request may be sent to, judged by their text (S5). Pure. A name's own addresses
//! are judged where they are looked up, in `lookup.rs`.

use std::net::IpAddr;

use reqwest::Url;

use super::address::{is_private, is_public};

/// How far a client may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses, by HTTPS, at port 443 or 8443.
    Public,
    /// The same, and port 80 without encryption, for who has asked for it.
    PublicPlain,
    /// This machine alone, named as a loopback literal or `localhost`: the sandbox.
    ThisMachine,
    /// One's own networks too, in any scheme, at any port: development, for who has asked for it.
    Private,
}

/// Why nothing is sent there. The text fits after "it".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// Not even an address.
    #[error("is not an address such as https://hooks.example.com/checkout")]
    Malformed,
    /// Another scheme.
    #[error("has to begin with https://")]
    Scheme,
    /// `user:password@`.
    #[error("must not hold a user name or password")]
    Credentials,
    /// Another port.
    #[error("has to use port 443 or 8443")]
    Port,
    /// A name that is nobody's on the internet, or ends with a dot.
    #[error("has to name a public host")]
    Name,
    /// An address that is not public.
    #[error("leads to an address that is not public")]
    Address,
}

/// Top-level names that are never delegated, or lead home.
const LOCAL_NAMES: [&str; 12] = [
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "private",
    "lan",
    "home",
    "corp",
    "arpa",
    "test",
    "onion",
];

impl Reach {
    /// Reads an address as the client will: in the form of the URL standard, in which `127.1`,
    /// `0x7f.1` and `2130706433` are all `127.0.0.1`.
    ///
    /// # Errors
    /// It may not be sent to.
    pub fn check(self, text: &str) -> Result<Url, Forbidden> {
        // The parser drops these silently; nobody writes them for a good reason.
        if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
            return Err(Forbidden::Malformed);
        }
        let url = Url::parse(text).map_err(|_| Forbidden::Malformed)?;
        match url.scheme() {
            "https" => {}
            "http" if self != Self::Public => {}
            _ => return Err(Forbidden::Scheme),
        }
        let authority = text.split(['/', '?', '#']).nth(2).unwrap_or_default();
        if authority.contains('@') || !url.username().is_empty() || url.password().is_some() {
            return Err(Forbidden::Credentials);
        }
        self.check_port(&url)?;
        self.check_host(url.host_str().ok_or(Forbidden::Malformed)?)?;
        Ok(url)
    }

    fn check_port(self, url: &Url) -> Result<(), Forbidden> {
        let usable = match (self, url.scheme(), url.port_or_known_default()) {
            (Self::ThisMachine | Self::Private, _, port) => port != Some(0),
            (_, "https", port) => matches!(port, Some(443 | 8443)),
            (_, _, port) => port == Some(80),
        };
        usable.then_some(()).ok_or(Forbidden::Port)
    }

    /// `host` as the parser wrote it: lower case, ASCII, IPv6 in brackets.
    fn check_host(self, host: &str) -> Result<(), Forbidden> {
        if let Ok(address) = host.trim_start_matches('[').trim_end_matches(']').parse() {
            return self.admits(address).then_some(()).ok_or(Forbidden::Address);
        }
        let usable = match self {
            Self::ThisMachine => host == "localhost",
            Self::Private => !host.ends_with('.'),
            Self::Public | Self::PublicPlain => is_public_name(host),
        };
        usable.then_some(()).ok_or(Forbidden::Name)
    }

    /// Whether an address that was written or looked up may be dialled.
    #[must_use]
    pub fn admits(self, address: IpAddr) -> bool {
        match self {
            Self::Public | Self::PublicPlain => is_public(address),
            Self::ThisMachine => address.is_loopback(),
            Self::Private => is_public(address) || is_private(address),
        }
    }
}

fn is_public_name(host: &str) -> bool {
    let (rest, top) = host.rsplit_once('.').unwrap_or(("", host));
    !rest.is_empty() && !top.is_empty() && !LOCAL_NAMES.contains(&top)
}

#[cfg(test)]
mod tests;

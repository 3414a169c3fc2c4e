//! Requests that we send: one client per purpose, with time limits, answers of limited size, no
//! redirects, no proxy from the environment, and only to addresses within reach (S5). No other file
//! makes a client.
//!
//! An address is judged twice. As text, in `outgoing/destination.rs`, because the client does not ask
//! its resolver about IP literals; and as what a name leads to, in `outgoing/lookup.rs`, at the moment
//! of dialling.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response, redirect};

mod address;
mod destination;
mod lookup;
#[cfg(test)]
mod tests;

pub use address::is_public;
pub use destination::{Forbidden, Reach};
pub use lookup::{Found, Lookup, System};

use lookup::Judge;

/// From the first byte of a connection to its being ready.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a connection is kept for the next request.
const IDLE: Duration = Duration::from_secs(30);

/// What a client is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The payment provider's API.
    Provider,
    /// A merchant's webhook endpoint.
    Endpoint,
    /// The operations listener of a running helper.
    Operations,
}

impl Purpose {
    /// From the first byte out to the last byte in (G32; an endpoint's is half of a lease).
    const fn time(self) -> Duration {
        match self {
            Self::Provider | Self::Operations => Duration::from_secs(10),
            Self::Endpoint => Duration::from_secs(15),
        }
    }

    /// The bytes of an answer that are read: a larger one is not one that we asked for.
    const fn largest_answer(self) -> usize {
        match self {
            Self::Provider | Self::Operations => 1 << 20,
            Self::Endpoint => 64 << 10,
        }
    }
}

/// A client for one purpose. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Outgoing {
    http: Client,
    purpose: Purpose,
    reach: Reach,
}

/// Why an answer was not read to its end. Neither holds its address, which may hold personal data.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// It is larger than an answer for that purpose can be.
    #[error("the answer is too large")]
    TooLarge,
    /// The connection broke, or the time was up.
    #[error("the answer broke off: {0}")]
    Broken(reqwest::Error),
}

impl Outgoing {
    /// A client that asks the operating system for the addresses of names.
    ///
    /// # Errors
    /// The TLS machinery of the system cannot be set up.
    pub fn new(purpose: Purpose, reach: Reach) -> Result<Self, reqwest::Error> {
        Self::with_lookup(purpose, reach, Arc::new(System))
    }

    /// A client that asks somebody else for the addresses of names.
    ///
    /// # Errors
    /// The TLS machinery of the system cannot be set up.
    pub fn with_lookup(purpose: Purpose, reach: Reach, names: Arc<dyn Lookup>) -> Result<Self, reqwest::Error> {
        Self::judged_by(purpose, reach, Judge::new(reach, names))
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that makes a client")]
    fn judged_by(purpose: Purpose, reach: Reach, judge: Judge) -> Result<Self, reqwest::Error> {
        // Somebody else in this process may have been first; one is as good as the other.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(judge))
            .connect_timeout(CONNECT)
            .timeout(purpose.time())
            .pool_idle_timeout(IDLE)
            .user_agent(concat!("checkout-server/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http, purpose, reach })
    }

    /// A request to be filled and sent.
    ///
    /// # Errors
    /// Nothing is sent there.
    pub fn request(&self, method: Method, address: &str) -> Result<RequestBuilder, Forbidden> {
        let refused = |why| {
            metrics::counter!("checkout_outgoing_refused_total").increment(1);
            why
        };
        Ok(self.http.request(method, self.reach.check(address).map_err(refused)?))
    }

    /// The body of an answer.
    ///
    /// # Errors
    /// It is too large, or broke off.
    pub async fn read(&self, mut answer: Response) -> Result<Vec<u8>, Unread> {
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| Unread::Broken(error.without_url()))? {
            if body.len() + chunk.len() > self.purpose.largest_answer() {
                return Err(Unread::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

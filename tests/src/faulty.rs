//! A helper whose payment provider does what the sandbox never does: refuses for a reason that is
//! hard to bring about, or runs into a bug.

use std::net::SocketAddr;

use checkout_server::abuse::Limits;
use checkout_server::app::{App, Parts};
use checkout_server::catalog::Catalog;
use checkout_server::clock::Clock;
use checkout_server::error::Code;
use checkout_server::event::Notice;
use checkout_server::http;
use checkout_server::http::assets::Releases;
use checkout_server::keys::Keys;
use checkout_server::provider::{
    Answer, Kind, Listing, NewRefund, NewSession, Observed, Page, Provider, ProviderError, Session,
};
use checkout_server::quote::Cart;
use checkout_server::quote::preview::Preview;
use checkout_server::signature::SigningSecret;
use checkout_server::store::{Rules, Store};
use reqwest::Response;
use reqwest::header::ORIGIN;
use serde_json::json;
use tokio::net::TcpListener;

use crate::http::client;

/// What the provider does when it is asked.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// It refuses with that code.
    Refuses(Code),
    /// Our own code panics.
    Panics,
}

struct Faulty(Fault);

impl Faulty {
    fn strike<T>(&self) -> Result<T, ProviderError> {
        match self.0 {
            Fault::Refuses(code) => Err(ProviderError::Rejected { code, said: "as told".to_owned() }),
            Fault::Panics => panic!("a forced panic"),
        }
    }
}

impl Provider for Faulty {
    fn preview<'a>(&'a self, _: &'a Cart<'a>) -> Answer<'a, Preview> {
        Box::pin(async { self.strike() })
    }

    fn create_session<'a>(&'a self, _: &'a NewSession<'a>) -> Answer<'a, Session> {
        Box::pin(async { self.strike() })
    }

    fn object<'a>(&'a self, _: Kind, _: &'a str) -> Answer<'a, Observed> {
        Box::pin(async { self.strike() })
    }

    fn page<'a>(&'a self, _: &'a Listing) -> Answer<'a, Page> {
        Box::pin(async { self.strike() })
    }

    fn refund_payment<'a>(&'a self, _: &'a NewRefund<'a>) -> Answer<'a, Observed> {
        Box::pin(async { self.strike() })
    }

    fn find_refund<'a>(&'a self, _: &'a NewRefund<'a>) -> Answer<'a, Option<Observed>> {
        Box::pin(async { self.strike() })
    }

    fn new_payment_method<'a>(&'a self, _: &'a str, _: &'a str) -> Answer<'a, String> {
        Box::pin(async { self.strike() })
    }

    fn read_notice(&self, _: &[u8]) -> Option<Notice> {
        None
    }

    fn checkout_origin(&self) -> &'static str {
        "https://provider.example.com"
    }
}

/// The answer of a helper with such a provider to somebody who asks for a price.
pub async fn quote_under(fault: Fault) -> Response {
    const SHOP: &str = "https://shop.example.com";
    let data = tempfile::tempdir().expect("a temporary folder");
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a free port");
    let helper = format!("http://{}", listener.local_addr().expect("it is bound"));
    let app = App::open(Parts {
        catalog: Catalog::parse(include_str!("../../catalog.example.toml")).expect("the example has no mistakes"),
        clock: Clock::default(),
        provider: Box::new(Faulty(fault)),
        store: Store::open(&data.path().join("checkout.db"), Rules::default()).expect("a new database"),
        keys: Keys::new("a secret key of at least 32 characters".to_owned().into()),
        endpoints: Vec::new(),
        mailer: None,
        webhook_secrets: vec![SigningSecret::parse("whsec_c2VjcmV0").expect("base64")],
        public_url: helper.clone(),
        allowed_origins: vec![SHOP.to_owned()],
        test_mode: true,
        trusted_proxies: Vec::new(),
        limits: Limits::default(),
        releases: Releases::default(),
    })
    .await
    .expect("a new database");
    let stopping = app.stopping.clone();
    let serving = tokio::spawn(http::serve::serve(
        listener,
        http::router(&app),
        http::serve::ListenerLimits::trusting(),
        stopping.clone(),
    ));
    let request = client().post(format!("{helper}/v1/quotes")).header(ORIGIN, SHOP);
    let answer = request.json(&json!({"items": [{"price_id": "pro_monthly"}]})).send().await.expect("an answer");
    stopping.cancel();
    drop(serving);
    answer
}

//! The servers that are compared, each in a process of its own: one that does all, and a bare one that
//! only verifies, inserts and commits, over the same store with the same group commit.

use std::io::Write as _;
use std::path::Path;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use checkout_server::abuse::Limits;
use checkout_server::app::{App, Parts};
use checkout_server::catalog::Catalog;
use checkout_server::checkout::Order;
use checkout_server::clock::Clock;
use checkout_server::customer::Contact;
use checkout_server::http;
use checkout_server::http::assets::Releases;
use checkout_server::http::serve::ListenerLimits;
use checkout_server::keys::Keys;
use checkout_server::outbox::{EndpointRoute, Filter, MailRoute, Routes};
use checkout_server::provider::dodo::Dodo;
use checkout_server::signature::{self, Headers, SigningSecret};
use checkout_server::store::{Claim, Delivery, Rules, Store, StoredSession};
use checkout_server::{announcement::Kind, random};
use checkout_tests::server::Failure;
use checkout_types::checkout::CheckoutItem;
use checkout_types::money::Money;
use futures_util::future::join_all;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What signs the deliveries of a bench.
pub(crate) const WEBHOOK_SECRET: &str = "whsec_YmVuY2hiZW5jaGJlbmNoYmVuY2hiZW5jaA==";
/// The merchant's key of a bench.
pub(crate) const SECRET_KEY: &str = "a secret key of at least 32 characters";
/// Orders that are there before anything is measured.
pub(crate) const ORDERS: usize = 6_000;
const CATALOG: &str = include_str!("../../../../catalog.example.toml");

/// The rules of the demo's catalog, with an endpoint that hears of everything and a mail.
pub(crate) fn rules() -> Result<Rules, Failure> {
    let catalog = Catalog::parse(CATALOG).map_err(|errors| errors.in_file("catalog.example.toml"))?;
    let routes = Routes {
        endpoints: vec![EndpointRoute { id: "app".to_owned(), filter: Filter::default() }],
        mails: vec![MailRoute { template: "receipt".to_owned(), kinds: vec![Kind::PaymentSucceeded] }],
    };
    Ok(Rules::new(&catalog, routes))
}

/// Serves until it is killed: `full` or `bare`, from the database in that folder.
pub(crate) async fn serve(kind: &str, folder: &Path) -> Result<(), Failure> {
    let store = Store::open(&folder.join("checkout.db"), rules()?)?;
    let secret = SigningSecret::parse(WEBHOOK_SECRET)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let router = if kind == "bare" {
        Router::new().route("/webhooks/dodo", post(accept)).with_state(Bare { store, secrets: vec![secret].into() })
    } else {
        http::router(&app(store, secret, &url).await?)
    };
    writeln!(std::io::stdout(), "{}", serde_json::json!({ "helper": url }))?;
    http::serve::serve(listener, router, ListenerLimits::trusting(), CancellationToken::new()).await;
    Ok(())
}

#[derive(Clone)]
struct Bare {
    store: Store,
    secrets: std::sync::Arc<[SigningSecret]>,
}

/// Verify, insert, commit: a notice that nobody reads.
async fn accept(State(bare): State<Bare>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let signed = Headers {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
    };
    let Ok(observed_at) = signature::verify(&bare.secrets, signed, &body, Clock::wall()) else {
        return StatusCode::UNAUTHORIZED;
    };
    let (webhook_id, body) = (signed.id.to_owned(), body.to_vec());
    let received_at = Clock::wall();
    let delivery = Delivery { provider: "dodo", webhook_id, observed_at, received_at, body, notice: None };
    match bare.store.accept(delivery).await {
        Ok(_) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

async fn app(store: Store, secret: SigningSecret, url: &str) -> Result<App, Failure> {
    let parts = Parts {
        catalog: Catalog::parse(CATALOG).map_err(|errors| errors.in_file("catalog.example.toml"))?,
        clock: Clock::default(),
        provider: Box::new(Dodo::new("http://127.0.0.1:1", "http://127.0.0.1:1", "no key".to_owned().into())?),
        store,
        keys: Keys::new(SECRET_KEY.to_owned().into()),
        webhook_secrets: vec![secret],
        public_url: url.to_owned(),
        allowed_origins: Vec::new(),
        trusted_proxies: Vec::new(),
        limits: Limits::default(),
        mailer: None,
        test_mode: true,
        releases: Releases::default(),
        endpoints: Vec::new(),
    };
    Ok(App::open(parts).await?)
}

/// The id of an order.
pub(crate) fn checkout(number: usize) -> String {
    format!("co_{number:032x}")
}

/// Makes the orders, each with its session.
pub(crate) async fn make_orders(folder: &Path) -> Result<(), Failure> {
    let store = Store::open(&folder.join("checkout.db"), rules()?)?;
    let numbers: Vec<usize> = (0..ORDERS).collect();
    for group in numbers.chunks(256) {
        for made in join_all(group.iter().map(|number| order(&store, *number))).await {
            made?;
        }
    }
    Ok(())
}

async fn order(store: &Store, number: usize) -> Result<(), Failure> {
    let (id, now) = (checkout(number), Clock::wall());
    let item = CheckoutItem { price_id: "pro_monthly".to_owned(), name: "Fernway Pro".to_owned(), quantity: 1 };
    let order = Order {
        total: Money::new(2900, "EUR".parse()?),
        items: vec![item],
        products: vec![("pdt_0NqDemoProMonthly0001".to_owned(), 1)],
    };
    let claim = Claim {
        id: id.clone(),
        key_hash: random::bytes(),
        fingerprint: random::bytes(),
        order,
        customer_reference: Some(format!("user_{number}")),
        contact: Contact { email: format!("buyer{number}@example.com"), name: None },
        renews: None,
        buyer: None,
        created_at: now,
        expires_at: now,
    };
    store.claim(claim).await?;
    let session = StoredSession { id: format!("cks_{number}"), url: "https://example.com/pay".to_owned() };
    store.reveal(&id, session, now).await?;
    Ok(())
}

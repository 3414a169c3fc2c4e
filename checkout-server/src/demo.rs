//! The demo shop: the site of a small software company that sells through our widget, with a
//! panel that tells a newcomer what just happened. It is a page like any merchant's, under a
//! strict content security policy; nothing in it is special to the widget or the helper.

mod account;
mod activity;
mod letter;
mod mailbox;
mod pages;
mod prices;
mod scenario;
mod start;
#[cfg(test)]
mod tests;
mod told;
mod watch;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use secrecy::SecretString;

use crate::catalog::Catalog;
use crate::signature::SigningSecret;

pub use activity::{Activity, Entry, Who};
pub use letter::Letter;
pub use mailbox::Mailbox;
pub use start::{Demo, Options, Ready, start};
pub use watch::activity_layer;

/// What the shop has to know.
#[derive(Clone)]
pub struct DemoConfig {
    /// Where the helper listens, as a browser reaches it, such as `http://127.0.0.1:4243`: no slash at the end.
    pub helper_url: String,
    /// Where the operator's page is, and what it asks for: only a demo shows that to anybody.
    pub operations_url: String,
    /// See [`Self::operations_url`].
    pub operator_key: String,
    /// Where the sandbox listens, as a browser reaches it.
    pub sandbox_url: String,
    /// What the panel shows.
    pub activity: Activity,
    /// Where the helper's mails arrive.
    pub mailbox: Mailbox,
    /// What is sold; the pages name the prices of `catalog.example.toml`.
    pub catalog: Catalog,
    /// Where the sandbox takes orders (`/control/…`), as this process reaches it.
    pub sandbox_control: String,
    /// What the helper signs with what it tells the shop.
    pub endpoint_secret: SigningSecret,
    /// The helper's secret key, which the shop's server shows it.
    pub secret_key: SecretString,
}

/// The shop's pages and the panel's endpoints.
///
/// # Panics
/// Where this process cannot make an HTTP client, which is a broken build.
pub fn router(config: DemoConfig) -> Router {
    let shop = Arc::new(pages::Shop::new(config));
    Router::new()
        .route("/", get(pages::pricing))
        .route("/app", get(pages::app))
        .route("/app/version", get(pages::app_version))
        .route("/inline", get(pages::inline))
        .route("/activity", get(pages::activity))
        .route("/mailbox", get(mailbox::pages::list))
        .route("/mailbox/{number}", get(mailbox::pages::show))
        .route("/mailbox/{number}/html", get(mailbox::pages::html))
        .route("/scenario", post(scenario::play))
        .route(told::PATH, post(told::hear))
        .route("/files/{name}", get(pages::file))
        .fallback(pages::not_found)
        .with_state(shop)
}

//! The shop's pages and files, all compiled in, under a policy as strict as a careful merchant's.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use minijinja::value::Serde;
use minijinja::{Environment, Value, context};
use serde::Deserialize;

use super::account::Account;
use super::prices::{self, ShownPrice};
use super::scenario::{self, Control};
use super::{Activity, DemoConfig, Mailbox};
use crate::signature::SigningSecret;

/// The parts that every page is made of, and the pages.
const TEMPLATES: [(&str, &str); 10] = [
    ("layout.html", include_str!("../../pages/shop/layout.html")),
    ("panel.html", include_str!("../../pages/shop/panel.html")),
    ("buy.html", include_str!("../../pages/shop/buy.html")),
    ("pricing.html", include_str!("../../pages/shop/pricing.html")),
    ("app.html", include_str!("../../pages/shop/app.html")),
    ("feature.html", include_str!("../../pages/shop/feature.html")),
    ("inline.html", include_str!("../../pages/shop/inline.html")),
    ("mailbox.html", include_str!("../../pages/shop/mailbox.html")),
    ("mail.html", include_str!("../../pages/shop/mail.html")),
    ("missing.html", include_str!("../../pages/shop/missing.html")),
];

/// What the pages load from this shop: name, media type, content.
const FILES: [(&str, &str, &str); 8] = [
    ("shop.css", "text/css; charset=utf-8", include_str!("../../pages/shop/shop.css")),
    ("pricing.css", "text/css; charset=utf-8", include_str!("../../pages/shop/pricing.css")),
    ("app.css", "text/css; charset=utf-8", include_str!("../../pages/shop/app.css")),
    ("mailbox.css", "text/css; charset=utf-8", include_str!("../../pages/shop/mailbox.css")),
    ("panel.css", "text/css; charset=utf-8", include_str!("../../pages/shop/panel.css")),
    ("app.js", "text/javascript; charset=utf-8", include_str!("../../pages/shop/app.js")),
    ("panel.js", "text/javascript; charset=utf-8", include_str!("../../pages/shop/panel.js")),
    ("mark.svg", "image/svg+xml", include_str!("../../pages/shop/mark.svg")),
];

/// What all requests share.
pub(super) struct Shop {
    templates: Environment<'static>,
    policy: HeaderValue,
    helper_url: String,
    operations_url: String,
    operator_key: String,
    prices: BTreeMap<String, ShownPrice>,
    pub(super) activity: Activity,
    pub(super) mailbox: Mailbox,
    pub(super) control: Control,
    pub(super) endpoint_secret: SigningSecret,
    pub(super) account: Account,
}

impl Shop {
    pub(super) fn new(config: DemoConfig) -> Self {
        let DemoConfig {
            helper_url,
            operations_url,
            operator_key,
            sandbox_url,
            activity,
            mailbox,
            catalog,
            sandbox_control,
            endpoint_secret,
            secret_key,
        } = config;
        let mut templates = Environment::new();
        for (name, source) in TEMPLATES {
            templates.add_template(name, source).expect("the templates are compiled in, and a test renders each");
        }
        Self {
            templates,
            policy: policy(&helper_url, &sandbox_url),
            prices: prices::shown(&catalog, &helper_url),
            account: Account::new(helper_url.clone(), secret_key),
            helper_url,
            operations_url,
            operator_key,
            activity,
            mailbox,
            control: Control::new(sandbox_control, &catalog),
            endpoint_secret,
        }
    }

    fn page(&self, status: StatusCode, template: &str) -> Response {
        self.page_with(status, template, context! {})
    }

    /// A page that shows something of its own besides.
    pub(super) fn page_with(&self, status: StatusCode, template: &str, own: Value) -> Response {
        let values = context! {
            page => template.trim_end_matches(".html"),
            helper => &self.helper_url,
            operations => &self.operations_url,
            operator_key => &self.operator_key,
            price => Serde(&self.prices),
            scenarios => Serde(scenario::ALL),
            ..own
        };
        let rendered = self.templates.get_template(template).and_then(|page| page.render(values));
        match rendered {
            Ok(html) => (status, self.headers("text/html; charset=utf-8"), html).into_response(),
            Err(error) => {
                tracing::error!(template, %error, "a page of the demo shop does not render");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    fn headers(&self, media_type: &'static str) -> HeaderMap {
        let fixed = |(name, value): (HeaderName, &'static str)| (name, HeaderValue::from_static(value));
        let mut headers: HeaderMap = [
            (header::CONTENT_TYPE, media_type),
            (header::CACHE_CONTROL, "no-cache"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
        ]
        .into_iter()
        .map(fixed)
        .collect();
        headers.insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        headers
    }
}

/// Nothing inline, nothing from elsewhere but what a checkout needs: the helper's script, its
/// answers and its frame, the provider's payment page in a frame, and a mail in one.
fn policy(helper: &str, sandbox: &str) -> HeaderValue {
    let policy = [
        "default-src 'none'".to_owned(),
        format!("script-src 'self' {helper} 'wasm-unsafe-eval'"),
        "style-src 'self'".to_owned(),
        format!("connect-src 'self' {helper}"),
        format!("frame-src 'self' {helper} {sandbox}"),
        "img-src 'self' data:".to_owned(),
        "base-uri 'none'".to_owned(),
        "frame-ancestors 'none'".to_owned(),
        "form-action 'self'".to_owned(),
    ]
    .join("; ");
    // An address that no header can hold allows nothing, rather than everything.
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// `GET /`
pub(super) async fn pricing(State(shop): State<Arc<Shop>>) -> Response {
    shop.page(StatusCode::OK, "pricing.html")
}

/// `GET /app`
pub(super) async fn app(State(shop): State<Arc<Shop>>) -> Response {
    // As a merchant's server does for each page: what she may use, and a token that says who she is.
    let (access, token) = tokio::join!(shop.account.access_now(), shop.account.token());
    shop.page_with(StatusCode::OK, "app.html", context! { access => Serde(access), token })
}

/// `GET /app/version`: grows when what Mira may use has changed, so that her page looks again.
pub(super) async fn app_version(State(shop): State<Arc<Shop>>) -> Response {
    let version = shop.account.access().await.version;
    ([(header::CACHE_CONTROL, "no-store")], Json(version)).into_response()
}

/// `GET /inline`
pub(super) async fn inline(State(shop): State<Arc<Shop>>) -> Response {
    shop.page(StatusCode::OK, "inline.html")
}

/// Any other address.
pub(super) async fn not_found(State(shop): State<Arc<Shop>>) -> Response {
    shop.page(StatusCode::NOT_FOUND, "missing.html")
}

/// `GET /files/{name}`
pub(super) async fn file(State(shop): State<Arc<Shop>>, Path(name): Path<String>) -> Response {
    match FILES.iter().find(|(known, _, _)| *known == name) {
        Some((_, media_type, content)) => (shop.headers(media_type), *content).into_response(),
        None => shop.page(StatusCode::NOT_FOUND, "missing.html"),
    }
}

/// The query of `GET /activity`.
#[derive(Deserialize)]
pub(super) struct Since {
    /// The last number that the panel has; absent for everything that is kept.
    #[serde(default)]
    after: u64,
}

/// `GET /activity`
pub(super) async fn activity(State(shop): State<Arc<Shop>>, Query(since): Query<Since>) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(shop.activity.since(since.after))).into_response()
}

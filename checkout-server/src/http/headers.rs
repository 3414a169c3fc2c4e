//! The headers of every answer (S8): what a browser may do with a page of ours, and that with
//! anything else it may do nothing but hand it to whoever asked. No cookies, on any route (S7).

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;

/// Marks an answer as a page of ours, by its template.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page(pub(super) &'static str);

/// Of what is no page: data that was opened as one runs nothing, loads nothing and stands in no frame.
const DATA_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";
/// Two years. Without `includeSubDomains`: the helper may live on a name whose other hosts are not ours
/// to decide about.
const TWO_YEARS: &str = "max-age=63072000";
/// Nothing that a page of ours ever asks for.
const PERMISSIONS: &str = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";

/// The outermost layer: no answer goes without.
pub(super) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let page = response.extensions().get::<Page>().copied();
    let headers = response.headers_mut();
    let Some(Page(template)) = page else {
        put_data(&app, headers);
        return response;
    };
    put_common(&app, headers);
    let policy = page_policy(template, app.provider.checkout_origin(), &app.allowed_origins);
    put(headers, header::CONTENT_SECURITY_POLICY, &policy);
    put(headers, HeaderName::from_static("permissions-policy"), PERMISSIONS);
    put(headers, HeaderName::from_static("cross-origin-opener-policy"), "same-origin-allow-popups");
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// What every answer has that is no page of ours.
pub(super) fn put_data(app: &App, headers: &mut HeaderMap) {
    put_common(app, headers);
    put(headers, header::CONTENT_SECURITY_POLICY, DATA_POLICY);
}

fn put_common(app: &App, headers: &mut HeaderMap) {
    put(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(headers, header::REFERRER_POLICY, "strict-origin-when-cross-origin");
    if let Some(value) = strict_transport(&app.public_url) {
        put(headers, header::STRICT_TRANSPORT_SECURITY, value);
    }
    // The widget's files are for pages of any origin, and say so themselves.
    let resource_policy = HeaderName::from_static("cross-origin-resource-policy");
    headers.entry(resource_policy).or_insert(HeaderValue::from_static("same-origin"));
}

/// S8's policy for a page that the shop's pages may frame, and less than that wherever a page of ours
/// needs less: there is no script on any of them, so nothing connects and no WebAssembly runs.
///
/// It is looser in one place. S8 says `form-action 'none'`, but the pay page *is* a form, and so is the page
/// that mends a payment: it goes to us, and our answer sends the buyer on to the payment page, which
/// browsers count as part of the action.
fn page_policy(template: &str, payment_pages: &str, shop: &[String]) -> String {
    // The operator's pages are for nobody's frame; their forms come back to themselves.
    if template.starts_with("operator/") {
        return "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; \
                frame-ancestors 'none'"
            .to_owned();
    }
    let is_form = matches!(template, "pay.html" | "mend.html");
    let form_action = if is_form { ["'self' ", payment_pages].concat() } else { "'none'".to_owned() };
    let ancestors = if shop.is_empty() { "'none'".to_owned() } else { shop.join(" ") };
    format!(
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action {form_action}; base-uri 'none'; \
         frame-ancestors {ancestors}"
    )
}

/// Only a helper that is reached by HTTPS may tell browsers to come back by nothing else.
fn strict_transport(public_url: &str) -> Option<&'static str> {
    public_url.starts_with("https://").then_some(TWO_YEARS)
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // Origins were checked when the settings were read; they are visible ASCII.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_helper_behind_https_asks_for_https() {
        assert_eq!(strict_transport("https://pay.example.com"), Some("max-age=63072000"));
        assert_eq!(strict_transport("http://127.0.0.1:4243"), None);
    }

    #[test]
    fn only_the_pages_with_a_form_may_send_one_and_only_the_shop_may_frame_it() {
        let shop = ["https://shop.example".to_owned(), "https://www.shop.example".to_owned()];
        for template in ["pay.html", "mend.html"] {
            assert_eq!(
                page_policy(template, "https://checkout.example", &shop),
                "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self' https://checkout.example; \
                 base-uri 'none'; frame-ancestors https://shop.example https://www.shop.example"
            );
        }
        let operator = page_policy("operator/overview.html", "https://checkout.example", &shop);
        assert!(operator.contains("form-action 'self';") && operator.ends_with("frame-ancestors 'none'"), "{operator}");
        for template in ["status.html", "problem.html"] {
            let policy = page_policy(template, "https://checkout.example", &[]);
            assert!(policy.contains("form-action 'none'") && policy.ends_with("frame-ancestors 'none'"), "{policy}");
        }
    }
}

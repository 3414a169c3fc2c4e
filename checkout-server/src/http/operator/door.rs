//! Who sees the operator's page: whoever shows the operator's key as the password of HTTP Basic (RFC
//! 7617), under any user name. A browser sends that password along with whatever any page makes it
//! send, so what changes something has to come from a page of our own.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::view;
use crate::app::App;
use crate::error::{Code, Problem};
use crate::http::extract::one;

/// An operator in front of a browser.
pub(in crate::http) struct Watching(());

impl FromRequestParts<App> for Watching {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        if !password(&parts.headers).is_some_and(|password| app.keys.is_operator_key(&password)) {
            return Err(stranger(app));
        }
        let reads = matches!(parts.method, Method::GET | Method::HEAD);
        if reads || is_our_page(&parts.headers) {
            Ok(Self(()))
        } else {
            Err(view::refusal(&Problem::from(Code::OriginNotAllowed)))
        }
    }
}

fn stranger(app: &App) -> Response {
    let mut response = view::locked(app.keys.has_operator());
    let challenge = HeaderValue::from_static(r#"Basic realm="Checkout operations", charset="UTF-8""#);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}

fn password(headers: &HeaderMap) -> Option<String> {
    let (scheme, credentials) = one(headers, &header::AUTHORIZATION).ok()??.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    decoded.split_once(':').map(|(_, password)| password.to_owned())
}

/// By the browser's own word (Fetch metadata), or by the origin where it is too old for that. Whoever
/// says neither is no page.
fn is_our_page(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let (Ok(Some(origin)), Ok(Some(host))) = (one(headers, &header::ORIGIN), one(headers, &header::HOST)) else {
        return false;
    };
    ["http://", "https://"].iter().any(|scheme| origin.strip_prefix(scheme) == Some(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_password_is_what_follows_the_first_colon() {
        let of = |value: &str| password(&headers(&[("authorization", value)]));
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert_eq!(of(&basic("anybody:key:with:colons")).as_deref(), Some("key:with:colons"));
        assert_eq!(of(&basic(":key")).as_deref(), Some("key"));
        assert_eq!(of(&basic("key")), None);
        assert_eq!(of("Bearer key"), None);
        assert_eq!(of("Basic !"), None);
        assert_eq!(password(&HeaderMap::new()), None);
    }

    #[test]
    fn only_a_page_of_this_listener_changes_anything() {
        let host = ("host", "127.0.0.1:8081");
        for (pairs, ours) in [
            (vec![host, ("sec-fetch-site", "same-origin")], true),
            (vec![host, ("origin", "http://127.0.0.1:8081")], true),
            (vec![host, ("origin", "https://127.0.0.1:8081")], true),
            (vec![host], false),
            (vec![host, ("origin", "null")], false),
            (vec![host, ("origin", "http://127.0.0.1:8080")], false),
            (vec![host, ("origin", "http://127.0.0.1:8081.evil.example")], false),
            (vec![host, ("sec-fetch-site", "same-site"), ("origin", "http://127.0.0.1:8081")], false),
            (vec![host, ("sec-fetch-site", "cross-site")], false),
            (vec![host, ("sec-fetch-site", "none")], false),
        ] {
            assert_eq!(is_our_page(&headers(&pairs)), ours, "{pairs:?}");
        }
    }
}

//! What a request means, in words: by who was asked, the method and the route's pattern. The
//! address itself is never repeated, for it may hold an id or a token.

use axum::http::Method;

use super::activity::Who;

/// The words for a request, or `None` for one that would only be noise in the panel.
pub(super) fn of(asked: Who, method: &Method, route: &str) -> Option<String> {
    let route = without_names(route);
    let known = match asked {
        Who::Helper | Who::Webhook | Who::Checkout => helper(method, &route),
        Who::Sandbox => sandbox(method, &route),
    };
    match known {
        Known::Told(words) => Some(words.to_owned()),
        Known::Noise => None,
        Known::Not => {
            let name = if asked == Who::Sandbox { "sandbox" } else { "helper" };
            Some(format!("The {name} was asked: {method} {route}"))
        }
    }
}

/// Whether this is the provider's message to the helper.
pub(super) fn is_webhook(asked: Who, method: &Method, route: &str) -> bool {
    asked != Who::Sandbox && method == Method::POST && route.starts_with("/webhooks/")
}

enum Known {
    Told(&'static str),
    Noise,
    Not,
}

fn helper(method: &Method, route: &str) -> Known {
    Known::Told(match (method.as_str(), route) {
        ("GET", "/checkout.js") => "Browser loaded the helper's small script",
        ("GET", "/v1/catalog") => "Browser asked the helper what is sold",
        ("POST", "/v1/quotes") => "Browser asked the helper for a quote",
        ("POST", "/v1/checkouts") => "Browser asked the helper for a checkout, with the signed quote",
        ("GET", "/v1/checkouts/{}") => "Browser asked how the checkout stands",
        ("GET", "/v1/checkouts/{}/events") => "Browser listens for news of the checkout",
        ("GET", "/pay/{}") => "Browser opened the helper's page that works without script",
        ("POST", "/pay/{}") => "Browser sent the form of the page that works without script",
        ("GET", "/c/{}") => "Browser opened the checkout's status page",
        ("POST", route) if route.starts_with("/webhooks/") => "Sandbox sent a webhook",
        ("GET", route) if route.starts_with("/assets") => return Known::Noise,
        ("OPTIONS" | "HEAD", _) => return Known::Noise,
        _ => return Known::Not,
    })
}

fn sandbox(method: &Method, route: &str) -> Known {
    Known::Told(match (method.as_str(), route) {
        ("POST", "/checkouts/preview") => "Helper asked the sandbox for tax and total",
        ("POST", "/checkouts") => "Helper made a payment session at the sandbox",
        ("GET", "/checkouts/{}") => "Helper asked the sandbox how a session stands",
        ("GET", "/payments/{}") => "Helper asked the sandbox about a payment",
        ("GET", "/products" | "/products/{}") => "Helper asked the sandbox about products",
        ("GET", "/session/{}") => "Browser opened the sandbox's payment page",
        ("GET", "/overlay/session/{}" | "/inline/session/{}") => "Browser opened the sandbox's payment page in a frame",
        ("POST", route) if route.contains("session/{}") && !route.starts_with("/control") => {
            "Browser sent the test card to the sandbox; the shop never sees it"
        }
        (_, route) if route.starts_with("/control") => return Known::Noise,
        ("GET", route) if route.contains("session/{}") || route.starts_with("/assets") => return Known::Noise,
        ("OPTIONS" | "HEAD", _) => return Known::Noise,
        _ => return Known::Not,
    })
}

/// The pattern with its parameters' names taken out: `/c/{id}` becomes `/c/{}`.
fn without_names(route: &str) -> String {
    let mut pattern = String::with_capacity(route.len());
    let mut inside = false;
    for character in route.chars() {
        inside = inside && character != '}';
        if !inside {
            pattern.push(character);
        }
        inside = inside || character == '{';
    }
    pattern
}

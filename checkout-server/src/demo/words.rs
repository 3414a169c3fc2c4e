//! What a request means, in words: by who was asked, the method and the route's pattern. The
//! address itself is never repeated, for it may hold an id or a token.

use axum::http::Method;

use super::activity::Who;

/// The words for a request, or `None` for one that would only be noise in the panel.
pub(super) fn of(asked: Who, method: &Method, route: &str) -> Option<String> {
    let route = without_names(route);
    let known = match asked {
        Who::Helper | Who::Webhook | Who::Checkout | Who::Shop => helper(method, &route),
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
        ("POST", "/v1/customer-tokens") => "The shop's server asked the helper for a token: Mira is signed in",
        ("GET", "/v1/customers/{}/entitlements") => "The shop's server asked the helper what Mira may use",
        ("GET", "/v1/checkouts/{}") => "Browser asked how the checkout stands",
        ("GET", "/v1/checkouts/{}/events") => "Browser listens for news of the checkout",
        ("GET", "/pay/{}") => "Browser opened the helper's page that works without script",
        ("POST", "/pay/{}") => "Browser sent the form of the page that works without script",
        ("GET", "/c/{}") => "Browser opened the checkout's status page",
        ("POST", route) if route.starts_with("/webhooks/") => "Sandbox sent a webhook",
        ("GET", route) if route.starts_with("/assets") || route == "/pages.css" => return Known::Noise,
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
        (_, route) if route.starts_with("/control") || route.starts_with("/hosted") => return Known::Noise,
        ("POST", route) if route.ends_with("session/{}/pay") => {
            "Browser sent the test card to the sandbox; the shop never sees it"
        }
        ("POST", route) if route.ends_with("session/{}/challenge") => "Buyer answered the bank's question (3-D Secure)",
        ("POST", route) if route.ends_with("session/{}/cancel") => "Buyer left the payment page",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_told_noise_or_named_by_its_pattern() {
        for (asked, method, route, expected) in [
            (Who::Helper, Method::GET, "/v1/checkouts/{id}/events", Some("Browser listens for news of the checkout")),
            (Who::Helper, Method::OPTIONS, "/v1/quotes", None),
            (Who::Helper, Method::GET, "/assets/{hash}/{*path}", None),
            (Who::Helper, Method::GET, "/problems/{code}", Some("The helper was asked: GET /problems/{}")),
            (
                Who::Sandbox,
                Method::GET,
                "/overlay/session/{id}",
                Some("Browser opened the sandbox's payment page in a frame"),
            ),
            (
                Who::Sandbox,
                Method::POST,
                "/inline/session/{id}/challenge",
                Some("Buyer answered the bank's question (3-D Secure)"),
            ),
            (Who::Sandbox, Method::POST, "/control/sessions/{id}/pay", None),
            (Who::Sandbox, Method::GET, "/hosted/page.css", None),
            (Who::Sandbox, Method::GET, "/addons/{id}", Some("The sandbox was asked: GET /addons/{}")),
        ] {
            assert_eq!(of(asked, &method, route).as_deref(), expected, "{method} {route}");
        }
    }
}

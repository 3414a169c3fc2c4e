//! The payment step: which form of the provider's page, and what its messages may mean.
//!
//! A message changes what is shown, never what is granted: only the helper says "paid".

use web_sys::Url;

/// How the provider's page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payment {
    /// The browser goes there, and comes back.
    Redirect,
    /// In a frame of ours.
    Frame,
    /// In a window of its own.
    Popup,
}

impl Payment {
    /// The one of that name; redirect for any other.
    pub fn named(name: &str) -> Self {
        match name {
            "frame" => Self::Frame,
            "popup" => Self::Popup,
            _ => Self::Redirect,
        }
    }
}

/// What a message of the provider's page asks of us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// The buyer pressed "pay": do not close now.
    Paying,
    /// The payment came to an end there; ask the helper how.
    Ended,
    /// A step that needs the whole window.
    Leave(String),
    /// The buyer closed it, it has expired, or it gave up: the helper knows how the order stands.
    Closed,
    /// Nothing for us.
    Other,
}

/// What an event of the provider's page means. `status` and `redirect_to` are those of its message.
/// Everything else it says, client secrets among it (`checkout.keys_provided`), stops here.
pub fn said(event_type: &str, status: &str, redirect_to: &str) -> Said {
    match event_type {
        "checkout.pay_button_clicked" => Said::Paying,
        // A failure is shown by the page itself, which lets the buyer try again.
        "checkout.status" if status != "failed" => Said::Ended,
        // Our own address of return is not needed here; a bank's page is.
        "checkout.redirect" | "checkout.redirect_requested" if is_return(redirect_to) => Said::Ended,
        "checkout.redirect" | "checkout.redirect_requested" if is_web(redirect_to) => Said::Leave(redirect_to.into()),
        "checkout.link_expired" | "checkout.closed" | "checkout.error" => Said::Closed,
        _ => Said::Other,
    }
}

/// Whether an address may be opened on a page's word.
pub fn is_web(address: &str) -> bool {
    (address.starts_with("https://") || address.starts_with("http://")) && address.len() <= 2048
}

/// Whether an address is one that the helper made for the way back.
fn is_return(address: &str) -> bool {
    address.split(['?', '&']).any(|part| part.starts_with("checkout_return="))
}

/// The form of a session's address that may stand in a frame, and the origin that it speaks from.
pub fn framed(url: &str, inline: bool) -> Option<(String, String)> {
    let kind = if inline { "/inline" } else { "/overlay" };
    let address = Url::new(url).ok()?;
    let path = address.pathname();
    if !path.starts_with("/session/") {
        return None;
    }
    address.set_pathname(&[kind, &path].concat());
    address.search_params().set("manualRedirect", "true");
    Some((address.href(), address.origin()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_payment_stays_on_the_providers_page() {
        assert_eq!(said("checkout.status", "failed", ""), Said::Other);
        assert_eq!(said("checkout.status", "succeeded", ""), Said::Ended);
        assert_eq!(said("checkout.status", "processing", ""), Said::Ended);
    }

    #[test]
    fn a_page_can_only_send_the_buyer_to_the_web() {
        assert_eq!(said("checkout.redirect", "", "javascript:alert(1)"), Said::Other);
        assert_eq!(said("checkout.redirect", "", "data:text/html,x"), Said::Other);
        let back = "https://shop.example/?a=b&checkout_return=co_1";
        assert_eq!(said("checkout.redirect_requested", "", back), Said::Ended);
        let elsewhere = "https://bank.example/3ds";
        assert_eq!(said("checkout.redirect_requested", "", elsewhere), Said::Leave(elsewhere.into()));
    }

    #[test]
    fn keys_and_unknown_events_stop_here() {
        assert_eq!(said("checkout.keys_provided", "", ""), Said::Other);
        assert_eq!(said("checkout.something_new", "succeeded", "https://x.example"), Said::Other);
    }
}

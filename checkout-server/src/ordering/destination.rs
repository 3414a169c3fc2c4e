//! Where a buyer goes after paying: a page on an allowed origin, or our own status page. An
//! address from a browser is never followed anywhere else.

use reqwest::Url;

use crate::app::App;
use crate::error::{Code, Problem};

/// Addresses longer than this break somewhere on the way.
const LONGEST: usize = 2_048;

/// A checked address on an allowed origin.
pub(super) struct Destination(Url);

/// The two ways back from the payment page.
pub(super) struct Back {
    pub(super) done: String,
    pub(super) canceled: String,
}

/// Takes an address only if it is plainly one of an allowed page: what two parsers could read
/// differently is refused.
pub(super) fn check(app: &App, text: &str) -> Result<Destination, Problem> {
    let refused = || Problem::at(Code::ReturnUrlNotAllowed, "/success_url");
    let plain = text.len() <= LONGEST
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && (text.starts_with("https://") || text.starts_with("http://"));
    let url = plain.then(|| Url::parse(text).ok()).flatten().ok_or_else(refused)?;
    let anonymous = url.username().is_empty() && url.password().is_none() && !text[..text.len().min(300)].contains('@');
    let origin = url.origin().ascii_serialization();
    // The text has to name the origin as we list it, so that no rewriting by a parser is trusted.
    let literal = text.get(..origin.len()).is_some_and(|start| start.eq_ignore_ascii_case(&origin));
    if anonymous && literal && app.allows(&origin) { Ok(Destination(url)) } else { Err(refused()) }
}

/// Where the provider sends the buyer. The page learns which checkout it was, and nothing secret.
pub(super) fn back(app: &App, checkout: &str, wanted: Option<&Destination>) -> Back {
    let page = format!("{}/c/{checkout}?t={}", app.public_url, app.keys.page_token(checkout));
    match wanted {
        None => Back { canceled: format!("{page}&canceled=1"), done: page },
        Some(Destination(url)) => {
            let with = |pairs: &[(&str, &str)]| {
                let mut url = url.clone();
                url.query_pairs_mut().extend_pairs(pairs);
                url.to_string()
            };
            let returned = ("checkout_return", checkout);
            Back { done: with(&[returned]), canceled: with(&[returned, ("checkout_canceled", "1")]) }
        }
    }
}

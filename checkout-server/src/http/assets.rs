//! The widget's files, embedded by `build.rs`, and what a host page must allow so that they run.
//!
//! `/checkout.js` has a fixed address and is asked for again each time; everything has the content's
//! hash in its address under `/assets/`, the loader too, and is kept for ever there.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::error::{Code, Problem};

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

mod releases;

use releases::Kept;
pub use releases::Releases;

const LOADER: &str = "checkout.js";
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const TIMING_ALLOW_ORIGIN: HeaderName = HeaderName::from_static("timing-allow-origin");
const A_YEAR: &str = "public, max-age=31536000, immutable";

/// A file of the widget.
#[derive(Debug)]
struct File {
    path: &'static str,
    content_type: &'static str,
    /// Its SHA-384, as `integrity` attributes write it.
    integrity: &'static str,
    raw: &'static [u8],
    brotli: &'static [u8],
}

/// The widget inside this executable, and the addresses that a page with it talks to.
#[derive(Clone, Debug)]
pub struct Widget {
    hash: &'static str,
    files: &'static [File],
    helper: String,
    payment_pages: Vec<String>,
    releases: Releases,
}

impl Widget {
    /// The one that was built in. `helper` is our own public origin and `payment_pages` are those of
    /// the provider's hosted pages, such as `https://checkout.example.com`; none ends with a slash.
    #[must_use]
    pub fn embedded(helper: impl Into<String>, payment_pages: Vec<String>) -> Self {
        Self { hash: HASH, files: FILES, helper: helper.into(), payment_pages, releases: Releases::default() }
    }

    /// The same, with those of earlier releases that pages may still ask for.
    #[must_use]
    pub fn with_releases(self, releases: Releases) -> Self {
        Self { releases, ..self }
    }

    /// Whether there is a widget at all: a build without `make widget` has none.
    #[must_use]
    pub fn is_built(&self) -> bool {
        !self.files.is_empty()
    }

    /// The folder of the widget's files, such as `/assets/1a2b3c4d`.
    #[must_use]
    pub fn base(&self) -> String {
        format!("/assets/{}", self.hash)
    }

    fn file(&self, path: &str) -> Option<&'static File> {
        self.files.iter().find(|file| file.path == path)
    }
}

/// `GET /checkout.js`: the loader.
pub async fn loader(State(widget): State<Arc<Widget>>, headers: HeaderMap) -> Response {
    let Some(file) = widget.file(LOADER) else { return not_built() };
    let tag = format!("\"{}\"", &file.integrity["sha384-".len()..]);
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let fresh = [(CACHE_CONTROL, "no-cache"), (ETAG, tag.as_str())];
    if known.flat_map(|list| list.split(',')).any(|known| known.trim().trim_start_matches("W/") == tag) {
        return (StatusCode::NOT_MODIFIED, fresh, open_to_pages()).into_response();
    }
    (fresh, served(file, &headers)).into_response()
}

/// `GET /assets/{hash}/{path}`: the widget, of this build or of an earlier one that was kept. Any other
/// is not found, so that no page gets parts that do not fit.
pub async fn file(
    State(widget): State<Arc<Widget>>,
    Path((hash, path)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if !widget.is_built() {
        return not_built();
    }
    if let Some(file) = widget.file(&path).filter(|_| hash == widget.hash) {
        return ([(CACHE_CONTROL, A_YEAR)], served(file, &headers)).into_response();
    }
    match widget.releases.file(&hash, &path) {
        Some(Kept { content_type, raw, brotli, .. }) => {
            let best = encoded(content_type, raw.clone(), brotli.clone(), &headers);
            ([(CACHE_CONTROL, A_YEAR)], best).into_response()
        }
        None => (open_to_pages(), Problem::from(Code::NotFound)).into_response(),
    }
}

/// `GET /csp`: what a host page's Content-Security-Policy must allow, and the integrity hashes, as
/// text for people or, when asked for, as JSON.
pub async fn csp(State(widget): State<Arc<Widget>>, headers: HeaderMap) -> Response {
    let needs = Needs::of(&widget);
    let common = [(CACHE_CONTROL, "no-cache"), (VARY, "accept")];
    let wants = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if wants.contains("application/json") {
        return (common, open_to_pages(), axum::Json(needs)).into_response();
    }
    (common, open_to_pages(), needs.to_string()).into_response()
}

/// What a host page must allow.
#[derive(Debug, Serialize)]
struct Needs {
    policy: String,
    script_src: Vec<String>,
    connect_src: Vec<String>,
    frame_src: Vec<String>,
    script_tag: String,
    integrity: Vec<Integrity>,
}

/// The hash of one file.
#[derive(Debug, Serialize)]
struct Integrity {
    url: String,
    integrity: &'static str,
}

impl Needs {
    fn of(widget: &Widget) -> Self {
        let helper = &widget.helper;
        let script_src = vec![helper.clone(), "'wasm-unsafe-eval'".to_owned()];
        let connect_src = vec![helper.clone()];
        let frame_src: Vec<_> = std::iter::once(helper).chain(&widget.payment_pages).cloned().collect();
        let policy = format!(
            "script-src {}; connect-src {}; frame-src {}",
            script_src.join(" "),
            connect_src.join(" "),
            frame_src.join(" ")
        );
        let address = |file: &File| format!("{helper}{}/{}", widget.base(), file.path);
        let fixed = |file: &File| if file.path == LOADER { format!("{helper}/{LOADER}") } else { address(file) };
        let listed = |file: &File, url: String| Integrity { url, integrity: file.integrity };
        let mut integrity: Vec<_> = widget.files.iter().map(|file| listed(file, fixed(file))).collect();
        integrity.extend(widget.file(LOADER).map(|file| listed(file, address(file))));
        // The address with the hash: after an update the fixed one has other bytes than the page has pinned.
        let (url, hash) = widget.file(LOADER).map_or_else(Default::default, |file| (address(file), file.integrity));
        let script_tag =
            format!("<script type=\"module\" src=\"{url}\" integrity=\"{hash}\" crossorigin=\"anonymous\"></script>");
        Self { policy, script_src, connect_src, frame_src, script_tag, integrity }
    }
}

impl std::fmt::Display for Needs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "Add these to the Content-Security-Policy of each page with a checkout:\n")?;
        writeln!(f, "  {}\n", self.policy.replace("; ", ";\n  "))?;
        writeln!(f, "No style-src is needed: the widget brings no inline style.\n")?;
        writeln!(f, "To pin this build of the script (it must be changed with every update of the helper):\n")?;
        writeln!(f, "  {}\n", self.script_tag)?;
        writeln!(f, "Hashes of all files:\n")?;
        self.integrity.iter().try_for_each(|file| writeln!(f, "  {}\n    {}", file.url, file.integrity))
    }
}

/// A page of any origin may load these files and see how long it took; they hold nothing secret.
fn open_to_pages() -> [(HeaderName, &'static str); 4] {
    [
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (RESOURCE_POLICY, "cross-origin"),
        (TIMING_ALLOW_ORIGIN, "*"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ]
}

fn served(file: &'static File, headers: &HeaderMap) -> Response {
    encoded(file.content_type, Bytes::from_static(file.raw), Bytes::from_static(file.brotli), headers)
}

/// The bytes in the best encoding that the browser takes.
fn encoded(content_type: &'static str, raw: Bytes, brotli: Bytes, headers: &HeaderMap) -> Response {
    // The bytes bring a content type of their own: ours is set after it.
    let common = |body: Bytes| ([(CONTENT_TYPE, content_type), (VARY, "accept-encoding")], open_to_pages(), body);
    if takes_brotli(headers) {
        return ([(CONTENT_ENCODING, "br")], common(brotli)).into_response();
    }
    common(raw).into_response()
}

/// `br` is in the list, and not with a weight of nought (RFC 9110, 12.5.3).
fn takes_brotli(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|entry| {
        let (coding, weight) = entry.split_once(';').unwrap_or((entry, ""));
        let refused = weight
            .trim()
            .strip_prefix("q=")
            .is_some_and(|weight| weight.starts_with('0') && weight.bytes().all(|byte| byte == b'0' || byte == b'.'));
        coding.trim().eq_ignore_ascii_case("br") && !refused
    })
}

fn not_built() -> Response {
    (open_to_pages(), Problem::from(Code::WidgetNotBuilt)).into_response()
}

#[cfg(test)]
mod tests;

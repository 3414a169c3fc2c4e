//! The widget's files as a browser asks for them, on files made up for the purpose.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::*;

static FIXTURE: &[File] = &[
    File {
        path: "checkout-ui_bg.wasm",
        content_type: "application/wasm",
        integrity: "sha384-d2FzbQ==",
        raw: b"raw wasm",
        brotli: b"small wasm",
    },
    File {
        path: "checkout.js",
        content_type: "text/javascript; charset=utf-8",
        integrity: "sha384-bG9hZGVy",
        raw: b"raw loader",
        brotli: b"small loader",
    },
];

fn widget(files: &'static [File]) -> Router {
    let payment_pages = vec!["https://pay.example".to_owned()];
    let releases = Releases::default();
    let widget =
        Widget { hash: "1a2b3c4d", files, helper: "https://helper.example".to_owned(), payment_pages, releases };
    Router::new()
        .route("/checkout.js", get(loader))
        .route("/assets/{hash}/{*path}", get(file))
        .route("/csp", get(csp))
        .layer(axum::middleware::from_fn(super::super::answer::contain))
        .with_state(Arc::new(widget))
}

/// Status, headers and body of a GET with one header.
async fn ask(router: Router, path: &str, name: &str, value: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::get(path).header(name, value).body(Body::empty()).unwrap();
    let (head, body) = router.oneshot(request).await.unwrap().into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    (head.status, head.headers, body)
}

#[tokio::test]
async fn the_module_is_compressed_kept_for_ever_and_open_to_every_page() {
    let path = "/assets/1a2b3c4d/checkout-ui_bg.wasm";
    let (status, headers, body) = ask(widget(FIXTURE), path, "accept-encoding", "gzip, deflate, br, zstd").await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "small wasm"));
    for (name, value) in [
        ("content-type", "application/wasm"),
        ("content-encoding", "br"),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("vary", "accept-encoding"),
        ("access-control-allow-origin", "*"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("timing-allow-origin", "*"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
}

#[tokio::test]
async fn brotli_is_sent_only_where_it_is_taken() {
    for (accepted, expected) in [
        ("br", "small wasm"),
        ("gzip;q=1.0, BR;q=0.5", "small wasm"),
        ("gzip", "raw wasm"),
        ("br;q=0", "raw wasm"),
        ("br; q=0.000", "raw wasm"),
        ("", "raw wasm"),
        ("brotli", "raw wasm"),
    ] {
        let path = "/assets/1a2b3c4d/checkout-ui_bg.wasm";
        let (_, headers, body) = ask(widget(FIXTURE), path, "accept-encoding", accepted).await;
        assert_eq!(body, expected, "{accepted}");
        assert_eq!(headers.contains_key("content-encoding"), expected == "small wasm", "{accepted}");
    }
}

#[tokio::test]
async fn what_is_not_of_this_build_is_not_found() {
    for path in [
        "/assets/ffffffff/checkout-ui_bg.wasm",
        "/assets/1a2b3c4d/other.js",
        "/assets/1a2b3c4d/../../Cargo.toml",
        "/assets/ffffffff/checkout.js",
    ] {
        let (status, headers, body) = ask(widget(FIXTURE), path, "accept", "*/*").await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(headers["content-type"], "application/problem+json");
        assert_eq!(headers["cache-control"], "no-store", "a 404 during an update must not stay");
        assert!(body.contains(r#""code":"not_found""#));
    }
}

#[tokio::test]
async fn a_pinned_loader_has_an_address_that_is_kept_for_ever() {
    let (status, headers, body) = ask(widget(FIXTURE), "/assets/1a2b3c4d/checkout.js", "accept", "*/*").await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "raw loader"));
    assert_eq!(headers["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(headers["access-control-allow-origin"], "*", "integrity needs CORS");
}

#[tokio::test]
async fn the_loader_is_asked_for_again_and_answered_briefly_when_it_is_the_same() {
    let (status, headers, body) = ask(widget(FIXTURE), "/checkout.js", "accept-encoding", "br").await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "small loader"));
    assert_eq!(headers["cache-control"], "no-cache");
    assert_eq!(headers["access-control-allow-origin"], "*");
    let tag = headers["etag"].to_str().unwrap();
    for known in [tag.to_owned(), format!("\"other\", W/{tag}")] {
        let (status, headers, body) = ask(widget(FIXTURE), "/checkout.js", "if-none-match", &known).await;
        assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""), "{known}");
        assert_eq!(headers["etag"], tag);
    }
}

#[tokio::test]
async fn without_a_widget_it_says_what_to_run() {
    for path in ["/checkout.js", "/assets/00000000/checkout-ui_bg.wasm"] {
        let (status, _, body) = ask(widget(&[]), path, "accept", "*/*").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(body.contains("run make build"), "{body}");
    }
}

#[tokio::test]
async fn a_host_page_learns_its_exact_policy() {
    let (_, headers, text) = ask(widget(FIXTURE), "/csp", "accept", "*/*").await;
    assert!(headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    for line in [
        "  script-src https://helper.example 'wasm-unsafe-eval';",
        "  connect-src https://helper.example;",
        "  frame-src https://helper.example https://pay.example",
        r#"src="https://helper.example/assets/1a2b3c4d/checkout.js" integrity="sha384-bG9hZGVy" crossorigin="anonymous""#,
        "https://helper.example/assets/1a2b3c4d/checkout-ui_bg.wasm\n    sha384-d2FzbQ==",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    let (_, _, json) = ask(widget(FIXTURE), "/csp", "accept", "application/json").await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["frame_src"], serde_json::json!(["https://helper.example", "https://pay.example"]));
    assert_eq!(json["integrity"][1]["url"], "https://helper.example/checkout.js");
    assert_eq!(json["integrity"][2]["url"], "https://helper.example/assets/1a2b3c4d/checkout.js");
    assert_eq!(json["integrity"][1]["integrity"], json["integrity"][2]["integrity"]);
}

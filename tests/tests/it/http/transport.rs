//! Bytes and connections: what the helper takes of clients that are slow, many, or speak no HTTP
//! (G30). BAD-INPUTS, "HTTP and transport".

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use checkout_server::http::serve::{ListenerLimits, serve};
use checkout_tests::app::TestApp;
use checkout_tests::socket::{connect, connect_from, head, is_closed, say, until_closed};
use checkout_types::checkout::CreatedCheckout;
use futures_util::future::join_all;
use reqwest::StatusCode;
use reqwest::header::AUTHORIZATION;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn who_keeps_the_helper_waiting_is_closed_in_time() {
    let app = TestApp::start().await;
    let slow_head = async {
        let mut stream = connect(&app.ready().helper).await;
        let begun = Instant::now();
        stream.write_all(b"GET /csp HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ").await.unwrap();
        let dripping = async {
            while stream.write_all(b"a").await.is_ok() && !is_closed(&stream) {
                tokio::time::sleep(SECOND / 4).await;
            }
        };
        assert!(tokio::time::timeout(SECOND * 12, dripping).await.is_ok(), "a dripping head is closed");
        assert!(begun.elapsed() > SECOND * 9, "{:?}: not before ten seconds", begun.elapsed());
    };
    let idle = async {
        let mut stream = connect(&app.ready().helper).await;
        stream.write_all(b"GET /pages.css HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await.unwrap();
        assert!(head(&mut stream).await.starts_with("HTTP/1.1 200"));
        until_closed(&mut stream, SECOND * 12).await;
    };
    let silent = async {
        let mut stream = connect(&app.ready().helper).await;
        until_closed(&mut stream, SECOND * 12).await;
    };
    tokio::join!(slow_head, idle, silent);
}

#[tokio::test]
async fn a_body_that_stalls_is_refused_after_ten_seconds() {
    let app = TestApp::start().await;
    let stalled = async |path: &str, headers: String| {
        let mut stream = connect(&app.ready().helper).await;
        let request =
            format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Content-Length: 50\r\n\r\n{{\"items\":");
        stream.write_all(request.as_bytes()).await.unwrap();
        let (took, answer) = until_closed(&mut stream, SECOND * 13).await;
        assert!((9..12).contains(&took.as_secs()), "{path}: {took:?}");
        answer
    };
    let origin = format!("Origin: {}\r\n", app.ready().shop);
    let now = checkout_server::clock::Clock::wall().as_second();
    let signed = format!("webhook-id: msg_1\r\nwebhook-timestamp: {now}\r\nwebhook-signature: v1,AAAA\r\n");
    let json = "Content-Type: application/json\r\n";
    let (quote, webhook, form) = tokio::join!(
        stalled("/v1/quotes", format!("{origin}{json}")),
        stalled("/webhooks/dodo", format!("{signed}{json}")),
        stalled("/pay/pro_monthly", "Content-Type: application/x-www-form-urlencoded\r\n".to_owned()),
    );
    for answer in [quote, webhook] {
        assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("\"code\":\"body_timeout\""), "{answer}");
    }
    assert!(form.starts_with("HTTP/1.1 408") && form.contains("text/html"), "{form}");
}

#[tokio::test]
async fn who_reads_too_slowly_is_closed_after_half_a_minute() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let large = axum::Router::new().route("/", axum::routing::get(async || vec![b'a'; 64 << 20]));
    tokio::spawn(serve(listener, large, ListenerLimits::default(), CancellationToken::new()));
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    tokio::time::sleep(SECOND * 32).await;
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer).await);
    assert!(answer.len() < 64 << 20, "the rest is not sent");
}

#[tokio::test]
async fn idle_connections_of_one_address_go_and_busy_ones_stay() {
    let app = TestApp::start().await;
    for source in [Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 9)] {
        let idle = join_all((0..200).map(|_| connect_from(&app.ready().helper, source))).await;
        tokio::time::sleep(SECOND * 2).await;
        let open = idle.iter().filter(|stream| !is_closed(stream)).count();
        assert!(open <= 64, "{open} of {source}'s idle connections are open");
        assert!(open > 0, "a few may wait");
        let asked = (0..100).map(|_| app.get("/v1/catalog").send());
        let statuses: Vec<_> = join_all(asked).await.into_iter().map(|answer| answer.unwrap().status()).collect();
        assert_eq!(statuses, [StatusCode::OK; 100]);
    }
}

#[tokio::test]
async fn who_watches_an_order_is_not_idle() {
    let app = TestApp::start().await;
    let mut orders = Vec::new();
    for _ in 0..10 {
        orders.push(app.checkout(&app.quote("pro_monthly", "DE").await).await);
    }
    let watch = |created: &CreatedCheckout| {
        let request = app.get(&format!("/v1/checkouts/{}/events", created.id));
        request.header(AUTHORIZATION, format!("Bearer {}", created.client_secret)).send()
    };
    // As many as one order may have.
    let watching = orders.iter().flat_map(|created| (0..8).map(move |_| watch(created)));
    let mut watching = join_all(watching).await.into_iter().map(Result::unwrap).collect::<Vec<_>>();
    for answer in &mut watching {
        assert_eq!(answer.status(), 200);
        assert!(answer.chunk().await.unwrap().is_some(), "the present state at once");
    }
    tokio::time::sleep(SECOND * 2).await;
    for created in &orders {
        app.pay(created, checkout_tests::app::GOOD_CARD).await;
    }
    for answer in &mut watching {
        assert!(answer.chunk().await.unwrap().is_some(), "and the change");
    }
}

#[tokio::test]
async fn one_address_has_256_connections_and_others_come_in() {
    let app = TestApp::start().await;
    let many = join_all((0..300).map(|_| connect_from(&app.ready().helper, Ipv4Addr::new(127, 0, 0, 7)))).await;
    tokio::time::sleep(SECOND / 4).await;
    let open = many.iter().filter(|stream| !is_closed(stream)).count();
    assert!(open <= 256, "{open}");
    assert_eq!(app.get("/v1/catalog").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_full_table_makes_room_for_a_quick_client() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/", axum::routing::get(async || "here"));
    let limits = ListenerLimits { connections: 8, ..ListenerLimits::default() };
    tokio::spawn(serve(listener, router, limits, CancellationToken::new()));
    let mut slow = Vec::new();
    for number in 1..=8 {
        slow.push(connect_from(&url, Ipv4Addr::new(127, 0, 1, number)).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for _ in 0..3 {
        let answer = say(connect(&url).await, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("here"), "{answer}");
    }
    assert!(is_closed(&slow[0]), "the one that waited longest made room");
    assert!(!is_closed(&slow[7]), "the last one has its place");
}

/// Each row of the table that is about the bytes of a request: what is sent, and how the first and
/// only answer begins.
#[tokio::test]
async fn bytes_that_are_no_request_of_ours() {
    let app = TestApp::start().await;
    let origin = format!("Host: 127.0.0.1\r\nOrigin: {}\r\n", app.ready().shop);
    let close = "Connection: close\r\n";
    let post = format!("POST /v1/quotes HTTP/1.1\r\n{origin}{close}Content-Type: application/json\r\n");
    for (request, expected, code) in [
        (format!("get /v1/catalog HTTP/1.1\r\n{origin}{close}\r\n"), 405, "method_not_allowed"),
        (format!("TRACE /v1/catalog HTTP/1.1\r\n{origin}{close}\r\n"), 405, "method_not_allowed"),
        (format!("CONNECT 127.0.0.1:443 HTTP/1.1\r\n{origin}{close}\r\n"), 405, "method_not_allowed"),
        (format!("GET /v1/catalog HTTP/1.1\r\n{origin}X: a\r\n b\r\n{close}\r\n"), 400, ""),
        (format!("GET /v1/catalog HTTP/1.1\n{}{}\n", origin.replace('\r', ""), close.replace('\r', "")), 200, ""),
        (
            format!("{post}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{{}}\r\n0\r\n\r\n"),
            400,
            "body_malformed",
        ),
        (format!("{post}Transfer-Encoding: chunked\r\n\r\nzz\r\n{{}}\r\n0\r\n\r\n"), 400, "body_malformed"),
        (format!("{post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), 400, ""),
        (format!("{post}Content-Length: -1\r\n\r\n{{}}"), 400, ""),
        (format!("{post}Content-Length: 99999999999999999999\r\n\r\n{{}}"), 400, ""),
        (format!("GET http://127.0.0.1/csp HTTP/1.1\r\nHost: 127.0.0.1\r\n{close}\r\n"), 200, ""),
        (format!("GET http://evil.example/csp HTTP/1.1\r\nHost: 127.0.0.1\r\n{close}\r\n"), 421, "unknown_host"),
        (format!("GET /csp HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: 127.0.0.1\r\n{close}\r\n"), 400, "bad_host"),
        (format!("GET /csp HTTP/3.7\r\n{origin}\r\n"), 400, ""),
        (format!("GET /v1/catalog HTTP/1.1\r\n{origin}X: {}\r\n\r\n", '\u{7f}'), 400, ""),
        ("\r\n\r\n\r\n\0\0\0\0 \r\n\r\n".to_owned(), 400, ""),
    ] {
        let answer = say(connect(&app.ready().helper).await, &request).await;
        let start = format!("HTTP/1.1 {expected}");
        assert!(answer.starts_with(&start), "{request:?}\n{answer:?} is not {expected}");
        assert!(answer.contains(code), "{request:?}\n{answer:?} is not {code}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{request:?}: one answer, nothing smuggled: {answer:?}");
    }
    // The preface of HTTP/2, which a client sends that was promised it: nobody did.
    let answer = say(connect(&app.ready().helper).await, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert_eq!(answer, "", "closed");
    assert_eq!(app.get("/csp").send().await.unwrap().status(), 200, "it goes on");
}

/// A body with two lengths (RFC 9112, 6.3): the chunks count, one answer is given, and the connection ends,
/// so that nothing behind it is ever taken for a request.
#[tokio::test]
async fn nothing_is_smuggled_between_two_lengths() {
    let app = TestApp::start().await;
    let shop = &app.ready().shop;
    for lengths in
        ["Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"]
    {
        let request = format!(
            "POST /v1/quotes HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: {shop}\r\nContent-Type: application/json\r\n{lengths}\r\n\
             2\r\n{{}}\r\n0\r\n\r\nGET /csp HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        );
        let answer = say(connect(&app.ready().helper).await, &request).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    }
}

#[tokio::test]
async fn requests_in_a_row_are_answered_in_their_order() {
    let app = TestApp::start().await;
    let requests =
        ["/pages.css", "/nothing", "/csp"].map(|path| format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"));
    let last = "GET /pay/pro_monthly HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    let pipelined = format!("{}{last}", requests.concat());
    let answer = say(connect(&app.ready().helper).await, &pipelined).await;
    let statuses: Vec<&str> = answer.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    assert_eq!(statuses, ["200", "404", "200", "200"]);
}

#[tokio::test]
async fn who_asks_before_sending_is_told_to_go_on_or_not_to_bother() {
    let app = TestApp::start().await;
    let ask = |origin: &str| {
        format!(
            "POST /v1/quotes HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: {origin}\r\nContent-Type: application/json\r\n\
             Content-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        )
    };
    let mut stream = connect(&app.ready().helper).await;
    stream.write_all(ask(&app.ready().shop).as_bytes()).await.unwrap();
    assert!(head(&mut stream).await.starts_with("HTTP/1.1 100"));
    let answer = say(stream, "{}").await;
    assert!(answer.starts_with("HTTP/1.1 422") && answer.contains("required"), "{answer}");
    let mut stranger = connect(&app.ready().helper).await;
    stranger.write_all(ask("https://evil.example").as_bytes()).await.unwrap();
    let (_, answer) = until_closed(&mut stranger, SECOND * 5).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "refused before a byte of the body: {answer}");
}

//! What a stop owes to those who have asked already (G2f). One thread, and nothing is awaited between what
//! a client does and the stop: so the server has not looked at any of it when it is told to stop.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream as Blocking};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use checkout_server::http::serve::{ListenerLimits, serve};
use checkout_tests::socket::until_closed;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n";
const PATIENCE: Duration = Duration::from_secs(8);

async fn server() -> (SocketAddr, CancellationToken, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let (address, stopping) = (listener.local_addr().expect("it is bound"), CancellationToken::new());
    let router = Router::new().route("/", get(async || "as always"));
    let serving = tokio::spawn(serve(listener, router, ListenerLimits::trusting(), stopping.clone()));
    (address, stopping, serving)
}

/// Connected, and known to nobody but the kernel; and a pen that writes into it without waiting.
fn connected(address: SocketAddr) -> (TcpStream, Blocking) {
    let stream = Blocking::connect(address).expect("the port is open");
    stream.set_nonblocking(true).expect("it is ours");
    let pen = stream.try_clone().expect("it is ours");
    (TcpStream::from_std(stream).expect("within a runtime"), pen)
}

#[tokio::test]
async fn who_has_asked_is_answered_though_nobody_has_looked_yet() {
    let (address, stopping, serving) = server().await;
    let (mut waiting, mut pen) = connected(address);
    pen.write_all(REQUEST.as_bytes()).expect("the kernel takes it");
    stopping.cancel();
    let (_, answer) = until_closed(&mut waiting, PATIENCE).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("as always"), "{answer:?}");
    assert!(answer.contains("connection: close"), "{answer:?}");
    serving.await.expect("it stops");
}

#[tokio::test]
async fn a_kept_connection_is_read_once_more_before_it_is_closed() {
    let (address, stopping, serving) = server().await;
    let (mut kept, mut pen) = connected(address);
    pen.write_all(REQUEST.as_bytes()).expect("the kernel takes it");
    let first = checkout_tests::socket::head(&mut kept).await;
    assert!(first.starts_with("HTTP/1.1 200") && !first.contains("connection: close"), "{first:?}");
    pen.write_all(REQUEST.as_bytes()).expect("the kernel takes it");
    stopping.cancel();
    let (_, second) = until_closed(&mut kept, PATIENCE).await;
    assert!(second.contains("HTTP/1.1 200") && second.contains("connection: close"), "{second:?}");
    serving.await.expect("it stops");
}

#[tokio::test]
async fn nobody_is_waited_for_who_does_not_ask() {
    let (address, stopping, serving) = server().await;
    let (mut silent, _pen) = connected(address);
    stopping.cancel();
    let (_, answer) = until_closed(&mut silent, PATIENCE).await;
    assert_eq!(answer, "");
    serving.await.expect("it stops");
    assert!(Blocking::connect(address).is_err(), "the port is closed");
}

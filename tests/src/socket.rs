//! Connections as no client library makes them: bytes, byte by byte, from an address of one's choice.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// A connection to a server such as `http://127.0.0.1:4243`, from this machine's own address.
pub async fn connect(url: &str) -> TcpStream {
    connect_from(url, Ipv4Addr::LOCALHOST).await
}

/// The same, from another loopback address: to the server, another client.
pub async fn connect_from(url: &str, source: Ipv4Addr) -> TcpStream {
    let address: SocketAddr = url.trim_start_matches("http://").parse().expect("an address of ours");
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from((source, 0))).expect("all of 127.0.0.0/8 is ours");
    socket.connect(address).await.expect("the server listens")
}

/// Sends bytes and reads until the server closes.
pub async fn say(mut stream: TcpStream, request: impl AsRef<[u8]>) -> String {
    // A server that refuses early may close before it has read everything.
    drop(stream.write_all(request.as_ref()).await);
    drop(stream.flush().await);
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer).await);
    String::from_utf8_lossy(&answer).into_owned()
}

/// How long it takes until the server closes, and what it said before.
pub async fn until_closed(stream: &mut TcpStream, most: Duration) -> (Duration, String) {
    let (begun, mut answer) = (Instant::now(), Vec::new());
    let reading = stream.read_to_end(&mut answer);
    let closed = tokio::time::timeout(most, reading).await.is_ok();
    assert!(closed, "still open after {most:?}");
    (begun.elapsed(), String::from_utf8_lossy(&answer).into_owned())
}

/// Whether the server has closed this connection, on which nothing else was to come.
pub fn is_closed(stream: &TcpStream) -> bool {
    !matches!(stream.try_read(&mut [0; 64]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}

/// Reads one answer's head and as much of its body as comes with it.
pub async fn head(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    while !answer.windows(4).any(|window| window == b"\r\n\r\n") {
        let read = stream.read_buf(&mut answer).await.expect("an answer");
        assert!(read > 0, "closed: {}", String::from_utf8_lossy(&answer));
    }
    String::from_utf8_lossy(&answer).into_owned()
}

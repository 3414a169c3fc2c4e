//! One kept-alive connection that costs the generator little: bytes out, a status in.

use std::net::{Ipv4Addr, SocketAddr};

use checkout_tests::socket::is_closed;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// A connection that is made anew when the server has closed it.
pub(crate) struct Line {
    to: SocketAddr,
    from: Ipv4Addr,
    stream: Option<TcpStream>,
    answer: Vec<u8>,
}

impl Line {
    /// To a server such as `http://127.0.0.1:4243`; connects with the first request.
    pub(crate) fn new(url: &str, from: Ipv4Addr) -> Self {
        let to = url.trim_start_matches("http://").parse().expect("an address that the server named");
        Self { to, from, stream: None, answer: Vec::with_capacity(4_096) }
    }

    /// The status of the answer, or nothing where there was none.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Option<u16> {
        // One that was closed meanwhile is made anew, as every client with a pool does.
        if self.stream.as_ref().is_none_or(is_closed) {
            self.stream = connect(self.to, self.from).await.ok();
        }
        let status = exchange(self.stream.as_mut()?, request, &mut self.answer).await;
        if status.is_none() {
            self.stream = None;
        }
        status
    }
}

/// A connection from that address of this machine.
pub(crate) async fn connect(to: SocketAddr, from: Ipv4Addr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((from, 0)))?;
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn exchange(stream: &mut TcpStream, request: &[u8], answer: &mut Vec<u8>) -> Option<u16> {
    answer.clear();
    stream.write_all(request).await.ok()?;
    loop {
        if let Some(end) = answer.windows(4).position(|at| at == b"\r\n\r\n") {
            let head = std::str::from_utf8(&answer[..end]).ok()?;
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let whole = end + 4 + length.map_or(0, |length| length.parse().unwrap_or(0));
            if answer.len() >= whole {
                return head.get(9..12)?.parse().ok();
            }
        }
        if stream.read_buf(answer).await.ok()? == 0 {
            return None;
        }
    }
}

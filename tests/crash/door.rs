//! The fault proxy: an address that stays, in front of a server that comes and goes. It passes bytes on,
//! and does to single exchanges what networks do: delays, cuts, resets, half-open connections, and
//! replies that are lost after the other side has done its work.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// How long a half-open connection stays, where nobody gives it up.
const FORGOTTEN: Duration = Duration::from_mins(1);

/// What happens to an exchange of one request and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    Pass,
    /// The request arrives later.
    Late(Duration),
    /// The answer arrives later.
    LateReply(Duration),
    /// The request never arrives: the connection is reset.
    Refuse,
    /// The request never arrives: something on the way answers it, with that status and `code`.
    Answer(u16, &'static str),
    /// The request is served; of the answer nothing arrives, and the connection is closed.
    DropReply,
    /// The request is served; of the answer so many bytes arrive.
    CutReply(usize),
    /// The request is served; the connection is reset before the answer.
    Reset,
    /// The request is served; the answer never comes, and the connection stays open.
    HalfOpen,
}

impl Fault {
    fn name(self) -> &'static str {
        match self {
            Self::Pass => "passed",
            Self::Late(_) => "late requests",
            Self::LateReply(_) => "late replies",
            Self::Refuse => "refused requests",
            Self::Answer(..) => "answers on the way",
            Self::DropReply => "dropped replies",
            Self::CutReply(_) => "cut replies",
            Self::Reset => "resets",
            Self::HalfOpen => "half-open connections",
        }
    }
}

type Rule = Box<dyn FnMut(&str) -> Fault + Send>;

struct Inside {
    to: Mutex<Option<SocketAddr>>,
    rule: Mutex<Rule>,
    struck: Mutex<BTreeMap<&'static str, u64>>,
}

/// The proxy. Clones are the same one; it ends with its token.
#[derive(Clone)]
pub(crate) struct Door {
    address: SocketAddr,
    inside: Arc<Inside>,
}

impl Door {
    /// One on a free port of loopback that leads nowhere yet, and does nothing to anybody.
    pub(crate) async fn open(stop: CancellationToken) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let inside = Arc::new(Inside {
            to: Mutex::default(),
            rule: Mutex::new(Box::new(|_| Fault::Pass)),
            struck: Mutex::default(),
        });
        let door = Self { address, inside };
        let serving = door.clone();
        tokio::spawn(async move {
            let connections = async {
                while let Ok((stream, _)) = listener.accept().await {
                    let (door, stop) = (serving.clone(), stop.clone());
                    tokio::spawn(async move {
                        tokio::select! {
                            () = stop.cancelled() => {}
                            () = door.connected(stream) => {}
                        }
                    });
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = connections => {}
            }
        });
        door
    }

    /// Its own address, such as `http://127.0.0.1:4000`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Leads there from now on, for new connections.
    ///
    /// # Panics
    /// It is not an address such as `http://127.0.0.1:4000`.
    pub(crate) fn turn(&self, to: &str) {
        let address = to.trim_start_matches("http://").parse().expect("an address on this machine");
        *lock(&self.inside.to) = Some(address);
    }

    /// Leads nowhere from now on.
    pub(crate) fn shut(&self) {
        *lock(&self.inside.to) = None;
    }

    /// Does from now on to each exchange what the rule says, by the request's first line.
    pub(crate) fn rule(&self, rule: impl FnMut(&str) -> Fault + Send + 'static) {
        *lock(&self.inside.rule) = Box::new(rule);
    }

    /// How often it did what.
    pub(crate) fn struck(&self, fault: Fault) -> u64 {
        lock(&self.inside.struck).get(fault.name()).copied().unwrap_or_default()
    }

    fn judge(&self, request: &[u8]) -> Fault {
        let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let fault = (lock(&self.inside.rule))(&String::from_utf8_lossy(line));
        *lock(&self.inside.struck).entry(fault.name()).or_default() += 1;
        fault
    }

    async fn connected(&self, client: TcpStream) {
        let to = *lock(&self.inside.to);
        let server = match to {
            Some(to) => TcpStream::connect(to).await.ok(),
            None => None,
        };
        let Some(server) = server else {
            // As a port behind which nobody listens.
            drop(client.set_zero_linger());
            return;
        };
        drop((client.set_nodelay(true), server.set_nodelay(true)));
        self.pass(client, server).await;
    }

    /// Passes bytes on until one side has enough. Without pipelining, what a client sends after it was
    /// answered is its next request.
    async fn pass(&self, mut client: TcpStream, mut server: TcpStream) {
        let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
        let (mut fault, mut replied) = (Fault::Pass, true);
        loop {
            tokio::select! {
                read = client.read(&mut asked) => {
                    let Ok(length @ 1..) = read else { return };
                    if replied {
                        (fault, replied) = (self.judge(&asked[..length]), false);
                        match fault {
                            Fault::Late(time) => tokio::time::sleep(time).await,
                            Fault::Refuse => return drop(client.set_zero_linger()),
                            Fault::Answer(status, code) => return answer(&mut client, status, code).await,
                            _ => {}
                        }
                    }
                    if server.write_all(&asked[..length]).await.is_err() {
                        return;
                    }
                }
                read = server.read(&mut answered) => {
                    let Ok(length @ 1..) = read else { return };
                    let first = !std::mem::replace(&mut replied, true);
                    if first && strike(fault, &mut client, &answered[..length]).await == Struck::Over {
                        return;
                    }
                    if client.write_all(&answered[..length]).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

/// Answers as a provider's own front does.
async fn answer(client: &mut TcpStream, status: u16, code: &str) {
    let body = format!("{{\"code\":\"{code}\",\"message\":\"on the way\"}}");
    let length = body.len();
    let head = format!("HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n");
    // Whoever is gone has no use for it.
    drop(client.write_all(format!("{head}connection: close\r\n\r\n{body}").as_bytes()).await);
}

/// Whether the connection goes on.
#[derive(PartialEq, Eq)]
enum Struck {
    On,
    Over,
}

/// Does to the first bytes of an answer what the fault says.
async fn strike(fault: Fault, client: &mut TcpStream, answer: &[u8]) -> Struck {
    match fault {
        Fault::Pass | Fault::Late(_) | Fault::Refuse | Fault::Answer(..) => return Struck::On,
        Fault::LateReply(time) => {
            tokio::time::sleep(time).await;
            return Struck::On;
        }
        Fault::DropReply => {}
        Fault::CutReply(bytes) => drop(client.write_all(&answer[..bytes.min(answer.len())]).await),
        Fault::Reset => drop(client.set_zero_linger()),
        Fault::HalfOpen => {
            let mut nothing = [0; 64];
            drop(tokio::time::timeout(FORGOTTEN, client.read(&mut nothing)).await);
        }
    }
    Struck::Over
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;

//! The demo's mailbox: a small real mail server on loopback, where the demo's mails arrive, and the pages
//! that show them. It speaks enough of RFC 5321 for any client: EHLO, HELO, MAIL, RCPT, DATA, RSET, NOOP,
//! QUIT. It keeps the newest mails in memory and hands nothing on to anybody.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::letter::{Letter, unstuffed};
use crate::clock::Clock;

pub(super) mod pages;

/// Mails that are kept.
const MOST: usize = 200;
/// Bytes of one.
const LARGEST: usize = 1 << 20;
/// Bytes of a line, with its end: of a command as RFC 5321 has it, and of a text by a good deal more.
const LONGEST_LINE: u64 = 16 * 1_024;
/// People that one mail goes to.
const MOST_RECIPIENTS: usize = 100;
/// Connections at once, and how long one may say nothing.
const CONNECTIONS: usize = 32;
const PATIENCE: Duration = Duration::from_mins(1);

/// What has arrived. Clones share it.
#[derive(Clone)]
pub struct Mailbox {
    clock: Clock,
    letters: Arc<Mutex<VecDeque<Arc<Letter>>>>,
}

impl Mailbox {
    /// An empty one.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, letters: Arc::default() }
    }

    /// What has arrived, newest first.
    #[must_use]
    pub fn letters(&self) -> Vec<Arc<Letter>> {
        self.kept().iter().rev().cloned().collect()
    }

    /// The mail of that number.
    #[must_use]
    pub fn letter(&self, number: u64) -> Option<Arc<Letter>> {
        self.kept().iter().find(|letter| letter.number == number).cloned()
    }

    fn take(&self, to: Vec<String>, raw: &[u8]) {
        let at: Timestamp = self.clock.now();
        let mut kept = self.kept();
        let number = kept.back().map_or(1, |last| last.number + 1);
        kept.push_back(Arc::new(Letter::read(number, at, to, raw)));
        if kept.len() > MOST {
            kept.pop_front();
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, VecDeque<Arc<Letter>>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A free port of this machine: nobody else reaches it.
    ///
    /// # Errors
    /// There is none.
    pub async fn bind() -> std::io::Result<TcpListener> {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await
    }

    /// Takes mails until it is told to stop.
    pub async fn serve(self, listener: TcpListener, stopping: CancellationToken) {
        let (places, conversations) = (Arc::new(Semaphore::new(CONNECTIONS)), TaskTracker::new());
        loop {
            let accepted = tokio::select! {
                () = stopping.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            let Ok((stream, _)) = accepted else { continue };
            // Who finds no place is let go, and tries again.
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
            let (mailbox, stopping) = (self.clone(), stopping.clone());
            conversations.spawn(async move {
                let _place = place;
                // A client that goes away in the middle has said what it wanted to.
                drop(stopping.run_until_cancelled(Conversation::new(mailbox, stream).hold()).await);
            });
        }
        conversations.close();
        conversations.wait().await;
    }
}

/// One client and what it has said of its next mail.
struct Conversation {
    mailbox: Mailbox,
    stream: BufReader<TcpStream>,
    from: Option<String>,
    to: Vec<String>,
}

/// What a line does.
enum Said {
    Answer(&'static str),
    Data,
    Quit,
}

impl Conversation {
    fn new(mailbox: Mailbox, stream: TcpStream) -> Self {
        Self { mailbox, stream: BufReader::new(stream), from: None, to: Vec::new() }
    }

    async fn hold(mut self) -> std::io::Result<()> {
        self.say("220 mailbox ready").await?;
        while let Some(line) = self.line().await? {
            match self.hear(&String::from_utf8_lossy(&line)) {
                Said::Answer(answer) => self.say(answer).await?,
                Said::Data => self.data().await?,
                Said::Quit => return self.say("221 bye").await,
            }
        }
        Ok(())
    }

    fn hear(&mut self, line: &str) -> Said {
        let line = line.trim_end();
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        Said::Answer(match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                self.forget();
                "250-mailbox\r\n250-SIZE 1048576\r\n250 8BITMIME"
            }
            "HELO" | "RSET" => {
                self.forget();
                "250 ok"
            }
            "NOOP" => "250 ok",
            "QUIT" => return Said::Quit,
            "MAIL" => match path(rest, "FROM:") {
                Some(from) if self.from.is_none() => {
                    self.from = Some(from);
                    "250 ok"
                }
                Some(_) => "503 one mail at a time",
                None => "501 say MAIL FROM:<address>",
            },
            "RCPT" => match path(rest, "TO:").filter(|to| !to.is_empty()) {
                _ if self.from.is_none() => "503 say MAIL first",
                Some(_) if self.to.len() >= MOST_RECIPIENTS => "452 that is too many",
                Some(to) => {
                    self.to.push(to);
                    "250 ok"
                }
                None => "501 say RCPT TO:<address>",
            },
            "DATA" if self.to.is_empty() => "503 say RCPT first",
            "DATA" => return Said::Data,
            _ => "500 what is that?",
        })
    }

    async fn data(&mut self) -> std::io::Result<()> {
        self.say("354 go on, and end with a dot").await?;
        let mut raw = Vec::new();
        let mut size = 0;
        while let Some(line) = self.line().await? {
            if line == b".\r\n" || line == b".\n" {
                let to = std::mem::take(&mut self.to);
                self.forget();
                if size > LARGEST {
                    return self.say("552 that is too large").await;
                }
                self.mailbox.take(to, &raw);
                return self.say("250 kept").await;
            }
            size += line.len();
            // What is too large is heard to its end and not kept.
            if size <= LARGEST {
                raw.extend_from_slice(unstuffed(&line));
            }
        }
        Ok(())
    }

    fn forget(&mut self) {
        self.from = None;
        self.to.clear();
    }

    /// A line with its end; `None` where the client is gone, says nothing, or does not end its line.
    async fn line(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let mut limited = (&mut self.stream).take(LONGEST_LINE);
        match tokio::time::timeout(PATIENCE, limited.read_until(b'\n', &mut line)).await {
            Ok(read) => {
                read?;
                Ok(line.ends_with(b"\n").then_some(line))
            }
            Err(_) => Ok(None),
        }
    }

    async fn say(&mut self, text: &str) -> std::io::Result<()> {
        self.stream.get_mut().write_all(format!("{text}\r\n").as_bytes()).await
    }
}

/// The address between the angle brackets; empty where a mail comes from nobody.
fn path(rest: &str, word: &str) -> Option<String> {
    let named = rest.get(..word.len()).filter(|named| named.eq_ignore_ascii_case(word))?;
    let path = rest[named.len()..].trim_start().strip_prefix('<')?;
    let (address, _) = path.split_once('>')?;
    (address.len() <= 320).then(|| address.to_owned())
}

#[cfg(test)]
mod tests;

//! A mail as it travels: its headers, and both of its bodies. Pure; every value of a header is encoded by
//! the library that writes it, and has no line end to begin with (see `words.rs`).

use std::time::SystemTime;

use jiff::Timestamp;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};

use super::templates::Written;
use super::words;
use crate::customer::Contact;

/// Who writes.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The shop, with the address that mails come from.
    pub from: Mailbox,
    /// Where answers go, if elsewhere.
    pub reply_to: Option<Mailbox>,
}

/// Why there is no mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LetterError {
    /// There is nobody at such an address, ever.
    #[error("the address is not one that mail can reach")]
    Address,
    /// The library refuses to write it.
    #[error("the mail cannot be written")]
    Malformed,
}

/// The mail. `id` is the message's, the same on every try, so that a receiver who got it twice can tell
/// (G28: SMTP has no idempotency of its own).
///
/// # Errors
/// See [`LetterError`].
pub fn letter(
    sender: &Sender,
    to: &Contact,
    id: &str,
    at: Timestamp,
    written: Written,
) -> Result<Message, LetterError> {
    let address: Address = to.email.parse().map_err(|_| LetterError::Address)?;
    let name = to.name.as_deref().and_then(words::greeting);
    let id: String = id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let Sender { from, reply_to } = sender;
    let mut letter = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(name, address))
        .date(SystemTime::from(at))
        .message_id(Some(format!("<{id}@{}>", from.email.domain())))
        .subject(written.subject)
        // No answer from machines: nobody is away for a machine (RFC 3834).
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()));
    if let Some(reply_to) = reply_to {
        letter = letter.reply_to(reply_to.clone());
    }
    let part = |kind: ContentType, body: String| SinglePart::builder().header(kind).body(body);
    let both = MultiPart::alternative()
        .boundary(format!("=_{id}"))
        .singlepart(part(ContentType::TEXT_PLAIN, written.text))
        .singlepart(part(ContentType::TEXT_HTML, written.html));
    letter.multipart(both).map_err(|_| LetterError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender() -> Sender {
        let from = Mailbox::new(Some("Fernway".to_owned()), "billing@fernway.example".parse().unwrap());
        Sender { from, reply_to: Some("help@fernway.example".parse().unwrap()) }
    }

    fn written(subject: &str) -> Written {
        Written { subject: subject.to_owned(), text: "Héllo\n".to_owned(), html: "<p>Héllo</p>".to_owned() }
    }

    fn sent(email: &str, name: Option<&str>, subject: &str) -> Result<String, LetterError> {
        let to = Contact { email: email.to_owned(), name: name.map(str::to_owned) };
        let at = "2026-12-22T10:15:00Z".parse().unwrap();
        let letter = letter(&sender(), &to, "msg_019aab6f", at, written(subject))?;
        Ok(String::from_utf8(letter.formatted()).unwrap())
    }

    #[test]
    fn the_headers_are_those_of_a_mail_that_a_machine_wrote() {
        let mail = sent("ada@example.com", Some("Ada"), "Your receipt").unwrap();
        for header in [
            "From: Fernway <billing@fernway.example>\r\n",
            "Reply-To: help@fernway.example\r\n",
            "To: Ada <ada@example.com>\r\n",
            "Subject: Your receipt\r\n",
            "Date: Tue, 22 Dec 2026 10:15:00 +0000\r\n",
            "Message-ID: <msg_019aab6f@fernway.example>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "MIME-Version: 1.0\r\n",
            "multipart/alternative",
            "text/plain; charset=utf-8",
            "text/html; charset=utf-8",
        ] {
            assert!(mail.contains(header), "{header}: {mail}");
        }
        assert_eq!(mail, sent("ada@example.com", Some("Ada"), "Your receipt").unwrap(), "the same on every try");
    }

    #[test]
    fn no_value_becomes_a_header() {
        let evil = "Ada\r\nBcc: eve@example.com\r\n\r\nHello";
        for mail in [
            sent("ada@example.com", Some(evil), "Your receipt"),
            sent("ada@example.com", None, evil),
            sent("ada@example.com", Some("Ada\u{202e}\" <eve@example.com>"), "Your receipt"),
        ] {
            let mail = mail.unwrap();
            let headers = mail.split("\r\n\r\n").next().unwrap();
            assert!(!headers.lines().any(|line| line.starts_with("Bcc") || line.starts_with("Hello")), "{headers}");
            assert_eq!(headers.matches('@').count(), mail_addresses(headers), "{headers}");
        }
        for email in ["ada@example.com\r\nBcc: eve@example.com", "ada@example.com, eve@example.com", "", "ada"] {
            assert_eq!(sent(email, None, "Your receipt"), Err(LetterError::Address), "{email}");
        }
    }

    /// Of ours and of Ada; those inside of an encoded word are text.
    fn mail_addresses(headers: &str) -> usize {
        ["billing@fernway.example", "help@fernway.example", "ada@example.com", "msg_019aab6f@fernway.example"]
            .iter()
            .map(|address| headers.matches(address).count())
            .sum::<usize>()
            + headers.matches("eve@example.com").count() * usize::from(headers.contains("Subject: Ada"))
    }
}

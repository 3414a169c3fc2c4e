//! A mail as it arrived, taken apart for a person to read. Pure. It reads what mail programs write:
//! folded headers, encoded words (RFC 2047), and a plain and an HTML part in the usual encodings.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

/// Parts inside of parts that are looked into.
const DEEPEST: usize = 4;

/// A mail.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// Counts from 1.
    pub number: u64,
    /// When it came.
    pub at: Timestamp,
    /// Whom it went to.
    pub to: Vec<String>,
    /// Who wrote it, as its header says.
    pub from: String,
    /// What it is about.
    pub subject: String,
    /// Its plain part.
    pub text: String,
    /// Its HTML part.
    pub html: String,
    /// All of it, as it came.
    pub raw: String,
}

impl std::fmt::Debug for Letter {
    /// A mail is personal.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Letter({})", self.number)
    }
}

impl Letter {
    /// Reads one. What cannot be read is left empty; `raw` has it all.
    #[must_use]
    pub fn read(number: u64, at: Timestamp, to: Vec<String>, raw: &[u8]) -> Self {
        let whole = Part::read(raw);
        let header = |name: &str| decoded_words(&whole.header(name).unwrap_or_default());
        Self {
            number,
            at,
            to,
            from: header("from"),
            subject: header("subject"),
            text: whole.find("text/plain", 0).unwrap_or_default(),
            html: whole.find("text/html", 0).unwrap_or_default(),
            raw: String::from_utf8_lossy(raw).into_owned(),
        }
    }
}

/// A line of a mail's text without the dot that was put before a dot (RFC 5321, 4.5.2).
#[must_use]
pub(super) fn unstuffed(line: &[u8]) -> &[u8] {
    if line.first() == Some(&b'.') { &line[1..] } else { line }
}

/// A part of a mail, or a mail: headers and a body.
struct Part<'a> {
    headers: Vec<(String, String)>,
    body: &'a [u8],
}

impl<'a> Part<'a> {
    fn read(raw: &'a [u8]) -> Self {
        let mut headers: Vec<(String, String)> = Vec::new();
        let mut rest = raw;
        while !rest.is_empty() {
            let (line, after) = first_line(rest);
            rest = after;
            let line = String::from_utf8_lossy(line);
            if line.is_empty() {
                break;
            }
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = headers.last_mut() {
                    value.push_str(&line);
                }
            } else if let Some((name, value)) = line.split_once(':') {
                headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        Self { headers, body: rest }
    }

    fn header(&self, name: &str) -> Option<String> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    /// The text of the first part of that type.
    fn find(&self, wanted: &str, depth: usize) -> Option<String> {
        let kind = self.header("content-type").unwrap_or_else(|| "text/plain".to_owned());
        let plain_kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if plain_kind == wanted {
            return Some(self.text());
        }
        let boundary =
            parameter(&kind, "boundary").filter(|_| plain_kind.starts_with("multipart/") && depth < DEEPEST)?;
        parts(self.body, &boundary).into_iter().find_map(|part| Part::read(part).find(wanted, depth + 1))
    }

    fn text(&self) -> String {
        let encoding = self.header("content-transfer-encoding").unwrap_or_default().to_ascii_lowercase();
        let bytes = match encoding.trim() {
            "base64" => {
                let plain: Vec<u8> = self.body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
                STANDARD.decode(plain).unwrap_or_default()
            }
            "quoted-printable" => quoted_printable(self.body),
            _ => self.body.to_vec(),
        };
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn first_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
    let (line, rest) = bytes.split_at(end);
    (line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line)), rest)
}

/// The bodies between the lines of a boundary.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let mark = format!("--{boundary}");
    let (mut found, mut begun, mut rest) = (Vec::new(), None, body);
    while !rest.is_empty() {
        let here = body.len() - rest.len();
        let (line, after) = first_line(rest);
        rest = after;
        let Some(end) = line.strip_prefix(mark.as_bytes()).filter(|end| matches!(end.trim_ascii(), b"" | b"--")) else {
            continue;
        };
        if let Some(begun) = begun {
            let part = &body[begun..here];
            found.push(part.strip_suffix(b"\r\n").or_else(|| part.strip_suffix(b"\n")).unwrap_or(part));
        }
        begun = end.trim_ascii().is_empty().then(|| body.len() - rest.len());
    }
    found
}

fn parameter(header: &str, name: &str) -> Option<String> {
    header.split(';').skip(1).find_map(|parameter| {
        let (known, value) = parameter.split_once('=')?;
        known.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// RFC 2045, 6.7.
fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (mut bytes, mut rest) = (Vec::with_capacity(body.len()), body);
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'=', [b'\r', b'\n', after @ ..] | [b'\n', after @ ..]) => rest = after,
            (b'=', [high, low, after @ ..]) if digit(*high).is_some() && digit(*low).is_some() => {
                bytes.push(digit(*high).unwrap_or_default() << 4 | digit(*low).unwrap_or_default());
                rest = after;
            }
            _ => bytes.push(*first),
        }
    }
    bytes
}

/// A header's value with its encoded words read (RFC 2047): UTF-8 in base64 or the Q encoding.
fn decoded_words(value: &str) -> String {
    let mut text = String::new();
    let mut was_encoded = false;
    for word in value.split_whitespace() {
        let decoded = decoded_word(word);
        // The space between two encoded words is none (RFC 2047, 6.2).
        let joined = was_encoded && decoded.is_some();
        if !text.is_empty() && !joined {
            text.push(' ');
        }
        was_encoded = decoded.is_some();
        text.push_str(decoded.as_deref().unwrap_or(word));
    }
    text
}

fn decoded_word(word: &str) -> Option<String> {
    let mut fields = word.strip_prefix("=?")?.strip_suffix("?=")?.splitn(3, '?');
    let (charset, encoding, text) = (fields.next()?, fields.next()?, fields.next()?);
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let bytes = match encoding {
        "B" | "b" => STANDARD.decode(text).ok()?,
        "Q" | "q" => quoted_printable(text.replace('_', " ").as_bytes()),
        _ => return None,
    };
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(raw: &str) -> Letter {
        Letter::read(1, Timestamp::UNIX_EPOCH, vec!["ada@example.com".to_owned()], raw.replace('\n', "\r\n").as_bytes())
    }

    #[test]
    fn both_parts_are_found_in_each_encoding() {
        let letter = read(
            "From: Fernway <billing@fernway.example>\nSubject: =?utf-8?b?SGVsbG8g?=\n =?UTF-8?Q?W=C3=B6rld_!?= plain\n\
             Content-Type: multipart/alternative;\n boundary=\"b1\"\n\nignored\n--b1\nContent-Type: text/plain; charset=utf-8\n\
             Content-Transfer-Encoding: quoted-printable\n\nH=C3=A9llo =\nyou=3D\n--b1\nContent-Type: text/html\n\
             Content-Transfer-Encoding: base64\n\nPGI+SMOpbGxv\nPC9iPg==\n--b1--\n",
        );
        assert_eq!(letter.subject, "Hello Wörld ! plain");
        assert_eq!(letter.from, "Fernway <billing@fernway.example>");
        assert_eq!((letter.text.as_str(), letter.html.as_str()), ("Héllo you=", "<b>Héllo</b>"));
    }

    #[test]
    fn a_mail_without_parts_is_its_text() {
        let letter = read("Subject: Hi\n\nHello\n--b1\n");
        assert_eq!((letter.text.as_str(), letter.html.as_str()), ("Hello\r\n--b1\r\n", ""));
        assert_eq!(unstuffed(b"..a\r\n"), b".a\r\n");
    }

    proptest! {
        #[test]
        fn whatever_comes_is_kept(raw: Vec<u8>) {
            let letter = Letter::read(1, Timestamp::UNIX_EPOCH, Vec::new(), &raw);
            prop_assert_eq!(letter.raw, String::from_utf8_lossy(&raw).into_owned());
        }
    }
}

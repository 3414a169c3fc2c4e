//! `docs/mail.md`, written from what the code knows: which mails there are, when each is sent and when it
//! is not any more, and what a template may say.

use std::fmt::Write as _;

use super::Mail;
use super::values::VARIABLES;

const HEAD: &str = "# Mails to buyers

The helper writes to buyers by your own mail server: plain text and HTML in one mail, in light and dark, with no
picture and nothing that tells you that it was read. Each mail is one message in the outbox, so it is sent when the
helper or the mail server comes back, and `checkout-server deliveries` shows what became of it.

## Settings

```toml
[mail]
from = \"billing@shop.example\"
shop_name = \"Shop\"
smtp = \"smtps://user@mail.example.com\"
```

The password comes as `CHECKOUT_SMTP_PASSWORD`, or from the file that `password_file` names. `smtps://` is TLS from
the first byte (port 465); `smtp://` is STARTTLS (port 587), and a server that does not offer it gets nothing. Only
this machine is spoken to in plain text. `checkout.example.toml` has the other settings.

A 4xx answer, a refused password or a server that cannot be reached is tried again, for about three days; any other
5xx answer parks the message for you to look at. What is kept of an answer are its codes: servers repeat the buyer's
address in their refusals. The `Message-ID` is the same on every try.

## Which, and when

| mail | sent for the event | not sent any more when |
|---|---|---|
";

const MIDDLE: &str = "
Each is sent at most once for its cause, however often the provider tells it. It goes to the address of the
customer's newest paid checkout at the time of sending; a receipt of a sale goes to whoever bought.

Money that went back, disputes and what you block by hand are yours to write about: no mail tells of them.

## Your own words

`templates = \"emails\"` names a folder. A file there takes the place of ours; what is not there stays ours:
`<mail>/subject.txt`, `<mail>/text.txt`, `<mail>/html.html`, and `base.html`, which all HTML is put into. They are
[MiniJinja](https://docs.rs/minijinja) templates; begin with a copy from `checkout-server/emails`. Values are
escaped in HTML, and have no line ends and no invisible characters anywhere. A mistake, such as a variable that
does not exist, is told with its file and line when the helper starts.

```sh
checkout-server emails preview --templates emails --into preview   # every mail as .txt, .html and .eml
checkout-server emails preview --template receipt --part html      # one of them
```

| variable | says |
|---|---|
";

const TAIL: &str = "
## The link in a mail about a failed payment

It leads to `/mend/…` of the helper and works for thirty days. Opening it changes nothing, because mail scanners
open links; the button there asks the provider for a fresh page for a new card. Who has the link sees the shop, the
product and the amount, and nothing personal.
";

impl Mail {
    /// When it is not sent any more, in the documentation's words; see [`super::overtaken`].
    const fn overtaken_when(self) -> &'static str {
        match self {
            Self::Receipt => "never",
            Self::PaymentFailed => "it was paid meanwhile, or the subscription has ended",
            Self::TrialEnding => "it was canceled, or the trial is over",
            Self::Canceled => "the cancellation was taken back",
            Self::AccessEnded => "access is back, or the mail about the cancellation has just said so",
        }
    }
}

/// The document.
#[must_use]
pub fn reference() -> String {
    let mut text = HEAD.to_owned();
    for mail in Mail::ALL {
        let event = match mail {
            Mail::AccessEnded => format!("`{}` that takes what a subscription gave", mail.kind().as_str()),
            _ => format!("`{}`", mail.kind().as_str()),
        };
        let _ = writeln!(text, "| `{}` | {event} | {} |", mail.as_str(), mail.overtaken_when());
    }
    text.push_str(MIDDLE);
    for (name, says) in VARIABLES {
        let _ = writeln!(text, "| `{name}` | {says} |");
    }
    text.push_str(TAIL);
    text
}

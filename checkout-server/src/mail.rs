//! Mails to buyers: what they paid, what did not go through and how to mend it, what ends. Below:
//! `occurrence.rs` is what a mail is about, `occasion.rs` says which announcement makes which mail and
//! when it is overtaken, `values.rs` what a template may say, `templates.rs` how it is written,
//! `letter.rs` how it travels, `server.rs` who carries it, and `mend.rs` the link in it. The outbox
//! brings each message here, see `outbox.rs`.

use crate::app::App;
use crate::fault::crash_point;
use crate::outbox::{MailRoute, Message, Outcome};

pub mod example;
pub mod letter;
pub mod mend;
mod occasion;
mod occurrence;
mod reference;
pub mod server;
pub mod templates;
pub mod values;
pub mod words;

pub use occasion::{Mail, Taken, Taking, of, overtaken, taken, waits_for_another};
pub use occurrence::{Cancellation, Charged, Occurrence};

pub use reference::reference;

use letter::Sender;
use lettre::message::Mailbox;
use server::Server;
use templates::Templates;

/// Everything that mails need, from the settings (`config/mail.rs`).
#[derive(Clone, Debug)]
pub struct Mailer {
    /// How buyers know the shop.
    pub shop_name: String,
    /// Who writes.
    pub sender: Sender,
    /// Which mails are sent.
    pub mails: Vec<Mail>,
    /// What they say.
    pub templates: Templates,
    /// Who carries them.
    pub server: Server,
}

impl Mailer {
    /// All mails as we word them, from that address by a server that asks no password.
    ///
    /// # Errors
    /// An address is none, in words.
    pub fn plain(shop_name: &str, from: &str, server: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let from = Mailbox::new(Some(shop_name.to_owned()), from.parse()?);
        Ok(Self {
            server: Server::at(server, None, from.email.domain())?,
            shop_name: shop_name.to_owned(),
            sender: Sender { from, reply_to: None },
            mails: Mail::ALL.to_vec(),
            templates: Templates::load(None)?,
        })
    }

    /// What the outbox writes mails for.
    #[must_use]
    pub fn routes(&self) -> Vec<MailRoute> {
        let route = |mail: &Mail| MailRoute { template: mail.as_str().to_owned(), kinds: vec![mail.kind()] };
        self.mails.iter().map(route).collect()
    }

    /// Where questions go.
    #[must_use]
    pub fn contact(&self) -> String {
        self.sender.reply_to.as_ref().unwrap_or(&self.sender.from).email.to_string()
    }
}

/// Sends the mail of a message, if it is still worth sending.
pub async fn send(app: &App, message: &Message) -> Outcome {
    let Some(mailer) = &app.mailer else { return park("no mail server is in the settings") };
    let Some(mail) = Mail::named(&message.target) else { return park("there is no mail of that name") };
    let told = match app.store.occurrence(&message.event).await {
        Ok(Some(told)) => told,
        Ok(None) => return park("its event is not there"),
        Err(error) => {
            tracing::error!(%error, "a mail's event cannot be read");
            return Outcome::Retry { after: None, status: None, error: "the store cannot be read".to_owned() };
        }
    };
    if let Some(why) = overtaken(mail, &told) {
        metrics::counter!("checkout_mails_overtaken_total", "mail" => mail.as_str()).increment(1);
        return Outcome::Cancel { why: why.to_owned() };
    }
    if waits_for_another(mail, &told) {
        let error = "the mail about the cancellation goes first".to_owned();
        return Outcome::Retry { after: None, status: None, error };
    }
    match written(app, mailer, mail, &told, &message.id) {
        Ok(letter) => {
            crash_point("mail.written");
            let outcome = mailer.server.send(letter).await;
            crash_point("mail.sent");
            outcome
        }
        Err(outcome) => outcome,
    }
}

/// The mail as it travels; or what becomes of the message without one.
fn written(app: &App, mailer: &Mailer, mail: Mail, told: &Occurrence, id: &str) -> Result<lettre::Message, Outcome> {
    let now = app.clock.now();
    let nobody = || Outcome::Cancel { why: "nobody to write to is known".to_owned() };
    let to = told.contact.as_ref().ok_or_else(nobody)?;
    let contact = mailer.contact();
    let shop =
        values::Shop { name: &mailer.shop_name, contact: &contact, catalog: &app.catalog, test_mode: app.test_mode };
    // Counted from the event, so that each try has the same link.
    let until = told.at.checked_add(mend::LIFE).unwrap_or(told.at);
    let link = mend::seal(&app.keys.mends, &app.public_url, &told.event, until)
        .map(|token| format!("{}/mend/{token}", app.public_url));
    let values = values::values(mail, &shop, told, link, now);
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, mail = mail.as_str(), message = id, "a mail was not written");
        park("its template fails; see the log")
    };
    let written = mailer.templates.write(mail, &values).map_err(|error| failed(&error))?;
    letter::letter(&mailer.sender, to, id, now, written).map_err(|error| match error {
        letter::LetterError::Address => park("the address is not one that mail can reach"),
        letter::LetterError::Malformed => failed(&error),
    })
}

fn park(error: &str) -> Outcome {
    Outcome::Park { status: None, error: error.to_owned() }
}

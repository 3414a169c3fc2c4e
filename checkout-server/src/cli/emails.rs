//! `emails`: the mails as buyers will see them, before any is sent.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use lettre::message::Mailbox;

use super::{Failure, say};
use crate::clock::Clock;
use crate::customer::Contact;
use crate::mail::Mail;
use crate::mail::example::examples;
use crate::mail::letter::{Sender, letter};
use crate::mail::templates::{Templates, Written};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: EmailsVerb,
}

#[derive(Subcommand)]
enum EmailsVerb {
    /// Write every mail with example data into a folder: as text, as HTML, and as an .eml for a mail
    /// program. Mistakes in templates are told with file and line. Example:
    /// `checkout-server emails preview --templates emails --into preview`
    Preview(Preview),
}

#[derive(Args)]
struct Preview {
    /// Your own templates; ours in place of those that are not there.
    #[arg(long, value_name = "FOLDER")]
    templates: Option<PathBuf>,
    /// Where the files go; it is made.
    #[arg(long, value_name = "FOLDER", default_value = "emails-preview")]
    into: PathBuf,
    /// Print one mail instead: receipt, `payment_failed`, `trial_ending`, canceled or `access_ended`.
    #[arg(long, value_name = "NAME")]
    template: Option<String>,
    /// Which part of it.
    #[arg(long, value_enum, default_value_t = Part::Text, requires = "template")]
    part: Part,
    /// The name of the shop.
    #[arg(long, default_value = "Fernway")]
    shop_name: String,
    /// Where the mails come from.
    #[arg(long, default_value = "billing@fernway.example")]
    from: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum Part {
    Text,
    Html,
    Eml,
}

pub(super) fn run(Arguments { verb: EmailsVerb::Preview(preview) }: Arguments) -> Result<(), Failure> {
    let templates = Templates::load(preview.templates.as_deref())?;
    let from: Mailbox = preview.from.parse().map_err(|_| format!("{} is no address", preview.from))?;
    let sender = Sender { from: Mailbox::new(Some(preview.shop_name.clone()), from.email), reply_to: None };
    match &preview.template {
        Some(name) => print(&preview, &templates, &sender, name),
        None => write_all(&preview, &templates, &sender),
    }
}

fn print(preview: &Preview, templates: &Templates, sender: &Sender, name: &str) -> Result<(), Failure> {
    let known = || Mail::ALL.map(Mail::as_str).join(", ");
    let mail = Mail::named(name).ok_or_else(|| format!("there is no mail {name:?}; known are {}", known()))?;
    let first = examples(mail, &preview.shop_name, &preview.from).into_iter().next();
    let (_, values) = first.ok_or("there is no example")?;
    let written = templates.write(mail, &values)?;
    match preview.part {
        Part::Text => say(format!("{}\n\n{}", written.subject, written.text).trim_end()),
        Part::Html => say(written.html.trim_end()),
        Part::Eml => say(&eml(sender, written)?),
    }
}

fn write_all(preview: &Preview, templates: &Templates, sender: &Sender) -> Result<(), Failure> {
    let into = &preview.into;
    let told = |error: std::io::Error| format!("{}: {error}", into.display());
    fs::create_dir_all(into).map_err(told)?;
    for mail in Mail::ALL {
        for (shape, values) in examples(mail, &preview.shop_name, &preview.from) {
            let written = templates.write(mail, &values)?;
            let base = into.join(format!("{}-{shape}", mail.as_str()));
            write(&base, "txt", &format!("{}\n\n{}", written.subject, written.text)).map_err(told)?;
            write(&base, "html", &written.html).map_err(told)?;
            say(&format!("{}: {}", base.display(), written.subject))?;
            write(&base, "eml", &eml(sender, written)?).map_err(told)?;
        }
    }
    Ok(())
}

fn write(base: &Path, extension: &str, text: &str) -> std::io::Result<()> {
    fs::write(base.with_extension(extension), text)
}

/// The mail as it would travel, to somebody made up.
fn eml(sender: &Sender, written: Written) -> Result<String, Failure> {
    let to = Contact { email: "ada@example.com".to_owned(), name: Some("Ada Lovelace".to_owned()) };
    let letter = letter(sender, &to, "msg_preview", Clock::wall(), written)?;
    Ok(String::from_utf8(letter.formatted())?)
}

//! `[mail]` as it is written.

use std::path::PathBuf;

use lettre::message::Mailbox;
use serde::Deserialize;

use super::{ConfigError, secret};
use crate::mail::letter::Sender;
use crate::mail::server::Server;
use crate::mail::templates::Templates;
use crate::mail::{Mail, Mailer, words};

const PASSWORD: &str = "CHECKOUT_SMTP_PASSWORD";

/// What was written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenMail {
    from: String,
    reply_to: Option<String>,
    shop_name: String,
    smtp: String,
    password_file: Option<PathBuf>,
    templates: Option<PathBuf>,
    send: Option<Vec<String>>,
}

impl WrittenMail {
    pub(super) fn meaning(self, environment: &dyn Fn(&str) -> Option<String>) -> Result<Mailer, ConfigError> {
        let Self { from, reply_to, shop_name, smtp, password_file, templates, send } = self;
        let shop_name = words::clean(&shop_name);
        if shop_name.is_empty() || shop_name.chars().count() > 60 {
            return Err(unusable("mail.shop_name", "give the name that buyers know, in 60 characters or less"));
        }
        let from = mailbox("mail.from", &from)?;
        let is_set = password_file.is_some() || environment(PASSWORD).is_some_and(|value| !value.trim().is_empty());
        let password = if is_set { Some(secret(environment, PASSWORD, password_file)?.into()) } else { None };
        let server = Server::at(&smtp, password, from.email.domain())
            .map_err(|error| unusable("mail.smtp", &error.to_string()))?;
        let templates =
            Templates::load(templates.as_deref()).map_err(|error| unusable("mail.templates", &error.to_string()))?;
        Ok(Mailer {
            sender: Sender {
                from: Mailbox::new(Some(from.name.unwrap_or_else(|| shop_name.clone())), from.email),
                reply_to: reply_to.map(|text| mailbox("mail.reply_to", &text)).transpose()?,
            },
            shop_name,
            mails: mails(send)?,
            templates,
            server,
        })
    }
}

fn mailbox(setting: &'static str, text: &str) -> Result<Mailbox, ConfigError> {
    let cure = "write an address such as \"billing@shop.example\" or \"Shop <billing@shop.example>\"";
    let mailbox: Mailbox = words::clean(text).parse().map_err(|_| unusable(setting, cure))?;
    let reachable = crate::customer::mailbox(mailbox.email.as_ref()).is_some();
    if reachable { Ok(mailbox) } else { Err(unusable(setting, cure)) }
}

fn mails(send: Option<Vec<String>>) -> Result<Vec<Mail>, ConfigError> {
    let Some(names) = send else { return Ok(Mail::ALL.to_vec()) };
    let known = Mail::ALL.map(Mail::as_str);
    let mut mails = Vec::new();
    for name in names {
        let unknown = || {
            let meant = crate::catalog::nearest(&name, &known).map(|meant| format!("did you mean {meant:?}?"));
            let cure = meant.unwrap_or_else(|| format!("known are {}", known.join(", ")));
            unusable("mail.send", &format!("{name:?} is no mail; {cure}"))
        };
        mails.push(Mail::named(&name).ok_or_else(unknown)?);
    }
    mails.sort_unstable();
    mails.dedup();
    Ok(mails)
}

fn unusable(setting: &'static str, cure: &str) -> ConfigError {
    ConfigError::Unusable { setting, cure: cure.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "from = \"billing@fernway.example\"\nshop_name = \"Fernway\"\nsmtp = \"smtp://127.0.0.1:2525\"\n";

    fn mail(text: &str, password: Option<&str>) -> Result<Mailer, String> {
        drop(rustls::crypto::ring::default_provider().install_default());
        let written: WrittenMail = toml::from_str(text).map_err(|error| error.to_string())?;
        let environment = |name: &str| password.filter(|_| name == PASSWORD).map(str::to_owned);
        written.meaning(&environment).map_err(|error| error.to_string())
    }

    #[test]
    fn little_is_needed() {
        let mailer = mail(GOOD, None).unwrap();
        assert_eq!(mailer.sender.from.to_string(), "Fernway <billing@fernway.example>");
        assert_eq!((mailer.contact().as_str(), mailer.mails.len()), ("billing@fernway.example", 5));
        let text = format!(
            "{GOOD}reply_to = \"Help <help@fernway.example>\"\nsend = [\"canceled\", \"receipt\", \"receipt\"]"
        );
        let mailer = mail(&text, None).unwrap();
        assert_eq!(mailer.contact(), "help@fernway.example");
        let templates: Vec<String> = mailer.routes().into_iter().map(|route| route.template).collect();
        assert_eq!(templates, ["receipt", "canceled"]);
    }

    #[test]
    fn a_password_never_prints() {
        let text = GOOD.replace("smtp://127.0.0.1:2525", "smtps://user@mail.example.com");
        let printed = format!("{:?}", mail(&text, Some("a secret of the mail server")).unwrap());
        assert!(!printed.contains("a secret"), "{printed}");
        assert!(mail(&text, None).unwrap_err().starts_with("mail.smtp: a user needs a password"));
    }

    #[test]
    fn mistakes_are_told_with_their_cure() {
        for (change, told) in [
            (("billing@fernway.example", "billing"), "mail.from: write an address"),
            (("billing@fernway.example", "billing@localhost"), "mail.from: write an address"),
            (("Fernway", " "), "mail.shop_name: give the name"),
            (("smtp://127.0.0.1:2525", "mail.example.com"), "mail.smtp: write smtps://user@mail"),
            (("smtp://127.0.0.1:2525", "smtps://u:p@mail.example.com"), "mail.smtp: leave the password out"),
            (
                ("shop_name", "send = [\"recipt\"]\nshop_name"),
                "mail.send: \"recipt\" is no mail; did you mean \"receipt\"?",
            ),
            (
                ("shop_name", "templates = \"/nowhere/at/all\"\nshop_name"),
                "mail.templates: /nowhere/at/all: No such file",
            ),
            (("shop_name", "form = \"x\"\nshop_name"), "unknown field"),
        ] {
            let error = mail(&GOOD.replacen(change.0, change.1, 1), None).unwrap_err();
            assert!(error.contains(told), "{change:?}: {error}");
        }
    }
}

//! `[[endpoint]]`: the merchant's endpoints that are told what happened. Their secrets come by the
//! environment or by files.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{ConfigError, read_own};
use crate::outbox::{Endpoint, Filter};
use crate::outgoing::Reach;
use crate::signature::SigningSecret;

/// Characters of a name.
const LONGEST_NAME: usize = 40;
/// One in force, and the one before it while they rotate.
const MOST_SECRETS: usize = 2;
/// Bytes of a secret at least (Standard Webhooks, "signature scheme").
const SHORTEST_SECRET: usize = 24;
/// Each is told of everything that it asks for: more of them are better served by one that passes on.
const MOST_ENDPOINTS: usize = 50;

/// What was written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenEndpoint {
    name: String,
    url: String,
    events: Option<Vec<String>>,
    secret_file: Option<PathBuf>,
    #[serde(default)]
    reach: WrittenReach,
}

/// How far away it may be; only the open internet by default.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenReach {
    #[default]
    Public,
    PublicPlain,
    Private,
    ThisMachine,
}

impl From<WrittenReach> for Reach {
    fn from(written: WrittenReach) -> Self {
        match written {
            WrittenReach::Public => Self::Public,
            WrittenReach::PublicPlain => Self::PublicPlain,
            WrittenReach::Private => Self::Private,
            WrittenReach::ThisMachine => Self::ThisMachine,
        }
    }
}

/// The endpoints that can be sent to.
pub(super) fn meaning(
    written: Vec<WrittenEndpoint>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Endpoint>, ConfigError> {
    if written.len() > MOST_ENDPOINTS {
        return Err(unusable(format!("there are {}; {MOST_ENDPOINTS} are the most", written.len())));
    }
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for one in written {
        let endpoint = endpoint(one, environment)?;
        if endpoints.iter().any(|other| other.id == endpoint.id) {
            return Err(unusable(format!("two are called {:?}; give each a name of its own", endpoint.id)));
        }
        endpoints.push(endpoint);
    }
    Ok(endpoints)
}

fn endpoint(written: WrittenEndpoint, environment: &dyn Fn(&str) -> Option<String>) -> Result<Endpoint, ConfigError> {
    let WrittenEndpoint { name, url, events, secret_file, reach } = written;
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !(1..=LONGEST_NAME).contains(&name.len()) || !name.bytes().all(allowed) {
        let shown: String = name.chars().take(LONGEST_NAME).collect();
        return Err(unusable(format!("name {shown:?} is not allowed; use 1 to {LONGEST_NAME} of a-z, 0-9 and _")));
    }
    let wrong = |text: String| unusable(format!("{name:?}: {text}"));
    let filter = events.map_or(Ok(Filter::default()), |names| Filter::parse(&names));
    let filter = filter.map_err(|error| wrong(format!("events: {error}")))?;
    let secrets = secrets(&name, secret_file.as_deref(), environment)?;
    let hint = match reach {
        WrittenReach::Public => {
            "; for one on this machine, or in your own network, say reach = \"this_machine\" or \"private\""
        }
        _ => "",
    };
    Endpoint::new(&name, &url, reach.into(), secrets, filter).map_err(|error| wrong(format!("url: it {error}{hint}")))
}

/// Its secrets, newest first.
fn secrets(
    name: &str,
    file: Option<&Path>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<SigningSecret>, ConfigError> {
    let variable = format!("CHECKOUT_ENDPOINT_{}_SECRET", name.to_uppercase());
    let set = environment(&variable).filter(|value| !value.trim().is_empty());
    let text = match (set, file) {
        (Some(text), _) => text,
        (None, Some(file)) => read_own(file)?,
        (None, None) => {
            let cure = format!("set {variable} in the environment, or name a file that holds it with secret_file");
            return Err(unusable(format!("{name:?} has no secret; {cure}")));
        }
    };
    let wrong = |text: &str| unusable(format!("{name:?}: {variable} {text}"));
    let secrets: Vec<_> = text
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|text| !text.is_empty())
        .map(SigningSecret::parse)
        .collect::<Result<_, _>>()
        .map_err(|_| wrong("is not `whsec_` and base64; make one with: echo whsec_$(openssl rand -base64 32)"))?;
    if secrets.iter().any(|secret| secret.bytes() < SHORTEST_SECRET) {
        return Err(wrong("is too short; make one with: echo whsec_$(openssl rand -base64 32)"));
    }
    if !(1..=MOST_SECRETS).contains(&secrets.len()) {
        return Err(wrong("holds one secret, or two while it rotates: the newer one, a comma, the older one"));
    }
    Ok(secrets)
}

fn unusable(cure: String) -> ConfigError {
    ConfigError::Unusable { setting: "endpoint", cure }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_Y2FuYXJ5LWVuZHBvaW50LXNlY3JldC0wMDAwMDE=";

    #[derive(Deserialize)]
    struct Written {
        endpoint: Vec<WrittenEndpoint>,
    }

    fn endpoints(text: &str, secret: &str) -> Result<Vec<Endpoint>, String> {
        let written: Written = toml::from_str(text).map_err(|error| error.to_string())?;
        let environment = |name: &str| (name == "CHECKOUT_ENDPOINT_CRM_SECRET").then(|| secret.to_owned());
        meaning(written.endpoint, &environment).map_err(|error| error.to_string())
    }

    fn crm(more: &str) -> String {
        format!("[[endpoint]]\nname = \"crm\"\n{more}\n")
    }

    #[test]
    fn an_endpoint_is_understood_and_keeps_its_secrets_to_itself() {
        let public = crm("url = \"https://crm.example.com/hooks?token=canary\"\nevents = [\"subscription.*\"]");
        for secrets in [SECRET.to_owned(), format!("{SECRET},{SECRET}"), format!(" {SECRET}\n{SECRET} \n")] {
            let endpoints = endpoints(&public, &secrets).unwrap();
            let printed = format!("{endpoints:?}");
            assert!(printed.contains("crm") && !printed.contains("canary") && !printed.contains("Y2Fu"), "{printed}");
        }
        for (reach, url) in [
            ("this_machine", "http://127.0.0.1:3000/hooks"),
            ("private", "http://10.0.0.7:3000/hooks"),
            ("public_plain", "http://crm.example.com/hooks"),
        ] {
            assert!(endpoints(&crm(&format!("url = \"{url}\"\nreach = \"{reach}\"")), SECRET).is_ok(), "{url}");
        }
    }

    #[test]
    fn mistakes_are_told_with_their_cure() {
        let url = "url = \"https://crm.example.com/hooks\"";
        let cases = [
            (crm("url = \"http://crm.example.com\""), r#"endpoint: "crm": url: it has to begin with https://"#),
            (
                crm("url = \"https://10.0.0.1/hooks\""),
                "leads to an address that is not public; for one on this machine",
            ),
            (crm("url = \"https://127.0.0.1:8443/\""), "reach = \"this_machine\""),
            (crm("url = \"http://10.0.0.1/\"\nreach = \"this_machine\""), "not public"),
            (crm(&format!("{url}\nevents = [\"subscription.renewd\"]")), "did you mean \"subscription.renewed\"?"),
            (crm(&format!("{url}\nevents = []")), "leave it out for all events"),
            (crm(&format!("{url}\nreach = \"anywhere\"")), "unknown variant"),
            (crm(&format!("{url}\nsecret = \"{SECRET}\"")), "unknown field"),
            (crm(&format!("{url}\nsecret_file = \"/nowhere/secret\"")).replace("crm\"\n", "hr\"\n"), "/nowhere/secret"),
            (crm(url).replace("\"crm\"", "\"hr\""), "set CHECKOUT_ENDPOINT_HR_SECRET in the environment"),
            (crm(url).replace("\"crm\"", "\"CRM-1\""), "name \"CRM-1\" is not allowed; use 1 to 40 of a-z, 0-9 and _"),
            (format!("{0}{0}", crm(url)), "two are called \"crm\""),
            (crm(url).repeat(51), "there are 51; 50 are the most"),
        ];
        for (text, told) in cases {
            let error = endpoints(&text, SECRET).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
        for (secret, told) in [
            ("whsec_!!!", "is not `whsec_` and base64"),
            ("whsec_c2hvcnQ=", "is too short; make one with"),
            (&format!("{SECRET},{SECRET},{SECRET}"), "or two while it rotates"),
            (",", "or two while it rotates"),
        ] {
            let error = endpoints(&crm(url), secret).unwrap_err();
            assert!(error.contains(told) && !error.contains(SECRET), "{secret}: {error}");
        }
    }
}

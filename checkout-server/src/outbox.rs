//! The outbox: what follows from what happened is written in the transaction of its event (G22), and
//! sent from there until it has arrived, or visibly cannot. This file says who is told of what; pure.
//! Below: `schedule.rs` says when it is tried again, `health.rs` how an endpoint fares, `webhook.rs` how it
//! is told, `worker.rs` how all that is due is worked off; `store/outbox.rs` remembers it.

use crate::announcement::Kind;

mod endpoint;
mod filter;
pub mod health;
mod outcome;
mod reference;
pub mod schedule;
pub mod webhook;
mod worker;

pub use endpoint::{Endpoint, UnusableEndpoint};
pub use filter::{Filter, UnknownKind};
pub use health::{EndpointState, Health};
pub use outcome::{Message, Outcome};
pub use reference::reference;
pub use worker::run;

/// Who is told of what, as the settings say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    /// The merchant's endpoints.
    pub endpoints: Vec<EndpointRoute>,
    /// The mails that buyers get.
    pub mails: Vec<MailRoute>,
}

/// What an endpoint wants to hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointRoute {
    /// Its name in the settings.
    pub id: String,
    /// Which events.
    pub filter: Filter,
}

/// When a mail is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailRoute {
    /// The name of its template.
    pub template: String,
    /// What it is written for.
    pub kinds: Vec<Kind>,
}

/// How a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// A signed POST to one of the merchant's endpoints.
    Webhook,
    /// A mail to the buyer.
    Email,
}

impl Channel {
    /// As it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Email => "email",
        }
    }

    /// As it was stored.
    #[must_use]
    pub fn from_store(text: &str) -> Option<Self> {
        [Self::Webhook, Self::Email].into_iter().find(|channel| channel.as_str() == text)
    }
}

/// One message that an event makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// How it travels.
    pub channel: Channel,
    /// The endpoint's id, or the mail's template.
    pub target: String,
}

impl Routes {
    /// To these endpoints, and to nobody by mail.
    #[must_use]
    pub fn to(endpoints: &[Endpoint]) -> Self {
        Self { endpoints: endpoints.iter().map(Endpoint::route).collect(), mails: Vec::new() }
    }

    /// The messages that an event of that kind makes.
    #[must_use]
    pub fn of(&self, kind: Kind) -> Vec<Route> {
        let endpoints = self.endpoints.iter().filter(|endpoint| endpoint.filter.takes(kind));
        let mails = self.mails.iter().filter(|mail| mail.kinds.contains(&kind));
        endpoints
            .map(|endpoint| Route { channel: Channel::Webhook, target: endpoint.id.clone() })
            .chain(mails.map(|mail| Route { channel: Channel::Email, target: mail.template.clone() }))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(id: &str, names: &[&str]) -> EndpointRoute {
        EndpointRoute { id: id.to_owned(), filter: Filter::parse(names).unwrap() }
    }

    #[test]
    fn nobody_is_told_where_nothing_is_configured() {
        assert!(Kind::ALL.into_iter().all(|kind| Routes::default().of(kind).is_empty()));
    }

    #[test]
    fn each_is_told_what_it_asked_for() {
        let routes = Routes {
            endpoints: vec![
                EndpointRoute { id: "all".to_owned(), filter: Filter::default() },
                endpoint("crm", &["subscription.*", "checkout.paid"]),
            ],
            mails: vec![MailRoute { template: "receipt".to_owned(), kinds: vec![Kind::PaymentSucceeded] }],
        };
        let told = |kind| -> Vec<String> {
            let told = routes.of(kind).into_iter();
            told.map(|Route { channel, target }| format!("{} {target}", channel.as_str())).collect()
        };
        assert_eq!(told(Kind::SubscriptionRenewed), ["webhook all", "webhook crm"]);
        assert_eq!(told(Kind::CheckoutPaid), ["webhook all", "webhook crm"]);
        assert_eq!(told(Kind::PaymentSucceeded), ["webhook all", "email receipt"]);
        assert_eq!(told(Kind::EntitlementsChanged), ["webhook all"]);
    }

    #[test]
    fn a_channel_is_stored_and_read() {
        for channel in [Channel::Webhook, Channel::Email] {
            assert_eq!(Channel::from_store(channel.as_str()), Some(channel));
        }
        assert_eq!(Channel::from_store("fax"), None);
    }
}

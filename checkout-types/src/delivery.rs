//! A message on its way: to one of the merchant's endpoints, or a mail to a customer.

use serde::{Deserialize, Serialize};

use crate::listing::ListedCustomer;

/// A message and how it fares.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// `msg_…`; the same on every try, also after a replay.
    pub id: String,
    /// The event that it tells.
    pub event: String,
    /// The event's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// `webhook` or `email`.
    pub channel: String,
    /// The endpoint's name in the settings, or the mail's template.
    pub target: String,
    /// Whom it is about.
    pub customer: ListedCustomer,
    /// Its number in the line of that endpoint and customer; `null` for mails.
    pub sequence: Option<i64>,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// RFC 3339, UTC: when it is tried next; `null` where it is not.
    pub due_at: Option<String>,
    /// The status that the last try was answered with.
    pub status_code: Option<u16>,
    /// Why the last try did not go through.
    pub error: Option<String>,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// RFC 3339, UTC: when it was delivered or given up.
    pub finished_at: Option<String>,
}

/// Where a message stands.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Waits for its turn, or for the next try.
    Queued,
    /// Is being sent.
    Leased,
    /// Arrived.
    Delivered,
    /// The endpoint refuses this very message: others go on.
    Parked,
    /// Given up after three days.
    Dead,
    /// Overtaken by what happened since, or its endpoint is no more.
    Canceled,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Queued, Self::Leased, Self::Delivered, Self::Parked, Self::Dead, Self::Canceled];

    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Leased => "leased",
            Self::Delivered => "delivered",
            Self::Parked => "parked",
            Self::Dead => "dead",
            Self::Canceled => "canceled",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// `POST /v1/deliveries/replay`: which messages go into the queue again.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayRequest {
    /// Those that stand here: `dead`, `parked`, `canceled` or `delivered`.
    pub state: DeliveryState,
    /// Only those to this endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    pub target: Option<String>,
    /// Only those since then: RFC 3339. `delivered` needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub since: Option<String>,
}

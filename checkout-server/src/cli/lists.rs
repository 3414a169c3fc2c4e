//! `events`, `deliveries`, `payments`, `subscriptions` and `checkouts` of a running helper: what an
//! operator looks up and sends again, by its operations listener.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::Failure;
use super::listing::{Column, Piece, address, escaped, fields, table};
use super::operations::Asked;

/// A command of verbs about one noun.
#[derive(Args)]
pub(super) struct Arguments<V: Subcommand> {
    #[command(subcommand)]
    verb: V,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Subcommand)]
pub(super) enum EventVerb {
    /// What happened, newest first. Example: `checkout-server events list --type subscription.past_due --since 2026-11-01T00:00:00Z`
    List {
        /// Of that type, such as `subscription.renewed`.
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
        /// About that customer of yours.
        #[arg(long)]
        reference: Option<String>,
        /// From then on: RFC 3339.
        #[arg(long)]
        since: Option<String>,
        /// Up to then: RFC 3339.
        #[arg(long)]
        until: Option<String>,
        #[command(flatten)]
        piece: Piece,
    },
    /// All that an event says, and to whom it was told. Example: `checkout-server events show evt_0192…`
    Show {
        /// `evt_…`
        id: String,
    },
    /// Tell an event again, with the same ids. Example: `checkout-server events replay evt_0192…`
    Replay {
        /// `evt_…`
        id: String,
    },
}

#[derive(Subcommand)]
pub(super) enum DeliveryVerb {
    /// Messages and how they fare, newest first. Example: `checkout-server deliveries list --state dead`
    List {
        /// `queued`, `leased`, `delivered`, `parked`, `dead` or `canceled`.
        #[arg(long)]
        state: Option<String>,
        /// To that endpoint, or of that mail's template.
        #[arg(long)]
        target: Option<String>,
        /// Of events of that type.
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
        /// About that customer of yours.
        #[arg(long)]
        reference: Option<String>,
        /// From then on: RFC 3339.
        #[arg(long)]
        since: Option<String>,
        #[command(flatten)]
        piece: Piece,
    },
    /// One message: tries, the last answer, what is sent. Example: `checkout-server deliveries show msg_0192…`
    Show {
        /// `msg_…`
        id: String,
    },
    /// Send again, with the same ids: one, or all of a state to endpoints. Example: `checkout-server deliveries replay --state dead --since 2026-11-01T00:00:00Z`
    Replay {
        /// `msg_…`
        #[arg(required_unless_present = "state", conflicts_with = "state")]
        id: Option<String>,
        /// All that stand here: `dead`, `parked`, `canceled` or `delivered`.
        #[arg(long)]
        state: Option<String>,
        /// Only to that endpoint.
        #[arg(long, requires = "state")]
        target: Option<String>,
        /// Only from then on: RFC 3339. `delivered` needs it.
        #[arg(long, requires = "state")]
        since: Option<String>,
    },
}

#[derive(Subcommand)]
pub(super) enum PaymentVerb {
    /// Payments, newest first. Example: `checkout-server payments list --status failed`
    List {
        /// `succeeded`, `failed`, `processing`, `waiting`, `cancelled` or `partial`.
        #[arg(long)]
        status: Option<String>,
        /// Of that customer of yours.
        #[arg(long)]
        reference: Option<String>,
        /// Of that order.
        #[arg(long)]
        checkout: Option<String>,
        #[command(flatten)]
        piece: Piece,
    },
}

#[derive(Subcommand)]
pub(super) enum SubscriptionVerb {
    /// Subscriptions, newest first. Example: `checkout-server subscriptions list --status past_due`
    List {
        /// `active`, `past_due`, `on_hold`, `paused`, `cancelled`, `expired`, `failed` or `pending`.
        #[arg(long)]
        status: Option<String>,
        /// Of that customer of yours.
        #[arg(long)]
        reference: Option<String>,
        /// Of that order.
        #[arg(long)]
        checkout: Option<String>,
        #[command(flatten)]
        piece: Piece,
    },
    /// One subscription. Example: `checkout-server subscriptions show sub_…`
    Show {
        /// The provider's id.
        id: String,
    },
}

#[derive(Subcommand)]
pub(super) enum CheckoutVerb {
    /// Orders, newest first. Example: `checkout-server checkouts list --status needs_review`
    List {
        /// `open`, `processing`, `paid`, `fulfilled`, `failed`, `canceled`, `expired` or `needs_review`.
        #[arg(long)]
        status: Option<String>,
        /// Of that customer of yours.
        #[arg(long)]
        reference: Option<String>,
        #[command(flatten)]
        piece: Piece,
    },
}

const EVENTS: &[Column] =
    &[("TIME", "/created_at"), ("ID", "/id"), ("TYPE", "/type"), ("CUSTOMER", "/customer"), ("ABOUT", "/object")];
const DELIVERIES: &[Column] = &[
    ("TIME", "/created_at"),
    ("ID", "/id"),
    ("TYPE", "/type"),
    ("TO", "/target"),
    ("STATE", "/state"),
    ("TRIES", "/attempts"),
    ("STATUS", "/status_code"),
    ("ERROR", "/error"),
];
const PAYMENTS: &[Column] = &[
    ("TIME", "/created_at"),
    ("ID", "/id"),
    ("AMOUNT", "/amount"),
    ("STATUS", "/status"),
    ("FOR", "/charge"),
    ("CUSTOMER", "/customer"),
    ("ERROR", "/error_code"),
];
const SUBSCRIPTIONS: &[Column] = &[
    ("BEGAN", "/created_at"),
    ("ID", "/id"),
    ("STATUS", "/status"),
    ("PRICE", "/price"),
    ("PAID UNTIL", "/current_period_end"),
    ("CUSTOMER", "/customer"),
];
const CHECKOUTS: &[Column] = &[
    ("TIME", "/created_at"),
    ("ID", "/id"),
    ("TOTAL", "/total"),
    ("STATUS", "/status"),
    ("CUSTOMER", "/customer_reference"),
    ("PAYMENT", "/payment"),
];

/// Asks for a page of a list and prints it.
async fn list(asked: &Asked, address: &str, columns: &[Column]) -> Result<(), Failure> {
    let page = asked.helper()?.get(address).await?;
    asked.print(&page, |page| table(page, columns))
}

async fn show(asked: &Asked, address: &str) -> Result<(), Failure> {
    let item = asked.helper()?.get(address).await?;
    asked.print(&item, fields)
}

async fn replay(asked: &Asked, address: &str, body: Option<Value>) -> Result<(), Failure> {
    let answer = asked.helper()?.ask(Method::POST, address, body).await?;
    asked.print(&answer, replayed)
}

fn replayed(answer: &Value) -> String {
    match answer["replayed"].as_u64().unwrap_or_default() {
        0 => "Nothing to send again: what there is waits already.".to_owned(),
        1 => "1 message is in the queue again.".to_owned(),
        count => format!("{count} messages are in the queue again."),
    }
}

pub(super) async fn events(Arguments { verb, asked }: Arguments<EventVerb>) -> Result<(), Failure> {
    match verb {
        EventVerb::List { kind, reference, since, until, piece } => {
            let filters = [
                ("type", kind.as_deref()),
                ("reference", reference.as_deref()),
                ("since", since.as_deref()),
                ("until", until.as_deref()),
            ];
            list(&asked, &address("/v1/events", &filters, &piece), EVENTS).await
        }
        EventVerb::Show { id } => show(&asked, &format!("/v1/events/{}", escaped(&id))).await,
        EventVerb::Replay { id } => replay(&asked, &format!("/v1/events/{}/replay", escaped(&id)), None).await,
    }
}

pub(super) async fn deliveries(Arguments { verb, asked }: Arguments<DeliveryVerb>) -> Result<(), Failure> {
    match verb {
        DeliveryVerb::List { state, target, kind, reference, since, piece } => {
            let filters = [
                ("state", state.as_deref()),
                ("target", target.as_deref()),
                ("type", kind.as_deref()),
                ("reference", reference.as_deref()),
                ("since", since.as_deref()),
            ];
            list(&asked, &address("/v1/deliveries", &filters, &piece), DELIVERIES).await
        }
        DeliveryVerb::Show { id } => show(&asked, &format!("/v1/deliveries/{}", escaped(&id))).await,
        DeliveryVerb::Replay { id: Some(id), .. } => {
            replay(&asked, &format!("/v1/deliveries/{}/replay", escaped(&id)), None).await
        }
        DeliveryVerb::Replay { id: None, state, target, since } => {
            let mut body = json!({ "state": state });
            for (name, value) in [("target", target), ("since", since)] {
                if let Some(value) = value {
                    body[name] = value.into();
                }
            }
            replay(&asked, "/v1/deliveries/replay", Some(body)).await
        }
    }
}

pub(super) async fn payments(Arguments { verb, asked }: Arguments<PaymentVerb>) -> Result<(), Failure> {
    let PaymentVerb::List { status, reference, checkout, piece } = verb;
    let filters =
        [("status", status.as_deref()), ("reference", reference.as_deref()), ("checkout", checkout.as_deref())];
    list(&asked, &address("/v1/payments", &filters, &piece), PAYMENTS).await
}

pub(super) async fn subscriptions(Arguments { verb, asked }: Arguments<SubscriptionVerb>) -> Result<(), Failure> {
    match verb {
        SubscriptionVerb::List { status, reference, checkout, piece } => {
            let filters =
                [("status", status.as_deref()), ("reference", reference.as_deref()), ("checkout", checkout.as_deref())];
            list(&asked, &address("/v1/subscriptions", &filters, &piece), SUBSCRIPTIONS).await
        }
        SubscriptionVerb::Show { id } => show(&asked, &format!("/v1/subscriptions/{}", escaped(&id))).await,
    }
}

pub(super) async fn checkouts(Arguments { verb, asked }: Arguments<CheckoutVerb>) -> Result<(), Failure> {
    let CheckoutVerb::List { status, reference, piece } = verb;
    let filters = [("status", status.as_deref()), ("reference", reference.as_deref())];
    list(&asked, &address("/v1/checkouts", &filters, &piece), CHECKOUTS).await
}

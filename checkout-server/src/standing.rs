//! How a customer stands: every checkout, payment, refund, dispute and subscription of theirs, and what
//! they may use because of them. A pure function of facts and the time of asking (G15, G16); what is
//! told of it is the difference between two of them, see `news.rs` beside it.

use std::collections::BTreeMap;

use checkout_types::CheckoutStatus;
use checkout_types::catalog::Billing;
use checkout_types::money::Money;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::checkout::Order;
use crate::entitlement::{self, ByHand, Entitlement, Paid, Purchase};
use crate::event::dispute::DisputeState;
use crate::event::{Dispute, Dunning, Payment, PaymentState, Refund, RefundState, Subscription, SubscriptionState};

mod money;
mod news;

pub use news::{News, news};

/// How long before a trial's end its customer hears of it.
pub const TRIAL_NOTICE: SignedDuration = SignedDuration::from_hours(3 * 24);

/// Everything that is known of one customer.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// The checkouts that have payments.
    pub bought: Vec<Bought>,
    /// What a person has given or blocked.
    pub by_hand: Vec<ByHand>,
}

/// A checkout with all that followed it.
#[derive(Clone, Debug)]
pub struct Bought {
    /// `co_…`
    pub checkout: String,
    /// What was ordered.
    pub order: Order,
    /// The provider's session that was made for it.
    pub session: Option<String>,
    /// Where it stands.
    pub status: CheckoutStatus,
    /// Whether two payments succeeded for it (G7).
    pub paid_twice: bool,
    /// Whether it was a guest's and has been claimed since.
    pub claimed: bool,
    /// Its sale, and the renewals.
    pub payments: Vec<Payment>,
    /// The subscriptions that it began.
    pub subscriptions: Vec<Subscription>,
    /// Whether the provider still tries to collect, by subscription.
    pub dunnings: BTreeMap<String, Dunning>,
    /// Of its payments.
    pub refunds: Vec<Refund>,
    /// Of its payments.
    pub disputes: Vec<Dispute>,
}

/// How a customer stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// By our id.
    pub checkouts: BTreeMap<String, CheckoutStanding>,
    /// By the provider's id.
    pub payments: BTreeMap<String, PaymentStanding>,
    /// Money that went back, by the provider's id of the refund.
    pub refunds: BTreeMap<String, RefundStanding>,
    /// By the provider's id.
    pub disputes: BTreeMap<String, DisputeStanding>,
    /// By the provider's id.
    pub subscriptions: BTreeMap<String, SubscriptionStanding>,
    /// By name.
    pub entitlements: BTreeMap<String, Entitlement>,
}

/// How a checkout stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckoutStanding {
    /// Where it stands.
    pub status: CheckoutStatus,
    /// Whether it was paid twice.
    pub paid_twice: bool,
    /// What was to be paid.
    pub total: Money,
    /// The prices, by our ids.
    pub prices: Vec<String>,
}

/// How a payment stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentStanding {
    /// See [`PaymentState::as_str`].
    pub state: String,
    /// See [`crate::event::payment::Charge::as_str`].
    pub charge: String,
    /// How much; `None` where it did not parse.
    pub amount: Option<Money>,
    /// The provider's reason for a failure.
    pub error_code: Option<String>,
    /// The checkout it belongs to.
    pub checkout: String,
    /// The subscriptions it paid for.
    pub subscriptions: Vec<String>,
}

/// Money that went back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundStanding {
    /// Of which payment.
    pub payment: String,
    /// How much; `None` where it did not parse.
    pub amount: Option<Money>,
}

/// How a dispute stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisputeStanding {
    /// About which payment.
    pub payment: String,
    /// See [`crate::event::dispute::DisputeStage`].
    pub stage: String,
    /// See [`DisputeState`].
    pub state: DisputeState,
}

/// How a subscription stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionStanding {
    /// See [`SubscriptionState::as_str`].
    pub state: String,
    /// The checkout that began it.
    pub checkout: String,
    /// Our price, where the catalog knows the provider's product.
    pub price: Option<String>,
    /// The provider's product.
    pub product: Option<String>,
    /// Seats.
    pub quantity: i64,
    /// The provider's add-ons, and how many of each.
    pub addons: Vec<(String, i64)>,
    /// The present service period.
    pub period_start: Option<Timestamp>,
    /// Its end: the next billing.
    pub period_end: Option<Timestamp>,
    /// When the trial ends, while it runs.
    pub trial_end: Option<Timestamp>,
    /// Whether it ends with its period.
    pub ends_with_period: bool,
    /// Since when a renewal has been trouble, while it is.
    pub past_due_since: Option<Timestamp>,
    /// Since when it has been paused, while it is.
    pub paused_at: Option<Timestamp>,
    /// Until when access goes on all the same, while a renewal is trouble.
    pub grace_until: Option<Timestamp>,
    /// Whether its trial ends within three days.
    pub trial_ending: bool,
    /// Whether it is over: it gives nothing any more.
    pub over: bool,
    /// The observation that this rests on: microseconds.
    pub changed: i64,
}

/// How the customer stands at `now`, and when time alone changes that next.
#[must_use]
pub fn of(account: &Account, catalog: &Catalog, now: Timestamp) -> (Standing, Option<Timestamp>) {
    let mut standing = Standing::default();
    let mut purchases = Vec::new();
    let mut reminders = Vec::new();
    for bought in &account.bought {
        bought.stand(&mut standing);
        for purchase in bought.purchases(catalog) {
            if let Some(subscription) = &purchase.subscription {
                let stands = bought.subscription(subscription, &purchase, catalog, now);
                reminders.extend(stands.trial_end.map(|end| end - TRIAL_NOTICE).filter(|reminder| *reminder > now));
                standing.subscriptions.insert(subscription.seen.id.clone(), stands);
            }
            purchases.push(purchase);
        }
    }
    standing.entitlements = entitlement::entitlements(&purchases, &account.by_hand, now);
    let next = entitlement::next_change(&purchases, &account.by_hand, now);
    (standing, next.into_iter().chain(reminders).min())
}

impl Bought {
    fn stand(&self, standing: &mut Standing) {
        let checkout = CheckoutStanding {
            status: self.status,
            paid_twice: self.paid_twice,
            total: self.order.total,
            prices: self.order.items.iter().map(|item| item.price_id.clone()).collect(),
        };
        standing.checkouts.insert(self.checkout.clone(), checkout);
        for payment in &self.payments {
            standing.payments.insert(payment.seen.id.clone(), self.payment(payment));
        }
        for refund in self.refunds.iter().filter(|refund| refund.seen.state == RefundState::Succeeded) {
            let stands = RefundStanding { payment: refund.seen.payment.clone(), amount: refund.seen.amount };
            standing.refunds.insert(refund.seen.id.clone(), stands);
        }
        for Dispute { seen, .. } in &self.disputes {
            let stage = seen.stage.as_str().to_owned();
            let stands = DisputeStanding { payment: seen.payment.clone(), stage, state: seen.state };
            standing.disputes.insert(seen.id.clone(), stands);
        }
    }

    fn payment(&self, payment: &Payment) -> PaymentStanding {
        let seen = &payment.seen;
        PaymentStanding {
            state: seen.state.as_str().into_owned(),
            charge: seen.charge.as_str().to_owned(),
            amount: seen.amount,
            error_code: seen.error_code.clone().filter(|_| seen.state == PaymentState::Failed),
            checkout: self.checkout.clone(),
            subscriptions: seen.subscriptions.iter().cloned().collect(),
        }
    }

    /// Each thing that was bought: a subscription with what the catalog says of its present product, and
    /// what is sold once. What the catalog does not know gives nothing.
    fn purchases(&self, catalog: &Catalog) -> Vec<Purchase> {
        let paid = match self.status {
            CheckoutStatus::Paid | CheckoutStatus::Fulfilled => Paid::Yes,
            CheckoutStatus::NeedsReview => Paid::Wrongly,
            _ => Paid::No,
        };
        let subscribed = self.subscriptions.iter().map(|subscription| {
            let proven = self.proven(subscription);
            let seen = &proven.seen;
            let price = seen.product.as_deref().and_then(|product| catalog.sold_as(product));
            let terms = price.map(|price| catalog.terms_of(price, seen.quantity, &seen.addons));
            Purchase {
                terms: terms.unwrap_or_default(),
                paid,
                exhausted: self.gave_up(&proven),
                money: money::of_subscription(self, subscription),
                subscription: Some(proven),
                claimed: self.claimed,
            }
        });
        let others = self.order.products.iter().filter_map(|(product, quantity)| {
            let price = catalog.sold_as(product)?;
            let sold_once = price.billing == Billing::OneTime;
            // A subscription of which nothing was heard yet is waited for.
            (sold_once || self.subscriptions.is_empty()).then(|| Purchase {
                terms: catalog.terms_of(price, *quantity, &[]),
                paid: if sold_once { paid } else { Paid::No },
                exhausted: false,
                money: money::of_sale(self),
                subscription: None,
                claimed: self.claimed,
            })
        });
        subscribed.chain(others).collect()
    }

    /// The subscription with the period that is paid for: one that was named while it did not run counts
    /// where a payment proves it.
    fn proven(&self, subscription: &Subscription) -> Subscription {
        let mut proven = subscription.clone();
        proven.period = subscription.present();
        if let (Some(((true, _), known)), Some((version, named))) = (proven.period, subscription.unproven)
            && named.end > known.end
            && money::is_paid_for(self, subscription, named)
        {
            proven.period = Some(((true, version), named));
        }
        proven
    }

    fn gave_up(&self, subscription: &Subscription) -> bool {
        let dunning = self.dunnings.get(&subscription.seen.id);
        dunning.zip(subscription.troubled_since()).is_some_and(|(dunning, since)| dunning.gave_up_since(since))
    }

    fn subscription(
        &self,
        subscription: &Subscription,
        purchase: &Purchase,
        catalog: &Catalog,
        now: Timestamp,
    ) -> SubscriptionStanding {
        let seen = &subscription.seen;
        let access = purchase.access(now);
        let runs = seen.state == SubscriptionState::Active && !seen.ends_with_period;
        let trial_end = entitlement::trial_end(subscription).filter(|end| runs && now < *end);
        let paused = seen.state == SubscriptionState::Paused || seen.paused_at.is_some();
        let troubled = matches!(seen.state, SubscriptionState::OnHold | SubscriptionState::PastDue) && !paused;
        SubscriptionStanding {
            state: seen.state.as_str().into_owned(),
            checkout: self.checkout.clone(),
            price: seen.product.as_deref().and_then(|product| catalog.sold_as(product)).map(|price| price.id.clone()),
            product: seen.product.clone(),
            quantity: seen.quantity,
            addons: seen.addons.clone(),
            period_start: subscription.period.map(|(_, period)| period.start),
            period_end: subscription.period.map(|(_, period)| period.end),
            trial_end,
            ends_with_period: seen.ends_with_period,
            past_due_since: subscription.troubled_since().filter(|_| troubled),
            paused_at: seen.paused_at.or(subscription.period.map(|(_, period)| period.end)).filter(|_| paused),
            grace_until: access.until.filter(|_| access.state == entitlement::State::Grace),
            trial_ending: trial_end.is_some_and(|end| end - TRIAL_NOTICE <= now),
            over: access.state == entitlement::State::Ended,
            changed: subscription.version.changed,
        }
    }
}

impl CheckoutStanding {
    /// Whether it was paid as ordered.
    #[must_use]
    pub fn is_paid(&self) -> bool {
        matches!(self.status, CheckoutStatus::Paid | CheckoutStatus::Fulfilled)
    }
}

impl SubscriptionStanding {
    /// Whether it has ever run.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        !matches!(self.state.as_str(), "pending" | "failed") && !self.state.starts_with("unknown:")
    }

    /// Whether it was called off: it ends with its period, or has ended before it.
    #[must_use]
    pub fn is_called_off(&self) -> bool {
        self.ends_with_period || self.state == "cancelled"
    }
}

//! What we do about each of Dodo's 48 event types (dodo/README 3.1), and why. A type that is not here is
//! kept, counted and acknowledged like the others, and a reason to ask for the object in it; it never widens
//! access.

use std::fmt::Write as _;

/// A type of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// As in the envelope's `type`.
    pub name: &'static str,
    /// What we do about it.
    pub decision: Decision,
    /// Why.
    pub why: &'static str,
}

/// What is done about an event, beyond keeping it as it came and counting it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The payment in it is an observation of that payment.
    Payment,
    /// The refund in it is an observation of that refund.
    Refund,
    /// The dispute in it is an observation of that dispute.
    Dispute,
    /// The subscription in it is an observation of that subscription.
    Subscription,
    /// Whether the provider still tries to collect joins what is known of its subscription.
    Dunning,
    /// Nothing more: it changes no access and no money of an order.
    Kept,
}

impl Decision {
    /// In a table for merchants.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Payment => "joined to its payment",
            Self::Refund => "joined to its refund",
            Self::Dispute => "joined to its dispute",
            Self::Subscription => "joined to its subscription",
            Self::Dunning => "joined to its subscription, as dunning",
            Self::Kept => "kept and counted",
        }
    }
}

const fn kind(name: &'static str, decision: Decision, why: &'static str) -> Kind {
    Kind { name, decision, why }
}

/// Every type that Dodo documents, in the order of its list.
#[rustfmt::skip] // a table reads better as one
pub const KINDS: [Kind; 48] = [
    kind("payment.succeeded", Decision::Payment, "money came in: a sale that matches its order gives access; a renewal is told as one; a change of card is no sale"),
    kind("payment.failed", Decision::Payment, "an order can be tried again; a failed renewal takes access only through its subscription's state"),
    kind("payment.processing", Decision::Payment, "the bank has not answered: waited for, nothing is given"),
    kind("payment.cancelled", Decision::Payment, "the buyer gave up, or a bank did: money that came in before or after it wins"),
    kind("refund.succeeded", Decision::Refund, "all of a payment given back follows the price's on_refund; a part takes nothing away"),
    kind("refund.failed", Decision::Refund, "the money stayed, so access does; a refund that succeeded is taken back only when the provider says so on asking"),
    kind("dispute.opened", Decision::Dispute, "follows the price's on_dispute until it is decided"),
    kind("dispute.expired", Decision::Dispute, "the money stays: what was suspended for it is given again"),
    kind("dispute.accepted", Decision::Dispute, "the merchant gave in: as lost"),
    kind("dispute.cancelled", Decision::Dispute, "the money stays: what was suspended for it is given again"),
    kind("dispute.challenged", Decision::Dispute, "the merchant answered; it is as open as before"),
    kind("dispute.won", Decision::Dispute, "the money stays; a later stage may open it again"),
    kind("dispute.lost", Decision::Dispute, "the money is gone: access ends, and what else the customer has of that name with it"),
    kind("subscription.active", Decision::Subscription, "access until its next billing; the object decides, for the newest state may be another by then"),
    kind("subscription.renewed", Decision::Subscription, "the same with a later billing; without a period it extends nothing"),
    kind("subscription.on_hold", Decision::Subscription, "a renewal failed: grace, then suspended; with a pause's date it is a pause"),
    kind("subscription.past_due", Decision::Subscription, "a renewal failed within the provider's own grace: until the date that it names, else as on_hold"),
    kind("subscription.paused", Decision::Subscription, "given until the period that was paid for is over, then suspended"),
    kind("subscription.unpaused", Decision::Subscription, "as its state says: active again"),
    kind("subscription.cancelled", Decision::Subscription, "given until the period that was paid for is over, then ended"),
    kind("subscription.failed", Decision::Subscription, "its mandate failed: nothing was ever given, and a delivery that says otherwise is asked about first"),
    kind("subscription.expired", Decision::Subscription, "over as agreed; a delivery that would have it go on counts once the provider says so on asking"),
    kind("subscription.plan_changed", Decision::Subscription, "the product, quantity and add-ons of the object count from now on, never the event's name"),
    kind("subscription.updated", Decision::Subscription, "whatever changed stands in the object, such as a cancellation with the period's end"),
    kind("subscription.update_payment_method", Decision::Subscription, "another card: access follows the state in the object, which may be active again"),
    kind("license_key.created", Decision::Kept, "keys are the provider's to hand out; access here follows the payment"),
    kind("payout.created", Decision::Kept, "the provider pays the merchant: no customer is concerned"),
    kind("payout.on_hold", Decision::Kept, "as payout.created"),
    kind("payout.in_progress", Decision::Kept, "as payout.created"),
    kind("payout.failed", Decision::Kept, "as payout.created"),
    kind("payout.success", Decision::Kept, "as payout.created"),
    kind("credit.added", Decision::Kept, "balances of credits are the provider's; the catalog promises limits, not balances"),
    kind("credit.deducted", Decision::Kept, "as credit.added"),
    kind("credit.expired", Decision::Kept, "as credit.added"),
    kind("credit.rolled_over", Decision::Kept, "as credit.added"),
    kind("credit.rollover_forfeited", Decision::Kept, "as credit.added"),
    kind("credit.overage_charged", Decision::Kept, "as credit.added; the charge itself comes as a payment"),
    kind("credit.overage_reset", Decision::Kept, "as credit.added"),
    kind("credit.manual_adjustment", Decision::Kept, "as credit.added"),
    kind("credit.balance_low", Decision::Kept, "as credit.added"),
    kind("abandoned_checkout.detected", Decision::Kept, "nothing was bought; our own checkout knows that it is open or expired"),
    kind("abandoned_checkout.recovered", Decision::Kept, "the payment comes by itself, and only that one counts"),
    kind("dunning.started", Decision::Dunning, "the provider tries again: the grace of the subscription goes on"),
    kind("dunning.recovered", Decision::Dunning, "the money came in; access follows the subscription, which is asked for again. With the state exhausted the provider has given up, and grace ends at once"),
    kind("entitlement_grant.created", Decision::Kept, "a grant of the provider's own (a file, a chat role, a licence): it is delivered there, and access here follows the payment"),
    kind("entitlement_grant.delivered", Decision::Kept, "as entitlement_grant.created"),
    kind("entitlement_grant.failed", Decision::Kept, "as entitlement_grant.created; the provider's dashboard says why"),
    kind("entitlement_grant.revoked", Decision::Kept, "as entitlement_grant.created; a refund or a dispute comes by itself"),
];

/// Whether a type is one of them.
#[must_use]
pub fn is_known(name: &str) -> bool {
    KINDS.iter().any(|kind| kind.name == name)
}

/// The table for docs/access.md.
#[must_use]
pub fn reference() -> String {
    let mut text = format!(
        "## What each of the provider's {} events does\n\nEach is kept as it came, counted and acknowledged; so is a \
         type, a state or a field that is not here, and it never widens access: the provider is asked about the object \
         instead. What an event is called only says \
         that something happened: the object inside says how things are, and observations of an object are put in \
         order by when they were made, not by when they arrive.\n\n| event | what is done | why |\n|---|---|---|\n",
        KINDS.len()
    );
    for Kind { name, decision, why } in KINDS {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "| `{name}` | {} | {why} |", decision.as_str());
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::event::Seen;
    use crate::provider::dodo::notice;

    /// dodo/README 3.1, as it stands there.
    const LISTED: &str = "payment.{succeeded,failed,processing,cancelled} | refund.{succeeded,failed} | \
        dispute.{opened,expired,accepted,cancelled,challenged,won,lost} | \
        subscription.{active,renewed,on_hold,past_due,paused,unpaused,cancelled,failed,expired,plan_changed,updated,update_payment_method} | \
        license_key.created | payout.{created,on_hold,in_progress,failed,success} | \
        credit.{added,deducted,expired,rolled_over,rollover_forfeited,overage_charged,overage_reset,manual_adjustment,balance_low} | \
        abandoned_checkout.{detected,recovered} | dunning.{started,recovered} | \
        entitlement_grant.{created,delivered,failed,revoked}";

    #[test]
    fn the_table_has_exactly_the_types_of_the_list() {
        let mut listed = Vec::new();
        for group in LISTED.split(" | ") {
            let (object, rest) = group.split_once('.').unwrap();
            let names = rest.trim_matches(['{', '}']).split(',');
            listed.extend(names.map(|name| format!("{object}.{name}")));
        }
        let table: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        assert_eq!(table, listed);
        assert_eq!(table.iter().collect::<BTreeSet<_>>().len(), 48);
        assert!(KINDS.iter().all(|kind| kind.why.len() > 10));
    }

    #[test]
    fn what_the_table_says_is_what_the_reader_does() {
        let objects = r#"{"payment_id":"pay_1","refund_id":"ref_1","dispute_id":"dp_1","subscription_id":"sub_1"}"#;
        for Kind { name, decision, .. } in KINDS {
            let body = format!(r#"{{"type":"{name}","timestamp":"2026-11-22T10:15:38Z","data":{objects}}}"#);
            let read = match notice::read(body.as_bytes()).unwrap().seen {
                Seen::Payment(_) => Decision::Payment,
                Seen::Refund(_) => Decision::Refund,
                Seen::Dispute(_) => Decision::Dispute,
                Seen::Subscription(_) => Decision::Subscription,
                Seen::Dunning(_) => Decision::Dunning,
                Seen::Other | Seen::Hint { .. } => Decision::Kept,
            };
            assert_eq!(read, decision, "{name}");
        }
    }
}

//! `docs/access.md`, written by running the rules over every case: what gives, suspends and ends access
//! must not be said twice. Pure.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};

use super::{
    ByHand, DisputePolicy, LEEWAY, MoneyBack, Paid, Purchase, Reason, RefundPolicy, State, Terms, entitlements,
};
use crate::event::subscription::Period;
use crate::event::{Source, Subscription, SubscriptionSeen, SubscriptionState};

/// The document, but for the table of the provider's events.
#[must_use]
pub fn reference() -> String {
    [HEAD, &reasons(), &subscriptions(), &sales(), &money(), &together()].concat()
}

const HEAD: &str = "# Access

What a customer may use, and what gives, suspends and ends it. Your server asks \
`GET /v1/customers/{reference}/entitlements`, and is told of each change as `entitlements.changed` \
([webhooks.md](webhooks.md)); both say a state, a reason and until when. The names and their limits are `grants` in \
[catalog.example.toml](../catalog.example.toml), with `grace_days`, `on_refund` and `on_dispute`. With `active` and \
`grace` it may be used.

The tables are written by the rules themselves: each cell is what the code answers in that case, and a test fails \
when they differ. Grace is seven days in them, as it is unless the catalog says otherwise.

";

const DAY: i64 = 86_400;
/// A period of thirty days begins at 0 and ends here.
const END: i64 = 30 * DAY;

/// The times of asking, as columns.
const TIMES: [(&str, i64); 4] = [
    ("in the period", END / 2),
    ("an hour after its end", END + 3_600),
    ("two days after", END + 2 * DAY),
    ("eight days after", END + 8 * DAY),
];

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn reasons() -> String {
    let mut text = "## States and reasons\n\n| state | may be used | means |\n|---|---|---|\n".to_owned();
    for (state, means) in [
        (State::Active, "given"),
        (State::Grace, "a renewal failed; still given for a while: ask for another card"),
        (State::Suspended, "taken away until something is mended"),
        (State::Ended, "was given once"),
        (State::None, "never given, or not yet"),
    ] {
        let used = if state.is_given() { "yes" } else { "no" };
        // Writing to a text cannot fail, here and below.
        let _ = writeln!(text, "| `{}` | {used} | {means} |", word(state));
    }
    text.push_str("\n| reason | means |\n|---|---|\n");
    for reason in Reason::ALL {
        let _ = writeln!(text, "| `{}` | {} |", reason.as_str(), reason.meaning());
    }
    text
}

fn word(state: State) -> &'static str {
    checkout_types::entitlement::EntitlementState::from(state).as_str()
}

/// A change of what the provider says of a subscription, or of its dunning.
type Flag = (&'static str, fn(&mut Purchase));

const FLAGS: [Flag; 7] = [
    ("set to end with its period", |bought| seen(bought, |seen| seen.ends_with_period = true)),
    ("with a trial that is this period", |bought| seen(bought, |seen| seen.trial_days = 30)),
    ("with the date of a pause", |bought| seen(bought, |seen| seen.paused_at = Some(at(END)))),
    ("with the provider's own grace, of one day", |bought| {
        seen(bought, |seen| seen.past_due_ends_at = Some(at(END + DAY)));
    }),
    ("and the provider has given up collecting", |bought| bought.exhausted = true),
    ("with an agreed end a day after the period", |bought| seen(bought, |seen| seen.expires_at = Some(at(END + DAY)))),
    ("without a period that was paid for", |bought| {
        if let Some(subscription) = &mut bought.subscription {
            subscription.period = None;
        }
    }),
];

fn seen(bought: &mut Purchase, change: impl FnOnce(&mut SubscriptionSeen)) {
    if let Some(subscription) = &mut bought.subscription {
        change(&mut subscription.seen);
    }
}

fn states() -> [SubscriptionState; 9] {
    [
        SubscriptionState::Pending,
        SubscriptionState::Active,
        SubscriptionState::OnHold,
        SubscriptionState::PastDue,
        SubscriptionState::Paused,
        SubscriptionState::Cancelled,
        SubscriptionState::Failed,
        SubscriptionState::Expired,
        SubscriptionState::Unknown("one that nobody knows".to_owned()),
    ]
}

/// A running subscription of thirty days that is paid for, in that state. Its renewal failed when it
/// was due, where it did.
fn subscribed(state: SubscriptionState) -> Purchase {
    let told = at(if matches!(state, SubscriptionState::OnHold | SubscriptionState::PastDue) { END } else { 0 });
    let seen = SubscriptionSeen {
        id: "sub".to_owned(),
        checkout: None,
        reference: None,
        customer: None,
        state,
        product: None,
        quantity: 1,
        addons: Vec::new(),
        created_at: Some(at(0)),
        period: Some(Period { start: at(0), end: at(END) }),
        ends_with_period: false,
        expires_at: None,
        paused_at: None,
        past_due_ends_at: None,
        trial_days: 0,
    };
    Purchase { subscription: Some(Subscription::new(seen, Some(told), told, Source::Webhook)), ..sold() }
}

fn sold() -> Purchase {
    Purchase {
        terms: Terms { grants: [("pro".to_owned(), [].into())].into(), ..Terms::default() },
        paid: Paid::Yes,
        subscription: None,
        money: MoneyBack::No,
        exhausted: false,
        claimed: false,
    }
}

fn cell(bought: &Purchase, now: i64) -> String {
    let access = bought.access(at(now));
    format!("`{}` {}", word(access.state), access.reason.as_str())
}

fn row(bought: &Purchase) -> String {
    let cells: Vec<String> = TIMES.iter().map(|(_, now)| cell(bought, *now)).collect();
    format!(" {} |", cells.join(" | "))
}

fn head(title: &str, says: &str, first: &str) -> String {
    let times = TIMES.map(|(time, _)| time).join(" | ");
    let rule = "---|".repeat(TIMES.len() + 1);
    format!("\n## {title}\n\n{says}\n\n| {first} | {times} |\n|{rule}\n")
}

fn subscriptions() -> String {
    let hours = LEEWAY.as_secs() / 3_600;
    let says = format!(
        "By what the provider says of it, once its order was paid as ordered. The period is what was paid for last; a \
         failed renewal failed at its end. A running subscription outlives its period by {hours} hours: longer than \
         the provider may take to tell of a renewal. A detail that is not listed under a state changes nothing there."
    );
    let mut text = head("Subscriptions", &says, "the provider says");
    for state in states() {
        let plain = subscribed(state.clone());
        let name = match &state {
            SubscriptionState::Unknown(name) => format!("*{name}*, and no state before it"),
            known => format!("`{}`", known.as_str()),
        };
        let _ = writeln!(text, "| {name} |{}", row(&plain));
        for (flag, change) in FLAGS {
            let mut flagged = plain.clone();
            change(&mut flagged);
            if row(&flagged) != row(&plain) {
                let _ = writeln!(text, "| {name} {flag} |{}", row(&flagged));
            }
        }
    }
    text
}

fn sales() -> String {
    let mut text =
        "\n## Orders\n\nWhat is sold once, by where its order stands. A subscription needs an order that was \
                    paid too.\n\n| the order | access |\n|---|---|\n"
            .to_owned();
    for (paid, says) in [
        (Paid::No, "not paid, or the bank has not answered"),
        (Paid::Wrongly, "paid with another amount or currency, in another session, or for something else"),
        (Paid::Yes, "paid as ordered"),
    ] {
        let _ = writeln!(text, "| {says} | {} |", cell(&Purchase { paid, ..sold() }, 0));
    }
    text
}

fn money() -> String {
    let says = "Of a subscription that runs, by the price's `on_refund` and `on_dispute`; the last column is for what \
                was sold once. A refund of a part, and a refund or a dispute that failed, take nothing away.";
    let mut text = head("Refunds and disputes", says, "what happened");
    text = text.replacen("|\n|---|", "| sold once |\n|---|---|", 1);
    for (name, refund, dispute, money) in policies() {
        let with =
            |bought: Purchase| Purchase { terms: Terms { refund, dispute, ..bought.terms.clone() }, money, ..bought };
        let running = with(subscribed(SubscriptionState::Active));
        let _ = writeln!(text, "| {name} |{} {} |", row(&running), cell(&with(sold()), END / 2));
    }
    text
}

fn policies() -> [(&'static str, RefundPolicy, DisputePolicy, MoneyBack); 7] {
    let (revoke, keep) = (RefundPolicy::Revoke, DisputePolicy::Keep);
    [
        ("refunded in full, `on_refund = \"revoke\"`", revoke, keep, MoneyBack::Refunded),
        ("refunded in full, `\"at_period_end\"`", RefundPolicy::AtPeriodEnd, keep, MoneyBack::Refunded),
        ("refunded in full, `\"keep\"`", RefundPolicy::Keep, keep, MoneyBack::Refunded),
        ("dispute open, `on_dispute = \"keep\"`", revoke, keep, MoneyBack::Disputed),
        ("dispute open, `\"suspend\"`", revoke, DisputePolicy::Suspend, MoneyBack::Disputed),
        ("dispute lost or accepted", revoke, keep, MoneyBack::DisputeLost),
        ("dispute won, canceled or run out", revoke, keep, MoneyBack::No),
    ]
}

/// What counts where several things give one name.
fn together() -> String {
    let hand = |given, until: Option<i64>| ByHand {
        entitlement: "pro".to_owned(),
        given,
        until: until.map(at),
        limits: [].into(),
    };
    let held = subscribed(SubscriptionState::OnHold);
    let lost = Purchase { money: MoneyBack::DisputeLost, ..sold() };
    let cases: [(&str, Vec<Purchase>, Vec<ByHand>); 8] = [
        ("a subscription on hold, and a sale", vec![held.clone(), sold()], vec![]),
        ("a subscription on hold for eight days, and a grant by hand", vec![held], vec![hand(true, None)]),
        ("nothing bought, and a grant by hand", vec![], vec![hand(true, None)]),
        ("nothing bought, and a grant by hand that is over", vec![], vec![hand(true, Some(0))]),
        ("a sale, a grant and a block by hand", vec![sold()], vec![hand(true, None), hand(false, None)]),
        ("a sale, and a block by hand that is over", vec![sold()], vec![hand(false, Some(0))]),
        ("two sales, one with a lost dispute", vec![lost.clone(), sold()], vec![]),
        (
            "two sales, one with a lost dispute that was a guest's and claimed",
            vec![Purchase { claimed: true, ..lost }, sold()],
            vec![],
        ),
    ];
    let mut text = "\n## Several at once\n\nThe best counts, with the most of each limit. A lost dispute and a block by \
                    hand beat everything of that name; a purchase that was claimed later takes nothing else with it, \
                    or anybody could block a customer by buying in their name.\n\n| what there is | access |\n|---|---|\n"
        .to_owned();
    for (says, purchases, by_hand) in cases {
        let now = at(END) + SignedDuration::from_secs(8 * DAY);
        let answer = entitlements(&purchases, &by_hand, now).get("pro").map_or_else(
            || format!("`{}` {}", word(State::None), Reason::NotBought.as_str()),
            |one| format!("`{}` {}", word(one.access.state), one.access.reason.as_str()),
        );
        let _ = writeln!(text, "| {says} | {answer} |");
    }
    text.push('\n');
    text
}

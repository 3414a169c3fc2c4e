//! What needs a person, worst first, in words. Pure.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::selling::Switch;
use crate::store::lists::Condition;

/// A message that waits longer than this is late, whatever its endpoint does.
const LATE: SignedDuration = SignedDuration::from_hours(1);

/// Something that is wrong, and where to go about it.
#[derive(Serialize, PartialEq, Eq, Debug)]
pub(super) struct Alarm {
    tone: &'static str,
    title: String,
    says: String,
    link: Option<String>,
    label: &'static str,
}

/// What is wrong, worst first.
/// `skew` is how much the provider's clock is ahead of ours, where webhooks are refused for it.
pub(super) fn of(condition: &Condition, switch: &Switch, skew: Option<SignedDuration>, now: Timestamp) -> Vec<Alarm> {
    let all = [
        selling(switch),
        skew.map(|skew| {
            let title = format!("The clock is {} seconds off the provider's", skew.abs().as_secs());
            let says = "No webhook is believed until this machine's clock is set (NTP). The provider sends them again.";
            Alarm { link: None, ..alarm("bad", title, says, "", "") }
        }),
        many(condition.paid_twice, "order was paid twice", "orders were paid twice")
            .map(|title| alarm("bad", title, "Give one of the two payments back.", "/paid-twice", "Look at them")),
        many(condition.needs_review, "order was paid, but not as ordered", "orders were paid, but not as ordered").map(
            |title| {
                let says = "Nothing is granted until a person has compared the payment with the order.";
                alarm("bad", title, says, "/needs-review", "Look at them")
            },
        ),
        many(condition.intents, "refund has an unknown result", "refunds have an unknown result").map(|title| {
            let says = "They were sent once and are never sent again blindly. Look them up at the provider.";
            Alarm { link: None, ..alarm("bad", title, says, "", "") }
        }),
        many(condition.stuck, "notice could not be folded", "notices could not be folded")
            .map(|title| alarm("bad", title, "They are kept, and changed nothing.", "/stuck", "Look at them")),
    ];
    let endpoints = condition.endpoints.iter().map(endpoint);
    let messages = [dead(condition), parked(condition), late(condition, now)];
    let mut alarms: Vec<Alarm> =
        all.into_iter().flatten().chain(endpoints).chain(messages.into_iter().flatten()).collect();
    // What may still mend itself comes after what does not.
    alarms.sort_by_key(|alarm| alarm.tone != "bad");
    alarms
}

fn alarm(tone: &'static str, title: String, says: &str, link: &str, label: &'static str) -> Alarm {
    Alarm { tone, title, says: says.to_owned(), link: Some(link.to_owned()), label }
}

fn many(count: u64, one: &str, more: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {more}")),
    }
}

fn selling(switch: &Switch) -> Option<Alarm> {
    if switch.selling {
        return None;
    }
    let reason = switch.reason.as_deref().unwrap_or("No reason was given.");
    let says = format!("{} Start again with: checkout-server selling start", sentence(reason));
    Some(Alarm { tone: "bad", title: "Selling is stopped".to_owned(), says, link: None, label: "" })
}

fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

fn endpoint((name, state, failures): &(String, String, u32)) -> Alarm {
    let (tone, says) = match state.as_str() {
        "disabled" => {
            let says = format!("What happens waits for it. Once it is mended: checkout-server endpoints enable {name}");
            ("bad", says)
        }
        _ => ("warn", format!("{failures} tries failed in a row. They go on for three days.")),
    };
    let title = format!("The endpoint “{name}” is {state}");
    alarm(tone, title, &says, "/messages?state=queued", "See what waits")
}

fn total(condition: &Condition, state: &str) -> u64 {
    condition.waiting.iter().filter(|(_, of, _)| of == state).map(|(_, _, count)| count).sum()
}

fn dead(condition: &Condition) -> Option<Alarm> {
    let title = many(total(condition, "dead"), "message was given up", "messages were given up")?;
    Some(alarm(
        "bad",
        title,
        "Three days of tries did not reach the receiver. Mend it, then send again.",
        "/messages?state=dead",
        "See and send again",
    ))
}

fn parked(condition: &Condition) -> Option<Alarm> {
    let title = many(total(condition, "parked"), "message is parked", "messages are parked")?;
    let says = "The endpoint refuses this and takes other messages. Mend it, then send again.";
    Some(alarm("bad", title, says, "/messages?state=parked", "See and send again"))
}

fn late(condition: &Condition, now: Timestamp) -> Option<Alarm> {
    let waited = now.duration_since(condition.oldest?);
    if waited < LATE {
        return None;
    }
    let title = format!("A message has waited for {} h", waited.as_hours());
    Some(alarm(
        "warn",
        title,
        "Its receiver does not answer, or answers with an error.",
        "/messages?state=queued",
        "See what waits",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(condition: &Condition, selling: bool) -> Vec<String> {
        let switch = Switch { selling, reason: Some("cards are being tested".to_owned()), changed_at: None };
        let now: Timestamp = "2026-11-22T21:00:00Z".parse().unwrap();
        of(condition, &switch, None, now).into_iter().map(|alarm| alarm.title).collect()
    }

    #[test]
    fn a_quiet_helper_raises_none() {
        let fresh = Condition {
            waiting: vec![("webhook".to_owned(), "queued".to_owned(), 7)],
            oldest: Some("2026-11-22T20:30:00Z".parse().unwrap()),
            ..Condition::default()
        };
        assert_eq!(titles(&fresh, true), Vec::<String>::new());
    }

    #[test]
    fn a_clock_that_nobody_believes_is_told() {
        let (switch, off) = (Switch { selling: true, reason: None, changed_at: None }, SignedDuration::from_secs(-899));
        let told = of(&Condition::default(), &switch, Some(off), Timestamp::UNIX_EPOCH);
        assert_eq!(told[0].title, "The clock is 899 seconds off the provider's");
    }

    #[test]
    fn money_comes_before_messages() {
        let message = |channel: &str, state: &str, count| (channel.to_owned(), state.to_owned(), count);
        let condition = Condition {
            waiting: vec![message("webhook", "dead", 1), message("email", "dead", 2), message("webhook", "parked", 1)],
            oldest: Some("2026-11-22T16:00:00Z".parse().unwrap()),
            endpoints: vec![("crm".to_owned(), "disabled".to_owned(), 9)],
            needs_review: 1,
            paid_twice: 2,
            stuck: 3,
            intents: 1,
            ..Condition::default()
        };
        let expected = [
            "Selling is stopped",
            "2 orders were paid twice",
            "1 order was paid, but not as ordered",
            "1 refund has an unknown result",
            "3 notices could not be folded",
            "The endpoint “crm” is disabled",
            "3 messages were given up",
            "1 message is parked",
            "A message has waited for 5 h",
        ];
        assert_eq!(titles(&condition, false), expected);
    }
}

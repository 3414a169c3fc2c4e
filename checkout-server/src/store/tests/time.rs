//! Ninety days of a thousand subscriptions: what only takes time changes when it should, neither
//! earlier nor later, whether somebody looks at the clock or only asks (G20).

use jiff::SignedDuration;

use super::world::{World, at, payment, subscription};
use crate::customer::CustomerKey;
use crate::entitlement::{Entitlement, LEEWAY, Reason, State};
use crate::store::StoredAccess;

const DAY: i64 = 86_400;
const MONTH: i64 = 30 * DAY;
const SUBSCRIPTIONS: usize = 1_000;
/// As in the demo's catalog.
const GRACE: i64 = 7 * DAY;

/// One of five lives; all begin with a paid month.
async fn live(world: &World, number: usize) {
    world.order(number, Some(&format!("user_{number}"))).await;
    let mut told = vec![
        subscription(number, "subscription.active", "active", 0, 1),
        payment(number, "payment.succeeded", "new", "succeeded", 2),
    ];
    match number % 5 {
        0 => told.push(subscription(number, "subscription.cancelled", "cancelled", 0, 5 * DAY)),
        1 => told.push(subscription(number, "subscription.on_hold", "on_hold", 0, MONTH)),
        2 => told.push(subscription(number, "subscription.renewed", "active", 1, MONTH)),
        3 => {
            let mut leaving = subscription(number, "subscription.updated", "active", 0, 9 * DAY);
            leaving["data"]["cancel_at_next_billing_date"] = true.into();
            told.push(leaving);
        }
        _ => {}
    }
    for (place, body) in told.iter().enumerate() {
        world.deliver(&format!("msg_{number}_{place}"), body).await;
    }
}

/// What the rules say of a life, in seconds since its beginning.
fn expected(number: usize, second: i64) -> (State, Reason) {
    let leeway = LEEWAY.as_secs();
    match number % 5 {
        0 | 3 if second < MONTH => (State::Active, Reason::Cancelled),
        0 | 3 => (State::Ended, Reason::Cancelled),
        // Told of in advance here: the provider had given up before its period was over.
        1 if second < MONTH + GRACE => (State::Grace, Reason::PaymentFailed),
        1 => (State::Suspended, Reason::PaymentFailed),
        2 if second < 2 * MONTH + leeway => (State::Active, Reason::Subscription),
        4 if second < MONTH + leeway => (State::Active, Reason::Subscription),
        _ => (State::Suspended, Reason::RenewalMissing),
    }
}

async fn asked(world: &World, number: usize, second: i64) -> StoredAccess {
    let customer = CustomerKey::Reference(format!("user_{number}"));
    world.store.access(&customer, at(second)).await.unwrap()
}

fn stands(access: &StoredAccess) -> (State, Reason) {
    let Entitlement { access, .. } = &access.entitlements["pro"];
    (access.state, access.reason)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_takes_time_changes_when_it_should() {
    let world = World::new();
    for number in 0..SUBSCRIPTIONS {
        live(&world, number).await;
    }
    let (mut looked_at, mut changes) = (0, 0);
    for day in 10..90 {
        let second = day * DAY;
        for number in 0..SUBSCRIPTIONS {
            // One day somebody has looked at the clock before, the next day nobody has.
            if number == 0 && day % 2 == 0 {
                while let Some(effects) = world.store.pass_time(at(second)).await.unwrap() {
                    changes += effects.told.iter().filter(|told| told.kind.as_str() == "entitlements.changed").count();
                }
                looked_at += 1;
                let next = world.store.next_change().await.unwrap();
                assert!(next.is_none_or(|next| next > at(second)), "day {day}: {next:?} is over");
            }
            let access = asked(&world, number, second).await;
            assert_eq!(stands(&access), expected(number, second), "{number} on day {day}");
        }
    }
    assert_eq!(looked_at, 40);
    assert_eq!(changes, SUBSCRIPTIONS, "each changed once by time alone");
}

#[tokio::test]
async fn a_change_comes_to_the_second() {
    let world = World::new();
    live(&world, 0).await;
    let before = asked(&world, 0, MONTH - 1).await;
    assert_eq!(stands(&before), (State::Active, Reason::Cancelled));
    let after = asked(&world, 0, MONTH).await;
    assert_eq!((stands(&after), after.version), ((State::Ended, Reason::Cancelled), before.version + 1));
    world.store.pass_time(at(MONTH)).await.unwrap().unwrap();
    let written = asked(&world, 0, MONTH).await;
    assert_eq!(written, after, "whoever asked before it was written got the same answer");
    let period_end = at(MONTH) - SignedDuration::from_secs(1);
    assert!(world.store.pass_time(period_end).await.unwrap().is_none());
}

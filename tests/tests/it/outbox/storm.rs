//! A third of everything fails, in every way there is, and the helper is started again in the middle: nothing
//! is lost, and nobody hears anything before what came before it (G22, G23).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use checkout_server::announcement::Kind;
use checkout_tests::app::TestApp;
use checkout_tests::merchant::{Merchant, OK, Play};

const CUSTOMERS: usize = 60;
const EVENTS: usize = 20;

/// Faults of every kind, chosen by the delivery alone so that a run can be told again: each message meets
/// other faults at each try.
fn fault(id: &str, tries: usize) -> Play {
    let chance = id.bytes().fold(tries * 31, |sum, byte| (sum * 33 + usize::from(byte)) % 1_000_003) % 100;
    match chance {
        0..8 => Play::Answer(500),
        8..14 => Play::Reset,
        14..20 => Play::Later(429, "1"),
        20..25 => Play::Answer(302),
        25..30 => Play::Slow(Duration::from_millis(60)),
        _ => OK,
    }
}

#[tokio::test]
async fn nothing_is_lost_or_overtaken_while_a_third_fails_and_the_helper_restarts() {
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    let merchant = Merchant::playing(move |told| {
        let tried = counted.entry(told.id.clone()).or_default();
        *tried += 1;
        fault(&told.id, *tried)
    })
    .await;
    let customers: Vec<String> = (0..CUSTOMERS).map(|number| format!("user_{number}")).collect();
    let customers: Vec<&str> = customers.iter().map(String::as_str).collect();
    let mut app = TestApp::telling(vec![merchant.endpoint("crm", &[])]).await;
    for event in 0..EVENTS {
        app.happens(Kind::ALL[event % Kind::ALL.len()], &customers);
        if event % 7 == 6 {
            app = app.restart().await;
        }
    }
    let all = CUSTOMERS * EVENTS;
    for _ in 0..600 {
        let done = app.outbox("crm").iter().filter(|one| one.state == "delivered").count();
        if done == all {
            break;
        }
        app.clock.advance(Duration::from_mins(10));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let stored = app.outbox("crm");
    let left: Vec<_> = stored.iter().filter(|one| one.state != "delivered").take(3).collect();
    assert!(stored.len() == all && left.is_empty(), "{left:?}");

    let (mut last, mut seen) = (BTreeMap::<String, i64>::new(), BTreeSet::new());
    let taken = merchant.taken();
    for one in taken.iter().filter(|one| seen.insert(one.id.clone())) {
        let before = last.insert(one.customer.clone(), one.sequence).unwrap_or(0);
        assert_eq!(one.sequence, before + 1, "{}", one.customer);
    }
    let (tried, twice) = (merchant.received().len(), taken.len() - seen.len());
    println!("{all} messages, {tried} tries, 0 missing, 0 inversions, {twice} twice");
    assert_eq!(seen.len(), all);
    assert!(tried > all, "some failed");
}

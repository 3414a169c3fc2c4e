//! In order for each customer, and nobody waits for another one (G23).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use checkout_server::announcement::Kind;
use checkout_tests::app::TestApp;
use checkout_tests::merchant::{Merchant, OK, Play, Received};

/// The sequences of each customer, in the order in which they came.
fn lines(received: &[Received]) -> BTreeMap<String, Vec<i64>> {
    let mut lines: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for one in received {
        lines.entry(one.customer.clone()).or_default().push(one.sequence);
    }
    lines
}

/// Sends three events to each of 200 customers and says how long it took until all but `except` had them.
async fn told(app: &TestApp, merchant: &Merchant, except: Option<&str>) -> Duration {
    let customers: Vec<String> = (0..200).map(|number| format!("user_{number}")).collect();
    let customers: Vec<&str> = customers.iter().map(String::as_str).collect();
    let before = merchant.taken().len();
    let begun = Instant::now();
    for kind in [Kind::SubscriptionStarted, Kind::SubscriptionRenewed, Kind::EntitlementsChanged] {
        app.happens(kind, &customers);
    }
    merchant.wait_taken(before + if except.is_some() { 597 } else { 600 }).await;
    begun.elapsed()
}

#[tokio::test]
async fn each_customer_hears_in_order_and_one_that_fails_holds_up_nobody_else() {
    let merchant = Merchant::start().await;
    let app = TestApp::telling(vec![merchant.endpoint("crm", &[])]).await;
    let calm = told(&app, &merchant, None).await;
    merchant.plays(|told| if told.customer == "user_77" { Play::Answer(500) } else { OK });
    let poisoned = told(&app, &merchant, Some("user_77")).await;
    println!("600 events of 200 customers: {calm:?}; with one of them failing: {poisoned:?}");
    assert!(poisoned < calm * 2 + Duration::from_secs(3), "{poisoned:?}, not about {calm:?}");

    for (customer, sequences) in lines(&merchant.taken()) {
        let expected = if customer == "user_77" { 3 } else { 6 };
        assert_eq!(sequences, (1..=expected).collect::<Vec<_>>(), "{customer}");
    }
    let tried: Vec<i64> =
        merchant.received().iter().filter(|one| one.answered == Some(500)).map(|one| one.sequence).collect();
    assert!(!tried.is_empty() && tried.iter().all(|sequence| *sequence == 4), "its head alone is tried: {tried:?}");

    // When it takes its messages again, the rest comes in order too.
    merchant.plays(|_| OK);
    app.clock.advance(Duration::from_secs(10));
    merchant.wait_taken(1_200).await;
    assert_eq!(lines(&merchant.taken())["user_77"], [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn nothing_more_is_sent_for_a_customer_while_a_message_is_under_way() {
    let merchant = Merchant::playing(|_| Play::Slow(Duration::from_millis(200))).await;
    let app = TestApp::telling(vec![merchant.endpoint("crm", &[])]).await;
    app.happens(Kind::PaymentSucceeded, &["user_1", "user_1", "user_1", "user_2"]);
    let received = merchant.wait_taken(4).await;
    let came: Vec<_> = received.iter().filter(|one| one.customer == "user_1").map(|one| one.at).collect();
    for pair in came.windows(2) {
        assert!(pair[1] - pair[0] >= Duration::from_millis(200), "{:?}", pair[1] - pair[0]);
    }
    let other = received.iter().find(|one| one.customer == "user_2").unwrap();
    assert!(other.at < came[1], "another customer's does not wait for it");
}

#[tokio::test]
async fn an_endpoint_that_is_slow_takes_no_time_from_another() {
    let (slow, quick) = (Merchant::playing(|_| Play::Slow(Duration::from_secs(2))).await, Merchant::start().await);
    let app = TestApp::telling(vec![slow.endpoint("slow", &[]), quick.endpoint("quick", &[])]).await;
    let customers: Vec<String> = (0..40).map(|number| format!("user_{number}")).collect();
    app.happens(Kind::PaymentSucceeded, &customers.iter().map(String::as_str).collect::<Vec<_>>());
    quick.wait_taken(40).await;
    assert!(slow.taken().len() <= 16, "the quick one did not wait: {}", slow.taken().len());
    assert!(slow.connections() <= 8, "{}", slow.connections());
}

#[tokio::test]
async fn an_endpoint_hears_what_it_asked_for_and_counts_only_that() {
    let (all, some) = (Merchant::start().await, Merchant::start().await);
    let asked = &["subscription.*", "checkout.paid"];
    let app = TestApp::telling(vec![all.endpoint("all", &[]), some.endpoint("some", asked)]).await;
    for kind in Kind::ALL {
        app.happens(kind, &["user_1"]);
    }
    let heard = all.wait_taken(Kind::ALL.len()).await;
    assert_eq!(heard.iter().map(|one| &*one.kind).collect::<Vec<_>>(), Kind::ALL.map(Kind::as_str));
    let wanted: Vec<_> = Kind::ALL
        .into_iter()
        .map(Kind::as_str)
        .filter(|name| name.starts_with("subscription.") || *name == "checkout.paid")
        .collect();
    let heard = some.wait_taken(wanted.len()).await;
    assert_eq!(heard.iter().map(|one| &*one.kind).collect::<Vec<_>>(), wanted);
    assert!(heard.iter().map(|one| one.sequence).eq(1..=i64::try_from(wanted.len()).unwrap()));
}

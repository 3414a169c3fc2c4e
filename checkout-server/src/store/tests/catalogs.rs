//! Another catalog after a restart: everybody follows it, whatever happened in between (G20).

use tokio_util::sync::CancellationToken;

use super::world::{World, at, payment, rules, subscription};
use crate::catalog::Catalog;
use crate::customer::CustomerKey;
use crate::outbox::Routes;
use crate::provider::dodo;
use crate::store::{Rules, Store, StoredAccess, verify};

/// Of them each has bought: more than one transaction takes.
const CUSTOMERS: usize = 70;

/// The same prices, which give something else.
fn another() -> Rules {
    let text = include_str!("../../../../catalog.example.toml").replacen("grants = { pro =", "grants = { basic =", 1);
    Rules::new(&Catalog::parse(&text).unwrap(), Routes::default())
}

/// Stops the helper of before and starts one with those rules, as far as the catalog is concerned.
async fn restart(world: &mut World, rules: Rules) {
    world.store.close().await;
    world.store = Store::open(&world.database(), rules).unwrap();
    world.store.compare_the_catalog().await.unwrap();
}

async fn follow(world: &World) {
    world.store.follow_the_catalog(&CancellationToken::new()).await.unwrap();
    while world.store.pass_time(at(100)).await.unwrap().is_some() {}
}

async fn asked(world: &World, number: usize) -> StoredAccess {
    world.store.access(&CustomerKey::Reference(format!("user_{number}")), at(100)).await.unwrap()
}

/// A shop of this catalog, which everybody follows.
async fn sold() -> World {
    let mut world = World::new();
    for number in 0..CUSTOMERS {
        world.order(number, Some(&format!("user_{number}"))).await;
        let paid = payment(number, "payment.succeeded", "new", "succeeded", 10);
        world.deliver(&format!("msg_{number}"), &paid).await;
        let active = subscription(number, "subscription.active", "active", 0, 11);
        world.deliver(&format!("msg_{number}_s"), &active).await;
    }
    restart(&mut world, rules()).await;
    follow(&world).await;
    world
}

#[tokio::test]
async fn who_was_worked_out_by_a_catalog_that_was_tried_comes_back_with_the_former_one() {
    let mut world = sold().await;
    restart(&mut world, another()).await;
    // Some follow, by a notice of theirs; it is stopped before the rest does.
    world.deliver("msg_again", &subscription(1, "subscription.updated", "active", 0, 20)).await;
    assert!(asked(&world, 1).await.entitlements.contains_key("basic"));
    restart(&mut world, rules()).await;
    let before = asked(&world, 1).await;
    assert!(before.entitlements.contains_key("pro"), "{before:?}");
    follow(&world).await;
    assert_eq!(asked(&world, 1).await, before);
    let verified = verify(&world.database(), &rules(), &dodo::read_kept, at(100), |_| ()).unwrap();
    assert_eq!(verified.differences, [""; 0]);
}

#[tokio::test]
async fn nobody_waits_for_all_to_follow_when_the_helper_stops() {
    let mut world = sold().await;
    restart(&mut world, another()).await;
    let stopping = CancellationToken::new();
    stopping.cancel();
    world.store.follow_the_catalog(&stopping).await.unwrap();
    assert!(world.store.pass_time(at(100)).await.unwrap().is_none(), "nobody was made due");
    // The next start goes on with it.
    restart(&mut world, another()).await;
    follow(&world).await;
    let verified = verify(&world.database(), &another(), &dodo::read_kept, at(100), |_| ()).unwrap();
    assert_eq!(verified.differences, [""; 0]);
}

//! Copies of a database that is in use, and what becomes of one that takes its place (G2e).

use std::path::Path;

use rusqlite::{Connection, params};

use super::world::{World, at, checkout, payment, rules, subscription};
use crate::customer::CustomerKey;
use crate::healing::sweep::plan::{Memory, Scope};
use crate::provider::dodo;
use crate::store::{Store, StoreError, backup};

fn value(database: &Path, sql: &str) -> i64 {
    Connection::open(database).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

/// A shop that sold one subscription, with an order that has no page yet and a refund that is planned; and
/// a copy of its database.
async fn copied() -> (World, std::path::PathBuf) {
    let world = World::new();
    world.order(1, Some("user_1")).await;
    world.order(2, None).await;
    world.deliver("msg_1", &payment(1, "payment.succeeded", "new", "succeeded", 10)).await;
    world.deliver("msg_2", &subscription(1, "subscription.active", "active", 0, 11)).await;
    world.store.remember_sweep(&Memory::new(at(20), None)).await.unwrap();
    let database = Connection::open(world.database()).unwrap();
    database.execute("UPDATE checkouts SET session_id = NULL, url = NULL WHERE id = ?1", [checkout(2)]).unwrap();
    let planned = "INSERT INTO intents (id, kind, object_id, key_hash, fingerprint, request, state, due_at, created_at, changed_at)
        VALUES ('int_1', 'refund', 'pay_new_1', x'01', x'01', '{}', 'planned', ?1, ?1, ?1)";
    database.execute(planned, params![at(20).as_microsecond()]).unwrap();
    let copy = world.database().with_file_name("copy.db");
    backup::copy(&world.database(), &copy).unwrap();
    (world, copy)
}

#[tokio::test]
async fn a_copy_is_the_database_at_one_moment_while_somebody_writes() {
    let (world, copy) = copied().await;
    world.order(3, None).await;
    let contents = backup::check(&copy).unwrap();
    assert_eq!((contents.checkouts, contents.notices, contents.sealed), (2, 2, true));
    assert!(!copy.with_file_name("copy.db-wal").exists(), "one file is the whole copy");
}

#[tokio::test]
async fn a_copy_that_is_none_is_told_for_what_it_is() {
    let (_world, copy) = copied().await;
    let broken = copy.with_file_name("broken.db");
    let mut bytes = std::fs::read(&copy).unwrap();
    bytes[8_192..12_288].fill(0);
    std::fs::write(&broken, &bytes).unwrap();
    backup::check(&broken).unwrap_err();
    std::fs::write(&broken, &bytes[..bytes.len() / 2]).unwrap();
    backup::check(&broken).unwrap_err();
    std::fs::write(&broken, b"no database at all").unwrap();
    backup::check(&broken).unwrap_err();
    std::fs::remove_file(&broken).unwrap();
    Connection::open(&broken).unwrap().execute("CREATE TABLE other (a)", []).unwrap();
    let refused = backup::check(&broken).unwrap_err().to_string();
    assert!(refused.contains("none of this helper's"), "{refused}");
    Connection::open(&copy).unwrap().execute("UPDATE refinery_schema_history SET version = version + 7", []).unwrap();
    assert!(matches!(backup::check(&copy), Err(StoreError::Newer { .. })));
    let (_world, copy) = copied().await;
    let astray = Connection::open(&copy).unwrap();
    astray.execute_batch("PRAGMA foreign_keys = OFF; UPDATE payments SET checkout_id = 'co_of_nobody'").unwrap();
    drop(astray);
    let refused = backup::check(&copy).unwrap_err().to_string();
    assert!(refused.contains("payments"), "{refused}");
}

#[tokio::test]
async fn one_changed_byte_in_a_value_is_noticed() {
    let (_world, copy) = copied().await;
    let whole = std::fs::read(&copy).unwrap();
    let broken = copy.with_file_name("broken.db");
    for value in ["\"total_amount\":", "\"payment_id\":", "\"product_cart\":"] {
        let at = whole.windows(value.len()).position(|bytes| bytes == value.as_bytes()).expect(value);
        let mut bytes = whole.clone();
        bytes[at + value.len() - 1] ^= 1;
        std::fs::write(&broken, &bytes).unwrap();
        let refused = backup::check(&broken).expect_err(value).to_string();
        assert!(refused.contains("seal"), "{value}: {refused}");
    }
}

#[tokio::test]
async fn a_copy_is_a_database_like_any_other_once_a_helper_has_it() {
    let (world, copy) = copied().await;
    let folder = world.database().with_file_name("by_hand");
    crate::store::prepare_folder(&folder).unwrap();
    let database = folder.join("checkout.db");
    std::fs::rename(&copy, &database).unwrap();
    Store::open(&database, rules()).unwrap().close().await;
    // A copy of it by other means has no seal, and none that does not fit.
    assert!(!backup::check(&database).unwrap().sealed);
    let again = folder.join("again.db");
    backup::copy(&database, &again).unwrap();
    assert!(backup::check(&again).unwrap().sealed);
}

#[tokio::test]
async fn a_restored_database_repeats_no_number_and_no_call_and_asks_first() {
    let (world, copy) = copied().await;
    let before = world.store.access(&CustomerKey::Reference("user_1".to_owned()), at(100)).await.unwrap();
    let restored_at = at(1_000);
    backup::make_current(&copy, None, restored_at).unwrap();
    let floor = restored_at.as_second();

    let folder = world.database().with_file_name("restored");
    crate::store::prepare_folder(&folder).unwrap();
    let database = folder.join("checkout.db");
    std::fs::rename(&copy, &database).unwrap();
    let store = Store::open(&database, rules()).unwrap();
    let access = store.access(&CustomerKey::Reference("user_1".to_owned()), at(1_001)).await.unwrap();
    assert_eq!((access.version, &access.entitlements), (floor, &before.entitlements));
    assert_eq!(value(&database, "SELECT min(last) FROM lines"), floor);
    // A customer whom the copy does not know may have been told of all the same.
    let stranger = CustomerKey::Reference("user_9".to_owned());
    assert_eq!(store.access(&stranger, at(1_001)).await.unwrap().version, floor);
    // Nothing that may have been done since is done again.
    let sends = value(&database, "SELECT sends FROM checkouts WHERE session_id IS NULL");
    assert_eq!(u32::try_from(sends).unwrap(), crate::ordering::MOST_SENDS);
    assert_eq!(value(&database, "SELECT count(*) FROM intents WHERE state = 'unknown'"), 1);
    let memory = store.sweep_memory().await.unwrap().unwrap();
    assert_eq!(memory.due(at(1_001)), Some(Scope::Full));

    // What is told next goes on from there, in one step each.
    let ended = subscription(1, "subscription.expired", "expired", 0, 2_000);
    let body = ended.to_string().into_bytes();
    let delivery = crate::store::Delivery {
        provider: "dodo",
        webhook_id: "msg_9".to_owned(),
        observed_at: at(2_000),
        received_at: at(2_000),
        notice: dodo::read_notice(&body),
        body,
    };
    store.accept(delivery).await.unwrap();
    let told = value(&database, &format!("SELECT min(sequence) FROM messages WHERE sequence > {floor}"));
    assert_eq!(told, floor + 1);
    assert_eq!(value(&database, "SELECT max(version) FROM customers"), floor + 1);
    store.close().await;
}

#[tokio::test]
async fn a_folder_belongs_to_one_store_until_it_is_closed() {
    let world = World::new();
    let refused = Store::open(&world.database(), rules()).map(drop).unwrap_err().to_string();
    assert!(refused.contains("a helper runs on this folder"), "{refused}");
    world.order(1, None).await;
    world.store.close().await;
    // Everything is in the one file, and whoever still has the first one writes no more.
    assert_eq!(std::fs::metadata(world.database().with_file_name("checkout.db-wal")).map_or(0, |log| log.len()), 0);
    assert!(world.store.prove().await.is_err());
    let second = Store::open(&world.database(), rules()).unwrap();
    assert!(second.checkout(&checkout(1)).await.unwrap().is_some());
}

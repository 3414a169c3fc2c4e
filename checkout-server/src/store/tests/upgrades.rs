//! Databases as earlier releases left them, opened by this one (G2c): the real migrations up to theirs, and
//! rows as they wrote them.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};
use serde_json::Value;

use super::world::{at, checkout, order, payment, rules, subscription};
use crate::customer::CustomerKey;
use crate::entitlement::State;
use crate::provider::dodo;
use crate::store::{Store, StoreError, folder, migration};
use crate::{random, store};

/// A folder that goes away.
struct Kept(PathBuf);

impl Kept {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("checkout-upgrade-{}", random::alphanumeric::<12>()));
        folder::prepare(&folder).unwrap();
        Self(folder)
    }

    fn database(&self) -> PathBuf {
        self.0.join("checkout.db")
    }

    /// A database of that version: a subscription that was sold, a payment that is nobody's, and an order
    /// that is open; from version 3 on the buyer is known by a reference.
    fn of_version(version: i32) -> Self {
        let kept = Self::new();
        let mut database = Connection::open(kept.database()).unwrap();
        database.pragma_update(None, "journal_mode", "WAL").unwrap();
        migration::to(&mut database, version).unwrap();
        write_rows(&database, version);
        kept
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn write_rows(database: &Connection, version: i32) {
    let (sold, open) = (checkout(1), checkout(2));
    let order = serde_json::to_string(&order()).unwrap();
    for (id, session, status, paid) in [(&sold, "cks_1", "paid", Some("pay_new_1")), (&open, "cks_2", "open", None)] {
        database
            .execute(
                "INSERT INTO checkouts (id, key_hash, fingerprint, sends, order_json, session_id, url, created_at,
                    expires_at, status, payment_id, changed_at)
                 VALUES (?1, randomblob(32), randomblob(32), 1, ?2, ?3, 'https://example.com/pay', ?4, ?5, ?6, ?7, ?4)",
                params![id, order, session, at(0).as_microsecond(), at(86_400).as_microsecond(), status, paid],
            )
            .unwrap();
    }
    if version >= 2 {
        database.execute("UPDATE checkouts SET buyer_key = randomblob(16), failures = 0", []).unwrap();
        let stopped = "INSERT INTO selling (id, on_sale, reason, changed_at) VALUES (1, 0, 'a holiday', 1)";
        database.execute(stopped, []).unwrap();
    }
    if version >= 3 {
        database.execute("UPDATE checkouts SET customer_reference = 'user_1' WHERE id = ?1", [&sold]).unwrap();
    }
    keep(database, "msg_1", Some("payment.succeeded"), &payment(1, "payment.succeeded", "new", "succeeded", 10));
    // What those releases did not read.
    keep(database, "msg_2", None, &subscription(1, "subscription.active", "active", 0, 11));
    keep(database, "msg_3", None, &serde_json::json!("no object"));
    database.execute("UPDATE notices SET body = x'ff00' WHERE webhook_id = 'msg_3'", []).unwrap();
    database
        .execute(
            "INSERT INTO payments (id, checkout_id, session_id, state, amount, currency, products, is_first, created_at,
                updated_at, version_changed, version_event, version_rank)
             VALUES ('pay_new_1', ?1, 'cks_1', 'succeeded', 2900, 'EUR', '[]', 1, ?2, NULL, ?2, ?2, 5)",
            params![sold, at(10).as_microsecond()],
        )
        .unwrap();
}

fn keep(database: &Connection, id: &str, kind: Option<&str>, body: &Value) {
    database
        .execute(
            "INSERT INTO notices (provider, webhook_id, body_sha256, kind, observed_at, received_at, body)
             VALUES ('dodo', ?1, randomblob(32), ?2, ?3, ?3, ?4)",
            params![id, kind, at(10).as_microsecond(), body.to_string().into_bytes()],
        )
        .unwrap();
}

/// Opens it as `serve` does, and folds what there is to be folded.
async fn open(kept: &Kept) -> (Store, u64) {
    let store = Store::open(&kept.database(), rules()).unwrap();
    let folded = store.fold_earlier(dodo::read_kept, at(100)).await.unwrap();
    (store, folded)
}

fn differences(database: &Path) -> Vec<String> {
    store::verify(database, &rules(), &dodo::read_kept, at(100), |_| ()).unwrap().differences
}

fn count(database: &Path, sql: &str) -> i64 {
    Connection::open(database).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn what_each_earlier_release_kept_is_there_and_gives_access() {
    for version in 1..=3 {
        let kept = Kept::of_version(version);
        let database = kept.database();
        let (store, folded) = open(&kept).await;
        assert_eq!(folded, 2, "of version {version}");
        let sold = store.checkout(&checkout(1)).await.unwrap().unwrap();
        let session = sold.session.as_ref().map(|session| session.id.as_str());
        assert_eq!((sold.status.as_str(), session, sold.order.clone()), ("paid", Some("cks_1"), order()));
        assert_eq!(store.checkout(&checkout(2)).await.unwrap().unwrap().status.as_str(), "open");
        let reference = (version >= 3).then(|| CustomerKey::Reference("user_1".to_owned()));
        let customer = reference.unwrap_or_else(|| CustomerKey::Guest(checkout(1)));
        let access = store.access(&customer, at(100)).await.unwrap();
        assert_eq!(access.entitlements["pro"].access.state, State::Active, "of version {version}");
        assert_eq!(store.selling().await.unwrap().is_some_and(|switch| !switch.selling), version >= 2);
        assert_eq!(differences(&database), [""; 0], "of version {version}");
        // It is written down, and nobody is told of what was bought long ago.
        assert!(count(&database, "SELECT count(*) FROM events") > 0);
        assert_eq!(count(&database, "SELECT count(*) FROM messages"), 0);
        assert_eq!(count(&database, "SELECT count(*) FROM notices WHERE stuck IS NOT NULL"), 0);
        store.close().await;
        drop(store);
        assert_eq!(open(&kept).await.1, 0, "once");
    }
}

/// A release of V4 had asked about the payment: only the answer says that it was paid, and the last time of
/// it is newer than anything that was sent.
#[tokio::test]
async fn answers_that_were_kept_before_are_folded_as_answers() {
    let kept = Kept::of_version(3);
    let mut database = Connection::open(kept.database()).unwrap();
    let processing = payment(1, "payment.processing", "new", "processing", 10).to_string();
    let told = "UPDATE notices SET body = CAST(?1 AS BLOB) WHERE webhook_id = 'msg_1'";
    database.execute(told, [processing]).unwrap();
    migration::to(&mut database, 4).unwrap();
    let answer = payment(1, "payment.succeeded", "new", "succeeded", 10)["data"].to_string();
    database
        .execute(
            "INSERT INTO notices (provider, webhook_id, body_sha256, kind, observed_at, received_at, body, object_id,
                source, asked_at, again_at, again_asked_at)
             VALUES ('dodo', 'refetch:pay_new_1', randomblob(32), 'payment', ?1, ?1, CAST(?2 AS BLOB), 'pay_new_1',
                'refetch', ?3, ?4, ?5)",
            params![
                at(20).as_microsecond(),
                answer,
                at(21).as_microsecond(),
                at(30).as_microsecond(),
                at(31).as_microsecond()
            ],
        )
        .unwrap();
    drop(database);
    let (store, folded) = open(&kept).await;
    assert_eq!(folded, 3);
    let access = store.access(&CustomerKey::Reference("user_1".to_owned()), at(100)).await.unwrap();
    assert_eq!(access.entitlements["pro"].access.state, State::Active);
    assert_eq!(differences(&kept.database()), [""; 0]);
    store.close().await;
}

/// As `restore --catalog` does it: brought up to date, folded, and only then compared.
#[test]
fn a_copy_of_an_earlier_release_is_folded_before_it_is_compared() {
    for version in 1..=3 {
        let kept = Kept::of_version(version);
        store::backup::make_current(&kept.database(), None, at(50)).unwrap();
        let folded = store::fold_earlier_in(&kept.database(), &rules().catalog, dodo::read_kept, at(100)).unwrap();
        assert_eq!(folded, 2, "of version {version}");
        assert_eq!(count(&kept.database(), "SELECT count(*) FROM notices WHERE stuck IS NOT NULL"), 0);
        assert_eq!(differences(&kept.database()), [""; 0], "of version {version}");
    }
}

#[tokio::test]
async fn a_process_that_dies_between_two_folds_goes_on_with_the_rest() {
    let kept = Kept::of_version(3);
    let store = Store::open(&kept.database(), rules()).unwrap();
    store.close().await;
    // As if the first of the two had been committed, and the process had died then.
    let one = "UPDATE notices SET stuck = NULL WHERE webhook_id = 'msg_2'";
    Connection::open(kept.database()).unwrap().execute(one, []).unwrap();
    drop(store);
    assert_eq!(open(&kept).await.1, 1);
}

#[tokio::test]
async fn a_database_of_a_newer_release_is_refused_and_left_as_it_is() {
    let kept = Kept::new();
    drop(open(&kept).await);
    let newer = "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
        SELECT version + 7, 'of_tomorrow', applied_on, '1' FROM refinery_schema_history ORDER BY version DESC LIMIT 1";
    // The writer of the store that was dropped may still hold the folder for a moment.
    Connection::open(kept.database()).unwrap().execute(newer, []).unwrap();
    let refused = loop {
        match Store::open(&kept.database(), rules()).map(drop).unwrap_err() {
            StoreError::Unavailable(said) if said.contains("a helper runs") => std::thread::yield_now(),
            refused => break refused,
        }
    };
    assert!(matches!(refused, StoreError::Newer { .. }), "{refused}");
    assert!(refused.to_string().contains("start that release"), "{refused}");
    assert_eq!(
        count(&kept.database(), "SELECT count(*) FROM refinery_schema_history"),
        i64::from(migration::newest()) + 1
    );
}

/// Releases up to V4 committed a migration, and then its record.
#[tokio::test]
async fn a_migration_that_was_written_and_not_recorded_is_made_up_for() {
    for version in 1..=4 {
        let kept = Kept::new();
        let mut database = Connection::open(kept.database()).unwrap();
        migration::to(&mut database, version).unwrap();
        database.execute("DELETE FROM refinery_schema_history WHERE version = ?1", [version]).unwrap();
        drop(database);
        drop(Store::open(&kept.database(), rules()).unwrap());
        let recorded = count(&kept.database(), "SELECT count(*) FROM refinery_schema_history");
        assert_eq!(recorded, i64::from(migration::newest()), "died after version {version}");
    }
}

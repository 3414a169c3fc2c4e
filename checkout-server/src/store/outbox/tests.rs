use std::path::PathBuf;

use jiff::ToSpan as _;

use super::*;

/// A store in a folder that goes away.
struct Kept {
    store: Store,
    folder: PathBuf,
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn kept() -> Kept {
    let folder = std::env::temp_dir().join(format!("checkout-outbox-{}", crate::random::alphanumeric::<12>()));
    std::fs::create_dir(&folder).unwrap();
    Kept { store: Store::open(&folder.join("checkout.db"), crate::store::Rules::default()).unwrap(), folder }
}

impl Kept {
    /// One message for each of these customers, in that order.
    async fn queue(&self, channel: Channel, target: &'static str, customers: &[&str]) {
        let customers: Vec<String> = customers.iter().map(|customer| (*customer).to_owned()).collect();
        let queued = self.store.write(move |connection| {
            for customer in customers {
                let seq: i64 =
                    connection.query_row("SELECT 1 + coalesce(max(seq), 0) FROM messages", [], |row| row.get(0))?;
                connection.execute(
                    "INSERT INTO events (id, kind, customer, object_id, cause, created_at, data)
                     VALUES ('evt_' || ?1, 'checkout.paid', ?2, 'co_1', ?1, 0, '{}')",
                    params![seq, customer],
                )?;
                connection.execute(
                    "INSERT INTO messages (seq, id, event_id, channel, target, customer, sequence, due_at, created_at)
                     VALUES (?1, 'msg_' || ?1, 'evt_' || ?1, ?2, ?3, ?4, ?1, 0, 0)",
                    params![seq, channel.as_str(), target, customer],
                )?;
            }
            Ok(())
        });
        queued.await.unwrap();
    }

    async fn turn(&self, now: Timestamp, done: Vec<Done>, busy: &[Place], free: u32) -> Turned {
        let rooms = vec![
            Room { channel: Channel::Webhook, target: "crm".to_owned(), free },
            Room { channel: Channel::Email, target: String::new(), free },
        ];
        self.store.work_off(Turn { now, done, rooms, busy: busy.to_vec() }).await.unwrap()
    }

    async fn meddle(&self, sql: &'static str) {
        self.store.write(move |connection| Ok(connection.execute_batch(sql)?)).await.unwrap();
    }

    async fn states(&self) -> Vec<String> {
        let states = self.store.read(|connection| {
            let mut statement = connection.prepare("SELECT state FROM messages ORDER BY seq")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            rows.collect::<Result<_, _>>().map_err(StoreError::from)
        });
        states.await.unwrap()
    }
}

fn seqs(turned: &Turned) -> Vec<i64> {
    turned.claimed.iter().map(|message| message.seq).collect()
}

fn after(message: &Message, verdict: Verdict) -> Done {
    Done { place: Place::of(message), id: message.id.clone(), verdict }
}

fn delivered(message: &Message) -> Done {
    after(message, Verdict::Delivered { status: Some(204) })
}

fn again(message: &Message, at: Timestamp) -> Done {
    after(message, Verdict::Again { at, status: Some(500), error: "it failed".to_owned() })
}

#[tokio::test]
async fn of_each_line_the_head_alone_is_claimed_until_it_is_done() {
    let kept = kept();
    kept.queue(Channel::Webhook, "crm", &["ref:a", "ref:a", "ref:b", "ref:a"]).await;
    let first = kept.turn(NOW, vec![], &[], 8).await;
    assert_eq!(seqs(&first), [1, 3]);
    let busy: Vec<Place> = first.claimed.iter().map(Place::of).collect();
    assert_eq!(seqs(&kept.turn(NOW, vec![], &busy, 8).await), [0; 0]);
    // A head that has to wait holds its own line back, and no other.
    let later = NOW + 5.seconds();
    let done = vec![again(&first.claimed[0], later), delivered(&first.claimed[1])];
    let second = kept.turn(NOW, done, &[], 8).await;
    assert_eq!((seqs(&second), second.next_due), (vec![], Some(later)));
    for (now, expected) in [(later, 1), (later, 2), (later, 4)] {
        let turned = kept.turn(now, vec![], &[], 8).await;
        assert_eq!(seqs(&turned), [expected]);
        let ended = kept.turn(now, vec![delivered(&turned.claimed[0])], &[], 0).await;
        assert!(ended.claimed.is_empty());
    }
    assert_eq!(kept.states().await, ["delivered"; 4]);
}

#[tokio::test]
async fn mails_have_no_line() {
    let kept = kept();
    kept.queue(Channel::Email, "receipt", &["ref:a", "ref:a", "ref:a"]).await;
    assert_eq!(seqs(&kept.turn(NOW, vec![], &[], 2).await), [1, 2]);
    assert_eq!(seqs(&kept.turn(NOW, vec![], &[], 2).await), [3]);
}

#[tokio::test]
async fn a_lease_that_has_run_out_is_claimed_again_but_not_while_it_is_being_sent() {
    let kept = kept();
    kept.queue(Channel::Webhook, "crm", &["ref:a"]).await;
    let first = kept.turn(NOW, vec![], &[], 8).await;
    let busy = [Place::of(&first.claimed[0])];
    assert_eq!(seqs(&kept.turn(NOW + 29.seconds(), vec![], &[], 8).await), [0; 0]);
    let ours = kept.turn(NOW + 30.seconds(), vec![], &busy, 8).await;
    assert_eq!((seqs(&ours), ours.next_due), (vec![], Some(NOW + 60.seconds())));
    // Whoever held it is gone.
    assert_eq!(seqs(&kept.turn(NOW + 60.seconds(), vec![], &[], 8).await), [1]);
}

#[tokio::test]
async fn what_is_replayed_waits_for_what_is_being_sent_and_comes_before_what_waits() {
    let kept = kept();
    kept.queue(Channel::Webhook, "crm", &["ref:a", "ref:a", "ref:a"]).await;
    let parked = Verdict::Parked { status: Some(400), error: "refused".to_owned() };
    let first = kept.turn(NOW, vec![], &[], 8).await;
    let second = kept.turn(NOW, vec![after(&first.claimed[0], parked)], &[], 8).await;
    assert_eq!(seqs(&second), [2]);
    let known = vec!["crm".to_owned()];
    let replay = Replay::Message("msg_1".to_owned());
    assert_eq!(kept.store.replay(replay.clone(), known.clone(), NOW).await.unwrap(), 1);
    assert_eq!(kept.store.replay(replay, known.clone(), NOW).await.unwrap(), 0, "it waits already");
    let busy = [Place::of(&second.claimed[0])];
    assert_eq!(seqs(&kept.turn(NOW, vec![], &busy, 8).await), [0; 0]);
    let third = kept.turn(NOW, vec![delivered(&second.claimed[0])], &[], 8).await;
    assert_eq!(seqs(&third), [1]);
    assert_eq!((third.claimed[0].id.as_str(), third.claimed[0].attempts), ("msg_1", 0));
    assert_eq!(seqs(&kept.turn(NOW, vec![delivered(&third.claimed[0])], &[], 8).await), [3]);
}

#[tokio::test]
async fn a_range_is_replayed_whatever_its_length_and_only_what_was_asked_for() {
    let kept = kept();
    let customers: Vec<String> = (0..1_201).map(|number| format!("ref:{}", number % 7)).collect();
    let customers: Vec<&str> = customers.iter().map(String::as_str).collect();
    kept.queue(Channel::Webhook, "crm", &customers).await;
    kept.queue(Channel::Email, "receipt", &["ref:a"]).await;
    let meddled = kept.store.write(|connection| {
        connection.execute_batch(
            "UPDATE messages SET state = 'dead', created_at = seq; UPDATE messages SET state = 'delivered' WHERE seq = 5",
        )?;
        Ok(())
    });
    meddled.await.unwrap();
    let time = |micros| Timestamp::from_microsecond(micros).unwrap();
    let range = |states| Replay::Range { endpoint: None, from: time(2), until: time(1_201), states };
    let known = vec!["crm".to_owned()];
    assert_eq!(kept.store.replay(range(vec!["dead"]), vec![], NOW).await.unwrap(), 0, "nobody is in the settings");
    assert_eq!(kept.store.replay(range(vec!["dead"]), known, NOW).await.unwrap(), 1_198);
    let states = kept.states().await;
    assert_eq!((&*states[0], &*states[1], &*states[4], &*states[1_199]), ("dead", "queued", "delivered", "queued"));
    assert_eq!((&*states[1_200], &*states[1_201]), ("dead", "dead"));
    assert_eq!(seqs(&kept.turn(NOW, vec![], &[], 64).await), [2, 3, 4, 6, 7, 8, 12], "the head of each line");
}

#[tokio::test]
async fn a_disabled_endpoint_gets_nothing_until_it_is_enabled_and_then_all_in_order() {
    let kept = kept();
    kept.queue(Channel::Webhook, "crm", &["ref:a", "ref:a", "ref:b", "ref:a"]).await;
    let first = kept.turn(NOW, vec![], &[], 1).await;
    let dead = Verdict::Dead { status: Some(500), error: "it failed".to_owned() };
    let second = kept.turn(NOW, vec![after(&first.claimed[0], dead)], &[], 8).await;
    assert_eq!(seqs(&second), [2, 3]);
    let gone = kept.turn(NOW, vec![after(&second.claimed[0], Verdict::Waiting)], &[], 8).await;
    assert_eq!(gone.changed, [("crm".to_owned(), EndpointState::Disabled)]);
    assert_eq!((seqs(&gone), gone.next_due), (vec![], None));
    // What was under way when it was disabled.
    let late = kept.turn(NOW, vec![again(&second.claimed[1], NOW + 5.seconds())], &[], 8).await;
    assert!(late.claimed.is_empty() && late.changed.is_empty());
    assert_eq!(kept.states().await, ["dead", "queued", "queued", "queued"]);
    kept.meddle("UPDATE messages SET attempts = 10 WHERE state = 'dead'").await;

    assert_eq!(kept.store.enable_endpoint("crm", NOW).await.unwrap(), 4);
    let mut order = vec![];
    loop {
        let turned = kept.turn(NOW, vec![], &[], 1).await;
        let Some(message) = turned.claimed.first() else { break };
        assert_eq!(message.attempts, 0, "{} has all its tries again", message.seq);
        order.push(message.seq);
        kept.turn(NOW, vec![delivered(message)], &[], 0).await;
    }
    assert_eq!(order, [1, 2, 3, 4]);
}

#[tokio::test]
async fn however_much_has_died_is_enabled_with_all_its_tries_and_nothing_that_died_before() {
    let kept = kept();
    let customers: Vec<String> = (0..1_201).map(|number| format!("ref:{}", number % 7)).collect();
    let customers: Vec<&str> = customers.iter().map(String::as_str).collect();
    kept.queue(Channel::Webhook, "crm", &customers).await;
    kept.meddle(
        "UPDATE messages SET state = 'dead', attempts = 10, finished_at = seq;
         UPDATE messages SET state = 'queued', attempts = 9, finished_at = NULL, due_at = 9999999 WHERE seq > 1200;
         INSERT INTO endpoints VALUES ('crm', 'disabled', 31, 4, 0)",
    )
    .await;
    assert_eq!(kept.store.enable_endpoint("crm", NOW).await.unwrap(), 1_198);
    let tried = kept.store.read(|connection| {
        let sql = "SELECT seq FROM messages WHERE attempts > 0 OR state <> 'queued' ORDER BY seq";
        let seqs = connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
        Ok(seqs)
    });
    assert_eq!(tried.await.unwrap(), [1, 2, 3], "they died before it began to fail");
    assert_eq!(seqs(&kept.turn(NOW, vec![], &[], 64).await), [4, 5, 6, 7, 8, 9, 10], "the head of each line");
}

#[tokio::test]
async fn what_waits_for_nobody_is_parked_where_it_is_seen() {
    let kept = kept();
    kept.queue(Channel::Webhook, "crm", &["ref:a"]).await;
    kept.queue(Channel::Webhook, "former", &["ref:a", "ref:b"]).await;
    kept.queue(Channel::Email, "receipt", &["ref:a"]).await;
    assert_eq!(kept.store.park_strays(vec!["crm".to_owned()], NOW).await.unwrap(), 2);
    assert_eq!(kept.states().await, ["queued", "parked", "parked", "queued"]);
}

#[tokio::test]
async fn however_long_a_line_is_a_turn_looks_at_its_head() {
    let kept = kept();
    kept.queue(Channel::Webhook, "crm", &["ref:poison"; 1_000]).await;
    kept.queue(Channel::Webhook, "crm", &["ref:a"]).await;
    let first = kept.turn(NOW, vec![], &[], 1).await;
    let mut claimed = vec![];
    let busy: Vec<Place> = first.claimed.iter().map(Place::of).collect();
    for _ in 0..8 {
        let turned = kept.turn(NOW, vec![], &busy, 8).await;
        claimed.extend(seqs(&turned));
    }
    assert_eq!(claimed, [1_001], "each of the others was put aside once");
    let due = kept.store.read(|connection| {
        let sql = "SELECT count(*) FROM messages WHERE due_at <= ?1";
        Ok(connection.query_row(sql, [NOW.as_microsecond()], |row| row.get::<_, u32>(0))?)
    });
    assert_eq!(due.await.unwrap(), 0);
}

/// The database grows for years; a turn must not.
#[tokio::test]
async fn no_question_of_a_turn_reads_the_whole_table() {
    let kept = kept();
    let plans = kept.store.read(|connection| {
        let mut plans = vec![];
        for sql in [
            "SELECT min(seq) FROM messages WHERE channel = 'webhook' AND state IN ('queued', 'leased') AND target = 'a'
                AND customer = 'b'",
            "SELECT seq FROM messages WHERE channel = 'webhook' AND state IN ('queued', 'leased') AND target = 'a'
                AND due_at <= 5 ORDER BY due_at, seq LIMIT 8",
            "SELECT seq FROM messages INDEXED BY mails_waiting WHERE channel = 'email' AND state IN ('queued', 'leased') AND due_at <= 5
                ORDER BY due_at, seq LIMIT 8",
            "SELECT min(due_at) FROM messages WHERE channel = 'webhook' AND state IN ('queued', 'leased')
                AND target = 'a'",
            "SELECT min(due_at) FROM messages INDEXED BY mails_waiting WHERE channel = 'email' AND state IN ('queued', 'leased')",
            "SELECT count(*) FROM messages WHERE state = 'dead'",
            "SELECT max(seq) FROM messages",
        ] {
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
            let lines = plan.query_map([], |row| row.get::<_, String>("detail"))?;
            plans.push(lines.collect::<Result<Vec<_>, _>>()?.join("; "));
        }
        Ok(plans)
    });
    for plan in plans.await.unwrap() {
        assert!(plan.contains("SEARCH") && !plan.contains("SCAN") && !plan.contains("TEMP"), "{plan}");
    }
}

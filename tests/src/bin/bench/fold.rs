//! What a notice costs the store alone, without HTTP and signatures: the steadiest of the figures, because
//! nothing but the writer and the disk takes part. NOTICES=2000 takes fewer, for a profiler.

use std::path::Path;
use std::time::Instant;

use checkout_server::clock::Clock;
use checkout_server::provider::dodo;
use checkout_server::store::{Delivery, Store};
use checkout_tests::server::{Failure, usage_of};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use crate::shop::{make_orders, rules};
use crate::webhooks::notice;
use crate::{CONNECTIONS, say};

const NOTICES: usize = 60_000;

/// The same notices, kept and nothing else, then with all that follows.
#[expect(clippy::disallowed_methods, reason = "how many notices, from whoever runs the bench")]
pub(crate) async fn compare() -> Result<(), Failure> {
    let notices = std::env::var("NOTICES").ok().and_then(|text| text.parse().ok()).unwrap_or(NOTICES);
    say(&format!("\nthe store alone: {notices} notices, {CONNECTIONS} at once"))?;
    for (name, read) in [("kept", None), ("folded and told", Some(dodo::read_notice as Read))] {
        let folder = tempfile::tempdir_in(std::env::current_dir()?.join("target"))?;
        make_orders(folder.path()).await?;
        let (rate, processor) = run(folder.path(), notices, read).await?;
        say(&format!("{name:<34} {rate:>9} per s {processor:>9} cpu us each"))?;
    }
    Ok(())
}

type Read = fn(&[u8]) -> Option<checkout_server::event::Notice>;

/// Gives notices a second, and microseconds of processor time for each.
async fn run(folder: &Path, notices: usize, read: Option<Read>) -> Result<(u128, u128), Failure> {
    let store = Store::open(&folder.join("checkout.db"), rules()?)?;
    let now: Timestamp = Clock::wall() - SignedDuration::from_hours(1);
    // Made and read before: neither is the store's work.
    let deliveries: Vec<Delivery> = (0..notices).map(|number| delivery(number, now, read)).collect();
    let (begun, before, count) = (Instant::now(), usage_of("self")?.ticks, deliveries.len() as u128);
    let mut deliveries = deliveries.into_iter();
    loop {
        let group: Vec<Delivery> = deliveries.by_ref().take(CONNECTIONS).collect();
        if group.is_empty() {
            break;
        }
        for accepted in join_all(group.into_iter().map(|delivery| store.accept(delivery))).await {
            accepted?;
        }
    }
    let processor = u128::from(usage_of("self")?.ticks - before) * 10_000;
    Ok((count * 1_000 / begun.elapsed().as_millis().max(1), processor / count.max(1)))
}

fn delivery(number: usize, now: Timestamp, read: Option<Read>) -> Delivery {
    let body = notice(number).into_bytes();
    let notice = read.and_then(|read| read(&body));
    Delivery { provider: "dodo", webhook_id: format!("msg_{number}"), observed_at: now, received_at: now, body, notice }
}

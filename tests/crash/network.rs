//! `network`: each fault of the doors under load, on the way to the helper and on the helper's way to the
//! provider: late, refused, reset, half-open, cut in the middle, and answers that are lost after the work
//! was done. Whatever the network does, the oracle has nothing to say (G3–G6, G13, G22).

use std::time::{Duration, Instant};

use crate::chance::Chance;
use crate::door::{Door, Fault};
use crate::helper::{Helper, Start};
use crate::history::{History, Outcome, What};
use crate::load::{Crowd, Load, settle};
use crate::oracle::{self, answers};
use crate::run::{Options, block_on};
use crate::verdict::Verdict;
use crate::world::World;

/// Seconds of each fault on each way.
const SECONDS: u64 = 20;
/// Of a hundred exchanges, so many are struck.
const STRUCK: u64 = 15;
const PATIENCE: Duration = Duration::from_mins(10);

const FAULTS: [Fault; 7] = [
    Fault::Late(Duration::from_millis(300)),
    Fault::LateReply(Duration::from_millis(300)),
    Fault::Refuse,
    Fault::DropReply,
    Fault::CutReply(40),
    Fault::Reset,
    Fault::HalfOpen,
];

/// As they are told, in that order.
const NAMES: [&str; 7] = [
    "late requests",
    "late replies",
    "refused requests",
    "dropped replies",
    "cut replies",
    "resets",
    "half-open connections",
];

/// Runs the command.
pub(crate) fn run(options: &Options) -> Verdict {
    block_on(async {
        let world = World::start(options, "network").await;
        let history = History::default();
        let seconds = options.seconds.unwrap_or(SECONDS);
        let verdict = suffer(&world, &history, seconds).await.unwrap_or_else(|failure| {
            let mut verdict = Verdict::default();
            verdict.check(false, failure);
            verdict
        });
        world.close(&history, &verdict);
        verdict
    })
}

async fn suffer(world: &World, history: &History, seconds: u64) -> Result<Verdict, String> {
    let mut verdict = Verdict::default();
    let time = Duration::from_secs(seconds);
    let helper = Helper::start(world, &Start::default()).await?;
    let load = Load::start(world, Crowd::default(), history);
    let ways = [
        ("helper", &world.door, helper.ready["helper"].as_str().unwrap_or_default().to_owned()),
        ("provider", &world.provider, world.sandbox_url.clone()),
    ];
    for (name, door, to) in ways {
        for fault in FAULTS {
            let chance = world.chance(&format!("{fault:?} {name}"));
            let struck = strike(door, fault, chance, time).await;
            verdict.check(struck > 0, format!("{fault:?} never struck on the way to the {name}"));
        }
        door.shut();
        tokio::time::sleep(time).await;
        door.turn(&to);
    }
    for left in [load.finish(PATIENCE).await, settle(world, PATIENCE).await] {
        verdict.check(left.is_ok(), left.err().unwrap_or_default());
    }
    for (name, fault) in NAMES.into_iter().zip(FAULTS) {
        verdict.count(name, world.door.struck(fault) + world.provider.struck(fault));
    }
    verdict.count("orders acknowledged", history.count(What::Order, Outcome::Acknowledged));
    verdict.count("orders unknown", history.count(What::Order, Outcome::Unknown));
    verdict.count("webhooks acknowledged", history.count(What::Webhook, Outcome::Acknowledged));
    verdict.join(answers::worked(history, &["order_closed"]));
    verdict.join(oracle::check(world, history, &world.database()).await);
    let ended = helper.terminate().await?;
    verdict.check(ended.success(), format!("the stop ended with {ended}"));
    Ok(verdict)
}

/// Strikes some of the exchanges of that door for that time, and longer where none was: whoever waits
/// behind the last fault comes late. Says how many were struck.
async fn strike(door: &Door, fault: Fault, mut chance: Chance, time: Duration) -> u64 {
    let (begun, before) = (Instant::now(), door.struck(fault));
    door.rule(move |_| if chance.percent(STRUCK) { fault } else { Fault::Pass });
    while begun.elapsed() < time || (door.struck(fault) == before && begun.elapsed() < PATIENCE) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    door.rule(|_| Fault::Pass);
    door.struck(fault) - before
}

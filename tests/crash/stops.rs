//! `stops`: SIGTERM under load (G2f). Whatever was sent before the signal is answered as always, on fresh
//! connections and on kept ones; nobody sees half an answer; the process ends by itself, with 0, within
//! ten seconds; and nothing that was acknowledged is lost, nothing told twice.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::chance::Chance;
use crate::door::Fault;
use crate::helper::{Helper, Start};
use crate::history::History;
use crate::load::{Crowd, Load, settle};
use crate::oracle;
use crate::run::{Options, block_on};
use crate::verdict::Verdict;
use crate::world::{SHOP, World};

mod visitors;

use visitors::{Seen, Stage, Visit, Visits};

const STOPS: u64 = 200;
/// How long a stop may take (G2f).
const LONGEST: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_mins(3);
/// Visitors on connections of their own for each request, and on kept ones.
const FRESH: usize = 6;
const KEPT: usize = 4;

/// Runs the command.
pub(crate) fn run(options: &Options) -> Verdict {
    block_on(async {
        let world = World::start(options, "stops").await;
        let history = History::default();
        let verdict = stop(&world, &history, options.count.unwrap_or(STOPS)).await.unwrap_or_else(|failure| {
            let mut verdict = Verdict::default();
            verdict.check(false, failure);
            verdict
        });
        world.close(&history, &verdict);
        verdict
    })
}

async fn stop(world: &World, history: &History, stops: u64) -> Result<Verdict, String> {
    let mut verdict = Verdict::default();
    let mut chance = world.chance("stops");
    let start = Start::default();
    // A provider that always answers: what the stop does is the question here.
    world.provider.rule(|_| Fault::Pass);
    let mut helper = Helper::start(world, &start).await?;
    let quote = quote(world).await?;
    let crowd = Crowd { buyers: 2, couriers: 4, readers: 1, staff: 1, ..Crowd::default() };
    let load = Load::start(world, crowd, history);
    let (mut visits, mut slowest) = (Visits::default(), Duration::ZERO);
    for stop in 1..=stops {
        let stage = Arc::new(Stage::new(world, &helper, &quote, history.clone()));
        let crowd = visit(&stage, stop, world);
        tokio::time::sleep(Duration::from_millis(50 + chance.below(200))).await;
        let took = Instant::now();
        stage.stop(|| helper.ask_to_stop());
        let ended = helper.ended().await?;
        slowest = slowest.max(took.elapsed());
        verdict.check(ended.success(), format!("stop {stop} ended with {ended}"));
        verdict.check(took.elapsed() <= LONGEST, format!("stop {stop} took {:?}", took.elapsed()));
        for visit in crowd.join_all().await.into_iter().flatten() {
            judge(stop, &visit, &mut visits, &mut verdict);
        }
        helper = Helper::start(world, &start).await?;
    }
    for left in [load.finish(PATIENCE).await, settle(world, PATIENCE).await] {
        verdict.check(left.is_ok(), left.err().unwrap_or_default());
    }
    visits.tell(&mut verdict);
    verdict.count("stops", stops);
    verdict.count("slowest stop ms", u64::try_from(slowest.as_millis()).unwrap_or(u64::MAX));
    verdict.join(oracle::check(world, history, &world.database()).await);
    helper.terminate().await?;
    Ok(verdict)
}

/// Sends visitors, who stay until nobody lets them in any more.
fn visit(stage: &Arc<Stage>, stop: u64, world: &World) -> JoinSet<Vec<Visit>> {
    let mut crowd = JoinSet::new();
    for number in 0..FRESH + KEPT {
        let chance = Chance::of(world.seed, &format!("visitor {number} of stop {stop}"));
        crowd.spawn(visitors::visit(Arc::clone(stage), format!("stop-{stop}-{number}"), number >= FRESH, chance));
    }
    crowd
}

/// A signal excuses only what was sent after it.
fn judge(stop: u64, visit: &Visit, visits: &mut Visits, verdict: &mut Verdict) {
    let Visit { seen, asked, status, .. } = visit;
    visits.count(visit);
    match seen {
        Seen::Answered => {
            let right = matches!(status, 200 | 201);
            verdict.check(right, format!("G2f: stop {stop}: {asked} was answered with {status}"));
        }
        Seen::Half => verdict.check(false, format!("G2f: stop {stop}: {asked} got half an answer")),
        Seen::Nothing { before_the_signal: true, why } => {
            verdict.check(false, format!("G2f: stop {stop}: {asked}, sent before the signal, was not answered: {why}"));
        }
        Seen::Nothing { .. } | Seen::Refused => verdict.passed += 1,
    }
}

async fn quote(world: &World) -> Result<Value, String> {
    let cart = json!({"items": [{"price_id": "handbook_ebook"}], "customer": {"country": "DE"}});
    let request = checkout_tests::http::client().post(format!("{}/v1/quotes", world.door.url()));
    let answer = request.header("origin", SHOP).json(&cart).send().await.map_err(|error| error.to_string())?;
    let quote: Value = answer.json().await.map_err(|error| error.to_string())?;
    Ok(quote["quote_token"].clone())
}

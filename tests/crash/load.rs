//! The people and machines around a shop: buyers, couriers, readers, and whoever works there. Each chooses
//! by the seed, begins on a schedule of its own, and asks again until it knows. Nothing here judges:
//! everything goes into the history.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use checkout_server::sandbox::Sandbox;
use checkout_tests::http::client;
use reqwest::Client;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::chance::Chance;
use crate::courier::Office;
use crate::history::History;
use crate::world::World;

mod ask;
mod buyers;
mod couriers;
mod readers;
mod schedule;
mod settle;
mod staff;

pub(crate) use settle::{let_time_pass, settle};

/// For so long nothing comes where all is told.
const QUIET: Duration = Duration::from_millis(300);

/// How many of whom, and how often each of them wants something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowd {
    /// They order, replay old keys, pay or are declined.
    pub(crate) buyers: usize,
    /// They hand over the provider's webhooks.
    pub(crate) couriers: usize,
    /// They ask what customers may use.
    pub(crate) readers: usize,
    /// They give money back, give access by hand, change subscriptions.
    pub(crate) staff: usize,
    /// Between two orders of a buyer; the others go by it.
    pub(crate) every: Duration,
}

impl Default for Crowd {
    fn default() -> Self {
        Self { buyers: 8, couriers: 8, readers: 2, staff: 2, every: Duration::from_millis(150) }
    }
}

/// An order that somebody has a key for.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// Its idempotency key.
    pub(crate) key: String,
    /// What is sent with it, the same each time.
    pub(crate) body: Value,
    /// The answer that was acknowledged.
    pub(crate) made: Value,
}

/// A payment that the provider took.
#[derive(Clone, Debug)]
pub(crate) struct Sale {
    /// The provider's id.
    pub(crate) payment: String,
    /// The price that was bought.
    pub(crate) price: &'static str,
}

/// What all of them know.
pub(crate) struct Shop {
    pub(crate) http: Client,
    pub(crate) history: History,
    pub(crate) helper: String,
    pub(crate) operations: String,
    pub(crate) sandbox: String,
    pub(crate) office: Office,
    /// What tells this load's keys and chances from those of others.
    pub(crate) name: String,
    seed: u64,
    pub(crate) crowd: Crowd,
    database: PathBuf,
    orders: Mutex<Vec<Order>>,
    sales: Mutex<Vec<Sale>>,
    /// Nothing new is begun any more.
    closing: CancellationToken,
    /// Nobody asks again any more.
    over: CancellationToken,
}

impl Shop {
    fn orders(&self) -> MutexGuard<'_, Vec<Order>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sales(&self) -> MutexGuard<'_, Vec<Sale>> {
        self.sales.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The chance of somebody in this load.
    fn chance(&self, who: &str, number: usize) -> Chance {
        Chance::of(self.seed, &format!("{} {who} {number}", self.name))
    }

    /// One of so many customers that have a name at the merchant's.
    fn somebody(chance: &mut Chance) -> String {
        format!("user_{}", chance.below(200))
    }
}

/// All of them at work.
pub(crate) struct Load {
    shop: Arc<Shop>,
    sandbox: Sandbox,
    people: JoinSet<()>,
    couriers: JoinSet<()>,
}

impl Load {
    /// Sets them to work.
    pub(crate) fn start(world: &World, crowd: Crowd, history: &History) -> Self {
        let shop = Arc::new(Shop {
            http: client(),
            history: history.clone(),
            helper: world.door.url(),
            operations: world.operations.url(),
            sandbox: world.sandbox_url.clone(),
            office: world.office.clone(),
            name: world.next_load(),
            seed: world.seed,
            crowd,
            database: world.database(),
            orders: Mutex::default(),
            sales: Mutex::default(),
            closing: CancellationToken::new(),
            over: CancellationToken::new(),
        });
        let (mut people, mut couriers) = (JoinSet::new(), JoinSet::new());
        for number in 0..crowd.buyers {
            people.spawn(buyers::buy(Arc::clone(&shop), number));
        }
        for number in 0..crowd.readers {
            people.spawn(readers::read(Arc::clone(&shop), number));
        }
        for number in 0..crowd.staff {
            people.spawn(staff::work(Arc::clone(&shop), number));
        }
        for number in 0..crowd.couriers {
            couriers.spawn(couriers::carry(Arc::clone(&shop), number));
        }
        Self { shop, sandbox: world.sandbox.clone(), people, couriers }
    }

    /// Begins nothing new, and waits until everybody knows what became of what they began, and all webhooks
    /// are handed over. Those that come later still are. A helper has to run.
    ///
    /// # Errors
    /// It takes longer than `patience`: somebody was never told, which is a failure of the helper's.
    pub(crate) async fn close(&mut self, patience: Duration) -> Result<(), String> {
        self.shop.closing.cancel();
        let all = async {
            while self.people.join_next().await.is_some() {}
            // Only then nothing new happens at the provider's.
            while !self.is_quiet().await {}
        };
        let closed = tokio::time::timeout(patience, all).await;
        let (left, parcels) = (self.people.len(), self.shop.office.open_ends());
        let told = |_| format!("after {patience:?} {left} clients were not told, {parcels} webhooks were not taken");
        closed.map_err(told)
    }

    /// The same, and then everybody goes.
    ///
    /// # Errors
    /// As of [`Load::close`].
    pub(crate) async fn finish(mut self, patience: Duration) -> Result<(), String> {
        let closed = self.close(patience).await;
        self.shop.over.cancel();
        while self.couriers.join_next().await.is_some() {}
        closed
    }

    /// Whether everything is handed over, and the provider has sent all that it wants to tell, and is to do
    /// nothing more.
    async fn is_quiet(&self) -> bool {
        let before = self.shop.office.came();
        tokio::time::sleep(QUIET).await;
        let planned = settle::is_planned(&self.shop.database);
        if planned || self.shop.office.open_ends() > 0 || self.shop.office.came() != before {
            return false;
        }
        let state = self.sandbox.state_json();
        let sent = |delivery: &Value| delivery["status"] == "delivered";
        state["deliveries"].as_array().is_some_and(|all| all.iter().all(sent))
            && self.shop.office.came() == before
            && self.shop.office.open_ends() == 0
    }
}

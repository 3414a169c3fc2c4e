//! Readers: what may this customer use? Whatever was acknowledged to have changed never changes back.

use std::sync::Arc;

use super::Shop;
use super::ask::Question;
use super::schedule::Schedule;
use crate::history::What;
use crate::world::SECRET_KEY;

/// Reads until the shop closes.
pub(super) async fn read(shop: Arc<Shop>, number: usize) {
    let mut chance = shop.chance("reader", number);
    let mut schedule = Schedule::every(shop.crowd.every / 4, &mut chance);
    while let Some(intended) = schedule.turn(&shop, &mut chance).await {
        let who = Shop::somebody(&mut chance);
        let url = format!("{}/v1/customers/{who}/entitlements", shop.helper);
        shop.ask(&Question::new(What::Access, &who, intended), || shop.http.get(&url).bearer_auth(SECRET_KEY)).await;
    }
}

//! Disputes, opened and moved by the control API.

use super::*;

#[tokio::test]
async fn a_dispute_goes_its_way_and_is_told_at_each_step() {
    let world = World::new().await;
    let session = world.licence().await;
    let (_, paid) = world.pay(&session, PAYS).await;
    let payment = paid["payment_id"].as_str().unwrap();
    let opened = world
        .control(&format!("payments/{payment}/dispute"), json!({ "stage": "pre_dispute", "reason": "fraudulent" }))
        .await;
    assert_eq!([&opened["amount"], &opened["dispute_stage"]], ["6125", "pre_dispute"]);
    let id = opened["dispute_id"].as_str().unwrap();
    let go = async |to: &str| world.control(&format!("disputes/{id}/move"), json!({ "to": to })).await;
    assert_eq!(go("next_stage").await["dispute_stage"], "dispute");
    for (to, status) in [("challenged", "dispute_challenged"), ("lost", "dispute_lost"), ("won", "dispute_won")] {
        assert_eq!(go(to).await["dispute_status"], status);
    }
    assert_eq!(go("rdr").await["is_resolved_by_rdr"], true);
    assert_eq!(
        world.told_since(1),
        ["dispute.opened", "dispute.opened", "dispute.challenged", "dispute.lost", "dispute.won", "dispute.accepted"]
    );
    let hook = world.webhooks(7).await.remove(6);
    assert_eq!([&hook.body["data"]["payload_type"], &hook.body["data"]["amount"]], ["Dispute", "6125"]);
    let shown = world.payment(payment).await;
    assert_eq!(shown["disputes"][0]["dispute_status"], "dispute_accepted");
    assert_eq!(world.get("/payments").await["items"][0]["dispute_status"], "dispute_accepted");
    assert_eq!(world.get(&format!("/disputes/{id}")).await["reason"], "fraudulent");
    assert_eq!(world.get("/disputes?dispute_status=dispute_won").await["items"], json!([]));
    assert_eq!(world.get("/disputes?dispute_stage=dispute").await["items"][0]["dispute_id"], id);
    assert_eq!(world.get("/refunds").await["items"], json!([]), "no refund comes of it");
}

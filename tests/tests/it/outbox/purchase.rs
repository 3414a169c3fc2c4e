//! A purchase, told: what a merchant's endpoint hears of it, and what the demo's shop shows.

use std::collections::BTreeSet;
use std::time::Duration;

use checkout_tests::app::{GOOD_CARD, TestApp};
use checkout_tests::merchant::Merchant;
use checkout_types::CheckoutStatus;
use serde_json::{Value, json};

#[tokio::test]
async fn a_purchase_is_told_once_signed_in_order_and_with_the_whole_access() {
    let merchant = Merchant::start().await;
    let app = TestApp::telling(vec![merchant.endpoint("crm", &[])]).await;
    let created = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    app.pay(&created, GOOD_CARD).await;
    app.wait_for(&created, CheckoutStatus::Paid).await;
    // As many as there are, once nothing more comes.
    let mut heard = merchant.wait_taken(4).await;
    while {
        tokio::time::sleep(Duration::from_millis(500)).await;
        merchant.taken().len() > heard.len()
    } {
        heard = merchant.taken();
    }
    assert!(heard.iter().map(|one| one.sequence).eq(1..=i64::try_from(heard.len()).unwrap()), "gap-free, in order");
    let ids: BTreeSet<&str> = heard.iter().map(|one| &*one.id).collect();
    assert_eq!(ids.len(), heard.len(), "each once");
    for kind in ["checkout.paid", "payment.succeeded", "subscription.started", "entitlements.changed"] {
        assert!(heard.iter().any(|one| one.kind == kind), "{kind}");
    }
    let last: Value = serde_json::from_slice(&heard.last().unwrap().body).unwrap();
    assert_eq!(
        last["customer"],
        json!({
            "reference": null, "checkout": created.id, "email": "ada@example.com", "name": "Ada Canary",
        })
    );
    let pro = last["entitlements"]["items"].as_array().unwrap().iter().find(|item| item["name"] == "pro").unwrap();
    assert_eq!((&pro["state"], &pro["limits"]["exports"]), (&json!("active"), &json!(100)), "{last}");

    // The shop has heard it too.
    let shop = app.http.get(format!("{}/activity", app.ready().shop)).send().await.unwrap().text().await.unwrap();
    assert!(shop.contains("The helper told the shop: subscription.started"), "{shop}");
    assert!(shop.contains("pro: active") && !shop.contains("ada@example.com"), "{shop}");
}

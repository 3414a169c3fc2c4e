//! The shape of every answer, whole: what a page or a program may rely on. Review a change with
//! `cargo insta review`.

use checkout_tests::app::{DECLINED_CARD, TestApp, read};
use checkout_types::CheckoutStatus;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

#[tokio::test]
async fn the_answers_of_a_purchase() {
    let app = TestApp::start().await;
    let catalog: Value = read(app.get("/v1/catalog").send().await.unwrap(), 200).await;
    assert_json_snapshot!("catalog", catalog);

    let body = json!({
        "items": [{"price_id": "team_monthly", "quantity": 3, "addons": [{"addon_id": "priority_support"}]}],
        "customer": {"country": "DE"},
    });
    let quote: Value = read(app.ask_quote(&body).await, 200).await;
    assert_json_snapshot!("quote", quote, {
        ".id" => "qt_…", ".expires_at" => "[time]", ".quote_token" => "[token]", ".recurring[].next_at" => "[time]",
    });

    let quote = app.quote("desktop_license", "SE").await;
    let created = app.checkout(&quote).await;
    assert_json_snapshot!("created", created, {
        ".id" => "co_…", ".client_secret" => "cs_…", ".url" => "[url]", ".expires_at" => "[time]",
    });
    app.pay(&created, DECLINED_CARD).await;
    let failed = app.wait_for(&created, CheckoutStatus::Failed).await;
    assert_json_snapshot!("failed", failed, { ".id" => "co_…", ".url" => "[url]", ".expires_at" => "[time]" });
}

#[tokio::test]
async fn the_answers_to_mistakes() {
    let app = TestApp::start().await;
    let cart = json!({"items": [{"price_id": "desktop_license", "quantity": 99}, {"price_id": "nothing"}]});
    let problem: Value = read(app.ask_quote(&cart).await, 422).await;
    assert_json_snapshot!("cart_invalid", problem, { ".request_id" => "req_…" });
    let missing: Value = read(app.get("/v1/nothing").send().await.unwrap(), 404).await;
    assert_json_snapshot!("not_found", missing, { ".request_id" => "req_…" });
}

//! What arrives, how often, and what it says.

use checkout_server::mail::templates::Templates;
use checkout_tests::app::{GOOD_CARD, TestApp};
use checkout_tests::mail::mailer;
use checkout_tests::smtp::MailServer;
use serde_json::{Value, json};

/// In seconds.
const DAY: u64 = 86_400;

fn text(mail: &Value) -> String {
    mail["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_purchase_brings_one_receipt_with_both_parts() {
    let server = MailServer::start();
    let app = TestApp::mailing(&server).await;
    app.bought("pro_monthly", None).await;
    app.wait_mail("receipt", "delivered").await;
    let [mail] = <[_; 1]>::try_from(server.wait_for(1).await).unwrap();
    let row = app.wait_mail("receipt", "delivered").await;
    assert_eq!(mail["envelope"], json!({"from": "billing@fernway.example", "to": ["ada@example.com"]}));
    assert_eq!(mail["from"], json!([{"address": "billing@fernway.example", "name": "Fernway"}]));
    assert_eq!(mail["to"], json!([{"address": "ada@example.com", "name": "Ada Canary"}]));
    assert_eq!(mail["message_id"], format!("<{}@fernway.example>", row.id));
    let year = app.clock.now().to_string()[..4].to_owned();
    assert!(mail["date"].as_str().unwrap().starts_with(&year), "{mail}");
    for (name, times) in [("subject", 1), ("auto-submitted", 1), ("date", 1), ("bcc", 0), ("list-unsubscribe", 0)] {
        let found = mail["headers"].as_array().unwrap().iter().filter(|header| **header == name).count();
        assert_eq!(found, times, "{name}: {mail}");
    }
    let html = mail["html"].as_str().unwrap();
    for part in [text(&mail).as_str(), html] {
        assert!(part.contains("Fernway Pro") && part.contains(" EUR") && part.contains("Ada Canary"), "{part}");
        assert!(part.contains("Test mode") && part.contains("The next payment is due on"), "{part}");
    }
    assert!(!html.contains("<img") && !html.contains("src="), "{html}");
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn all_five_mails_arrive_once_however_often_the_provider_tells() {
    let server = MailServer::start();
    let app = TestApp::mailing(&server).await;
    let created = app.bought("team_monthly", None).await;
    app.wait_mail("receipt", "delivered").await;
    let subscription = app.bought_subscription(&created);
    app.scenario(json!({"webhooks": {"mode": "twice"}})).await;

    // The trial comes near its end: nobody tells that but the clock.
    let days = app.provider_subscription(&subscription)["trial_period_days"].as_u64().unwrap();
    app.advance((days - 2) * DAY).await;
    app.wait_mail("trial_ending", "delivered").await;

    // Its first charge fails, and all that follow; grace runs out.
    app.decline_next_renewals(&subscription, 9).await;
    app.advance(3 * DAY).await;
    app.wait_mail("payment_failed", "delivered").await;
    app.advance(9 * DAY).await;
    app.wait_mail("access_ended", "delivered").await;

    // It is mended after all, and then called off.
    app.mend(&subscription, GOOD_CARD).await;
    app.provider_is_quiet().await;
    app.cancel_at_period_end(&subscription).await;
    app.wait_mail("canceled", "delivered").await;

    let expected = [
        "Your receipt from Fernway",
        "Your trial of Fernway Team × 3 ends soon",
        "Your payment for Fernway Team × 3 did not go through",
        "Your access to Fernway Team × 3 is paused",
        "Fernway Team × 3: paid for another period (42.84 EUR)",
        "Your subscription to Fernway Team × 3 is canceled",
    ];
    assert_eq!(server.subjects(), expected);
    let canceled =
        server.mails().into_iter().find(|mail| mail["subject"].as_str().unwrap().contains("canceled")).unwrap();
    assert!(text(&canceled).contains("You have paid until"), "{}", text(&canceled));
    let ids: std::collections::BTreeSet<String> =
        server.mails().iter().map(|mail| mail["message_id"].to_string()).collect();
    assert_eq!(ids.len(), expected.len());
}

#[tokio::test]
async fn a_merchants_own_words_take_the_place_of_ours() {
    let server = MailServer::start();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("receipt")).unwrap();
    std::fs::write(folder.path().join("receipt/text.txt"), "Danke für {{ product }} ({{ amount }})!").unwrap();
    let mut mailer = mailer(&server);
    mailer.templates = Templates::load(Some(folder.path())).unwrap();
    let app = TestApp::writing(mailer).await;
    app.bought("pro_monthly", None).await;
    let mail = server.wait_for(1).await.remove(0);
    assert!(
        text(&mail).starts_with("Danke für Fernway Pro (") && text(&mail).trim_end().ends_with("EUR)!"),
        "{}",
        text(&mail)
    );
    assert!(mail["html"].as_str().unwrap().contains("Thank you for your order!"), "ours in its place");
    app.wait_mail("receipt", "delivered").await;
}

#[tokio::test]
async fn only_the_mails_that_are_wanted_are_written() {
    let server = MailServer::start();
    let mut mailer = mailer(&server);
    mailer.mails = vec![checkout_server::mail::Mail::Canceled];
    let app = TestApp::writing(mailer).await;
    let created = app.bought("pro_monthly", None).await;
    app.cancel(&app.bought_subscription(&created)).await;
    app.wait_mail("canceled", "delivered").await;
    assert_eq!(app.mail_rows().len(), 1);
    assert_eq!(server.subjects(), ["Your subscription to Fernway Pro is canceled"]);
}

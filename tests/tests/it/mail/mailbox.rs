//! The demo's own mailbox: the same mails, by the same way, to a server in the demo.

use checkout_tests::app::TestApp;

async fn page(app: &TestApp, path: &str) -> (u16, String, String) {
    let answer = app.http.get(format!("{}{path}", app.ready().shop)).send().await.unwrap();
    let policy = answer.headers().get("content-security-policy").map(|policy| policy.to_str().unwrap().to_owned());
    (answer.status().as_u16(), policy.unwrap_or_default(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_receipt_arrives_in_the_demos_mailbox_and_its_html_runs_nothing() {
    let app = TestApp::start().await;
    assert_eq!(app.ready().mailbox, format!("{}/mailbox", app.ready().shop));
    let (_, _, empty) = page(&app, "/mailbox").await;
    assert!(empty.contains("Nothing yet"), "{empty}");
    app.bought("pro_monthly", None).await;
    app.wait_mail("receipt", "delivered").await;
    let (status, _, list) = page(&app, "/mailbox").await;
    assert!(status == 200 && list.contains("Your receipt from Fernway") && list.contains("/mailbox/1"), "{list}");
    let (_, _, mail) = page(&app, "/mailbox/1").await;
    assert!(mail.contains("sandbox=\"allow-popups allow-popups-to-escape-sandbox\""), "{mail}");
    assert!(mail.contains("Thank you for your order") || mail.contains("thank you for your order"), "{mail}");
    let (_, policy, html) = page(&app, "/mailbox/1/html").await;
    assert!(
        policy.contains("default-src 'none'") && policy.contains("sandbox") && !policy.contains("script"),
        "{policy}"
    );
    assert!(html.starts_with("<!doctype html>") && html.contains("<base target=\"_blank\">"), "{html}");
    for path in ["/mailbox/2", "/mailbox/x", "/mailbox/2/html"] {
        assert_eq!(page(&app, path).await.0, 404, "{path}");
    }
}

//! The page that a mail about a failed payment leads to.

use std::time::Duration;

use checkout_tests::app::TestApp;
use checkout_tests::smtp::MailServer;
use reqwest::Response;
use reqwest::header::ORIGIN;
use serde_json::{Value, json};

const DAY: Duration = Duration::from_hours(24);

/// A subscription whose renewal failed, and the path of the link in the mail about it.
async fn failed(server: &MailServer) -> (TestApp, Value, String) {
    let app = TestApp::mailing(server).await;
    app.bought("pro_monthly").await;
    app.wait_mail("receipt", "delivered").await;
    let subscription = app.subscription().await;
    app.clock.advance(DAY * 31);
    app.tell("subscription.on_hold", &subscription, json!({"status": "on_hold"}), 1).await;
    app.wait_mail("payment_failed", "delivered").await;
    let mail = server.mails().pop().unwrap();
    let path = app.mend_link(&mail);
    app.canaries().add(path.trim_start_matches("/mend/"));
    (app, subscription, path)
}

async fn open(app: &TestApp, path: &str) -> (u16, String) {
    let answer = app.http.get(format!("{}{path}", app.ready().helper)).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn press(app: &TestApp, path: &str, origin: &str) -> Response {
    let request = app.http.post(format!("{}{path}", app.ready().helper)).header(ORIGIN, origin);
    request.header("content-type", "application/x-www-form-urlencoded").body("").send().await.unwrap()
}

#[tokio::test]
async fn opening_the_link_asks_nobody_and_the_button_leads_to_the_provider() {
    let server = MailServer::start();
    let (app, subscription, path) = failed(&server).await;
    let asked = || app.demo.sandbox.request_count("POST /subscriptions/{id}/update-payment-method");
    for _ in 0..3 {
        let (status, page) = open(&app, &path).await;
        assert_eq!(status, 200);
        for said in ["Your payment did not go through", "Fernway Pro", " EUR", "Give a new card", "Fernway"] {
            assert!(page.contains(said), "{said}: {page}");
        }
        for personal in ["ada@example.com", "Ada Canary"] {
            assert!(!page.contains(personal), "{page}");
        }
    }
    assert_eq!(asked(), 0, "scanners of mails open links");
    let answer = press(&app, &path, &app.ready().helper).await;
    assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
    let there = answer.headers()["location"].to_str().unwrap().to_owned();
    assert!(there.starts_with(&format!("{}/", app.ready().sandbox)), "{there}");
    assert_eq!(asked(), 1);

    // A form of another site moves nothing.
    let foreign = press(&app, &path, "https://evil.example").await;
    assert_eq!((foreign.status().as_u16(), asked()), (403, 1));

    // Back from the provider, and then mended.
    let (_, waiting) = open(&app, &format!("{path}?done=1")).await;
    assert!(waiting.contains("Waiting for your bank") && waiting.contains("http-equiv=\"refresh\""), "{waiting}");
    app.clock.advance(Duration::from_secs(1));
    let paid =
        json!({"status": "active", "previous_billing_date": app.in_hours(0), "next_billing_date": app.in_hours(720)});
    app.tell("subscription.active", &subscription, paid, 1).await;
    let (status, page) = open(&app, &path).await;
    assert!(status == 200 && page.contains("All is well") && !page.contains("<button"), "{page}");
    let answer = press(&app, &path, &app.ready().helper).await;
    assert_eq!((answer.status().as_u16(), asked()), (200, 1), "nothing is owed, so nobody is asked");
}

#[tokio::test]
async fn a_link_that_is_forged_expired_or_of_what_has_ended_says_so() {
    let server = MailServer::start();
    let (app, subscription, path) = failed(&server).await;
    let token = path.trim_start_matches("/mend/");
    let other = if token.starts_with('A') { "B" } else { "A" };
    for forged in [format!("{other}{}", &token[1..]), token[..74].to_owned(), format!("{token}A"), "x".to_owned()] {
        let (status, page) = open(&app, &format!("/mend/{forged}")).await;
        assert!(status == 404 && page.contains("There is nothing here"), "{forged}: {status} {page}");
        assert_eq!(press(&app, &format!("/mend/{forged}"), &app.ready().helper).await.status(), 404);
    }
    app.clock.advance(Duration::from_secs(1));
    app.tell("subscription.cancelled", &subscription, json!({"status": "cancelled"}), 1).await;
    let (status, page) = open(&app, &path).await;
    assert!(status == 200 && page.contains("This subscription has ended") && !page.contains("<button"), "{page}");
    app.clock.advance(DAY * 30);
    let (status, page) = open(&app, &path).await;
    assert!(status == 410 && page.contains("This link has expired"), "{status} {page}");
    assert_eq!(press(&app, &path, &app.ready().helper).await.status(), 410);
}

//! The page that a mail about a failed payment leads to.

use checkout_tests::app::{GOOD_CARD, TestApp};
use checkout_tests::smtp::MailServer;
use reqwest::Response;
use reqwest::header::ORIGIN;

/// In seconds.
const DAY: u64 = 86_400;

/// A subscription whose renewal failed, and the path of the link in the mail about it.
async fn failed(server: &MailServer) -> (TestApp, String, String) {
    let app = TestApp::mailing(server).await;
    let created = app.bought("pro_monthly", None).await;
    app.wait_mail("receipt", "delivered").await;
    let subscription = app.bought_subscription(&created);
    app.decline_next_renewals(&subscription, 20).await;
    app.advance(31 * DAY).await;
    app.wait_mail("payment_failed", "delivered").await;
    let mails = server.mails();
    let mail = mails.iter().find(|mail| mail["subject"].as_str().unwrap().contains("did not go through")).unwrap();
    let path = app.mend_link(mail);
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
    let (app, _, path) = failed(&server).await;
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

    // Back from the provider, which adds words of its own to the address: they do not stay there.
    for (added, tidy) in [("?done=1&subscription_id=sub_1&status=active", "?done=1"), ("?utm_source=mail", "")] {
        let answer = app.http.get(format!("{}{path}{added}", app.ready().helper)).send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()),
            (303, &*format!("{path}{tidy}"))
        );
    }
    // And then mended.
    let (_, waiting) = open(&app, &format!("{path}?done=1")).await;
    assert!(waiting.contains("Waiting for your bank") && waiting.contains("http-equiv=\"refresh\""), "{waiting}");
    app.enter_card(&there, GOOD_CARD).await;
    app.wait_mail("receipt", "delivered").await;
    app.provider_is_quiet().await;
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
        assert!(status == 404 && page.contains("Open it once more from the mail"), "{forged}: {status} {page}");
        assert!(!page.contains("request"), "words for a buyer: {page}");
        assert_eq!(press(&app, &format!("/mend/{forged}"), &app.ready().helper).await.status(), 404);
    }
    app.cancel(&subscription).await;
    app.wait_mail("canceled", "delivered").await;
    let (status, page) = open(&app, &path).await;
    assert!(status == 200 && page.contains("This subscription has ended") && !page.contains("<button"), "{page}");
    app.advance(30 * DAY).await;
    let (status, page) = open(&app, &path).await;
    assert!(status == 410 && page.contains("This link has expired"), "{status} {page}");
    assert_eq!(press(&app, &path, &app.ready().helper).await.status(), 410);
}

/// Whoever has the link, or a robot behind a mailbox: the provider is asked for few pages.
#[tokio::test]
async fn one_link_begins_few_pages_and_then_waits() {
    let server = MailServer::start();
    let (app, _, path) = failed(&server).await;
    let asked = || app.demo.sandbox.request_count("POST /subscriptions/{id}/update-payment-method");
    for turn in 1..=5 {
        assert_eq!(press(&app, &path, &app.ready().helper).await.status(), 303);
        assert_eq!(asked(), turn);
    }
    let refused = press(&app, &path, &app.ready().helper).await;
    assert_eq!((refused.status().as_u16(), asked()), (429, 5));
    let seconds: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=720).contains(&seconds), "{seconds}");
    assert!(refused.text().await.unwrap().contains("<html"), "a person reads it");
    assert_eq!(open(&app, &path).await.0, 200, "reading costs nothing");
    app.clock.advance(std::time::Duration::from_secs(seconds));
    assert_eq!(press(&app, &path, &app.ready().helper).await.status(), 303);
    assert_eq!(press(&app, &path, &app.ready().helper).await.status(), 429);
}

//! Mail servers that refuse, ask for patience, go away, or want a password.

use std::time::Duration;

use checkout_server::mail::server::Server;
use checkout_tests::app::TestApp;
use checkout_tests::mail::mailer;
use checkout_tests::smtp::MailServer;

const LATER: Duration = Duration::from_mins(40);

#[tokio::test]
async fn a_server_that_asks_for_patience_gets_the_same_mail_later() {
    let mut server = MailServer::start();
    server.refuse("data", 451, "4.7.1 later, ada@example.com", 2);
    let app = TestApp::mailing(&server).await;
    app.bought("pro_monthly", None).await;
    for tries in 1..=2 {
        while server.refusals() < tries {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let row = app.wait_mail("receipt", "queued").await;
        assert_eq!(row.status.unwrap_or(451), 451);
        app.clock.advance(LATER);
    }
    let row = app.wait_mail("receipt", "delivered").await;
    assert_eq!((row.attempts, row.status, server.mails().len()), (3, Some(250), 1), "{row:?}");
}

#[tokio::test]
async fn a_refusal_for_good_is_parked_with_its_code_and_without_an_address() {
    let mut server = MailServer::start();
    server.refuse("rcpt", 550, "5.1.1 <ADDRESS> is nobody here", 9);
    let app = TestApp::mailing(&server).await;
    app.bought("pro_monthly", None).await;
    let row = app.wait_mail("receipt", "parked").await;
    assert_eq!(row.status, Some(550));
    assert_eq!(row.error.as_deref(), Some("the mail server refused it: 550 5.1.1"));
    assert_eq!((server.mails().len(), server.refusals()), (0, row.attempts as usize));
}

#[tokio::test]
async fn a_server_that_was_down_gets_the_mail_when_it_is_up() {
    let server = MailServer::start();
    let port = server.port;
    let app = TestApp::mailing(&server).await;
    server.stop();
    app.bought("pro_monthly", None).await;
    let waiting = loop {
        let row = app.wait_mail("receipt", "queued").await;
        if row.attempts > 0 {
            break row;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(waiting.error.as_deref(), Some("the mail server cannot be reached"));
    let server = MailServer::on(port);
    app.clock.advance(LATER);
    let row = app.wait_mail("receipt", "delivered").await;
    assert_eq!(row.id, waiting.id);
    assert_eq!(server.mails().len(), 1);
}

/// Killed between the mail and its mark, a helper sends it again: the receiver can tell by its id (G28).
#[tokio::test]
async fn a_mail_that_is_sent_again_has_the_same_id() {
    let server = MailServer::start();
    let app = TestApp::mailing(&server).await;
    app.bought("pro_monthly", None).await;
    app.wait_mail("receipt", "delivered").await;
    // As the crash would have left it: its lease ran out.
    app.meddle("UPDATE messages SET state = 'leased', leased_until = due_at WHERE target = 'receipt'");
    app.clock.advance(LATER);
    app.demo.app.store.news().notify_one();
    let mails = server.wait_for(2).await;
    assert_eq!(mails[0]["message_id"], mails[1]["message_id"]);
    assert_eq!(mails[0]["text"], mails[1]["text"]);
    app.wait_mail("receipt", "delivered").await;
    assert_eq!(server.mails().len(), 2);
}

#[tokio::test]
async fn a_wrong_password_parks_nothing() {
    let server = MailServer::with_password("fernway", "the right one");
    let mut with = mailer(&server);
    let address = format!("smtp://fernway@127.0.0.1:{}", server.port);
    with.server = Server::at(&address, Some("a wrong one".to_owned().into()), "fernway.example").unwrap();
    let app = TestApp::writing(with).await;
    app.bought("pro_monthly", None).await;
    let row = loop {
        let row = app.wait_mail("receipt", "queued").await;
        if row.attempts > 0 {
            break row;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(
        (row.status, row.error.as_deref()),
        (Some(535), Some("the mail server does not take our user and password"))
    );
    assert_eq!(server.mails().len(), 0);
}

#[tokio::test]
async fn the_right_password_is_taken() {
    let server = MailServer::with_password("fernway", "the right one");
    let mut with = mailer(&server);
    let address = format!("smtp://fernway@127.0.0.1:{}", server.port);
    with.server = Server::at(&address, Some("the right one".to_owned().into()), "fernway.example").unwrap();
    let app = TestApp::writing(with).await;
    app.bought("pro_monthly", None).await;
    app.wait_mail("receipt", "delivered").await;
    assert_eq!(server.mails().len(), 1);
}

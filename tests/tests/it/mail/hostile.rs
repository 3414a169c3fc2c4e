//! Names and addresses that want to be more than that.

use checkout_tests::app::TestApp;
use checkout_tests::smtp::MailServer;
use serde_json::json;

/// A name can come by the provider or a merchant's token, past the checks of our own pages.
#[tokio::test]
async fn a_hostile_name_is_neither_header_nor_markup_nor_advertisement() {
    let mut server = MailServer::start();
    let app = TestApp::mailing(&server).await;
    for (turn, (name, greeted)) in [
        ("Eve\r\nBcc: eve@example.org\r\n\r\nHello", false),
        ("<img src=x onerror=alert(1)>", false),
        ("Win at evil.example now", false),
        ("Eve\u{202e}\u{2066}gnp.\u{200b}", true),
        ("{{ 7*7 }}", true),
    ]
    .into_iter()
    .enumerate()
    {
        server.refuse("data", 451, "4.7.1 later", 1);
        let before = server.mails().len();
        let created = app.bought("pro_monthly", None).await;
        while server.refusals() == turn {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let database = rusqlite::Connection::open(app.database()).unwrap();
        let changed = database
            .execute("UPDATE contacts SET name = ?1 WHERE checkout_id = ?2", rusqlite::params![name, created.id])
            .unwrap();
        assert_eq!(changed, 1);
        app.wait_mail("receipt", "queued").await;
        app.clock.advance(std::time::Duration::from_mins(40));
        app.wait_mail("receipt", "delivered").await;
        let mail = server.wait_for(before + 1).await.pop().unwrap();
        assert_eq!(mail["envelope"]["to"], json!(["ada@example.com"]), "{name:?}");
        let headers: Vec<&str> =
            mail["headers"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert!(!headers.contains(&"bcc") && headers.iter().filter(|name| **name == "to").count() == 1, "{headers:?}");
        let (text, html) = (mail["text"].as_str().unwrap(), mail["html"].as_str().unwrap());
        assert_eq!(text.contains("Hello "), greeted, "{name:?}: {text}");
        for part in [text, html] {
            let bad = ["<img", "49", "evil.example", "eve@example.org", "\u{202e}", "\u{2066}", "\u{200b}"];
            assert!(!bad.iter().any(|bad| part.contains(bad)), "{name:?}: {part}");
        }
    }
}

/// There is nobody at such an address, however often it is tried.
#[tokio::test]
async fn what_is_no_address_is_parked_and_nobody_is_no_failure() {
    let mut server = MailServer::start();
    server.refuse("data", 451, "4.7.1 later", 2);
    let app = TestApp::mailing(&server).await;
    let created = app.bought("pro_monthly", None).await;
    while server.refusals() == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    app.wait_mail("receipt", "queued").await;
    let sql =
        format!("UPDATE contacts SET email = 'a@b.example, eve@example.org' WHERE checkout_id = '{}'", created.id);
    app.meddle(&sql);
    app.clock.advance(std::time::Duration::from_mins(40));
    let row = app.wait_mail("receipt", "parked").await;
    assert_eq!(row.error.as_deref(), Some("the address is not one that mail can reach"));

    let second = app.bought("handbook_ebook", None).await;
    while server.refusals() < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    app.wait_mail("receipt", "queued").await;
    app.meddle(&format!("DELETE FROM contacts WHERE checkout_id = '{}'", second.id));
    app.clock.advance(std::time::Duration::from_mins(40));
    let row = app.wait_mail("receipt", "canceled").await;
    assert_eq!(row.error.as_deref(), Some("nobody to write to is known"));
    assert!(server.mails().is_empty());
}

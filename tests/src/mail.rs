//! Mails of a story: a helper that writes by a mail server of somebody else, the provider's notices that
//! make it write, and the messages in the outbox.

use checkout_server::clock::{Clock, rfc3339};
use checkout_server::mail::Mailer;
use checkout_types::CheckoutStatus;
use checkout_types::checkout::CreatedCheckout;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::app::{GOOD_CARD, TestApp, read};
use crate::smtp::MailServer;

/// A message to a buyer, as it stands in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailRow {
    /// `msg_…`
    pub id: String,
    /// The mail.
    pub template: String,
    /// `queued`, …
    pub state: String,
    /// Tries that failed or succeeded.
    pub attempts: u32,
    /// Of the last try.
    pub status: Option<u16>,
    /// Of the last try.
    pub error: Option<String>,
}

/// A mailer as the settings make it, that hands its mails to that server.
pub fn mailer(server: &MailServer) -> Mailer {
    Mailer::plain("Fernway", "billing@fernway.example", &server.address()).expect("an address")
}

impl TestApp {
    /// One that writes by that server.
    pub async fn mailing(server: &MailServer) -> Self {
        Self::writing(mailer(server)).await
    }

    /// A purchase that was paid.
    pub async fn bought(&self, price: &str) -> CreatedCheckout {
        let created = self.checkout(&self.quote(price, "DE").await).await;
        self.pay(&created, GOOD_CARD).await;
        self.wait_for(&created, CheckoutStatus::Paid).await;
        created
    }

    /// The newest subscription at the provider, in full.
    pub async fn subscription(&self) -> Value {
        let ready = self.ready();
        let get = |path: String| {
            let request = self.http.get(format!("{}{path}", ready.sandbox)).bearer_auth(&ready.sandbox_key);
            async { read::<Value>(request.send().await.expect("an answer"), 200).await }
        };
        let all = get("/subscriptions".to_owned()).await;
        let id = all["items"][0]["subscription_id"].as_str().expect("a subscription").to_owned();
        get(format!("/subscriptions/{id}")).await
    }

    /// The provider says how a subscription is now: `change` is laid over `subscription`. So many times, as
    /// providers do.
    pub async fn tell(&self, kind: &str, subscription: &Value, change: Value, times: u32) {
        let mut data = subscription.clone();
        data["payload_type"] = json!("Subscription");
        for (name, value) in change.as_object().into_iter().flatten() {
            data[name] = value.clone();
        }
        let now = self.clock.now();
        let body = json!({"business_id": "bus_1", "type": kind, "timestamp": rfc3339(now), "data": data});
        for _ in 0..times {
            let answer = self.deliver(&format!("wh_{kind}_{now}"), &body).await;
            assert_eq!(answer.status(), 200, "{kind}");
        }
        // Two observations of one second contradict each other, and the provider is asked: not in these stories.
        let second = Clock::wall().as_second();
        while Clock::wall().as_second() == second {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// The messages to buyers, oldest first.
    pub fn mail_rows(&self) -> Vec<MailRow> {
        let database = rusqlite::Connection::open(self.database()).expect("the database is there");
        let sql =
            "SELECT id, target, state, attempts, status_code, error FROM messages WHERE channel = 'email' ORDER BY seq";
        let mut rows = database.prepare(sql).expect("the outbox");
        let rows = rows.query_map([], |row| {
            Ok(MailRow {
                id: row.get(0)?,
                template: row.get(1)?,
                state: row.get(2)?,
                attempts: row.get(3)?,
                status: row.get(4)?,
                error: row.get(5)?,
            })
        });
        rows.expect("rows").collect::<Result<_, _>>().expect("each can be read")
    }

    /// Waits until the newest message of that template is in that state.
    pub async fn wait_mail(&self, template: &str, state: &str) -> MailRow {
        for _ in 0..400 {
            let newest = self.mail_rows().into_iter().rev().find(|row| row.template == template);
            if let Some(row) = newest.filter(|row| row.state == state) {
                return row;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("{template} is not {state}: {:#?}", self.mail_rows());
    }

    /// The time of that many hours from now, as the provider writes it.
    pub fn in_hours(&self, hours: i64) -> String {
        let now: Timestamp = self.clock.now();
        rfc3339(now + jiff::SignedDuration::from_hours(hours))
    }

    /// Changes the database behind the helper's back.
    pub fn rewrite(&self, sql: &str) -> usize {
        let database = rusqlite::Connection::open(self.database()).expect("the database is there");
        database.execute(sql, []).expect("it can be changed")
    }

    /// The link of the newest mail about a failed payment, below the helper.
    pub fn mend_link(&self, mail: &Value) -> String {
        let text = mail["text"].as_str().expect("a plain part");
        let start = text.find("/mend/").unwrap_or_else(|| panic!("no link in {text}"));
        let path = text[start..].split_whitespace().next().expect("a path").to_owned();
        assert!(text.contains(&format!("{}{path}", self.ready().helper)), "{text}");
        path
    }
}

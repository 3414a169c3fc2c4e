//! Mails of a story: a helper that writes by a mail server of somebody else, the provider's notices that
//! make it write, and the messages in the outbox.

use checkout_server::mail::Mailer;
use serde_json::Value;

use crate::app::TestApp;
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

    /// What became of a message that had to wait meanwhile, in words.
    pub async fn mail_settled(&self, message: &str) -> MailRow {
        self.clock.advance(std::time::Duration::from_hours(1));
        for _ in 0..400 {
            let row = self.mail_rows().into_iter().find(|row| row.id == message).expect("it is kept");
            if !matches!(row.state.as_str(), "queued" | "leased") {
                return row;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("{message} is still waiting: {:#?}", self.mail_rows());
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

    /// The link of the newest mail about a failed payment, below the helper.
    pub fn mend_link(&self, mail: &Value) -> String {
        let text = mail["text"].as_str().expect("a plain part");
        let start = text.find("/mend/").unwrap_or_else(|| panic!("no link in {text}"));
        let path = text[start..].split_whitespace().next().expect("a path").to_owned();
        assert!(text.contains(&format!("{}{path}", self.ready().helper)), "{text}");
        path
    }
}

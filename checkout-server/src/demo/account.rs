//! Who is signed in to the shop's app, and what she may use: what a merchant's own server does with its
//! secret key. Mira is always signed in; a real shop has accounts. Nothing here is special to a demo.

use std::sync::{Mutex, PoisonError};

use checkout_types::customer::{CustomerToken, CustomerTokenRequest};
use checkout_types::{Entitlements, entitlement::Entitlement};
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::outgoing::{Outgoing, Purpose, Reach};

/// The shop's own id of Mira.
const REFERENCE: &str = "user_mira";

/// Mira's account: the way to the helper, and what it last said of her.
pub(super) struct Account {
    http: Outgoing,
    helper: String,
    key: SecretString,
    /// As the helper said last; forgotten when it tells the shop of anything.
    known: Mutex<Option<Entitlements>>,
}

/// What a page shows of what she may use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Access {
    /// Grows with each change.
    pub(super) version: i64,
    /// Whether the helper was asked in vain: then as on the free plan, which is this shop's policy.
    unknown: bool,
    /// What her plan is called.
    plan: &'static str,
    /// Whether what Pro gives is hers.
    pro: bool,
    /// Why and until when, for a sentence.
    because: String,
    until: Option<String>,
}

impl Account {
    /// # Panics
    /// Where no HTTP client can be made at all, which is a broken build.
    pub(super) fn new(helper: String, key: SecretString) -> Self {
        let http = Outgoing::new(Purpose::Operations, Reach::ThisMachine)
            .expect("a client without certificates of its own can be made");
        Self { http, helper, key, known: Mutex::new(None) }
    }

    /// What she may use, asked for where it may have changed since.
    pub(super) async fn access(&self) -> Access {
        let known = self.lock().clone();
        let known = match known {
            Some(known) => Some(known),
            None => self.ask().await,
        };
        known.map_or_else(|| Access { unknown: true, plan: FREE, ..Access::default() }, |known| access(&known))
    }

    /// The same, asked for in any case: time takes things away without a word.
    pub(super) async fn access_now(&self) -> Access {
        self.changed();
        self.access().await
    }

    /// The helper has told of something: what is known is not what is any more.
    pub(super) fn changed(&self) {
        *self.lock() = None;
    }

    /// What her page gives to the checkout, so that the order is hers. Good for minutes: made for each page.
    pub(super) async fn token(&self) -> Option<String> {
        let request = CustomerTokenRequest {
            reference: REFERENCE.to_owned(),
            email: Some("mira@fernway.example".to_owned()),
            name: Some("Mira Okafor".to_owned()),
            expires_in: None,
        };
        let asked = self.request(Method::POST, "/v1/customer-tokens")?.json(&request);
        self.answer(asked).await.map(|CustomerToken { token, .. }| token)
    }

    async fn ask(&self) -> Option<Entitlements> {
        let path = format!("/v1/customers/{REFERENCE}/entitlements");
        let answer: Option<Entitlements> = self.answer(self.request(Method::GET, &path)?).await;
        self.lock().clone_from(&answer);
        answer
    }

    fn request(&self, method: Method, path: &str) -> Option<RequestBuilder> {
        let request = self.http.request(method, &format!("{}{path}", self.helper)).ok()?;
        Some(request.bearer_auth(self.key.expose_secret()))
    }

    /// The answer, or `None` where there is none: a page of this shop is shown all the same.
    async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> Option<T> {
        let answer = request.send().await.ok().filter(|answer| answer.status().is_success())?;
        serde_json::from_slice(&self.http.read(answer).await.ok()?).ok()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Entitlements>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const FREE: &str = "Free plan";

/// What the names that the catalog gives mean in this app. Team gives all that Pro does.
fn access(known: &Entitlements) -> Access {
    let item = |name: &str| known.items.iter().find(|item| item.name == name);
    let given = |item: &&Entitlement| item.state.is_given();
    let plan = match (item("team").filter(given), item("pro").filter(given)) {
        (Some(_), _) => "Team plan",
        (None, Some(_)) => "Pro plan",
        (None, None) => FREE,
    };
    let pro = item("pro");
    Access {
        version: known.version,
        unknown: false,
        plan,
        pro: pro.is_some_and(|item| item.state.is_given()),
        because: pro.map(|item| item.reason.clone()).unwrap_or_default(),
        until: pro.and_then(|item| item.valid_until.as_deref()).map(day),
    }
}

/// A moment as a day: an app's page does not show hours.
fn day(moment: &str) -> String {
    let date = moment.parse::<jiff::Timestamp>().map(|at| at.to_zoned(jiff::tz::TimeZone::UTC));
    date.map(|date| date.strftime("%-d %B %Y").to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use checkout_types::entitlement::EntitlementState;

    use super::*;

    fn said(items: &[(&str, EntitlementState, &str)]) -> Access {
        let item = |(name, state, reason): &(&str, EntitlementState, &str)| Entitlement {
            name: (*name).to_owned(),
            state: *state,
            reason: (*reason).to_owned(),
            limits: BTreeMap::new(),
            valid_until: Some("2026-12-23T21:00:00Z".to_owned()),
        };
        let items = items.iter().map(item).collect();
        access(&Entitlements { reference: REFERENCE.to_owned(), version: 3, as_of: String::new(), items })
    }

    #[test]
    fn a_page_shows_what_the_helper_says() {
        use EntitlementState as S;
        let paid = said(&[("pro", S::Active, "subscription"), ("team", S::None, "not_bought")]);
        assert_eq!((paid.plan, paid.pro, paid.because.as_str()), ("Pro plan", true, "subscription"));
        assert_eq!(paid.until.as_deref(), Some("23 December 2026"));
        let team = said(&[("pro", S::Active, "trial"), ("team", S::Active, "trial")]);
        assert_eq!((team.plan, team.pro), ("Team plan", true));
        let late = said(&[("pro", S::Suspended, "payment_failed")]);
        assert_eq!((late.plan, late.pro, late.because.as_str()), (FREE, false, "payment_failed"));
        assert!(!said(&[]).pro);
    }

    #[tokio::test]
    async fn a_helper_that_is_away_takes_no_page_away() {
        let account = Account::new("http://127.0.0.1:1".to_owned(), "sk_of_a_test".to_owned().into());
        let access = account.access().await;
        assert_eq!((access.plan, access.pro, access.unknown), (FREE, false, true));
        assert_eq!(account.token().await, None);
    }
}

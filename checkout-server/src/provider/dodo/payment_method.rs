//! The page where a subscriber gives another card (dodo/README 2.3).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Dodo, path_id};
use crate::provider::ProviderError;

/// The body of `POST /subscriptions/{id}/update-payment-method`.
#[derive(Serialize)]
struct NewPaymentMethod<'a> {
    r#type: &'static str,
    return_url: &'a str,
}

#[derive(Deserialize)]
struct Page {
    payment_link: Option<String>,
}

impl Dodo {
    /// The address of a fresh page. To ask for one charges nothing, so an answer that was lost is only
    /// missing.
    pub(super) async fn payment_method_page(
        &self,
        subscription: &str,
        return_url: &str,
    ) -> Result<String, ProviderError> {
        let path = format!("/subscriptions/{}/update-payment-method", path_id(subscription)?);
        let answer = self.post(&path, &NewPaymentMethod { r#type: "new", return_url }).await;
        let answer = answer.map_err(|error| match error {
            ProviderError::Unknown(reason) => ProviderError::Unavailable(reason),
            other => other,
        })?;
        read(answer, &self.checkout_origin)
    }
}

/// Reads the answer: the page has to be on the provider's own origin, because a mail of ours leads there.
fn read(answer: Value, checkout_origin: &str) -> Result<String, ProviderError> {
    let unusable = |why: &str| ProviderError::Unavailable(format!("payment method: {why}"));
    let page: Page = serde_json::from_value(answer).map_err(|error| unusable(&error.to_string()))?;
    let url = page.payment_link.ok_or_else(|| unusable("no page"))?;
    if url.starts_with(&format!("{checkout_origin}/")) {
        Ok(url)
    } else {
        Err(unusable("the page is not on the provider's own origin"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ORIGIN: &str = "https://test.checkout.dodopayments.com";

    #[test]
    fn the_page_is_the_answers_link() {
        let answer = json!({
            "client_secret": "pay_0Npyv_secret_y2", "expires_on": "2026-11-23T10:15:04.000001Z",
            "payment_id": "pay_0Np3il7vJaS1fmoU0aAOj", "payment_link": format!("{ORIGIN}/Hh7xR2vN"),
        });
        assert_eq!(read(answer, ORIGIN).unwrap(), format!("{ORIGIN}/Hh7xR2vN"));
    }

    #[test]
    fn nobody_is_sent_to_another_origin_or_nowhere() {
        for odd in [
            json!({"payment_link": "https://test.checkout.dodopayments.com.example.com/Hh7xR2vN"}),
            json!({"payment_link": "javascript:alert(1)"}),
            json!({"payment_link": null}),
            json!({"payment_link": 7}),
            json!({}),
            json!([]),
        ] {
            assert!(matches!(read(odd.clone(), ORIGIN), Err(ProviderError::Unavailable(_))), "{odd}");
        }
    }
}

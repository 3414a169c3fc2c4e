//! The payment page, as a browser without scripts uses it.

use super::*;

struct Answer {
    status: u16,
    location: Option<String>,
    html: String,
}

impl World {
    async fn open(&self, path: &str) -> Answer {
        Self::answer(self.request(Method::GET, path)).await
    }

    async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
        let request = self.request(Method::POST, path).body(body);
        Self::answer(request.header("content-type", "application/x-www-form-urlencoded")).await
    }

    async fn answer(request: reqwest::RequestBuilder) -> Answer {
        let answer = request.send().await.unwrap();
        let location = answer.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
        Answer { status: answer.status().as_u16(), location, html: answer.text().await.unwrap() }
    }
}

/// What the page tells its parent, in order.
fn told(html: &str) -> Vec<Value> {
    let attribute = html.split("<body data-messages=\"").nth(1).unwrap().split('"').next().unwrap();
    let text = attribute.replace("&quot;", "\"").replace("&#x2f;", "/").replace("&#x27;", "'").replace("&amp;", "&");
    serde_json::from_str(&text).unwrap()
}

fn kinds(html: &str) -> Vec<String> {
    told(html).iter().map(|event| event["event_type"].as_str().unwrap().to_owned()).collect()
}

const GOOD: [(&str, &str); 3] = [("card", PAYS), ("expiry", "06/32"), ("cvc", "123")];

fn card(number: &'static str) -> [(&'static str, &'static str); 3] {
    [("card", number), GOOD[1], GOOD[2]]
}

#[tokio::test]
async fn a_buyer_pays_and_is_sent_back_to_the_shop() {
    let world = World::new().await;
    let session = world.licence().await;
    let page = world.open(&format!("/session/{session}")).await;
    assert_eq!(page.status, 200);
    for text in ["Test mode", "Desktop licence", "$49.00", "$12.25", "$61.25", "mara@example.com", "(25%)", "Sweden"] {
        assert!(page.html.contains(text), "{text}");
    }
    let paid = world.submit(&format!("/session/{session}/pay"), &GOOD).await;
    assert_eq!(paid.status, 303);
    let back = reqwest::Url::parse(&paid.location.unwrap()).unwrap();
    let payment = world.get("/payments").await["items"][0]["payment_id"].clone();
    let query: Vec<_> = back.query_pairs().into_owned().collect();
    assert_eq!(back.host_str(), Some("shop.example.com"));
    assert_eq!(query[0], ("order".into(), "7".into()), "the shop's own parameters stay");
    assert_eq!(query[1], ("payment_id".into(), payment.as_str().unwrap().into()));
    assert_eq!(query[2..], [("status".into(), "succeeded".into()), ("email".into(), "mara@example.com".into())]);

    let again = world.open(&format!("/session/{session}")).await;
    assert_eq!(again.status, 409);
    assert!(again.html.contains("This was paid already"));
}

#[tokio::test]
async fn a_decline_is_said_on_the_page_and_another_card_works() {
    let world = World::new().await;
    let session = world.licence().await;
    let path = format!("/session/{session}/pay");
    let declined = world.submit(&path, &card(DECLINES)).await;
    assert_eq!(declined.status, 303);
    let page = world.open(&declined.location.unwrap()).await;
    assert!(page.html.contains("The card was declined. Try another card."));
    let funds = world.submit(&path, &card("4000 0000 0000 9995")).await;
    assert!(world.open(&funds.location.unwrap()).await.html.contains("too little money"));
    assert_eq!(world.submit(&path, &GOOD).await.status, 303);
    assert_eq!(world.get("/payments").await["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn what_was_typed_wrong_is_said_at_its_field() {
    let world = World::new().await;
    let session = world.session(json!({ "product_cart": [{ "product_id": LICENCE, "quantity": 1 }] })).await;
    let fields = [("email", "no"), ("card", "4111111111111111"), ("expiry", "13/32"), ("cvc", "1")];
    let page = world.submit(&format!("/session/{session}/pay"), &fields).await;
    assert_eq!(page.status, 422);
    for id in ["email-error", "card-error", "expiry-error", "cvc-error"] {
        assert!(page.html.contains(&format!("aria-describedby=\"{id}\"")), "{id}");
        assert!(page.html.contains(&format!("id=\"{id}\"")), "{id}");
    }
    assert!(page.html.contains("value=\"4111111111111111\""), "nothing typed is lost");
    assert!(world.get("/payments").await["items"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn another_country_changes_the_tax_before_anything_is_paid() {
    let world = World::new().await;
    let session = world.session(json!({ "product_cart": [{ "product_id": LICENCE, "quantity": 1 }] })).await;
    let fields = [("email", "a@example.com"), ("country", "SE"), GOOD[0], GOOD[1], GOOD[2]];
    let path = format!("/session/{session}/pay");
    let page = world.submit(&path, &fields).await;
    assert_eq!(page.status, 200);
    assert!(page.html.contains("Tax is now for Sweden") && page.html.contains("$61.25"));
    assert!(world.get("/payments").await["items"].as_array().unwrap().is_empty());
    world.submit(&path, &fields).await;
    let id = world.get("/payments").await["items"][0]["payment_id"].clone();
    let payment = world.get(&format!("/payments/{}", id.as_str().unwrap())).await;
    assert_eq!([&payment["total_amount"], &payment["billing"]["country"]], [&json!(6_125), &json!("SE")]);
    assert_eq!(payment["customer"]["email"], "a@example.com");
}

#[tokio::test]
async fn a_trial_asks_for_nothing_today() {
    let world = World::new().await;
    let session = world.session(json!({ "product_cart": [{ "product_id": TRIAL, "quantity": 1 }] })).await;
    let page = world.open(&format!("/session/{session}")).await;
    for text in ["<h1>Start the free trial</h1>", "Free for now", "14 days free, then $29.00 every month", "$0.00"] {
        assert!(page.html.contains(text), "{text}");
    }
}

#[tokio::test]
async fn a_button_fills_in_its_card_without_a_script() {
    let world = World::new().await;
    let session = world.licence().await;
    let page = world.open(&format!("/session/{session}?card=4000+0000+0000+0002")).await;
    for text in ["value=\"4000 0000 0000 0002\"", "value=\"06&#x2f;32\"", "value=\"123\""] {
        assert!(page.html.contains(text), "{text}");
    }
}

#[tokio::test]
async fn the_banks_question_is_answered_on_a_page_of_its_own() {
    let world = World::new().await;
    let session = world.licence().await;
    let path = format!("/session/{session}");
    let asked = world.submit(&format!("{path}/pay"), &card(CHALLENGES)).await;
    let page = world.open(&asked.location.unwrap()).await;
    assert!(page.html.contains("Confirm with your bank") && page.html.contains("$61.25"));
    assert!(world.open(&path).await.html.contains("Confirm with your bank"), "after a reload too");
    let failed = world.submit(&format!("{path}/challenge"), &[("decision", "fail")]).await;
    assert!(world.open(&failed.location.unwrap()).await.html.contains("Your bank could not confirm"));

    world.submit(&format!("{path}/pay"), &card(CHALLENGES)).await;
    let cancelled = world.submit(&format!("{path}/cancel"), &[]).await;
    assert_eq!(cancelled.location.as_deref(), Some("https://shop.example.com/pricing"));
    world.submit(&format!("{path}/pay"), &card(CHALLENGES)).await;
    let approved = world.submit(&format!("{path}/challenge"), &[("decision", "approve")]).await;
    assert!(approved.location.unwrap().starts_with("https://shop.example.com/return?order=7&payment_id=pay_"));
    let statuses = world.get("/payments").await;
    let statuses: Vec<_> = statuses["items"].as_array().unwrap().iter().map(|row| row["status"].clone()).collect();
    assert_eq!(statuses, ["succeeded", "cancelled", "failed"]);
}

#[tokio::test]
async fn a_frame_tells_its_parent_and_lets_it_do_the_redirect() {
    let world = World::new().await;
    let session = world.licence().await;
    let page = world.open(&format!("/overlay/session/{session}?manualRedirect=true")).await;
    assert_eq!(
        kinds(&page.html),
        ["checkout.opened", "checkout.payment_page_opened", "checkout.form_ready", "checkout.breakdown"]
    );
    let breakdown = told(&page.html).pop().unwrap();
    assert_eq!(
        breakdown["data"]["message"],
        json!({
            "subTotal": 4_900, "discount": 0, "tax": 1_225, "total": 6_125, "currency": "USD",
            "finalTotal": 6_125, "finalTotalCurrency": "USD",
        })
    );
    let pay = format!("/overlay/session/{session}/pay?manualRedirect=true&parent=https://shop.example.com");
    let declined = world.submit(&pay, &card(DECLINES)).await;
    let page = world.open(&declined.location.unwrap()).await;
    assert_eq!(told(&page.html)[0]["data"]["message"], json!({ "status": "failed" }));
    assert!(page.html.contains("data-parent=\"https:&#x2f;&#x2f;shop.example.com\""), "still known after a form");
    let paid = world.submit(&pay, &GOOD).await;
    let page = world.open(&paid.location.unwrap()).await;
    assert_eq!(kinds(&page.html), ["checkout.status", "checkout.redirect_requested"]);
    let to = told(&page.html)[1]["data"]["message"]["redirect_to"].clone();
    assert!(to.as_str().unwrap().starts_with("https://shop.example.com/return?order=7&payment_id=pay_"));
}

#[tokio::test]
async fn a_frame_asks_its_parent_to_go_on() {
    let world = World::new().await;
    let session = world.licence().await;
    let page = world.open(&format!("/inline/session/{session}")).await;
    assert!(kinds(&page.html).contains(&"checkout.keys_provided".into()));
    let paid = world.submit(&format!("/inline/session/{session}/pay"), &GOOD).await;
    let page = world.open(&paid.location.unwrap()).await;
    assert_eq!(kinds(&page.html), ["checkout.redirect"], "and no status without manualRedirect");
    assert!(page.html.contains("Payment received") && page.html.contains("target=\"_top\""));
}

#[tokio::test]
async fn what_cannot_be_paid_says_so() {
    let world = World::new().await;
    let session = world.licence().await;
    world.advance(24 * 60 * 60).await;
    let page = world.open(&format!("/overlay/session/{session}")).await;
    assert_eq!((page.status, kinds(&page.html)), (410, vec!["checkout.link_expired".into()]));
    assert!(page.html.contains("has expired") && page.html.contains("pricing"));
    assert_eq!(world.submit(&format!("/session/{session}/pay"), &GOOD).await.status, 303);
    assert_eq!(world.open("/session/cks_none").await.status, 404);
    assert_eq!(world.open("/hosted/page.css").await.status, 200);
    assert_eq!(world.open("/hosted/page.js").await.status, 200);
}

#[tokio::test]
async fn what_others_wrote_cannot_become_markup() {
    let world = World::new().await;
    let mut body = licence_cart();
    body["customer"]["name"] = "<script>alert(1)</script>\"'".into();
    body["cancel_url"] = "https://shop.example.com/?a=\"><script>".into();
    let session = world.session(body).await;
    let page = world.open(&format!("/overlay/session/{session}?parent=\"><script>&card=\"><script>")).await;
    assert_eq!(page.html.matches("<script").count(), 1, "our own");
}

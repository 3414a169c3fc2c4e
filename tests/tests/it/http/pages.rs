//! The pages that need no script: a whole purchase by links and forms, and the way back.

use checkout_tests::app::{GOOD_CARD, TestApp};
use reqwest::Response;
use reqwest::header::ORIGIN;

/// The value of a hidden field of a page.
pub(super) fn hidden(page: &str, name: &str) -> String {
    let start = page.find(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no {name} in {page}"));
    let value = &page[start + name.len() + 15..];
    value[..value.find('"').unwrap()].replace("&#x2f;", "/")
}

async fn submit(app: &TestApp, price: &str, fields: &[(&str, &str)]) -> Response {
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}", value.replace('@', "%40")));
    let body = pairs.collect::<Vec<_>>().join("&");
    let request = app.http.post(format!("{}/pay/{price}", app.ready().helper)).header(ORIGIN, &app.ready().helper);
    request.header("content-type", "application/x-www-form-urlencoded").body(body).send().await.unwrap()
}

#[tokio::test]
async fn a_link_alone_sells() {
    let app = TestApp::start().await;
    let link = app.http.get(format!("{}/pay/desktop_license?quantity=2", app.ready().helper)).send().await.unwrap();
    assert_eq!(link.status(), 200);
    let policy = link.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'") && policy.contains(&app.ready().shop), "{policy}");
    assert!(link.text().await.unwrap().contains(r#"value="2""#));

    let buyer = [("quantity", "2"), ("email", "ada@example.com"), ("country", "SE"), ("step", "review")];
    let review = submit(&app, "desktop_license", &buyer).await.text().await.unwrap();
    assert!(review.contains("372.50 EUR"), "{review}");
    let (token, key) = (hidden(&review, "quote_token"), hidden(&review, "key"));
    let pay = [("step", "pay"), ("quote_token", &token), ("key", &key), ("email", "ada@example.com")];
    let first = submit(&app, "desktop_license", &pay).await;
    let second = submit(&app, "desktop_license", &pay).await;
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (303, 303));
    let url = first.headers()["location"].to_str().unwrap();
    assert_eq!(url, second.headers()["location"], "a second click pays for the same order");
    assert!(url.starts_with(&app.ready().sandbox));
    assert_eq!(app.sessions(), 1);

    let session = url.rsplit('/').next().unwrap().to_owned();
    let bodies = app.demo.sandbox.checkout_bodies();
    let back = bodies[0]["return_url"].as_str().unwrap().to_owned();
    app.control("POST", &format!("sessions/{session}/pay"), &serde_json::json!({"card": GOOD_CARD})).await;
    for _ in 0..100 {
        let page = app.http.get(&back).send().await.unwrap().text().await.unwrap();
        if page.contains("Paid. Thank you!") {
            assert!(!page.contains("ada@example.com"), "the page shows nothing personal");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the page never said that it was paid");
}

#[tokio::test]
async fn a_mistake_is_said_on_the_page_and_what_was_typed_stays() {
    let app = TestApp::start().await;
    let buyer = [("quantity", "1"), ("email", "no-address"), ("country", "DE"), ("step", "review")];
    let page = submit(&app, "pro_monthly", &buyer).await;
    assert_eq!(page.status(), 422);
    let text = page.text().await.unwrap();
    assert!(text.contains("The e-mail address is not valid.") && text.contains(r#"value="no-address""#), "{text}");
}

#[tokio::test]
async fn what_is_written_into_a_link_is_shown_as_text() {
    let app = TestApp::start().await;
    let link = format!("{}/pay/pro_monthly?email=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E", app.ready().helper);
    let page = app.http.get(link).send().await.unwrap().text().await.unwrap();
    assert!(!page.contains("<img"), "{page}");
}

#[tokio::test]
async fn pages_that_are_not_there_say_so_in_words() {
    let app = TestApp::start().await;
    for path in ["/pay/nothing", "/c/co_1?t=x", "/c/co_1"] {
        let answer = app.http.get(format!("{}{path}", app.ready().helper)).send().await.unwrap();
        assert_eq!(answer.status(), 404);
        assert!(answer.text().await.unwrap().contains("There is nothing here"));
    }
}

#[tokio::test]
async fn a_form_of_another_site_is_not_taken() {
    let app = TestApp::start().await;
    let request =
        app.http.post(format!("{}/pay/pro_monthly", app.ready().helper)).header(ORIGIN, "https://evil.example");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(request.body("step=pay").send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_card_number_in_a_field_is_refused_and_not_shown_again() {
    let app = TestApp::start().await;
    let buyer = [
        ("quantity", "1"),
        ("email", "ada@example.com"),
        ("country", "DE"),
        ("postal_code", "4242424242424242"),
        ("step", "review"),
    ];
    let page = submit(&app, "pro_monthly", &buyer).await;
    assert_eq!(page.status(), 422);
    assert!(!page.text().await.unwrap().contains("4242424242424242"));
}

#[tokio::test]
async fn a_lost_answer_keeps_the_review_and_its_key() {
    let app = TestApp::start().await;
    let buyer = [("quantity", "1"), ("email", "ada@example.com"), ("country", "DE"), ("step", "review")];
    let review = submit(&app, "pro_monthly", &buyer).await.text().await.unwrap();
    let (token, key) = (hidden(&review, "quote_token"), hidden(&review, "key"));
    let outage = serde_json::json!({"outage": "drop_reply", "outage_count": 1, "outage_route": "POST /checkouts"});
    app.scenario(outage).await;
    let pay = [("step", "pay"), ("quote_token", &token), ("key", &key), ("email", "ada@example.com")];
    let lost = submit(&app, "pro_monthly", &pay).await;
    assert_eq!(lost.status(), 503);
    let page = lost.text().await.unwrap();
    assert_eq!((hidden(&page, "key"), hidden(&page, "quote_token")), (key.clone(), token.clone()));
    assert_eq!(submit(&app, "pro_monthly", &pay).await.status(), 303);
}

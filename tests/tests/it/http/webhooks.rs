//! What the provider says is believed only if it is signed, kept whatever it says, and acted on
//! once (BAD-INPUTS, "Webhooks in").

use std::fs;

use checkout_server::clock::Clock;
use checkout_server::signature::SigningSecret;
use checkout_tests::app::{GOOD_CARD, TestApp, session_of};
use checkout_tests::http::assert_problem;
use checkout_tests::in_repository;
use checkout_tests::signing::signed_headers;
use checkout_types::CheckoutStatus;
use checkout_types::checkout::CreatedCheckout;
use serde_json::{Value, json};

/// A payment of an order, as the provider would tell of it.
fn payment(created: &CreatedCheckout, amount: i64, currency: &str) -> Value {
    let text = fs::read_to_string(in_repository("tests/fixtures/dodo/webhook.payment.succeeded.json")).unwrap();
    let mut notice: Value = serde_json::from_str(&text).unwrap();
    let data = &mut notice["data"];
    data["metadata"] = json!({"order_id": created.id});
    data["checkout_session_id"] = session_of(created).into();
    data["total_amount"] = amount.into();
    data["currency"] = currency.into();
    data["product_cart"] = Value::Null;
    notice
}

#[tokio::test]
async fn every_known_event_is_accepted_and_so_is_what_nobody_knows() {
    let app = TestApp::start().await;
    let mut seen = 0;
    for entry in fs::read_dir(in_repository("tests/fixtures/dodo")).unwrap() {
        let body: Value = serde_json::from_str(&fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap();
        assert_eq!(app.deliver(&format!("msg_{seen}"), &body).await.status(), 200, "{}", body["type"]);
        seen += 1;
    }
    assert!(seen >= 45, "{seen}");
    for body in
        [json!({"type": "moon.landed", "data": null}), json!({"data": {}}), json!([]), json!("text"), json!(null)]
    {
        assert_eq!(
            app.deliver(&format!("msg_odd_{body}").replace(['"', ' '], ""), &body).await.status(),
            200,
            "{body}"
        );
    }
}

#[tokio::test]
async fn what_is_signed_but_no_json_is_kept_and_acknowledged() {
    let app = TestApp::start().await;
    let secret = SigningSecret::parse(&app.ready().webhook_secret).unwrap();
    for (id, body) in [("msg_text", &b"not JSON"[..]), ("msg_bytes", &[0xff, 0xfe, 0x00][..]), ("msg_empty", &[][..])] {
        let headers = signed_headers(&secret, id, Clock::wall().as_second(), body);
        let url = format!("{}/webhooks/dodo", app.ready().helper);
        let answer = app.http.post(url).headers(headers).body(body.to_vec()).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{id}");
    }
}

#[tokio::test]
async fn the_wrong_amount_currency_or_product_is_reviewed_and_never_paid() {
    let app = TestApp::start().await;
    for (amount, currency, products) in [
        (3_450, "EUR", Value::Null),
        (3_452, "EUR", Value::Null),
        (3_451, "USD", Value::Null),
        (3_451, "EUR", json!([{"product_id": "pdt_other", "quantity": 1}])),
    ] {
        let created = app.checkout(&app.quote("pro_monthly", "DE").await).await;
        let mut notice = payment(&created, amount, currency);
        notice["data"]["payment_id"] = format!("pay_{}", created.id).into();
        notice["data"]["product_cart"] = products;
        assert_eq!(app.deliver(&format!("msg_{}", created.id), &notice).await.status(), 200);
        app.wait_for(&created, CheckoutStatus::NeedsReview).await;
    }
}

#[tokio::test]
async fn a_renewal_or_a_change_of_card_is_not_the_sale() {
    let app = TestApp::start().await;
    let created = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    for (id, field, value) in
        [("pay_renewal", "charge_type", json!("renewal")), ("pay_card", "is_update_payment_method", json!(true))]
    {
        let mut notice = payment(&created, 3_451, "EUR");
        notice["data"]["payment_id"] = id.into();
        notice["data"][field] = value;
        assert_eq!(app.deliver(&format!("msg_{id}"), &notice).await.status(), 200);
    }
    assert_eq!(app.state(&created).await.status, CheckoutStatus::Open);
}

#[tokio::test]
async fn a_late_failure_takes_nothing_back_and_repeats_change_nothing() {
    let app = TestApp::start().await;
    let created = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    let paid = payment(&created, 3_451, "EUR");
    let mut failed = paid.clone();
    failed["type"] = "payment.failed".into();
    failed["data"]["status"] = "failed".into();
    failed["data"]["error_code"] = "GENERIC_DECLINE".into();
    for (id, body) in [("msg_1", &paid), ("msg_2", &failed), ("msg_1", &paid), ("msg_1", &failed), ("msg_2", &failed)] {
        assert_eq!(app.deliver(id, body).await.status(), 200);
        assert_eq!(app.state(&created).await.status, CheckoutStatus::Paid);
    }
}

#[tokio::test]
async fn an_unsigned_stale_or_tampered_delivery_is_refused_and_does_nothing() {
    let app = TestApp::start().await;
    let created = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    let body = serde_json::to_vec(&payment(&created, 3_451, "EUR")).unwrap();
    let secret = SigningSecret::parse(&app.ready().webhook_secret).unwrap();
    let now = Clock::wall().as_second();
    let good = signed_headers(&secret, "msg_1", now, &body);
    let url = format!("{}/webhooks/dodo", app.ready().helper);
    let send = |headers, body: &[u8]| app.http.post(&url).headers(headers).body(body.to_vec()).send();

    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut missing = good.clone();
        missing.remove(name);
        assert_problem(send(missing, &body).await.unwrap(), 400, "webhook_header_missing").await;
        let mut empty = good.clone();
        empty.insert(name, "".parse().unwrap());
        assert_problem(send(empty, &body).await.unwrap(), 400, "webhook_header_missing").await;
        let mut double = good.clone();
        double.append(name, good[name].clone());
        assert_problem(send(double, &body).await.unwrap(), 400, "webhook_header_missing").await;
    }
    for off in [-310, 310] {
        let stale = signed_headers(&secret, "msg_1", now + off, &body);
        assert_problem(send(stale, &body).await.unwrap(), 400, "webhook_timestamp_out_of_tolerance").await;
    }
    let other = SigningSecret::parse("whsec_c29tZWJvZHkgZWxzZQ==").unwrap();
    let forged = signed_headers(&other, "msg_1", now, &body);
    assert_problem(send(forged, &body).await.unwrap(), 401, "webhook_signature_invalid").await;
    let mut spaced = body.clone();
    spaced.push(b' ');
    assert_problem(send(good.clone(), &spaced).await.unwrap(), 401, "webhook_signature_invalid").await;
    for signature in ["v1,", "v2,AAAA", "v1,!!!", "nonsense"] {
        let mut wrong = good.clone();
        wrong.insert("webhook-signature", signature.parse().unwrap());
        assert_problem(send(wrong, &body).await.unwrap(), 401, "webhook_signature_invalid").await;
    }
    assert_eq!(app.state(&created).await.status, CheckoutStatus::Open);
    // The connection is closed on a body that is too large, so the answer may not be read.
    if let Ok(answer) = send(good, &vec![b' '; 300 * 1_024]).await {
        assert_eq!(answer.status(), 413);
    }
}

#[tokio::test]
async fn both_secrets_of_the_provider_are_believed_while_it_rotates() {
    let app = TestApp::start().await;
    let body = b"{}".to_vec();
    let secret = SigningSecret::parse(&app.ready().webhook_secret).unwrap();
    let mut headers = signed_headers(&secret, "msg_1", Clock::wall().as_second(), &body);
    let rotated = format!("v1,AAAA {}", headers["webhook-signature"].to_str().unwrap());
    headers.insert("webhook-signature", rotated.parse().unwrap());
    let url = format!("{}/webhooks/dodo", app.ready().helper);
    assert_eq!(app.http.post(url).headers(headers).body(body).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn two_payments_for_one_order_are_counted() {
    let app = TestApp::start().await;
    let created = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    app.pay(&created, GOOD_CARD).await;
    app.wait_for(&created, CheckoutStatus::Paid).await;
    let mut second = payment(&created, 3_451, "EUR");
    second["data"]["payment_id"] = "pay_second".into();
    assert_eq!(app.deliver("msg_second", &second).await.status(), 200);
    assert_eq!(app.state(&created).await.status, CheckoutStatus::Paid);
}

/// What a second notice says differently, in words and in deed.
type Change = (&'static str, fn(&mut Value));

#[tokio::test]
async fn a_later_word_about_a_paid_payment_never_opens_the_order_again() {
    let app = TestApp::start().await;
    let other = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    let paid = |created: &CreatedCheckout, id: &str| {
        let mut notice = payment(created, 3_451, "EUR");
        notice["data"]["payment_id"] = id.into();
        notice["data"]["updated_at"] = "2026-11-22T10:00:01Z".into();
        notice
    };
    let changes: [Change; 5] = [
        ("another amount", |data| data["total_amount"] = 1.into()),
        ("a renewal", |data| data["charge_type"] = "renewal".into()),
        ("a change of card", |data| data["is_update_payment_method"] = true.into()),
        ("no name", |data| {
            data["metadata"] = json!({});
            data["checkout_session_id"] = Value::Null;
        }),
        ("a state from the future", |data| data["status"] = "settling".into()),
    ];
    for (number, (case, change)) in changes.into_iter().enumerate() {
        for newest_first in [false, true] {
            let created = app.checkout(&app.quote("pro_monthly", "DE").await).await;
            let first = paid(&created, &format!("pay_{number}_{newest_first}"));
            let mut second = first.clone();
            second["data"]["updated_at"] = "2026-11-22T10:00:02Z".into();
            change(&mut second["data"]);
            let mut deliveries = [first, second];
            if newest_first {
                deliveries.reverse();
            }
            for (place, body) in deliveries.iter().enumerate() {
                let id = format!("msg_{number}_{newest_first}_{place}");
                assert_eq!(app.deliver(&id, body).await.status(), 200);
            }
            assert_eq!(app.state(&created).await.status, CheckoutStatus::Paid, "{case}, newest first: {newest_first}");
        }
    }
    assert_eq!(app.state(&other).await.status, CheckoutStatus::Open);
}

#[tokio::test]
async fn a_payment_of_another_session_is_nobodys_and_said_to_operators() {
    let app = TestApp::start().await;
    let created = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    let mut foreign = payment(&created, 3_451, "EUR");
    foreign["data"]["checkout_session_id"] = "cks_0NSomebodyElses00000".into();
    let unclaimed = async || app.metric("checkout_payments_unclaimed_total").await.unwrap_or(0.0);
    let before = unclaimed().await;
    assert_eq!(app.deliver("msg_foreign", &foreign).await.status(), 200);
    assert_eq!(app.state(&created).await.status, CheckoutStatus::Open, "nobody moves another's order");
    assert!(unclaimed().await > before, "operators hear of it");
}

#[tokio::test]
async fn one_odd_field_does_not_hide_a_payment() {
    let app = TestApp::start().await;
    let created = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    let text = payment(&created, 3_451, "EUR").to_string().replacen('{', r#"{"odd":[1e400,"\ud800"],"#, 1);
    let secret = SigningSecret::parse(&app.ready().webhook_secret).unwrap();
    let headers = signed_headers(&secret, "msg_odd", Clock::wall().as_second(), text.as_bytes());
    let url = format!("{}/webhooks/dodo", app.ready().helper);
    assert_eq!(app.http.post(url).headers(headers).body(text).send().await.unwrap().status(), 200);
    app.wait_for(&created, CheckoutStatus::Paid).await;
}

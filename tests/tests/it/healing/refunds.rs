//! Giving money back: once for each key, whatever becomes of the answer (G6).

use std::time::Duration;

use checkout_tests::app::{TestApp, read};
use checkout_tests::http::assert_problem;
use checkout_types::CheckoutStatus;
use reqwest::Method;
use serde_json::{Value, json};

/// A desktop licence that is paid, in Germany: 177.31 EUR.
async fn paid(app: &TestApp) -> String {
    let (created, payment) = app.buy("desktop_license").await;
    app.wait_for(&created, CheckoutStatus::Paid).await;
    payment
}

/// The amounts of the provider's refunds of that payment.
async fn at_provider(app: &TestApp, payment: &str) -> Vec<i64> {
    let state = app.control("GET", "state", &Value::Null).await;
    let refunds = state["refunds"].as_array().unwrap().iter().filter(|refund| refund["payment_id"] == payment);
    refunds.map(|refund| refund["amount"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn a_payment_is_given_back_in_parts_and_never_more_than_was_paid() {
    let app = TestApp::start().await;
    let payment = paid(&app).await;
    let part = json!({"amount": {"amount": 5_000, "currency": "EUR"}, "reason": "One of two was not needed"});

    let first: Value = read(app.ask_refund(&payment, "part", &part).await, 201).await;
    assert_eq!((&first["status"], &first["amount"]["amount"]), (&json!("pending"), &json!(5_000)));
    let id = first["id"].as_str().unwrap();
    let done = app.refund_is(id, "succeeded").await;
    assert!(done["refund_id"].as_str().unwrap().starts_with("ref_"), "{done}");

    let too_much = json!({"amount": {"amount": 12_732, "currency": "EUR"}});
    assert_problem(app.ask_refund(&payment, "too-much", &too_much).await, 422, "refund_exceeds_payment").await;
    let dollars = json!({"amount": {"amount": 1, "currency": "USD"}});
    assert_problem(app.ask_refund(&payment, "dollars", &dollars).await, 422, "refund_currency_mismatch").await;
    let nothing = json!({"amount": {"amount": 0, "currency": "EUR"}});
    assert_problem(app.ask_refund(&payment, "nothing", &nothing).await, 422, "out_of_range").await;

    let rest: Value = read(app.ask_refund(&payment, "rest", &json!({})).await, 201).await;
    assert_eq!(rest["amount"]["amount"], 12_731);
    app.refund_is(rest["id"].as_str().unwrap(), "succeeded").await;
    assert_problem(app.ask_refund(&payment, "more", &json!({})).await, 422, "refund_exceeds_payment").await;
    assert_eq!(at_provider(&app, &payment).await, [5_000, 12_731]);
}

#[tokio::test]
async fn one_key_is_one_refund() {
    let app = TestApp::start().await;
    let payment = paid(&app).await;
    let body = json!({"amount": {"amount": 100, "currency": "EUR"}});
    let answers =
        futures_util::future::join_all((0..20).map(|_| async { app.ask_refund(&payment, "once", &body).await })).await;
    let mut texts = Vec::new();
    for answer in answers {
        assert_eq!(answer.status(), 201);
        texts.push(answer.text().await.unwrap());
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "byte for byte the same");

    let other = json!({"amount": {"amount": 200, "currency": "EUR"}});
    assert_problem(app.ask_refund(&payment, "once", &other).await, 422, "idempotency_key_reused").await;
    assert_eq!(at_provider(&app, &payment).await, [100]);
}

#[tokio::test]
async fn only_the_merchants_server_gives_back_and_only_what_was_paid_here() {
    let app = TestApp::start().await;
    let payment = paid(&app).await;
    let url = format!("{}/v1/payments/{payment}/refunds", app.ready().helper);
    let nobody = app.http.post(&url).header("idempotency-key", "k").json(&json!({})).send().await.unwrap();
    assert_problem(nobody, 401, "unauthorized").await;
    assert_problem(app.ask_refund("pay_0NothingOfOurs0000001", "k", &json!({})).await, 404, "not_found").await;
    assert_eq!(at_provider(&app, &payment).await, Vec::<i64>::new());
}

/// More than half of the calls meet a fault, and no two amounts are the same.
#[tokio::test]
async fn whatever_becomes_of_the_answer_each_intent_has_at_most_one_effect() {
    let app = TestApp::start().await;
    let payment = paid(&app).await;
    let mut ids = Vec::new();
    for round in 0..16 {
        // The lines of a payment are asked for before, so only the refund itself is struck.
        let faults = ["none", "drop_reply", "error500", "drop_reply", "none", "refuse", "none", "drop_reply"];
        let outage = faults[round % faults.len()];
        app.scenario(json!({"outage": outage, "outage_route": "POST /refunds", "outage_count": 1})).await;
        let amount = 100 + i64::try_from(round).unwrap();
        let body = json!({"amount": {"amount": amount, "currency": "EUR"}});
        let made: Value = read(app.ask_refund(&payment, &format!("round-{round}"), &body).await, 201).await;
        // Sent again by whoever lost the answer: the same refund.
        let again: Value = read(app.ask_refund(&payment, &format!("round-{round}"), &body).await, 201).await;
        assert_eq!(made, again);
        let never_made = matches!(outage, "error500" | "refuse");
        ids.push((made["id"].as_str().unwrap().to_owned(), never_made, amount));
    }
    app.scenario(json!({"outage": "none"})).await;
    // Those whose answer was lost are found; those that were never carried out are looked for.
    for (id, never_made, _) in &ids {
        app.refund_is(id, if *never_made { "pending" } else { "succeeded" }).await;
    }
    let mut refunds = at_provider(&app, &payment).await;
    refunds.sort_unstable();
    let expected: Vec<i64> =
        ids.iter().filter(|(_, never_made, _)| !never_made).map(|(_, _, amount)| *amount).collect();
    assert_eq!(refunds, expected, "each intent once or never");

    // Five days later a person is asked about what nobody can find, and it was never sent again.
    let sent = app.demo.sandbox.request_count("POST /refunds");
    for (id, never_made, _) in &ids {
        while *never_made && app.refund(id).await["status"] == "pending" {
            app.clock.advance(Duration::from_hours(24));
            tokio::time::sleep(Duration::from_millis(1_200)).await;
        }
    }
    for (id, never_made, _) in &ids {
        let status = if *never_made { "needs_review" } else { "succeeded" };
        assert_eq!(app.refund(id).await["status"], status, "{id}");
    }
    assert_eq!(app.demo.sandbox.request_count("POST /refunds"), sent);
    println!("{} intents, {} effects, 0 doubles", ids.len(), refunds.len());
}

#[tokio::test]
async fn a_provider_that_stays_silent_is_asked_what_it_did_and_told_nothing_twice() {
    let app = TestApp::start().await;
    let payment = paid(&app).await;
    app.scenario(json!({"outage": "timeout", "outage_route": "POST /refunds", "outage_count": 1})).await;
    let body = json!({"amount": {"amount": 100, "currency": "EUR"}});
    let made: Value = read(app.ask_refund(&payment, "silent", &body).await, 201).await;
    assert_eq!(made["status"], "pending");
    let looked_for = app.demo.sandbox.request_count("GET /refunds");
    app.clock.advance(Duration::from_secs(61));
    for _ in 0..40 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if app.demo.sandbox.request_count("GET /refunds") > looked_for {
            break;
        }
    }
    assert!(app.demo.sandbox.request_count("GET /refunds") > looked_for, "it is looked for");
    assert_eq!(app.demo.sandbox.request_count("POST /refunds"), 1, "and not sent again");
}

#[tokio::test]
async fn what_never_reached_the_provider_is_sent_when_it_is_back() {
    let app = TestApp::start().await;
    let payment = paid(&app).await;
    // The question before the refund is not answered: nothing was sent.
    app.scenario(json!({"outage": "error500", "outage_route": "GET /payments/{id}/line-items"})).await;
    let body = json!({"amount": {"amount": 100, "currency": "EUR"}});
    let made: Value = read(app.ask_refund(&payment, "later", &body).await, 201).await;
    assert_eq!(app.demo.sandbox.request_count("POST /refunds"), 0);
    app.scenario(json!({"outage": "none"})).await;
    app.refund_is(made["id"].as_str().unwrap(), "succeeded").await;
    assert_eq!(at_provider(&app, &payment).await, [100]);
}

#[tokio::test]
async fn an_intent_that_was_planned_before_a_crash_is_sent_and_one_that_was_sent_is_looked_for() {
    let app = TestApp::start().await;
    let payment = paid(&app).await;
    app.scenario(json!({"outage": "drop_reply", "outage_route": "POST /refunds", "outage_count": 1})).await;
    let body = json!({"amount": {"amount": 100, "currency": "EUR"}});
    let lost: Value = read(app.ask_refund(&payment, "lost", &body).await, 201).await;
    let (planned, other): (Value, _) = {
        app.scenario(json!({"outage": "error500", "outage_route": "GET /payments/{id}/line-items"})).await;
        let body = json!({"amount": {"amount": 200, "currency": "EUR"}});
        (read(app.ask_refund(&payment, "planned", &body).await, 201).await, body)
    };
    app.scenario(json!({"outage": "none"})).await;
    // As after a crash in the middle of either: the rows are all that is left.
    let database = rusqlite::Connection::open(app.database()).unwrap();
    let crash = "UPDATE intents SET state = ?2, due_at = 0 WHERE id = ?1";
    assert_eq!(database.execute(crash, (lost["id"].as_str(), "sent")).unwrap(), 1);
    assert_eq!(database.execute(crash, (planned["id"].as_str(), "planned")).unwrap(), 1);
    drop(database);

    app.refund_is(lost["id"].as_str().unwrap(), "succeeded").await;
    app.refund_is(planned["id"].as_str().unwrap(), "succeeded").await;
    let mut refunds = at_provider(&app, &payment).await;
    refunds.sort_unstable();
    assert_eq!(refunds, [100, 200], "{other}");
}

#[tokio::test]
async fn two_at_once_never_give_back_more_than_was_paid() {
    let app = TestApp::start().await;
    let payment = paid(&app).await;
    app.control("PUT", "scenario", &json!({"refunds": "pending"})).await;
    let half = json!({"amount": {"amount": 9_000, "currency": "EUR"}});
    let (one, other) = tokio::join!(app.ask_refund(&payment, "one", &half), app.ask_refund(&payment, "other", &half));
    let mut statuses = [one.status().as_u16(), other.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 422]);
    assert_eq!(at_provider(&app, &payment).await, [9_000]);
}

#[tokio::test]
async fn an_operator_gives_back_at_the_operations_listener() {
    let app = TestApp::start().await;
    let payment = paid(&app).await;
    let url = format!("{}/v1/payments/{payment}/refunds", app.ready().operations);
    let ask = |key: &'static str| {
        let request = app.http.post(&url).bearer_auth(&app.ready().operator_key).header("idempotency-key", key);
        request.json(&json!({"reason": "Asked for by telephone"}))
    };
    let made: Value = read(ask("by-hand").send().await.unwrap(), 201).await;
    let id = made["id"].as_str().unwrap();
    let shown = app.operate(Method::GET, &format!("/v1/refunds/{id}"), &Value::Null).await;
    let shown: Value = read(shown, 200).await;
    assert_eq!((&shown["status"], &shown["amount"]["amount"]), (&json!("succeeded"), &json!(17_731)));
    let key = &app.ready().secret_key;
    let merchant = app.http.post(&url).bearer_auth(key).header("idempotency-key", "k").json(&json!({}));
    assert_problem(merchant.send().await.unwrap(), 401, "unauthorized").await;
}

/// Two refunds of that payment that were looked for in vain: the first never was made, the second was.
async fn in_review(app: &TestApp, payment: &str) -> [String; 2] {
    let mut ids = Vec::new();
    for (key, outage, amount) in [("never", "error500", 9_000), ("made", "drop_reply", 5_000)] {
        app.scenario(json!({"outage": outage, "outage_route": "POST /refunds", "outage_count": 1})).await;
        let body = json!({"amount": {"amount": amount, "currency": "EUR"}});
        let made: Value = read(app.ask_refund(payment, key, &body).await, 201).await;
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    app.scenario(json!({"outage": "none"})).await;
    // As after six days in which nobody could ask.
    let database = rusqlite::Connection::open(app.database()).unwrap();
    let given_up = "UPDATE intents SET state = 'needs_review', attempts = 0, due_at = NULL, result = '{}'";
    assert_eq!(database.execute(given_up, []).unwrap(), 2);
    ids.try_into().unwrap()
}

#[tokio::test]
async fn what_the_provider_has_after_all_was_made_whatever_a_person_says() {
    let app = TestApp::start().await;
    let payment = paid(&app).await;
    let [_, made] = in_review(&app, &payment).await;
    let word = json!({"who": "grace", "why": "looked too quickly", "outcome": "not_made"});
    let settled: Value = read(app.operate(Method::POST, &format!("/v1/refunds/{made}/review"), &word).await, 200).await;
    assert_eq!(settled["status"], "succeeded");
    assert!(settled["refund_id"].as_str().is_some_and(|id| id.starts_with("ref_")), "{settled}");
}

#[tokio::test]
async fn a_person_says_what_became_of_a_refund_that_nobody_could_find() {
    let app = TestApp::start().await;
    let payment = paid(&app).await;
    let [never, made] = in_review(&app, &payment).await;
    let rest = json!({"amount": {"amount": 12_000, "currency": "EUR"}});
    let refused = app.ask_refund(&payment, "rest", &rest).await;
    assert_problem(refused, 422, "refund_exceeds_payment").await;
    let review = async |id: &str, more: Value| {
        let mut body = json!({"who": "grace", "why": "looked at the dashboard"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        app.operate(Method::POST, &format!("/v1/refunds/{id}/review"), &body).await
    };

    // Not made: its amount is free, and whoever decided is kept.
    let settled: Value = read(review(&never, json!({"outcome": "not_made"})).await, 200).await;
    assert_eq!((&settled["status"], &settled["review"]["who"]), (&json!("rejected"), &json!("grace")));
    assert_eq!(app.refund(&never).await["review"]["why"], "looked at the dashboard");
    assert_problem(review(&never, json!({"outcome": "not_made"})).await, 409, "refund_not_in_review").await;

    // Made: only what the provider shows of that payment and amount is believed.
    let state = app.control("GET", "state", &Value::Null).await;
    let refund = state["refunds"][0]["refund_id"].as_str().unwrap().to_owned();
    for (body, status, code) in [
        (json!({"outcome": "made"}), 422, "required"),
        (json!({"outcome": "made", "refund_id": "ref_0NothingOfOurs0001"}), 404, "not_found"),
        (json!({"outcome": "made", "refund_id": "a b"}), 422, "text_invalid"),
        (json!({"outcome": "not_made", "refund_id": refund}), 422, "unknown_field"),
        (json!({"outcome": "made", "refund_id": refund, "why": " "}), 422, "required"),
    ] {
        assert_problem(review(&made, body).await, status, code).await;
    }
    let settled: Value = read(review(&made, json!({"outcome": "made", "refund_id": refund})).await, 200).await;
    assert_eq!((&settled["status"], &settled["refund_id"]), (&json!("succeeded"), &json!(refund)));

    // One was made and counts once; the other's amount can be given back now.
    let rest: Value = read(app.ask_refund(&payment, "rest-again", &rest).await, 201).await;
    app.refund_is(rest["id"].as_str().unwrap(), "succeeded").await;
    let mut refunds = at_provider(&app, &payment).await;
    refunds.sort_unstable();
    assert_eq!(refunds, [5_000, 12_000]);
    let public = format!("{}/v1/refunds/{made}/review", app.ready().helper);
    let merchant = app.http.post(public).bearer_auth(&app.ready().secret_key).json(&json!({}));
    assert_eq!(merchant.send().await.unwrap().status(), 404, "nobody's server decides that");
}

#[tokio::test]
async fn another_currency_is_refused_with_the_payments_own() {
    let app = TestApp::start().await;
    let payment = paid(&app).await;
    let dollars = json!({"amount": {"amount": 500, "currency": "USD"}});
    let problem =
        assert_problem(app.ask_refund(&payment, "dollars", &dollars).await, 422, "refund_currency_mismatch").await;
    assert_eq!(problem["errors"][0]["pointer"], "/amount/currency");
    assert_eq!(problem["errors"][0]["allowed"], json!(["EUR"]));
    assert_eq!(at_provider(&app, &payment).await, Vec::<i64>::new());
}

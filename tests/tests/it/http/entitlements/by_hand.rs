//! What people give and block, at the operations listener: with who and why.

use std::time::Duration;

use checkout_tests::app::{TestApp, read};
use checkout_tests::http::assert_problem;
use reqwest::Method;
use serde_json::{Value, json};

fn wanted(action: &str, more: Value) -> Value {
    let mut body = json!({
        "reference": "user_1", "entitlement": "pro", "action": action, "who": "grace", "why": "an outage of ours",
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn a_person_gives_and_blocks_and_lifts_with_who_and_why() {
    let app = TestApp::start().await;
    let set = async |body: &Value| -> Value { read(app.operate(Method::POST, "/access", body).await, 200).await };
    let until = (app.clock.now() + Duration::from_hours(1)).to_string();
    let limits = json!({"projects": 3, "exports": null});
    let given = set(&wanted("grant", json!({"until": until, "limits": limits}))).await;
    assert_eq!(app.state_of("user_1", "pro").await, "active granted_by_hand");
    assert_eq!(app.entitlement("user_1", "pro").await["limits"], limits);
    let kept = &given["by_hand"][0];
    assert_eq!(
        (&kept["who"], &kept["why"], &kept["action"]),
        (&json!("grace"), &json!("an outage of ours"), &json!("grant"))
    );
    assert_eq!(given["version"], 1);

    // A purchase gives more; the most of each limit counts.
    let bought = app.order_as("user_1", "pro_monthly").await;
    bought.paid().await;
    let both = app.entitlement("user_1", "pro").await;
    assert_eq!((&both["state"], &both["limits"]), (&json!("active"), &json!({"exports": null, "projects": null})));

    let blocked = set(&wanted("block", json!({"why": "shares one account with a class"}))).await;
    assert_eq!(app.state_of("user_1", "pro").await, "ended blocked_by_hand", "it beats what was bought");
    let id = blocked["by_hand"][0]["id"].as_str().unwrap().to_owned();
    let lifting = json!({"who": "linus", "why": "settled"});
    let path = format!("/access/{id}");
    let lifted: Value = read(app.operate(Method::DELETE, &path, &lifting).await, 200).await;
    assert_eq!((&lifted["lifted"]["who"], &lifted["lifted"]["why"]), (&json!("linus"), &json!("settled")));
    assert_eq!(app.state_of("user_1", "pro").await, "active subscription");
    // Again, by somebody else: who lifted it first stays.
    let again: Value = read(app.operate(Method::DELETE, &path, &json!({"who": "x", "why": "y"})).await, 200).await;
    assert_eq!(again["lifted"], lifted["lifted"]);

    // Time ends what was given until then; nothing is forgotten, and a restart changes nothing.
    bought.hear("subscription.failed", json!({})).await;
    assert_eq!(app.state_of("user_1", "pro").await, "active granted_by_hand");
    let app = app.restart().await;
    assert_eq!(app.state_of("user_1", "pro").await, "active granted_by_hand");
    app.clock.advance(Duration::from_hours(1));
    assert_eq!(app.state_of("user_1", "pro").await, "none mandate_failed");
    let shown: Value = read(app.operate(Method::GET, "/access?reference=user_1", &Value::Null).await, 200).await;
    assert_eq!(shown["by_hand"].as_array().unwrap().len(), 2);
    assert_eq!(shown["items"].as_array().unwrap().len(), 8);
}

#[tokio::test]
async fn what_is_wrong_with_a_change_by_hand_is_told() {
    let app = TestApp::start().await;
    let past = (app.clock.now() - Duration::from_secs(1)).to_string();
    let many: Value =
        (0..51).map(|number| (format!("limit_{number}"), json!(1))).collect::<serde_json::Map<_, _>>().into();
    for (body, code, pointer) in [
        (wanted("grant", json!({"entitlement": "pri"})), "unknown_entitlement", "/entitlement"),
        (wanted("give", json!({})), "type_mismatch", "/action"),
        (wanted("grant", json!({"reference": " x"})), "text_invalid", "/reference"),
        (wanted("grant", json!({"until": past})), "out_of_range", "/until"),
        (wanted("grant", json!({"until": "tomorrow"})), "type_mismatch", "/until"),
        (wanted("grant", json!({"limits": {"seats": -1}})), "out_of_range", "/limits/seats"),
        (wanted("grant", json!({"limits": {"project": 1}})), "unknown_limit", "/limits/project"),
        (wanted("grant", json!({"limits": {"seats": 1}})), "unknown_limit", "/limits/seats"),
        (wanted("grant", json!({"limits": {"Seats": 1}})), "text_invalid", "/limits"),
        (wanted("grant", json!({"limits": many})), "text_invalid", "/limits"),
        (wanted("grant", json!({"limits": {"seats": 1.5}})), "type_mismatch", "/limits/seats"),
        (wanted("block", json!({"limits": {"seats": 1}})), "unknown_field", "/limits"),
        (wanted("grant", json!({"who": " "})), "required", "/who"),
        (wanted("grant", json!({"why": ""})), "required", "/why"),
        (wanted("grant", json!({"why": "w".repeat(501)})), "text_invalid", "/why"),
        (wanted("grant", json!({"price": 1})), "unknown_field", "/price"),
    ] {
        let problem = assert_problem(app.operate(Method::POST, "/access", &body).await, 422, code).await;
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
        if code == "unknown_entitlement" {
            assert_eq!(problem["errors"][0]["did_you_mean"], "pro");
        }
        if code == "unknown_limit" {
            assert_eq!(problem["errors"][0]["allowed"], json!(["exports", "projects"]), "those that pro has");
        }
    }
    let lifting = json!({"who": "grace", "why": "settled"});
    assert_problem(app.operate(Method::DELETE, "/access/hand_0", &lifting).await, 404, "not_found").await;
    let nobody = app.operate(Method::GET, "/access", &Value::Null).await;
    assert_problem(nobody, 422, "required").await;
    assert_eq!(app.access("user_1").await["version"], 0, "nothing was changed");
}

#[tokio::test]
async fn only_an_operator_reads_and_changes_access_there() {
    let app = TestApp::start().await;
    let operations = app.ready().operations.clone();
    for (method, path) in
        [(Method::GET, "/access?reference=user_1"), (Method::POST, "/access"), (Method::DELETE, "/access/hand_0")]
    {
        for key in ["", "wrong", &app.ready().secret_key, &app.token("user_1").await] {
            let request = app.http.request(method.clone(), format!("{operations}{path}")).bearer_auth(key);
            assert_problem(request.json(&wanted("grant", json!({}))).send().await.unwrap(), 401, "unauthorized").await;
        }
    }
    // And the public listener has no such route.
    let public = format!("{}/access?reference=user_1", app.ready().helper);
    let answer = app.http.get(public).bearer_auth(&app.ready().operator_key).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert_eq!(app.access("user_1").await["version"], 0);
}

//! Lists for the merchant's own server and for operators: pages, filters, what is refused, and replays.

use std::collections::BTreeSet;
use std::time::Duration;

use checkout_tests::app::{DECLINED_CARD, GOOD_CARD, TestApp, read};
use checkout_tests::http::assert_problem;
use checkout_tests::seeing::Left;
use checkout_types::CheckoutStatus;
use reqwest::Method;
use serde_json::{Value, json};

fn ids(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// All of a list, a few at a time; somebody else writes in between.
async fn walk(app: &TestApp, path: &str, limit: u32, mut meanwhile: impl AsyncFnMut()) -> Vec<String> {
    let separator = if path.contains('?') { '&' } else { '?' };
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.list(&format!("{path}{separator}limit={limit}{cursor}")).await;
        assert!(ids(&page).len() <= limit as usize);
        all.extend(ids(&page));
        let Some(next) = page["next_cursor"].as_str() else { return all };
        cursor = format!("&cursor={next}");
        meanwhile().await;
    }
}

#[tokio::test]
async fn a_purchase_is_in_every_list_under_its_filters() {
    let app = TestApp::start().await;
    let bought = app.bought("pro_monthly", Some("user_4711")).await;
    app.bought("desktop_license", None).await;

    let checkouts = app.list("/v1/checkouts?reference=user_4711&status=paid").await;
    assert_eq!(ids(&checkouts), [bought.id.as_str()]);
    let checkout = &checkouts["items"][0];
    assert_eq!((&checkout["customer_reference"], &checkout["paid_twice"]), (&json!("user_4711"), &json!(false)));
    assert_eq!(app.list("/v1/checkouts?status=open").await["items"], json!([]));

    let payments = app.list(&format!("/v1/payments?checkout={}", bought.id)).await;
    let payment = &payments["items"][0];
    assert_eq!((&payment["status"], &payment["charge"]), (&json!("succeeded"), &json!("sale")), "{payments}");
    assert_eq!(payment["customer"], json!({"reference": "user_4711", "checkout": null}));
    assert_eq!(checkout["payment"], payment["id"]);
    assert_eq!(ids(&app.list("/v1/payments?status=succeeded").await).len(), 2);

    let subscriptions = app.list("/v1/subscriptions?reference=user_4711&status=active").await;
    let subscription = &subscriptions["items"][0];
    assert_eq!(
        (&subscription["price"], &subscription["quantity"], &subscription["cancel_at_period_end"]),
        (&json!("pro_monthly"), &json!(1), &json!(false)),
        "{subscriptions}"
    );
    assert!(subscription["current_period_end"].is_string() && subscription["created_at"].is_string());
    let one = app.list(&format!("/v1/subscriptions/{}", subscription["id"].as_str().unwrap())).await;
    assert_eq!(one, *subscription);

    let events = app.list("/v1/events?reference=user_4711&type=subscription.started").await;
    assert_eq!(events["items"][0]["object"], subscription["id"]);
    assert!(!events.to_string().contains("ada@example.com"), "a list names nobody");
    let event = app.list(&format!("/v1/events/{}", events["items"][0]["id"].as_str().unwrap())).await;
    assert_eq!(event["body"]["type"], "subscription.started", "{event}");
    assert_eq!(event["body"]["customer"]["reference"], "user_4711");
    assert_eq!(event["deliveries"][0]["target"], "shop", "the demo's own endpoint");
}

#[tokio::test]
async fn what_can_no_longer_be_paid_is_found_as_expired() {
    let app = TestApp::start().await;
    let open = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    let declined = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    app.pay(&declined, DECLINED_CARD).await;
    app.wait_for(&declined, CheckoutStatus::Failed).await;
    assert_eq!(ids(&app.list("/v1/checkouts?status=open").await), [open.id.as_str()]);
    assert_eq!(ids(&app.list("/v1/checkouts?status=failed").await), [declined.id.as_str()]);
    app.clock.advance(Duration::from_hours(26));
    assert_eq!(ids(&app.list("/v1/checkouts?status=open").await), Vec::<String>::new());
    let expired = app.list("/v1/checkouts?status=expired").await;
    assert_eq!(ids(&expired), [declined.id, open.id]);
    assert_eq!(expired["items"][0]["status"], "expired");
}

#[tokio::test]
async fn pages_are_newest_first_and_stable_while_others_write() {
    let app = TestApp::start().await;
    app.bought("pro_monthly", Some("user_1")).await;
    // More than the story makes, in the order of time, some in the same moment.
    let rows = app.rows();
    for number in 0..23_i64 {
        let at = 1_000_000 * (number / 3);
        rows.execute(
            "INSERT INTO payments (id, state, products, created_at, version_changed, version_event, version_rank)
             VALUES (?1, 'succeeded', '[]', ?2, 0, 0, 0)",
            (format!("pay_{:02}", (number * 7) % 23), at),
        )
        .unwrap();
        rows.execute(
            "INSERT INTO events (id, kind, customer, object_id, cause, created_at, data)
             VALUES (?1, 'payment.failed', 'ref:user_1', 'pay_1', ?1, ?2, '{}')",
            (format!("evt_{number:032x}"), app.clock.now().as_microsecond() + number),
        )
        .unwrap();
    }
    for path in ["/v1/payments", "/v1/events", "/v1/events?type=payment.failed", "/v1/events?reference=user_1"] {
        let whole = walk(&app, path, 100, async || {}).await;
        assert!(whole.len() >= 23, "{path}");
        for limit in [1, 5, 24] {
            let mut written = 0;
            let paged = walk(&app, path, limit, async || {
                written += 1;
                // Newer than all, so it belongs before the first page.
                let at = app.clock.now().as_microsecond() + 1_000_000 + written;
                let id = format!("evt_new_{}_{limit}_{written}", path.len());
                let insert = "INSERT INTO events (id, kind, customer, object_id, cause, created_at, data)
                              VALUES (?1, 'payment.failed', 'ref:user_1', 'pay_1', ?1, ?2, '{}')";
                app.rows().execute(insert, (id, at)).unwrap();
            })
            .await;
            let unique: BTreeSet<_> = paged.iter().collect();
            assert_eq!(unique.len(), paged.len(), "{path}, {limit}: nothing twice");
            assert!(paged.ends_with(&whole), "{path}, {limit}: nothing is left out");
        }
    }
    let times: Vec<Value> = app.list("/v1/payments?limit=100").await["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["created_at"].clone())
        .collect();
    assert!(times.windows(2).all(|pair| pair[0].as_str() >= pair[1].as_str()), "{times:?}");
}

#[tokio::test]
async fn a_span_of_time_is_cut_where_it_was_asked() {
    let app = TestApp::start().await;
    app.bought("pro_monthly", Some("user_1")).await;
    let before = app.clock.now();
    app.clock.advance(Duration::from_hours(3));
    app.bought("desktop_license", Some("user_2")).await;
    let count = async |query: String| ids(&app.list(&format!("/v1/events?limit=100{query}")).await).len();
    let all = count(String::new()).await;
    let (old, new) = (count(format!("&until={before}")).await, count(format!("&since={before}")).await);
    assert!(old > 0 && new > 0 && old + new == all, "{old} + {new} = {all}");
    assert_eq!(count(format!("&since={before}&until={before}")).await, 0);
    let later = before + Duration::from_hours(9);
    assert_eq!(count(format!("&since={later}")).await, 0);
}

#[tokio::test]
async fn what_a_list_does_not_take_is_refused_with_its_name() {
    let app = TestApp::start().await;
    let mut asked = 0;
    for list in ["events", "deliveries", "payments", "subscriptions", "checkouts"] {
        for (query, code, pointer) in [
            ("colour=red", "unknown_field", "/colour"),
            ("limit=0", "out_of_range", "/limit"),
            ("limit=101", "out_of_range", "/limit"),
            ("limit=ten", "out_of_range", "/limit"),
            ("cursor=made-up", "cursor_invalid", "/cursor"),
            ("reference=", "filter_invalid", "/reference"),
            ("reference=a&reference=b", "filter_invalid", "/reference"),
        ] {
            let answer = app.merchant(&format!("/v1/{list}?{query}")).send().await.unwrap();
            let problem = assert_problem(answer, 422, code).await;
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{list}?{query}");
            asked += 1;
        }
    }
    for (path, code) in [
        ("/v1/events?type=Checkout.Paid", "filter_invalid"),
        ("/v1/events?since=2026-01-01", "filter_invalid"),
        ("/v1/deliveries?state=lost", "filter_invalid"),
        ("/v1/deliveries?target=a%20b", "filter_invalid"),
        ("/v1/payments?status=paid", "filter_invalid"),
        ("/v1/subscriptions?status=past-due", "filter_invalid"),
        ("/v1/checkouts?status=Paid", "filter_invalid"),
    ] {
        assert_problem(app.merchant(path).send().await.unwrap(), 422, code).await;
        asked += 1;
    }
    let slip = app.merchant("/v1/payments?status=succeded").send().await.unwrap();
    let error = &assert_problem(slip, 422, "filter_invalid").await["errors"][0];
    let states = json!(["waiting", "processing", "succeeded", "failed", "cancelled", "partial"]);
    assert_eq!((&error["did_you_mean"], &error["allowed"]), (&json!("succeeded"), &states));
    for path in ["/v1/events/evt_0", "/v1/deliveries/msg_0", "/v1/subscriptions/sub_0"] {
        assert_problem(app.merchant(path).send().await.unwrap(), 404, "not_found").await;
        asked += 1;
    }
    println!("{asked} wrong questions, each refused with its name");
}

#[tokio::test]
async fn a_message_is_sent_again_with_its_id_and_its_number() {
    let (app, merchant) = TestApp::with_quiet_endpoints().await;
    app.bought("pro_monthly", Some("user_4711")).await;
    let failed = Left { state: "dead", status_code: Some(500), error: Some("the answer was 500"), ..Left::default() };
    let dead = app.leave("subscription.started", &failed);
    let parked = app.leave("checkout.paid", &Left { state: "parked", target: "finance", ..Left::default() });
    let mail = app.leave("payment.succeeded", &Left { channel: "email", target: "receipt", ..Left::default() });

    assert_eq!(ids(&app.list("/v1/deliveries?state=dead").await), [dead.as_str()]);
    assert_eq!(ids(&app.list("/v1/deliveries?target=receipt").await), [mail.as_str()]);
    assert_eq!(ids(&app.list("/v1/deliveries?type=checkout.paid&target=finance").await), [parked.as_str()]);
    let theirs = ids(&app.list("/v1/deliveries?reference=user_4711").await);
    assert!([&dead, &parked, &mail].iter().all(|id| theirs.contains(id)), "{theirs:?}");
    assert_eq!(ids(&app.list("/v1/deliveries?reference=nobody").await), Vec::<String>::new());

    let before = app.list(&format!("/v1/deliveries/{dead}")).await;
    assert_eq!((&before["attempts"], &before["status_code"]), (&json!(11), &json!(500)));
    assert_eq!(before["body"]["type"], "subscription.started");
    assert_eq!(before["body"]["sequence"], before["sequence"]);
    assert_eq!(app.list(&format!("/v1/deliveries/{mail}")).await["body"], Value::Null);

    let post =
        |path: String| app.http.post(format!("{}{path}", app.ready().helper)).bearer_auth(&app.ready().secret_key);
    let replay = post(format!("/v1/deliveries/{dead}/replay")).send().await.unwrap();
    assert_eq!(read::<Value>(replay, 200).await, json!({"replayed": 1}));
    let after = app.arrived(&dead).await;
    assert_eq!((&after["id"], &after["sequence"]), (&before["id"], &before["sequence"]));
    assert_eq!(merchant.wait_for(1).await.len(), 1);

    let many = async |wanted: Value| -> Value {
        read(post("/v1/deliveries/replay".to_owned()).json(&wanted).send().await.unwrap(), 200).await
    };
    assert_eq!(many(json!({"state": "parked", "target": "crm"})).await, json!({"replayed": 0}), "another endpoint's");
    let tomorrow = app.clock.now() + Duration::from_hours(24);
    assert_eq!(many(json!({"state": "parked", "since": tomorrow.to_string()})).await, json!({"replayed": 0}));
    assert_eq!(many(json!({"state": "parked"})).await, json!({"replayed": 1}));
    app.arrived(&parked).await;
    for (wanted, pointer) in [
        (json!({"state": "queued"}), "/state"),
        (json!({"state": "dead", "target": "a b"}), "/target"),
        (json!({"state": "dead", "since": "today"}), "/since"),
    ] {
        let answer = post("/v1/deliveries/replay".to_owned()).json(&wanted).send().await.unwrap();
        assert_eq!(assert_problem(answer, 422, "filter_invalid").await["errors"][0]["pointer"], pointer);
    }
    // Nobody tells all of history again by leaving a field out.
    for wanted in [json!({"state": "delivered"}), json!({"state": "delivered", "target": "crm"})] {
        let answer = post("/v1/deliveries/replay".to_owned()).json(&wanted).send().await.unwrap();
        assert_eq!(assert_problem(answer, 422, "required").await["errors"][0]["pointer"], "/since");
    }
    let recent = json!({"state": "delivered", "target": "crm", "since": before["created_at"]});
    assert_eq!(many(recent).await, json!({"replayed": 1}));
    assert_problem(post("/v1/deliveries/msg_0/replay".to_owned()).send().await.unwrap(), 404, "not_found").await;
    assert_problem(post("/v1/events/evt_0/replay".to_owned()).send().await.unwrap(), 404, "not_found").await;
}

#[tokio::test]
async fn an_operator_reads_the_same_lists_at_the_operations_listener() {
    let app = TestApp::start().await;
    app.bought("pro_monthly", Some("user_4711")).await;
    for list in ["events", "deliveries", "payments", "subscriptions", "checkouts"] {
        let path = format!("/v1/{list}");
        let theirs: Value = read(app.operator(Method::GET, &path).send().await.unwrap(), 200).await;
        assert_eq!(ids(&theirs), ids(&app.list(&path).await), "{list}");
        // One key is not the other.
        let url = format!("{}{path}", app.ready().operations);
        let with_secret = app.http.get(&url).bearer_auth(&app.ready().secret_key).send().await.unwrap();
        assert_problem(with_secret, 401, "unauthorized").await;
        assert_problem(app.http.get(&url).send().await.unwrap(), 401, "unauthorized").await;
        let url = format!("{}{path}", app.ready().helper);
        let with_operators = app.http.get(&url).bearer_auth(&app.ready().operator_key).send().await.unwrap();
        assert_problem(with_operators, 401, "unauthorized").await;
    }
}

#[tokio::test]
async fn revenue_is_counted_once_however_often_it_is_told() {
    let app = TestApp::start().await;
    let line = "checkout_revenue_minor_units_total{currency=\"JPY\",kind=\"sale\"}";
    let before = app.metric(line).await.unwrap_or_default();
    let body = json!({"items": [{"price_id": "workshop_tokyo_seat"}], "customer": {"country": "JP"}});
    let quote: checkout_types::Quote = read(app.ask_quote(&body).await, 200).await;
    let created = app.checkout(&quote).await;
    app.pay(&created, GOOD_CARD).await;
    app.wait_for(&created, CheckoutStatus::Paid).await;
    let kept: String = app
        .rows()
        .query_row("SELECT CAST(body AS TEXT) FROM notices WHERE kind = 'payment.succeeded'", [], |row| row.get(0))
        .unwrap();
    let kept: Value = serde_json::from_str(&kept).unwrap();
    for time in 0..5 {
        assert_eq!(app.deliver(&format!("again-{time}"), &kept).await.status(), 200);
    }
    let after = app.metric(line).await.unwrap();
    let total = i32::try_from(quote.total.amount).unwrap();
    assert!((after - before - f64::from(total)).abs() < 0.5, "{before} to {after}, of {total}");
    assert!(app.metrics().await.contains("checkout_webhook_lag_seconds_bucket"));
}

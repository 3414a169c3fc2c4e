//! The provider's API: prices, refusals, lists.

use super::*;

fn cart(product_id: &str, country: &str) -> Value {
    json!({
        "product_cart": [{ "product_id": product_id, "quantity": 1 }],
        "billing_address": { "country": country },
    })
}

async fn total(world: &World, body: Value) -> Value {
    let (status, preview) = world.post("/checkouts/preview", body).await;
    assert_eq!(status, 200, "{preview}");
    preview["current_breakup"].clone()
}

#[tokio::test]
async fn totals_are_right_with_no_two_and_three_decimals() {
    let world = World::new().await;
    let sums = |subtotal: i64, discount: i64, tax: i64, total: i64| json!({ "subtotal": subtotal, "discount": discount, "tax": tax, "total_amount": total });
    assert_eq!(total(&world, cart(YEN, "JP")).await, sums(1_980, 0, 198, 2_178));
    assert_eq!(total(&world, cart(LICENCE, "DE")).await, sums(4_900, 0, 931, 5_831));
    assert_eq!(total(&world, cart(DINAR, "KW")).await, sums(12_345, 0, 0, 12_345));
    assert_eq!(total(&world, cart(DINAR, "SE")).await, sums(12_345, 0, 3_086, 15_431), "3,086.25");
    assert_eq!(total(&world, cart(PRO, "SE")).await, sums(2_900, 0, 580, 2_900), "the price holds the tax");
    assert_eq!(total(&world, cart(TRIAL, "SE")).await, sums(0, 0, 0, 0), "nothing during the trial");
    let mut in_yen = cart(LICENCE, "JP");
    in_yen["billing_currency"] = "JPY".into();
    assert_eq!(total(&world, in_yen).await, sums(7_350, 0, 735, 8_085));
    let mut flat = cart(LICENCE, "SE");
    flat["discount_code"] = "flat5".into();
    assert_eq!(total(&world, flat).await, sums(4_900, 500, 1_100, 5_500));
    let mut zip = cart(LICENCE, "US");
    zip["billing_address"]["zipcode"] = "94103".into();
    assert_eq!(total(&world, zip).await, sums(4_900, 0, 355, 5_255), "7.25 % of 49.00 is 3.5525");
    let mut reversed = cart(LICENCE, "SE");
    reversed["tax_id"] = "SE556677889901".into();
    assert_eq!(total(&world, reversed).await, sums(4_900, 0, 0, 4_900));
}

#[tokio::test]
async fn a_trial_says_what_comes_after_it() {
    let world = World::new().await;
    let (_, preview) = world.post("/checkouts/preview", cart(TRIAL, "SE")).await;
    assert_eq!(preview["trial_period_days"], 14);
    assert_eq!(preview["subscriptions"][0]["amount_due_now"], 0);
    assert_eq!(preview["subscriptions"][0]["recurring_amount"], 3_625);
    assert_eq!(preview["recurring_breakup"]["tax"], 725);
    assert_eq!(preview["product_cart"][0]["discounted_price"], 2_900);
    let session = world.session(cart(TRIAL, "SE")).await;
    let (_, paid) = world.pay(&session, PAYS).await;
    let payment = world.get(&format!("/payments/{}", paid["payment_id"].as_str().unwrap())).await;
    assert_eq!([&payment["status"], &payment["total_amount"]], [&json!("succeeded"), &json!(0)]);
}

#[tokio::test]
async fn a_refusal_has_the_providers_code() {
    let world = World::new().await;
    let with = |name: &str, value: Value| {
        let mut body = licence_cart();
        body[name] = value;
        body
    };
    let line = |value: Value| with("product_cart", json!([value]));
    for (status, code, body) in [
        (422, "PRODUCT_CART_EMTPY", with("product_cart", json!([]))),
        (422, "INVALID_REQUEST_BODY", json!({})),
        (422, "INVALID_REQUEST_BODY", line(json!({ "product_id": LICENCE, "quantity": 0 }))),
        (422, "INVALID_REQUEST_BODY", line(json!({ "product_id": LICENCE, "quantity": -1 }))),
        (404, "NOT_FOUND", line(json!({ "product_id": "pdt_gone", "quantity": 1 }))),
        (
            404,
            "NOT_FOUND",
            line(json!({
                "product_id": LICENCE, "quantity": 1, "addons": [{ "addon_id": SEAT, "quantity": 1 }],
            })),
        ),
        (422, "INVALID_QUANTITY", line(json!({ "product_id": METERED, "quantity": 2 }))),
        (422, "UNSUPPORTED_COUNTRY", with("billing_address", json!({ "country": "KP" }))),
        (422, "UNSUPPORTED_BILLING_CURRENCY", with("billing_currency", json!("XXX"))),
        (422, "EXCHANGE_RATE_NOT_FOUND", with("billing_currency", json!("XOF"))),
        (422, "INVALID_DISCOUNT_CODE", with("discount_codes", json!(["STAFF100"]))),
        (422, "DISCOUNT_CODE_EXPIRED", with("discount_codes", json!(["EXPIRED10"]))),
        (422, "DISCOUNT_CODE_USAGE_LIMIT_EXCEEDED", with("discount_codes", json!(["USEDUP"]))),
        (422, "MAXIMUM_KEYS_REACHED", with("metadata", (0..51).map(|n| (format!("k{n}"), json!(1))).collect())),
        (422, "INVALID_REQUEST_BODY", with("metadata", json!({ "nested": {} }))),
        (422, "INVALID_REQUEST_BODY", with("return_url", json!("javascript:alert(1)"))),
        (422, "INVALID_TAX_ID", with("tax_id", json!("SE1"))),
        (404, "NOT_FOUND", with("customer", json!({ "customer_id": "cus_of_somebody" }))),
        (422, "INVALID_REQUEST_BODY", with("payment_method_id", json!("pm_1"))),
        (422, "INVALID_REQUEST_BODY", with("subscription_data", json!({ "trial_period_days": 10_001 }))),
    ] {
        let (answered, refused) = world.post("/checkouts", body.clone()).await;
        assert_eq!((answered, refused["code"].as_str()), (status, Some(code)), "{body}");
        assert!(refused["message"].is_string());
    }
    assert!(world.sandbox.checkout_bodies().is_empty());
}

#[tokio::test]
async fn too_much_cannot_be_counted() {
    let world = World::new().await;
    world.scenario(json!({ "price_change": { "product_id": LICENCE, "price": 9_007_199_254_740_991_i64 } })).await;
    let mut body = licence_cart();
    body["product_cart"][0]["quantity"] = 2.into();
    let (status, refused) = world.post("/checkouts", body).await;
    assert_eq!((status, refused["code"].as_str()), (422, Some("INTEGER_CONVERSION_FAILURE")));
}

#[tokio::test]
async fn too_little_cannot_be_charged() {
    let world = World::new().await;
    world.scenario(json!({ "price_change": { "product_id": LICENCE, "price": 39 } })).await;
    let (status, refused) = world.post("/checkouts", licence_cart()).await;
    assert_eq!((status, refused["code"].as_str()), (422, Some("TOTAL_PAYMENT_AMOUNT_BELOW_MINIMUM_AMOUNT")));
}

#[tokio::test]
async fn nothing_is_said_without_the_key() {
    let world = World::new().await;
    for path in ["/payments", "/checkouts/x", "/nothing"] {
        let answer = world.request(Method::GET, path).bearer_auth("wrong").send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], "UNAUTHORIZED");
    }
    let (status, body) = world.send(Method::GET, "/nothing", None).await;
    assert_eq!((status, body["code"].as_str()), (404, Some("NOT_FOUND")));
}

#[tokio::test]
async fn lists_are_paged_from_zero() {
    let world = World::new().await;
    for _ in 0..3 {
        let session = world.licence().await;
        world.pay(&session, PAYS).await;
    }
    let all = world.get("/payments").await["items"].clone();
    let ids = |list: &Value| list.as_array().unwrap().iter().map(|row| row["payment_id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&all).len(), 3);
    assert_eq!(ids(&world.get("/payments?page_size=2").await["items"]), ids(&all)[..2]);
    assert_eq!(ids(&world.get("/payments?page_size=2&page_number=1").await["items"]), ids(&all)[2..]);
    assert_eq!(ids(&world.get("/payments?page_number=9").await["items"]), Vec::<Value>::new());
    assert_eq!(ids(&world.get("/payments?created_at_gte=2100-01-01T00:00:00Z").await["items"]), Vec::<Value>::new());
    for bad in ["page_size=0", "page_size=101", "page_number=x", "created_at_gte=yesterday"] {
        let (status, body) = world.send(Method::GET, &format!("/payments?{bad}"), None).await;
        assert_eq!((status, body["code"].as_str()), (422, Some("INVALID_QUERY_PARAMS")), "{bad}");
    }
}

#[tokio::test]
async fn customers_are_made_found_and_changed() {
    let world = World::new().await;
    let new = json!({ "email": "a@example.com", "name": "A", "metadata": { "app_user_id": "u_1" } });
    let (_, first) = world.post("/customers", new.clone()).await;
    let (_, second) = world.post("/customers", new).await;
    assert_ne!(first["customer_id"], second["customer_id"], "not idempotent by e-mail");
    let path = format!("/customers/{}", first["customer_id"].as_str().unwrap());
    let (_, changed) = world.send(Method::PATCH, &path, Some(json!({ "name": "B" }))).await;
    assert_eq!([&changed["name"], &changed["email"]], ["B", "a@example.com"]);
    assert_eq!(world.get(&path).await, changed);
    assert_eq!(world.get("/customers?email=a@example.com").await["items"].as_array().unwrap().len(), 2);
    let (status, _) = world.post("/customers", json!({ "email": "no", "name": "" })).await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn requests_are_counted_by_route() {
    let world = World::new().await;
    world.licence().await;
    world.get("/payments").await;
    world.send(Method::GET, "/payments/pay_1", None).await;
    assert_eq!(world.sandbox.request_count("POST /checkouts"), 1);
    assert_eq!(world.sandbox.request_count("GET /payments/{id}"), 1);
    assert_eq!(world.sandbox.request_count("POST /checkouts/preview"), 0);
}

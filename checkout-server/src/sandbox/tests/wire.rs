//! The provider's shapes, field by field, against recorded bodies (`tests/fixtures/dodo`).

use super::*;

pub(super) fn fixture(name: &str) -> Value {
    let path = format!("{}/../tests/fixtures/dodo/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap()
}

/// Both have the same fields, in depth, and each field the same kind of value; `null` goes with
/// anything, an empty list with any list, and metadata is the merchant's own.
pub(super) fn same_shape(ours: &Value, theirs: &Value, path: &str) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) if !path.ends_with("metadata") => {
            let keys = |map: &serde_json::Map<String, Value>| {
                let mut keys: Vec<_> = map.keys().cloned().collect();
                keys.sort();
                keys
            };
            assert_eq!(keys(ours), keys(theirs), "fields of {path}");
            for (key, value) in ours {
                same_shape(value, &theirs[key], &format!("{path}.{key}"));
            }
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            if let Some(theirs) = theirs.first() {
                for row in ours {
                    same_shape(row, theirs, &format!("{path}[]"));
                }
            }
        }
        (ours, theirs) => {
            let kind = |value: &Value| std::mem::discriminant(value);
            let either_null = ours.is_null() || theirs.is_null();
            assert!(either_null || kind(ours) == kind(theirs), "{path}: {ours} is not like {theirs}");
        }
    }
}

async fn shape(world: &World, path: &str, name: &str) {
    same_shape(&world.get(path).await, &fixture(name), name);
}

/// Someone who bought the licence and, with a code and two seats, the subscription.
async fn bought() -> (World, Value) {
    let world = World::new().await;
    let session = world.licence().await;
    world.pay(&session, PAYS).await;
    let mut cart = licence_cart();
    cart["product_cart"] =
        json!([{ "product_id": PRO, "quantity": 1, "addons": [{ "addon_id": SEAT, "quantity": 2 }] }]);
    cart["discount_codes"] = json!(["LAUNCH20"]);
    let (_, preview) = world.post("/checkouts/preview", cart.clone()).await;
    let session = world.session(cart).await;
    world.pay(&session, PAYS).await;
    (world, preview)
}

#[tokio::test]
async fn every_answer_has_the_providers_shape() {
    let (world, preview) = bought().await;
    same_shape(&preview, &fixture("resp.checkouts.preview.subscription"), "preview");
    let (_, preview) = world.post("/checkouts/preview", licence_cart()).await;
    same_shape(&preview, &fixture("resp.checkouts.preview"), "preview");
    let (_, session) = world.post("/checkouts", licence_cart()).await;
    same_shape(&session, &fixture("resp.checkouts.create"), "session");

    let payments = world.get("/payments").await;
    same_shape(&payments, &fixture("resp.payments.list"), "payments");
    let once = payments["items"][1]["payment_id"].as_str().unwrap();
    let session = payments["items"][1]["checkout_session_id"].as_str().unwrap();
    let customer = payments["items"][1]["customer"]["customer_id"].as_str().unwrap();
    shape(&world, &format!("/payments/{once}"), "resp.payments.get").await;
    shape(&world, &format!("/payments/{once}/line-items"), "resp.payments.line_items").await;
    shape(&world, &format!("/checkouts/{session}"), "resp.checkouts.get.paid").await;
    shape(&world, &format!("/customers/{customer}"), "resp.customers.get").await;
    shape(&world, &format!("/customers/{customer}/payment-methods"), "resp.customers.payment_methods").await;

    let subscriptions = world.get("/subscriptions").await;
    let mut theirs = fixture("resp.subscriptions.list");
    // On the wire a row's discounts are short; ours say more, which readers must take.
    theirs["items"][0]["discounts"] = json!([]);
    same_shape(&subscriptions, &theirs, "subscriptions");
    let id = subscriptions["items"][0]["subscription_id"].as_str().unwrap();
    shape(&world, &format!("/subscriptions/{id}"), "resp.subscriptions.get").await;

    for (id, name) in [(LICENCE, "one_time"), (PRO, "recurring"), (METERED, "usage_based")] {
        shape(&world, &format!("/products/{id}"), &format!("resp.products.get.{name}")).await;
    }
    let mut rows = world.get("/products?recurring=true").await;
    rows["items"].as_array_mut().unwrap().truncate(1);
    same_shape(&rows, &fixture("resp.products.list"), "products");
    shape(&world, &format!("/addons/{SEAT}"), "resp.addons.get").await;
    shape(&world, "/discounts/code/launch20", "resp.discounts.get").await;
    shape(&world, "/discounts/code/FLAT5", "resp.discounts.get.flat").await;
    shape(&world, "/webhooks", "resp.webhooks.list").await;
    shape(&world, "/webhooks/whk_0NSandboxEndpoint0001", "resp.webhooks.get").await;
    assert_eq!(world.get("/webhooks/whk_0NSandboxEndpoint0001/secret").await, json!({ "secret": SECRET }));
}

#[tokio::test]
async fn every_event_has_the_providers_shape() {
    let (world, _) = bought().await;
    for hook in world.webhooks(4).await {
        let name = hook.body["type"].as_str().unwrap();
        match name {
            "payment.succeeded" if hook.body["data"]["product_cart"].is_array() => {
                same_shape(&hook.body, &fixture(&format!("webhook.{name}")), name);
            }
            "subscription.renewed" => same_shape(&hook.body, &fixture(&format!("webhook.{name}")), name),
            _ => {}
        }
    }
}

#[tokio::test]
async fn the_whole_documented_request_is_taken() {
    let world = World::new().await;
    let mut body = fixture("req.checkouts.create.full");
    body["product_cart"][0]["product_id"] = PRO.into();
    body["product_cart"][0]["addons"][0]["addon_id"] = SEAT.into();
    body["product_cart"][1]["product_id"] = LICENCE.into();
    let (status, answer) = world.post("/checkouts", body.clone()).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(world.sandbox.checkout_bodies(), [body], "kept as it came");
}

#[tokio::test]
async fn a_preview_of_recorded_carts_gives_the_recorded_amounts() {
    let world = World::new().await;
    let (_, ours) = world.post("/checkouts/preview", licence_cart()).await;
    let theirs = fixture("resp.checkouts.preview");
    assert_eq!(ours["current_breakup"], theirs["current_breakup"]);
    for field in ["og_price", "discounted_price", "tax", "tax_rate"] {
        assert_eq!(ours["product_cart"][0][field], theirs["product_cart"][0][field], "{field}");
    }
    let (_, ours) = bought().await;
    let theirs = fixture("resp.checkouts.preview.subscription");
    for field in ["current_breakup", "recurring_breakup", "total_price", "total_tax", "tax_id_format_name"] {
        assert_eq!(ours[field], theirs[field], "{field}");
    }
    for field in ["og_price", "discounted_price", "tax", "tax_rate", "discount_amount", "discount_cycle"] {
        assert_eq!(ours["product_cart"][0][field], theirs["product_cart"][0][field], "{field}");
    }
    for field in ["og_price", "discounted_price", "tax", "single_quantity_price", "quantity"] {
        let (ours, theirs) = (&ours["product_cart"][0]["addons"][0], &theirs["product_cart"][0]["addons"][0]);
        assert_eq!(ours[field], theirs[field], "{field}");
    }
}

#[tokio::test]
async fn what_is_confirmed_has_a_payment_at_once() {
    let world = World::new().await;
    let mut body = licence_cart();
    body["confirm"] = true.into();
    let (_, created) = world.post("/checkouts", body.clone()).await;
    let payment_id = created["payment_id"].as_str().unwrap();
    assert!(created["client_secret"].as_str().unwrap().starts_with(payment_id));
    assert_eq!(world.get(&format!("/payments/{payment_id}")).await["status"], "requires_payment_method");
    let (_, paid) = world.pay(created["session_id"].as_str().unwrap(), PAYS).await;
    assert_eq!(paid["payment_id"], payment_id, "the same payment");

    let payment = world.get(&format!("/payments/{payment_id}")).await;
    body["customer"] = json!({ "customer_id": payment["customer"]["customer_id"] });
    body["payment_method_id"] = payment["payment_method_id"].clone();
    let (status, again) = world.post("/checkouts", body.clone()).await;
    assert_eq!((status, &again["checkout_url"]), (200, &Value::Null), "{again}");
    assert_eq!(
        world.get(&format!("/checkouts/{}", again["session_id"].as_str().unwrap())).await["payment_status"],
        "succeeded"
    );
    body["payment_method_id"] = "pm_of_somebody_else".into();
    let (status, refused) = world.post("/checkouts", body).await;
    assert_eq!((status, refused["code"].as_str()), (404, Some("NOT_FOUND")));
}

#[test]
fn ids_look_like_the_providers() {
    let id = crate::sandbox::new_id("cks");
    assert_eq!(id.len(), 25, "what the provider's browser script looks for");
    assert!(id.starts_with("cks_0N"));
}

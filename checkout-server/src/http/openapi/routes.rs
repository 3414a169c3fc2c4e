//! What each public route needs, takes and answers, for the OpenAPI document. A test compares this
//! list with the router's.

use super::route::{
    ANY, Answer, BODY, Body, CART, CHECKOUT_ID, CURSOR, EVENTS, HTML, IDEMPOTENCY_KEY, JSON, LIMIT, LIST,
    MEND_TOKEN, OF_CHECKOUT, OF_CUSTOMER, ONE, ORDER, PAGE, PRICE_ID, PROOF, Parameter, READ, REFERENCE, Route,
    SINCE, TYPE, ok, path, query,
};
use crate::error::Code::{
    PathInvalid, NotFound, LinkBroken, LinkExpired, RefundCurrencyMismatch, UnsupportedMediaType,
    UnsupportedEncoding, BodyTooLarge, BodyTimeout, BodyMalformed, Unauthorized, CustomerTokenInvalid,
    FilterInvalid, TextInvalid, CardDataRefused, EmailInvalid, IdempotencyKeyMissing, IdempotencyKeyInvalid,
    IdempotencyKeyReused, IdempotencyInProgress, ProviderUnknown, ProviderUnavailable, StorageUnavailable,
    WebhookHeaderMissing, WebhookTimestampOutOfTolerance, WebhookSignatureInvalid, WidgetNotBuilt,
    UnknownEntitlement, PaymentNotRefundable, RefundExceedsPayment,
};

/// Every public route, in the order of `http.rs`.
pub(super) const ROUTES: &[Route] = &[
    Route {
        method: "GET", path: "/v1/catalog", id: "show_catalog", summary: "What may be shown",
        who: &["page", "secret_key"], parameters: &[], body: None,
        answers: &[ok("Products, prices and plans.", JSON, Some("Catalog"))],
        problems: &[ANY, PAGE], is_for_people: false,
    },
    Route {
        method: "POST", path: "/v1/quotes", id: "create_quote", summary: "What a cart costs",
        who: &["page", "secret_key"], parameters: &[PROOF],
        body: Some(Body {
            kind: JSON, schema: Some("QuoteRequest"),
            example: r#"{"items":[{"price_id":"pro_monthly","quantity":1}],"customer":{"country":"DE"}}"#,
        }),
        answers: &[ok("The quote, with the token that orders it.", JSON, Some("Quote"))],
        problems: &[ANY, PAGE, BODY, CART], is_for_people: false,
    },
    Route {
        method: "POST", path: "/v1/checkouts", id: "create_checkout", summary: "Order what was quoted",
        who: &["page", "secret_key"], parameters: &[IDEMPOTENCY_KEY, PROOF],
        body: Some(Body {
            kind: JSON, schema: Some("CheckoutRequest"),
            example: r#"{"quote_token":"eyJ…","customer":{"email":"ada@example.com","name":"Ada Lovelace"}}"#,
        }),
        answers: &[Answer {
            status: 201, says: "The checkout and where it is paid; byte for byte the same for the same key.", kind: JSON,
            schema: Some("CreatedCheckout"), headers: &["Idempotent-Replayed"],
        }],
        problems: &[ANY, PAGE, BODY, CART, ORDER], is_for_people: false,
    },
    Route {
        method: "GET", path: "/v1/checkouts", id: "list_checkouts", summary: "Orders, newest first",
        who: &["secret_key"],
        parameters: &[
            query("status", "open, processing, paid, fulfilled, failed, canceled, expired or needs_review."), REFERENCE,
            LIMIT, CURSOR,
        ],
        body: None, answers: &[ok("A page of them.", JSON, Some("Page_ListedCheckout"))],
        problems: &[ANY, LIST], is_for_people: false,
    },
    Route {
        method: "GET", path: "/v1/checkouts/{id}", id: "show_checkout", summary: "Where a checkout stands",
        who: &["page+client_secret", "client_secret", "secret_key"], parameters: &[CHECKOUT_ID], body: None,
        answers: &[ok("Its state. customer_reference is for the secret key alone.", JSON, Some("MerchantCheckout"))],
        problems: &[ANY, READ], is_for_people: false,
    },
    Route {
        method: "GET", path: "/v1/checkouts/{id}/events", id: "follow_checkout", summary: "Where it stands, as it changes",
        who: &["page+client_secret", "client_secret", "secret_key"], parameters: &[CHECKOUT_ID], body: None,
        answers: &[ok("Server-sent events named `checkout`: at once, then each change.", EVENTS, None)],
        problems: &[ANY, READ], is_for_people: false,
    },
    Route {
        method: "GET", path: "/v1/customer", id: "show_customer", summary: "Who is signed in, to fill the form in",
        who: &["page+customer_token"], parameters: &[], body: None,
        answers: &[ok("As the token says.", JSON, Some("SignedInCustomer"))],
        problems: &[ANY, PAGE, &[CustomerTokenInvalid]], is_for_people: false,
    },
    Route {
        method: "POST", path: "/v1/customer-tokens", id: "create_customer_token",
        summary: "Say who is signed in, from your server", who: &["secret_key"], parameters: &[],
        body: Some(Body {
            kind: JSON, schema: Some("CustomerTokenRequest"),
            example: r#"{"reference":"user_4711","email":"ada@example.com","expires_in":900}"#,
        }),
        answers: &[Answer {
            status: 201, says: "The token.", kind: JSON, schema: Some("CustomerToken"), headers: &[],
        }],
        problems: &[ANY, BODY, &[Unauthorized, EmailInvalid]], is_for_people: false,
    },
    Route {
        method: "GET", path: "/v1/customers/{reference}/entitlements", id: "show_entitlements",
        summary: "What a customer may use, from your server", who: &["secret_key"],
        parameters: &[OF_CUSTOMER, query("name", "One name of the catalog's grants alone.")], body: None,
        answers: &[ok("Every name that the catalog knows; `none` where nothing gives it.", JSON, Some("Entitlements"))],
        problems: &[
            ANY, &[PathInvalid, Unauthorized, TextInvalid, CardDataRefused, UnknownEntitlement, StorageUnavailable],
        ],
        is_for_people: false,
    },
    Route {
        method: "POST", path: "/v1/customers/{reference}/claims", id: "claim_guest_purchases",
        summary: "Give guests' purchases to the customer whose address you have verified", who: &["secret_key"],
        parameters: &[OF_CUSTOMER],
        body: Some(Body { kind: JSON, schema: Some("ClaimRequest"), example: r#"{"email":"ada@example.com"}"# }),
        answers: &[ok("The checkouts that are this customer's by that address.", JSON, Some("Claimed"))],
        problems: &[ANY, BODY, &[PathInvalid, Unauthorized, EmailInvalid, StorageUnavailable]],
        is_for_people: false,
    },
    Route {
        method: "GET", path: "/v1/deliveries", id: "list_deliveries",
        summary: "Messages to your endpoints, and mails, newest first", who: &["secret_key"],
        parameters: &[
            query("state", "queued, leased, delivered, parked, dead or canceled."),
            query("target", "The endpoint's name, or the mail's template."), TYPE, REFERENCE,
            query("event", "evt_…: of that event."), SINCE, LIMIT, CURSOR,
        ],
        body: None, answers: &[ok("A page of them.", JSON, Some("Page_Delivery"))],
        problems: &[ANY, LIST], is_for_people: false,
    },
    Route {
        method: "POST", path: "/v1/deliveries/replay", id: "replay_deliveries",
        summary: "Send all messages of a state to endpoints again, with the same ids", who: &["secret_key"], parameters: &[],
        body: Some(Body {
            kind: JSON, schema: Some("ReplayRequest"),
            example: r#"{"state":"dead","target":"crm","since":"2026-11-01T00:00:00Z"}"#,
        }),
        answers: &[ok("How many are in the queue again.", JSON, Some("Replayed"))],
        problems: &[ANY, BODY, &[Unauthorized, FilterInvalid, StorageUnavailable]], is_for_people: false,
    },
    Route {
        method: "GET", path: "/v1/deliveries/{id}", id: "show_delivery", summary: "One message and what it says",
        who: &["secret_key"], parameters: &[path("id", "msg_…")], body: None,
        answers: &[ok("The message.", JSON, Some("DeliveryDetail"))], problems: &[ANY, ONE], is_for_people: false,
    },
    Route {
        method: "POST", path: "/v1/deliveries/{id}/replay", id: "replay_delivery",
        summary: "Send a message again, with the same id", who: &["secret_key"], parameters: &[path("id", "msg_…")],
        body: None, answers: &[ok("1, or 0 where it waits already.", JSON, Some("Replayed"))],
        problems: &[ANY, ONE], is_for_people: false,
    },
    Route {
        method: "GET", path: "/v1/events", id: "list_events", summary: "What happened, newest first",
        who: &["secret_key"],
        parameters: &[TYPE, REFERENCE, SINCE, query("until", "RFC 3339; up to then."), LIMIT, CURSOR],
        body: None, answers: &[ok("A page of them, without what they say.", JSON, Some("Page_Event"))],
        problems: &[ANY, LIST], is_for_people: false,
    },
    Route {
        method: "GET", path: "/v1/events/{id}", id: "show_event", summary: "One event, what it says and whom it was told",
        who: &["secret_key"], parameters: &[path("id", "evt_…")], body: None,
        answers: &[ok("The event.", JSON, Some("EventDetail"))], problems: &[ANY, ONE], is_for_people: false,
    },
    Route {
        method: "POST", path: "/v1/events/{id}/replay", id: "replay_event",
        summary: "Tell an event again, with the same ids", who: &["secret_key"], parameters: &[path("id", "evt_…")],
        body: None, answers: &[ok("How many messages are in the queue again.", JSON, Some("Replayed"))],
        problems: &[ANY, ONE], is_for_people: false,
    },
    Route {
        method: "GET", path: "/v1/payments", id: "list_payments", summary: "Payments, newest first",
        who: &["secret_key"],
        parameters: &[
            query("status", "waiting, processing, succeeded, failed, cancelled or partial."), REFERENCE, OF_CHECKOUT,
            LIMIT, CURSOR,
        ],
        body: None, answers: &[ok("A page of them.", JSON, Some("Page_Payment"))],
        problems: &[ANY, LIST], is_for_people: false,
    },
    Route {
        method: "POST", path: "/v1/payments/{id}/refunds", id: "create_refund",
        summary: "Give a payment back, or a part of it", who: &["secret_key"],
        parameters: &[path("id", "The provider's id of the payment."), IDEMPOTENCY_KEY],
        body: Some(Body {
            kind: JSON, schema: Some("RefundRequest"),
            example: r#"{"amount":{"amount":500,"currency":"EUR"},"reason":"Bought twice by mistake"}"#,
        }),
        answers: &[Answer {
            status: 201, says: "The refund, pending; byte for byte the same for the same key. See show_refund.",
            kind: JSON, schema: Some("Refund"), headers: &["Idempotent-Replayed"],
        }],
        problems: &[ANY, BODY, &[
            Unauthorized, PathInvalid, NotFound, IdempotencyKeyMissing, IdempotencyKeyInvalid, IdempotencyKeyReused,
            IdempotencyInProgress, PaymentNotRefundable, RefundExceedsPayment,
            RefundCurrencyMismatch, StorageUnavailable,
        ]],
        is_for_people: false,
    },
    Route {
        method: "GET", path: "/v1/refunds/{id}", id: "show_refund", summary: "Where a refund stands",
        who: &["secret_key"], parameters: &[path("id", "int_…")], body: None,
        answers: &[ok("The refund as it is now.", JSON, Some("Refund"))],
        problems: &[ANY, &[Unauthorized, PathInvalid, NotFound, StorageUnavailable]], is_for_people: false,
    },
    Route {
        method: "GET", path: "/v1/subscriptions", id: "list_subscriptions", summary: "Subscriptions, newest first",
        who: &["secret_key"],
        parameters: &[
            query("status", "pending, active, on_hold, past_due, paused, cancelled, failed or expired."), REFERENCE,
            OF_CHECKOUT, LIMIT, CURSOR,
        ],
        body: None, answers: &[ok("A page of them.", JSON, Some("Page_Subscription"))],
        problems: &[ANY, LIST], is_for_people: false,
    },
    Route {
        method: "GET", path: "/v1/subscriptions/{id}", id: "show_subscription", summary: "One subscription",
        who: &["secret_key"], parameters: &[path("id", "The provider's id.")], body: None,
        answers: &[ok("As the provider told of it.", JSON, Some("Subscription"))], problems: &[ANY, ONE],
        is_for_people: false,
    },
    Route {
        method: "GET", path: "/pay/{price_id}", id: "show_pay_page", summary: "Buy without any script",
        who: &[""],
        parameters: &[
            PRICE_ID, query("quantity", "Fills the form in."), query("email", "Fills the form in."),
            query("country", "Fills the form in."), query("embed", "1 inside of the widget's frame."),
        ],
        body: None, answers: &[ok("The page.", HTML, None)],
        problems: &[ANY, &[PathInvalid, NotFound]], is_for_people: true,
    },
    Route {
        method: "POST", path: "/pay/{price_id}", id: "submit_pay_page", summary: "The page's form", who: &[""],
        parameters: &[PRICE_ID],
        body: Some(Body {
            kind: "application/x-www-form-urlencoded", schema: None,
            example: r#""quantity=1&email=ada%40example.com&country=DE&step=review""#,
        }),
        answers: &[
            ok("The page, with the price.", HTML, None),
            Answer { status: 303, says: "On to the payment page.", kind: "", schema: None, headers: &["Location"] },
        ],
        problems: &[ANY, PAGE, BODY, CART, ORDER, &[PathInvalid, NotFound]], is_for_people: true,
    },
    Route {
        method: "GET", path: "/c/{id}", id: "show_status_page", summary: "Where an order stands, for its buyer",
        who: &[""],
        parameters: &[
            CHECKOUT_ID, query("t", "The token of the address that the buyer came back to."),
            query("canceled", "1 after giving up."),
        ],
        body: None, answers: &[ok("The page.", HTML, None)],
        problems: &[ANY, &[PathInvalid, NotFound, StorageUnavailable]], is_for_people: true,
    },
    Route {
        method: "GET", path: "/mend/{token}", id: "show_mend_page",
        summary: "What is owed for a subscription, for whoever has the link of a mail", who: &[""],
        parameters: &[MEND_TOKEN, query("done", "1 for who comes back from the payment page.")], body: None,
        answers: &[ok("The page.", HTML, None)],
        problems: &[ANY, &[PathInvalid, LinkBroken, LinkExpired, StorageUnavailable]], is_for_people: true,
    },
    Route {
        method: "POST", path: "/mend/{token}", id: "mend_payment", summary: "The page's button: a fresh page for a new card",
        who: &[""], parameters: &[MEND_TOKEN],
        body: Some(Body { kind: "application/x-www-form-urlencoded", schema: None, example: r#""""# }),
        answers: &[
            ok("The page, where nothing is owed any more.", HTML, None),
            Answer { status: 303, says: "On to the payment page.", kind: "", schema: None, headers: &["Location"] },
        ],
        problems: &[
            ANY, PAGE, &[PathInvalid, LinkBroken, LinkExpired, StorageUnavailable, ProviderUnavailable, ProviderUnknown],
            &[BodyMalformed, BodyTimeout, BodyTooLarge, UnsupportedMediaType, UnsupportedEncoding],
        ],
        is_for_people: true,
    },
    Route {
        method: "GET", path: "/problems/{code}", id: "explain_problem", summary: "What a code means, and what helps",
        who: &[""], parameters: &[path("code", "Such as cart-invalid.")], body: None,
        answers: &[ok("The page.", HTML, None)], problems: &[ANY, &[PathInvalid, NotFound]], is_for_people: false,
    },
    Route {
        method: "GET", path: "/pages.css", id: "show_stylesheet", summary: "The pages' stylesheet", who: &[""],
        parameters: &[], body: None, answers: &[ok("The stylesheet.", "text/css; charset=utf-8", None)],
        problems: &[ANY], is_for_people: false,
    },
    Route {
        method: "GET", path: "/openapi.json", id: "show_openapi", summary: "This document", who: &[""],
        parameters: &[], body: None, answers: &[ok("OpenAPI 3.1.", JSON, None)], problems: &[ANY],
        is_for_people: false,
    },
    Route {
        method: "GET", path: "/checkout.js", id: "show_loader", summary: "The widget's loader", who: &[""],
        parameters: &[], body: None,
        answers: &[
            ok("The script.", "text/javascript; charset=utf-8", None),
            Answer { status: 304, says: "The one that you have.", kind: "", schema: None, headers: &["ETag"] },
        ],
        problems: &[ANY, &[WidgetNotBuilt]], is_for_people: false,
    },
    Route {
        method: "GET", path: "/assets/{hash}/{path}", id: "show_asset", summary: "A file of the widget, kept for ever",
        who: &[""], parameters: &[path("hash", "Of this build."), path("path", "The file.")], body: None,
        answers: &[ok("The file.", "*/*", None)], problems: &[ANY, &[PathInvalid, NotFound, WidgetNotBuilt]],
        is_for_people: false,
    },
    Route {
        method: "GET", path: "/csp", id: "show_csp", summary: "What a page's Content-Security-Policy must allow",
        who: &[""], parameters: &[], body: None,
        answers: &[ok("As text; as JSON where Accept asks for it.", "text/plain; charset=utf-8", None)],
        problems: &[ANY], is_for_people: false,
    },
    Route {
        method: "POST", path: "/webhooks/dodo", id: "accept_webhook", summary: "What the provider tells",
        who: &["webhook_signature"],
        parameters: &[
            Parameter { place: "header", name: "Webhook-Id", pattern: None, required: true, says: "The same on every repeat." },
            Parameter {
                place: "header", name: "Webhook-Timestamp", pattern: Some("^[1-9][0-9]{0,11}$"), required: true,
                says: "Unix seconds of this attempt.",
            },
        ],
        body: Some(Body { kind: JSON, schema: None, example: r#"{"type":"payment.succeeded","data":{}}"# }),
        answers: &[Answer { status: 200, says: "Kept.", kind: "", schema: None, headers: &[] }],
        problems: &[
            ANY, &[UnsupportedEncoding, BodyMalformed, BodyTimeout, BodyTooLarge, WebhookHeaderMissing],
            &[WebhookTimestampOutOfTolerance, WebhookSignatureInvalid, StorageUnavailable],
        ],
        is_for_people: false,
    },
];

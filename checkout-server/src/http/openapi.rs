//! `GET /openapi.json`: the whole public interface as OpenAPI 3.1, written from the code. Types and
//! their limits come from `checkout-types`, problems from the table in `error/codes.rs`, and what
//! each route needs and answers from `openapi/routes.rs`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use checkout_types as types;
use utoipa::ToSchema;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder, ParameterBuilder, ParameterIn, Paths};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    Components, ComponentsBuilder, ContentBuilder, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, Ref, RefOr,
    Required, Schema, Type,
};

use crate::error::Code;

#[rustfmt::skip] // a table reads better as one
mod route;
#[rustfmt::skip]
mod routes;

use route::{Answer, Body, EVENTS, Parameter, Route};
use routes::ROUTES;

static DOCUMENT: LazyLock<String> = LazyLock::new(document);

pub(super) async fn show() -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
    ];
    (headers, DOCUMENT.as_str()).into_response()
}

/// The document, as it is committed in `docs/openapi.json`.
#[must_use]
pub fn document() -> String {
    let mut text = described().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

fn described() -> OpenApi {
    let mut paths = Paths::new();
    for route in ROUTES {
        paths.add_path_operation(route.path, vec![method(route.method)], operation(route));
    }
    let info = InfoBuilder::new()
        .title("Checkout helper")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("What pages, merchants' servers and the payment provider may ask. Errors are explained in docs/problems.md and at /problems/{code}."));
    OpenApiBuilder::new().info(info.build()).paths(paths).components(Some(components())).build()
}

fn method(name: &str) -> HttpMethod {
    if name == "POST" { HttpMethod::Post } else { HttpMethod::Get }
}

fn operation(route: &Route) -> Operation {
    let mut operation = OperationBuilder::new().operation_id(Some(route.id)).summary(Some(route.summary));
    for schemes in route.who {
        let all = schemes.split('+').filter(|scheme| !scheme.is_empty());
        let needs =
            all.fold(SecurityRequirement::default(), |needs, scheme| needs.add::<_, [&str; 0], &str>(scheme, []));
        operation = operation.security(needs);
    }
    for parameter in route.parameters {
        operation = operation.parameter(described_parameter(parameter));
    }
    if let Some(Body { kind, schema, example }) = route.body {
        let content = ContentBuilder::new().schema(schema.map(reference)).example(serde_json::from_str(example).ok());
        let body = RequestBodyBuilder::new().content(kind, content.build()).required(Some(Required::True));
        operation = operation.request_body(Some(body.build()));
    }
    for answer in route.answers {
        operation = operation.response(answer.status.to_string(), described_answer(answer));
    }
    let mut refusals: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in route.problems.iter().flat_map(|codes| codes.iter()) {
        refusals.entry(code.status()).or_default().push(*code);
    }
    for (status, codes) in refusals {
        operation = operation.response(status.to_string(), refusal(status, &codes, route.is_for_people));
    }
    operation.build()
}

fn reference(name: &str) -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(name))
}

fn text(pattern: Option<&str>) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).pattern(pattern).into()
}

fn described_parameter(parameter: &Parameter) -> utoipa::openapi::path::Parameter {
    let Parameter { place, name, pattern, required, says } = parameter;
    let place = match *place {
        "path" => ParameterIn::Path,
        "query" => ParameterIn::Query,
        _ => ParameterIn::Header,
    };
    let required = if *required { Required::True } else { Required::False };
    let described = ParameterBuilder::new().name(*name).parameter_in(place).required(required);
    described.description(Some(*says)).schema(Some(text(*pattern))).build()
}

fn described_answer(answer: &Answer) -> utoipa::openapi::Response {
    let mut response = ResponseBuilder::new().description(answer.says);
    if !answer.kind.is_empty() {
        // Of a stream, readers take the schema for that of each event, and OpenAPI 3.1 cannot say what it is.
        let plain = || (answer.kind != EVENTS).then(|| text(None));
        let schema = answer.schema.map(reference).or_else(plain);
        response = response.content(answer.kind, ContentBuilder::new().schema(schema).build());
    }
    for name in answer.headers {
        response = response.header(*name, HeaderBuilder::new().schema(text(None)).build());
    }
    response.header("X-Request-Id", HeaderBuilder::new().schema(text(Some("^req_[0-9a-f]{32}$"))).build()).build()
}

fn refusal(status: u16, codes: &[Code], is_for_people: bool) -> utoipa::openapi::Response {
    let mut names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let content = ContentBuilder::new().schema(Some(reference("Problem"))).example(codes.first().map(|code| {
        serde_json::json!({
            "type": format!("/problems/{}", code.as_str().replace('_', "-")),
            "title": code.title(),
            "status": status,
            "code": code.as_str(),
            "request_id": "req_019aab6fb0c07d3c8e4f5a6b7c8d9e0f",
            "retryable": code.retryable(),
        })
    }));
    let mut response = ResponseBuilder::new()
        .description(names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
        .content("application/problem+json", content.build())
        .header("X-Request-Id", HeaderBuilder::new().schema(text(Some("^req_[0-9a-f]{32}$"))).build());
    if is_for_people {
        response = response.content("text/html; charset=utf-8", ContentBuilder::new().schema(Some(text(None))).build());
    }
    if codes.iter().any(|code| code.retryable()) {
        let seconds = HeaderBuilder::new().schema(text(Some("^[0-9]+$"))).description(Some("Seconds, where known."));
        response = response.header("Retry-After", seconds.build());
    }
    if status == 401 {
        response = response.header("WWW-Authenticate", HeaderBuilder::new().schema(text(None)).build());
    }
    response.build()
}

/// A type of the wire with every type inside it.
fn with_parts<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

fn components() -> Components {
    let mut schemas = Vec::new();
    with_parts::<types::Catalog>(&mut schemas);
    with_parts::<types::QuoteRequest>(&mut schemas);
    with_parts::<types::Quote>(&mut schemas);
    with_parts::<types::CheckoutRequest>(&mut schemas);
    with_parts::<types::checkout::CreatedCheckout>(&mut schemas);
    with_parts::<types::checkout::MerchantCheckout>(&mut schemas);
    with_parts::<types::customer::CustomerTokenRequest>(&mut schemas);
    with_parts::<types::customer::CustomerToken>(&mut schemas);
    with_parts::<types::customer::SignedInCustomer>(&mut schemas);
    with_parts::<types::Entitlements>(&mut schemas);
    with_parts::<types::entitlement::ClaimRequest>(&mut schemas);
    with_parts::<types::entitlement::Claimed>(&mut schemas);
    with_parts::<types::refund::RefundRequest>(&mut schemas);
    with_parts::<types::refund::Refund>(&mut schemas);
    with_parts::<types::listing::Page<types::checkout::ListedCheckout>>(&mut schemas);
    with_parts::<types::listing::Page<types::delivery::Delivery>>(&mut schemas);
    with_parts::<types::listing::Page<types::event::Event>>(&mut schemas);
    with_parts::<types::listing::Page<types::payment::Payment>>(&mut schemas);
    with_parts::<types::listing::Page<types::subscription::Subscription>>(&mut schemas);
    with_parts::<types::listing::Replayed>(&mut schemas);
    with_parts::<types::delivery::ReplayRequest>(&mut schemas);
    with_parts::<super::deliveries::DeliveryDetail>(&mut schemas);
    with_parts::<super::events::EventDetail>(&mut schemas);
    with_parts::<types::Problem>(&mut schemas);
    let bearer = |says: &str| {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(says));
        SecurityScheme::Http(scheme.build())
    };
    let origin = ApiKeyValue::with_description("Origin", "A page of allowed_origins; the browser itself says so.");
    ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme("page", SecurityScheme::ApiKey(ApiKey::Header(origin)))
        .security_scheme("secret_key", bearer("CHECKOUT_SECRET_KEY. Never from a browser."))
        .security_scheme("client_secret", bearer("The client_secret of the one checkout."))
        .security_scheme("customer_token", bearer("A token of POST /v1/customer-tokens."))
        .security_scheme(
            "webhook_signature",
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
                "Webhook-Signature",
                "Standard Webhooks, v1, over the raw body.",
            ))),
        )
        .build()
}

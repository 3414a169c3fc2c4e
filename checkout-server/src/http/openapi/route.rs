//! The words of the list in `routes.rs`: what a route is made of, what many of them share.

use crate::error::Code::{
    self,
    BadHost, UnknownHost, PathInvalid, NotFound, UnsupportedMediaType, UnsupportedEncoding, BodyTooLarge,
    BodyTimeout, BodyMalformed, Unauthorized, CustomerTokenInvalid, OriginNotAllowed, SecretKeyInBrowser,
    RateLimited, ChallengeRequired, SellingStopped, Overloaded, JsonInvalid, JsonTooDeep, JsonDuplicateKey,
    ObjectExpected, UnknownField, TypeMismatch, Required, OutOfRange, FilterInvalid, CursorInvalid,
    TextInvalid, CardDataRefused, CartInvalid, CartEmpty, TooManyItems, UnknownProduct, UnknownAddon,
    DuplicateItem, MixedCurrency, UnsupportedCurrency, UnsupportedCountry, PostalCodeInvalid,
    PostalCodeRequired, CountryRequired, DiscountInvalid, TaxIdInvalid, AmountTooLarge, AmountTooSmall,
    ItemUnavailable, QuoteInvalid, QuoteExpired, PriceChanged, EmailInvalid, ReturnUrlNotAllowed,
    MetadataInvalid, UnknownCheckout, IdempotencyKeyMissing, IdempotencyKeyInvalid, IdempotencyKeyReused,
    IdempotencyInProgress, OrderClosed, AlreadySubscribed, ProviderUnknown, ProviderUnavailable,
    StorageUnavailable, Internal,
};

/// One method of one path.
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    /// Names of security schemes, of which one is enough, or two that are joined by a plus; the empty
    /// one is nobody in particular.
    pub(super) who: &'static [&'static str],
    pub(super) parameters: &'static [Parameter],
    pub(super) body: Option<Body>,
    pub(super) answers: &'static [Answer],
    pub(super) problems: &'static [&'static [Code]],
    /// Refusals are pages where the caller is a person.
    pub(super) is_for_people: bool,
}

/// A parameter; all of them are texts.
pub(super) struct Parameter {
    pub(super) place: &'static str,
    pub(super) name: &'static str,
    pub(super) pattern: Option<&'static str>,
    pub(super) required: bool,
    pub(super) says: &'static str,
}

#[derive(Clone, Copy)]
pub(super) struct Body {
    pub(super) kind: &'static str,
    pub(super) schema: Option<&'static str>,
    /// JSON.
    pub(super) example: &'static str,
}

/// An answer that is no refusal.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) says: &'static str,
    pub(super) kind: &'static str,
    pub(super) schema: Option<&'static str>,
    pub(super) headers: &'static [&'static str],
}

pub(super) const JSON: &str = "application/json";
pub(super) const HTML: &str = "text/html; charset=utf-8";
pub(super) const EVENTS: &str = "text/event-stream";

/// What any request may meet.
pub(super) const ANY: &[Code] = &[BadHost, UnknownHost, SecretKeyInBrowser, RateLimited, Internal, Overloaded];
/// What a body may be refused for.
pub(super) const BODY: &[Code] = &[
    BodyMalformed, BodyTimeout, BodyTooLarge, UnsupportedMediaType, UnsupportedEncoding, JsonInvalid, JsonTooDeep,
    JsonDuplicateKey, ObjectExpected, UnknownField, TypeMismatch, Required, OutOfRange, TextInvalid, CardDataRefused,
];
/// What a cart may be refused for.
pub(super) const CART: &[Code] = &[
    CartInvalid, CartEmpty, TooManyItems, UnknownProduct, UnknownAddon, DuplicateItem, MixedCurrency,
    UnsupportedCurrency, UnsupportedCountry, PostalCodeInvalid, DiscountInvalid, TaxIdInvalid, AmountTooLarge,
    AmountTooSmall, ItemUnavailable, ProviderUnknown, ProviderUnavailable, ChallengeRequired, SellingStopped,
];
/// What an order may be refused for, beyond its cart.
pub(super) const ORDER: &[Code] = &[
    IdempotencyKeyMissing, IdempotencyKeyInvalid, IdempotencyKeyReused, IdempotencyInProgress, QuoteInvalid,
    QuoteExpired, PriceChanged, CountryRequired, PostalCodeRequired, EmailInvalid, ReturnUrlNotAllowed,
    MetadataInvalid, UnknownCheckout, OrderClosed, AlreadySubscribed, CustomerTokenInvalid, StorageUnavailable,
];
pub(super) const PAGE: &[Code] = &[OriginNotAllowed];
/// What the query of a list may be refused for.
pub(super) const LIST: &[Code] = &[Unauthorized, FilterInvalid, CursorInvalid, UnknownField, OutOfRange, StorageUnavailable];
/// What a merchant's server may be refused for that asks for one thing.
pub(super) const ONE: &[Code] = &[PathInvalid, Unauthorized, NotFound, StorageUnavailable];
pub(super) const READ: &[Code] = &[PathInvalid, NotFound, OriginNotAllowed, StorageUnavailable];

pub(super) const CHECKOUT_ID: Parameter =
    Parameter { place: "path", name: "id", pattern: Some("^co_[0-9a-f]{32}$"), required: true, says: "co_…" };
pub(super) const PRICE_ID: Parameter = Parameter {
    place: "path", name: "price_id", pattern: Some("^[a-z0-9_-]{1,64}$"), required: true, says: "Of the catalog.",
};
pub(super) const MEND_TOKEN: Parameter = Parameter {
    place: "path", name: "token", pattern: Some("^[A-Za-z0-9_-]{75}$"), required: true, says: "Of a mail; good for 30 days.",
};
pub(super) const OF_CUSTOMER: Parameter =
    path("reference", "Your own id of the customer, percent-encoded: 1 to 200 characters.");
pub(super) const PROOF: Parameter = Parameter {
    place: "header", name: "Checkout-Proof", pattern: None, required: false,
    says: "After challenge_required: `{token}:{n}`, see the problem's challenge.",
};
pub(super) const IDEMPOTENCY_KEY: Parameter = Parameter {
    place: "header", name: "Idempotency-Key", pattern: Some("^[!-~]{1,255}$"), required: true,
    says: "Made and kept before the first try; the same for every try of the same request.",
};

pub(super) const fn query(name: &'static str, says: &'static str) -> Parameter {
    Parameter { place: "query", name, pattern: None, required: false, says }
}

pub(super) const LIMIT: Parameter = Parameter {
    place: "query", name: "limit", pattern: Some("^([1-9][0-9]?|100)$"), required: false, says: "Items of a page; without it, 25.",
};
pub(super) const CURSOR: Parameter = query("cursor", "The next_cursor of the page before, with the same filters.");
pub(super) const REFERENCE: Parameter = query("reference", "Your own id of a customer.");
pub(super) const TYPE: Parameter = query("type", "Such as subscription.renewed; see docs/webhooks.md.");
pub(super) const SINCE: Parameter = query("since", "RFC 3339; from then on.");
pub(super) const OF_CHECKOUT: Parameter = query("checkout", "co_…: of that order.");

pub(super) const fn path(name: &'static str, says: &'static str) -> Parameter {
    Parameter { place: "path", name, pattern: None, required: true, says }
}

pub(super) const fn ok(says: &'static str, kind: &'static str, schema: Option<&'static str>) -> Answer {
    Answer { status: 200, says, kind, schema, headers: &[] }
}

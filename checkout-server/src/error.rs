//! Every error that a caller sees: one table of codes, one shape (RFC 9457).
//!
//! Use [`Problem`] wherever a request is refused, in the rooms as at the doors. What is not about a
//! request (a token, the store, the provider) has its own small enum beside its room, and a `From`
//! where it can become one. What happened inside is logged once, where it
//! happened, and never put into an answer; nor is the caller's input.

use std::time::Duration;

use checkout_types::Quote;
use checkout_types::problem::{Challenge, FieldError};

/// Declares the codes once: name on the wire, status, whether a retry can help, and the sentence.
macro_rules! codes {
    ($($variant:ident $code:literal $status:literal $retry:literal $title:literal)+) => {
        /// A stable reason for a refusal. Never renamed, never reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = concat!("`", $code, "`: see [`Code::title`].")] $variant,)+
        }

        impl Code {
            /// All of them, for the documentation and its test.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// As on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            /// Whether the same request can work later.
            #[must_use]
            pub const fn retryable(self) -> bool {
                match self { $(Self::$variant => $retry,)+ }
            }

            /// One sentence for people.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }
        }
    };
}

codes! {
    UnknownHost "unknown_host" 421 false "This server does not answer for that host name."
    BadHost "bad_host" 400 false "The request has no usable Host header."
    NotFound "not_found" 404 false "There is nothing here."
    MethodNotAllowed "method_not_allowed" 405 false "This address does not take that method."
    Unauthorized "unauthorized" 401 false "This needs a key that was not sent, or is not the right one."
    OriginNotAllowed "origin_not_allowed" 403 false "This page's origin is not in the helper's allowed_origins."
    SecretKeyInBrowser "secret_key_in_browser" 403 false "A secret key was sent from a browser. Take it off the page and replace it."
    UnsupportedMediaType "unsupported_media_type" 415 false "Send application/json in UTF-8."
    UnsupportedEncoding "unsupported_encoding" 415 false "Send the body without Content-Encoding."
    BodyTooLarge "body_too_large" 413 false "The body is larger than this address takes."
    BodyTimeout "body_timeout" 408 true "The body did not arrive in time."
    BodyMalformed "body_malformed" 400 false "The body did not arrive whole."
    JsonInvalid "json_invalid" 400 false "The body is not JSON."
    JsonTooDeep "json_too_deep" 400 false "The JSON is nested too deep."
    JsonDuplicateKey "json_duplicate_key" 400 false "The JSON names a field twice."
    ObjectExpected "object_expected" 422 false "An object was expected."
    UnknownField "unknown_field" 422 false "A field is not known here. Prices, amounts and customer ids are never taken from the browser."
    TypeMismatch "type_mismatch" 422 false "A field has the wrong type."
    Required "required" 422 false "A field is missing."
    OutOfRange "out_of_range" 422 false "A number is out of range."
    TextInvalid "text_invalid" 422 false "A text holds characters that are not allowed, or is too long."
    CardDataRefused "card_data_refused" 422 false "That looks like a card number. Card numbers belong on the provider's payment page only."
    CartInvalid "cart_invalid" 422 false "The cart is not valid."
    CartEmpty "cart_empty" 422 false "The cart holds nothing."
    TooManyItems "too_many_items" 422 false "The cart holds too many lines."
    UnknownProduct "unknown_product" 422 false "There is no such price."
    UnknownAddon "unknown_addon" 422 false "That price has no such add-on."
    DuplicateItem "duplicate_item" 422 false "The cart names something twice."
    MixedCurrency "mixed_currency" 422 false "The cart mixes currencies."
    UnsupportedCurrency "unsupported_currency" 422 false "The cart cannot be paid in that currency."
    UnsupportedCountry "unsupported_country" 422 false "That country is not served, or is not an ISO 3166-1 code such as DE."
    PostalCodeInvalid "postal_code_invalid" 422 false "That is not a postal code of that country."
    PostalCodeRequired "postal_code_required" 422 false "Enter the postal code: the tax depends on it there."
    CountryRequired "country_required" 422 false "The quote names no country; tax depends on it. Ask for a quote with one."
    DiscountInvalid "discount_invalid" 422 false "That discount code cannot be used for this cart."
    TaxIdInvalid "tax_id_invalid" 422 false "That tax number is not valid."
    AmountTooLarge "amount_too_large" 422 false "The total is more than can be charged."
    AmountTooSmall "amount_too_small" 422 false "The total is less than the provider charges."
    QuoteInvalid "quote_invalid" 422 false "The quote was not made by this helper."
    QuoteExpired "quote_expired" 409 false "The quote has expired; here is a new one."
    PriceChanged "price_changed" 409 false "The price has changed; here is the new quote."
    EmailInvalid "email_invalid" 422 false "The e-mail address is not valid."
    ReturnUrlNotAllowed "return_url_not_allowed" 422 false "The return address is not on an allowed origin."
    MetadataInvalid "metadata_invalid" 422 false "custom_data takes up to 20 pairs; keys up to 40 characters, values up to 500; order_id is reserved."
    UnknownCheckout "unknown_checkout" 422 false "There is no such checkout to renew."
    IdempotencyKeyMissing "idempotency_key_missing" 400 false "Send an Idempotency-Key header, made and kept before the first try."
    IdempotencyKeyInvalid "idempotency_key_invalid" 400 false "An Idempotency-Key is one header of 1 to 255 visible ASCII characters."
    IdempotencyKeyReused "idempotency_key_reused" 422 false "That Idempotency-Key was used for another request."
    IdempotencyInProgress "idempotency_in_progress" 409 true "That request is still being worked on."
    OrderClosed "order_closed" 409 false "That order can no longer be paid."
    AlreadySubscribed "already_subscribed" 409 false "This customer already has that subscription."
    ItemUnavailable "item_unavailable" 422 false "Something in the cart is no longer sold."
    ProviderUnknown "provider_unknown" 503 true "The payment provider's answer did not arrive. Send the same request with the same key again."
    ProviderUnavailable "provider_unavailable" 503 true "The payment provider cannot be reached right now."
    StorageUnavailable "storage_unavailable" 503 true "The request could not be stored. Nothing was charged."
    WebhookHeaderMissing "webhook_header_missing" 400 false "A webhook header is missing, repeated or malformed."
    WebhookTimestampOutOfTolerance "webhook_timestamp_out_of_tolerance" 400 false "The webhook was signed more than five minutes ago or ahead."
    WebhookSignatureInvalid "webhook_signature_invalid" 401 false "The webhook's signature is not valid."
    WidgetNotBuilt "widget_not_built" 503 false "The widget was not built into this executable; run make build."
    CustomerTokenInvalid "customer_token_invalid" 401 false "The customer token is not valid here, or has expired. Ask your server for a new one."
    RateLimited "rate_limited" 429 true "Too many attempts came from your network. Wait a little, then try again."
    ChallengeRequired "challenge_required" 429 true "Many orders are being made right now. Solve the challenge and send the same request again."
    SellingStopped "selling_stopped" 503 true "Nothing can be bought here at the moment. Orders that were begun are not affected."
    Overloaded "overloaded" 503 true "The server has more to do than it can. Try again in a moment."
    Internal "internal" 500 true "Something went wrong on our side."
}

/// A refusal on its way to the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Why.
    pub code: Code,
    /// Field by field, where fields were wrong.
    pub errors: Vec<FieldError>,
    /// What it costs now, with [`Code::PriceChanged`] and [`Code::QuoteExpired`].
    pub quote: Option<Box<Quote>>,
    /// What to solve first, with [`Code::ChallengeRequired`].
    pub challenge: Option<Challenge>,
    /// When to come back.
    pub retry_after: Option<Duration>,
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self { code, errors: Vec::new(), quote: None, challenge: None, retry_after: None }
    }
}

impl Problem {
    /// A refusal because of one field.
    #[must_use]
    pub fn at(code: Code, pointer: impl Into<String>) -> Self {
        Self { errors: vec![field(pointer, code)], ..code.into() }
    }

    /// The same, with a new quote to show.
    #[must_use]
    pub fn with_quote(self, quote: Quote) -> Self {
        Self { quote: Some(Box::new(quote)), ..self }
    }

    /// The same, with a time to come back.
    #[must_use]
    pub fn after(self, seconds: u64) -> Self {
        Self { retry_after: Some(Duration::from_secs(seconds)), ..self }
    }
}

/// One wrong field: where, and why.
#[must_use]
pub fn field(pointer: impl Into<String>, code: Code) -> FieldError {
    FieldError { pointer: pointer.into(), code: code.as_str().to_owned(), min: None, max: None }
}

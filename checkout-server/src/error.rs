//! Every error that a caller sees: one table of codes, one shape (RFC 9457).
//!
//! Use [`Problem`] wherever a request is refused, in the rooms as at the doors. What is not about a
//! request (a token, the store, the provider) has its own small enum beside its room, and a `From`
//! where it can become one. What happened inside is logged once, where it
//! happened, and never put into an answer; nor is the caller's input.

use std::time::Duration;

use checkout_types::Quote;
use checkout_types::problem::{Challenge, FieldError};

/// Declares the codes once, see `error/codes.rs` for what a line says.
macro_rules! codes {
    ($($variant:ident $code:ident $status:literal $($retryable:ident)? $title:literal $cause:literal $cure:literal)+) => {
        /// A stable reason for a refusal. Never renamed, never reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = concat!("`", stringify!($code), "`: ", $title)] $variant,)+
        }

        impl Code {
            /// All of them, for the documentation and its test.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// As on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => stringify!($code),)+ }
            }

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            /// Whether the same request can work later.
            #[must_use]
            pub const fn retryable(self) -> bool {
                match self { $(Self::$variant => !stringify!($($retryable)?).is_empty(),)+ }
            }

            /// One sentence for people.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }

            /// How it comes about, for a developer.
            #[must_use]
            pub const fn cause(self) -> &'static str {
                match self { $(Self::$variant => $cause,)+ }
            }

            /// What to do about it, for a developer.
            #[must_use]
            pub const fn cure(self) -> &'static str {
                match self { $(Self::$variant => $cure,)+ }
            }
        }
    };
}

mod codes;
mod reference;

pub use codes::Code;
pub use reference::reference;

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

    /// A refusal of one field whose value is none of those that there are. The one that was probably meant
    /// is named, but never what was written.
    #[must_use]
    pub fn none_of(code: Code, pointer: impl Into<String>, written: &str, there_are: &[&str]) -> Self {
        let mut error = field(pointer, code);
        error.did_you_mean = crate::catalog::nearest(written, there_are).map(str::to_owned);
        error.allowed = there_are.iter().map(|&value| value.to_owned()).collect();
        Self { errors: vec![error], ..code.into() }
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
    FieldError {
        pointer: pointer.into(),
        code: code.as_str().to_owned(),
        min: None,
        max: None,
        did_you_mean: None,
        allowed: Vec::new(),
    }
}

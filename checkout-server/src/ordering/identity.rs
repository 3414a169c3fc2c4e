//! Whose order it is, by a customer token; and when two requests are the same command.

use checkout_types::CheckoutRequest;

use crate::app::App;
use crate::customer::token::{self, TokenError};
use crate::error::{Code, Problem};

/// What a token says, if there was one.
pub(super) enum SignedIn {
    /// Nobody said who buys.
    Nobody,
    /// The merchant's server did.
    Now(String),
    /// It did, a while ago: good for going on with what was begun, not for anything new.
    Before(String),
}

impl SignedIn {
    /// The merchant's own id of the customer.
    pub(super) fn reference(&self) -> Option<&str> {
        match self {
            Self::Nobody => None,
            Self::Now(reference) | Self::Before(reference) => Some(reference),
        }
    }

    /// The same, for a new order.
    pub(super) fn fresh(&self) -> Result<Option<&str>, Problem> {
        if let Self::Before(_) = self { Err(invalid()) } else { Ok(self.reference()) }
    }
}

fn invalid() -> Problem {
    Problem::at(Code::CustomerTokenInvalid, "/customer_token")
}

/// Reads the token. One that is not ours is refused, never passed over: the page believes that its
/// customer is known.
pub(super) fn believed(app: &App, given: Option<&str>) -> Result<SignedIn, Problem> {
    let Some(given) = given else { return Ok(SignedIn::Nobody) };
    match token::open(&app.keys.customers, &app.public_url, given, app.clock.now()) {
        Ok(signed_in) => Ok(SignedIn::Now(signed_in.customer.reference)),
        Err(TokenError::Expired(signed_in)) => Ok(SignedIn::Before(signed_in.customer.reference)),
        Err(TokenError::Forged) => Err(invalid()),
    }
}

/// What makes two requests the same command: everything in them, but of the token only whom it
/// names, because a page asks for a new one before it tries again.
pub(super) fn fingerprint(app: &App, request: &CheckoutRequest, customer: Option<&str>) -> Result<[u8; 32], Problem> {
    let command = CheckoutRequest { customer_token: customer.map(str::to_owned), ..request.clone() };
    let canonical = serde_json::to_vec(&command).map_err(|_| Code::Internal)?;
    Ok(app.keys.fingerprint("body", &canonical))
}

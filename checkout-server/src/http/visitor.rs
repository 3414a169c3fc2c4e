//! Who asks, as budgets count them, and how closely one checkout may be watched.

use axum::extract::{FromRequestParts, Path};
use axum::http::HeaderName;
use axum::http::request::Parts;

use super::address::{Client, ClientAddress};
use super::extract::one;
use super::who::is_merchant;
use crate::abuse::{Caller, Proof, Visitor};
use crate::app::App;
use crate::error::{Code, Problem};

const PROOF: HeaderName = HeaderName::from_static("checkout-proof");

impl FromRequestParts<App> for Caller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        if is_merchant(app, &parts.headers) {
            return Ok(Self::Merchant);
        }
        let ClientAddress(client) = ClientAddress::from_request_parts(parts, app).await?;
        Ok(match client {
            Client::Machine => Self::Machine,
            Client::Address(address) => Self::Address(address.key(&app.keys)),
        })
    }
}

impl FromRequestParts<App> for Visitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let caller = Caller::from_request_parts(parts, app).await?;
        // Two proofs are none.
        let proof = one(&parts.headers, &PROOF).ok().flatten().map(str::to_owned);
        Ok(Self { caller, proof: Proof::Work(proof) })
    }
}

/// A read of a checkout that is within its pace. The merchant's own server reads as it likes.
pub(super) struct Paced;

impl FromRequestParts<App> for Paced {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Path(id) = Path::<String>::from_request_parts(parts, app).await.map_err(|_| Code::NotFound)?;
        if !is_merchant(app, &parts.headers) {
            app.abuse.admit_read(&id, app.clock.now())?;
        }
        Ok(Self)
    }
}

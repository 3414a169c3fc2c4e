//! Asking the provider for a payment page, once a key is claimed, and revealing its address once it is stored.

use super::{Made, Wanted, claimed, destination};
use crate::app::App;
use crate::checkout::SESSION_LIFETIME;
use crate::error::{Code, Problem};
use crate::fault::{self, crash_point};
use crate::provider::{NewSession, ProviderError, Session};
use crate::store::{Claim, StoredCheckout, StoredSession};

/// Makes the page of an order whose key is claimed and whose send is counted.
pub(super) async fn send(app: &App, claimed: StoredCheckout, wanted: &Wanted<'_>) -> Result<Made, Problem> {
    let id = &claimed.id;
    match ask(app, id, wanted).await {
        Ok(session) => {
            crash_point("order.answered");
            reveal(app, id, session).await
        }
        Err(error) => {
            tracing::warn!(checkout = %id, %error, "no payment page was made");
            match error {
                // Refused for good. An earlier send may have made a page, but nobody knows of it.
                ProviderError::Rejected { .. } => {
                    app.store.release(id).await?;
                    crash_point("order.released");
                }
                ProviderError::Unavailable(_) => {
                    app.store.uncount_send(id).await?;
                    crash_point("order.uncounted");
                }
                // The key stays claimed: the same request goes on from here.
                ProviderError::Unknown(_) => crash_point("order.lost"),
            }
            Err(error.into())
        }
    }
}

async fn ask(app: &App, id: &str, wanted: &Wanted<'_>) -> Result<Session, ProviderError> {
    let back = destination::back(app, id, wanted.success_url.as_ref());
    let session = NewSession {
        checkout: id,
        cart: &wanted.cart,
        customer: &wanted.customer,
        return_url: &back.done,
        cancel_url: &back.canceled,
        customer_reference: wanted.reference,
        custom_data: &wanted.request.custom_data,
    };
    app.provider.create_session(&session).await
}

async fn reveal(app: &App, id: &str, session: Session) -> Result<Made, Problem> {
    let session = StoredSession { id: session.id, url: session.url };
    let checkout =
        app.store.reveal(id, session, app.clock.now() + SESSION_LIFETIME).await?.ok_or(Code::StorageUnavailable)?;
    let session = checkout.session.clone().ok_or(Code::StorageUnavailable)?;
    crash_point("order.revealed");
    app.changes.publish(id);
    Ok(Made { checkout, session, replayed: false })
}

/// The order of things that loses what was made when the process ends in between: only the mutant
/// [`crate::fault::Mutant::KeyClaimedAfterTheCall`] does it.
pub(super) async fn ask_then_claim(app: &App, claim: Claim, wanted: &Wanted<'_>) -> Result<Made, Problem> {
    let session = ask(app, &claim.id, wanted).await?;
    fault::a_moment();
    reveal(app, &claimed(app, claim).await?.id, session).await
}

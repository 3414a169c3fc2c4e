//! `/v1/payments`: money that came, or did not.

use axum::Json as Answer;
use axum::extract::State;
use checkout_types::listing::Page;
use checkout_types::payment::Payment;

use super::listing::{Asked, Reader, customer, id, reference};
use crate::app::App;
use crate::clock::rfc3339;
use crate::error::Problem;
use crate::store::lists::{PaymentFilter, StoredPayment};

pub(super) async fn list<R: Reader>(
    _: R,
    State(app): State<App>,
    mut asked: Asked,
) -> Result<Answer<Page<Payment>>, Problem> {
    let filter = PaymentFilter {
        state: asked.choice("status", &STATES, |state| state)?.map(str::to_owned),
        customer: asked.filter("reference", reference)?,
        checkout: asked.filter("checkout", id)?,
        id: None,
    };
    let sliced = asked.slice(&app.keys.cursors, "payments")?;
    let rows = app.store.payments(filter, sliced.slice.clone()).await?;
    Ok(Answer(sliced.page(rows, StoredPayment::place, shown)))
}

/// States that this version knows, as they are stored.
const STATES: [&str; 6] = ["waiting", "processing", "succeeded", "failed", "cancelled", "partial"];

/// A payment on the wire.
pub(super) fn shown(payment: StoredPayment) -> Payment {
    let StoredPayment { id, checkout, customer: whose, state, charge, subscriptions, amount, error_code, created_at } =
        payment;
    Payment {
        id,
        status: state,
        charge,
        amount,
        checkout,
        customer: whose.as_ref().map(customer),
        subscriptions,
        error_code,
        created_at: created_at.map(rfc3339),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::PaymentState;

    #[test]
    fn the_states_of_the_filter_are_those_of_the_store() {
        for state in STATES {
            assert!(!matches!(PaymentState::from_store(state), PaymentState::Unknown(_)), "{state}");
        }
    }
}

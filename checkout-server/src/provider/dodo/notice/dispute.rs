//! A dispute as Dodo writes it.

use serde::Deserialize;

use super::{Field, value};
use crate::event::DisputeSeen;
use crate::event::dispute::{DisputeStage, DisputeState};

#[derive(Deserialize)]
struct Dispute<'a> {
    #[serde(borrow, rename = "dispute_id")]
    id: Field<'a>,
    #[serde(borrow)]
    payment_id: Field<'a>,
    #[serde(borrow, rename = "dispute_stage")]
    stage: Field<'a>,
    #[serde(borrow, rename = "dispute_status")]
    status: Field<'a>,
    #[serde(borrow)]
    is_resolved_by_rdr: Field<'a>,
}

/// Reads a dispute object.
pub(super) fn read(object: &str) -> Option<DisputeSeen> {
    let dispute: Dispute<'_> = serde_json::from_str(object).ok()?;
    Some(DisputeSeen {
        id: value(dispute.id)?,
        payment: value(dispute.payment_id)?,
        stage: match value::<String>(dispute.stage).as_deref() {
            Some("pre_dispute") => DisputeStage::Inquiry,
            Some("dispute") => DisputeStage::Dispute,
            Some("pre_arbitration") => DisputeStage::Arbitration,
            _ => DisputeStage::Unknown,
        },
        state: match value::<String>(dispute.status).as_deref() {
            Some("dispute_opened" | "dispute_challenged") => DisputeState::Open,
            Some("dispute_won" | "dispute_cancelled" | "dispute_expired") => DisputeState::Kept,
            Some("dispute_lost" | "dispute_accepted") => DisputeState::Lost,
            _ => DisputeState::Unknown,
        },
        refunded: value(dispute.is_resolved_by_rdr).unwrap_or(false),
    })
}

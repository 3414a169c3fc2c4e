//! `GET /access`, `POST /access` and `DELETE /access/{id}` on the operations listener: what a customer
//! may use, and what a person gives or blocks, with who and why.

use std::collections::BTreeMap;

use axum::Json as Answer;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use checkout_types::Entitlements;
use checkout_types::money::MAX_AMOUNT;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::entitlements::{Limits, read, unknown};
use super::extract::Json;
use super::who::Operator;
use crate::app::App;
use crate::catalog::Catalog;
use crate::clock::rfc3339;
use crate::customer::{self, CustomerKey};
use crate::entitlement::Limit;
use crate::error::{Code, Problem};
use crate::fault::crash_point;
use crate::inbox;
use crate::random;
use crate::store::{KeptByHand, Signed};

/// Characters of an operator's name.
const LONGEST_WHO: usize = 120;
/// Characters of a reason.
const LONGEST_WHY: usize = 500;
/// As many limits as a price may have.
const MOST_LIMITS: usize = 50;

/// Whose access is asked for.
#[derive(Deserialize)]
pub(super) struct Asked {
    reference: String,
}

/// What is to be given or blocked.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    reference: String,
    entitlement: String,
    action: Action,
    /// RFC 3339; for ever without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    limits: Limits,
    who: String,
    why: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Grant,
    Block,
}

/// Who lifts something, and why.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lifting {
    who: String,
    why: String,
}

/// A customer's access, and what was done to it by hand.
#[derive(Serialize)]
pub(super) struct Shown {
    #[serde(flatten)]
    access: Entitlements,
    /// The newest first.
    by_hand: Vec<Kept>,
}

/// Something given or blocked by a person.
#[derive(Serialize)]
pub(super) struct Kept {
    id: String,
    entitlement: String,
    action: Action,
    until: Option<String>,
    limits: Limits,
    who: String,
    why: String,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    lifted: Option<Lifted>,
}

#[derive(Serialize)]
struct Lifted {
    at: String,
    who: String,
    why: String,
}

pub(super) async fn show(
    _: Operator,
    State(app): State<App>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Answer<Shown>, Problem> {
    let Query(Asked { reference }) = asked.map_err(|_| Problem::at(Code::Required, "/reference"))?;
    let reference = customer::reference(&reference, "/reference")?;
    shown(&app, reference).await.map(Answer)
}

pub(super) async fn set(
    _: Operator,
    State(app): State<App>,
    Json(wanted): Json<Wanted>,
) -> Result<Answer<Shown>, Problem> {
    let now = app.clock.now();
    let Wanted { reference, entitlement, action, until, limits, who, why } = wanted;
    let reference = customer::reference(&reference, "/reference")?;
    if !app.catalog.entitlement_names().contains(entitlement.as_str()) {
        return Err(unknown(&app.catalog, &entitlement, "/entitlement"));
    }
    if until.is_some_and(|until| until <= now) {
        return Err(Problem::at(Code::OutOfRange, "/until"));
    }
    let limits = checked_limits(action, limits)?;
    known_limits(&app.catalog, &entitlement, &limits)?;
    let new = KeptByHand {
        id: random::id("hand", now),
        customer: CustomerKey::Reference(reference.clone()),
        entitlement,
        given: action == Action::Grant,
        until,
        limits,
        signed: signed(who, why)?,
        created_at: now,
        lifted: None,
    };
    tracing::info!(id = %new.id, entitlement = %new.entitlement, given = new.given, "access was changed by hand");
    // Done to the end, also when the operator hangs up.
    let setting = {
        let app = app.clone();
        async move { app.store.set_by_hand(new).await }
    };
    inbox::tell(&app, &app.finish(setting).await??);
    crash_point("hand.told");
    shown(&app, reference).await.map(Answer)
}

pub(super) async fn lift(
    _: Operator,
    State(app): State<App>,
    Path(id): Path<String>,
    Json(Lifting { who, why }): Json<Lifting>,
) -> Result<Answer<Kept>, Problem> {
    let signed = signed(who, why)?;
    let lifting = {
        let app = app.clone();
        async move { app.store.lift_by_hand(&id, signed, app.clock.now()).await }
    };
    let (kept, effects) = app.finish(lifting).await??.ok_or(Code::NotFound)?;
    inbox::tell(&app, &effects);
    crash_point("hand.lifted");
    tracing::info!(id = %kept.id, "a change of access by hand was lifted");
    Ok(Answer(kept.into()))
}

async fn shown(app: &App, reference: String) -> Result<Shown, Problem> {
    let by_hand = app.store.by_hand(&CustomerKey::Reference(reference.clone())).await?;
    let access = read(app, reference, app.clock.now()).await?;
    Ok(Shown { access, by_hand: by_hand.into_iter().map(Kept::from).collect() })
}

/// Who does something by hand, and why: both have to be said.
pub(super) fn signed(who: String, why: String) -> Result<Signed, Problem> {
    for (text, longest, pointer) in [(&who, LONGEST_WHO, "/who"), (&why, LONGEST_WHY, "/why")] {
        if text.trim().is_empty() {
            return Err(Problem::at(Code::Required, pointer));
        }
        if text.chars().count() > longest {
            return Err(Problem::at(Code::TextInvalid, pointer));
        }
    }
    Ok(Signed { who, why })
}

/// What is blocked has no limits; a number is not less than nothing.
fn checked_limits(action: Action, limits: Limits) -> Result<BTreeMap<String, Limit>, Problem> {
    if action == Action::Block && !limits.is_empty() {
        return Err(Problem::at(Code::UnknownField, "/limits"));
    }
    if limits.len() > MOST_LIMITS || !limits.keys().all(|name| crate::catalog::is_name(name)) {
        return Err(Problem::at(Code::TextInvalid, "/limits"));
    }
    let limit = |(name, amount): (String, Option<i64>)| match amount {
        None => Ok((name, Limit::Unlimited)),
        Some(amount) if (0..=MAX_AMOUNT).contains(&amount) => Ok((name, Limit::Fixed(amount))),
        Some(_) => Err(Problem::at(Code::OutOfRange, format!("/limits/{name}"))),
    };
    limits.into_iter().map(limit).collect()
}

/// A limit that the catalog never gives is one that the merchant's server never asks for: a slip, which
/// would give nothing and say nothing.
fn known_limits(catalog: &Catalog, entitlement: &str, limits: &BTreeMap<String, Limit>) -> Result<(), Problem> {
    let known: Vec<&str> = catalog.limit_names(entitlement).into_iter().collect();
    match limits.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(Problem::none_of(Code::UnknownLimit, format!("/limits/{name}"), name, &known)),
        None => Ok(()),
    }
}

impl From<KeptByHand> for Kept {
    fn from(kept: KeptByHand) -> Self {
        let KeptByHand { id, customer: _, entitlement, given, until, limits, signed, created_at, lifted } = kept;
        let Signed { who, why } = signed;
        Self {
            id,
            entitlement,
            action: if given { Action::Grant } else { Action::Block },
            until: until.map(rfc3339),
            limits: limits.into_iter().map(|(name, limit)| (name, limit.amount())).collect(),
            who,
            why,
            created_at: rfc3339(created_at),
            lifted: lifted.map(|(at, Signed { who, why })| Lifted { at: rfc3339(at), who, why }),
        }
    }
}

//! Giving money back: one key, one refund. It is written down before it is sent, sent at most once, and
//! looked for where its answer was lost (G6); [`crate::intent`] has the rules, `healing/intents.rs` goes
//! on with what was interrupted.

use std::time::Duration;

use checkout_types::money::Currency;
use checkout_types::problem::FieldError;
use checkout_types::refund::{Refund, RefundRequest, RefundStatus, Reviewed};

use crate::app::App;
use crate::clock::rfc3339;
use crate::error::{Code, Problem, field};
use crate::event::{RefundState, Seen};
use crate::fault::crash_point;
use crate::healing::intents;
use crate::intent::{State, Told};
use crate::provider::Kind;
use crate::random;
use crate::store::Signed;
use crate::store::intents::{Ending, Intent, Planned, Review, Reviewed as Settled, Wish};

/// Characters of a reason; the provider takes 3,000 (dodo/README 2.6).
const LONGEST_REASON: usize = 1_000;
/// How long a caller waits for another one with the same key.
const PATIENCE: Duration = Duration::from_secs(10);

/// A refund that was asked for.
pub struct Made {
    /// As it was when it was made.
    pub refund: Refund,
    /// Whether an earlier request made it.
    pub replayed: bool,
}

/// Gives a payment back, or a part of it, or finds the refund that the key has made already.
///
/// # Errors
/// The request is refused, here or by the provider; the same key then has the same refusal. A refund
/// whose answer was lost is no error: it is pending.
pub async fn refund(app: &App, key: &str, payment: &str, request: RefundRequest) -> Result<Made, Problem> {
    check(&request)?;
    let working = {
        let (app, key, payment) = (app.clone(), key.to_owned(), payment.to_owned());
        async move { plan_and_send(&app, &key, payment, request).await }
    };
    app.finish(working).await?
}

fn check(request: &RefundRequest) -> Result<(), Problem> {
    if request.amount.is_some_and(|amount| amount.amount < 1) {
        let error = FieldError { min: Some(1), ..field("/amount/amount", Code::OutOfRange) };
        return Err(Problem { errors: vec![error], ..Code::OutOfRange.into() });
    }
    let reason = request.reason.as_deref().unwrap_or_default();
    if reason.chars().count() > LONGEST_REASON {
        return Err(Problem::at(Code::TextInvalid, "/reason"));
    }
    Ok(())
}

async fn plan_and_send(app: &App, key: &str, payment: String, request: RefundRequest) -> Result<Made, Problem> {
    let key_hash = app.keys.fingerprint("POST /v1/payments/{id}/refunds", key.as_bytes());
    let said = serde_json::to_vec(&(&payment, &request)).map_err(|_| Code::Internal)?;
    let fingerprint = app.keys.fingerprint("refund", &said);
    let in_progress = || Problem::from(Code::IdempotencyInProgress).after(1);
    let _turn = app.flights.enter(key_hash, PATIENCE).await.ok_or_else(in_progress)?;

    let now = app.clock.now();
    let RefundRequest { amount, reason } = request;
    let wish = Wish { id: random::id("int", now), payment, key_hash, fingerprint, amount, reason };
    let (intent, replayed) = match app.store.plan_refund(wish, now).await? {
        Planned::New(intent) => {
            crash_point("refund.planned");
            (intents::send(app, &intent).await?.unwrap_or(intent), false)
        }
        Planned::Known(intent) => (intent, true),
        Planned::OtherRequest => return Err(Code::IdempotencyKeyReused.into()),
        Planned::NoPayment => return Err(Code::NotFound.into()),
        Planned::NotPaid => return Err(Code::PaymentNotRefundable.into()),
        Planned::OtherCurrency(paid) => return Err(other_currency(paid)),
        Planned::TooMuch if amount.is_some() => return Err(Problem::at(Code::RefundExceedsPayment, "/amount")),
        Planned::TooMuch => return Err(Code::RefundExceedsPayment.into()),
    };
    match intents::refused(&intent) {
        Some(problem) => Err(problem),
        // As it was then: a replay has the same bytes, whatever has happened since (G3).
        None => Ok(Made {
            refund: Refund { refund_id: None, code: None, review: None, ..shown(intent, RefundStatus::Pending) },
            replayed,
        }),
    }
}

fn other_currency(paid: Currency) -> Problem {
    let allowed = vec![paid.to_string()];
    let error = FieldError { allowed, ..field("/amount/currency", Code::RefundCurrencyMismatch) };
    Problem { errors: vec![error], ..Code::RefundCurrencyMismatch.into() }
}

/// The refund with that id, as it is now.
///
/// # Errors
/// There is none, or the store failed.
pub async fn find(app: &App, id: &str) -> Result<Refund, Problem> {
    let intent = app.store.intent(id).await?.ok_or(Code::NotFound)?;
    let status = match intent.position.state {
        State::Planned | State::Sent | State::Unknown => RefundStatus::Pending,
        State::Rejected => RefundStatus::Rejected,
        State::NeedsReview => RefundStatus::NeedsReview,
        State::Done => made(app, &intent).await?,
    };
    Ok(shown(intent, status))
}

/// What a person found out at the provider's about a refund that was looked for in vain.
pub enum Outcome {
    /// It was made: the provider's id of it.
    Made(String),
    /// It was not, and its amount is free for another.
    NotMade,
}

/// Ends a refund that waits for a person. What is said to have been made is asked for at the provider: it
/// must be of that payment and of that amount. What is said not to have been made is looked for once more.
///
/// # Errors
/// There is no such refund here or at the provider, it does not wait for anybody, or the provider did not
/// answer.
pub async fn review(app: &App, id: &str, outcome: Outcome, by: Signed) -> Result<Refund, Problem> {
    let intent = app.store.intent(id).await?.ok_or(Code::NotFound)?;
    if intent.position.state != State::NeedsReview {
        return Err(Code::RefundNotInReview.into());
    }
    let (told, refund) = match outcome {
        // What the provider has after all was made, whatever was said: its amount is not free (G6).
        Outcome::NotMade => match intents::missed(app, &intent).await? {
            Some(refund) => (Told::SaidMade, Some(refund)),
            None => (Told::SaidNotMade, None),
        },
        Outcome::Made(refund) => {
            intents::confirm(app, &intent, &refund).await?;
            (Told::SaidMade, Some(refund))
        }
    };
    let Signed { who, why } = by;
    let review = Some(Review { who, why, at: app.clock.now() });
    let ending = Ending { refund, review, ..intent.result };
    match intents::settle(app, id, told, ending).await? {
        Settled::Ended => find(app, id).await,
        Settled::NotWaiting => Err(Code::RefundNotInReview.into()),
        Settled::RefundOfAnother => Err(Problem::at(Code::NotFound, "/refund_id")),
    }
}

/// Where the provider's refund stands, by what it last told of it.
async fn made(app: &App, intent: &Intent) -> Result<RefundStatus, Problem> {
    let Some(refund) = &intent.result.refund else { return Ok(RefundStatus::Pending) };
    let known = app.store.known(Kind::Refund, vec![refund.clone()]).await?;
    Ok(match known.get(refund) {
        Some(Seen::Refund(seen)) if seen.state == RefundState::Succeeded => RefundStatus::Succeeded,
        Some(Seen::Refund(seen)) if seen.state == RefundState::Failed => RefundStatus::Failed,
        _ => RefundStatus::Pending,
    })
}

fn shown(intent: Intent, status: RefundStatus) -> Refund {
    let review = intent.result.review.map(|Review { who, why, at }| Reviewed { who, why, at: rfc3339(at) });
    Refund {
        review,
        id: intent.id,
        payment_id: intent.payment,
        amount: intent.request.amount,
        reason: intent.request.reason,
        status,
        code: intent.result.code,
        refund_id: intent.result.refund,
        created_at: rfc3339(intent.created_at),
    }
}

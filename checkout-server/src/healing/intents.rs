//! Carries out what moves money, and looks for what was lost (G6). The rules are in [`crate::intent`].

use jiff::Timestamp;

use crate::app::App;
use crate::error::{Code, Problem};
use crate::event::Seen;
use crate::fault::{self, Mutant, crash_point};
use crate::inbox;
use crate::intent::{State, Step, Told};
use crate::provider::{Kind, NewRefund, Observed, ProviderError};
use crate::store::StoreError;
use crate::store::intents::{Ending, Intent, Reviewed};

use super::TICK;
use super::refetch::{Unanswered, about};

/// Intents that are looked at in one round.
const ROUND: u32 = 16;

/// Works until it is dropped.
pub(super) async fn run(app: &App) {
    report(app).await;
    loop {
        match app.store.due_intents(app.clock.now(), ROUND).await {
            Ok(due) => {
                for intent in due {
                    move_on(app, intent).await;
                }
            }
            Err(error) => tracing::error!(%error, "the intents could not be read"),
        }
        tokio::time::sleep(TICK).await;
    }
}

async fn move_on(app: &App, intent: Intent) {
    let id = intent.id.clone();
    app.healing.pace.turn().await;
    // Done to the end, also when the helper stops meanwhile.
    let moving = {
        let app = app.clone();
        async move {
            match intent.position.step() {
                Some(Step::Send) => send_late(&app, &intent).await,
                Some(Step::LookUp) => look_up(&app, &intent).await,
                None => Ok(()),
            }
        }
    };
    match app.finish(moving).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, intent = %id, "an intent could not be moved on"),
        Err(problem) => tracing::error!(code = problem.code.as_str(), intent = %id, "moving an intent on panicked"),
    }
}

/// How many intents stand where, for the metrics.
async fn report(app: &App) {
    let Ok(counts) = app.store.intents_by_state().await else { return };
    for (state, count) in counts {
        metrics::gauge!("checkout_intents", "state" => state.as_str()).set(u32::try_from(count).unwrap_or(u32::MAX));
    }
}

/// Sends what is still planned, because whoever planned it did not, or the provider was not there.
async fn send_late(app: &App, intent: &Intent) -> Result<(), StoreError> {
    crash_point("refund.late");
    let planned = Intent { result: Ending { late: true, ..Ending::default() }, ..intent.clone() };
    send(app, &planned).await.map(drop)
}

/// Sends a refund that is planned, if nobody else does, and gives it as it stands then.
///
/// # Errors
/// The store failed. The intent stays, and is looked for where it may have been sent.
pub async fn send(app: &App, intent: &Intent) -> Result<Option<Intent>, StoreError> {
    let late = intent.result.late;
    let (store, id) = (&app.store, &intent.id);
    let sending = store.advance_intent(id, Told::Sending, intent.result.clone(), app.clock.now()).await?;
    // Somebody else sends it, or has sent it.
    if sending.is_none() {
        return Ok(None);
    }
    crash_point("refund.sending");
    let asked_at = app.clock.now();
    let mut answer = app.provider.refund_payment(&as_sent(intent)).await;
    if fault::is(Mutant::ResendCharges) && matches!(answer, Err(ProviderError::Unknown(_))) {
        answer = app.provider.refund_payment(&as_sent(intent)).await;
    }
    let (told, ending) = match answer {
        Ok(made) => {
            crash_point("refund.answered");
            let ending = Ending { refund: made.notice.seen.object().map(str::to_owned), ..Ending::default() };
            observe(app, made, asked_at).await;
            (Told::Made, ending)
        }
        Err(ProviderError::Rejected { code, said }) => {
            crash_point("refund.refused");
            tracing::warn!(intent = %id, %said, "the provider refused a refund");
            let code = refusal(code).as_str().to_owned();
            (Told::Refused, Ending { code: Some(code), late, ..Ending::default() })
        }
        Err(ProviderError::Unavailable(said)) => {
            tracing::warn!(intent = %id, %said, "a refund was not sent");
            (Told::NotSent, Ending::default())
        }
        Err(ProviderError::Unknown(said)) => {
            tracing::error!(intent = %id, %said, "the answer to a refund was lost: it is looked for, never sent again");
            crash_point("refund.lost");
            (Told::Lost, Ending::default())
        }
    };
    conclude(app, intent, told, ending).await
}

/// Writes down what became of an intent. Where it is left to a person, the log says so.
async fn conclude(app: &App, intent: &Intent, told: Told, ending: Ending) -> Result<Option<Intent>, StoreError> {
    let moved = app.store.advance_intent(&intent.id, told, ending, app.clock.now()).await?;
    crash_point("refund.concluded");
    metrics::counter!("checkout_intents_total", "outcome" => name(told)).increment(1);
    report(app).await;
    if moved.as_ref().is_some_and(|moved| moved.position.state == State::NeedsReview) {
        let said = match told {
            Told::NotSent => "it did not get through to the provider for a day and is not sent any more",
            Told::Unasked => "its answer was lost, and nobody could ask the provider about it",
            _ => "its answer was lost, and the provider does not show it",
        };
        tracing::error!(intent = %intent.id, payment = %intent.payment, "a refund needs a person: {said}");
    }
    Ok(moved)
}

/// Looks for a refund whose answer was lost.
async fn look_up(app: &App, intent: &Intent) -> Result<(), StoreError> {
    let asked_at = app.clock.now();
    let (told, ending) = match app.provider.find_refund(&as_sent(intent)).await {
        Ok(Some(found)) => {
            crash_point("refund.found");
            let refund = found.notice.seen.object().map(str::to_owned);
            observe(app, found, asked_at).await;
            (Told::Found, Ending { refund, ..Ending::default() })
        }
        Ok(None) => (Told::Absent, Ending::default()),
        Err(error) => {
            crash_point("refund.unasked");
            tracing::warn!(intent = %intent.id, %error, "a refund could not be looked for");
            (Told::Unasked, Ending::default())
        }
    };
    conclude(app, intent, told, ending).await.map(drop)
}

/// Asks the provider about the refund that a person says was made for an intent.
///
/// # Errors
/// The provider has no such refund of that payment and amount, or does not answer.
pub async fn confirm(app: &App, intent: &Intent, refund: &str) -> Result<(), Problem> {
    let unknown = || Problem::at(Code::NotFound, "/refund_id");
    let seen = about(app, Kind::Refund, refund).await.map_err(|unanswered| match unanswered {
        Unanswered::Gone => unknown(),
        Unanswered::Refused | Unanswered::Later => Code::ProviderUnavailable.into(),
        Unanswered::Store(error) => error.into(),
    })?;
    match seen {
        Seen::Refund(seen) if seen.payment == intent.payment && seen.amount == Some(intent.request.amount) => Ok(()),
        _ => Err(unknown()),
    }
}

/// Asks the provider for an intent's refund before a person's word that there is none counts; gives its id.
///
/// # Errors
/// The provider does not answer.
pub async fn missed(app: &App, intent: &Intent) -> Result<Option<String>, Problem> {
    let found = app.provider.find_refund(&as_sent(intent)).await.map_err(|error| {
        tracing::warn!(intent = %intent.id, %error, "a refund could not be looked for");
        Problem::from(Code::ProviderUnavailable)
    })?;
    Ok(found.and_then(|found| found.notice.seen.object().map(str::to_owned)))
}

/// Ends what a person has decided about.
///
/// # Errors
/// See [`StoreError`].
pub async fn settle(app: &App, id: &str, told: Told, ending: Ending) -> Result<Reviewed, StoreError> {
    let reviewed = app.store.review_intent(id, told, ending, app.clock.now()).await?;
    if reviewed == Reviewed::Ended {
        metrics::counter!("checkout_intents_total", "outcome" => name(told)).increment(1);
        report(app).await;
        tracing::info!(intent = %id, outcome = name(told), "a person has decided about a refund");
    }
    Ok(reviewed)
}

fn as_sent(intent: &Intent) -> NewRefund<'_> {
    NewRefund {
        intent: &intent.id,
        payment: &intent.payment,
        amount: (!intent.request.whole).then_some(intent.request.amount),
        reason: intent.request.reason.as_deref(),
        planned_at: intent.created_at,
    }
}

/// What the provider answered is an observation as any other. Where it cannot be kept, the sweep finds it.
async fn observe(app: &App, Observed { body, notice }: Observed, asked_at: Timestamp) {
    if let Err(error) = inbox::answered(app, Kind::Refund.as_str(), body, notice, asked_at).await {
        tracing::error!(%error, "the answer to a refund could not be kept");
    }
}

/// Refusals that a caller can do something about are told as they are.
fn refusal(code: Code) -> Code {
    match code {
        Code::RefundExceedsPayment | Code::PaymentNotRefundable => code,
        _ => Code::PaymentNotRefundable,
    }
}

fn name(told: Told) -> &'static str {
    match told {
        Told::Sending => "sending",
        Told::Made => "made",
        Told::Refused => "refused",
        Told::NotSent => "not_sent",
        Told::Lost => "lost",
        Told::Found => "found",
        Told::Absent => "absent",
        Told::Unasked => "unasked",
        Told::SaidMade => "said_made",
        Told::SaidNotMade => "said_not_made",
    }
}

/// The refusal that an ended intent stands for, where whoever asked was not told otherwise before.
#[must_use]
pub fn refused(intent: &Intent) -> Option<Problem> {
    let code = intent.result.code.as_deref().filter(|_| !intent.result.late)?;
    Code::ALL.iter().find(|known| known.as_str() == code).map(|code| (*code).into())
}

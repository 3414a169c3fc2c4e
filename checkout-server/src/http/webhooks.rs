//! `POST /webhooks/dodo`: raw bytes, then the signature, then everything else. Once a delivery is
//! ours it is kept and acknowledged, whatever it says (G12, G13, G17).

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};

use super::extract::{LARGEST_WEBHOOK, body, one};
use super::who::leak;
use crate::app::App;
use crate::clock::Clock;
use crate::error::{Code, Problem};
use crate::fault::crash_point;
use crate::inbox;
use crate::signature::{self, Headers, Refusal};

pub(super) async fn accept(State(app): State<App>, request: Request) -> Result<StatusCode, Problem> {
    let headers = request.headers().clone();
    let signed = Headers {
        id: single(&headers, "webhook-id")?,
        timestamp: single(&headers, "webhook-timestamp")?,
        signature: single(&headers, "webhook-signature")?,
    };
    let body = body(request, LARGEST_WEBHOOK).await?;
    let observed_at = signature::verify(&app.webhook_secrets, signed, &body, Clock::wall()).map_err(|refusal| {
        // What is signed is kept whatever it says; what is not may be a page that tries its key here.
        if leak::is_in(&app, &body) { leak::reported() } else { refused(refusal) }
    })?;
    crash_point("webhook.verified");
    let webhook_id = signed.id.to_owned();
    // What is ours is finished, also when the sender goes away.
    let accepting = {
        let app = app.clone();
        async move { inbox::accept(&app, webhook_id, observed_at, body).await }
    };
    app.finish(accepting).await??;
    crash_point("webhook.told");
    Ok(StatusCode::OK)
}

fn single<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Problem> {
    let value = one(headers, &HeaderName::from_static(name)).ok().flatten();
    value.filter(|value| !value.is_empty()).ok_or_else(|| refused(Refusal::HeaderMissing))
}

fn refused(refusal: Refusal) -> Problem {
    let (code, reason) = match refusal {
        Refusal::HeaderMissing => (Code::WebhookHeaderMissing, "header"),
        Refusal::OutOfTolerance => (Code::WebhookTimestampOutOfTolerance, "timestamp"),
        Refusal::Invalid => (Code::WebhookSignatureInvalid, "signature"),
    };
    metrics::counter!("checkout_webhooks_refused_total", "reason" => reason).increment(1);
    tracing::warn!(reason, "a webhook was refused");
    code.into()
}

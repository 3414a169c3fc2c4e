//! A layer that tells the panel what a server was asked and how it answered. From what passes it
//! takes the route, the status, the time taken, a webhook's event type and a problem's code;
//! nothing else of any address, header or body is kept.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::Route;
use hyper::body::{Frame, SizeHint};
use serde::Deserialize;
use tower::{Layer, Service};

use super::activity::{Activity, Entry, Who};
use super::words;
use crate::http::answer::Shed;

/// Bodies up to this size are looked into for the one word we show.
const MOST_BYTES: usize = 256 * 1024;

/// Records each request that reaches a route of the server that `asked` names.
pub fn activity_layer(
    activity: Activity,
    asked: Who,
) -> impl Layer<
    Route,
    Service: Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static,
> + Clone
+ Send
+ Sync
+ 'static {
    from_fn_with_state((activity, asked), record)
}

async fn record(State((activity, asked)): State<(Activity, Who)>, request: Request, next: Next) -> Response {
    let Some(path) = request.extensions().get::<MatchedPath>().cloned() else { return next.run(request).await };
    let (method, route) = (request.method().clone(), path.as_str());
    let webhook = words::is_webhook(asked, &method, route);
    let heard = Heard::default();
    let request = if webhook { request.map(|body| heard.listen(body)) } else { request };

    let at = activity.now();
    let begun = Instant::now();
    let response = next.run(request).await;
    // Who is flooded does not write about it, too.
    if response.extensions().get::<Shed>().is_some() {
        return response;
    }
    let Some(words) = words::of(asked, &method, route) else { return response };
    let took = begun.elapsed().as_millis();

    let (response, code) = problem_code(response).await;
    let text = heard.event_type().map_or(words, |event| format!("Sandbox sent webhook {event}"));
    let status = outcome(response.status(), webhook, code.as_deref());
    let who = if webhook { Who::Webhook } else { asked };
    activity.record(Entry { at, who, text, status: Some(status), detail: Some(format!("{took} ms")) });
    response
}

fn outcome(status: StatusCode, webhook: bool, code: Option<&str>) -> String {
    match (webhook, status.is_success(), code) {
        (true, true, _) => "accepted".to_owned(),
        (true, false, _) => format!("refused, {}", status.as_u16()),
        (false, _, Some(code)) => format!("{} {code}", status.as_u16()),
        (false, _, None) => status.as_u16().to_string(),
    }
}

/// What passes of a webhook's body, up to [`MOST_BYTES`]. It is read by whom it is for, and only heard
/// here: whoever sends slowly meets the helper's own limits.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    fn listen(&self, body: Body) -> Body {
        Body::new(Listening { body, heard: self.clone() })
    }

    fn add(&self, piece: &[u8]) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.len() + piece.len() <= MOST_BYTES {
            heard.extend_from_slice(piece);
        }
    }

    /// The body's `type`, such as `payment.succeeded`.
    fn event_type(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Typed {
            r#type: String,
        }
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::from_slice(&heard).ok().and_then(|Typed { r#type }| one_word(r#type))
    }
}

struct Listening {
    body: Body,
    heard: Heard,
}

impl HttpBody for Listening {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(piece) = frame.data_ref()
        {
            self.heard.add(piece);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A problem's `code`, such as `price_changed`, and the response as it was.
async fn problem_code(response: Response) -> (Response, Option<String>) {
    #[derive(Deserialize)]
    struct Coded {
        code: String,
    }
    let problem = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/problem+json");
    let small = response.body().size_hint().upper().is_some_and(|size| size <= MOST_BYTES as u64);
    if !problem || !small {
        return (response, None);
    }
    let (parts, body) = response.into_parts();
    // In memory and of known size: reading it cannot fail.
    let bytes = to_bytes(body, MOST_BYTES).await.unwrap_or_default();
    let word = serde_json::from_slice(&bytes).ok().and_then(|Coded { code }| one_word(code));
    (Response::from_parts(parts, Body::from(bytes)), word)
}

/// Only a plain word goes into the panel: whoever can send a webhook does not write our pages.
fn one_word(word: String) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'.' || byte == b'_';
    ((1..=60).contains(&word.len()) && word.bytes().all(plain)).then_some(word)
}

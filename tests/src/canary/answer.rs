//! Looks at every answer of the helper on its way out: headers, and the body as it passes, without
//! holding it back. What is cut in two by a frame is found all the same.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use futures_util::StreamExt as _;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::{PROCESS, Strictness, Watch};

/// So much of a frame is kept for the next: longer than any canary.
const OVERLAP: usize = 256;

/// A router whose answers are looked at by the watch over this process.
pub fn watched(router: Router) -> Router {
    router.layer(from_fn(async |request: Request, next: Next| {
        let path = request.uri().path().to_owned();
        look(&PROCESS, path, next.run(request).await)
    }))
}

fn look(watch: &Arc<Watch>, path: String, answer: Response) -> Response {
    let place = format!("the answer {} of {path}", answer.status().as_u16());
    let strictness = strictness(answer.headers());
    watch.look(&place, &format!("{:?}", answer.headers()), strictness);
    let watch = Arc::clone(watch);
    answer.map(|inner| Body::new(Passing { inner, watch, place, strictness, tail: Vec::new() }))
}

fn strictness(headers: &HeaderMap) -> Strictness {
    let problem = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes() == b"application/problem+json");
    if problem { Strictness::KeysAndPersonal } else { Strictness::Keys }
}

/// A body on its way out.
struct Passing {
    inner: Body,
    watch: Arc<Watch>,
    place: String,
    strictness: Strictness,
    tail: Vec<u8>,
}

impl HttpBody for Passing {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &frame
            && let Some(data) = frame.data_ref()
        {
            let mut seen = std::mem::take(&mut self.tail);
            seen.extend_from_slice(data);
            self.watch.answers.fetch_add(1, Ordering::Relaxed);
            self.watch.look(&self.place, &String::from_utf8_lossy(&seen), self.strictness);
            seen.drain(..seen.len().saturating_sub(OVERLAP));
            self.tail = seen;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Shows the watch an answer in these pieces.
pub(super) async fn planted(watch: &Arc<Watch>, kind: &'static str, pieces: &[&'static str]) {
    let pieces = futures_util::stream::iter(pieces.to_vec()).map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)));
    let mut answer = Response::new(Body::from_stream(pieces));
    answer.headers_mut().insert(CONTENT_TYPE, kind.parse().expect("a header's value"));
    let body = look(watch, "/planted".to_owned(), answer).into_body();
    axum::body::to_bytes(body, usize::MAX).await.expect("it is read to its end");
}

/// Shows the watch an answer with that in a header.
pub(super) fn planted_header(watch: &Arc<Watch>, value: &'static str) {
    let mut answer = Response::new(Body::empty());
    answer.headers_mut().insert("x-planted", value.parse().expect("a header's value"));
    drop(look(watch, "/planted".to_owned(), answer));
}

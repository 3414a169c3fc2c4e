//! Bodies that say where their connection stands: whether the client keeps us waiting for the rest
//! of a request, and when the last of an answer has been handed over.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};

use super::Connection;
use super::connections::State;

/// Pieces of an answer, in bytes: hyper asks for the next one when most of the last has left, so
/// that a slow reader shows.
const PIECE: usize = 16 * 1_024;

/// A request's body on its way in.
pub(super) struct Incoming {
    body: hyper::body::Incoming,
    connection: Arc<Connection>,
    waited: bool,
}

impl Incoming {
    pub(super) fn new(body: hyper::body::Incoming, connection: Arc<Connection>) -> Self {
        Self { body, connection, waited: false }
    }
}

impl HttpBody for Incoming {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if polled.is_pending() && !self.waited {
            self.waited = true;
            self.connection.enter(State::Receiving);
        }
        if self.waited && (matches!(polled, Poll::Ready(None | Some(Err(_)))) || self.body.is_end_stream()) {
            self.waited = false;
            self.connection.enter(State::Asked);
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

/// The answer, whose end is the beginning of the wait for the next request.
pub(super) fn outgoing(response: Response, connection: &Arc<Connection>) -> Response {
    connection.enter(if is_event_stream(response.headers()) { State::Streaming } else { State::Sending });
    let connection = Arc::clone(connection);
    response.map(|body| Body::new(Outgoing { body, rest: Bytes::new(), connection }))
}

/// Whether an answer is server-sent events, which have no end of their own.
pub(in crate::http) fn is_event_stream(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

struct Outgoing {
    body: Body,
    /// What is left of the last frame.
    rest: Bytes,
    connection: Arc<Connection>,
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)).map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => self.rest = data,
                Some(Ok(Err(trailers))) => return Poll::Ready(Some(Ok(trailers))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        let length = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (inner, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + rest);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

impl Drop for Outgoing {
    /// Sent, or given up: either way the client is next.
    fn drop(&mut self) {
        self.connection.enter(State::Waiting);
    }
}

//! Time limits of what the API server sends: no request and no watch waits for ever on a connection that is dead without
//! anybody having said so (RT-94).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep};
use tower::BoxError;

use crate::liveness::Liveness;

/// How long a client waits.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// For the answer to a request, its last byte included; of a watch, for its beginning.
    pub request: Duration,
    /// For the next thing that a watch tells. A server sends a bookmark about every minute, so a watch that is silent for
    /// longer is begun anew, where it was; on a server without bookmarks that costs one request.
    pub silence: Duration,
    /// Between two pings on the connection for requests.
    pub ping: Duration,
    /// For the answer to a ping; without it the connection is closed.
    pub pong: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { request: seconds(60), silence: seconds(200), ping: seconds(30), pong: seconds(15) }
    }
}

/// A body that is given up when it takes too long.
pub(super) struct Bounded<B> {
    body: B,
    sleep: Pin<Box<Sleep>>,
    kind: Kind,
}

enum Kind {
    /// All of it must come in time.
    Whole(Duration),
    /// Each part must, and is told of; silence is the end of the body.
    Parts { silence: Duration, liveness: Arc<Liveness>, path: Box<str> },
}

impl<B> Bounded<B> {
    /// The answer to a request, of which all must have come by `deadline`, which is `limit` after it was sent.
    pub(super) fn whole(body: B, deadline: Instant, limit: Duration) -> Self {
        Self { body, sleep: Box::pin(tokio::time::sleep_until(deadline)), kind: Kind::Whole(limit) }
    }

    /// The answer to a watch on `path`, which may be silent for so long.
    pub(super) fn parts(body: B, silence: Duration, liveness: Arc<Liveness>, path: &str) -> Self {
        Self { body, sleep: Box::pin(tokio::time::sleep(silence)), kind: Kind::Parts { silence, liveness, path: path.into() } }
    }
}

impl<B> http_body::Body for Bounded<B>
where
    B: http_body::Body + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            if let Kind::Parts { silence, liveness, path } = &this.kind {
                liveness.heard(path);
                this.sleep.as_mut().reset(Instant::now() + *silence);
            }
            return Poll::Ready(frame.map(|f| f.map_err(Into::into)));
        }
        ready!(this.sleep.as_mut().poll(context));
        match &this.kind {
            Kind::Whole(limit) => Poll::Ready(Some(Err(late(*limit)))),
            Kind::Parts { silence, path, .. } => {
                tracing::debug!(path = &**path, "a watch was silent for {} s, it is begun anew", silence.as_secs());
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The error of an answer that has not come in time.
pub(super) fn late(limit: Duration) -> BoxError {
    format!("the API server did not answer within {} s", limit.as_secs()).into()
}

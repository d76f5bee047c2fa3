//! Clients: how many there are, and how long they are waited for.
//!
//! A client that sends nothing, or sends its headers drop by drop, or does not take its answer, is
//! not waited for: each has some seconds. If there are too many, the one goes that has been idle
//! for longest, so that there is always room for another.

use std::future::{poll_fn, Future};
use std::io;
use std::pin::{pin, Pin};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::Arc;
use std::task::{ready, Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::ReadBufCursor;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{interval, sleep, MissedTickBehavior};

use super::answer::Server;

/// Takes clients in, for as long as it is polled.
pub(super) async fn accept(listener: TcpListener, server: Arc<Server>) {
    let mut clients = Clients::default();
    let mut ticks = interval(SWEEP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        // Whichever comes first, without a macro of tokio's for it.
        let next = first(listener.accept(), ticks.tick());
        match next.await {
            Either::One(Ok((stream, _))) => clients.take_in(stream, &server),
            // No more files to be had, mostly: room is made, and it is tried again.
            Either::One(Err(_)) => {
                clients.drop_idlest();
                sleep(PAUSE).await;
            }
            Either::Other(_) => clients.sweep(),
        }
    }
}

/// What a client does, for whoever decides how long to wait for it.
#[derive(Debug)]
pub(super) struct Activity {
    began: Instant,
    /// Answers that are being made, or sent.
    answers: AtomicUsize,
    /// Since when nothing has been done, in ms after the beginning.
    idle_since: AtomicU64,
    /// When the client last took something.
    wrote_at: AtomicU64,
}

impl Activity {
    fn new() -> Arc<Self> {
        Arc::new(Activity {
            began: Instant::now(),
            answers: AtomicUsize::new(0),
            idle_since: AtomicU64::new(0),
            wrote_at: AtomicU64::new(0),
        })
    }

    /// An answer is being made until what this gives is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Answering {
        self.answers.fetch_add(1, Ordering::Relaxed);
        self.wrote_at.store(self.now(), Ordering::Relaxed);
        Answering(self.clone())
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    fn is_idle(&self) -> bool {
        self.answers.load(Ordering::Relaxed) == 0
    }

    /// For how long it has let the server wait, in ms.
    fn waited(&self) -> u64 {
        let wrote_at = self.wrote_at.load(Ordering::Relaxed);
        let since = match self.is_idle() {
            true => wrote_at.max(self.idle_since.load(Ordering::Relaxed)),
            false => wrote_at,
        };
        self.now().saturating_sub(since)
    }

    fn is_too_slow(&self) -> bool {
        let limit = if self.is_idle() { IDLE_FOR } else { STUCK_FOR };
        self.waited() > limit.as_millis() as u64
    }
}

/// An answer is being made, or sent.
#[derive(Debug)]
pub(super) struct Answering(Arc<Activity>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.idle_since.store(self.0.now(), Ordering::Relaxed);
        self.0.answers.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Default)]
struct Clients {
    /// Each is gone with this.
    tasks: JoinSet<()>,
    all: Vec<(Arc<Activity>, AbortHandle)>,
}

impl Clients {
    fn take_in(&mut self, stream: TcpStream, server: &Arc<Server>) {
        self.forget_ended();
        if self.all.len() >= MOST_CLIENTS && !self.drop_idlest() {
            return; // All are being answered.
        }
        // What it sends is small and whole.
        let _ = stream.set_nodelay(true);
        let activity = Activity::new();
        let socket = Socket { stream, activity: activity.clone() };
        let (server, asked) = (server.clone(), activity.clone());
        let service = service_fn(move |request| {
            let (server, answering) = (server.clone(), asked.begin());
            async move { Ok::<_, std::convert::Infallible>(server.answer(request, answering).await) }
        });
        let connection = http1::Builder::new()
            .max_buf_size(MOST_HEADERS)
            .max_headers(MOST_HEADER_LINES)
            .serve_connection(socket, service);
        let handle = self.tasks.spawn(async move {
            // A client may go whenever it likes.
            let _ = connection.await;
        });
        self.all.push((activity, handle));
    }

    /// Whether there was one.
    fn drop_idlest(&mut self) -> bool {
        let idle = self.all.iter().enumerate().filter(|(_, (activity, _))| activity.is_idle());
        let idlest =
            idle.max_by_key(|(_, (activity, _))| activity.waited()).map(|(place, _)| place);
        if let Some(place) = idlest {
            self.all.swap_remove(place).1.abort();
        }
        idlest.is_some()
    }

    fn sweep(&mut self) {
        self.forget_ended();
        self.all.retain(|(activity, handle)| {
            let stays = !activity.is_too_slow();
            if !stays {
                handle.abort();
            }
            stays
        });
    }

    fn forget_ended(&mut self) {
        while self.tasks.try_join_next().is_some() {}
        self.all.retain(|(_, handle)| !handle.is_finished());
    }
}

/// A client's socket, as hyper wants it, which notes what the client takes.
struct Socket {
    stream: TcpStream,
    activity: Arc<Activity>,
}

impl Socket {
    fn note(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(count)) if count > 0) {
            self.activity.wrote_at.store(self.activity.now(), Ordering::Relaxed);
        }
        written
    }
}

impl hyper::rt::Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        // Requests are short: to copy them costs nothing.
        let mut bytes = [0; 4_096];
        let room = bytes.len().min(buf.remaining());
        let mut read = ReadBuf::new(&mut bytes[..room]);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read))?;
        buf.put_slice(read.filled());
        Poll::Ready(Ok(()))
    }
}

impl hyper::rt::Write for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.note(written)
    }
}

enum Either<A, B> {
    One(A),
    Other(B),
}

/// Of two futures the one that comes first. Both may be dropped before they have come to
/// anything.
async fn first<A: Future, B: Future>(one: A, other: B) -> Either<A::Output, B::Output> {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(move |cx| match one.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Either::One(output)),
        Poll::Pending => other.as_mut().poll(cx).map(Either::Other),
    })
    .await
}

/// How many clients there may be.
const MOST_CLIENTS: usize = 256;
/// How many bytes and lines of headers a request may have.
const MOST_HEADERS: usize = 16 * 1_024;
const MOST_HEADER_LINES: usize = 64;
/// How long a client may take for the headers of its next request.
const IDLE_FOR: Duration = Duration::from_secs(10);
/// How long a client may take nothing of its answer.
const STUCK_FOR: Duration = Duration::from_secs(20);
const SWEEP_EVERY: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(50);

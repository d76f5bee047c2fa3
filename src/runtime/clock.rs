//! The monotonic clock of the process.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::core::time::Nanos;

/// The time since the clock was first read.
#[inline]
pub fn now() -> Nanos {
    Nanos::new(origin().elapsed().as_nanos() as u64)
}

/// The instant at which [`now`] gives `at`; `None` when no instant is that late.
pub fn instant_of(at: Nanos) -> Option<Instant> {
    origin().checked_add(Duration::from_nanos(at.get()))
}

/// How long the whole process is known to have been held up: a suspended laptop, a
/// throttled container, a stop signal. Told by the timer thread when it wakes much
/// later than it asked to.
#[inline]
pub fn held_up() -> Nanos {
    Nanos::new(HELD_UP.load(Ordering::Acquire))
}

/// Adds to [`held_up`].
pub(crate) fn add_held_up(span: Nanos) {
    HELD_UP.fetch_add(span.get(), Ordering::AcqRel);
}

fn origin() -> &'static Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    ORIGIN.get_or_init(Instant::now)
}

static HELD_UP: AtomicU64 = AtomicU64::new(0);

//! The monotonic clock of the process.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::LazyLock;

use quanta::Clock;

use crate::core::time::Nanos;

/// The present by the monotonic clock: the processor's time stamp counter where it is
/// steady, at half the cost of asking the system, which is asked elsewhere.
#[inline]
pub fn now() -> Nanos {
    // The first reading calibrates the counter, which takes about a millisecond.
    static CLOCK: LazyLock<Clock> = LazyLock::new(Clock::new);
    Nanos::new(CLOCK.delta_as_nanos(0, CLOCK.raw()))
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

static HELD_UP: AtomicU64 = AtomicU64::new(0);

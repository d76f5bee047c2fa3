//! The monotonic clock of the process.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::core::time::Nanos;

/// The present by the system's monotonic clock. Its zero is the system's affair.
///
/// `Instant` would do, but checks and subtracts on the way of every call what is never
/// wrong here.
#[inline]
#[cfg(unix)]
pub fn now() -> Nanos {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it writes to the place it is given, and cannot fail for this clock.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    Nanos::new(now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64)
}

/// The present by the system's monotonic clock, counted from its first reading.
#[inline]
#[cfg(not(unix))]
pub fn now() -> Nanos {
    static ORIGIN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    Nanos::new(ORIGIN.get_or_init(std::time::Instant::now).elapsed().as_nanos() as u64)
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

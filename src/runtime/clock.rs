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
    let clock: &Clock = &CLOCK;
    Nanos::new(clock.delta_as_nanos(0, clock.raw()))
}

/// How long the whole process is known to have been held up: a suspended laptop, a
/// throttled container, a stop signal. It is seen by whoever first asks after it, from
/// the timer thread, which has not come back from its sleep.
#[inline]
pub fn held_up(now: Nanos) -> Nanos {
    let asleep_until = Nanos::new(ASLEEP_UNTIL.load(Ordering::Acquire));
    if now > asleep_until + OVERSLEPT {
        claim(now);
    }
    Nanos::new(HELD_UP.load(Ordering::Acquire))
}

/// The timer thread is about to sleep until then.
pub(crate) fn on_asleep(until: Nanos) {
    ASLEEP_UNTIL.store(until.get(), Ordering::Release);
}

/// The timer thread has woken up.
pub(crate) fn on_awake() {
    held_up(now());
    ASLEEP_UNTIL.store(u64::MAX, Ordering::Release);
}

/// Adds to [`HELD_UP`] what nobody else has.
#[cold]
fn claim(now: Nanos) {
    let claimed = ASLEEP_UNTIL.fetch_update(Ordering::AcqRel, Ordering::Acquire, |until| {
        (now > Nanos::new(until) + OVERSLEPT).then_some(now.get())
    });
    if let Ok(until) = claimed {
        HELD_UP.fetch_add((now - Nanos::new(until)).get(), Ordering::AcqRel);
    }
}

static HELD_UP: AtomicU64 = AtomicU64::new(0);

/// When the timer thread should be awake; what is later has been added.
static ASLEEP_UNTIL: AtomicU64 = AtomicU64::new(u64::MAX);

/// Waking this much later than asked means that the process did not run: busy
/// machines are late by less, and being wrong costs no more than this.
pub(crate) const OVERSLEPT: Nanos = Nanos::from_millis(25);

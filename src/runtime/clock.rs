//! The monotonic clock of the process.
//!
//! Time is read from the processor's time stamp counter, at half the cost of asking the
//! system. But the counter may jump, either way, when a machine was suspended or a virtual
//! one moved, and it drifts. So it is held against the system's clock again and again: by
//! the timer thread when it wakes, by a loop in a turn that may be longer than a turn
//! should be, and now and then as a turn begins ([`checked_now`]). What is found wrong is
//! put right from there on; nobody sleeps by the counter.
//!
//! Time in which the machine is suspended counts as it does in libuv's timers: on macOS
//! and Windows it does, elsewhere it does not.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::LazyLock;

use didelphis_core::time::Nanos;

/// The present by the monotonic clock.
#[inline]
pub fn now() -> Nanos {
    // In this order: the first reading of the counter sets the offset.
    let counter = counter();
    Nanos::new(counter.wrapping_add(OFFSET.load(Ordering::Relaxed)))
}

/// The same, held against the system's clock if it has not been for a while, or if it seems
/// to have jumped.
pub fn checked_now() -> Nanos {
    let now = now();
    let since = now.get().wrapping_sub(CHECKED_AT.load(Ordering::Relaxed));
    if since <= CHECK_EVERY.get() {
        return now;
    }
    check();
    self::now()
}

/// Holds the clock against the system's.
#[cold]
pub fn check() {
    let before = system();
    let counter = counter();
    let after = system();
    let offset = OFFSET.load(Ordering::Relaxed);
    let checked = checked_offset(offset, before, counter, after);
    if checked != offset {
        // Whoever was quicker has looked, too.
        let _ = OFFSET.compare_exchange(offset, checked, Ordering::Relaxed, Ordering::Relaxed);
    }
    CHECKED_AT.store(counter.wrapping_add(checked), Ordering::Relaxed);
}

/// The offset that puts a reading of the counter between two of the system's clock, which
/// were taken before and after it. One that is good enough stays as it is.
fn checked_offset(offset: u64, before: u64, counter: u64, after: u64) -> u64 {
    let now = counter.wrapping_add(offset);
    // Differences of clocks that may be anywhere, as signed numbers.
    if (before.wrapping_sub(now) as i64) > TOLERANCE {
        before.wrapping_sub(counter)
    } else if (now.wrapping_sub(after) as i64) > TOLERANCE {
        after.wrapping_sub(counter)
    } else {
        offset
    }
}

/// How far the clock may be from the system's, in nanoseconds.
const TOLERANCE: i64 = 500_000;

/// How often a clock is held against the system's where somebody is about to rely on it.
const CHECK_EVERY: Nanos = Nanos::from_millis(20);

/// From the counter to the system's clock; wraps around.
static OFFSET: AtomicU64 = AtomicU64::new(0);

/// When the clock was last held against the system's.
static CHECKED_AT: AtomicU64 = AtomicU64::new(0);

/// The processor's counter, in nanoseconds.
#[inline]
fn counter() -> u64 {
    // The first reading calibrates the counter, which takes about a millisecond.
    static COUNTER: LazyLock<quanta::Clock> = LazyLock::new(first_reading);
    let counter: &quanta::Clock = &COUNTER;
    let reading = counter.delta_as_nanos(0, counter.raw());
    #[cfg(debug_assertions)]
    let reading = reading.wrapping_add(jumps::BY.load(Ordering::Relaxed));
    reading
}

#[cold]
fn first_reading() -> quanta::Clock {
    let clock = quanta::Clock::new();
    let reading = clock.delta_as_nanos(0, clock.raw());
    OFFSET.store(system().wrapping_sub(reading), Ordering::Relaxed);
    clock
}

/// The system's monotonic clock, in nanoseconds.
#[cfg(unix)]
fn system() -> u64 {
    // As libuv's timers: on macOS this one goes on while the machine is suspended.
    #[cfg(target_vendor = "apple")]
    const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC_RAW;
    #[cfg(not(target_vendor = "apple"))]
    const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is ours to be written to. Each system that Node runs on has the clock.
    unsafe { libc::clock_gettime(CLOCK, &mut time) };
    (time.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec as u64)
}

/// The system's monotonic clock, in nanoseconds.
#[cfg(not(unix))]
fn system() -> u64 {
    static BEGINNING: LazyLock<std::time::Instant> = LazyLock::new(std::time::Instant::now);
    BEGINNING.elapsed().as_nanos() as u64
}

/// A processor's counter that tests can make jump.
#[cfg(debug_assertions)]
pub mod jumps {
    use super::{AtomicU64, Ordering};

    pub(super) static BY: AtomicU64 = AtomicU64::new(0);

    /// Makes the counter jump by so many nanoseconds, forwards or backwards.
    pub fn jump(nanos: i64) {
        BY.fetch_add(nanos as u64, Ordering::Relaxed);
    }
}

/// How often, and for how long together, the whole process was suspended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Suspensions {
    /// How many there were.
    pub count: u64,
    /// Their length, added up.
    pub length: Nanos,
}

impl Suspensions {
    /// Those of them that came after.
    pub(crate) fn since(self, before: Suspensions) -> Suspensions {
        let count = self.count.saturating_sub(before.count);
        Suspensions { count, length: self.length - before.length }
    }

    /// Both together.
    pub(crate) fn and(self, other: Suspensions) -> Suspensions {
        Suspensions { count: self.count + other.count, length: self.length + other.length }
    }
}

/// The suspensions of the process that are known: a suspended laptop, a throttled container, a
/// stop signal. One is seen by whoever first asks after it, from the timer thread, which has
/// not come back from its sleep.
#[inline]
pub fn suspensions(now: Nanos) -> Suspensions {
    let asleep_until = Nanos::new(ASLEEP_UNTIL.load(Ordering::Acquire));
    if now > asleep_until + OVERSLEPT {
        claim(now);
    }
    // In this order: a length is there after its number.
    let length = Nanos::new(SUSPENDED.load(Ordering::Acquire));
    Suspensions { count: SUSPENSIONS.load(Ordering::Acquire), length }
}

/// Whether the process was suspended a short while ago: it may be again.
pub(crate) fn was_suspended(now: Nanos) -> bool {
    let last = Nanos::new(HELD_UP_AT.load(Ordering::Relaxed));
    last > Nanos::ZERO && now - last < A_SHORT_WHILE
}

/// The timer thread is about to sleep until then.
pub(crate) fn on_asleep(until: Nanos) {
    ASLEEP_UNTIL.store(until.get(), Ordering::Release);
}

/// The timer thread has woken up.
pub(crate) fn on_awake() {
    check();
    suspensions(now());
    ASLEEP_UNTIL.store(u64::MAX, Ordering::Release);
}

/// Adds what nobody else has.
#[cold]
fn claim(now: Nanos) {
    let claimed = ASLEEP_UNTIL.fetch_update(Ordering::AcqRel, Ordering::Acquire, |until| {
        (now > Nanos::new(until) + OVERSLEPT).then_some(now.get())
    });
    if let Ok(until) = claimed {
        HELD_UP_AT.store(now.get(), Ordering::Relaxed);
        SUSPENSIONS.fetch_add(1, Ordering::AcqRel);
        SUSPENDED.fetch_add((now - Nanos::new(until)).get(), Ordering::AcqRel);
    }
}

static SUSPENDED: AtomicU64 = AtomicU64::new(0);

static SUSPENSIONS: AtomicU64 = AtomicU64::new(0);

/// When the last one was seen.
static HELD_UP_AT: AtomicU64 = AtomicU64::new(0);

const A_SHORT_WHILE: Nanos = Nanos::from_millis(2_000);

/// When the timer thread should be awake; what is later has been added.
static ASLEEP_UNTIL: AtomicU64 = AtomicU64::new(u64::MAX);

/// Waking this much later than asked means that the process did not run: busy
/// machines are late by less, and being wrong costs no more than this.
pub(crate) const OVERSLEPT: Nanos = Nanos::from_millis(25);

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_counter_that_is_right_is_left_alone() {
        let offset = 5u64.wrapping_neg();
        assert_eq!(checked_offset(offset, 100 * MS, 100 * MS + 5, 101 * MS), offset);
        // The reading was suspended between the others for an hour.
        assert_eq!(checked_offset(0, 100 * MS, 200 * MS, 3_600_000 * MS), 0);
    }

    #[test]
    fn a_counter_that_has_jumped_is_put_right() {
        let forwards = checked_offset(0, 100 * MS, 7_000_000 * MS, 101 * MS);
        assert_eq!((7_000_000 * MS).wrapping_add(forwards), 101 * MS);
        let backwards = checked_offset(90 * MS, 100 * MS, 0, 101 * MS);
        assert_eq!(backwards, 100 * MS);
    }
}

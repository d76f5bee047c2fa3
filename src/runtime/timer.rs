//! The timer thread: one a process, asleep until the nearest moment at which any
//! breaker wants to be looked at.
//!
//! It is told of an earlier moment through a queue under a lock, and woken only when
//! it sleeps for longer than that; so nothing that comes in order wakes it. It holds
//! what it looks after weakly: a breaker that was dropped is forgotten when its
//! moment comes. It decides nothing.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{OnceLock, Weak};
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::clock;
use crate::core::time::Nanos;

/// Something that wants to be looked at when a moment has come.
pub trait Task: Send + Sync {
    /// The moment `at`, which was asked for, has come. Called on the timer thread,
    /// without its lock.
    fn on_time(&self, at: Nanos);
}

/// A timer thread and its queue.
pub struct Timer {
    schedule: Mutex<Schedule>,
    earlier: Condvar,
}

impl Timer {
    /// The timer of this process; its thread begins with the first moment asked for.
    pub fn global() -> &'static Timer {
        static TIMER: OnceLock<Timer> = OnceLock::new();
        TIMER.get_or_init(Timer::new)
    }

    /// Has [`Task::on_time`] called at `at` or as soon after as the system wakes the
    /// thread; at once if `at` has passed. A task that asks again is called for each
    /// time it asked.
    pub fn call_at(&'static self, at: Nanos, task: Weak<dyn Task>) {
        let mut schedule = self.schedule.lock();
        schedule.queue.push(Entry { at, task });
        if !schedule.running {
            schedule.running = self.spawn();
        } else if at < schedule.asleep_until {
            self.earlier.notify_one();
        }
    }

    fn new() -> Self {
        Timer {
            schedule: Mutex::new(Schedule {
                queue: BinaryHeap::new(),
                asleep_until: Nanos::ZERO,
                running: false,
            }),
            earlier: Condvar::new(),
        }
    }

    /// A process that is out of threads tries again with the next moment.
    fn spawn(&'static self) -> bool {
        thread::Builder::new().name("didelphis".into()).spawn(|| self.run()).is_ok()
    }

    fn run(&self) {
        wake_on_time();
        let mut schedule = self.schedule.lock();
        loop {
            let next = schedule.queue.peek().map_or(Nanos::MAX, |entry| entry.at);
            if next > clock::now() {
                self.sleep_until(next, &mut schedule);
            } else if let Some(Entry { at, task }) = schedule.queue.pop() {
                MutexGuard::unlocked(&mut schedule, || {
                    // A defect in one breaker must not stop the others' timeouts.
                    let run = || task.upgrade().map(|task| task.on_time(at));
                    let _ = catch_unwind(AssertUnwindSafe(run));
                });
            }
        }
    }

    /// Sleeps towards that moment; may wake before.
    fn sleep_until(&self, at: Nanos, schedule: &mut MutexGuard<'_, Schedule>) {
        if at.is_never() {
            schedule.asleep_until = at;
            self.earlier.wait(schedule);
        } else {
            let now = clock::now();
            let span = nap(at - now);
            let until = now + span;
            schedule.asleep_until = until;
            let span = Duration::from_nanos(span.get());
            clock::on_asleep(until);
            self.earlier.wait_for(schedule, span);
            clock::on_awake();
        }
        // Awake, the thread looks at the queue before it sleeps again.
        schedule.asleep_until = Nanos::ZERO;
    }
}

/// Asks the system to wake this thread when it is time. Linux lets a thread sleep for another
/// 50 µs, to wake several at once; it is told the least that it knows, a nanosecond.
fn wake_on_time() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: takes and keeps no memory. What cannot be had is done without.
    unsafe {
        libc::prctl(libc::PR_SET_TIMERSLACK, 1);
    }
}

struct Schedule {
    queue: BinaryHeap<Entry>,
    /// Zero while the thread is awake.
    asleep_until: Nanos,
    running: bool,
}

struct Entry {
    at: Nanos,
    task: Weak<dyn Task>,
}

/// The earliest is the greatest, as `BinaryHeap` gives the greatest first.
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.cmp(&self.at)
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Entry {}

/// How long to sleep at a time when there is so much time until the next moment.
///
/// A process that is held up is seen to be when the thread should have woken, and not
/// before: what the hold-up took of a sleep cannot be told from the sleep. So the thread
/// sleeps for a quarter of what is left at a time, and a hold-up takes no call more than
/// a quarter of the time it had left; that makes some twenty naps for ten seconds.
fn nap(left: Nanos) -> Nanos {
    let quarter = Nanos::new(left.get() / 4);
    if quarter < SHORTEST_NAP {
        left
    } else {
        quarter
    }
}

const SHORTEST_NAP: Nanos = Nanos::from_millis(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nap_takes_no_more_than_a_quarter_of_what_is_left() {
        let mut left = Nanos::from_millis(10_000);
        let mut naps = 0;
        while left > Nanos::ZERO {
            let span = nap(left);
            assert!(span.get() * 4 <= left.get() || left.get() / 4 < SHORTEST_NAP.get());
            assert!(span > Nanos::ZERO, "the thread must not spin");
            left = left - span;
            naps += 1;
        }
        assert!((10..30).contains(&naps), "{naps} naps");
    }
}

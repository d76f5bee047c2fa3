//! The timer thread: one a process, asleep until the nearest moment at which any
//! breaker wants to be looked at.
//!
//! It is told of an earlier moment through a queue under a lock, and woken only when
//! it sleeps for longer than that; so nothing that comes in order wakes it. It holds
//! what it looks after weakly: a breaker that was dropped is not called. It decides
//! nothing.
//!
//! In a process that can have no more threads, the loops do its work, and try for the
//! thread again each time.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{OnceLock, Weak};
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::clock;
use didelphis_core::time::Nanos;

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
    /// time it asked. False when there is no thread to be had: then somebody has to
    /// [`work`](Timer::work).
    pub fn call_at(&'static self, at: Nanos, task: Weak<dyn Task>) -> bool {
        let mut schedule = self.schedule.lock();
        schedule.queue.push(Entry { at, task });
        if !schedule.running {
            schedule.running = self.spawn();
        } else if at < schedule.asleep_until {
            self.earlier.notify_one();
        }
        schedule.running
    }

    /// Does what is due, in the place of the thread, unless there is one by now. Returns in
    /// how much time there will be more to do; `None`: nothing, or not for the caller.
    pub fn work(&'static self) -> Option<Nanos> {
        let mut schedule = self.schedule.lock();
        loop {
            schedule.running = schedule.running || self.spawn();
            if schedule.running {
                return None;
            }
            let next = schedule.queue.peek()?.at;
            let now = clock::checked_now();
            if next > now {
                return Some(next - now);
            }
            run_next(&mut schedule);
        }
    }

    /// A task that has asked is gone. What is left of such tasks is thrown away when it may
    /// be half of all.
    pub fn on_task_dropped(&self) {
        let mut schedule = self.schedule.lock();
        schedule.dropped += 1;
        if schedule.dropped > schedule.queue.len() / 2 {
            schedule.dropped = 0;
            schedule.queue.retain(|entry| entry.task.strong_count() > 0);
        }
    }

    /// How many moments are being waited for, those of tasks that are gone included.
    pub fn len(&self) -> usize {
        self.schedule.lock().queue.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn new() -> Self {
        Timer {
            schedule: Mutex::new(Schedule {
                queue: BinaryHeap::new(),
                dropped: 0,
                asleep_until: Nanos::ZERO,
                running: false,
            }),
            earlier: Condvar::new(),
        }
    }

    /// False in a process that can have no more threads.
    fn spawn(&'static self) -> bool {
        thread::Builder::new().name("didelphis".into()).spawn(|| self.run()).is_ok()
    }

    fn run(&self) {
        wake_on_time();
        let mut schedule = self.schedule.lock();
        loop {
            let next = schedule.queue.peek().map_or(Nanos::MAX, |entry| entry.at);
            // A counter that has just fallen back must not put it to sleep for that long.
            if next > clock::checked_now() {
                self.sleep_until(next, &mut schedule);
            } else {
                run_next(&mut schedule);
            }
        }
    }

    /// Sleeps towards that moment; may wake before.
    fn sleep_until(&self, at: Nanos, schedule: &mut MutexGuard<'_, Schedule>) {
        if at.is_never() {
            schedule.asleep_until = at;
            self.earlier.wait(schedule);
            clock::check();
        } else {
            let now = clock::checked_now();
            let span = nap(at - now, clock::was_suspended(now));
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

/// Calls the task whose moment comes first, without the lock.
fn run_next(schedule: &mut MutexGuard<'_, Schedule>) {
    let Some(Entry { at, task }) = schedule.queue.pop() else { return };
    MutexGuard::unlocked(schedule, || {
        // A defect in one breaker must not stop the others' timeouts.
        let run = || task.upgrade().map(|task| task.on_time(at));
        let _ = catch_unwind(AssertUnwindSafe(run));
    });
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
    /// Tasks that have gone since the queue was last rid of what they left.
    dropped: usize,
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
/// A process that is suspended is seen to be when the thread should have woken, and not
/// before: what the suspension took of a sleep cannot be told from the sleep. So the thread
/// sleeps for a quarter of what is left at a time, and a suspension takes no call more than
/// a quarter of the time it had left; that makes some twenty naps for ten seconds.
///
/// A process that was suspended a short while ago is one that is throttled, perhaps. Then it
/// sleeps for no longer than it is let run at a time, and sees each suspension for itself.
fn nap(left: Nanos, suspended: bool) -> Nanos {
    let quarter = Nanos::new(left.get() / 4);
    if quarter < SHORTEST_NAP {
        left
    } else if suspended {
        quarter.min(WHILE_THROTTLED)
    } else {
        quarter
    }
}

const SHORTEST_NAP: Nanos = Nanos::from_millis(5);

const WHILE_THROTTLED: Nanos = Nanos::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nap_takes_no_more_than_a_quarter_of_what_is_left() {
        let mut left = Nanos::from_millis(10_000);
        let mut naps = 0;
        while left > Nanos::ZERO {
            let span = nap(left, false);
            assert!(span.get() * 4 <= left.get() || left.get() / 4 < SHORTEST_NAP.get());
            assert!(span > Nanos::ZERO, "the thread must not spin");
            left = left - span;
            naps += 1;
        }
        assert!((10..30).contains(&naps), "{naps} naps");
        assert!(nap(Nanos::from_millis(10_000), true) <= WHILE_THROTTLED);
    }
}

//! One turn of a libuv loop: what of it was work, and what waiting.
//!
//! libuv counts the time that it spends waiting in the kernel. But a signal that interrupts
//! a wait, as those of a CPU profiler do a hundred times a second, makes it begin to wait
//! anew and forget the wait so far. So whoever sees the loop waiting notes it: a turn waits
//! before it works, so up to then it has not worked at all, whatever libuv says. Used by the
//! loop clock, on the loop's thread and on the timer thread.

use crate::runtime::clock::Suspensions;
use didelphis_core::time::Nanos;

/// See the [module](self).
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub(super) number: u64,
    pub(super) began: Nanos,
    /// Idle time of the loop when it began.
    idle: Nanos,
    /// When somebody last saw the loop waiting in it.
    waiting_at: Nanos,
    /// The suspensions of the process, as far as they have been looked at.
    pub(super) suspensions: Suspensions,
    /// Those of them that fell into waits of this turn.
    while_waiting: Suspensions,
    /// Those of these that have been taken.
    taken: Suspensions,
}

impl Turn {
    pub(super) fn begin(number: u64, began: Nanos, idle: Nanos, suspensions: Suspensions) -> Turn {
        let none = Suspensions::default();
        Turn {
            number,
            began,
            idle,
            waiting_at: Nanos::ZERO,
            suspensions,
            while_waiting: none,
            taken: none,
        }
    }

    /// How long the turn has worked, given the idle time of the loop by now.
    pub(super) fn busy(&self, monotonic: Nanos, idle: Nanos) -> Nanos {
        let not_idle = (monotonic - self.began) - (idle - self.idle);
        not_idle.min(monotonic - self.waiting_at)
    }

    /// The loop was seen waiting. Returns whether libuv has missed some of the wait.
    pub(super) fn see_waiting(&mut self, monotonic: Nanos, idle: Nanos) -> bool {
        let missed = self.busy(monotonic, idle) > MISSED;
        self.waiting_at = monotonic;
        missed
    }

    /// Takes note of suspensions of the process. To libuv the loop went on with what it did: if
    /// that was its work, the turn was busy for so much longer, and a stall if it comes to
    /// that; if it was waiting, the wait does not count. What is longer than all work of the
    /// turn has not been work.
    pub(super) fn see_suspensions(&mut self, suspensions: Suspensions, busy: Nanos) {
        let new = suspensions.since(self.suspensions);
        if new.length > Nanos::ZERO {
            self.suspensions = suspensions;
            if new.length > busy {
                self.while_waiting = self.while_waiting.and(new);
            }
        }
    }

    /// Hands out the suspensions that fell into waits, once.
    pub(super) fn take_suspensions(&mut self) -> Suspensions {
        let new = self.while_waiting.since(self.taken);
        self.taken = self.while_waiting;
        new
    }

    /// For how long the process was suspended in waits of this turn.
    pub(super) fn suspended(&self) -> Nanos {
        self.while_waiting.length
    }
}

/// A loop that waits has worked for so long at the most before, in the same turn.
const MISSED: Nanos = Nanos::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    const SUSPENDED: Suspensions = Suspensions { count: 1, length: Nanos::from_millis(1000) };

    fn ms(millis: u64) -> Nanos {
        Nanos::from_millis(millis)
    }

    /// A turn at its end, and what it was busy for. It began at 7 ms, when the loop had
    /// waited for 5 ms in all.
    fn turn_of(busy: u64, idle: u64) -> (Turn, Nanos) {
        let turn = Turn::begin(1, ms(7), ms(5), Suspensions::default());
        let busy = turn.busy(ms(7 + busy + idle), ms(5 + idle));
        (turn, busy)
    }

    #[test]
    fn a_suspension_of_a_waiting_loop_is_left_out_of_its_wait() {
        let (mut turn, busy) = turn_of(3, 1100);
        turn.see_suspensions(SUSPENDED, busy);
        assert_eq!((busy, turn.take_suspensions()), (ms(3), SUSPENDED));
    }

    #[test]
    fn a_suspension_of_a_working_loop_is_its_work_and_counts_once() {
        let (mut turn, busy) = turn_of(1004, 20);
        turn.see_suspensions(SUSPENDED, busy);
        assert_eq!((busy, turn.take_suspensions()), (ms(1004), Suspensions::default()));
    }

    #[test]
    fn work_after_a_suspension_is_not_taken_for_it() {
        let (mut turn, busy) = turn_of(200, 1000);
        turn.see_suspensions(SUSPENDED, busy);
        assert_eq!((busy, turn.take_suspensions()), (ms(200), SUSPENDED));
    }

    #[test]
    fn each_suspension_is_handed_out_once() {
        let (mut turn, busy) = turn_of(3, 1100);
        turn.see_suspensions(SUSPENDED, busy);
        turn.see_suspensions(SUSPENDED, busy);
        assert_eq!(turn.take_suspensions(), SUSPENDED);
        assert_eq!(turn.take_suspensions(), Suspensions::default());
        let more = Suspensions { count: 3, length: ms(1160) };
        turn.see_suspensions(more, busy);
        assert_eq!(turn.take_suspensions(), Suspensions { count: 2, length: ms(160) });
        assert_eq!(turn.suspended(), ms(1160));
    }

    #[test]
    fn a_loop_that_was_seen_waiting_has_not_worked_before() {
        let mut turn = Turn::begin(1, ms(0), ms(100), Suspensions::default());
        assert!(!turn.see_waiting(ms(50), ms(145)), "libuv has counted all but 5 ms");
        // A profiler's signals: libuv forgets each wait, and its counter runs backwards.
        assert!(turn.see_waiting(ms(500), ms(106)));
        assert_eq!(turn.busy(ms(504), ms(99)), ms(4));
        assert_eq!(turn.busy(ms(1_200), ms(99)), ms(700), "a stall after that is one");
    }
}

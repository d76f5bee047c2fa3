//! Everything that comes due in a breaker, in one table.
//!
//! The moments are of the monotonic clock. When a call is late is not among them: that moment comes
//! later whenever the loop stalls, and [`calls`](crate::calls) says it when asked. Used by the
//! breaker alone.

use crate::time::{Nanos, Shift};

/// What comes due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Timer {
    /// The clock alone moves the state: an open circuit may be tried, or a probe has been out
    /// for too long.
    Move,
    /// A bucket is complete that somebody wants to hear of.
    Snapshot,
    /// The probes of a half-open circuit have been out for as long as it waits for them.
    Probes,
    /// The time is up of a call that waits for a place, as far as no stall is forgiven.
    Queue,
}

/// See the [module](self).
#[derive(Clone, Debug)]
pub(crate) struct TimerTable {
    /// By [`Timer`]; [`Nanos::MAX`]: not set.
    due: [Nanos; TIMERS],
    wake_at: Nanos,
}

impl TimerTable {
    /// Nothing is to come.
    pub(crate) fn new() -> Self {
        TimerTable { due: [Nanos::MAX; TIMERS], wake_at: Nanos::MAX }
    }

    /// It comes due then, and not when it was to; [`Nanos::MAX`]: never.
    pub(crate) fn set(&mut self, timer: Timer, at: Nanos) {
        self.due[timer as usize] = at;
        self.wake_by(at);
    }

    /// Whether it is due by `now`.
    #[inline]
    pub(crate) fn is_due(&self, timer: Timer, now: Nanos) -> bool {
        now >= self.due[timer as usize]
    }

    /// When it comes due; [`Nanos::MAX`]: it does not.
    #[inline]
    pub(crate) fn due(&self, timer: Timer) -> Nanos {
        self.due[timer as usize]
    }

    /// When the first comes due; [`Nanos::MAX`]: none does.
    pub(crate) fn first(&self) -> Nanos {
        self.due.into_iter().fold(Nanos::MAX, Nanos::min)
    }

    /// A moment that is never later than anything that comes due, and only moves when
    /// something comes that is earlier, or when it is [set anew](TimerTable::wake_at_last).
    #[inline]
    pub(crate) fn wake_at(&self) -> Nanos {
        self.wake_at
    }

    /// Something comes due then that is not in the table.
    #[inline]
    pub(crate) fn wake_by(&mut self, at: Nanos) {
        self.wake_at = self.wake_at.min(at);
    }

    /// Nothing comes due before that moment.
    pub(crate) fn wake_at_last(&mut self, at: Nanos) {
        self.wake_at = at;
    }

    /// Goes on with another clock, on which all is as far away as it was.
    pub(crate) fn change_clocks(&mut self, shift: &Shift) {
        self.due = self.due.map(|at| shift.apply(at));
    }
}

/// How many there are.
const TIMERS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Now;

    fn at(millis: u64) -> Nanos {
        Nanos::from_millis(millis)
    }

    #[test]
    fn the_first_is_the_earliest_that_is_set() {
        let mut timers = TimerTable::new();
        assert!(timers.first().is_never());
        timers.set(Timer::Snapshot, at(30));
        timers.set(Timer::Move, at(20));
        assert_eq!(timers.first(), at(20));
        timers.set(Timer::Move, Nanos::MAX);
        assert_eq!(timers.first(), at(30));
        assert!(!timers.is_due(Timer::Snapshot, at(29)));
        assert!(timers.is_due(Timer::Snapshot, at(30)));
    }

    #[test]
    fn what_is_put_off_wakes_too_early_and_never_too_late() {
        let mut timers = TimerTable::new();
        timers.set(Timer::Move, at(20));
        timers.set(Timer::Move, at(50));
        assert_eq!(timers.wake_at(), at(20));
        timers.wake_by(at(10));
        assert_eq!(timers.wake_at(), at(10));
        timers.wake_at_last(timers.first());
        assert_eq!(timers.wake_at(), at(50));
    }

    #[test]
    fn on_another_clock_all_is_as_far_away() {
        let mut timers = TimerTable::new();
        timers.set(Timer::Move, at(130));
        let clock = |millis| Now::unstalled(at(millis));
        timers.change_clocks(&Shift { from: clock(100), to: clock(1_000) });
        assert_eq!(timers.first(), at(1_030));
    }
}

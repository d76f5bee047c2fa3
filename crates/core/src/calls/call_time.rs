//! How the time of calls passes: by the loop, in whose stalls it stands still, or by the
//! wall clock. Made by the breaker for whoever finds out which calls are late.

use super::stall_log::{StallLog, NO_STALLS};
use super::Call;
use crate::config::TimeoutClock;
use crate::time::{Nanos, Now};

/// See the [module](self).
#[derive(Clone, Copy, Debug)]
pub struct CallTime<'stalls> {
    clock: TimeoutClock,
    stalls: &'stalls StallLog,
}

impl CallTime<'static> {
    /// That of a loop which never stalls.
    pub const UNSTALLED: Self = CallTime { clock: TimeoutClock::Loop, stalls: &NO_STALLS };
}

impl<'stalls> CallTime<'stalls> {
    /// By that clock, on a loop with those stalls.
    pub fn new(clock: TimeoutClock, stalls: &'stalls StallLog) -> Self {
        CallTime { clock, stalls }
    }

    /// For how long the time of a call has stood still by `now`.
    pub fn forgiven(&self, call: &Call, now: Now) -> Nanos {
        match self.clock {
            TimeoutClock::Loop => {
                call.forgiven + self.stalls.forgiven(call.started, call.stalls, now)
            }
            TimeoutClock::Wall => Nanos::ZERO,
        }
    }

    /// For how long the time of whatever began then has stood still by `now`.
    pub fn forgiven_since(&self, began: Now, now: Now) -> Nanos {
        match self.clock {
            TimeoutClock::Loop => self.stalls.forgiven(began.monotonic, began.stalls, now),
            TimeoutClock::Wall => Nanos::ZERO,
        }
    }

    /// What a call that is late at `now` has to tell of stalls: what it has forgiven; all that
    /// fell into its life, where it forgives none.
    pub fn told(&self, call: &Call, now: Now) -> Nanos {
        match self.clock {
            TimeoutClock::Loop => self.forgiven(call, now),
            TimeoutClock::Wall => {
                call.forgiven + self.stalls.stalled(call.started, call.stalls, u64::MAX, now)
            }
        }
    }
}

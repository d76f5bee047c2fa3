//! For how long a half-open circuit waits for its probes: when so long after the last of them
//! began some have not settled, it opens again. Asked by the breaker as probes begin, and from
//! its timer input.
//!
//! The time is that of calls: it stands still while the loop is stalled, and once it is over the
//! loop has its look at the sockets first ([`expiry`](crate::calls::expiry)). It begins with a
//! probe and not with the half-open circuit: without traffic there is nothing to wait for.

use crate::calls::call_time::CallTime;
use crate::calls::expiry::{Observation, PendingExpiry};
use crate::time::{Nanos, Now};

/// See the [module](self).
#[derive(Clone, Debug)]
pub(crate) struct Patience {
    timeout: Nanos,
    /// When the last probe began.
    since: Now,
    pending: Option<PendingExpiry>,
}

impl Patience {
    /// A probe begins at `now`, and the circuit waits for so long.
    pub(crate) fn new(timeout: Nanos, now: Now) -> Self {
        Patience { timeout, since: now, pending: None }
    }

    /// When to look first.
    pub(crate) fn ends_at(&self) -> Nanos {
        self.since.monotonic + self.timeout
    }

    /// When to look again; `None`: it is over.
    pub(crate) fn next_look(
        &mut self,
        time: &CallTime<'_>,
        look: Option<&Observation>,
        now: Now,
    ) -> Option<Nanos> {
        let ends_at = self.ends_at() + time.forgiven_since(self.since, now);
        if now.monotonic < ends_at {
            self.pending = None;
            return Some(ends_at);
        }
        let look = look?;
        match &self.pending {
            Some(pending) if pending.holds(look, now) => None,
            pending => {
                if pending.is_none() {
                    self.pending = Some(PendingExpiry::new(look, now));
                }
                Some(now.monotonic + LOOK_AGAIN)
            }
        }
    }

    /// Goes on with another clock, on which it is `to`; its time has passed on that which is left.
    pub(crate) fn change_clocks(&mut self, time: &CallTime<'_>, from: Now, to: Now) {
        let passed = from.monotonic - self.since.monotonic;
        let forgiven = time.forgiven_since(self.since, from);
        // No clock need have begun so long ago.
        self.timeout = self.timeout - (passed - forgiven);
        self.since = to;
        self.pending = None;
    }
}

/// How soon to look again at a loop that has not had its look.
const LOOK_AGAIN: Nanos = Nanos::new(100_000);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::expiry::LoopSample;
    use crate::calls::stall_log::StallLog;
    use crate::config::TimeoutClock;

    fn at(millis: u64) -> Now {
        Now::unstalled(Nanos::from_millis(millis))
    }

    const BUSY: LoopSample = LoopSample { turns: 7, idle: Nanos::new(50), waiting: false };

    #[test]
    fn is_over_when_its_time_is_and_not_before() {
        let mut patience = Patience::new(Nanos::from_millis(100), at(1_000));
        assert_eq!(patience.ends_at(), at(1_100).monotonic);
        let mut next = |millis| patience.next_look(&CallTime::UNSTALLED, None, at(millis));
        assert_eq!(next(1_099), Some(at(1_100).monotonic));
        assert_eq!(next(1_100), None);
    }

    #[test]
    fn stands_still_while_the_loop_is_stalled() {
        let mut log = StallLog::new();
        log.push(Nanos::from_millis(80), Nanos::from_millis(1_090));
        let stalled = |millis| Now { stalls: 1, ..at(millis) };
        let mut patience = Patience::new(Nanos::from_millis(100), at(1_000));
        let time = CallTime::new(TimeoutClock::Loop, &log);
        assert_eq!(patience.next_look(&time, None, stalled(1_100)), Some(at(1_180).monotonic));
        assert_eq!(patience.next_look(&time, None, stalled(1_180)), None);
        let mut patience = Patience::new(Nanos::from_millis(100), at(1_000));
        let wall = CallTime::new(TimeoutClock::Wall, &log);
        assert_eq!(patience.next_look(&wall, None, stalled(1_100)), None, "by the wall clock");
    }

    #[test]
    fn the_loop_has_its_look_before_it_is_over() {
        let mut patience = Patience::new(Nanos::from_millis(100), at(0));
        let mut next = |seen: LoopSample, now| {
            let look = Observation { seen, here: LoopSample { waiting: false, ..seen } };
            patience.next_look(&CallTime::UNSTALLED, Some(&look), now)
        };
        assert_eq!(next(BUSY, at(100)), Some(at(100).monotonic + LOOK_AGAIN));
        assert_eq!(next(BUSY, at(101)), Some(at(101).monotonic + LOOK_AGAIN), "still busy");
        let waited = LoopSample { idle: Nanos::new(51), ..BUSY };
        assert_eq!(next(waited, at(102)), None, "there was nothing to read");
    }

    #[test]
    fn what_has_passed_on_one_clock_has_passed_on_another() {
        let mut patience = Patience::new(Nanos::from_millis(100), at(1_000));
        patience.change_clocks(&CallTime::UNSTALLED, at(1_030), at(7));
        assert_eq!(patience.ends_at(), at(77).monotonic);
    }
}

//! When a call is late: its deadline has passed, and the answer was not there to be
//! read.
//!
//! A timer that fires knows only that time has passed. After a stall, and in a storm
//! of short turns, the answer may lie in the socket while the loop has not come to
//! it. So a passed deadline is only a suspicion; it holds once the loop has had its
//! look at the sockets: it has waited in the kernel since (libuv waits only after a
//! poll found nothing to read), or it has gone through a few whole turns (a large
//! answer takes two or three to be read, and a busy loop must not put off its
//! timeouts for ever). Called by the breaker from its timer input alone.

use super::calls::Calls;
use super::time::Nanos;

/// What the host has seen of the event loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoopView {
    /// Turns begun so far.
    pub turns: u64,
    /// Time spent waiting in the kernel so far, the wait under way included.
    pub idle: Nanos,
    /// Whether the loop is waiting in the kernel at this moment.
    pub waiting: bool,
}

impl LoopView {
    /// The view of a host whose loop cannot be late: fake timers, and runtimes that
    /// show nothing of their loop.
    pub const IDLE: LoopView = LoopView { turns: 0, idle: Nanos::ZERO, waiting: true };
}

/// The suspicion under way, if there is one.
#[derive(Clone, Debug, Default)]
pub struct Lateness {
    suspicion: Option<Suspicion>,
}

impl Lateness {
    /// Expires the calls that are late at `now`, by the clock of their deadlines.
    /// Returns how many.
    pub fn expire(&mut self, calls: &mut Calls, now: Nanos, view: &LoopView) -> usize {
        if view.waiting {
            self.suspicion = None;
            return calls.expire(now);
        }
        let mut expired = 0;
        if let Some(suspicion) = self.suspicion.take_if(|s| s.holds(view)) {
            expired = calls.expire(suspicion.deadlines_until);
        }
        let due = calls.next_deadline().is_some_and(|deadline| deadline <= now);
        if due && self.suspicion.is_none() {
            self.suspicion =
                Some(Suspicion { deadlines_until: now, idle: view.idle, turns: view.turns });
        }
        expired
    }

    /// Whether a deadline has passed that is not yet known to be missed.
    pub fn suspects(&self) -> bool {
        self.suspicion.is_some()
    }
}

#[derive(Clone, Debug)]
struct Suspicion {
    deadlines_until: Nanos,
    idle: Nanos,
    turns: u64,
}

impl Suspicion {
    fn holds(&self, view: &LoopView) -> bool {
        view.idle > self.idle || view.turns >= self.turns + TURNS
    }
}

/// The turn under way, and three whole ones.
const TURNS: u64 = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::calls::{NewCall, Stage};

    const BUSY: LoopView = LoopView { turns: 7, idle: Nanos::new(50), waiting: false };

    fn calls(deadlines: &[u64]) -> Calls {
        let mut calls = Calls::new();
        for &deadline in deadlines {
            calls.insert(NewCall {
                started: Nanos::ZERO,
                deadline: Nanos::new(deadline),
                stalled: Nanos::ZERO,
                generation: 0,
                stage: Stage::Pending,
            });
        }
        calls
    }

    fn at(nanos: u64) -> Nanos {
        Nanos::new(nanos)
    }

    #[test]
    fn a_waiting_loop_has_had_its_look() {
        let (mut calls, mut lateness) = (calls(&[10, 20, 30]), Lateness::default());
        assert_eq!(lateness.expire(&mut calls, at(20), &LoopView::IDLE), 2);
        assert!(!lateness.suspects());
    }

    #[test]
    fn a_busy_loop_is_given_a_few_turns() {
        let (mut calls, mut lateness) = (calls(&[10]), Lateness::default());
        for turns in 7..11 {
            assert_eq!(lateness.expire(&mut calls, at(99), &LoopView { turns, ..BUSY }), 0);
            assert!(lateness.suspects());
        }
        assert_eq!(lateness.expire(&mut calls, at(99), &LoopView { turns: 11, ..BUSY }), 1);
        assert!(!lateness.suspects());
    }

    #[test]
    fn a_loop_that_has_waited_since_had_nothing_to_read() {
        let (mut calls, mut lateness) = (calls(&[10, 40]), Lateness::default());
        lateness.expire(&mut calls, at(30), &BUSY);
        let waited = LoopView { idle: Nanos::new(51), ..BUSY };
        assert_eq!(lateness.expire(&mut calls, at(50), &waited), 1, "the second came due later");
        assert!(lateness.suspects(), "and has a look of its own");
    }

    #[test]
    fn nothing_is_suspected_before_its_deadline() {
        let (mut calls, mut lateness) = (calls(&[10]), Lateness::default());
        assert_eq!(lateness.expire(&mut calls, at(9), &BUSY), 0);
        assert!(!lateness.suspects());
    }
}

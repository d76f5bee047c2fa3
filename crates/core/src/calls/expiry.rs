//! When a call is late: its deadline has passed, and the answer was not there to be
//! read.
//!
//! A timer that fires knows only that time has passed. After a stall, in a storm of
//! short turns, and while the loop waits for a processor, the answer may lie in the socket
//! and the loop has not come to it. So a passed deadline is only a suspicion; it holds once
//! the loop has had its look at the sockets: it has waited in the kernel since (libuv waits
//! only after a poll found nothing to read), or it has gone through a few whole turns (a
//! large answer takes two or three to be read, and a busy loop must not put off its
//! timeouts for ever). Even a loop that is seen waiting is given that look: it may be about
//! to be woken by the answer. Called by the breaker from its timer input alone.

use std::collections::VecDeque;

use super::call_time::CallTime;
use super::Calls;
use crate::time::{Nanos, Now};

/// The event loop at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoopSample {
    /// Turns begun so far.
    pub turns: u64,
    /// Time spent waiting in the kernel so far, the wait under way included.
    pub idle: Nanos,
    /// Whether the loop is waiting in the kernel at this moment.
    pub waiting: bool,
}

/// What there is to decide by.
#[derive(Clone, Copy, Debug)]
pub struct Observation {
    /// The loop when the alarm went off, seen from outside.
    pub seen: LoopSample,
    /// The loop now that it has heard of that. It hears so from the kernel, together with
    /// what else was there for it.
    pub here: LoopSample,
}

/// The suspicions that stand, the oldest first: one a turn of the loop at the most, for a
/// deadline must not wait for the look of an earlier one before it gets its own.
#[derive(Clone, Debug, Default)]
pub struct Expiry {
    pending: VecDeque<PendingExpiry>,
}

impl Expiry {
    /// Expires the calls that are late at `now`. Without a look the loop cannot be late, and
    /// all whose deadlines have passed are. Returns how many.
    pub fn expire(
        &mut self,
        calls: &mut Calls,
        time: &CallTime<'_>,
        look: Option<&Observation>,
        now: Now,
    ) -> usize {
        let Some(look) = look else {
            self.pending.clear();
            return calls.expire(time, now);
        };
        let mut expired = 0;
        while self.pending.front().is_some_and(|pending| pending.holds(look, now)) {
            if let Some(PendingExpiry { at, .. }) = self.pending.pop_front() {
                expired += calls.expire(time, at);
            }
        }
        calls.refresh(time, now);
        if calls.next_deadline(time, now).is_none_or(|due| due > now.monotonic) {
            self.pending.clear();
        } else if self.pending.back().is_none_or(|last| last.turns != look.here.turns) {
            self.pending.push_back(PendingExpiry::new(look, now));
        }
        expired
    }

    /// Whether a deadline has passed that is not yet known to be missed.
    pub fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }
}

/// That all whose deadlines had passed at some moment are late.
#[derive(Clone, Debug)]
pub struct PendingExpiry {
    at: Now,
    idle: Nanos,
    turns: u64,
}

impl PendingExpiry {
    /// At `now`.
    pub fn new(look: &Observation, now: Now) -> Self {
        let LoopSample { idle, turns, .. } = look.here;
        PendingExpiry { at: now, idle, turns }
    }

    /// When it came up.
    pub fn at(&self) -> Now {
        self.at
    }

    /// Whether the loop has had its look. That it waits, or has waited, tells only what was
    /// seen of it after the suspicion had come up: a wait that ended with the message may
    /// have ended with the answer, too. Turns that it has gone through it knows best itself.
    pub fn holds(&self, Observation { seen, here }: &Observation, now: Now) -> bool {
        seen.waiting
            || seen.idle > self.idle
            || here.turns >= self.turns + TURNS
            || now.stalls >= self.at.stalls + STALLS
    }
}

/// The turn under way, and three whole ones.
const TURNS: u64 = 4;

/// Of turns that are stalls, the one under way and a whole one: in that time even a large
/// answer has come together.
const STALLS: u64 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::{NewCall, Stage};

    const BUSY: LoopSample = LoopSample { turns: 7, idle: Nanos::new(50), waiting: false };

    fn calls(deadlines: &[u64]) -> Calls {
        let mut calls = Calls::new();
        for &deadline in deadlines {
            calls.insert(NewCall {
                started: Nanos::ZERO,
                timeout: Some(Nanos::new(deadline)),
                stalls: 0,
                generation: 0,
                stage: Stage::Pending,
            });
        }
        calls
    }

    fn expire(
        expiry: &mut Expiry,
        calls: &mut Calls,
        at: u64,
        look: Option<&Observation>,
    ) -> usize {
        expiry.expire(calls, &CallTime::UNSTALLED, look, Now::unstalled(Nanos::new(at)))
    }

    fn look(seen: LoopSample) -> Observation {
        Observation { seen, here: LoopSample { waiting: false, ..seen } }
    }

    #[test]
    fn a_loop_that_cannot_be_late_needs_no_look() {
        let (mut calls, mut expiry) = (calls(&[10, 20, 30]), Expiry::default());
        assert_eq!(expire(&mut expiry, &mut calls, 20, None), 2);
        assert!(!expiry.is_pending());
    }

    #[test]
    fn a_waiting_loop_that_may_be_about_to_wake_is_asked_twice() {
        let (mut calls, mut expiry) = (calls(&[10, 20, 30]), Expiry::default());
        let waiting = look(LoopSample { waiting: true, ..BUSY });
        assert_eq!(expire(&mut expiry, &mut calls, 20, Some(&waiting)), 0);
        assert!(expiry.is_pending(), "the answers may have come with the message");
        assert_eq!(expire(&mut expiry, &mut calls, 20, Some(&waiting)), 2);
        assert!(!expiry.is_pending());
    }

    #[test]
    fn a_wait_that_ended_with_the_message_is_no_look() {
        let (mut calls, mut expiry) = (calls(&[10]), Expiry::default());
        // The wait went on while the message was on its way.
        let here = LoopSample { idle: Nanos::new(60), ..BUSY };
        let seen = LoopSample { waiting: true, ..BUSY };
        expire(&mut expiry, &mut calls, 20, Some(&Observation { seen, here }));
        assert_eq!(expire(&mut expiry, &mut calls, 20, Some(&look(here))), 0);
        let since = LoopSample { idle: Nanos::new(61), ..BUSY };
        assert_eq!(expire(&mut expiry, &mut calls, 20, Some(&look(since))), 1);
    }

    #[test]
    fn a_busy_loop_is_given_a_few_turns() {
        let (mut calls, mut expiry) = (calls(&[10]), Expiry::default());
        for turns in 7..11 {
            let busy = look(LoopSample { turns, ..BUSY });
            assert_eq!(expire(&mut expiry, &mut calls, 99, Some(&busy)), 0);
            assert!(expiry.is_pending());
        }
        let busy = look(LoopSample { turns: 11, ..BUSY });
        assert_eq!(expire(&mut expiry, &mut calls, 99, Some(&busy)), 1);
        assert!(!expiry.is_pending());
    }

    #[test]
    fn a_loop_that_has_waited_since_had_nothing_to_read() {
        let (mut calls, mut expiry) = (calls(&[10, 40]), Expiry::default());
        expire(&mut expiry, &mut calls, 30, Some(&look(BUSY)));
        let waited = look(LoopSample { idle: Nanos::new(51), ..BUSY });
        assert_eq!(expire(&mut expiry, &mut calls, 50, Some(&waited)), 1, "the second came later");
        assert!(expiry.is_pending(), "and has a look of its own");
    }

    #[test]
    fn each_deadline_is_given_a_few_turns_of_its_own_and_no_more() {
        let (mut calls, mut expiry) = (calls(&[10, 20, 30]), Expiry::default());
        let mut expired = vec![];
        for turn in 0..9 {
            let busy = look(LoopSample { turns: 7 + turn, ..BUSY });
            let count = expire(&mut expiry, &mut calls, 10 * (turn + 1), Some(&busy));
            expired.extend(std::iter::repeat_n(turn, count));
        }
        assert_eq!(expired, [4, 5, 6]);
        assert!(!expiry.is_pending());
    }

    #[test]
    fn a_loop_whose_turns_are_stalls_is_given_one_whole_turn() {
        let (mut calls, mut expiry) = (calls(&[10]), Expiry::default());
        let expired = [(0, 0), (1, 1), (2, 2)].map(|(turn, stalls)| {
            let busy = look(LoopSample { turns: 7 + turn, ..BUSY });
            let now = Now { stalls, ..Now::unstalled(Nanos::new(99)) };
            expiry.expire(&mut calls, &CallTime::UNSTALLED, Some(&busy), now)
        });
        assert_eq!(expired, [0, 0, 1]);
    }

    #[test]
    fn nothing_is_suspected_before_its_deadline() {
        let (mut calls, mut expiry) = (calls(&[10]), Expiry::default());
        assert_eq!(expire(&mut expiry, &mut calls, 9, Some(&look(BUSY))), 0);
        assert!(!expiry.is_pending());
    }
}

//! For how long the time of a call stood still.
//!
//! A call is not to blame for what its process does: while the loop is stalled, or the
//! process suspended, nobody reads the answer. So a call forgives the stalls of its own
//! life, whole, of whatever length; but only the first [`FORGIVEN`] of them. A call has a few
//! legs (connect, request, answer, more of it), and each may be suspended once; whatever comes
//! after counts, or a loop that never rests would never find out that a backend hangs.
//!
//! The log numbers the stalls and keeps their running sum, as far back as a call under way
//! may ask. A call notes how many there were before it. Written by the loop clock, once a
//! stall; asked by the breaker when a call may be late.

use std::collections::VecDeque;

use crate::time::{Nanos, Now};

/// The stalls of one loop.
#[derive(Clone, Debug, Default)]
pub struct StallLog {
    /// How many have been forgotten.
    forgotten: u64,
    /// The length of all of those together.
    forgotten_length: Nanos,
    stalls: VecDeque<Stall>,
}

/// A stall that has ended.
#[derive(Clone, Copy, Debug)]
struct Stall {
    ended: Nanos,
    /// The length of all up to this one together.
    total: Nanos,
}

impl StallLog {
    /// No stalls. Does not allocate.
    pub const fn new() -> Self {
        StallLog { forgotten: 0, forgotten_length: Nanos::ZERO, stalls: VecDeque::new() }
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.forgotten + self.stalls.len() as u64
    }

    /// How many of them are kept.
    pub fn kept(&self) -> usize {
        self.stalls.len()
    }

    /// A stall has ended at `ended` that was so long.
    pub fn push(&mut self, length: Nanos, ended: Nanos) {
        let total = self.total(self.count()) + length;
        self.stalls.push_back(Stall { ended, total });
    }

    /// Forgets those that no call asks for which notes at least so many.
    pub fn forget_before(&mut self, count: u64) {
        while self.forgotten < count {
            let Some(Stall { total, .. }) = self.stalls.pop_front() else { return };
            self.forgotten += 1;
            self.forgotten_length = total;
        }
    }

    /// For how long the time of a call has stood still by `now` that began at `started`,
    /// after `before` stalls: the part of the first [`FORGIVEN`] stalls since that fell into
    /// its life, the one under way included.
    ///
    /// Among calls with one timeout, none that began later runs out of time before one that
    /// began earlier: what the later one forgives and the earlier one does not lies after
    /// the earlier one's first [`FORGIVEN`] stalls and makes the later one later; what the
    /// earlier one alone forgives lies between their beginnings, and is no longer than that.
    pub fn forgiven(&self, started: Nanos, before: u64, now: Now) -> Nanos {
        self.stalled(started, before, FORGIVEN, now)
    }

    /// The same for the first `most` stalls.
    pub fn stalled(&self, started: Nanos, before: u64, most: u64, now: Now) -> Nanos {
        let last = before.saturating_add(most);
        let ended = now.stalls.min(last);
        let mut stalled = Nanos::ZERO;
        if ended > before {
            // Only the first may have begun before the call did.
            let first = self.total(before + 1) - self.total(before);
            let in_life = self.ended(before + 1) - started;
            stalled = self.total(ended) - self.total(before + 1) + first.min(in_life);
        }
        if now.stalls < last {
            stalled = stalled + now.stalling.min(now.monotonic - started);
        }
        stalled
    }

    fn total(&self, count: u64) -> Nanos {
        self.stall(count).map_or(self.forgotten_length, |stall| stall.total)
    }

    fn ended(&self, count: u64) -> Nanos {
        self.stall(count).map_or(Nanos::ZERO, |stall| stall.ended)
    }

    /// The stall with that number, from one on. Beyond the last it is the last.
    fn stall(&self, count: u64) -> Option<&Stall> {
        let place = count.checked_sub(self.forgotten + 1)?;
        self.stalls.get(usize::try_from(place).ok()?).or(self.stalls.back())
    }
}

/// Who has the log of a loop, and gives it to who needs it. Goes by value: a call that nobody
/// judges by it does not even store it.
pub trait Stalls: Copy {
    /// Has it looked at.
    fn with<R>(self, ask: impl FnOnce(&StallLog) -> R) -> R;
}

impl Stalls for &StallLog {
    fn with<R>(self, ask: impl FnOnce(&StallLog) -> R) -> R {
        ask(self)
    }
}

/// How many stalls of its life a call forgives: the fewest with which the experiment finds no
/// false timeout. Each costs a loop that never rests a turn before it sees a true one.
pub const FORGIVEN: u64 = 4;

/// The stalls of a loop that has none.
pub static NO_STALLS: StallLog = StallLog::new();

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(millis: u64) -> Nanos {
        Nanos::from_millis(millis)
    }

    fn now(monotonic: u64, stalls: u64, stalling: u64) -> Now {
        Now { monotonic: ms(monotonic), stalls, stalling: ms(stalling) }
    }

    /// Stalls of 100 ms that end at 1,000, 2,000 and so on.
    fn log(count: u64) -> StallLog {
        let mut log = StallLog::new();
        (1..=count).for_each(|number| log.push(ms(100), ms(number * 1_000)));
        log
    }

    #[test]
    fn a_call_forgives_the_first_stalls_of_its_life_and_no_more() {
        let log = log(4 * FORGIVEN);
        let all = ms(100 * FORGIVEN);
        assert_eq!(log.forgiven(ms(500), 0, now(2_500, 2, 0)), ms(200));
        for stalls in [FORGIVEN, FORGIVEN + 1, 3 * FORGIVEN] {
            let now = now(stalls * 1_000 + 500, stalls, 0);
            assert_eq!(log.forgiven(ms(500), 0, now), all, "after {stalls}");
        }
        let late = now(4_000 * FORGIVEN + 500, 4 * FORGIVEN, 0);
        assert_eq!(log.forgiven(ms(2_000 * FORGIVEN + 500), 2 * FORGIVEN, late), all);
    }

    #[test]
    fn the_stall_under_way_is_forgiven_where_it_is_one_of_the_first() {
        let log = log(FORGIVEN);
        let during = |stalls: u64| now(stalls * 1_000 + 990, stalls, 90);
        let before = ms(100 * (FORGIVEN - 1));
        assert_eq!(log.forgiven(ms(500), 0, during(FORGIVEN - 1)), before + ms(90));
        assert_eq!(log.forgiven(ms(500), 0, during(FORGIVEN)), before + ms(100));
    }

    #[test]
    fn of_a_stall_that_began_before_the_call_only_the_rest_is_forgiven() {
        let log = log(2);
        assert_eq!(log.forgiven(ms(970), 0, now(2_000, 2, 0)), ms(130));
        assert_eq!(log.forgiven(ms(2_980), 2, now(2_990, 2, 90)), ms(10), "under way");
    }

    #[test]
    fn what_no_call_asks_for_is_forgotten() {
        let mut log = log(100);
        log.forget_before(90);
        assert_eq!((log.count(), log.kept()), (100, 10));
        assert_eq!(log.forgiven(ms(90_500), 90, now(94_500, 94, 0)), ms(400));
        log.push(ms(7), ms(100_500));
        assert_eq!(log.forgiven(ms(99_500), 99, now(101_000, 101, 0)), ms(107));
        log.forget_before(500);
        assert_eq!((log.count(), log.kept()), (101, 0));
        log.push(ms(5), ms(102_000));
        assert_eq!(log.forgiven(ms(101_500), 101, now(103_000, 102, 0)), ms(5));
    }

    /// A loop: rests and turns that are stalls, in turn, in ms.
    fn loops() -> impl Strategy<Value = Vec<(u64, u64)>> {
        proptest::collection::vec((0u64..200, 1u64..400), 1..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

        /// Which is why only the head of a queue is looked at.
        #[test]
        fn calls_with_one_timeout_run_out_of_time_in_the_order_in_which_they_began(
            loops in loops(), starts in (0u64..4_000, 0u64..4_000), at in 0u64..12_000,
            timeout in 1u64..2_000,
        ) {
            let (mut log, mut spans, mut monotonic) = (StallLog::new(), Vec::new(), 0);
            for (rest, stall) in loops {
                spans.push((monotonic + rest, monotonic + rest + stall));
                monotonic += rest + stall;
                log.push(ms(stall), ms(monotonic));
            }
            let present = |at: u64| {
                let stalls = spans.iter().filter(|(_, end)| *end <= at).count() as u64;
                let under_way = spans.iter().find(|(begin, end)| (*begin..*end).contains(&at));
                now(at, stalls, under_way.map_or(0, |(begin, _)| at - begin))
            };
            let (first, second) = (starts.0.min(starts.1), starts.0.max(starts.1));
            let at = at.max(second);
            let due = |start: u64| {
                let before = present(start).stalls;
                ms(start + timeout) + log.forgiven(ms(start), before, present(at))
            };
            prop_assert!(due(first) <= due(second), "{:?} after {:?}", due(first), due(second));
        }
    }
}

//! How calls ended, counted for decisions alone: of the calls in the time of the window, or of the
//! last so many, whenever they ended.
//!
//! What users and metrics see is the window, which counts more (refusals, answers from a cache,
//! corrections by hand) and is never emptied. Here is what reached the service and came back.
//! Each outcome costs the same, however many are kept.

use std::collections::VecDeque;
use std::num::NonZeroU32;

use crate::metrics::window::Moves;

/// How one call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) failed: bool,
    pub(super) slow: bool,
    /// It did not begin: a throttle has refused it.
    pub(super) refused: bool,
}

/// Outcomes, counted together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Successes and failures.
    pub(super) calls: i64,
    pub(super) failures: i64,
    pub(super) slow: i64,
    /// Calls that are neither.
    pub(super) ignored: i64,
    /// Calls that a throttle has refused.
    pub(super) refused: i64,
}

/// See the [module](self).
#[derive(Clone, Debug)]
pub(super) struct Outcomes {
    total: Tally,
    kept: Kept,
}

#[derive(Clone, Debug)]
enum Kept {
    /// Those of the window's buckets, each by its serial; not of those in which nothing ended.
    InTime { buckets: VecDeque<(u64, Tally)> },
    /// The last ones.
    Last { most: usize, ended: VecDeque<Ended> },
}

impl Outcomes {
    /// None yet; of the last `most` calls, or of those in the time of the window.
    pub(super) fn new(most: Option<NonZeroU32>) -> Self {
        let kept = match most {
            Some(most) => Kept::Last { most: most.get() as usize, ended: VecDeque::new() },
            None => Kept::InTime { buckets: VecDeque::new() },
        };
        Outcomes { total: Tally::default(), kept }
    }

    /// Counts a call that ended in the `newest` bucket of a window of `len`.
    pub(super) fn push(&mut self, one: Ended, (newest, len): (u64, u64)) {
        match &mut self.kept {
            Kept::InTime { .. } => self.add(one.into(), (newest, len)),
            Kept::Last { most, ended } => {
                if ended.len() >= *most {
                    if let Some(gone) = ended.pop_front() {
                        self.total.subtract(gone.into());
                    }
                }
                ended.push_back(one);
                self.total.add(one.into());
            }
        }
    }

    /// Counts a call that is neither a success nor a failure. The last calls are those that are.
    pub(super) fn ignore(&mut self, window: (u64, u64)) {
        if let Kept::InTime { .. } = self.kept {
            self.add(Tally { ignored: 1, ..Tally::default() }, window);
        }
    }

    /// Counts a call that a throttle has refused: among the last calls it is one.
    pub(super) fn refuse(&mut self, (newest, len): (u64, u64)) {
        let one = Ended { failed: false, slow: false, refused: true };
        self.push(one, (newest, len));
    }

    /// All that are kept while the window is there.
    pub(super) fn total(&mut self, (newest, len): (u64, u64)) -> Tally {
        if let Kept::InTime { buckets } = &mut self.kept {
            // The window is another, as one that was handed over is.
            if buckets.back().is_some_and(|(serial, _)| *serial > newest) {
                self.clear();
                return self.total;
            }
            while buckets.front().is_some_and(|(serial, _)| serial + len <= newest) {
                let Some((_, gone)) = buckets.pop_front() else { break };
                self.total.subtract(gone);
            }
        }
        self.total
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.total = Tally::default();
        match &mut self.kept {
            Kept::InTime { buckets } => buckets.clear(),
            Kept::Last { ended, .. } => ended.clear(),
        }
    }

    /// The window has another shape: what ended goes where its bucket went.
    pub(super) fn on_reshape(&mut self, moves: &Moves) {
        let Kept::InTime { buckets } = &mut self.kept else { return };
        self.total = Tally::default();
        let mut moved: VecDeque<(u64, Tally)> = VecDeque::new();
        for (serial, tally) in buckets.drain(..) {
            let Some(to) = moves.of(serial) else { continue };
            self.total.add(tally);
            match moved.back_mut().filter(|(serial, _)| *serial == to) {
                Some((_, there)) => there.add(tally),
                None => moved.push_back((to, tally)),
            }
        }
        *buckets = moved;
    }

    /// Goes on from those that another has kept, as far as they are of the same kind.
    pub(super) fn remember(&mut self, other: Outcomes) {
        match (&mut self.kept, other.kept) {
            (Kept::InTime { buckets }, Kept::InTime { buckets: others }) => {
                *buckets = others;
                self.total = other.total;
            }
            (Kept::Last { .. }, Kept::Last { ended, .. }) => {
                self.clear();
                ended.into_iter().for_each(|one| self.push(one, (0, 0)));
            }
            _ => {}
        }
    }

    /// To those of the newest bucket.
    fn add(&mut self, tally: Tally, window: (u64, u64)) {
        self.total(window);
        let Kept::InTime { buckets } = &mut self.kept else { return };
        match buckets.back_mut().filter(|(serial, _)| *serial == window.0) {
            Some((_, newest)) => newest.add(tally),
            None => buckets.push_back((window.0, tally)),
        }
        self.total.add(tally);
    }
}

impl Tally {
    fn add(&mut self, other: Tally) {
        let Tally { calls, failures, slow, ignored, refused } = other;
        self.calls += calls;
        self.failures += failures;
        self.slow += slow;
        self.ignored += ignored;
        self.refused += refused;
    }

    fn subtract(&mut self, other: Tally) {
        let Tally { calls, failures, slow, ignored, refused } = other;
        self.calls -= calls;
        self.failures -= failures;
        self.slow -= slow;
        self.ignored -= ignored;
        self.refused -= refused;
    }
}

impl From<Ended> for Tally {
    fn from(Ended { failed, slow, refused }: Ended) -> Self {
        Tally {
            calls: i64::from(!refused),
            failures: failed.into(),
            slow: slow.into(),
            ignored: 0,
            refused: refused.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WELL: Ended = Ended { failed: false, slow: false, refused: false };
    const ILL: Ended = Ended { failed: true, slow: false, refused: false };

    #[test]
    fn the_last_calls_are_kept_and_no_other() {
        let mut outcomes = Outcomes::new(NonZeroU32::new(3));
        for one in [ILL, ILL, WELL, WELL] {
            outcomes.push(one, (0, 1));
        }
        let total = outcomes.total((1_000_000, 1));
        assert_eq!((total.calls, total.failures), (3, 1), "however long ago they ended");
    }

    #[test]
    fn what_ended_in_a_bucket_leaves_with_it() {
        let mut outcomes = Outcomes::new(None);
        outcomes.push(ILL, (9, 10));
        outcomes.ignore((9, 10));
        outcomes.push(WELL, (12, 10));
        assert_eq!(outcomes.total((18, 10)).failures, 1);
        assert_eq!(outcomes.total((19, 10)), Tally { calls: 1, ..Tally::default() });
        assert_eq!(outcomes.total((22, 10)), Tally::default());
    }

    #[test]
    fn a_window_that_is_another_has_none_of_them() {
        let mut outcomes = Outcomes::new(None);
        outcomes.push(ILL, (500, 10));
        outcomes.push(WELL, (9, 10));
        assert_eq!(outcomes.total((9, 10)), WELL.into());
    }

    #[test]
    fn fewer_last_calls_are_the_newest() {
        let mut many = Outcomes::new(NonZeroU32::new(5));
        [ILL, ILL, WELL, WELL].into_iter().for_each(|one| many.push(one, (0, 0)));
        let mut few = Outcomes::new(NonZeroU32::new(3));
        few.remember(many);
        let total = few.total((0, 0));
        assert_eq!((total.calls, total.failures), (3, 1));
    }

    proptest! {
        #[test]
        fn totals_are_those_of_a_list(
            most in proptest::option::of(1u32..6),
            steps in proptest::collection::vec((0u8..5, any::<bool>(), 0u64..3), 1..60),
        ) {
            let len = 4;
            let mut outcomes = Outcomes::new(most.and_then(NonZeroU32::new));
            let mut list = Vec::new();
            let mut newest = len - 1;
            for (kind, slow, passes) in steps {
                newest += passes;
                if kind == 3 {
                    outcomes.ignore((newest, len));
                } else {
                    let one = match kind {
                        4 => Ended { failed: false, slow: false, refused: true },
                        _ => Ended { failed: kind == 0, slow, refused: false },
                    };
                    match kind {
                        4 => outcomes.refuse((newest, len)),
                        _ => outcomes.push(one, (newest, len)),
                    }
                    list.push((newest, one));
                }
                let all = list.iter().rev();
                let kept: Vec<_> = match most {
                    Some(most) => all.take(most as usize).collect(),
                    None => all.filter(|(serial, _)| serial + len > newest).collect(),
                };
                let total = outcomes.total((newest, len));
                let refused = kept.iter().filter(|(_, one)| one.refused).count();
                prop_assert_eq!(total.refused, refused as i64);
                prop_assert_eq!(total.calls, (kept.len() - refused) as i64);
                let failures = kept.iter().filter(|(_, one)| one.failed).count();
                prop_assert_eq!(total.failures, failures as i64);
                let slow = kept.iter().filter(|(_, one)| one.slow).count();
                prop_assert_eq!(total.slow, slow as i64);
            }
        }
    }
}

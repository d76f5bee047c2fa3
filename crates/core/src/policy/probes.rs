//! The probes of a half-open circuit: how many may still begin, and what their outcomes say.
//!
//! The verdict falls as soon as it is certain, not when all have settled: too many have failed,
//! or so many are left that not enough can fail any more. Probes that have not begun are among
//! those that may fail. Owned by the [machine](crate::state::Machine).

use crate::config::HalfOpenConfig;

/// See the [module](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probes {
    calls: u32,
    /// As many may fail.
    bearable: u32,
    /// How many may still begin.
    left: u32,
    in_flight: u32,
    settled: u32,
    failures: u32,
    /// Whether one has begun that no deadline ends.
    any_untimed: bool,
}

impl Probes {
    /// None has begun.
    pub fn new(config: &HalfOpenConfig) -> Self {
        let calls = config.calls.get();
        // A share that is whole in decimals need not be in binary.
        let bearable = f64::from(calls) * config.threshold_percentage / 100.0 + 1e-9;
        let bearable = (bearable as u32).min(calls);
        Probes {
            calls,
            bearable,
            left: calls,
            in_flight: 0,
            settled: 0,
            failures: 0,
            any_untimed: false,
        }
    }

    /// Whether one more may begin.
    pub(crate) fn has_left(&self) -> bool {
        self.left > 0
    }

    /// How many have begun and not settled.
    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Whether each that has begun ends by itself.
    pub(crate) fn are_timed(&self) -> bool {
        !self.any_untimed
    }

    /// One begins, with a deadline or without.
    pub(crate) fn begin(&mut self, is_timed: bool) {
        self.any_untimed |= !is_timed;
        self.left = self.left.saturating_sub(1);
        self.in_flight += 1;
    }

    /// One has settled: what the circuit is to do, if that is certain.
    pub(crate) fn settle(&mut self, failed: bool) -> Option<Verdict> {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.settled += 1;
        self.failures += u32::from(failed);
        self.left = self.left.min(self.outstanding());
        if self.failures > self.bearable {
            Some(Verdict::Open)
        } else if self.failures + self.outstanding() <= self.bearable {
            Some(Verdict::Close)
        } else {
            None
        }
    }

    /// One that had begun has no outcome: another may take its place.
    pub(crate) fn give_back(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.left = (self.left + 1).min(self.outstanding());
    }

    /// Those that have not settled hang: as many more may begin. Whichever settle first count.
    pub(crate) fn replace_hung(&mut self) {
        self.left = self.outstanding();
    }

    fn outstanding(&self) -> u32 {
        self.calls.saturating_sub(self.settled)
    }
}

/// What the outcomes of probes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Too many have failed.
    Open,
    /// Not enough can fail any more.
    Close,
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn probes(calls: u32, threshold_percentage: f64) -> Probes {
        let calls = NonZeroU32::new(calls).unwrap();
        Probes::new(&HalfOpenConfig { calls, threshold_percentage, ..Default::default() })
    }

    /// The verdict of outcomes (true: failed), and after how many of them it fell.
    fn verdict(calls: u32, percentage: f64, failed: &[bool]) -> Option<(Verdict, usize)> {
        let mut probes = probes(calls, percentage);
        failed.iter().enumerate().find_map(|(place, &failed)| {
            probes.begin(true);
            Some((probes.settle(failed)?, place + 1))
        })
    }

    #[test]
    fn one_probe_decides_by_itself() {
        assert_eq!(verdict(1, 0.0, &[false]), Some((Verdict::Close, 1)));
        assert_eq!(verdict(1, 0.0, &[true]), Some((Verdict::Open, 1)));
    }

    #[test]
    fn the_first_failure_opens_where_none_may_fail() {
        assert_eq!(verdict(3, 0.0, &[false, true]), Some((Verdict::Open, 2)));
        assert_eq!(verdict(3, 0.0, &[false, false]), None, "the third may fail");
        assert_eq!(verdict(3, 0.0, &[false; 3]), Some((Verdict::Close, 3)));
    }

    #[test]
    fn the_verdict_falls_as_soon_as_it_is_certain() {
        // Two of four may fail.
        assert_eq!(verdict(4, 50.0, &[false, false]), Some((Verdict::Close, 2)));
        assert_eq!(verdict(4, 50.0, &[true, true, true]), Some((Verdict::Open, 3)));
        assert_eq!(verdict(4, 50.0, &[true, true, false, false]), Some((Verdict::Close, 4)));
        assert_eq!(verdict(4, 49.0, &[true, false, false]), None, "one may, and the last is out");
        assert_eq!(verdict(4, 49.0, &[false, false, false]), Some((Verdict::Close, 3)));
    }

    #[test]
    fn every_row_of_outcomes_has_a_verdict_which_is_that_of_all_of_them() {
        for calls in 1..=8u32 {
            for percentage in [0.0, 10.0, 12.5, 33.0, 50.0, 66.7, 99.0, 100.0] {
                for outcomes in 0..1u32 << calls {
                    let failed: Vec<_> = (0..calls).map(|bit| outcomes >> bit & 1 == 1).collect();
                    let too_many =
                        f64::from(outcomes.count_ones()) > f64::from(calls) * percentage / 100.0;
                    let wanted = if too_many { Verdict::Open } else { Verdict::Close };
                    let (got, _) = verdict(calls, percentage, &failed).expect("a verdict");
                    assert_eq!(got, wanted, "{calls} {percentage} {failed:?}");
                }
            }
        }
    }

    #[test]
    fn shares_that_are_whole_in_decimals_are() {
        for calls in 1..=1000u32 {
            assert_eq!(probes(calls, 10.0).bearable, calls / 10);
        }
        assert_eq!(probes(1000, 14.3).bearable, 143);
    }

    #[test]
    fn as_many_may_begin_as_there_are_and_those_given_back_may_again() {
        let mut probes = probes(2, 0.0);
        probes.begin(true);
        probes.begin(true);
        assert!(!probes.has_left());
        probes.give_back();
        assert!(probes.has_left());
        assert_eq!(probes.in_flight(), 1);
        probes.begin(true);
        assert!(!probes.has_left());
    }

    #[test]
    fn hung_ones_are_replaced_and_never_by_more_than_a_verdict_takes() {
        let mut probes = probes(3, 0.0);
        (0..3).for_each(|_| probes.begin(true));
        assert_eq!(probes.settle(false), None);
        probes.replace_hung();
        assert_eq!(probes.left, 2);
        probes.begin(true);
        // One of those that hung comes after all; then the new one.
        assert_eq!(probes.settle(false), None);
        assert_eq!(probes.left, 1);
        assert_eq!(probes.settle(false), Some(Verdict::Close));
    }

    #[test]
    fn a_hung_one_that_is_given_back_makes_no_more_of_them() {
        let mut probes = probes(1, 0.0);
        probes.begin(true);
        probes.replace_hung();
        probes.give_back();
        assert_eq!(probes.left, 1);
    }
}

//! Refuses a share of the calls, the greater the more of them fail, in place of a circuit that
//! opens and refuses all.
//!
//! Asked by the breaker before each call, where `throttle` is set; it counts nothing itself. Source: client-side
//! throttling in Google's *Site Reliability Engineering*, chapter 21, with a greatest share and
//! a number of calls below which nothing is refused.

pub use crate::config::ThrottleOptions;
use crate::time::{Nanos, Shift};

/// What a window holds of calls that have ended. A call counts as it ends: one that is under
/// way is no evidence, and a service that is slow has many under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls that reached the service and succeeded.
    pub successes: i64,
    /// Calls that reached the service and failed, timeouts included.
    pub failures: i64,
    /// Calls that the throttle has refused.
    pub refused: i64,
}

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct Throttle {
    options: ThrottleOptions,
    /// When the last call was admitted; `None`: none yet.
    admitted_at: Option<Nanos>,
}

impl Throttle {
    /// One that has admitted nothing yet.
    pub fn new(options: ThrottleOptions) -> Self {
        Throttle { options, admitted_at: None }
    }

    /// Goes on with other options.
    pub fn set_options(&mut self, options: ThrottleOptions) {
        self.options = options;
    }

    /// Goes on from what another knows.
    pub(crate) fn remember(&mut self, other: &Throttle) {
        self.admitted_at = other.admitted_at;
    }

    /// Whether a call may begin. `draw` gives a number from 0 (included) to 1 (excluded); it is
    /// asked only where chance decides. One call a second is admitted whatever it draws, so
    /// that a service that has recovered is seen to have.
    #[inline]
    pub fn admits(&mut self, tally: Tally, draw: impl FnOnce() -> f64, now: Nanos) -> bool {
        let share = self.rejection(tally);
        let admits = share <= 0.0 || self.is_quiet(now) || draw() >= share;
        if admits {
            self.admitted_at = Some(now);
        }
        admits
    }

    /// The share of calls that is refused, from 0 to `max_rejection`.
    #[inline]
    pub fn rejection(&self, tally: Tally) -> f64 {
        let Tally { successes, failures, refused } = tally;
        // Users correct counters by hand, so they may be negative.
        let calls = successes.saturating_add(failures).saturating_add(refused);
        if calls < FEWEST {
            return 0.0;
        }
        let excess = calls as f64 - self.options.k * successes as f64;
        (excess / (calls as f64 + PADDING)).clamp(0.0, self.options.max_rejection)
    }

    /// Goes on with another clock.
    pub fn change_clocks(&mut self, shift: &Shift) {
        self.admitted_at = self.admitted_at.map(|at| shift.apply(at));
    }

    fn is_quiet(&self, now: Nanos) -> bool {
        self.admitted_at.is_none_or(|at| now - at >= LONGEST_SILENCE)
    }
}

/// Fewer calls than this are no evidence.
const FEWEST: i64 = 10;
/// Calls that are taken to have gone well beside those that are known.
const PADDING: f64 = 8.0;
/// After so long without a call, the next one is admitted.
const LONGEST_SILENCE: Nanos = Nanos::from_millis(1000);

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(successes: i64, failures: i64, refused: i64) -> Tally {
        Tally { successes, failures, refused }
    }

    fn share(successes: i64, failures: i64, refused: i64) -> f64 {
        Throttle::new(ThrottleOptions::default()).rejection(tally(successes, failures, refused))
    }

    #[test]
    fn nothing_is_refused_while_one_of_k_calls_succeeds() {
        assert_eq!(share(1000, 0, 0), 0.0);
        assert_eq!(share(500, 500, 0), 0.0);
        assert!(share(499, 501, 0) > 0.0);
        assert!((share(25, 75, 0) - 50.0 / 108.0).abs() < 1e-12);
    }

    #[test]
    fn what_was_refused_counts_as_asked_for() {
        assert_eq!(share(100, 50, 0), 0.0);
        assert!((share(100, 50, 850) - 800.0 / 1008.0).abs() < 1e-12);
    }

    #[test]
    fn never_more_than_the_greatest_share_is_refused() {
        assert_eq!(share(0, 1_000_000, 0), 0.9);
        assert_eq!(share(-5, 1_000_000, i64::MAX), 0.9, "corrected by hand");
    }

    #[test]
    fn fewer_than_ten_calls_are_no_evidence() {
        assert_eq!(share(0, 9, 0), 0.0);
        assert!((share(0, 10, 0) - 10.0 / 18.0).abs() < 1e-12);
        assert_eq!(share(0, -10, 0), 0.0);
    }

    #[test]
    fn chance_decides_at_the_share_and_only_where_there_is_one() {
        let mut throttle = Throttle::new(ThrottleOptions::default());
        let now = Nanos::from_millis(5);
        assert!(throttle.admits(tally(100, 0, 0), || unreachable!("nothing to decide"), now));
        let ill = tally(0, 100, 0);
        assert!(!throttle.admits(ill, || 0.89, now));
        assert!(throttle.admits(ill, || 0.9, now), "at the share: admitted");
    }

    #[test]
    fn one_call_a_second_is_admitted_whatever_it_draws() {
        let mut throttle =
            Throttle::new(ThrottleOptions { max_rejection: 1.0, ..ThrottleOptions::default() });
        let dead = tally(0, 1_000_000, 0);
        let admitted: Vec<u64> = (0..5_000)
            .step_by(10)
            .filter(|&ms| throttle.admits(dead, || 0.0, Nanos::from_millis(ms)))
            .collect();
        assert_eq!(admitted, [0, 1000, 2000, 3000, 4000]);
    }

    #[test]
    fn the_second_goes_on_under_another_clock() {
        let mut throttle =
            Throttle::new(ThrottleOptions { max_rejection: 1.0, ..ThrottleOptions::default() });
        let dead = tally(0, 1_000_000, 0);
        let at = |ms| crate::time::Now::unstalled(Nanos::from_millis(ms));
        assert!(throttle.admits(dead, || 0.0, Nanos::from_millis(50_000)));
        throttle.change_clocks(&Shift { from: at(50_400), to: at(1_000) });
        assert!(!throttle.admits(dead, || 0.0, Nanos::from_millis(1_599)));
        assert!(throttle.admits(dead, || 0.0, Nanos::from_millis(1_600)));
    }
}

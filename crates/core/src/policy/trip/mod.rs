//! When to open: any of the reasons here suffices, a file each. Asked by the breaker after each
//! failure of a closed circuit.

mod rate;
mod row;

use self::rate::Rate;
use self::row::Row;
use crate::config::{Config, LiveOptions};
use crate::metrics::window::Window;
use crate::time::{Nanos, Shift};

/// The reasons, and what holds all of them back.
#[derive(Clone, Debug)]
pub(crate) struct Trip {
    rate: Rate,
    row: Row,
    /// The fewest [calls](Window::calls) in the window for which any reason holds.
    volume: i64,
    /// As it was told.
    warm_up: Option<Nanos>,
    /// Before, none does.
    warm_until: Nanos,
}

impl Trip {
    /// By those options, for a breaker that is made at `now`.
    pub(crate) fn new(config: &Config, now: Nanos) -> Self {
        let LiveOptions { error_threshold_percentage, consecutive_failures, .. } = config.live;
        Trip {
            rate: Rate { threshold: error_threshold_percentage },
            row: Row { most: consecutive_failures, failures: 0 },
            volume: config.volume_threshold,
            warm_up: config.warm_up,
            warm_until: config.warm_up.map_or(Nanos::ZERO, |warm_up| now + warm_up),
        }
    }

    /// Decides by other options from now on.
    pub(crate) fn set_live_options(&mut self, live: &LiveOptions) {
        self.rate.threshold = live.error_threshold_percentage;
        self.row.most = live.consecutive_failures;
    }

    /// Decides by those options from now on, for a breaker that was made then. What it has
    /// learned stays.
    pub(crate) fn update(&mut self, config: &Config, made_at: Nanos) {
        self.set_live_options(&config.live);
        self.volume = config.volume_threshold;
        // One that goes on as it was told may have been restored, and end at another moment.
        if config.warm_up != self.warm_up {
            self.warm_up = config.warm_up;
            self.warm_until = config.warm_up.map_or(Nanos::ZERO, |warm_up| made_at + warm_up);
        }
    }

    /// A call of the generation that stands ended well.
    #[inline]
    pub(crate) fn on_success(&mut self) {
        self.row.failures = 0;
    }

    /// A call of the generation that stands ended badly.
    pub(crate) fn on_failure(&mut self) {
        self.row.failures = self.row.failures.saturating_add(1);
    }

    /// The circuit has closed.
    pub(crate) fn on_close(&mut self) {
        self.row.failures = 0;
    }

    /// Whether there is reason to open a closed circuit.
    pub(crate) fn trips(&self, window: &Window, now: Nanos) -> bool {
        let calls = window.calls();
        !self.is_warming_up(now)
            && calls >= self.volume
            && (self.row.trips() || self.rate.trips(window, calls))
    }

    /// Whether nothing is reason to open yet.
    pub(crate) fn is_warming_up(&self, now: Nanos) -> bool {
        now < self.warm_until
    }

    /// What it has learned, for another breaker.
    pub(crate) fn memory(&self) -> Memory {
        Memory { failures: self.row.failures, warm_until: self.warm_until }
    }

    /// Goes on from what another breaker has learned.
    pub(crate) fn remember(&mut self, memory: Memory) {
        let Memory { failures, warm_until } = memory;
        self.row.failures = failures;
        self.warm_until = warm_until;
    }

    /// Goes on with another clock.
    pub(crate) fn change_clocks(&mut self, shift: &Shift) {
        self.warm_until = shift.apply(self.warm_until);
    }
}

/// What [`Trip`] knows that no option says.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    failures: u32,
    warm_until: Nanos,
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::metrics::window::Counter;

    fn should_open(config: &Config, window: &Window, in_a_row: u32) -> bool {
        let mut trip = Trip::new(config, Nanos::ZERO);
        trip.row.failures = in_a_row;
        trip.trips(window, Nanos::ZERO)
    }

    fn opens(failures: i64, fires: i64, threshold: f64, volume: i64) -> bool {
        let mut config = Config { volume_threshold: volume, ..Config::default() };
        config.live.error_threshold_percentage = threshold;
        let mut window = Window::new(&config.window, Nanos::ZERO);
        window.set_count(window.serial(), Counter::Failures, failures);
        window.set_count(window.serial(), Counter::Fires, fires);
        should_open(&config, &window, 0)
    }

    fn opens_by_row(in_a_row: u32, most: u32, fires: i64, volume: i64) -> bool {
        let mut config = Config { volume_threshold: volume, ..Config::default() };
        config.live.consecutive_failures = NonZeroU32::new(most);
        let mut window = Window::new(&config.window, Nanos::ZERO);
        window.set_count(window.serial(), Counter::Fires, fires);
        should_open(&config, &window, in_a_row)
    }

    #[test]
    fn opens_above_the_threshold_not_at_it() {
        assert!(!opens(5, 10, 50.0, 0));
        assert!(opens(6, 10, 50.0, 0));
        assert!(opens(1, 1_000_000, 0.0, 0));
        assert!(!opens(10, 10, 100.0, 0));
        assert!(opens(0, 10, -1.0, 0), "minus one: always");
        assert!(!opens(10, 10, f64::INFINITY, 0), "infinity: never");
    }

    #[test]
    fn holds_back_below_the_volume() {
        assert!(!opens(9, 9, 50.0, 10));
        assert!(opens(10, 10, 50.0, 10));
    }

    #[test]
    fn opens_at_so_many_in_a_row_whatever_the_rate() {
        assert!(!opens_by_row(2, 3, 100, 0));
        assert!(opens_by_row(3, 3, 100, 0));
        assert!(opens_by_row(4, 3, 100, 0));
        assert!(opens_by_row(1, 1, 100, 0));
        assert!(!opens_by_row(u32::MAX, 0, 100, 0), "none: never");
    }

    #[test]
    fn the_volume_holds_back_a_row_too() {
        assert!(!opens_by_row(3, 3, 9, 10));
        assert!(opens_by_row(3, 3, 10, 10));
    }

    #[test]
    fn counts_corrected_by_hand_divide_as_in_javascript() {
        assert!(opens(1, 0, 50.0, 0), "infinite");
        assert!(!opens(0, 0, 0.0, 0), "not a number");
    }

    #[test]
    fn no_rate_is_above_all() {
        for fires in [0, 1, 2] {
            assert!(opens(3, fires, 99.9, 0));
            assert!(!opens(3, fires, 100.0, 0), "100: never");
        }
    }

    #[test]
    fn calls_that_outlive_the_bucket_in_which_they_began_are_calls() {
        let mut config = Config { volume_threshold: 5, ..Config::default() };
        let mut window = Window::new(&config.window, Nanos::ZERO);
        (0..10).for_each(|_| window.count(Counter::Fires));
        let gone = config.window.interval().as_millis() * config.window.buckets() as u64;
        window.advance(Nanos::from_millis(gone));
        assert_eq!(window.total(Counter::Fires), 0);
        for ended in 1..=10 {
            window.count(Counter::Failures);
            assert_eq!(should_open(&config, &window, 0), ended >= 5);
        }
        config.live.error_threshold_percentage = 100.0;
        assert!(!should_open(&config, &window, 0));
    }
}

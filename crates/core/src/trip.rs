//! When to open: the rate of failures over the window, or so many in a row.

use crate::config::Config;
use crate::window::{Count, Window};

/// Whether there is reason to open a closed circuit: the window holds at least
/// `volume_threshold` [calls](Window::calls), and either the rate of failures among them is
/// above (`>`) the threshold or `in_a_row` failures are as many (`>=`) as are allowed.
pub fn should_open(config: &Config, window: &Window, in_a_row: u32) -> bool {
    let calls = window.calls();
    if calls < config.volume_threshold {
        return false;
    }
    if config.limits.consecutive_failures.is_some_and(|most| in_a_row >= most.get()) {
        return true;
    }
    // In floating point as in JavaScript: nothing at all is NaN, which is above no threshold.
    // Failures without a call, which only a count corrected by hand can give, are infinitely
    // many: all of them.
    let rate = window.total(Count::Failures) as f64 / calls as f64 * 100.0;
    rate.clamp(f64::NEG_INFINITY, 100.0) > config.limits.error_threshold_percentage
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::time::Nanos;

    fn opens(failures: i64, fires: i64, threshold: f64, volume: i64) -> bool {
        let mut config = Config { volume_threshold: volume, ..Config::default() };
        config.limits.error_threshold_percentage = threshold;
        let mut window = Window::new(&config.window, Nanos::ZERO);
        window.set_count(window.serial(), Count::Failures, failures);
        window.set_count(window.serial(), Count::Fires, fires);
        should_open(&config, &window, 0)
    }

    fn opens_by_row(in_a_row: u32, most: u32, fires: i64, volume: i64) -> bool {
        let mut config = Config { volume_threshold: volume, ..Config::default() };
        config.limits.consecutive_failures = NonZeroU32::new(most);
        let mut window = Window::new(&config.window, Nanos::ZERO);
        window.set_count(window.serial(), Count::Fires, fires);
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
        (0..10).for_each(|_| window.count(Count::Fires));
        let gone = config.window.interval().as_millis() * config.window.buckets() as u64;
        window.advance(Nanos::from_millis(gone));
        assert_eq!(window.total(Count::Fires), 0);
        for ended in 1..=10 {
            window.count(Count::Failures);
            assert_eq!(should_open(&config, &window, 0), ended >= 5);
        }
        config.limits.error_threshold_percentage = 100.0;
        assert!(!should_open(&config, &window, 0));
    }
}

//! When to open: the rate of failures over the window.

use super::config::Config;
use super::window::{Count, Window};

/// Whether the failures in the window are reason to open a closed circuit: the rate
/// is above (`>`) the threshold and the window holds at least `volume_threshold`
/// fires.
pub fn should_open(config: &Config, window: &Window) -> bool {
    let fires = window.total(Count::Fires);
    if fires < config.volume_threshold {
        return false;
    }
    // In floating point as in JavaScript: failures without a fire, which only a count
    // corrected by hand can give, are an infinite rate, and nothing at all is NaN,
    // which is above no threshold.
    let rate = window.total(Count::Failures) as f64 / fires as f64 * 100.0;
    rate > config.limits.error_threshold_percentage
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::Nanos;

    fn opens(failures: i64, fires: i64, threshold: f64, volume: i64) -> bool {
        let mut config = Config { volume_threshold: volume, ..Config::default() };
        config.limits.error_threshold_percentage = threshold;
        let mut window = Window::new(&config.window, Nanos::ZERO);
        window.set_count(window.serial(), Count::Failures, failures);
        window.set_count(window.serial(), Count::Fires, fires);
        should_open(&config, &window)
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
    fn counts_corrected_by_hand_divide_as_in_javascript() {
        assert!(opens(1, 0, 50.0, 0), "infinite");
        assert!(!opens(0, 0, 0.0, 0), "not a number");
    }
}

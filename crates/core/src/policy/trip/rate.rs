//! The share of failures among the calls in the window.

use crate::metrics::window::{Counter, Window};

/// See the [module](self).
#[derive(Clone, Debug)]
pub(super) struct Rate {
    /// In percent; above it (`>`) there is reason to open.
    pub(super) threshold: f64,
}

impl Rate {
    /// Whether `calls`, those in the window, failed too often.
    pub(super) fn trips(&self, window: &Window, calls: i64) -> bool {
        // In floating point as in JavaScript: nothing at all is NaN, which is above no threshold.
        // Failures without a call, which only a count corrected by hand can give, are infinitely
        // many: all of them.
        let rate = window.total(Counter::Failures) as f64 / calls as f64 * 100.0;
        rate.clamp(f64::NEG_INFINITY, 100.0) > self.threshold
    }
}

//! The share of some calls among all of them.

/// See the [module](self).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate {
    /// In percent; above it (`>`) there is reason to open.
    pub(super) threshold: f64,
}

impl Rate {
    /// Whether `some` of `calls` are too many.
    pub(super) fn trips(&self, some: i64, calls: i64) -> bool {
        // In floating point as in JavaScript: nothing at all is NaN, which is above no threshold.
        // Failures without a call, which only a count corrected by hand can give, are infinitely
        // many: all of them.
        let rate = some as f64 / calls as f64 * 100.0;
        rate.clamp(f64::NEG_INFINITY, 100.0) > self.threshold
    }
}

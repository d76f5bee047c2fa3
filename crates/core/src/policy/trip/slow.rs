//! The share of slow calls among the outcomes.

use super::rate::Rate;
use crate::config::SlowCallConfig;

/// See the [module](self).
#[derive(Clone, Debug)]
pub(super) struct Slow(pub(super) SlowCallConfig);

impl Slow {
    /// Whether so many of `calls` are too many. No share is above all of them: all are too many
    /// by a threshold of that.
    pub(super) fn trips(&self, slow: i64, calls: i64) -> bool {
        let threshold = self.0.threshold_percentage;
        if threshold >= 100.0 {
            return calls > 0 && slow >= calls;
        }
        Rate { threshold }.trips(slow, calls)
    }
}

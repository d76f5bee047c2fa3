//! What a call ended as, and what that counts as.

use crate::metrics::window::{Counter, Window};
use crate::time::Nanos;

/// See the [module](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It ended well, or with an error that does not count as one.
    Success,
    /// It ended badly, or was refused for want of a place.
    Failure,
    /// Its maker has heard that it is late. A success or a failure follows.
    TimedOut,
}

impl Outcome {
    /// Counts a call that took so long.
    ///
    /// A call that has timed out is weighed once more when what follows is counted: opossum
    /// weighs a timeout twice in its latencies, and dashboards are tuned to that.
    #[inline(always)]
    pub(crate) fn count_in(self, window: &mut Window, latency: Nanos) {
        window.count(match self {
            Outcome::Success => Counter::Successes,
            Outcome::Failure => Counter::Failures,
            Outcome::TimedOut => Counter::Timeouts,
        });
        window.record(latency);
    }
}

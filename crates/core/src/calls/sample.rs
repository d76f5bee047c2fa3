//! What a call that has ended teaches whoever learns from latencies.

use super::Call;
use crate::time::{Nanos, Now};

/// See the [module](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When the call began, by the monotonic clock. Time in a queue is before that.
    pub started: Nanos,
    /// How long it took, in loop time.
    pub latency: Nanos,
    /// Whether a stall of the event loop overlapped it. Its latency then says little of the
    /// service, and nothing is learned from it.
    pub stalled: bool,
}

impl Sample {
    /// What a call teaches that ends at `now`.
    pub(crate) fn of(call: &Call, now: Now) -> Self {
        let stalled =
            now.stalls > call.stalls || now.stalling > Nanos::ZERO || call.forgiven > Nanos::ZERO;
        let latency = now.monotonic - call.started - call.forgiven;
        Sample { started: call.started, latency, stalled }
    }
}

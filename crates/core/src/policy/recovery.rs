//! When an open circuit is tried again, and for how long a probe keeps others out. Asked by
//! the breaker as the circuit opens, and as a probe begins.

use crate::config::{Config, LiveOptions};
use crate::time::Nanos;

/// See the [module](self).
#[derive(Clone, Debug)]
pub(crate) struct Recovery {
    reset_timeout: Nanos,
}

impl Recovery {
    /// By those options.
    pub(crate) fn new(live: &LiveOptions) -> Self {
        Recovery { reset_timeout: live.reset_timeout.max(SHORTEST_RESET) }
    }

    /// By those options from now on; a wait that has begun takes as long as it was to.
    pub(crate) fn update(&mut self, config: &Config) {
        *self = Recovery::new(&config.live);
    }

    /// Until when a circuit refuses calls that opens at `now`.
    pub(crate) fn retry_at(&self, now: Nanos) -> Nanos {
        now + self.reset_timeout
    }

    /// Until when a probe that begins at `now` keeps others out, unless it ends before.
    pub(crate) fn probe_until(&self, has_timeout: bool, now: Nanos) -> Nanos {
        if has_timeout {
            Nanos::MAX
        } else {
            // Nothing else ends a probe that hangs.
            now + self.reset_timeout
        }
    }
}

/// A timer of JavaScript's takes no less, and a circuit that is open for no time at all would
/// be half open before anybody could see it open.
const SHORTEST_RESET: Nanos = Nanos::from_millis(1);

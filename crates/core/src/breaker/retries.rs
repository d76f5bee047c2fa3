//! Whether a call that failed is tried again: what the circuit has to say to that, and the policy.
//! Each try is a call of its own to everything else here.

use super::mode::Mode;
use super::state::State;
use super::CircuitBreaker;
use crate::policy::retry::{NoRetry, Retry, RetryOptions, SharedRetryBudget, Tried};
use crate::time::{Nanos, Now};

impl CircuitBreaker {
    /// From now on calls are tried again by those options, and that is paid from that budget;
    /// with `None` they are not.
    pub fn set_retry(&mut self, retry: Option<(RetryOptions, SharedRetryBudget)>) {
        self.retry = retry.map(|(options, budget)| Box::new(Retry::new(options, budget)));
        self.note_watchers();
    }

    /// Asks, after a try has ended badly and what follows from that has been decided, how long to
    /// wait before the next one. If there is to be one, that is paid for with this.
    ///
    /// # Errors
    ///
    /// Why there is to be none; nothing was paid.
    pub fn retry(&mut self, tried: &Tried, now: Now) -> Result<Nanos, NoRetry> {
        self.advance(now.monotonic);
        if self.retry.is_none() {
            return Err(NoRetry::NotWanted);
        }
        if !self.admits() {
            return Err(NoRetry::Circuit);
        }
        let draw = self.draw();
        self.retry
            .as_mut()
            .map_or(Err(NoRetry::NotWanted), |retry| retry.wait(tried, draw, now.monotonic))
    }

    /// Whether the circuit is going to let a try begin whose wait is over. One that finds it open
    /// is not made at all: nothing is counted, and the caller hears of what has failed.
    pub fn admits_retry(&mut self, now: Now) -> bool {
        self.advance(now.monotonic);
        self.admits()
    }

    fn admits(&self) -> bool {
        match self.machine.state() {
            // One that guards nothing tries nothing again.
            _ if matches!(self.mode, Mode::Disabled | Mode::ForcedOpen | Mode::Draining) => false,
            State::Closed => true,
            State::HalfOpen { .. } => self.machine.awaits_probe(),
            State::Open { .. } | State::Shutdown => false,
        }
    }
}

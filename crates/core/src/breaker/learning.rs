//! A timeout that learns: what it is told of calls, and what it gives to those that begin.
//!
//! A breaker that has one has no other timeout, and its calls begin where those do that are asked
//! something: nobody else pays for it.

use super::answer::Admission;
use super::state::State;
use super::{timeout_of, CircuitBreaker};
use crate::calls::sample::Sample;
use crate::calls::{Call, NewCall, Stage};
use crate::config::LiveOptions;
use crate::policy::learned_timeout::{LearnedTimeout, LearnedTimeoutOptions};
use crate::time::{Nanos, Now};

impl CircuitBreaker {
    /// From now on calls may take as long as is learned from those that succeed; what was learned
    /// by other options is kept. With `None` they may take as long as they like, until
    /// [`update`](CircuitBreaker::update) says how long.
    pub fn set_learned_timeout(&mut self, options: Option<LearnedTimeoutOptions>, now: Now) {
        self.advance(now.monotonic);
        if self.machine.is_shutdown() {
            return;
        }
        match (options, &mut self.learned) {
            (Some(options), Some(learned)) => learned.set_options(options),
            (options, learned) => {
                let new = |options| Box::new(LearnedTimeout::new(options, now.monotonic));
                *learned = options.map(new);
            }
        }
        self.timeout = None;
        self.note_watchers();
        self.publish();
    }

    /// The timeout that is learned; `None` where none is. Until something was learned it is the
    /// greatest there may be.
    pub fn learned_timeout(&self) -> Option<Nanos> {
        self.learned.as_ref().map(|learned| learned.timeout())
    }

    /// Goes on from the timeout that another breaker has learned.
    pub fn remember_timeout(&mut self, timeout: Nanos) {
        if let Some(learned) = &mut self.learned {
            learned.remember(timeout);
        }
    }

    /// What another breaker is to go on from; `None`: it has learned nothing.
    pub(super) fn timeout_to_remember(&self) -> Option<Nanos> {
        self.learned
            .as_ref()
            .filter(|learned| learned.has_learned())
            .map(|learned| learned.timeout())
    }

    /// Calls that begin have that timeout, unless it is learned.
    pub(super) fn set_timeout(&mut self, live: &LiveOptions) {
        self.timeout = timeout_of(live).filter(|_| self.learned.is_none());
    }

    /// Whether calls that begin have a timeout.
    pub(super) fn has_timeout(&self) -> bool {
        self.timeout.is_some() || self.learned.is_some()
    }

    /// Begins a call that has its place, where the timeout is learned.
    pub(super) fn begin_learned(&mut self, now: Now) -> Admission {
        let closed = self.machine.state() == State::Closed;
        let mut learned = self.learned.take();
        let allowance =
            learned.as_mut().map(|learned| learned.begin(closed, || self.draw(), now.monotonic));
        self.learned = learned;
        let timeout = allowance.map(|allowance| allowance.timeout).filter(|at| !at.is_never());
        if let Some(timeout) = timeout {
            self.timers.wake_by(now.monotonic + timeout);
        }
        let permit = self.calls.insert(NewCall {
            started: now.monotonic,
            timeout,
            stalls: now.stalls,
            generation: self.machine.generation(),
            stage: Stage::Pending,
        });
        if allowance.is_some_and(|allowance| allowance.explores) {
            self.calls.set_explores(&permit);
        }
        Admission::Admitted(permit)
    }

    /// A call has ended well.
    pub(super) fn learn_from_success(&mut self, call: &Call, now: Now) {
        let Some(learned) = &mut self.learned else { return };
        // One that was late has been told of.
        if call.stage == Stage::Pending {
            learned.on_success(&Sample::of(call, now), call.explores, now.monotonic);
        }
    }

    /// A call has ended badly, or was refused for want of a place.
    pub(super) fn learn_from_failure(&mut self, call: &Call) {
        if let Some(learned) = &mut self.learned {
            if call.stage == Stage::Pending {
                learned.on_failure();
            }
        }
    }

    /// The maker of a call has heard that it is late.
    pub(super) fn learn_from_timeout(&mut self, call: &Call, now: Now) {
        if let Some(learned) = &mut self.learned {
            learned.on_timeout(&Sample::of(call, now), call.explores, now.monotonic);
        }
    }
}

//! A capacity that adapts: what the limiter is told of calls, and what becomes of its limit.
//!
//! A breaker without one does nothing of this: its successes are not watched for it, and all else
//! is asked where a call has timed out or found no place.

use super::CircuitBreaker;
use crate::admission::adaptive::Adaptive;
use crate::calls::sample::Sample;
use crate::calls::{Call, Stage};
use crate::config::{Config, RateOf};
use crate::time::{Nanos, Now, Shift};

/// The limiter of a breaker.
#[derive(Debug)]
pub(super) struct Limiter {
    adaptive: Adaptive,
    /// Whether calls that find no place are failures for the circuit.
    refusals_count: bool,
}

impl Limiter {
    /// As those options ask for one.
    pub(super) fn new(config: &Config, now: Nanos) -> Option<Box<Limiter>> {
        let adaptive = Adaptive::new(config.adaptive_capacity?, now);
        Some(Box::new(Limiter { adaptive, refusals_count: refusals_count(config) }))
    }

    /// How many places there are by it.
    pub(super) fn places(&self) -> i64 {
        i64::from(self.adaptive.limit())
    }
}

impl CircuitBreaker {
    /// The limit of a capacity that adapts, and the latency that is usual by what it has learned.
    pub fn adaptive_capacity(&self) -> Option<(u32, Option<Nanos>)> {
        let Limiter { adaptive, .. } = self.limiter.as_deref()?;
        Some((adaptive.limit(), adaptive.usual_latency()))
    }

    /// Goes on from what the adaptive capacity of another breaker has learned, where it adapts.
    pub fn remember_capacity(&mut self, limit: u32, usual: Option<Nanos>) {
        if let Some(limiter) = &mut self.limiter {
            limiter.adaptive.remember(limit, usual);
            self.follow_limit();
        }
    }

    /// There are as many places as those options say, or as is found out within them; what was
    /// found out within others is kept.
    pub(super) fn set_capacity(&mut self, config: &Config, now: Nanos) {
        match (config.adaptive_capacity, &mut self.limiter) {
            (Some(options), Some(limiter)) => {
                limiter.adaptive.set_options(options);
                limiter.refusals_count = refusals_count(config);
            }
            _ => self.limiter = Limiter::new(config, now),
        }
        if self.limiter.is_none() {
            self.published.set_places(config.capacity);
        }
        self.follow_limit();
    }

    /// A call has ended well.
    pub(super) fn limit_by_success(&mut self, call: &Call, now: Now) {
        // Its place has been given back.
        let in_flight = self.published.taken().saturating_add(1);
        let Some(limiter) = &mut self.limiter else { return };
        // One that was late is one already.
        if call.stage == Stage::Pending {
            limiter.adaptive.on_begin(u32::try_from(in_flight).unwrap_or(0));
            limiter.adaptive.on_success(&Sample::of(call, now), now.monotonic);
            self.follow_limit();
        }
    }

    /// The maker of a call has heard that it is late.
    pub(super) fn limit_by_timeout(&mut self, call: &Call, now: Now) {
        let Some(limiter) = &mut self.limiter else { return };
        limiter.adaptive.on_overload(&Sample::of(call, now), now.monotonic);
        self.follow_limit();
    }

    /// A call has found no place. Returns the generation that it is of: one that is over, if it
    /// is no failure for the circuit that it was refused.
    pub(super) fn note_want_of_place(&mut self, generation: u32) -> u32 {
        let Some(limiter) = &mut self.limiter else { return generation };
        limiter.adaptive.on_refusal();
        if limiter.refusals_count {
            generation
        } else {
            self.machine.generation().wrapping_sub(1)
        }
    }

    /// Goes on with another clock.
    pub(super) fn change_clock_of_limit(&mut self, shift: &Shift) {
        if let Some(limiter) = &mut self.limiter {
            limiter.adaptive.change_clocks(shift);
        }
    }

    fn follow_limit(&mut self) {
        if let Some(limiter) = &self.limiter {
            self.published.set_places(limiter.places());
        }
    }
}

/// Where failures are a share of outcomes, calls that were refused are none of them.
fn refusals_count(config: &Config) -> bool {
    config.rate_of == RateOf::Fires && config.last_calls.is_none()
}

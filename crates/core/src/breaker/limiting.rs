//! A capacity that adapts: what the limiter is told of calls, and what becomes of its limit.
//!
//! A breaker without one does nothing of this: its successes are not watched for it, and all else
//! is asked where a call has timed out or found no place.

use super::CircuitBreaker;
use crate::admission::adaptive::{Adaptive, AdaptiveOptions};
use crate::calls::sample::Sample;
use crate::calls::{Call, Stage};
use crate::time::{Nanos, Now};

impl CircuitBreaker {
    /// From now on there are as many places as latencies allow, within those bounds; what was
    /// learned within others is kept. With `None` they stay as many as there are, until
    /// [`update`](CircuitBreaker::update) says how many.
    ///
    /// Calls that find no place count as failures. So that a limit does not open the circuit, let
    /// failures be a share of [outcomes](crate::config::RateOf::Outcomes).
    pub fn set_adaptive_capacity(&mut self, options: Option<AdaptiveOptions>, now: Now) {
        self.advance(now.monotonic);
        if self.machine.is_shutdown() {
            return;
        }
        match (options, &mut self.adaptive) {
            (Some(options), Some(adaptive)) => adaptive.set_options(options),
            (options, adaptive) => {
                *adaptive = options.map(|options| Box::new(Adaptive::new(options, now.monotonic)));
            }
        }
        self.follow_limit();
        self.note_watchers();
    }

    /// The limit of a capacity that adapts, and the latency that is usual by what it has learned.
    pub fn adaptive_capacity(&self) -> Option<(u32, Option<Nanos>)> {
        self.adaptive.as_ref().map(|adaptive| (adaptive.limit(), adaptive.usual_latency()))
    }

    /// A call has ended well.
    pub(super) fn limit_by_success(&mut self, call: &Call, now: Now) {
        // Its place has been given back.
        let in_flight = self.published.taken().saturating_add(1);
        let Some(adaptive) = &mut self.adaptive else { return };
        // One that was late is one already.
        if call.stage == Stage::Pending {
            adaptive.on_begin(u32::try_from(in_flight).unwrap_or(0));
            adaptive.on_success(&Sample::of(call, now), now.monotonic);
            self.follow_limit();
        }
    }

    /// The maker of a call has heard that it is late.
    pub(super) fn limit_by_timeout(&mut self, call: &Call, now: Now) {
        let Some(adaptive) = &mut self.adaptive else { return };
        adaptive.on_overload(&Sample::of(call, now), now.monotonic);
        self.follow_limit();
    }

    /// A call has found no place.
    pub(super) fn note_want_of_place(&mut self) {
        if let Some(adaptive) = &mut self.adaptive {
            adaptive.on_refusal();
        }
    }

    fn follow_limit(&mut self) {
        if let Some(adaptive) = &self.adaptive {
            self.published.set_places(i64::from(adaptive.limit()));
        }
    }
}

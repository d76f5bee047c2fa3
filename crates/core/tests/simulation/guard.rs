//! What stands between the callers and the service: policies, put together as a breaker puts
//! them together, and driven as it drives them.

use didelphis_core::adaptive::{Adaptive, AdaptiveOptions};
use didelphis_core::breaker::{Admission, CircuitBreaker, Settled};
use didelphis_core::calls::Permit;
use didelphis_core::config::{Config, WindowConfig};
use didelphis_core::learned_timeout::{Allowance, LearnedTimeout, LearnedTimeoutOptions};
use didelphis_core::queue::{Queue, QueueOptions, Ticket};
use didelphis_core::sample::Sample;
use didelphis_core::state::State;
use didelphis_core::throttle::{Tally, Throttle, ThrottleOptions};
use didelphis_core::time::{Nanos, Now};
use didelphis_core::window::{Counter, Window};

use crate::random::Random;

/// What a guard is made of.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    pub name: &'static str,
    /// A circuit that opens, by opossum's rules.
    pub circuit: bool,
    /// When it tries again, in milliseconds.
    pub reset: u64,
    pub adaptive: bool,
    pub queue: Option<QueueOptions>,
    pub throttle: Option<ThrottleOptions>,
    pub learned: Option<LearnedTimeoutOptions>,
}

/// A timeout, and nothing else.
pub const NONE: Policy = Policy {
    name: "a timeout alone",
    circuit: false,
    reset: 30_000,
    adaptive: false,
    queue: None,
    throttle: None,
    learned: None,
};
pub const OPOSSUM: Policy = Policy { name: "opossum's rules", circuit: true, ..NONE };
pub const ADAPTIVE: Policy = Policy { name: "adaptive capacity", adaptive: true, ..NONE };
pub const QUEUED: Policy = Policy {
    name: "adaptive capacity, queue",
    queue: Some(QueueOptions { size: 100, timeout: Nanos::from_millis(100) }),
    ..ADAPTIVE
};
pub const THROTTLE: Policy = Policy {
    name: "throttle",
    throttle: Some(ThrottleOptions { k: 2.0, max_rejection: 0.9 }),
    ..NONE
};
/// A timeout that learns, and a circuit that opens by opossum's rules.
pub const LEARNED: Policy = Policy {
    name: "learned timeout",
    learned: Some(LearnedTimeoutOptions {
        min: Nanos::from_millis(50),
        max: Nanos::from_millis(5_000),
        multiplier: 1.5,
        quantile: 0.999,
    }),
    ..OPOSSUM
};

/// The same, which tries again soon, as `preset: 'modern'` does.
pub const LEARNED_SOON: Policy =
    Policy { name: "learned timeout, tries soon", reset: 5_000, ..LEARNED };

/// A circuit, a limit, a queue and a timeout that learns.
pub const TOGETHER: Policy =
    Policy { name: "all but the throttle", circuit: true, learned: LEARNED.learned, ..QUEUED };
/// One that lets fewer calls fail.
pub const STRICT_THROTTLE: Policy = Policy {
    name: "throttle, k = 1.2",
    throttle: Some(ThrottleOptions { k: 1.2, max_rejection: 0.9 }),
    ..NONE
};

/// All of them, in the order of the table.
pub const ALL: [Policy; 8] =
    [NONE, OPOSSUM, ADAPTIVE, QUEUED, THROTTLE, STRICT_THROTTLE, LEARNED, TOGETHER];

/// See the [module](self).
pub struct Guard {
    circuit: Option<CircuitBreaker>,
    adaptive: Option<Adaptive>,
    queue: Option<Queue>,
    throttle: Option<(Throttle, Window)>,
    learned: Option<LearnedTimeout>,
    in_flight: u32,
    random: Random,
}

/// What becomes of a call that wants to begin.
pub enum Verdict {
    Begins(Begun),
    Waits(Ticket),
    Refused,
}

/// A call that may be made.
#[derive(Debug)]
pub struct Begun {
    pub allowance: Allowance,
    permit: Option<Permit>,
}

impl Guard {
    pub fn new(policy: &Policy, seed: u64) -> Self {
        let now = Nanos::ZERO;
        let window = || Window::new(&WindowConfig::default(), now);
        Guard {
            circuit: policy.circuit.then(|| {
                // Timeouts are kept by the world.
                let mut config = Config::default();
                config.live.timeout = None;
                config.live.reset_timeout = Nanos::from_millis(policy.reset).into();
                CircuitBreaker::new(config, Now::unstalled(now))
            }),
            adaptive: policy.adaptive.then(|| Adaptive::new(AdaptiveOptions::default(), now)),
            queue: policy.queue.map(Queue::new),
            throttle: policy.throttle.map(|options| (Throttle::new(options), window())),
            learned: policy.learned.map(|options| LearnedTimeout::new(options, now)),
            in_flight: 0,
            random: Random::new(seed),
        }
    }

    /// A call wants to begin.
    pub fn ask(&mut self, now: Nanos) -> Verdict {
        if self.is_open(now) || !self.throttle_admits(now) {
            return Verdict::Refused;
        }
        if self.has_place() {
            return self.begin(now).map_or(Verdict::Refused, Verdict::Begins);
        }
        if let Some(adaptive) = &mut self.adaptive {
            adaptive.on_refusal();
        }
        let ticket = self.queue.as_mut().and_then(|queue| queue.push(Now::unstalled(now)));
        ticket.map_or(Verdict::Refused, Verdict::Waits)
    }

    /// Whose turn it is of those who wait: it begins, or the circuit has opened meanwhile.
    pub fn next(&mut self, now: Nanos) -> Option<(Ticket, Option<Begun>)> {
        if !self.has_place() {
            return None;
        }
        let ticket = self.queue.as_mut()?.pop()?;
        Some((ticket, self.begin(now)))
    }

    /// Whose time in the queue is up.
    pub fn poll_expired(&mut self, now: Nanos) -> Option<Ticket> {
        self.queue.as_mut()?.poll_expired(now)
    }

    pub fn next_deadline(&self) -> Nanos {
        self.queue.as_ref().map_or(Nanos::MAX, Queue::next_deadline)
    }

    /// A call has been answered in time.
    pub fn on_success(&mut self, begun: Begun, sample: &Sample, now: Nanos) {
        self.in_flight -= 1;
        if let Some(adaptive) = &mut self.adaptive {
            adaptive.on_success(sample, now);
        }
        let closed = self.is_closed(now);
        if let Some(learned) = &mut self.learned {
            learned.on_success(sample, begun.allowance.explores, closed, now);
        }
        self.count(Counter::Successes, now);
        if let (Some(circuit), Some(permit)) = (&mut self.circuit, begun.permit) {
            let _ = circuit.on_success(permit, Now::unstalled(now));
        }
    }

    /// A call has not been answered in time.
    pub fn on_timeout(&mut self, begun: Begun, sample: &Sample, now: Nanos) {
        self.in_flight -= 1;
        if let Some(adaptive) = &mut self.adaptive {
            adaptive.on_overload(sample, now);
        }
        if let Some(learned) = &mut self.learned {
            learned.on_timeout(sample, begun.allowance.explores, now);
        }
        self.count(Counter::Failures, now);
        if let (Some(circuit), Some(permit)) = (&mut self.circuit, begun.permit) {
            let now = Now::unstalled(now);
            if let Settled::Failed { permit, .. } = circuit.on_failure(permit, now) {
                circuit.evaluate_trip(permit, now);
            }
        }
    }

    /// How many calls may be under way; `None`: any number.
    pub fn limit(&self) -> Option<u32> {
        self.adaptive.as_ref().map(Adaptive::limit)
    }

    /// The timeout of calls that begin.
    pub fn timeout(&self) -> Nanos {
        self.learned.as_ref().map_or(TIMEOUT, LearnedTimeout::timeout)
    }

    fn has_place(&self) -> bool {
        self.limit().is_none_or(|limit| self.in_flight < limit)
    }

    fn is_open(&mut self, now: Nanos) -> bool {
        let state = self.circuit.as_mut().map(|circuit| circuit.state(Now::unstalled(now)));
        matches!(state, Some(State::Open { .. }))
    }

    fn is_closed(&mut self, now: Nanos) -> bool {
        let state = self.circuit.as_mut().map(|circuit| circuit.state(Now::unstalled(now)));
        state.is_none_or(|state| state == State::Closed)
    }

    fn throttle_admits(&mut self, now: Nanos) -> bool {
        let Some((throttle, window)) = &mut self.throttle else { return true };
        window.advance(now);
        let tally = Tally {
            successes: window.total(Counter::Successes),
            failures: window.total(Counter::Failures),
            refused: window.total(Counter::Rejects),
        };
        let admits = throttle.admits(tally, || self.random.uniform(), now);
        if !admits {
            window.count(Counter::Rejects);
        }
        admits
    }

    fn count(&mut self, counter: Counter, now: Nanos) {
        if let Some((_, window)) = &mut self.throttle {
            window.advance(now);
            window.count(counter);
        }
    }

    /// A call begins, unless the circuit says no.
    fn begin(&mut self, now: Nanos) -> Option<Begun> {
        let permit = match &mut self.circuit {
            None => None,
            Some(circuit) => Some(loop {
                match circuit.try_acquire(false, Now::unstalled(now)) {
                    Admission::Admitted(permit) => break permit,
                    Admission::EventsFirst => while circuit.poll_event().is_some() {},
                    Admission::Refused(_) | Admission::Queued(_) | Admission::Unguarded => {
                        return None
                    }
                }
            }),
        };
        let closed = self.is_closed(now);
        let random = &mut self.random;
        let allowance = match &mut self.learned {
            None => Allowance { timeout: TIMEOUT, explores: false },
            Some(learned) => learned.begin(closed, || random.uniform(), now),
        };
        self.in_flight += 1;
        if let Some(adaptive) = &mut self.adaptive {
            adaptive.on_begin(self.in_flight);
        }
        Some(Begun { allowance, permit })
    }
}

/// Where none is learned.
const TIMEOUT: Nanos = Nanos::from_millis(500);

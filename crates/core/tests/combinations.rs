//! Policies together: whatever stands in the options, and whatever happens, some things hold.
//!
//! Random subsets of the policies are turned on, random programs are played on the breaker, and
//! after each step it is asked whether permits were lost or made, too many probes are under way,
//! a refusal has promised too much, or counters tell something else than what happened. In the
//! end the service is healthy, and the circuit has to close.

use std::collections::VecDeque;
use std::num::NonZeroU32;

use didelphis_core::breaker::{Admission, CircuitBreaker, Event, Reason, Refusal, Settled};
use didelphis_core::calls::Permit;
use didelphis_core::config::{
    AdaptiveOptions, Backoff, ChanceConfig, Config, HalfOpenConfig, LearnedTimeoutOptions,
    LiveOptions, QueueOptions, RateOf, Rotation, SlowCallConfig, ThrottleOptions, TimeoutClock,
    WindowConfig,
};
use didelphis_core::mode::Mode;
use didelphis_core::queue::Ticket;
use didelphis_core::stall_log::NO_STALLS;
use didelphis_core::state::State;
use didelphis_core::time::{Nanos, Now};
use didelphis_core::window::Counter;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Fire,
    FireWithin(u64),
    Serve(u32, u64),
    Succeed(usize),
    Fail(usize),
    Ignore(usize),
    Abandon(usize),
    Forward(u64),
    Open,
    Close,
    Mode(Mode),
    ForceOpen,
    Update,
    /// The caller of one who waits gives up.
    Leave(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => Just(Step::Fire),
        2 => (1_u64..5_000).prop_map(Step::FireWithin),
        2 => (1_u32..90, 1_u64..900).prop_map(|(calls, latency)| Step::Serve(calls, latency)),
        4 => any::<usize>().prop_map(Step::Succeed),
        8 => any::<usize>().prop_map(Step::Fail),
        2 => any::<usize>().prop_map(Step::Ignore),
        1 => any::<usize>().prop_map(Step::Abandon),
        4 => (0_u64..3_000).prop_map(Step::Forward),
        1 => (0_u64..90_000).prop_map(Step::Forward),
        1 => Just(Step::Open),
        1 => Just(Step::Close),
        1 => prop_oneof![Just(Mode::Normal), Just(Mode::Disabled), Just(Mode::MetricsOnly)].prop_map(Step::Mode),
        1 => Just(Step::ForceOpen),
        1 => Just(Step::Update),
        2 => any::<usize>().prop_map(Step::Leave),
    ]
}

fn ms(millis: u64) -> Nanos {
    Nanos::from_millis(millis)
}

fn sometimes(least: u32, most: u32) -> impl Strategy<Value = Option<NonZeroU32>> {
    prop::option::of((least..=most).prop_map(|n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN)))
}

fn live_options() -> impl Strategy<Value = LiveOptions> {
    let waits = (
        1_u64..5_000,
        1_u64..60_000,
        prop_oneof![Just(1.0), 1.0..4.0],
        prop_oneof![Just(0.0), 0.0..=1.0],
    );
    let timeout = prop::option::of((1_u64..5_000).prop_map(ms));
    let learned = (1_u64..100, 1_u64..5_000, 1.0..3.0, 0.5..1.0).prop_map(
        |(min, more, multiplier, quantile)| LearnedTimeoutOptions {
            min: ms(min),
            max: ms(min + more),
            multiplier,
            quantile,
        },
    );
    let timeout = (timeout, prop::option::weighted(0.3, learned));
    (timeout, waits, 0.0..=100.0, sometimes(1, 6)).prop_map(
        |((timeout, learned_timeout), waits, threshold, max_failures)| {
            let (initial, more, factor, jitter) = waits;
            LiveOptions {
                timeout,
                learned_timeout,
                reset_timeout: Backoff {
                    initial: ms(initial),
                    max: ms(initial + more),
                    factor,
                    jitter,
                },
                error_threshold_percentage: threshold,
                max_failures,
            }
        },
    )
}

/// Each policy is on or off. The window is longer than any program takes: all that is counted
/// stays in it.
fn config() -> impl Strategy<Value = Config> {
    let counts = (any::<bool>(), sometimes(1, 20), any::<bool>(), sometimes(1, 6), 0_i64..10);
    let slow_calls = prop::option::of((0_u64..3_000, 0.0..=100.0));
    let half_open = (
        1_u32..6,
        prop_oneof![Just(0.0), 0.0..=100.0],
        prop::option::of((1_u64..5_000).prop_map(ms)),
        prop::option::of((1_u64..9_000).prop_map(ms)),
    );
    let throttle = prop::option::weighted(0.3, (1.0..4.0, 0.0..=1.0));
    let patience = prop_oneof![1 => Just(Nanos::MAX), 4 => (1_u64..3_000).prop_map(ms)];
    let queue = prop::option::weighted(0.4, (1_u32..5, patience));
    let adaptive = (1_u32..6, 0_u32..4, 0_u32..4).prop_map(|(min, first, more)| AdaptiveOptions {
        min,
        max: min + first + more,
        initial: min + first,
    });
    let adaptive = prop::option::weighted(0.3, adaptive);
    let capacity = (prop_oneof![4 => 1_i64..8, 1 => Just(100)], adaptive);
    let places = (capacity, any::<u64>(), throttle, queue);
    (live_options(), (counts, slow_calls), half_open, places).prop_map(
        |(live, (counts, slow_calls), half_open, (capacity, seed, throttle, queue))| {
            let (capacity, adaptive_capacity) = capacity;
            let (outcomes, last_calls, reset_window_on_close, consecutive_failures, volume) =
                counts;
            let calls = NonZeroU32::new(half_open.0).unwrap_or(NonZeroU32::MIN);
            let most = last_calls.map_or(i64::MAX, |calls| i64::from(calls.get()));
            Config {
                live,
                window: WindowConfig::new(ms(1_000_000_000_000), 10, Rotation::ByClock, false)
                    .unwrap_or_default(),
                volume_threshold: volume.min(most),
                rate_of: if outcomes { RateOf::Outcomes } else { RateOf::Fires },
                last_calls,
                reset_window_on_close,
                consecutive_failures,
                slow_calls: slow_calls.map(|(longer_than, threshold_percentage)| SlowCallConfig {
                    longer_than: ms(longer_than),
                    threshold_percentage,
                }),
                capacity,
                adaptive_capacity,
                timeout_clock: TimeoutClock::Wall,
                half_open: HalfOpenConfig {
                    calls,
                    threshold_percentage: half_open.1,
                    timeout: half_open.2,
                    by_host: false,
                },
                ramp_up: half_open.3,
                chance: ChanceConfig { seed, is_given: false },
                throttle: throttle.map(|(k, max_rejection)| ThrottleOptions { k, max_rejection }),
                queue: queue.map(|(size, timeout)| QueueOptions { size, timeout }),
                ..Config::default()
            }
        },
    )
}

/// A breaker, and what is known of it from outside.
struct World {
    breaker: CircuitBreaker,
    config: Config,
    now: Nanos,
    /// Calls under way, whether each began as a probe of the half-open circuit that stands, and
    /// whether it has a timeout.
    out: Vec<(Permit, bool, bool)>,
    /// How many probes may be out: as many as were announced.
    allowed: usize,
    /// Who waits for a place.
    waiting: VecDeque<Ticket>,
    expected: [i64; Counter::ALL.len()],
}

impl World {
    fn new(config: Config) -> Self {
        let breaker = CircuitBreaker::new(config.clone(), at(ms(0)));
        World {
            breaker,
            config,
            now: ms(0),
            out: Vec::new(),
            allowed: 0,
            waiting: VecDeque::new(),
            expected: [0; Counter::ALL.len()],
        }
    }

    fn now(&self) -> Now {
        at(self.now)
    }

    fn tally(&mut self, counter: Counter) {
        self.expected[counter as usize] += 1;
    }

    fn play(&mut self, step: &Step) {
        let now = self.now();
        match *step {
            Step::Fire => self.fire(None),
            Step::FireWithin(timeout) => self.fire(Some(ms(timeout))),
            Step::Serve(calls, latency) => {
                (0..calls).for_each(|_| self.fire(None));
                self.forward(ms(latency));
                while !self.out.is_empty() {
                    self.play(&Step::Succeed(0));
                }
            }
            Step::Forward(millis) => self.forward(ms(millis)),
            Step::Open => self.breaker.open(now),
            Step::Close => self.breaker.close(now),
            Step::Mode(mode) => self.breaker.set_mode(mode, now),
            Step::ForceOpen => self.breaker.force_open(now),
            Step::Update => self.breaker.update(&self.config, now),
            Step::Leave(which) => {
                if !self.waiting.is_empty() {
                    let ticket = self.waiting.remove(which % self.waiting.len());
                    assert!(ticket.is_some_and(|ticket| self.breaker.leave(ticket, now)));
                }
            }
            Step::Succeed(which) => {
                let Some(permit) = self.take(which) else { return };
                self.tally(Counter::Successes);
                assert!(matches!(self.breaker.on_success(permit, now), Settled::Done { .. }));
            }
            Step::Ignore(which) => {
                let Some(permit) = self.take(which) else { return };
                assert!(matches!(self.breaker.on_ignored(permit, now), Settled::Done { .. }));
            }
            Step::Fail(which) => {
                if let Some(permit) = self.take(which) {
                    self.fail(permit);
                }
            }
            Step::Abandon(which) => {
                let Some(permit) = self.take(which) else { return };
                self.tally(Counter::Failures);
                assert!(self.breaker.abandon(permit, now));
            }
        }
        self.hear();
    }

    /// Whether somebody has a time that may be up.
    fn is_held(&self) -> bool {
        let out = self.out.iter().any(|(_, _, timed)| *timed);
        let waits = self.config.queue.is_some_and(|queue| !queue.timeout.is_never());
        out || (waits && !self.waiting.is_empty())
    }

    /// Whether calls have a timeout that have none of their own.
    fn is_timed(&self) -> bool {
        let LiveOptions { timeout, learned_timeout, .. } = self.config.live;
        timeout.is_some() || learned_timeout.is_some()
    }

    /// How many there are at the moment.
    fn places(&self) -> i64 {
        let adaptive = self.breaker.adaptive_capacity();
        adaptive.map_or(self.config.capacity, |(limit, _)| i64::from(limit))
    }

    /// How many there are whatever is learned.
    fn fewest_places(&self) -> i64 {
        let adaptive = self.config.adaptive_capacity;
        adaptive.map_or(self.config.capacity, |bounds| i64::from(bounds.min))
    }

    fn check_learned(&mut self) {
        if let (Some((limit, _)), Some(bounds)) =
            (self.breaker.adaptive_capacity(), self.config.adaptive_capacity)
        {
            assert!((bounds.min..=bounds.max).contains(&limit), "{limit} of {bounds:?}");
        }
        if let Some(options) = self.config.live.learned_timeout {
            let timeout = self.breaker.learned_timeout().expect("it is learned");
            assert!((options.min..=options.max).contains(&timeout), "{timeout:?} of {options:?}");
        }
    }

    fn take(&mut self, which: usize) -> Option<Permit> {
        (!self.out.is_empty()).then(|| self.out.swap_remove(which % self.out.len()).0)
    }

    fn fail(&mut self, permit: Permit) {
        self.tally(Counter::Failures);
        let Settled::Failed { permit, .. } = self.breaker.on_failure(permit, self.now()) else {
            panic!("late")
        };
        assert!(self.breaker.evaluate_trip(permit, self.now()));
    }

    fn fire(&mut self, timeout: Option<Nanos>) {
        let admission = loop {
            let now = self.now();
            let admission = match timeout {
                Some(_) => self.breaker.try_acquire_within(timeout, false, false, now),
                None => self.breaker.try_acquire(false, now),
            };
            match admission {
                Admission::EventsFirst => self.hear(),
                admission => break admission,
            }
        };
        self.tally(Counter::Fires);
        let half_open = matches!(self.breaker.state(self.now()), State::HalfOpen { .. })
            && self.breaker.mode() == Mode::Normal;
        match admission {
            Admission::Admitted(permit) => {
                self.out.push((permit, half_open, timeout.is_some() || self.is_timed()));
            }
            Admission::Refused(Refusal::Capacity(permit)) => {
                self.tally(Counter::SemaphoreRejections);
                self.fail(permit);
            }
            Admission::Refused(Refusal::Open { retry_after }) => {
                self.tally(Counter::Rejects);
                self.check_promise(retry_after);
            }
            Admission::Refused(Refusal::RampUp) => {
                self.tally(Counter::Rejects);
                assert!(self.config.ramp_up.is_some());
                assert_eq!(self.breaker.state(self.now()), State::Closed);
            }
            Admission::Refused(Refusal::Throttled) => {
                self.tally(Counter::Rejects);
                assert!(self.config.throttle.is_some());
                assert_eq!(self.breaker.state(self.now()), State::Closed);
            }
            Admission::Queued(ticket) => {
                assert!(self.config.queue.is_some());
                self.waiting.push_back(ticket);
            }
            Admission::Refused(Refusal::QueueFull) => {
                self.tally(Counter::Rejects);
                self.tally(Counter::SemaphoreRejections);
                let size = self.config.queue.map(|queue| queue.size as usize);
                assert_eq!(Some(self.waiting.len()), size, "it is full");
            }
            Admission::Unguarded => {}
            Admission::Refused(Refusal::Shutdown) | Admission::EventsFirst => {
                panic!("never asked for")
            }
        }
    }

    /// Time goes by; late calls are told as the loop would.
    fn forward(&mut self, time: Nanos) {
        self.now = self.now + time;
        let now = self.now();
        self.breaker.on_timer(None, &NO_STALLS, now);
        while let Some(permit) = self.breaker.poll_expired() {
            self.tally(Counter::Timeouts);
            self.out.retain(|(out, ..)| *out != permit);
            assert!(self.breaker.on_timeout(&permit, now).is_some());
            self.fail(permit);
        }
    }

    fn hear(&mut self) {
        while let Some(event) = self.breaker.poll_event() {
            match event {
                Event::Turn(ticket) => self.enter(ticket),
                Event::Waited { ticket, .. } => {
                    // One that came before may have been sent away, and be told so later.
                    let place = self.waiting.binary_search(&ticket);
                    assert!(place.is_ok_and(|at| self.waiting.remove(at).is_some()), "twice");
                    self.tally(Counter::Rejects);
                    self.tally(Counter::SemaphoreRejections);
                }
                Event::Dismissed { before, .. } => {
                    let (gone, left): (VecDeque<_>, _) =
                        self.waiting.iter().partition(|ticket| **ticket < before);
                    self.waiting = left;
                    gone.iter().for_each(|_| self.tally(Counter::Rejects));
                }
                Event::HalfOpened => self.allowed += self.config.half_open.calls.get() as usize,
                Event::Opened | Event::Closed => {
                    self.allowed = 0;
                    self.out.iter_mut().for_each(|(_, probe, _)| *probe = false);
                }
                _ => {}
            }
        }
    }

    /// It is the turn of a call that waits.
    fn enter(&mut self, ticket: Ticket) {
        let Some(admission) = self.breaker.enter(ticket, None, self.now()) else { return };
        assert_eq!(self.waiting.pop_front(), Some(ticket), "first in, first out");
        let half_open = matches!(self.breaker.state(self.now()), State::HalfOpen { .. })
            && self.breaker.mode() == Mode::Normal;
        match admission {
            Admission::Admitted(permit) => self.out.push((permit, half_open, self.is_timed())),
            Admission::Refused(Refusal::Open { .. }) => self.tally(Counter::Rejects),
            Admission::Unguarded => {}
            other => panic!("{other:?}"),
        }
    }

    /// Whoever waits for as long as he was told finds a circuit that lets him try, and nobody who
    /// waits for less does.
    fn check_promise(&mut self, retry_after: Option<Nanos>) {
        let now = self.now();
        let State::Open { .. } = self.breaker.state(now) else { return };
        let Some(wait) = retry_after.filter(|wait| !wait.is_never()) else {
            assert_eq!(self.breaker.mode(), Mode::ForcedOpen);
            return;
        };
        let saved = self.breaker.extract(now);
        let mut other = CircuitBreaker::new(self.config.clone(), now);
        other.inject(saved, now);
        assert!(matches!(other.state(at(self.now + wait - Nanos::new(1))), State::Open { .. }));
        assert!(matches!(other.state(at(self.now + wait)), State::HalfOpen { .. }));
    }

    fn check(&mut self) {
        let now = self.now();
        let out = self.out.len() as i64;
        let free = self.places() - out;
        assert_eq!(self.breaker.available(), free, "permits neither lost nor made");
        assert!(self.waiting.is_empty() || free <= 0, "nobody waits beside a free place");
        let waiting = self.breaker.queued().unwrap_or(0);
        assert_eq!(waiting, self.waiting.len());
        assert_eq!(self.breaker.is_waiting(), self.is_held());
        let tripped = self.breaker.last_trip().map(|trip| trip.reason);
        let by_itself = !matches!(tripped, None | Some(Reason::Command | Reason::Probe));
        assert!(!by_itself || self.config.throttle.is_none(), "{tripped:?} beside a throttle");
        self.check_learned();
        let probes = self.out.iter().filter(|(_, probe, _)| *probe).count();
        assert!(probes <= self.allowed, "{probes} probes of {}", self.allowed);
        for counter in Counter::ALL {
            let (counted, expected) =
                (self.breaker.window(now).total(counter), self.expected[counter as usize]);
            assert_eq!(counted, expected, "{counter:?}");
        }
    }

    /// The service is healthy from now on, and nobody holds the circuit by hand. What is under way
    /// ends well, or hangs for ever where that leaves a place for others.
    fn recover(&mut self, hangs: bool) {
        self.breaker.set_mode(Mode::Normal, self.now());
        if self.breaker.mode() == Mode::ForcedOpen {
            self.breaker.close(self.now());
        }
        let leaves_a_place = (self.out.len() as i64) < self.fewest_places();
        if !hangs || !leaves_a_place {
            while !self.out.is_empty() {
                self.play(&Step::Succeed(0));
            }
        }
        for _ in 0..ENOUGH {
            match self.breaker.state(self.now()) {
                State::Closed => return,
                State::Open { retry_at } => self.forward(retry_at - self.now),
                _ => {
                    if !self.probe() {
                        self.wait_for_a_turn();
                    }
                    self.play(&Step::Forward(1));
                }
            }
            self.check();
        }
        panic!("stuck: {:?}", self.breaker.state(self.now()));
    }

    /// Whether a call that tries is let pass; it ends well.
    fn probe(&mut self) -> bool {
        let others = self.out.len();
        self.play(&Step::Fire);
        let passes = self.out.len() > others;
        if passes {
            self.play(&Step::Succeed(others));
        }
        passes
    }

    /// Others try, and keep this one out: for as long as it is told, or until they have ended.
    fn wait_for_a_turn(&mut self) {
        let Some(wait) = self.breaker.retry_after(self.now()) else {
            return self.forward(ms(1_000));
        };
        self.forward(wait);
        let still = matches!(self.breaker.state(self.now()), State::HalfOpen { .. });
        assert!(!still || self.probe(), "told to come back after {wait:?}, and refused again");
    }
}

/// More rounds than any circuit here needs.
const ENOUGH: usize = 100;

fn at(now: Nanos) -> Now {
    Now::unstalled(now)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_turned_on_nothing_is_lost_or_made_or_stuck(
        config in config(),
        steps in prop::collection::vec(step(), 0..120),
        hangs in any::<bool>(),
    ) {
        let mut world = World::new(config);
        for step in &steps {
            world.play(step);
            world.check();
        }
        world.recover(hangs);
    }
}

//! The breaker against a model so naive that it can be seen to be right: every call,
//! every count and every latency kept in a list, every question answered by going
//! through the list. Random operations, jumps of time forwards and backwards, stalls.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use didelphis_core::breaker::{Admission, CircuitBreaker, Event, Refusal, Settled};
use didelphis_core::calls::Permit;
use didelphis_core::config::{Config, Limits, Rotation, TimeoutClock, WindowConfig};
use didelphis_core::latency::QUANTILES;
use didelphis_core::stall_log::{StallLog, FORGIVEN};
use didelphis_core::state::State;
use didelphis_core::time::{Nanos, Now};
use didelphis_core::window::{Count, Counts};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Fire,
    Succeed(usize),
    Fail(usize),
    /// The maker of a late call hears of it.
    Hear(usize),
    Forward(u64),
    Backward(u64),
    /// Time passes on the wall, not in the loop.
    Stall(u64),
    Timer,
    Open,
    Close,
    Enable(bool),
    Timeout(Option<u64>),
    Correct(i64),
}

const TIMEOUTS: [u64; 8] = [1, 40, 100, 170, 300, 301, 450, 600];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::Fire),
        5 => any::<usize>().prop_map(Step::Succeed),
        5 => any::<usize>().prop_map(Step::Fail),
        2 => any::<usize>().prop_map(Step::Hear),
        4 => (0u64..400).prop_map(Step::Forward),
        1 => (400u64..20_000).prop_map(Step::Forward),
        1 => (0u64..500).prop_map(Step::Backward),
        2 => (1u64..500).prop_map(Step::Stall),
        4 => Just(Step::Timer),
        1 => Just(Step::Open),
        1 => Just(Step::Close),
        1 => any::<bool>().prop_map(Step::Enable),
        // Not more of them than there are queues: each is a queue to the model.
        1 => proptest::option::of(0usize..TIMEOUTS.len())
            .prop_map(|place| Step::Timeout(place.map(|place| TIMEOUTS[place]))),
        1 => (-3i64..3).prop_map(Step::Correct),
    ]
}

#[derive(Clone, Debug)]
struct Shape {
    buckets: u32,
    capacity: i64,
    volume: i64,
    threshold: f64,
    in_a_row: Option<u32>,
    warm_up: Option<u64>,
    by_wall: bool,
    /// Whether its clock runs backwards now and then.
    runs_back: bool,
}

fn shape() -> impl Strategy<Value = Shape> {
    (
        1u32..6,
        prop_oneof![Just(i64::MAX), 0i64..5],
        0i64..6,
        -1f64..101.0,
        proptest::option::of(1u32..5),
        proptest::option::of(0u64..900),
        any::<bool>(),
        proptest::bool::weighted(0.3),
    )
        .prop_map(
            |(buckets, capacity, volume, threshold, in_a_row, warm_up, by_wall, runs_back)| Shape {
                buckets,
                capacity,
                volume,
                threshold,
                in_a_row,
                warm_up,
                by_wall,
                runs_back,
            },
        )
}

const INTERVAL: u64 = 100;
const RESET: u64 = 250;

fn ms(millis: u64) -> Nanos {
    Nanos::from_millis(millis)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    Pending,
    Expired,
    Told,
    Locked,
    Gone,
}

#[derive(Clone, Debug)]
struct ModelCall {
    permit: u32,
    started: u64,
    timeout: Option<u64>,
    /// How many stalls there were before it.
    stalls: usize,
    /// `None`: it was to be a probe, and found no place.
    generation: Option<u32>,
    phase: Phase,
}

/// What happened, and in which bucket.
#[derive(Debug)]
enum Fact {
    Count(Count),
    /// Counted by hand.
    Correction(Count, i64),
    Latency(u64),
}

#[derive(Debug)]
struct Model {
    shape: Shape,
    wall: u64,
    /// When each stall ended, and how long it was.
    stalls: Vec<(u64, u64)>,
    bucket: u64,
    facts: Vec<(u64, Fact)>,
    calls: Vec<ModelCall>,
    state: State,
    generation: u32,
    enabled: bool,
    timeout: Option<u64>,
    /// How calls of the generation they were admitted in ended, and closings.
    ends: Vec<End>,
    events: Vec<Event>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Success,
    Failure,
    Close,
}

impl Model {
    fn new(shape: Shape, wall: u64) -> Self {
        Model {
            shape,
            wall,
            stalls: Vec::new(),
            bucket: 0,
            facts: Vec::new(),
            calls: Vec::new(),
            state: State::Closed,
            generation: 0,
            enabled: true,
            timeout: Some(300),
            ends: Vec::new(),
            events: Vec::new(),
        }
    }

    /// When a call's time runs out: it stands still in the part of the first stalls that
    /// falls into the call's life.
    fn due(&self, call: &ModelCall) -> Option<u64> {
        let forgiven = self.stalls.iter().skip(call.stalls).take(FORGIVEN as usize);
        let in_life = |(place, (ended, length)): (usize, &(u64, u64))| match place {
            // Only the first may have begun before.
            0 => (*length).min(ended.saturating_sub(call.started)),
            _ => *length,
        };
        let forgiven = forgiven.enumerate().map(in_life).sum();
        let still: u64 = if self.shape.by_wall { 0 } else { forgiven };
        Some(call.started + call.timeout? + still)
    }

    /// The calls that wait, for each timeout in the order in which they began.
    fn queues(&self) -> BTreeMap<u64, Vec<usize>> {
        let mut queues = BTreeMap::<u64, Vec<usize>>::new();
        for (index, call) in self.calls.iter().enumerate() {
            if let (Phase::Pending, Some(timeout)) = (call.phase, call.timeout) {
                queues.entry(timeout).or_default().push(index);
            }
        }
        queues
    }

    /// No call is late before one that began earlier: when the clock runs backwards, it waits
    /// for that.
    fn expire(&mut self) {
        for queue in self.queues().values() {
            for &index in queue {
                if self.due(&self.calls[index]).is_some_and(|due| due > self.wall) {
                    break;
                }
                self.calls[index].phase = Phase::Expired;
            }
        }
    }

    fn now(&self) -> Now {
        Now { wall: ms(self.wall), stalls: self.stalls.len() as u64, stalling: Nanos::ZERO }
    }

    fn log(&self) -> StallLog {
        let mut log = StallLog::new();
        self.stalls.iter().for_each(|&(ended, length)| log.push(ms(length), ms(ended)));
        log
    }

    fn tick(&mut self) {
        let bucket = self.wall.saturating_sub(START) / INTERVAL;
        self.bucket = self.bucket.max(bucket);
        match self.state {
            State::Open { retry_at } if ms(self.wall) >= retry_at => {
                self.enter(State::HalfOpen { probing_until: None }, Event::HalfOpened);
            }
            State::HalfOpen { probing_until: Some(until) } if ms(self.wall) >= until => {
                self.state = State::HalfOpen { probing_until: None };
                self.events.push(Event::HalfOpened);
            }
            _ => {}
        }
    }

    fn enter(&mut self, state: State, event: Event) {
        self.state = state;
        self.generation += 1;
        self.events.push(event);
    }

    fn count(&mut self, kind: Count) {
        self.facts.push((self.bucket, Fact::Count(kind)));
    }

    fn in_window(&self) -> impl Iterator<Item = &Fact> {
        let buckets = u64::from(self.shape.buckets);
        let alive = move |bucket: u64| bucket + buckets > self.bucket;
        self.facts.iter().filter(move |(bucket, _)| alive(*bucket)).map(|(_, fact)| fact)
    }

    fn totals(&self) -> Counts {
        let mut totals = Counts::default();
        for fact in self.in_window() {
            match fact {
                Fact::Count(kind) => totals[*kind as usize] += 1,
                Fact::Correction(kind, by) => totals[*kind as usize] += by,
                Fact::Latency(_) => {}
            }
        }
        totals
    }

    fn latencies(&self) -> Vec<u64> {
        let latency = |fact: &Fact| match fact {
            Fact::Latency(latency) => Some(*latency),
            _ => None,
        };
        let mut latencies: Vec<_> = self.in_window().filter_map(latency).collect();
        latencies.sort_unstable();
        latencies
    }

    fn under_way(&self) -> i64 {
        self.calls.iter().filter(|call| call.phase == Phase::Pending).count() as i64
    }

    /// When the state moves by itself.
    fn next_move(&self) -> Option<Nanos> {
        match self.state {
            State::Open { retry_at: at } | State::HalfOpen { probing_until: Some(at) } => Some(at),
            _ => None,
        }
        .filter(|at| !at.is_never())
    }

    fn next_deadline(&self) -> Option<u64> {
        let queues = self.queues();
        let heads = queues.values().filter_map(|queue| queue.first());
        heads.filter_map(|&index| self.due(&self.calls[index])).min()
    }

    fn open(&mut self) {
        if matches!(self.state, State::Closed | State::HalfOpen { .. }) {
            self.enter(State::Open { retry_at: ms(self.wall + RESET) }, Event::Opened);
        }
    }

    fn close(&mut self) {
        if matches!(self.state, State::Open { .. } | State::HalfOpen { .. }) {
            self.ends.push(End::Close);
            self.enter(State::Closed, Event::Closed);
        }
    }

    /// As many as began in the window, or as many as ended in it, whichever are more; and what
    /// was corrected by hand.
    fn calls(&self) -> i64 {
        let kinds = || {
            self.in_window().filter_map(|fact| match fact {
                Fact::Count(kind) => Some(*kind),
                _ => None,
            })
        };
        let began = kinds().filter(|kind| *kind == Count::Fires).count() as i64;
        let ended = kinds().filter(|kind| ENDS.contains(kind)).count() as i64;
        let corrected = self.totals()[Count::Fires as usize] - began;
        began.max(ended) + corrected
    }

    fn trips(&self) -> bool {
        let (fires, failures) = (self.calls(), self.totals()[Count::Failures as usize]);
        let rate = failures as f64 / fires as f64 * 100.0;
        let rate = if rate > 100.0 { 100.0 } else { rate };
        let row = self.ends.iter().rev().take_while(|&&end| end == End::Failure).count();
        let too_many = self.shape.in_a_row.is_some_and(|most| row >= most as usize);
        fires >= self.shape.volume && (rate > self.shape.threshold || too_many)
    }
}

const START: u64 = 1_000;

/// How a fire ends.
const ENDS: [Count; 5] =
    [Count::Failures, Count::Successes, Count::Rejects, Count::CacheHits, Count::CoalesceCacheHits];

/// Picks one of the calls that still hold a permit.
fn pick(model: &Model, choice: usize) -> Option<usize> {
    let alive: Vec<_> =
        (0..model.calls.len()).filter(|&i| model.calls[i].phase != Phase::Gone).collect();
    (!alive.is_empty()).then(|| alive[choice % alive.len()])
}

fn fire(breaker: &mut CircuitBreaker, model: &mut Model) {
    let now = model.now();
    model.tick();
    if !model.events.is_empty() {
        assert_eq!(breaker.try_acquire(false, now), Admission::EventsFirst);
        return;
    }
    model.count(Count::Fires);
    let guarded = model.enabled;
    let probe = model.state == State::HalfOpen { probing_until: None };
    let passes = model.state == State::Closed || probe;
    let admission = breaker.try_acquire(false, now);
    if !guarded {
        assert_eq!(admission, Admission::Unguarded);
        return;
    }
    if !passes {
        model.count(Count::Rejects);
        let wait = model.next_move().map(|at| at - now.wall);
        assert_eq!(admission, Admission::Refused(Refusal::Open { retry_after: wait }));
        return;
    }
    let fits = model.shape.capacity > model.under_way();
    if probe && fits {
        let until = if model.timeout.is_some() { Nanos::MAX } else { now.wall + ms(RESET) };
        model.state = State::HalfOpen { probing_until: Some(until) };
    }
    let permit = match admission {
        Admission::Admitted(permit) if fits => permit,
        Admission::Refused(Refusal::Capacity(permit)) if !fits => permit,
        other => panic!("capacity fits: {fits}, but {other:?}"),
    };
    if !fits {
        model.count(Count::SemaphoreRejections);
    }
    let permit = permit.into_raw();
    let taken = |call: &ModelCall| call.phase != Phase::Gone && call.permit == permit;
    assert!(!model.calls.iter().any(taken), "a permit is given to one call at a time");
    model.calls.push(ModelCall {
        permit,
        started: model.wall,
        timeout: model.timeout.filter(|_| fits),
        stalls: model.stalls.len(),
        generation: (fits || !probe).then_some(model.generation),
        phase: if fits { Phase::Pending } else { Phase::Locked },
    });
}

fn settle(breaker: &mut CircuitBreaker, model: &mut Model, index: usize, success: bool) {
    let now = model.now();
    model.tick();
    let call = model.calls[index].clone();
    let permit = Permit::from_raw(call.permit);
    let settled =
        if success { breaker.on_success(permit, now) } else { breaker.on_failure(permit, now) };
    if call.phase == Phase::Expired {
        assert!(matches!(settled, Settled::Late(_)), "{settled:?}");
        return;
    }
    let latency = model.wall.saturating_sub(call.started);
    let current = call.generation == Some(model.generation);
    model.calls[index].phase = Phase::Gone;
    model.count(if success { Count::Successes } else { Count::Failures });
    model.facts.push((model.bucket, Fact::Latency(latency)));
    if current {
        model.ends.push(if success { End::Success } else { End::Failure });
    }
    if success {
        assert_eq!(settled, Settled::Done { latency });
        if current && matches!(model.state, State::HalfOpen { .. }) {
            model.close();
        }
        return;
    }
    let Settled::ToJudge { permit, latency: told } = settled else { panic!("{settled:?}") };
    assert_eq!(told, latency);
    assert!(breaker.judge(permit, now));
    let warm = model.shape.warm_up.is_some_and(|warm_up| model.wall < START + warm_up);
    let trips = match model.state {
        State::HalfOpen { .. } => true,
        State::Closed => !warm && model.trips(),
        _ => false,
    };
    if current && trips {
        model.open();
    }
}

fn take(breaker: &mut CircuitBreaker, model: &mut Model, step: Step) {
    match step {
        Step::Fire => fire(breaker, model),
        Step::Succeed(choice) | Step::Fail(choice) => {
            if let Some(index) = pick(model, choice) {
                settle(breaker, model, index, matches!(step, Step::Succeed(_)));
            }
        }
        Step::Hear(choice) => {
            let Some(index) = pick(model, choice) else { return };
            let now = model.now();
            let late = matches!(model.calls[index].phase, Phase::Expired | Phase::Told);
            let permit = Permit::from_raw(model.calls[index].permit);
            let latency = breaker.on_timeout(&permit, now);
            assert_eq!(latency.is_some(), late);
            if late {
                model.tick();
                model.calls[index].phase = Phase::Told;
                model.count(Count::Timeouts);
                let latency = model.wall.saturating_sub(model.calls[index].started);
                model.facts.push((model.bucket, Fact::Latency(latency)));
            }
        }
        Step::Forward(by) => model.wall += by,
        Step::Backward(_) if !model.shape.runs_back => {}
        Step::Backward(by) => model.wall = model.wall.saturating_sub(by).max(START),
        Step::Stall(by) => {
            model.wall += by;
            model.stalls.push((model.wall, by));
        }
        Step::Timer => {
            breaker.on_timer(None, &model.log(), model.now());
            model.tick();
            model.expire();
        }
        Step::Open => {
            breaker.open(model.now());
            model.tick();
            model.open();
        }
        Step::Close => {
            breaker.close(model.now());
            model.tick();
            model.close();
        }
        Step::Enable(enabled) => {
            breaker.set_enabled(enabled);
            model.enabled = enabled;
        }
        Step::Timeout(timeout) => {
            model.timeout = timeout;
            breaker.set_limits(limits(&model.shape, timeout));
        }
        Step::Correct(by) => {
            let now = model.now();
            model.tick();
            let window = breaker.window(now);
            let (serial, fires) = (window.serial(), Count::Fires);
            let counted = window.bucket(serial).map_or(0, |bucket| bucket.counts[fires as usize]);
            window.set_count(serial, fires, counted + by);
            model.facts.push((model.bucket, Fact::Correction(fires, by)));
        }
    }
}

fn limits(shape: &Shape, timeout: Option<u64>) -> Limits {
    Limits {
        timeout: timeout.map(ms),
        reset_timeout: ms(RESET),
        error_threshold_percentage: shape.threshold,
        consecutive_failures: shape.in_a_row.and_then(NonZeroU32::new),
    }
}

/// Everything that can be seen of the breaker is what the model says.
fn compare(breaker: &mut CircuitBreaker, model: &mut Model) {
    let now = model.now();
    model.tick();
    assert_eq!(breaker.state(now), model.state);
    assert_eq!(breaker.window(now).totals(), model.totals());
    if model.shape.capacity < i64::MAX {
        assert_eq!(breaker.available(), model.shape.capacity - model.under_way());
    }
    let timed = |call: &&ModelCall| call.timeout.is_some() && call.phase != Phase::Gone;
    assert_eq!(breaker.waiting(), model.calls.iter().filter(timed).count());

    let next = model.next_move().into_iter().chain(model.next_deadline().map(ms)).min();
    assert_eq!(breaker.poll_timer(&model.log(), now), next);
    // On a clock that runs backwards, a call may wait for one before it that is due later.
    let wakes = breaker.wake_at() <= next.unwrap_or(Nanos::MAX);
    assert!(wakes || model.shape.runs_back, "nothing is slept through");

    let latencies = model.latencies();
    let summary = breaker.window(now).summary().expect("latencies are kept");
    if latencies.is_empty() {
        assert_eq!(summary.quantiles, [Nanos::ZERO; QUANTILES.len()]);
        return;
    }
    let mean = latencies.iter().sum::<u64>() as f64 / latencies.len() as f64;
    assert!((summary.mean_nanos / 1e6 - mean).abs() < 1e-6);
    for (quantile, got) in QUANTILES.iter().zip(summary.quantiles) {
        let rank = ((quantile * latencies.len() as f64).ceil() as usize).max(1);
        let (got, exact) = (got.as_millis_f64(), latencies[rank - 1] as f64);
        // Below the first cell there is nothing but its width.
        let allowed = (exact * 0.0625).max(0.001);
        assert!((got - exact).abs() <= allowed, "quantile {quantile}: {got}, not {exact}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn the_breaker_does_what_the_naive_model_does(
        shape in shape(),
        steps in proptest::collection::vec(step(), 1..60),
        polls in any::<u64>(),
    ) {
        let mut model = Model::new(shape.clone(), START);
        let span = ms(INTERVAL * u64::from(shape.buckets));
        let window = WindowConfig::new(span, shape.buckets, Rotation::ByClock, true);
        let config = Config {
            limits: limits(&shape, model.timeout),
            window: window.expect("a sound window"),
            volume_threshold: shape.volume,
            capacity: shape.capacity,
            warm_up: shape.warm_up.map(ms),
            enabled: true,
            timeout_clock: if shape.by_wall { TimeoutClock::Wall } else { TimeoutClock::Loop },
        };
        let mut breaker = CircuitBreaker::new(config, model.now());
        for (index, step) in steps.into_iter().enumerate() {
            take(&mut breaker, &mut model, step);
            compare(&mut breaker, &mut model);
            // Sometimes the events are left lying.
            if polls >> (index % 64) & 1 == 0 {
                let events: Vec<_> = std::iter::from_fn(|| breaker.poll_event()).collect();
                prop_assert_eq!(&events, &std::mem::take(&mut model.events));
                let told: Vec<_> = std::iter::from_fn(|| breaker.poll_expired()).collect();
                for permit in told {
                    let permit = permit.into_raw();
                    let call = model.calls.iter_mut()
                        .find(|call| call.permit == permit && call.phase == Phase::Expired);
                    call.expect("only late calls are told").phase = Phase::Told;
                }
                prop_assert!(!model.calls.iter().any(|call| call.phase == Phase::Expired));
            }
        }
    }
}

//! One step of a random program, of the breaker and of the model at once.

use didelphis_core::breaker::{Admission, CircuitBreaker, Reason, Refusal, Settled, TimedOut};
use didelphis_core::calls::Permit;
use didelphis_core::expiry::Observation;
use didelphis_core::mode::Mode;
use didelphis_core::state::State;
use didelphis_core::time::{Nanos, Now, Shift};
use didelphis_core::window::Counter;

use super::naive::{ms, End, Model, ModelCall, Phase};
use super::steps::Step;
use super::window::Fact;

/// Takes a step; the model's clock moves on where, and only where, that of the breaker does.
pub fn take(breaker: &mut CircuitBreaker, model: &mut Model, step: Step) {
    match step {
        Step::Fire { counted, anyway } => fire(breaker, model, counted, anyway),
        Step::Succeed(choice) => {
            if let Some(index) = pick(model, choice, |phase| phase != Phase::Failed) {
                succeed(breaker, model, index);
            }
        }
        Step::Ignore(choice) => {
            if let Some(index) = pick(model, choice, |phase| phase != Phase::Failed) {
                ignore(breaker, model, index);
            }
        }
        Step::Fail { call, later } => {
            if let Some(index) = pick(model, call, |phase| phase != Phase::Failed) {
                let failed = fail(breaker, model, index);
                if failed && !later {
                    evaluate_trip(breaker, model, index);
                }
            }
        }
        Step::EvaluateTrip(choice) => {
            if let Some(index) = pick(model, choice, |phase| phase == Phase::Failed) {
                evaluate_trip(breaker, model, index);
            }
        }
        Step::Abandon(choice) => {
            if let Some(index) = pick(model, choice, |_| true) {
                abandon(breaker, model, index);
            }
        }
        Step::Hear(choice) => {
            if let Some(index) = pick(model, choice, |_| true) {
                hear(breaker, model, index);
            }
        }
        Step::Timer => {
            breaker.on_timer(None, &model.log(), model.now());
            model.on_timer(None);
        }
        Step::Observation { waiting, slept } => {
            let seen = model.view(waiting);
            model.idle += slept;
            model.monotonic += slept;
            let here = model.view(false);
            breaker.on_timer(Some(&Observation { seen, here }), &model.log(), model.now());
            model.on_timer(Some((seen, here)));
        }
        Step::Counter { kind, anyway } => {
            model.tick();
            let counts = anyway || model.events.is_empty();
            assert_eq!(breaker.count(kind, anyway, model.now()), counts);
            if counts {
                model.count(kind);
            }
        }
        Step::Forward(by) => model.monotonic += by,
        Step::Backward(_) if !model.shape.runs_back => {}
        Step::Backward(by) => model.monotonic = (model.monotonic - by).max(model.floor),
        Step::Stall(by) => {
            model.monotonic += by;
            model.stalls.push((model.monotonic, by));
        }
        Step::Idle(by) => {
            model.monotonic += by;
            model.idle += by;
        }
        Step::Turn => model.turns += 1,
        _ => command(breaker, model, step),
    }
}

fn command(breaker: &mut CircuitBreaker, model: &mut Model, step: Step) {
    let now = model.now();
    match step {
        Step::Open => {
            breaker.open(now);
            model.tick();
            model.open(Reason::Command, (0, 0));
        }
        Step::Close => {
            breaker.close(now);
            model.tick();
            model.close();
        }
        Step::Enable(enabled) => {
            breaker.set_mode(Mode::by_switch(enabled), now);
            model.tick();
            model.own = Mode::by_switch(enabled);
            model.change_mode();
        }
        Step::CountOnly => {
            breaker.set_mode(Mode::MetricsOnly, now);
            model.tick();
            model.own = Mode::MetricsOnly;
            model.change_mode();
        }
        Step::Bypass(bypassed) => {
            breaker.bypass(bypassed, now);
            model.tick();
            model.bypassed = bypassed;
            model.change_mode();
        }
        Step::ForceOpen => {
            breaker.force_open(now);
            model.tick();
            model.force_open();
        }
        Step::Timeout(timeout) => {
            model.shape.timeout = timeout;
            breaker.set_live_options(model.live(), now);
        }
        Step::Reset(reset) => {
            model.shape.reset = reset;
            breaker.set_live_options(model.live(), now);
        }
        Step::Threshold(threshold) => {
            model.shape.threshold = threshold;
            breaker.set_live_options(model.live(), now);
        }
        Step::Update { .. } if model.state == State::Shutdown => {
            breaker.update(&model.config(), now);
            model.tick();
        }
        Step::Update { capacity, volume, in_a_row, threshold } => {
            let shape = &mut model.shape;
            (shape.capacity, shape.volume) = (capacity, volume);
            (shape.in_a_row, shape.threshold) = (in_a_row, threshold);
            breaker.update(&model.config(), now);
            model.tick();
        }
        Step::Take => {
            let fits = model.available() > 0;
            assert_eq!(breaker.take_capacity(), fits);
            model.taken += i64::from(fits);
        }
        // No number tells more places than there are without a capacity.
        Step::Release if model.shape.capacity == i64::MAX => {}
        Step::Release => {
            breaker.release_capacity();
            model.taken -= 1;
        }
        Step::Rotate => {
            breaker.window(now).rotate();
            model.tick();
            model.window.newest += 1;
        }
        Step::Snapshots(wanted) => {
            breaker.set_snapshots(wanted, now);
            model.want_snapshots(wanted);
        }
        Step::ChangeClocks { to, stalls } => {
            let log = model.log();
            model.tick();
            model.change_clocks(to, stalls);
            breaker.change_clocks(&Shift { from: now, to: model.now() }, &log);
        }
        Step::Shutdown => {
            breaker.shutdown(now);
            model.tick();
            model.shutdown();
        }
        _ => by_hand(breaker, model, step),
    }
}

fn by_hand(breaker: &mut CircuitBreaker, model: &mut Model, step: Step) {
    model.tick();
    let window = breaker.window(model.now());
    match step {
        Step::Set { back, kind, value } => {
            // There may be no such bucket.
            let serial = window.serial().wrapping_sub(back);
            window.set_count(serial, kind, value);
            if let Some(bucket) = model.window.bucket_before(back) {
                let (counts, _) = model.window.in_bucket(bucket);
                let by = value - counts[kind as usize];
                model.window.facts.push((bucket, Fact::Correction(kind, by)));
            }
        }
        Step::SetLatencies { back, latencies } => {
            let serial = window.serial().wrapping_sub(back);
            window.set_latencies(serial, latencies.iter().copied().map(ms));
            if let Some(bucket) = model.window.bucket_before(back) {
                let is_latency = |fact: &Fact| matches!(fact, Fact::Latency(_));
                model.window.forget(|(of, fact)| *of == bucket && is_latency(fact));
                let facts = latencies.into_iter().map(|latency| (bucket, Fact::Latency(latency)));
                model.window.facts.extend(facts);
            }
        }
        Step::Record { kind, latency } => {
            window.count_by_hand(kind);
            window.record(ms(latency));
            model.window.note(Fact::Correction(kind, 1));
            model.window.note(Fact::Latency(latency));
        }
        other => panic!("nobody takes {other:?}"),
    }
}

/// Picks one of the calls that still hold a permit.
fn pick(model: &Model, choice: usize, suits: impl Fn(Phase) -> bool) -> Option<usize> {
    let suits = |&index: &usize| {
        let phase = model.calls[index].phase;
        phase != Phase::Gone && suits(phase)
    };
    let alive: Vec<_> = (0..model.calls.len()).filter(suits).collect();
    (!alive.is_empty()).then(|| alive[choice % alive.len()])
}

fn fire(breaker: &mut CircuitBreaker, model: &mut Model, counted: bool, anyway: bool) {
    let now = model.now();
    model.tick();
    let admission = match anyway {
        true => breaker.try_acquire_anyway(counted, now),
        false => breaker.try_acquire(counted, now),
    };
    if !anyway && !model.events.is_empty() {
        assert_eq!(admission, Admission::EventsFirst);
        return;
    }
    if model.state == State::Shutdown {
        assert_eq!(admission, Admission::Refused(Refusal::Shutdown));
        return;
    }
    if !counted {
        model.count(Counter::Fires);
    }
    let mode = model.mode();
    if mode == Mode::Disabled {
        assert_eq!(admission, Admission::Unguarded);
        return;
    }
    let passes = mode == Mode::MetricsOnly;
    let probe = model.state == State::HalfOpen { probing_until: None };
    if model.state != State::Closed && !probe {
        model.count(Counter::Rejects);
        let refusal = Refusal::Open { retry_after: wait(model, now) };
        assert_eq!(admission, Admission::Refused(refusal));
        return;
    }
    let fits = passes || model.available() > 0;
    if probe && fits {
        model.untimed |= model.shape.timeout.is_none();
        let until = if model.untimed { model.after_reset() } else { Nanos::MAX };
        model.left -= 1;
        if model.left == 0 {
            model.state = State::HalfOpen { probing_until: Some(until) };
        }
    }
    let permit = match admission {
        Admission::Admitted(permit) if fits => permit,
        Admission::Refused(Refusal::Capacity(permit)) if !fits => permit,
        other => panic!("capacity fits: {fits}, but {other:?}"),
    };
    if !fits {
        model.count(Counter::SemaphoreRejections);
    }
    let permit = permit.into_raw();
    let taken = |call: &ModelCall| call.phase != Phase::Gone && call.permit == permit;
    assert!(!model.calls.iter().any(taken), "a permit is given to one call at a time");
    model.calls.push(ModelCall {
        permit,
        started: model.monotonic,
        timeout: model.shape.timeout.filter(|_| fits),
        stalls: model.stalls.len(),
        before: 0,
        generation: (fits || !probe).then_some(model.generation),
        phase: if fits { Phase::Pending } else { Phase::Locked },
        stalled: 0,
    });
}

/// In what time an open circuit lets one try.
fn wait(model: &Model, now: Now) -> Option<Nanos> {
    match model.state {
        State::Open { retry_at: Nanos::MAX } => Some(Nanos::MAX),
        _ => model.next_move().map(|at| at - now.monotonic),
    }
}

fn permit(model: &Model, index: usize) -> Permit {
    Permit::from_raw(model.calls[index].permit)
}

fn is_current(model: &Model, index: usize) -> bool {
    model.calls[index].generation == Some(model.generation)
}

fn succeed(breaker: &mut CircuitBreaker, model: &mut Model, index: usize) {
    model.tick();
    let settled = breaker.on_success(permit(model, index), model.now());
    if model.calls[index].phase == Phase::Expired {
        assert_eq!(settled, Settled::Late(permit(model, index)));
        return;
    }
    let latency = latency(model, index);
    assert_eq!(settled, Settled::Done { latency });
    let current = is_current(model, index);
    model.calls[index].phase = Phase::Gone;
    model.count(Counter::Successes);
    model.record(latency);
    if current && model.state != State::Shutdown {
        model.note_end(End::Success);
        if matches!(model.state, State::HalfOpen { .. }) {
            model.settle_probe(false);
        }
    }
}

fn ignore(breaker: &mut CircuitBreaker, model: &mut Model, index: usize) {
    model.tick();
    let settled = breaker.on_ignored(permit(model, index), model.now());
    if model.calls[index].phase == Phase::Expired {
        assert_eq!(settled, Settled::Late(permit(model, index)));
        return;
    }
    assert_eq!(settled, Settled::Done { latency: latency(model, index) });
    model.calls[index].phase = Phase::Gone;
    if model.state != State::Shutdown {
        model.window.note(Fact::Ignored);
    }
    if is_current(model, index) && matches!(model.state, State::HalfOpen { .. }) {
        model.give_back_probe();
    }
}

/// Whether it is to be judged.
fn fail(breaker: &mut CircuitBreaker, model: &mut Model, index: usize) -> bool {
    model.tick();
    let settled = breaker.on_failure(permit(model, index), model.now());
    if model.calls[index].phase == Phase::Expired {
        assert_eq!(settled, Settled::Late(permit(model, index)));
        return false;
    }
    let latency = latency(model, index);
    assert_eq!(settled, Settled::Failed { permit: permit(model, index), latency });
    note_failure(model, index);
    true
}

fn note_failure(model: &mut Model, index: usize) {
    let latency = latency(model, index);
    model.count(Counter::Failures);
    model.record(latency);
    if is_current(model, index) {
        let refused = model.calls[index].phase == Phase::Locked;
        model.note_end(if refused { End::Refusal } else { End::Failure });
    }
    model.calls[index].phase = Phase::Failed;
}

fn evaluate_trip(breaker: &mut CircuitBreaker, model: &mut Model, index: usize) {
    assert!(breaker.evaluate_trip(permit(model, index), model.now()));
    note_judgement(model, index);
}

fn note_judgement(model: &mut Model, index: usize) {
    model.tick();
    model.calls[index].phase = Phase::Gone;
    if !is_current(model, index) {
        return;
    }
    match model.state {
        State::HalfOpen { .. } => model.settle_probe(true),
        State::Closed => match model.trips().filter(|_| !model.is_warming_up()) {
            Some((reason, figures)) => model.open(reason, figures),
            None if model.mode() == Mode::MetricsOnly => model.note_reason(false),
            None => {}
        },
        _ => {}
    }
}

fn abandon(breaker: &mut CircuitBreaker, model: &mut Model, index: usize) {
    assert!(breaker.abandon(permit(model, index), model.now()));
    if model.calls[index].phase != Phase::Failed {
        model.tick();
        note_failure(model, index);
    }
    note_judgement(model, index);
}

fn hear(breaker: &mut CircuitBreaker, model: &mut Model, index: usize) {
    let heard = breaker.on_timeout(&permit(model, index), model.now());
    if !matches!(model.calls[index].phase, Phase::Expired | Phase::Notified) {
        assert_eq!(heard, None);
        return;
    }
    model.tick();
    let latency = latency(model, index);
    let stalled = model.calls[index].stalled;
    assert_eq!(heard, Some(TimedOut { latency, stalled }));
    model.calls[index].phase = Phase::Notified;
    model.count(Counter::Timeouts);
    model.record(latency);
}

fn latency(model: &Model, index: usize) -> u64 {
    model.monotonic.saturating_sub(model.calls[index].started)
}

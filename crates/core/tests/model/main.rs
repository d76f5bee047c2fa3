//! The breaker against a model so naive that it can be seen to be right. Random programs, by
//! all that a host may do to a breaker and its clock: calls, looks at the loop, stalls, jumps of
//! time forwards and backwards, other clocks, commands, corrections by hand.
// Nobody uses this crate: `pub` is among its files.
#![allow(unreachable_pub)]

mod late;
mod naive;
mod play;
mod steps;
mod window;

use std::iter;

use didelphis_core::breaker::CircuitBreaker;
use didelphis_core::calls::Permit;
use didelphis_core::latency::QUANTILES;
use didelphis_core::time::Nanos;
use didelphis_core::window::Window;
use proptest::prelude::*;

use naive::{ms, Model, Phase};
use steps::{shape, step, Restored};
use window::NaiveWindow;

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn the_breaker_does_what_the_naive_model_does(
        shape in shape(),
        steps in proptest::collection::vec(step(), 1..80),
        looks in any::<u64>(),
        polls in any::<u64>(),
    ) {
        let mut model = Model::new(shape);
        let mut breaker = CircuitBreaker::new(model.config(), model.now());
        if !matches!(model.shape.restored, Restored::No) {
            breaker.restore(model.state);
        }
        let last = steps.len() - 1;
        for (index, step) in steps.into_iter().enumerate() {
            play::take(&mut breaker, &mut model, step);
            // To ask is to move the clock: sometimes nobody does.
            if looks >> (index % 64) & 1 == 0 || index == last {
                compare(&mut breaker, &mut model);
            }
            // Sometimes what there is to tell is left lying.
            if polls >> (index % 64) & 1 == 0 {
                poll(&mut breaker, &mut model);
            }
        }
    }
}

/// Everything that can be seen of the breaker is what the model says.
fn compare(breaker: &mut CircuitBreaker, model: &mut Model) {
    let now = model.now();
    model.tick();
    assert_eq!(breaker.state(now), model.state);
    assert_eq!(breaker.has_events(), !model.events.is_empty());
    assert_eq!(breaker.has_expired(), !model.expired().is_empty());
    assert_eq!((breaker.mode(), breaker.own_mode()), (model.mode(), model.own));
    assert_eq!(breaker.is_warming_up(now), model.is_warming_up());
    let tripped = breaker.last_trip().map(|trip| (trip.reason, trip.at, (trip.count, trip.calls)));
    assert_eq!(tripped, model.tripped.map(|(reason, at, figures)| (reason, ms(at), figures)));
    compare_calls(breaker, model);
    compare_window(breaker.window(now), &model.window);

    let next = model.next_timer();
    assert_eq!(breaker.poll_timer(&model.log(), now), next);
    // On a clock that runs backwards, a call may wait for one before it that is due later.
    let wakes = breaker.wake_at() <= next.unwrap_or(Nanos::MAX);
    assert!(wakes || model.shape.runs_back, "nothing is slept through");
}

fn compare_calls(breaker: &CircuitBreaker, model: &Model) {
    if model.shape.capacity < i64::MAX {
        assert_eq!(breaker.available(), model.available());
    }
    let out = || model.calls.iter().filter(|call| call.phase != Phase::Gone);
    assert_eq!(breaker.waiting(), out().filter(|call| call.timeout.is_some()).count());
    let mut permits: Vec<_> = out().map(|call| call.permit).collect();
    permits.sort_unstable();
    let next = |permit: &Permit| breaker.next_out(permit.raw() + 1);
    let found = iter::successors(breaker.next_out(0), next);
    assert_eq!(found.map(Permit::into_raw).collect::<Vec<_>>(), permits);

    let queues = model.queues();
    let waiting = || queues.values().flatten().map(|&index| &model.calls[index]);
    let oldest = waiting().map(|call| call.stalls as u64).min();
    assert_eq!(breaker.oldest_stall(), oldest);
    for queue in queues.values().filter(|_| !model.shape.runs_back) {
        let due = |index: &usize| model.due(&model.calls[*index], model.stalls.len());
        assert!(queue.is_sorted_by_key(due), "none is late before one that began earlier");
    }
}

fn compare_window(window: &Window, model: &NaiveWindow) {
    assert_eq!(window.serial(), model.newest);
    assert_eq!(window.totals(), model.totals());
    assert_eq!(window.calls(), model.calls());
    for back in 0..=window.len() as u64 {
        let serial = model.newest.wrapping_sub(back);
        let bucket = window.bucket(serial).map(|bucket| (bucket.counts, bucket.circuit_open));
        assert_eq!(bucket, model.bucket_before(back).map(|bucket| model.in_bucket(bucket)));
    }
    let latencies = model.latencies();
    let summary = window.summary().expect("latencies are kept");
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

/// What there is to tell is told, in the order in which it happened.
fn poll(breaker: &mut CircuitBreaker, model: &mut Model) {
    let events: Vec<_> = iter::from_fn(|| breaker.poll_event()).collect();
    assert_eq!(events, std::mem::take(&mut model.events));
    let told: Vec<_> = iter::from_fn(|| breaker.poll_expired()).map(Permit::into_raw).collect();
    let late = model.expired();
    for &index in &late {
        model.calls[index].phase = Phase::Notified;
    }
    assert_eq!(told, late.iter().map(|&index| model.calls[index].permit).collect::<Vec<_>>());
}

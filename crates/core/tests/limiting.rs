//! A breaker whose capacity adapts: calls tell the limiter how long they took, and its limit is
//! how many places there are.

use std::iter;

use didelphis_core::adaptive::AdaptiveOptions;
use didelphis_core::breaker::{Admission, CircuitBreaker, Refusal};
use didelphis_core::calls::Permit;
use didelphis_core::config::{Config, RateOf, TimeoutClock};
use didelphis_core::stall_log::StallLog;
use didelphis_core::time::{Nanos, Now};

fn ms(millis: u64) -> Nanos {
    Nanos::from_millis(millis)
}

fn at(millis: u64) -> Now {
    Now::unstalled(ms(millis))
}

fn config() -> Config {
    Config { rate_of: RateOf::Outcomes, capacity: 7, ..Config::default() }
}

fn adaptive() -> CircuitBreaker {
    let mut breaker = CircuitBreaker::new(config(), at(0));
    breaker.set_adaptive_capacity(Some(AdaptiveOptions::default()), at(0));
    breaker
}

fn limit(breaker: &CircuitBreaker) -> u32 {
    breaker.adaptive_capacity().unwrap().0
}

/// As many calls as there is a place for.
fn fill(breaker: &mut CircuitBreaker, now: Now) -> Vec<Permit> {
    let permits = iter::from_fn(|| match breaker.try_acquire(false, now) {
        Admission::Admitted(permit) => Some(permit),
        Admission::Refused(Refusal::Capacity(permit)) => {
            let _ = breaker.on_failure(permit, now);
            None
        }
        other => panic!("{other:?}"),
    });
    permits.collect()
}

/// A quarter of a second in which all places are taken by calls that take so long.
fn window(breaker: &mut CircuitBreaker, from: u64, latency: u64) {
    let permits = fill(breaker, at(from));
    for permit in permits {
        let _ = breaker.on_success(permit, at(from + latency));
    }
}

#[test]
fn there_are_as_many_places_as_the_limit_says() {
    let mut breaker = adaptive();
    assert_eq!(breaker.available(), 20);
    let permits = fill(&mut breaker, at(1));
    assert_eq!(permits.len(), 20);
    for permit in permits {
        let _ = breaker.on_success(permit, at(21));
    }
    assert_eq!(breaker.available(), 20);
}

#[test]
fn the_limit_follows_the_latencies_and_the_places_the_limit() {
    let mut breaker = adaptive();
    (0..8).for_each(|index| window(&mut breaker, 300 * index, 20));
    let grown = limit(&breaker);
    assert!(grown > 40, "no queue, and all places taken: {grown}");
    assert_eq!(breaker.available(), i64::from(grown));
    let (_, usual) = breaker.adaptive_capacity().unwrap();
    assert!((19..=21).contains(&usual.unwrap().as_millis()));
    (8..20).for_each(|index| window(&mut breaker, 300 * index, 200));
    assert!(limit(&breaker) < grown / 2, "{}", limit(&breaker));
    assert_eq!(breaker.available(), i64::from(limit(&breaker)));
}

#[test]
fn a_limit_that_falls_below_what_is_under_way_lets_nobody_in() {
    let mut breaker = adaptive();
    (0..8).for_each(|index| window(&mut breaker, 300 * index, 20));
    let mut permits = fill(&mut breaker, at(10_000));
    let half = permits.split_off(permits.len() / 2);
    for permit in half {
        let _ = breaker.on_success(permit, at(10_500));
    }
    breaker.set_adaptive_capacity(Some(AdaptiveOptions { min: 1, max: 5, initial: 5 }), at(10_500));
    assert_eq!(breaker.available(), 5 - permits.len() as i64);
    assert!(fill(&mut breaker, at(10_501)).is_empty());
    for permit in permits {
        let _ = breaker.on_success(permit, at(10_520));
    }
    assert_eq!(breaker.available(), 5);
}

#[test]
fn calls_that_are_late_lower_it() {
    let mut config = Config { timeout_clock: TimeoutClock::Wall, ..config() };
    config.live.timeout = Some(ms(100));
    config.live.error_threshold_percentage = 100.0;
    let mut breaker = CircuitBreaker::new(config, at(0));
    breaker.set_adaptive_capacity(Some(AdaptiveOptions::default()), at(0));
    let stalls = StallLog::default();
    let permits = fill(&mut breaker, at(300));
    breaker.on_timer(None, &stalls, at(401));
    for permit in permits {
        breaker.on_timeout(&permit, at(401)).expect("it is late");
        let _ = breaker.on_failure(permit, at(401));
    }
    assert_eq!(limit(&breaker), 18, "a tenth less");
    assert_eq!(breaker.available(), 18);
}

#[test]
fn a_stalling_loop_teaches_nothing() {
    let mut breaker = adaptive();
    (0..8).for_each(|index| window(&mut breaker, 300 * index, 20));
    let before = breaker.adaptive_capacity();
    for index in 8..40u64 {
        let permits = fill(&mut breaker, Now { stalls: index, ..at(300 * index) });
        for permit in permits {
            let now = Now { stalls: index + 1, ..at(300 * index + 290) };
            let _ = breaker.on_success(permit, now);
        }
    }
    assert_eq!(breaker.adaptive_capacity(), before);
}

#[test]
fn refusals_by_it_do_not_open_a_circuit_whose_rate_is_of_outcomes() {
    let mut breaker = adaptive();
    let permits = fill(&mut breaker, at(1));
    for _ in 0..100 {
        assert!(fill(&mut breaker, at(2)).is_empty());
    }
    for permit in permits {
        let _ = breaker.on_success(permit, at(21));
    }
    let Admission::Admitted(permit) = breaker.try_acquire(false, at(22)) else { panic!("refused") };
    let _ = breaker.on_failure(permit, at(23));
    assert!(matches!(breaker.try_acquire(false, at(24)), Admission::Admitted(_)));
}

#[test]
fn other_options_leave_the_limit_and_without_it_the_capacity_holds() {
    let mut breaker = adaptive();
    breaker.update(&config(), at(1));
    assert_eq!(breaker.available(), 20);
    breaker.set_adaptive_capacity(None, at(2));
    assert_eq!(breaker.available(), 20);
    breaker.update(&config(), at(2));
    assert_eq!(breaker.available(), 7);
    assert_eq!(breaker.adaptive_capacity(), None);
    window(&mut breaker, 300, 20);
    assert_eq!(breaker.available(), 7);
}

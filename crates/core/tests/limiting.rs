//! A breaker whose capacity adapts: calls tell the limiter how long they took, and its limit is
//! how many places there are.

use std::iter;
use std::num::NonZeroU32;

use didelphis_core::adaptive::AdaptiveOptions;
use didelphis_core::breaker::{Admission, CircuitBreaker, Refusal, Settled};
use didelphis_core::calls::Permit;
use didelphis_core::config::{Config, RateOf, TimeoutClock};
use didelphis_core::mode::Mode;
use didelphis_core::stall_log::StallLog;
use didelphis_core::state::State;
use didelphis_core::time::{Nanos, Now};

fn ms(millis: u64) -> Nanos {
    Nanos::from_millis(millis)
}

fn at(millis: u64) -> Now {
    Now::unstalled(ms(millis))
}

/// Those of a breaker whose capacity does not adapt.
fn fixed() -> Config {
    Config { rate_of: RateOf::Outcomes, capacity: 7, ..Config::default() }
}

fn config() -> Config {
    within(AdaptiveOptions::default())
}

fn within(options: AdaptiveOptions) -> Config {
    Config { adaptive_capacity: Some(options), ..fixed() }
}

fn adaptive() -> CircuitBreaker {
    CircuitBreaker::new(config(), at(0))
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
    breaker.update(&within(AdaptiveOptions { min: 1, max: 5, initial: 5 }), at(10_500));
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
    breaker.update(&fixed(), at(2));
    assert_eq!(breaker.available(), 7);
    assert_eq!(breaker.adaptive_capacity(), None);
    window(&mut breaker, 300, 20);
    assert_eq!(breaker.available(), 7);
}

#[test]
fn a_refusal_by_it_is_no_failure_in_a_row_of_opossums_unless_failures_are_a_share_of_fires() {
    let refused = |rate_of| {
        let mut config = Config { rate_of, ..config() };
        config.live.max_failures = NonZeroU32::new(2);
        config.live.error_threshold_percentage = 100.0;
        let mut breaker = CircuitBreaker::new(config, at(0));
        let permits = fill_and_evaluate(&mut breaker, at(1));
        assert_eq!(permits.len(), 20);
        fill_and_evaluate(&mut breaker, at(2));
        breaker.state(at(3))
    };
    assert_eq!(refused(RateOf::Outcomes), State::Closed);
    assert!(matches!(refused(RateOf::Fires), State::Open { .. }));
}

/// The same as `fill`, and what is refused may open the circuit.
fn fill_and_evaluate(breaker: &mut CircuitBreaker, now: Now) -> Vec<Permit> {
    let permits = iter::from_fn(|| match breaker.try_acquire(false, now) {
        Admission::Admitted(permit) => Some(permit),
        Admission::Refused(Refusal::Capacity(permit)) => {
            let Settled::Failed { permit, .. } = breaker.on_failure(permit, now) else { panic!() };
            assert!(breaker.evaluate_trip(permit, now));
            None
        }
        other => panic!("{other:?}"),
    });
    permits.collect()
}

#[test]
fn what_was_learned_goes_into_another_breaker() {
    let mut breaker = adaptive();
    let nothing = breaker.extract(at(0));
    (0..8).for_each(|index| window(&mut breaker, 300 * index, 20));
    let saved = breaker.extract(at(10_000));
    let mut other =
        CircuitBreaker::new(within(AdaptiveOptions { min: 1, max: 900, initial: 5 }), at(0));
    other.inject(nothing, at(0));
    assert_eq!(other.adaptive_capacity(), Some((5, None)), "nothing was");
    other.inject(saved.clone(), at(0));
    assert_eq!(other.adaptive_capacity(), breaker.adaptive_capacity());
    assert_eq!(other.available(), breaker.available());
    let mut bounded =
        CircuitBreaker::new(within(AdaptiveOptions { min: 1, max: 9, initial: 5 }), at(0));
    bounded.inject(saved, at(0));
    assert_eq!(bounded.available(), 9, "within its own bounds");
    let mut fixed = CircuitBreaker::new(fixed(), at(0));
    fixed.remember_capacity(100, None);
    assert_eq!(fixed.available(), 7);
}

#[test]
fn what_is_remembered_as_usual_is_not_forgotten_at_once() {
    let mut breaker = adaptive();
    breaker.remember_capacity(50, Some(ms(20)));
    (0..12).for_each(|index| window(&mut breaker, 300 * index, 200));
    let (limit, usual) = breaker.adaptive_capacity().unwrap();
    assert!(limit < 25, "a queue, as it looks: {limit}");
    assert_eq!(usual.unwrap().as_millis(), 20);
}

#[test]
fn another_first_limit_holds_until_something_is_learned() {
    let mut breaker = adaptive();
    breaker.update(&within(AdaptiveOptions { min: 1, max: 100, initial: 50 }), at(1));
    assert_eq!(breaker.available(), 50);
    window(&mut breaker, 300, 20);
    let learned = breaker.available();
    breaker.update(&within(AdaptiveOptions { min: 1, max: 100, initial: 5 }), at(700));
    assert_eq!(breaker.available(), learned);
}

#[test]
fn a_capacity_of_its_own_begins_to_adapt_with_calls_under_way() {
    let mut breaker = CircuitBreaker::new(fixed(), at(0));
    let permits = fill(&mut breaker, at(1));
    assert_eq!(permits.len(), 7);
    breaker.update(&config(), at(2));
    assert_eq!(breaker.available(), 20 - 7);
    for permit in permits {
        let _ = breaker.on_success(permit, at(21));
    }
    assert_eq!(breaker.available(), 20);
}

#[test]
fn who_counts_only_learns_and_refuses_nobody() {
    let mut breaker = adaptive();
    breaker.set_mode(Mode::MetricsOnly, at(0));
    for index in 0..8 {
        let permits: Vec<_> = (0..100)
            .map(|_| match breaker.try_acquire(false, at(300 * index)) {
                Admission::Admitted(permit) => permit,
                other => panic!("{other:?}"),
            })
            .collect();
        for permit in permits {
            let _ = breaker.on_success(permit, at(300 * index + 20));
        }
    }
    assert!(limit(&breaker) > 40, "{}", limit(&breaker));
}

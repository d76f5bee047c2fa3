//! A breaker whose calls are tried again: what the circuit says to that. What waits and budgets
//! come to is told in `policy/retry`. Time is in milliseconds from the breaker's making.

use std::cell::RefCell;
use std::rc::Rc;

use didelphis_core::breaker::{Admission, CircuitBreaker, Settled};
use didelphis_core::calls::Permit;
use didelphis_core::config::Config;
use didelphis_core::mode::Mode;
use didelphis_core::retry::{NoRetry, RetryBudget, RetryOptions, SharedRetryBudget, Tried};
use didelphis_core::time::{Nanos, Now};
use didelphis_core::window::Counter;

fn at(millis: u64) -> Now {
    Now::unstalled(Nanos::from_millis(millis))
}

fn budget(ratio: f64, per_second: f64) -> SharedRetryBudget {
    Rc::new(RefCell::new(RetryBudget::new(ratio, per_second)))
}

/// A breaker that opens by hand alone.
fn breaker(budget: &SharedRetryBudget) -> CircuitBreaker {
    let mut config = Config::default();
    config.live.error_threshold_percentage = 100.0;
    config.live.reset_timeout = Nanos::from_millis(1000).into();
    config.chance.is_given = true;
    let mut breaker = CircuitBreaker::new(config, at(0));
    breaker.give_draw(0.5);
    breaker.set_retry(Some((RetryOptions::default(), budget.clone())));
    breaker
}

fn admit(breaker: &mut CircuitBreaker, now: Now) -> Permit {
    // The clock may have something to announce, as that the circuit is half open.
    breaker.state(now);
    while breaker.poll_event().is_some() {}
    match breaker.try_acquire(false, now) {
        Admission::Admitted(permit) => permit,
        other => panic!("not admitted: {other:?}"),
    }
}

fn succeed(breaker: &mut CircuitBreaker, now: Now) {
    let permit = admit(breaker, now);
    assert!(matches!(breaker.on_success(permit, now), Settled::Done { .. }));
}

fn fail(breaker: &mut CircuitBreaker, now: Now) {
    let permit = admit(breaker, now);
    let settled = breaker.on_failure(permit, now);
    let Settled::Failed { permit, .. } = settled else { panic!("{settled:?}") };
    breaker.evaluate_trip(permit, now);
}

/// Asks for the first retry of a call that began and failed at `now`.
fn retry(breaker: &mut CircuitBreaker, now: Now) -> Result<Nanos, NoRetry> {
    let tried = Tried { attempts: 0, began: now.monotonic, retry_after: Nanos::ZERO };
    breaker.retry(&tried, now)
}

const WAIT: Result<Nanos, NoRetry> = Ok(Nanos::from_millis(50));

#[test]
fn a_closed_circuit_lets_a_failed_call_be_tried_again() {
    let mut breaker = breaker(&budget(0.0, 0.1));
    fail(&mut breaker, at(10));
    assert_eq!(retry(&mut breaker, at(10)), WAIT);
    assert!(breaker.admits_retry(at(60)));
    assert_eq!(retry(&mut breaker, at(10)), Err(NoRetry::Budget), "one was all there was");
}

#[test]
fn an_open_circuit_does_not_and_nothing_is_paid() {
    let budget = budget(0.0, 0.1);
    let mut breaker = breaker(&budget);
    fail(&mut breaker, at(10));
    breaker.open(at(10));
    assert_eq!(retry(&mut breaker, at(10)), Err(NoRetry::Circuit));
    assert_eq!(budget.borrow_mut().available(at(10).monotonic), 1.0);
}

#[test]
fn a_circuit_that_opens_during_the_wait_admits_no_retry_and_counts_none() {
    let mut breaker = breaker(&budget(0.0, 1.0));
    fail(&mut breaker, at(10));
    assert_eq!(retry(&mut breaker, at(10)), WAIT);
    breaker.open(at(20));
    assert!(!breaker.admits_retry(at(60)));
    assert_eq!(breaker.window(at(60)).total(Counter::Fires), 1);
    assert_eq!(breaker.window(at(60)).total(Counter::Rejects), 0);
}

#[test]
fn a_retry_may_be_the_probe_of_a_half_open_circuit() {
    let mut breaker = breaker(&budget(0.0, 1.0));
    breaker.open(at(10));
    assert!(!breaker.admits_retry(at(1_009)));
    assert!(breaker.admits_retry(at(1_010)));
    let _probe = admit(&mut breaker, at(1_010));
    assert!(!breaker.admits_retry(at(1_020)), "there is a probe already");
}

#[test]
fn a_failed_probe_is_not_tried_again() {
    let mut breaker = breaker(&budget(0.0, 1.0));
    breaker.open(at(0));
    fail(&mut breaker, at(1_000));
    assert_eq!(retry(&mut breaker, at(1_000)), Err(NoRetry::Circuit));
}

#[test]
fn every_success_deposits_that_of_a_probe_too() {
    let budget = budget(0.25, 0.0);
    let mut breaker = breaker(&budget);
    (0..3).for_each(|_| succeed(&mut breaker, at(0)));
    assert_eq!(retry(&mut breaker, at(0)), Err(NoRetry::Budget));
    breaker.open(at(0));
    succeed(&mut breaker, at(1_000));
    assert_eq!(retry(&mut breaker, at(1_000)), WAIT);
}

#[test]
fn successes_go_on_depositing_after_the_circuit_has_moved() {
    let budget = budget(1.0, 0.0);
    let mut breaker = breaker(&budget);
    breaker.open(at(0));
    breaker.close(at(0));
    succeed(&mut breaker, at(0));
    assert_eq!(retry(&mut breaker, at(0)), WAIT);
}

#[test]
fn a_budget_is_shared_by_breakers() {
    let budget = budget(1.0, 0.0);
    let (mut healthy, mut ill) = (breaker(&budget), breaker(&budget));
    assert_eq!(retry(&mut ill, at(0)), Err(NoRetry::Budget));
    succeed(&mut healthy, at(0));
    assert_eq!(retry(&mut ill, at(0)), WAIT);
}

#[test]
fn without_the_option_nothing_is_tried_again_and_nothing_deposited() {
    let budget = budget(1.0, 0.0);
    let mut breaker = breaker(&budget);
    breaker.set_retry(None);
    succeed(&mut breaker, at(0));
    assert_eq!(retry(&mut breaker, at(0)), Err(NoRetry::NotWanted));
    assert_eq!(budget.borrow_mut().available(Nanos::ZERO), 0.0);
}

#[test]
fn a_breaker_that_is_disabled_or_shut_down_tries_nothing_again() {
    let mut breaker = breaker(&budget(0.0, 1.0));
    breaker.set_mode(Mode::Disabled, at(0));
    assert_eq!(retry(&mut breaker, at(0)), Err(NoRetry::Circuit));
    breaker.set_mode(Mode::Normal, at(0));
    assert_eq!(retry(&mut breaker, at(0)), WAIT);
    breaker.set_mode(Mode::MetricsOnly, at(0));
    assert_eq!(retry(&mut breaker, at(0)), WAIT);
    breaker.shutdown(at(10));
    assert!(!breaker.admits_retry(at(50)));
    assert_eq!(retry(&mut breaker, at(50)), Err(NoRetry::Circuit));
}

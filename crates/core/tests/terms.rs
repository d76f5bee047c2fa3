//! Calls on terms of their own: a timeout that is not the breaker's, and an end that counts as
//! nothing. Time is in milliseconds from the breaker's making.

use didelphis_core::breaker::{Admission, CircuitBreaker, Event, Refusal, Settled};
use didelphis_core::calls::Permit;
use didelphis_core::config::Config;
use didelphis_core::mode::Mode;
use didelphis_core::stall_log::NO_STALLS;
use didelphis_core::state::State;
use didelphis_core::time::{Nanos, Now};
use didelphis_core::window::Counter;

fn at(millis: u64) -> Now {
    Now::unstalled(Nanos::from_millis(millis))
}

fn breaker() -> CircuitBreaker {
    let mut config = Config { capacity: 3, ..Config::default() };
    config.live.reset_timeout = Nanos::from_millis(1000).into();
    config.live.timeout = Some(Nanos::from_millis(100));
    CircuitBreaker::new(config, at(0))
}

fn permit_of(admission: Admission) -> Permit {
    match admission {
        Admission::Admitted(permit) => permit,
        other => panic!("not admitted: {other:?}"),
    }
}

fn admit(breaker: &mut CircuitBreaker, now: Now) -> Permit {
    permit_of(breaker.try_acquire(false, now))
}

fn admit_within(breaker: &mut CircuitBreaker, timeout: Option<u64>, now: Now) -> Permit {
    let timeout = timeout.map(Nanos::from_millis);
    permit_of(breaker.try_acquire_within(timeout, false, false, now))
}

fn late(breaker: &mut CircuitBreaker, now: Now) -> Vec<Permit> {
    breaker.on_timer(None, &NO_STALLS, now);
    std::iter::from_fn(|| breaker.poll_expired()).collect()
}

fn half_open() -> CircuitBreaker {
    let mut breaker = breaker();
    breaker.open(at(0));
    assert_eq!(breaker.state(at(1000)), State::HalfOpen { probing_until: None });
    while breaker.poll_event().is_some() {}
    breaker
}

#[test]
fn a_probe_without_a_timeout_that_hangs_beside_one_with_does_not_block_for_ever() {
    let mut config = Config { capacity: 9, ..Config::default() };
    config.live.timeout = None;
    config.live.reset_timeout = Nanos::from_millis(1000).into();
    config.half_open.calls = std::num::NonZeroU32::new(2).unwrap();
    let mut breaker = CircuitBreaker::new(config, at(0));
    breaker.open(at(0));
    breaker.state(at(1000));
    while breaker.poll_event().is_some() {}
    let _hangs = admit(&mut breaker, at(1000));
    let ends = admit_within(&mut breaker, Some(50), at(1000));
    assert!(matches!(breaker.on_success(ends, at(1010)), Settled::Done { .. }));
    assert!(matches!(breaker.try_acquire(false, at(1999)), Admission::Refused(_)));
    breaker.state(at(2000));
    while breaker.poll_event().is_some() {}
    let again = admit(&mut breaker, at(2000));
    assert!(matches!(breaker.on_success(again, at(2001)), Settled::Done { .. }));
    assert_eq!(breaker.state(at(2001)), State::Closed);
}

#[test]
fn a_timeout_of_its_own_is_that_of_one_call() {
    let mut breaker = breaker();
    let long = admit_within(&mut breaker, Some(300), at(0));
    let usual = admit(&mut breaker, at(0));
    let short = admit_within(&mut breaker, Some(50), at(0));
    assert!(breaker.wake_at() <= Nanos::from_millis(50));
    assert_eq!(late(&mut breaker, at(49)), []);
    assert_eq!(late(&mut breaker, at(50)), [short]);
    assert_eq!(late(&mut breaker, at(100)), [usual]);
    assert_eq!(late(&mut breaker, at(299)), []);
    assert_eq!(late(&mut breaker, at(300)), [long]);
}

#[test]
fn without_a_timeout_or_with_one_that_never_comes_a_call_does_not_wait() {
    let mut breaker = breaker();
    let none = admit_within(&mut breaker, None, at(0));
    let forever = permit_of(breaker.try_acquire_within(Some(Nanos::MAX), false, false, at(0)));
    assert_eq!(breaker.waiting(), 0);
    assert_eq!(late(&mut breaker, at(1_000_000)), []);
    for permit in [none, forever] {
        assert!(matches!(breaker.on_success(permit, at(1_000_000)), Settled::Done { .. }));
    }
}

#[test]
fn a_call_on_its_own_terms_is_refused_as_any_other() {
    let mut breaker = half_open();
    let within =
        |breaker: &mut CircuitBreaker| breaker.try_acquire_within(None, false, false, at(1000));
    let probe = permit_of(within(&mut breaker));
    let refused = |admission| matches!(admission, Admission::Refused(Refusal::Open { .. }));
    assert!(refused(within(&mut breaker)));
    let _ = breaker.on_success(probe, at(1000));
    assert_eq!(within(&mut breaker), Admission::EventsFirst);
    assert!(matches!(
        breaker.try_acquire_within(None, false, true, at(1000)),
        Admission::Admitted(_)
    ));
}

#[test]
fn an_ignored_call_gives_its_place_back_and_leaves_no_trace_but_the_fire() {
    let mut breaker = breaker();
    let before = breaker.available();
    let permit = admit(&mut breaker, at(0));
    assert!(matches!(breaker.on_ignored(permit, at(7)), Settled::Done { latency: 7 }));
    assert_eq!(breaker.available(), before);
    assert_eq!(breaker.waiting(), 0);
    let mut expected = [0; Counter::ALL.len()];
    expected[Counter::Fires as usize] = 1;
    assert_eq!(breaker.window(at(7)).totals(), expected);
    assert_eq!(breaker.next_out(0), None);
}

#[test]
fn an_ignored_probe_is_given_back() {
    let mut breaker = half_open();
    let probe = admit(&mut breaker, at(1000));
    let _ = breaker.on_ignored(probe, at(1010));
    assert_eq!(breaker.state(at(1010)), State::HalfOpen { probing_until: None });
    let again = admit(&mut breaker, at(1020));
    let _ = breaker.on_success(again, at(1030));
    assert_eq!(breaker.poll_event(), Some(Event::Closed));
}

#[test]
fn an_ignored_call_of_an_earlier_generation_moves_nothing() {
    let mut breaker = breaker();
    let early = admit(&mut breaker, at(0));
    breaker.open(at(0));
    assert_eq!(breaker.state(at(1000)), State::HalfOpen { probing_until: None });
    while breaker.poll_event().is_some() {}
    let _probe = admit(&mut breaker, at(1000));
    let _ = breaker.on_ignored(early, at(1001));
    assert!(matches!(breaker.state(at(1001)), State::HalfOpen { probing_until: Some(_) }));
}

#[test]
fn a_call_that_is_late_has_timed_out_whatever_is_said_of_it() {
    let mut breaker = breaker();
    let permit = admit(&mut breaker, at(0));
    breaker.on_timer(None, &NO_STALLS, at(100));
    assert!(matches!(breaker.on_ignored(permit, at(100)), Settled::Late(_)));
}

#[test]
fn a_breaker_that_drains_refuses_calls_and_guards_those_under_way() {
    let mut breaker = breaker();
    let [answered, late] = [0, 0].map(|millis| admit(&mut breaker, at(millis)));
    breaker.drain(at(10));
    let refused = Admission::Refused(Refusal::Shutdown);
    assert_eq!(breaker.try_acquire(false, at(10)), refused);
    breaker.set_mode(Mode::Normal, at(10));
    breaker.bypass(true, at(10));
    assert_eq!(breaker.try_acquire(false, at(10)), refused);
    assert_eq!(breaker.mode(), Mode::Draining);
    assert!(!breaker.admits_retry(at(10)));
    let _ = breaker.on_success(answered, at(20));
    assert_eq!(self::late(&mut breaker, at(100)), [late]);
    let totals = breaker.window(at(100)).totals();
    assert_eq!(totals[Counter::Fires as usize], 2);
    assert_eq!(totals[Counter::Successes as usize], 1);
    breaker.shutdown(at(100));
    assert_eq!(breaker.state(at(100)), State::Shutdown);
}

#[test]
fn a_breaker_that_is_shut_down_does_not_drain() {
    let mut breaker = breaker();
    breaker.shutdown(at(0));
    breaker.drain(at(0));
    assert_eq!(breaker.mode(), Mode::Disabled);
}

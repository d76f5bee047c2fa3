//! A throttle in a breaker: a share of the calls is refused in place of a circuit that opens.
//! Time is in milliseconds from the breaker's making.

use std::num::NonZeroU32;

use didelphis_core::breaker::{Admission, CircuitBreaker, Event, Reason, Refusal, Settled};
use didelphis_core::calls::Permit;
use didelphis_core::config::{Config, Rotation, ThrottleOptions, WindowConfig};
use didelphis_core::mode::Mode;
use didelphis_core::stall_log::NO_STALLS;
use didelphis_core::state::State;
use didelphis_core::time::{Nanos, Now, Shift};
use didelphis_core::window::Counter;

fn at(millis: u64) -> Now {
    Now::unstalled(Nanos::from_millis(millis))
}

fn config() -> Config {
    let mut config = Config { throttle: Some(ThrottleOptions::default()), ..Config::default() };
    config.chance.is_given = true;
    config.live.timeout = None;
    config
}

fn throttled() -> CircuitBreaker {
    CircuitBreaker::new(config(), at(0))
}

/// Asks with that draw.
fn ask(breaker: &mut CircuitBreaker, draw: f64, now: Now) -> Option<Permit> {
    breaker.state(now);
    while breaker.poll_event().is_some() {}
    breaker.give_draw(draw);
    match breaker.try_acquire(false, now) {
        Admission::Admitted(permit) => Some(permit),
        Admission::Refused(Refusal::Throttled) => None,
        other => panic!("{other:?}"),
    }
}

fn fail(breaker: &mut CircuitBreaker, permit: Permit, now: Now) {
    let Settled::Failed { permit, .. } = breaker.on_failure(permit, now) else { panic!("late") };
    assert!(breaker.evaluate_trip(permit, now));
}

/// So many calls succeed, and fail, at that moment, whatever the throttle would say.
fn end(breaker: &mut CircuitBreaker, well: usize, ill: usize, now: Now) {
    for index in 0..well + ill {
        let permit = ask(breaker, 0.999, now).expect("the draw is above any share");
        if index < well {
            assert!(matches!(breaker.on_success(permit, now), Settled::Done { .. }));
        } else {
            fail(breaker, permit, now);
        }
    }
}

#[test]
fn it_refuses_by_the_share_of_calls_that_failed_and_opens_never() {
    let mut breaker = throttled();
    end(&mut breaker, 25, 75, at(0));
    // (100 - 2 · 25) / 108.
    let share = breaker.rejection(at(0)).unwrap();
    assert!((share - 50.0 / 108.0).abs() < 1e-12);
    assert!(ask(&mut breaker, share - 0.001, at(1)).is_none());
    assert_eq!(breaker.window(at(1)).total(Counter::Rejects), 1);
    // It counts.
    let share = breaker.rejection(at(1)).unwrap();
    assert!((share - 51.0 / 109.0).abs() < 1e-12);
    assert!(ask(&mut breaker, share, at(1)).is_some(), "at the share: admitted");
    end(&mut breaker, 0, 200, at(2));
    assert_eq!(breaker.state(at(2)), State::Closed);
    assert!(breaker.last_trip().is_none());
    assert_eq!(breaker.rejection(at(2)), Some(251.0 / 309.0));
}

#[test]
fn a_call_counts_when_its_answer_comes() {
    let mut breaker = throttled();
    let out: Vec<_> =
        (0..500).map(|_| ask(&mut breaker, 0.0, at(0)).expect("no evidence")).collect();
    assert_eq!(breaker.rejection(at(0)), Some(0.0));
    out.into_iter().for_each(|permit| fail(&mut breaker, permit, at(5)));
    assert_eq!(breaker.rejection(at(5)), Some(0.9));
}

#[test]
fn what_is_ignored_and_what_finds_no_place_is_no_evidence() {
    let mut breaker = CircuitBreaker::new(Config { capacity: 1, ..config() }, at(0));
    for _ in 0..50 {
        let permit = ask(&mut breaker, 0.0, at(0)).expect("no evidence");
        let Admission::Refused(Refusal::Capacity(locked)) = breaker.try_acquire(false, at(0))
        else {
            panic!("a place")
        };
        fail(&mut breaker, locked, at(0));
        assert!(matches!(breaker.on_ignored(permit, at(0)), Settled::Done { .. }));
    }
    assert_eq!(breaker.rejection(at(0)), Some(0.0));
}

#[test]
fn evidence_leaves_with_its_window() {
    let mut breaker = throttled();
    end(&mut breaker, 0, 100, at(0));
    assert_eq!(breaker.rejection(at(9_999)), Some(0.9));
    assert_eq!(breaker.rejection(at(10_000)), Some(0.0));
    assert!(ask(&mut breaker, 0.0, at(10_000)).is_some());
}

#[test]
fn a_window_of_calls_has_the_last_of_those_that_ended_and_those_refused() {
    let config = Config { last_calls: NonZeroU32::new(20), ..config() };
    let mut breaker = CircuitBreaker::new(config, at(0));
    end(&mut breaker, 0, 40, at(0));
    assert_eq!(breaker.rejection(at(1_000_000)), Some(20.0 / 28.0), "however long ago");
    for _ in 0..15 {
        assert!(ask(&mut breaker, 0.0, at(500)).is_none());
    }
    assert_eq!(breaker.judged(at(500)), (5, 5));
    end(&mut breaker, 10, 0, at(501));
    assert_eq!(breaker.rejection(at(501)), Some(0.0), "ten of twenty");
}

#[test]
fn the_window_may_be_rotated_by_hand_and_change_its_shape() {
    let window = |buckets| {
        WindowConfig::new(Nanos::from_millis(10_000), buckets, Rotation::ByHand, false).unwrap()
    };
    let mut breaker = CircuitBreaker::new(Config { window: window(4), ..config() }, at(0));
    end(&mut breaker, 0, 100, at(0));
    breaker.update(&Config { window: window(2), ..config() }, at(1));
    assert_eq!(breaker.rejection(at(100_000)), Some(0.9));
    breaker.window(at(100_000)).rotate();
    assert_eq!(breaker.rejection(at(100_000)), Some(0.9));
    breaker.window(at(100_000)).rotate();
    assert_eq!(breaker.rejection(at(100_000)), Some(0.0));
}

#[test]
fn one_call_a_second_is_admitted_and_no_draw_is_used_for_it() {
    let throttle = Some(ThrottleOptions { k: 2.0, max_rejection: 1.0 });
    let mut breaker = CircuitBreaker::new(Config { throttle, ..config() }, at(0));
    end(&mut breaker, 0, 1_000, at(0));
    let admitted: Vec<_> = (0..5_000).step_by(50).filter(|&ms| end_if(&mut breaker, ms)).collect();
    assert_eq!(admitted, [1_000, 2_000, 3_000, 4_000]);
    while breaker.poll_event().is_some() {}
    assert!(matches!(breaker.try_acquire(false, at(5_000)), Admission::Admitted(_)));
    assert_eq!(breaker.poll_event(), None);
    assert!(matches!(breaker.try_acquire(false, at(5_000)), Admission::Refused(_)));
    assert_eq!(breaker.poll_event(), Some(Event::Draw));
}

fn end_if(breaker: &mut CircuitBreaker, ms: u64) -> bool {
    let permit = ask(breaker, 0.0, at(ms));
    let admitted = permit.is_some();
    if let Some(permit) = permit {
        fail(breaker, permit, at(ms));
    }
    admitted
}

#[test]
fn nobody_is_refused_while_it_warms_up_counts_only_or_is_disabled() {
    let warm = Config { warm_up: Some(Nanos::from_millis(500)), ..config() };
    let mut breaker = CircuitBreaker::new(warm, at(0));
    end(&mut breaker, 0, 100, at(0));
    assert_eq!(breaker.rejection(at(499)), Some(0.0));
    assert!(ask(&mut breaker, 0.0, at(499)).is_some());
    assert!(ask(&mut breaker, 0.0, at(500)).is_some(), "the first that it is asked for");
    assert!(ask(&mut breaker, 0.0, at(500)).is_none());
    breaker.set_mode(Mode::MetricsOnly, at(500));
    assert!(ask(&mut breaker, 0.0, at(500)).is_some());
    breaker.set_mode(Mode::Disabled, at(500));
    assert_eq!(breaker.try_acquire(false, at(500)), Admission::Unguarded);
    breaker.set_mode(Mode::Normal, at(500));
    assert!(ask(&mut breaker, 0.0, at(500)).is_none());
}

#[test]
fn it_can_be_opened_by_hand_and_is_tried_as_any() {
    let mut breaker = throttled();
    breaker.open(at(0));
    assert_eq!(breaker.last_trip().unwrap().reason, Reason::Command);
    while breaker.poll_event().is_some() {}
    let refused = breaker.try_acquire(false, at(1));
    assert!(matches!(refused, Admission::Refused(Refusal::Open { retry_after: Some(_) })));
    assert_eq!(breaker.rejection(at(1)), Some(0.0), "no refusal of its own");
    let permit = ask(&mut breaker, 0.0, at(30_000)).expect("a probe");
    assert!(matches!(breaker.on_success(permit, at(30_001)), Settled::Done { .. }));
    assert_eq!(breaker.state(at(30_001)), State::Closed);
    assert!(ask(&mut breaker, 0.0, at(30_002)).is_some());
}

#[test]
fn an_update_puts_it_in_place_and_takes_it_away() {
    let plain = Config { throttle: None, ..config() };
    let mut breaker = CircuitBreaker::new(plain.clone(), at(0));
    breaker.update(&config(), at(0));
    end(&mut breaker, 0, 100, at(0));
    assert!(ask(&mut breaker, 0.8, at(1)).is_none());
    let milder = Some(ThrottleOptions { max_rejection: 0.5, ..ThrottleOptions::default() });
    breaker.update(&Config { throttle: milder, ..config() }, at(2));
    assert_eq!(breaker.rejection(at(2)), Some(0.5), "what it has seen is kept");
    breaker.update(&plain, at(3));
    assert_eq!(breaker.rejection(at(3)), None);
    let permit = ask(&mut breaker, 0.0, at(3)).expect("nobody is refused");
    fail(&mut breaker, permit, at(3));
    assert!(matches!(breaker.state(at(3)), State::Open { .. }), "the rate opens again");
}

#[test]
fn another_breaker_goes_on_from_it_and_so_it_does_under_another_clock() {
    let mut breaker = throttled();
    end(&mut breaker, 0, 100, at(4_000));
    let mut other = throttled();
    other.inject(breaker.extract(at(4_000)), at(70_000));
    assert!(ask(&mut other, 0.0, at(70_999)).is_none());
    assert!(ask(&mut other, 0.0, at(71_000)).is_some(), "the second goes on");
    breaker.change_clocks(&Shift { from: at(4_400), to: at(10_000) }, &NO_STALLS);
    assert!(ask(&mut breaker, 0.0, at(10_599)).is_none());
    assert!(ask(&mut breaker, 0.0, at(10_600)).is_some());
}

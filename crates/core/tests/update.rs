//! Other options for a breaker that lives: what is told anew, and what it keeps.

use std::num::NonZeroU32;

use didelphis_core::breaker::{Admission, CircuitBreaker, Event, Refusal, Settled};
use didelphis_core::calls::Permit;
use didelphis_core::config::{Config, LiveOptions, RateOf, Rotation, TimeoutClock, WindowConfig};
use didelphis_core::mode::Mode;
use didelphis_core::stall_log::NO_STALLS;
use didelphis_core::state::State;
use didelphis_core::time::{Nanos, Now};
use didelphis_core::window::Counter;

fn at(millis: u64) -> Now {
    Now::unstalled(Nanos::from_millis(millis))
}

fn breaker(config: &Config) -> CircuitBreaker {
    CircuitBreaker::new(config.clone(), at(0))
}

/// Opens at nothing but what a test is about.
fn config() -> Config {
    let live = LiveOptions { error_threshold_percentage: 100.0, ..LiveOptions::default() };
    Config { live, ..Config::default() }
}

fn admit(breaker: &mut CircuitBreaker, now: Now) -> Permit {
    match breaker.try_acquire(false, now) {
        Admission::Admitted(permit) => permit,
        other => panic!("{other:?}"),
    }
}

fn fail(breaker: &mut CircuitBreaker, now: Now) {
    let permit = admit(breaker, now);
    let Settled::Failed { permit, .. } = breaker.on_failure(permit, now) else { panic!("late") };
    assert!(breaker.evaluate_trip(permit, now));
}

#[test]
fn the_same_options_change_nothing() {
    let mut config = config();
    config.live.max_failures = NonZeroU32::new(3);
    config.warm_up = Some(Nanos::from_millis(50));
    let mut breaker = breaker(&config);
    (0..2).for_each(|_| fail(&mut breaker, at(60)));
    breaker.update(&config, at(70));
    assert_eq!(breaker.window(at(70)).total(Counter::Failures), 2);
    assert!(!breaker.is_warming_up(at(70)));
    fail(&mut breaker, at(80));
    assert!(matches!(breaker.state(at(80)), State::Open { .. }), "the row has gone on");
}

#[test]
fn thresholds_are_those_of_the_next_failure() {
    let mut breaker = breaker(&config());
    (0..4).for_each(|_| fail(&mut breaker, at(1)));
    let mut config = config();
    config.live.error_threshold_percentage = 50.0;
    config.volume_threshold = 6;
    breaker.update(&config, at(2));
    assert_eq!(breaker.state(at(2)), State::Closed, "an option is no failure");
    fail(&mut breaker, at(3));
    assert_eq!(breaker.state(at(3)), State::Closed, "five calls, and six are asked for");
    fail(&mut breaker, at(4));
    assert!(matches!(breaker.state(at(4)), State::Open { .. }));
}

#[test]
fn a_warm_up_begins_with_the_breaker_and_ends_when_it_is_none_any_more() {
    let mut breaker = breaker(&config());
    let warm = Config { warm_up: Some(Nanos::from_millis(500)), ..config() };
    breaker.update(&warm, at(100));
    assert!(breaker.is_warming_up(at(499)));
    assert!(!breaker.is_warming_up(at(500)));
    breaker.update(&config(), at(200));
    assert!(!breaker.is_warming_up(at(300)));
}

#[test]
fn an_open_circuit_waits_as_long_as_it_was_to_and_the_next_as_long_as_it_is_to() {
    let mut breaker = breaker(&config());
    breaker.open(at(0));
    let mut config = config();
    config.live.reset_timeout = Nanos::from_millis(500).into();
    breaker.update(&config, at(1));
    assert!(matches!(breaker.state(at(29_999)), State::Open { .. }));
    assert!(matches!(breaker.state(at(30_000)), State::HalfOpen { .. }));
    breaker.open(at(30_000));
    assert!(matches!(breaker.state(at(30_499)), State::Open { .. }));
    assert!(matches!(breaker.state(at(30_500)), State::HalfOpen { .. }));
}

#[test]
fn calls_under_way_keep_their_places_and_others_find_what_is_left() {
    let config = |capacity| Config { capacity, ..config() };
    let mut breaker = breaker(&config(3));
    let permits: Vec<_> = (0..3).map(|_| admit(&mut breaker, at(1))).collect();
    breaker.update(&config(2), at(2));
    assert_eq!(breaker.available(), -1);
    assert_eq!(breaker.published().read(at(2).monotonic).map(|read| read.places), Some(2));
    for (ended, permit) in permits.into_iter().enumerate() {
        let refused =
            matches!(breaker.try_acquire(false, at(3)), Admission::Refused(Refusal::Capacity(_)));
        assert_eq!(refused, ended < 2, "{ended} have ended");
        let _ = breaker.on_success(permit, at(3));
    }
    breaker.update(&config(i64::MAX), at(4));
    breaker.update(&config(0), at(5));
    assert_eq!(breaker.available(), -1, "one is under way");
}

#[test]
fn calls_that_begin_have_the_other_timeout() {
    let mut breaker = breaker(&config());
    let before = admit(&mut breaker, at(0));
    let mut config = config();
    config.live.timeout = Some(Nanos::from_millis(10));
    breaker.update(&config, at(0));
    let after = admit(&mut breaker, at(0));
    breaker.on_timer(None, &NO_STALLS, at(10));
    assert_eq!(breaker.poll_expired(), Some(after));
    assert_eq!(breaker.poll_expired(), None);
    breaker.on_timer(None, &NO_STALLS, at(10_000));
    assert_eq!(breaker.poll_expired(), Some(before));
}

#[test]
fn by_the_other_clock_the_timer_looks_again_at_once() {
    let mut breaker = breaker(&config());
    let _ = admit(&mut breaker, at(0));
    assert_eq!(breaker.wake_at(), Nanos::from_millis(10_000));
    breaker.update(&Config { timeout_clock: TimeoutClock::Wall, ..config() }, at(5));
    assert_eq!(breaker.wake_at(), Nanos::from_millis(5));
}

#[test]
fn a_window_of_another_shape_has_the_counts_and_ends_when_it_is_to() {
    let mut breaker = breaker(&config());
    fail(&mut breaker, at(9_500));
    let window = WindowConfig::new(Nanos::from_millis(600), 2, Rotation::ByClock, true);
    breaker.update(&Config { window: window.expect("a sound window"), ..config() }, at(9_550));
    assert_eq!(breaker.window(at(9_600)).total(Counter::Failures), 1);
    // Its buckets begin where the old one did: at 9000, 9300, 9600.
    assert_eq!(breaker.window(at(9_899)).total(Counter::Failures), 1);
    assert_eq!(breaker.window(at(9_900)).total(Counter::Failures), 0);
}

#[test]
fn snapshots_come_at_the_end_of_the_buckets_there_are() {
    let mut breaker = breaker(&config());
    breaker.set_snapshots(true, at(0));
    let window = WindowConfig::new(Nanos::from_millis(600), 2, Rotation::ByClock, true);
    breaker.update(&Config { window: window.expect("a sound window"), ..config() }, at(100));
    assert_eq!(breaker.poll_timer(&NO_STALLS, at(100)), Some(Nanos::from_millis(300)));
    breaker.set_snapshots(false, at(100));
    breaker.update(&config(), at(200));
    assert_eq!(breaker.poll_timer(&NO_STALLS, at(200)), None, "nobody wants one");
}

#[test]
fn what_the_clock_had_done_is_announced_and_the_mode_is_left_alone() {
    let mut breaker = breaker(&config());
    breaker.open(at(0));
    assert_eq!(breaker.poll_event(), Some(Event::Opened));
    breaker.set_mode(Mode::Disabled, at(0));
    breaker.update(&config(), at(30_000));
    assert_eq!(breaker.poll_event(), Some(Event::HalfOpened));
    assert_eq!(breaker.mode(), Mode::Disabled);
}

#[test]
fn what_is_shut_down_stays_as_it_is() {
    let mut breaker = breaker(&config());
    fail(&mut breaker, at(1));
    breaker.shutdown(at(2));
    let window = WindowConfig::new(Nanos::from_millis(600), 2, Rotation::ByClock, true);
    breaker.update(&Config { window: window.expect("a sound window"), ..config() }, at(3));
    assert_eq!(breaker.window(at(99_000)).total(Counter::Failures), 1);
}

fn by_outcomes() -> Config {
    let mut config = Config { rate_of: RateOf::Outcomes, volume_threshold: 4, ..Config::default() };
    config.reset_window_on_close = true;
    config
}

fn buckets(millis: u64, count: u32) -> WindowConfig {
    WindowConfig::new(Nanos::from_millis(millis), count, Rotation::ByClock, true)
        .expect("a sound window")
}

#[test]
fn outcomes_go_where_their_bucket_goes() {
    for (shape, opens) in [(buckets(20_000, 20), true), (buckets(2_000, 2), false)] {
        let mut config = by_outcomes();
        let mut breaker = breaker(&config);
        (0..3).for_each(|_| fail(&mut breaker, at(100)));
        config.window = shape;
        breaker.update(&config, at(5_000));
        fail(&mut breaker, at(5_000));
        assert_eq!(matches!(breaker.state(at(5_000)), State::Open { .. }), opens);
    }
}

#[test]
fn what_closing_has_emptied_stays_empty_in_another_shape() {
    for rate_of in [RateOf::Fires, RateOf::Outcomes] {
        let mut config = by_outcomes();
        config.rate_of = rate_of;
        let mut breaker = breaker(&config);
        (0..3).for_each(|_| fail(&mut breaker, at(100)));
        breaker.open(at(100));
        breaker.close(at(100));
        while breaker.poll_event().is_some() {}
        config.window = buckets(20_000, 7);
        breaker.update(&config, at(200));
        (0..3).for_each(|_| fail(&mut breaker, at(200)));
        assert_eq!(breaker.state(at(200)), State::Closed, "{rate_of:?}");
        fail(&mut breaker, at(200));
        assert!(matches!(breaker.state(at(200)), State::Open { .. }), "{rate_of:?}");
    }
}

#[test]
fn the_last_calls_are_kept_as_far_as_they_fit() {
    let mut config = Config { last_calls: NonZeroU32::new(10), ..Config::default() };
    config.volume_threshold = 10;
    let mut breaker = breaker(&config);
    (0..3).for_each(|_| fail(&mut breaker, at(0)));
    config.last_calls = NonZeroU32::new(4);
    config.volume_threshold = 4;
    breaker.update(&config, at(0));
    fail(&mut breaker, at(0));
    assert!(matches!(breaker.state(at(0)), State::Open { .. }));
}

#[test]
fn a_row_of_failures_is_counted_from_when_somebody_asks_for_it() {
    let mut config = config();
    let mut breaker = breaker(&config);
    fail(&mut breaker, at(0));
    config.consecutive_failures = NonZeroU32::new(2);
    breaker.update(&config, at(0));
    fail(&mut breaker, at(0));
    assert_eq!(breaker.state(at(0)), State::Closed);
    config.volume_threshold = 1;
    breaker.update(&config, at(0));
    fail(&mut breaker, at(0));
    assert!(matches!(breaker.state(at(0)), State::Open { .. }), "it has gone on");
}

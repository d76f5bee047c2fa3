//! What another thread reads of a breaker beside its counts and its state: why the circuit opened,
//! when it moved, and how long calls took.

use std::sync::Arc;

use didelphis_core::breaker::{Admission, CircuitBreaker, Event, Reason, Settled};
use didelphis_core::config::Config;
use didelphis_core::inbox::Command;
use didelphis_core::mode::Mode;
use didelphis_core::published::{Published, Reading};
use didelphis_core::published_latencies::BOUNDS;
use didelphis_core::state::State;
use didelphis_core::time::{Nanos, Now, Shift};

fn at(millis: u64) -> Now {
    Now::unstalled(Nanos::from_millis(millis))
}

fn shown() -> (CircuitBreaker, Arc<Published>) {
    let mut breaker = CircuitBreaker::new(Config::default(), at(0));
    breaker.show_moments(true);
    let published = breaker.published().clone();
    (breaker, published)
}

fn read(published: &Published, millis: u64) -> Reading {
    published.read(Nanos::from_millis(millis)).expect("nobody writes meanwhile")
}

/// A call that takes so long, from a moment on.
fn call(breaker: &mut CircuitBreaker, succeeds: bool, from: u64, took: u64) {
    let Admission::Admitted(permit) = breaker.try_acquire(false, at(from)) else {
        panic!("refused")
    };
    let now = at(from + took);
    if succeeds {
        assert!(matches!(breaker.on_success(permit, now), Settled::Done { .. }));
    } else {
        let Settled::Failed { permit, .. } = breaker.on_failure(permit, now) else {
            panic!("late")
        };
        breaker.evaluate_trip(permit, now);
    }
}

fn count_of(reading: &Reading, reason: Reason) -> i64 {
    reading.trips[reason as usize]
}

#[test]
fn a_trip_is_read_with_its_figures_and_stays() {
    let (mut breaker, published) = shown();
    assert_eq!((read(&published, 0).tripped, read(&published, 0).moved_at), (None, None));
    call(&mut breaker, true, 90, 5);
    call(&mut breaker, false, 95, 5);
    call(&mut breaker, false, 100, 20);
    let reading = read(&published, 130);
    let tripped = reading.tripped.expect("it opened");
    assert_eq!(Some(&tripped), breaker.last_trip());
    assert_eq!((tripped.reason, tripped.at), (Reason::ErrorRate, Nanos::from_millis(120)));
    assert_eq!((tripped.count, tripped.calls, tripped.threshold), (2, 3, 50.0));
    assert_eq!(reading.moved_at, Some(Nanos::from_millis(120)));
    breaker.close(at(200));
    let closed = read(&published, 210);
    assert_eq!((closed.tripped, closed.moved_at), (Some(tripped), Some(Nanos::from_millis(200))));
    assert_eq!(count_of(&closed, Reason::ErrorRate), 1);
}

#[test]
fn trips_are_counted_by_reason() {
    let (mut breaker, published) = shown();
    breaker.open(at(10));
    breaker.open(at(11));
    assert_eq!(count_of(&read(&published, 11), Reason::Command), 1, "it was open");
    let now = 11 + 30_000;
    assert_eq!(breaker.try_acquire(false, at(now)), Admission::EventsFirst);
    while breaker.poll_event().is_some() {}
    call(&mut breaker, false, now, 1);
    let reading = read(&published, now + 1);
    assert_eq!(count_of(&reading, Reason::Probe), 1);
    assert_eq!(reading.trips.iter().sum::<i64>(), 2);
}

#[test]
fn a_reader_says_when_the_circuit_became_half_open_by_its_own_clock() {
    let (mut breaker, published) = shown();
    breaker.open(at(100));
    let opened = Some(Nanos::from_millis(100));
    let half_open = Some(Nanos::from_millis(30_100));
    assert_eq!(read(&published, 30_099).moved_at, opened);
    assert_eq!(read(&published, 50_000).moved_at, half_open);
    breaker.state(at(50_000));
    assert_eq!(read(&published, 50_001).moved_at, half_open, "so says the loop, too");
}

#[test]
fn forced_open_by_another_thread_it_stays_open_until_it_is_closed() {
    let (mut breaker, published) = shown();
    published.command(Command::ForceOpen).expect("room");
    assert!(matches!(
        breaker.try_acquire(false, at(5)),
        Admission::Refused(_) | Admission::EventsFirst
    ));
    let announced = [breaker.poll_event(), breaker.poll_event()];
    assert_eq!(announced, [Some(Event::Opened), Some(Event::Steered)]);
    assert_eq!((breaker.mode(), breaker.poll_event()), (Mode::ForcedOpen, None));
    let reading = read(&published, 1_000_000);
    assert_eq!(reading.state, State::Open { retry_at: Nanos::MAX });
    assert_eq!(count_of(&reading, Reason::Command), 1);
    published.command(Command::Close).expect("room");
    breaker.on_commands(at(6));
    assert_eq!((breaker.mode(), breaker.state(at(6))), (Mode::Normal, State::Closed));
}

#[test]
fn one_that_is_shut_down_is_not_forced_open() {
    let (mut breaker, published) = shown();
    breaker.shutdown(at(1));
    published.command(Command::ForceOpen).expect("room");
    breaker.on_commands(at(2));
    assert_eq!(breaker.state(at(3)), State::Shutdown);
    assert_eq!(breaker.poll_event(), None);
}

#[test]
fn moments_that_others_have_no_clock_for_are_not_shown() {
    let (mut breaker, published) = shown();
    breaker.open(at(100));
    breaker.show_moments(false);
    let hidden = read(&published, 200);
    assert_eq!((hidden.moved_at, hidden.tripped.map(|trip| trip.at)), (None, Some(Nanos::MAX)));
    let shift = Shift { from: at(200), to: at(5_200) };
    breaker.change_clocks(&shift, &didelphis_core::stall_log::NO_STALLS);
    breaker.show_moments(true);
    let moved = Nanos::from_millis(5_100);
    let reading = read(&published, 5_300);
    assert_eq!((reading.moved_at, reading.tripped.map(|trip| trip.at)), (Some(moved), Some(moved)));
}

#[test]
fn latencies_are_counted_by_bound_as_their_bucket_ends() {
    let (mut breaker, published) = shown();
    for took in [0, 3, 3, 300] {
        call(&mut breaker, true, 100, took);
    }
    let before = read(&published, 500);
    assert_eq!((before.latencies.by_bound.iter().sum::<i64>(), before.latencies_wait), (0, false));
    assert!(read(&published, 1_000).latencies_wait, "the bucket is over");
    breaker.on_commands(at(1_000));
    let reading = read(&published, 1_000);
    assert!(!reading.latencies_wait);
    let places = |millis| BOUNDS.iter().position(|bound| *bound >= Nanos::from_millis(millis));
    let of =
        |reading: &Reading, millis| reading.latencies.by_bound[places(millis).expect("a bound")];
    assert_eq!([0, 3, 300].map(|millis| of(&reading, millis)), [1, 2, 1]);
    assert_eq!(reading.latencies.sum, Nanos::from_millis(306));
    assert_eq!(reading.latencies.in_window.count, 0, "nobody watches");
    // They stay for the life of the breaker.
    call(&mut breaker, true, 100_000, 3);
    breaker.on_commands(at(101_000));
    assert_eq!(of(&read(&published, 101_000), 3), 3);
}

#[test]
fn whoever_watches_sees_quantiles_until_they_have_left_the_window() {
    let (mut breaker, published) = shown();
    published.watch_latencies();
    (0..100).for_each(|took| call(&mut breaker, true, 100, took));
    breaker.on_commands(at(1_000));
    let summary = |millis| read(&published, millis).latencies.in_window;
    let own = breaker.window(at(1_000)).summary().expect("latencies are kept");
    assert_eq!((summary(1_000), own.count), (own, 100));
    assert_eq!(summary(9_999), own, "the bucket is in the window");
    assert_eq!(summary(10_000).count, 0, "by the reader's clock");
    // The next bucket ends, and they are what the window has.
    call(&mut breaker, true, 1_500, 400);
    breaker.on_commands(at(2_000));
    assert_eq!(summary(2_000).count, 101);
    // All but the last have left it: it is over to say so.
    assert!(read(&published, 3_000).latencies_wait);
    breaker.on_commands(at(10_000));
    assert_eq!((summary(10_000).count, summary(10_999).count), (1, 1));
    assert_eq!(summary(11_000).count, 0);
}

#[test]
fn nobody_is_watched_for_ever() {
    let (mut breaker, published) = shown();
    published.watch_latencies();
    for bucket in 0..200 {
        call(&mut breaker, true, bucket * 1_000 + 100, 1);
        breaker.on_commands(at((bucket + 1) * 1_000));
        let watched = read(&published, (bucket + 1) * 1_000).latencies.in_window.count > 0;
        assert_eq!(
            watched,
            bucket < 48,
            "{bucket}: for 40 buckets, and 9 more of what was seen then"
        );
    }
}

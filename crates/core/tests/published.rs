//! What another thread reads of a breaker, and how it commands it. First one thing after
//! another, then under load: a thread plays the loop, and others look on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use didelphis_core::breaker::{Admission, CircuitBreaker, Event, Refusal, Settled};
use didelphis_core::config::{Config, QueueOptions, Rotation, WindowConfig};
use didelphis_core::inbox::{Command, Fate, NotPut};
use didelphis_core::mode::Mode;
use didelphis_core::published::{Published, Reading};
use didelphis_core::stall_log::NO_STALLS;
use didelphis_core::state::State;
use didelphis_core::time::{Nanos, Now, Shift};
use didelphis_core::window::Counter;

fn at(millis: u64) -> Now {
    Now::unstalled(Nanos::from_millis(millis))
}

/// A breaker whose clock others have, and what they see of it.
fn shown(config: Config) -> (CircuitBreaker, Arc<Published>) {
    let mut breaker = CircuitBreaker::new(config, at(0));
    breaker.show_moments(true);
    let published = breaker.published().clone();
    (breaker, published)
}

fn read(published: &Published, millis: u64) -> Reading {
    published.read(Nanos::from_millis(millis)).expect("nobody writes meanwhile")
}

fn call(breaker: &mut CircuitBreaker, succeeds: bool, now: Now) {
    let Admission::Admitted(permit) = breaker.try_acquire(false, now) else { panic!("refused") };
    if succeeds {
        assert!(matches!(breaker.on_success(permit, now), Settled::Done { .. }));
    } else {
        let Settled::Failed { permit, .. } = breaker.on_failure(permit, now) else {
            panic!("late")
        };
        breaker.evaluate_trip(permit, now);
    }
}

fn in_window(published: &Published, kind: Counter, millis: u64) -> i64 {
    read(published, millis).in_window[kind as usize]
}

fn since_beginning(published: &Published, kind: Counter) -> i64 {
    read(published, 0).since_beginning[kind as usize]
}

mod a_reader {
    use super::*;

    #[test]
    fn evicts_by_its_own_clock_while_the_loop_is_idle() {
        let (mut breaker, published) = shown(Config::default());
        call(&mut breaker, true, at(500));
        call(&mut breaker, true, at(3_500));
        call(&mut breaker, true, at(3_600));
        let successes = |millis| in_window(&published, Counter::Successes, millis);
        assert_eq!(successes(3_600), 3);
        assert_eq!(successes(9_999), 3);
        assert_eq!(successes(10_000), 2, "the first bucket has run out");
        assert_eq!(successes(12_999), 2);
        assert_eq!(successes(13_000), 0, "so has the newest that the loop knows");
        assert_eq!(successes(1_000_000), 0);
        assert_eq!(since_beginning(&published, Counter::Successes), 3);
    }

    #[test]
    fn sees_what_the_loop_sees_whenever_both_look() {
        let (mut breaker, published) = shown(Config::default());
        let mut millis = 0;
        for step in 0..2_000u64 {
            // Gaps shorter and longer than a bucket, and longer than the window.
            millis += step * step % 977 * if step % 97 == 0 { 20 } else { 1 };
            call(&mut breaker, true, at(millis));
            let reader = read(&published, millis + step * 7 % 1_500);
            let later = at(millis + step * 7 % 1_500);
            // The loop looks after the reader: its look changes what is published.
            assert_eq!(reader.in_window, breaker.window(later).totals(), "{millis}");
            millis = millis.max(later.monotonic.as_millis());
        }
        assert_eq!(since_beginning(&published, Counter::Fires), 2_000);
    }

    #[test]
    fn derives_half_open_by_its_own_clock() {
        let (mut breaker, published) = shown(Config::default());
        assert_eq!(read(&published, 0).state, State::Closed);
        call(&mut breaker, false, at(100));
        let retry_at = Nanos::from_millis(30_100);
        assert_eq!(read(&published, 30_099).state, State::Open { retry_at });
        let half_open = State::HalfOpen { probing_until: None };
        assert_eq!(read(&published, 30_100).state, half_open);
        assert_eq!(read(&published, 100).generation, 1);
        assert_eq!(breaker.state(at(30_100)), half_open);
        assert_eq!(read(&published, 30_100).generation, 2);
        while breaker.poll_event().is_some() {}
        call(&mut breaker, true, at(30_200));
        assert_eq!(read(&published, 30_200).state, State::Closed);
    }

    #[test]
    fn sees_a_probe_that_is_out_and_one_that_has_been_out_for_too_long() {
        let mut config = Config::default();
        config.live.timeout = None;
        let (mut breaker, published) = shown(config);
        breaker.open(at(0));
        breaker.state(at(30_000));
        while breaker.poll_event().is_some() {}
        assert!(matches!(breaker.try_acquire(false, at(30_000)), Admission::Admitted(_)));
        let probing_until = Some(Nanos::from_millis(60_000));
        assert_eq!(read(&published, 59_999).state, State::HalfOpen { probing_until });
        assert_eq!(read(&published, 60_000).state, State::HalfOpen { probing_until: None });
    }

    #[test]
    fn sees_who_waits_for_a_place() {
        let queue = Some(QueueOptions { size: 3, timeout: Nanos::from_millis(50) });
        let (mut breaker, published) = shown(Config { capacity: 1, queue, ..Config::default() });
        let Admission::Admitted(permit) = breaker.try_acquire(false, at(0)) else { panic!() };
        let Admission::Queued(first) = breaker.try_acquire(false, at(0)) else { panic!() };
        let Admission::Queued(_) = breaker.try_acquire(false, at(0)) else { panic!() };
        assert_eq!(read(&published, 0).queued, 2);
        assert!(breaker.leave(first, at(1)));
        assert_eq!(read(&published, 1).queued, 1, "a caller has given up");
        assert!(matches!(breaker.on_success(permit, at(2)), Settled::Done { .. }));
        assert_eq!(read(&published, 2).queued, 0, "a place is kept");
        while breaker.poll_event().is_some() {}
        let Admission::Queued(_) = breaker.try_acquire(false, at(3)) else { panic!() };
        assert_eq!(read(&published, 3).queued, 1);
        breaker.shutdown(at(3));
        assert_eq!(read(&published, 3).queued, 0);
    }

    #[test]
    fn sees_the_places_that_are_taken_the_mode_and_the_end() {
        let (mut breaker, published) = shown(Config { capacity: 3, ..Config::default() });
        let Admission::Admitted(permit) = breaker.try_acquire(false, at(0)) else { panic!() };
        assert_eq!(read(&published, 0).under_way(), 1);
        assert_eq!(read(&published, 0).places, 3);
        assert!(matches!(breaker.on_success(permit, at(1)), Settled::Done { .. }));
        assert_eq!(read(&published, 1).under_way(), 0);
        breaker.set_mode(Mode::Disabled, at(1));
        assert_eq!(read(&published, 1).mode, Mode::Disabled);
        breaker.shutdown(at(2));
        assert_eq!(read(&published, 2).state, State::Shutdown);
        assert_eq!(in_window(&published, Counter::Successes, 1_000_000), 1, "left as it was");
    }

    #[test]
    fn is_shown_no_moments_of_a_clock_that_it_does_not_have() {
        let (mut breaker, published) = shown(Config::default());
        call(&mut breaker, false, at(100));
        breaker.show_moments(false);
        let shift = Shift { from: at(200), to: at(7_000_000) };
        breaker.change_clocks(&shift, &NO_STALLS);
        let reading = read(&published, 90_000_000);
        assert!(!reading.shows_moments);
        assert_eq!(reading.state, State::Open { retry_at: Nanos::MAX });
        assert_eq!(reading.in_window[Counter::Failures as usize], 1);
        breaker.show_moments(true);
        let retry_at = Nanos::from_millis(7_029_900);
        assert_eq!(read(&published, 7_029_899).state, State::Open { retry_at });
        assert_eq!(in_window(&published, Counter::Failures, 7_009_799), 1);
        assert_eq!(in_window(&published, Counter::Failures, 7_009_800), 0);
    }

    #[test]
    fn sees_corrections_by_hand_in_the_window_and_not_in_what_was_counted_since_the_beginning() {
        let (mut breaker, published) = shown(Config::default());
        call(&mut breaker, true, at(500));
        let first = breaker.window(at(500)).serial();
        call(&mut breaker, true, at(1_500));
        let window = breaker.window(at(1_500));
        window.set_count(first, Counter::Successes, -5);
        window.set_count(first + 1, Counter::Successes, 40);
        window.count_by_hand(Counter::Fallbacks);
        let reading = read(&published, 1_500);
        assert_eq!(reading.in_window, breaker.window(at(1_500)).totals());
        assert_eq!(reading.in_window[Counter::Successes as usize], 35);
        assert_eq!(reading.since_beginning[Counter::Successes as usize], 2);
        assert_eq!(reading.since_beginning[Counter::Fallbacks as usize], 0);
        call(&mut breaker, true, at(2_500));
        assert_eq!(since_beginning(&published, Counter::Successes), 3);
    }

    #[test]
    fn goes_on_with_the_window_that_a_breaker_takes_over() {
        let (mut other, _) = shown(Config::default());
        (0..9).for_each(|second| call(&mut other, true, at(second * 1_000)));
        let window = other.window(at(8_500)).clone();
        call(&mut other, true, at(8_600));

        let short = WindowConfig::new(Nanos::from_millis(3_000), 3, Rotation::ByClock, true);
        let (mut breaker, published) =
            shown(Config { window: short.expect("a sound window"), ..Config::default() });
        call(&mut breaker, true, at(10));
        breaker.set_window(window);
        let successes = |millis| in_window(&published, Counter::Successes, millis);
        assert_eq!(successes(8_500), 9);
        assert_eq!(successes(10_999), 8);
        assert_eq!(successes(11_000), 7);
        assert_eq!(since_beginning(&published, Counter::Successes), 1, "its own");
        call(&mut breaker, true, at(8_700));
        assert_eq!(successes(8_700), 10);
        assert_eq!(since_beginning(&published, Counter::Successes), 2);
    }
}

mod a_command {
    use super::*;

    fn announced(breaker: &mut CircuitBreaker) -> Vec<Event> {
        std::iter::from_fn(|| breaker.poll_event()).collect()
    }

    #[test]
    fn is_in_force_for_the_first_call_after() {
        let (mut breaker, published) = shown(Config::default());
        let open = published.command(Command::Open).expect("it is there");
        assert!(open.is_first());
        assert_eq!(published.fate(&open), Fate::Waits);
        assert!(read(&published, 0).commands_wait);
        assert_eq!(breaker.try_acquire(false, at(10)), Admission::EventsFirst);
        assert_eq!(announced(&mut breaker), [Event::Opened]);
        assert_eq!(published.fate(&open), Fate::Obeyed);
        let refused =
            Admission::Refused(Refusal::Open { retry_after: Some(Nanos::from_millis(30_000)) });
        assert_eq!(breaker.try_acquire(false, at(10)), refused);

        published.command(Command::Disable).expect("it is there");
        assert_eq!(breaker.try_acquire(false, at(11)), Admission::EventsFirst);
        assert_eq!(announced(&mut breaker), [Event::Steered]);
        assert_eq!(breaker.try_acquire(false, at(11)), Admission::Unguarded);
        published.command(Command::Enable).expect("it is there");
        published.command(Command::Close).expect("it is there");
        assert_eq!(breaker.try_acquire(false, at(12)), Admission::EventsFirst);
        assert_eq!(announced(&mut breaker), [Event::Steered, Event::Closed]);
        assert!(matches!(breaker.try_acquire(false, at(12)), Admission::Admitted(_)));

        published.command(Command::ForceOpen).expect("it is there");
        assert_eq!(breaker.try_acquire(false, at(13)), Admission::EventsFirst);
        assert_eq!(announced(&mut breaker), [Event::Opened, Event::Steered]);
    }

    #[test]
    fn comes_before_the_outcome_of_a_call_that_was_under_way() {
        let (mut breaker, published) = shown(Config::default());
        let Admission::Admitted(permit) = breaker.try_acquire(false, at(0)) else { panic!() };
        published.command(Command::Open).expect("it is there");
        assert!(matches!(breaker.on_success(permit, at(1)), Settled::Done { .. }));
        assert!(matches!(breaker.state(at(1)), State::Open { .. }));
    }

    #[test]
    fn is_obeyed_before_what_the_loop_itself_says_next() {
        let (mut breaker, published) = shown(Config::default());
        published.command(Command::Disable).expect("it is there");
        breaker.set_mode(Mode::Normal, at(1));
        assert_eq!(breaker.mode(), Mode::Normal);
        published.command(Command::Open).expect("it is there");
        breaker.close(at(2));
        assert_eq!(breaker.state(at(2)), State::Closed);
        assert_eq!(announced(&mut breaker), [Event::Steered, Event::Opened, Event::Closed]);
    }

    #[test]
    fn is_obeyed_when_the_loop_is_woken_and_moves_what_others_see() {
        let (mut breaker, published) = shown(Config::default());
        for command in [Command::Open, Command::Close, Command::Open] {
            published.command(command).expect("it is there");
        }
        assert_eq!(read(&published, 5).state, State::Closed);
        breaker.on_commands(at(5));
        assert_eq!(announced(&mut breaker), [Event::Opened, Event::Closed, Event::Opened]);
        let retry_at = Nanos::from_millis(30_005);
        assert_eq!(read(&published, 5).state, State::Open { retry_at });
        assert!(!read(&published, 5).commands_wait);
        assert_eq!(breaker.wake_at(), retry_at);
        breaker.on_commands(at(6));
        assert_eq!(announced(&mut breaker), [], "once");
    }

    #[test]
    fn changes_nothing_in_a_breaker_that_is_shut_down() {
        let (mut breaker, published) = shown(Config::default());
        breaker.shutdown(at(0));
        for command in [Command::Enable, Command::Open, Command::Close] {
            published.command(command).expect("it is there");
        }
        assert_eq!(breaker.state(at(1)), State::Shutdown);
        assert_eq!(breaker.mode(), Mode::Disabled);
        assert!(!breaker.has_events());
    }

    #[test]
    fn to_one_that_is_gone_is_refused() {
        let (breaker, published) = shown(Config::default());
        let waits = published.command(Command::Open).expect("it is there");
        published.close();
        drop(breaker);
        assert!(published.is_closed());
        assert_eq!(published.command(Command::Open), Err(NotPut::Gone));
        assert_eq!(published.fate(&waits), Fate::Gone);
        assert_eq!(read(&published, 0).state, State::Closed, "as it was last");
    }
}

mod under_load {
    use super::*;

    /// For how long each test goes on.
    const LOAD: Duration = Duration::from_millis(1_500);

    /// Has readers look on while `step` is called with ever later moments.
    fn watched(
        breaker: &mut CircuitBreaker,
        look: impl Fn(&Published, &mut Reading) + Sync,
        mut step: impl FnMut(&mut CircuitBreaker, Now),
    ) {
        let published = breaker.published().clone();
        let first = published.read(Nanos::ZERO).expect("nobody writes yet");
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            // Also when something is found: nobody looks on for ever.
            let ended = SetWhenDropped(&done);
            let readers = [(); 2].map(|()| {
                scope.spawn(|| {
                    let mut last = first;
                    let mut looks = 0u64;
                    while !done.load(Ordering::Relaxed) {
                        look(&published, &mut last);
                        looks += 1;
                    }
                    looks
                })
            });
            let until = Instant::now() + LOAD;
            let mut micros = 0;
            while Instant::now() < until {
                for _ in 0..100 {
                    micros += 37;
                    step(breaker, Now::unstalled(Nanos::new(micros * 1_000)));
                }
            }
            drop(ended);
            for reader in readers {
                assert!(reader.join().expect("a reader") > 10, "readers were kept out");
            }
        });
    }

    struct CloseWhenDropped<'breaker>(&'breaker Published);

    impl Drop for CloseWhenDropped<'_> {
        fn drop(&mut self) {
            self.0.close();
        }
    }

    struct SetWhenDropped<'flag>(&'flag AtomicBool);

    impl Drop for SetWhenDropped<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    /// A window that begins a bucket every millisecond.
    fn hasty() -> Config {
        let window = WindowConfig::new(Nanos::from_millis(4), 4, Rotation::ByClock, true);
        let mut config = Config { window: window.expect("sound"), ..Config::default() };
        config.live.reset_timeout = Nanos::from_millis(1).into();
        config
    }

    #[test]
    fn counters_never_run_backwards_and_belong_together() {
        let (mut breaker, published) = shown(hasty());
        let mut calls = 0;
        let look = |published: &Published, last: &mut Reading| {
            let Some(reading) = published.read(Nanos::ZERO) else { return };
            for (now, before) in reading.since_beginning.iter().zip(last.since_beginning) {
                assert!(*now >= before, "{now} after {before}");
            }
            // By a clock that stands at zero nothing runs out but what the loop evicts.
            let fires = reading.in_window[Counter::Fires as usize];
            // One call each 37 µs is 28 a bucket at the most.
            assert!((0..=4 * 28).contains(&fires), "{fires} in four buckets");
            assert!((0..=1).contains(&reading.under_way()), "one at a time: {reading:?}");
            *last = reading;
        };
        watched(&mut breaker, look, |breaker, now| {
            call(breaker, true, now);
            calls += 1;
        });
        let reading = published.read(Nanos::ZERO).expect("nobody writes any more");
        assert_eq!(reading.since_beginning[Counter::Fires as usize], calls);
        assert_eq!(reading.since_beginning[Counter::Successes as usize], calls);
    }

    #[test]
    fn no_state_is_seen_with_the_moment_of_another() {
        let (mut breaker, _) = shown(hasty());
        // What the loop does goes by its generation: odd ones are open, until a moment that
        // tells which, and even ones closed.
        let look = |published: &Published, last: &mut Reading| {
            let Some(reading) = published.read(Nanos::ZERO) else { return };
            match reading.state {
                State::Closed => assert_eq!(reading.generation % 2, 0, "{reading:?}"),
                State::Open { retry_at } => {
                    let opened = u64::from(reading.generation) * 37_000;
                    assert_eq!(reading.generation % 2, 1, "{reading:?}");
                    assert_eq!(retry_at, Nanos::new(opened + 1_000_000), "{reading:?}");
                }
                state => panic!("{state:?}"),
            }
            assert!(reading.generation >= last.generation);
            *last = reading;
        };
        let mut opens = false;
        watched(&mut breaker, look, |breaker, now| {
            opens = !opens;
            if opens {
                breaker.open(now);
            } else {
                breaker.close(now);
            }
            while breaker.poll_event().is_some() {}
        });
    }

    #[test]
    fn no_command_is_lost_and_none_obeyed_twice() {
        const EACH: usize = 20_000;
        let (mut breaker, published) = shown(Config::default());
        let put = |command| loop {
            match published.command(command) {
                Ok(receipt) => return receipt,
                Err(NotPut::Full) => thread::yield_now(),
                Err(other) => panic!("{other:?}"),
            }
        };
        let (mut opened, mut closed, mut order) = (0, 0, Vec::new());
        let millis = std::cell::Cell::new(0);
        let mut turn = |breaker: &mut CircuitBreaker| {
            millis.set(millis.get() + 1);
            breaker.on_commands(Now::unstalled(Nanos::new(millis.get())));
            while let Some(event) = breaker.poll_event() {
                match event {
                    Event::Opened => opened += 1,
                    Event::Closed => closed += 1,
                    // That of the other.
                    Event::Steered => continue,
                    other => panic!("{other:?}"),
                }
                order.push(event);
            }
        };
        thread::scope(|scope| {
            // Also when something is found: nobody waits for ever for a command.
            let _ended = CloseWhenDropped(&published);
            // One gives the orders that count; another that the mode is what it is, so that
            // both put at once.
            let steering = scope.spawn(|| {
                for _ in 0..EACH {
                    put(Command::Open);
                    let receipt = put(Command::Close);
                    if receipt.is_first() {
                        while published.fate(&receipt) == Fate::Waits {
                            thread::yield_now();
                        }
                    }
                }
            });
            let noise = scope.spawn(|| {
                for _ in 0..EACH {
                    put(Command::Enable);
                }
            });
            while !steering.is_finished() || !noise.is_finished() {
                turn(&mut breaker);
            }
        });
        turn(&mut breaker);
        assert_eq!((opened, closed), (EACH, EACH));
        assert!(order.chunks(2).all(|pair| pair == [Event::Opened, Event::Closed]));
    }
}

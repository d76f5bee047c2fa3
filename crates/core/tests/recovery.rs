//! When an open circuit is tried again, and by whom: a section for each policy. Time is in
//! milliseconds from the breaker's making.

use std::num::NonZeroU32;

use didelphis_core::breaker::{Admission, CircuitBreaker, Event, Refusal, Settled};
use didelphis_core::calls::Permit;
use didelphis_core::config::{Backoff, Config};
use didelphis_core::stall_log::NO_STALLS;
use didelphis_core::state::State;
use didelphis_core::time::{Nanos, Now, Shift};
use didelphis_core::window::Counter;

fn ms(millis: u64) -> Nanos {
    Nanos::from_millis(millis)
}

fn at(millis: u64) -> Now {
    Now::unstalled(ms(millis))
}

/// A breaker whose circuit opens for a second at each failure, and whose calls have no timeout.
fn with(change: impl FnOnce(&mut Config)) -> CircuitBreaker {
    let mut config = Config::default();
    config.live.reset_timeout = ms(1000).into();
    config.live.timeout = None;
    config.live.error_threshold_percentage = 0.0;
    change(&mut config);
    CircuitBreaker::new(config, at(0))
}

fn events(breaker: &mut CircuitBreaker) -> Vec<Event> {
    std::iter::from_fn(|| breaker.poll_event()).collect()
}

fn admit(breaker: &mut CircuitBreaker, now: Now) -> Permit {
    match breaker.try_acquire(false, now) {
        Admission::Admitted(permit) => permit,
        other => panic!("not admitted: {other:?}"),
    }
}

fn refuse(breaker: &mut CircuitBreaker, now: Now) -> Option<Nanos> {
    match breaker.try_acquire(false, now) {
        Admission::Refused(Refusal::Open { retry_after }) => retry_after,
        other => panic!("not refused: {other:?}"),
    }
}

fn succeed(breaker: &mut CircuitBreaker, permit: Permit, now: Now) {
    assert!(matches!(breaker.on_success(permit, now), Settled::Done { .. }));
}

fn fail(breaker: &mut CircuitBreaker, permit: Permit, now: Now) {
    let Settled::Failed { permit, .. } = breaker.on_failure(permit, now) else { panic!("late") };
    assert!(breaker.evaluate_trip(permit, now));
}

/// Opened at 0, half open at 1000, which has been announced.
fn half_open(change: impl FnOnce(&mut Config)) -> CircuitBreaker {
    let mut breaker = with(change);
    breaker.open(at(0));
    assert!(matches!(breaker.state(at(1000)), State::HalfOpen { .. }));
    assert_eq!(events(&mut breaker)[..2], [Event::Opened, Event::HalfOpened]);
    breaker
}

mod half_open_calls {
    use super::*;

    fn tried_by(calls: u32, threshold_percentage: f64) -> CircuitBreaker {
        half_open(|config| {
            config.half_open.calls = NonZeroU32::new(calls).expect("some");
            config.half_open.threshold_percentage = threshold_percentage;
        })
    }

    #[test]
    fn so_many_are_let_through_and_the_others_know_no_moment() {
        let mut breaker = tried_by(3, 0.0);
        breaker.set_live_options(didelphis_core::config::LiveOptions::default(), at(0));
        let _probes = [(); 3].map(|()| admit(&mut breaker, at(1000)));
        assert_eq!(breaker.state(at(1000)), State::HalfOpen { probing_until: Some(Nanos::MAX) });
        assert_eq!(refuse(&mut breaker, at(1001)), None);
        assert_eq!(breaker.retry_after(at(1001)), None);
        assert_eq!(breaker.window(at(1001)).total(Counter::Rejects), 1);
    }

    #[test]
    fn all_have_to_succeed_where_none_may_fail() {
        let mut breaker = tried_by(3, 0.0);
        for _ in 0..2 {
            let probe = admit(&mut breaker, at(1000));
            succeed(&mut breaker, probe, at(1001));
            assert_eq!(breaker.state(at(1001)), State::HalfOpen { probing_until: None });
        }
        let last = admit(&mut breaker, at(1001));
        succeed(&mut breaker, last, at(1002));
        assert_eq!(events(&mut breaker), [Event::Closed]);
    }

    #[test]
    fn what_settles_after_the_verdict_moves_nothing() {
        let mut breaker = tried_by(4, 50.0);
        let [a, b, c, d] = [(); 4].map(|()| admit(&mut breaker, at(1000)));
        succeed(&mut breaker, a, at(1001));
        succeed(&mut breaker, b, at(1001));
        assert_eq!(events(&mut breaker), [Event::Closed]);
        fail(&mut breaker, c, at(1002));
        fail(&mut breaker, d, at(1002));
        assert_eq!(breaker.state(at(1002)), State::Closed, "they are of an earlier generation");
    }

    #[test]
    fn a_probe_that_finds_no_place_is_not_spent() {
        let mut breaker = half_open(|config| {
            config.half_open.calls = NonZeroU32::new(2).expect("some");
            config.capacity = 1;
        });
        let first = admit(&mut breaker, at(1000));
        let Admission::Refused(Refusal::Capacity(locked)) = breaker.try_acquire(false, at(1000))
        else {
            panic!("there is a place")
        };
        fail(&mut breaker, locked, at(1000));
        assert_eq!(breaker.state(at(1000)), State::HalfOpen { probing_until: None });
        succeed(&mut breaker, first, at(1001));
        let second = admit(&mut breaker, at(1001));
        succeed(&mut breaker, second, at(1002));
        assert_eq!(breaker.state(at(1002)), State::Closed);
    }

    #[test]
    fn those_that_hang_for_a_reset_timeout_block_no_others() {
        let mut breaker = tried_by(2, 0.0);
        let [_hangs, slow] = [1000, 1500].map(|now| admit(&mut breaker, at(now)));
        assert_eq!(refuse(&mut breaker, at(2499)), Some(ms(1)));
        assert_eq!(breaker.state(at(2500)), State::HalfOpen { probing_until: None });
        assert_eq!(events(&mut breaker), [Event::HalfOpened]);
        let _another = admit(&mut breaker, at(2500));
        succeed(&mut breaker, slow, at(2501));
        let last = admit(&mut breaker, at(2501));
        succeed(&mut breaker, last, at(2502));
        assert_eq!(breaker.state(at(2502)), State::Closed, "two have succeeded");
    }
}

mod backoff {
    use super::*;

    fn growing(jitter: f64) -> CircuitBreaker {
        with(|config| {
            config.live.reset_timeout =
                Backoff { initial: ms(100), max: ms(1000), factor: 2.0, jitter };
        })
    }

    #[test]
    fn a_probe_that_fails_makes_it_wait_longer() {
        let mut breaker = growing(0.0);
        let mut now = 0;
        for wait in [100, 200, 400, 800, 1000, 1000] {
            let probe = admit(&mut breaker, at(now));
            fail(&mut breaker, probe, at(now));
            assert_eq!(breaker.state(at(now)), State::Open { retry_at: ms(now + wait) });
            assert_eq!(breaker.wait(), ms(wait));
            now += wait;
            breaker.state(at(now));
            events(&mut breaker);
        }
        assert_eq!(breaker.attempt(), 6);
    }

    #[test]
    fn a_row_of_waits_goes_on_in_another_breaker() {
        let mut breaker = growing(0.0);
        breaker.open(at(0));
        breaker.state(at(100));
        let mut other = growing(0.0);
        other.inject(breaker.extract(at(100)), at(5_000));
        let probe = admit(&mut other, at(5_000));
        fail(&mut other, probe, at(5_000));
        assert_eq!(other.state(at(5_000)), State::Open { retry_at: ms(5_200) });
        other.close(at(5_100));
        other.open(at(5_300));
        assert_eq!(other.attempt(), 3, "closed for no longer than 200");
    }

    #[test]
    fn what_chance_says_may_be_given() {
        let mut breaker = with(|config| {
            config.live.reset_timeout =
                Backoff { initial: ms(100), max: ms(1000), factor: 2.0, jitter: 0.5 };
            config.chance.is_given = true;
        });
        breaker.give_draw(0.5);
        breaker.open(at(0));
        assert_eq!(breaker.state(at(0)), State::Open { retry_at: ms(75) });
        assert_eq!(events(&mut breaker), [Event::Draw, Event::Opened], "asked before it is told");
        breaker.give_draw(0.0);
        breaker.close(at(1));
        breaker.open(at(1));
        assert_eq!(breaker.state(at(1)), State::Open { retry_at: ms(201) });
    }

    #[test]
    fn a_breaker_of_another_seed_waits_for_another_time() {
        let wait = |seed| {
            let mut breaker = with(|config| {
                config.live.reset_timeout =
                    Backoff { initial: ms(100), max: ms(1000), factor: 2.0, jitter: 0.5 };
                config.chance.seed = seed;
            });
            breaker.open(at(0));
            assert_eq!(events(&mut breaker), [Event::Opened], "nobody is asked");
            breaker.wait()
        };
        assert_ne!(wait(1), wait(2));
        assert_eq!(wait(1), wait(1));
        assert!(wait(3) > ms(50) && wait(3) <= ms(100));
    }
}

mod told_waits {
    use super::*;

    #[test]
    fn a_wait_that_is_told_after_the_opening_counts_from_then() {
        let mut breaker = with(|_| {});
        breaker.open(at(0));
        breaker.set_wait(ms(300), at(1));
        assert_eq!(breaker.state(at(1)), State::Open { retry_at: ms(300) });
        assert_eq!(breaker.poll_timer(&NO_STALLS, at(1)), Some(ms(300)));
        assert!(matches!(breaker.state(at(300)), State::HalfOpen { .. }));
    }

    #[test]
    fn one_that_is_over_already_lets_a_call_try() {
        let mut breaker = with(|_| {});
        breaker.open(at(0));
        breaker.set_wait(ms(5), at(50));
        assert!(matches!(breaker.state(at(50)), State::HalfOpen { .. }));
    }

    #[test]
    fn one_that_is_told_while_it_is_closed_is_that_of_the_next_opening() {
        let mut breaker = with(|_| {});
        breaker.set_wait(ms(300), at(1));
        assert_eq!(breaker.state(at(1)), State::Closed);
        breaker.open(at(10));
        assert_eq!(breaker.state(at(10)), State::Open { retry_at: ms(310) });
    }
}

mod half_open_timeout {
    use super::*;

    fn waiting_for(timeout: u64, calls: u32) -> CircuitBreaker {
        half_open(|config| {
            config.half_open.timeout = Some(ms(timeout));
            config.half_open.calls = NonZeroU32::new(calls).expect("some");
            config.live.reset_timeout =
                Backoff { initial: ms(1000), max: ms(9000), factor: 2.0, jitter: 0.0 };
        })
    }

    fn on_timer(breaker: &mut CircuitBreaker, now: Now) {
        breaker.on_timer(None, &NO_STALLS, now);
    }

    #[test]
    fn a_probe_that_does_not_settle_in_time_opens_it_again_for_longer() {
        let mut breaker = waiting_for(300, 1);
        let late = admit(&mut breaker, at(1200));
        assert_eq!(breaker.poll_timer(&NO_STALLS, at(1200)), Some(ms(1500)));
        assert!(breaker.wake_at() <= ms(1500));
        on_timer(&mut breaker, at(1499));
        assert_eq!(events(&mut breaker), []);
        on_timer(&mut breaker, at(1500));
        assert_eq!(events(&mut breaker), [Event::Opened]);
        assert_eq!(breaker.state(at(1500)), State::Open { retry_at: ms(3500) });
        assert_eq!(breaker.attempt(), 2);
        succeed(&mut breaker, late, at(1600));
        assert_eq!(breaker.state(at(1600)), State::Open { retry_at: ms(3500) }, "too late");
    }

    #[test]
    fn without_a_probe_there_is_nothing_to_wait_for() {
        let mut breaker = waiting_for(300, 2);
        assert_eq!(breaker.poll_timer(&NO_STALLS, at(1000)), None);
        let first = admit(&mut breaker, at(1000));
        succeed(&mut breaker, first, at(1100));
        assert_eq!(breaker.poll_timer(&NO_STALLS, at(1100)), None, "none is under way");
        on_timer(&mut breaker, at(9000));
        let last = admit(&mut breaker, at(9000));
        succeed(&mut breaker, last, at(9001));
        assert_eq!(breaker.state(at(9001)), State::Closed);
        assert_eq!(breaker.poll_timer(&NO_STALLS, at(9001)), None);
    }

    #[test]
    fn it_counts_from_the_last_of_them_and_ends_as_soon_as_all_have_settled() {
        let mut breaker = waiting_for(300, 3);
        let first = admit(&mut breaker, at(1000));
        let _hangs = admit(&mut breaker, at(1200));
        succeed(&mut breaker, first, at(1299));
        on_timer(&mut breaker, at(1499));
        assert!(matches!(breaker.state(at(1499)), State::HalfOpen { .. }));
        on_timer(&mut breaker, at(1500));
        assert_eq!(events(&mut breaker), [Event::Opened]);
    }

    #[test]
    fn a_probe_without_a_timeout_keeps_others_out_until_then() {
        let mut breaker = waiting_for(5_000, 1);
        let _hangs = admit(&mut breaker, at(1000));
        assert_eq!(refuse(&mut breaker, at(4000)), None, "longer than the reset timeout");
    }

    #[test]
    fn it_goes_on_under_another_clock() {
        let mut breaker = waiting_for(300, 1);
        let _hangs = admit(&mut breaker, at(1000));
        breaker.change_clocks(&Shift { from: at(1100), to: at(70) }, &NO_STALLS);
        on_timer(&mut breaker, at(269));
        assert_eq!(events(&mut breaker), []);
        on_timer(&mut breaker, at(270));
        assert_eq!(events(&mut breaker), [Event::Opened]);
    }
}

mod ramp_up {
    use super::*;

    /// Closed at 1000, ramping for a second; the host says what is drawn.
    fn ramping() -> CircuitBreaker {
        let mut breaker = half_open(|config| {
            config.ramp_up = Some(ms(1000));
            config.chance.is_given = true;
        });
        let probe = admit(&mut breaker, at(1000));
        succeed(&mut breaker, probe, at(1000));
        assert_eq!(events(&mut breaker), [Event::Closed]);
        breaker
    }

    /// Whether a call passes for which that is drawn.
    fn passes(breaker: &mut CircuitBreaker, draw: f64, now: Now) -> bool {
        breaker.give_draw(draw);
        let admission = breaker.try_acquire(false, now);
        assert_eq!(events(breaker), [Event::Draw], "another is asked for");
        match admission {
            Admission::Admitted(permit) => {
                succeed(breaker, permit, now);
                true
            }
            Admission::Refused(Refusal::RampUp) => false,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_tenth_passes_at_first_and_more_from_moment_to_moment() {
        let mut breaker = ramping();
        for (now, share) in [(1000, 0.1), (1500, 0.55), (1900, 0.91), (1999, 0.9991)] {
            assert!(passes(&mut breaker, share - 1e-6, at(now)), "{now}");
            assert!(!passes(&mut breaker, share + 1e-6, at(now)), "{now}");
        }
        assert_eq!(breaker.state(at(1999)), State::Closed);
        let window = breaker.window(at(1999));
        assert_eq!(window.total(Counter::Rejects), 4);
        assert_eq!(window.total(Counter::Failures), 0, "to be refused is no failure");
    }

    #[test]
    fn all_pass_when_it_is_over_and_nothing_is_drawn() {
        let mut breaker = ramping();
        breaker.give_draw(0.999_999);
        for now in [2000, 2001] {
            let call = admit(&mut breaker, at(now));
            succeed(&mut breaker, call, at(now));
        }
        assert_eq!(events(&mut breaker), []);
    }

    #[test]
    fn it_begins_with_each_closing_and_ends_with_an_opening() {
        let mut breaker = ramping();
        breaker.open(at(1100));
        assert!(matches!(breaker.state(at(1100)), State::Open { .. }));
        breaker.close(at(1700));
        events(&mut breaker);
        assert!(!passes(&mut breaker, 0.2, at(1750)), "whoever closed it");
        assert!(passes(&mut breaker, 0.2, at(1850)));
    }

    #[test]
    fn a_new_breaker_and_one_whose_option_is_gone_let_all_pass() {
        let mut breaker = with(|config| config.ramp_up = Some(ms(1000)));
        admit(&mut breaker, at(0));
        let mut breaker = ramping();
        breaker.update(&Config { half_open: Default::default(), ..Config::default() }, at(1001));
        breaker.give_draw(0.99);
        admit(&mut breaker, at(1001));
    }

    #[test]
    fn it_goes_on_in_another_breaker() {
        let mut breaker = ramping();
        let mut other = with(|config| {
            config.ramp_up = Some(ms(1000));
            config.chance.is_given = true;
        });
        other.inject(breaker.extract(at(1500)), at(5_000));
        assert!(!passes(&mut other, 0.6, at(5_000)));
        assert!(passes(&mut other, 0.6, at(5_200)));
    }
}

mod probes_of_the_host {
    use super::*;

    fn probed(change: impl FnOnce(&mut Config)) -> CircuitBreaker {
        half_open(|config| {
            config.half_open.by_host = true;
            change(config);
        })
    }

    #[test]
    fn calls_are_refused_and_the_probe_decides() {
        for (succeeds, event) in [(true, Event::Closed), (false, Event::Opened)] {
            let mut breaker = probed(|_| {});
            assert_eq!(refuse(&mut breaker, at(1000)), None);
            let probe = breaker.begin_probe(at(1000)).expect("a probe");
            assert_eq!(breaker.begin_probe(at(1000)), None, "one at a time");
            breaker.end_probe(probe, succeeds, at(1001));
            assert_eq!(events(&mut breaker), [event]);
            assert_eq!(breaker.available(), i64::MAX);
            let window = breaker.window(at(1001));
            assert_eq!(window.total(Counter::Fires), 1, "the one that was refused");
            assert_eq!(window.total(Counter::Successes) + window.total(Counter::Failures), 0);
        }
    }

    #[test]
    fn one_that_is_late_has_failed() {
        let mut breaker = probed(|config| config.live.timeout = Some(ms(50)));
        let probe = breaker.begin_probe(at(1000)).expect("a probe");
        breaker.on_timer(None, &NO_STALLS, at(1050));
        breaker.end_probe(probe, true, at(1051));
        assert_eq!(events(&mut breaker), [Event::Opened]);
        assert_eq!(breaker.poll_expired(), None, "its maker knows");
        assert_eq!(breaker.waiting(), 0);
    }

    #[test]
    fn one_that_finds_no_place_is_tried_again_after_as_long_as_the_circuit_was_open() {
        let mut breaker = probed(|config| config.capacity = 1);
        assert!(breaker.take_capacity());
        assert_eq!(breaker.begin_probe(at(1000)), None);
        assert_eq!(refuse(&mut breaker, at(1100)), Some(ms(900)));
        breaker.release_capacity();
        breaker.state(at(2000));
        assert_eq!(events(&mut breaker), [Event::Probe], "the host is asked again, nobody else");
        let probe = breaker.begin_probe(at(2000)).expect("a place");
        breaker.end_probe(probe, true, at(2001));
        assert_eq!(events(&mut breaker), [Event::Closed]);
    }

    #[test]
    fn one_that_ends_when_the_circuit_has_moved_moves_nothing() {
        let mut breaker = probed(|_| {});
        let probe = breaker.begin_probe(at(1000)).expect("a probe");
        breaker.close(at(1001));
        breaker.open(at(1002));
        events(&mut breaker);
        breaker.end_probe(probe, true, at(1003));
        assert_eq!(events(&mut breaker), []);
        assert_eq!(breaker.begin_probe(at(1003)), None, "it is open");
    }

    #[test]
    fn a_breaker_that_is_restored_half_open_asks_for_one_when_the_timer_goes_off() {
        let mut breaker = with(|config| config.half_open.by_host = true);
        breaker.restore(State::HalfOpen { probing_until: None });
        assert_eq!(events(&mut breaker), []);
        assert_eq!(breaker.poll_timer(&NO_STALLS, at(5)), Some(Nanos::ZERO));
        breaker.on_timer(None, &NO_STALLS, at(5));
        assert_eq!(events(&mut breaker), [Event::Probe]);
        assert_eq!(breaker.poll_timer(&NO_STALLS, at(5)), None);
    }

    #[test]
    fn whoever_probes_by_itself_from_now_on_is_asked_at_once() {
        let mut breaker = half_open(|_| {});
        let mut config = Config::default();
        config.half_open.by_host = true;
        breaker.update(&config, at(1001));
        assert_eq!(events(&mut breaker), [Event::Probe]);
    }

    #[test]
    fn as_many_as_are_asked_for_one_after_the_other() {
        let mut breaker = probed(|config| {
            config.half_open.calls = NonZeroU32::new(3).expect("some");
        });
        for now in 1001..=1003 {
            if now > 1001 {
                assert_eq!(events(&mut breaker), [Event::Probe]);
            }
            let probe = breaker.begin_probe(at(now)).expect("a probe");
            breaker.end_probe(probe, true, at(now));
        }
        assert_eq!(events(&mut breaker), [Event::Closed]);
    }
}

//! The breaker state by state: given, when, then. Time is in milliseconds from the
//! breaker's making.

use std::num::NonZeroU32;

use didelphis_core::breaker::{Admission, CircuitBreaker, Event, Refusal, Settled};
use didelphis_core::calls::Permit;
use didelphis_core::config::{Config, LiveOptions};
use didelphis_core::mode::Mode;
use didelphis_core::stall_log::{StallLog, NO_STALLS};
use didelphis_core::state::State;
use didelphis_core::time::{Nanos, Now};
use didelphis_core::window::Counter;

fn at(millis: u64) -> Now {
    Now::unstalled(Nanos::from_millis(millis))
}

fn breaker() -> CircuitBreaker {
    with(|_| {})
}

fn with(change: impl FnOnce(&mut Config)) -> CircuitBreaker {
    let mut config = Config::default();
    config.live.reset_timeout = Nanos::from_millis(1000).into();
    config.live.timeout = Some(Nanos::from_millis(100));
    change(&mut config);
    CircuitBreaker::new(config, at(0))
}

fn admit(breaker: &mut CircuitBreaker, now: Now) -> Permit {
    match breaker.try_acquire(false, now) {
        Admission::Admitted(permit) => permit,
        other => panic!("not admitted: {other:?}"),
    }
}

fn succeed(breaker: &mut CircuitBreaker, permit: Permit, now: Now) {
    assert!(matches!(breaker.on_success(permit, now), Settled::Done { .. }));
}

fn fail(breaker: &mut CircuitBreaker, permit: Permit, now: Now) {
    let settled = breaker.on_failure(permit, now);
    let Settled::Failed { permit, .. } = settled else { panic!("{settled:?}") };
    breaker.evaluate_trip(permit, now);
}

/// A breaker that opens at that many failures in a row, whatever their rate.
fn opening_at(in_a_row: u32) -> CircuitBreaker {
    with(|config| {
        config.live.error_threshold_percentage = 100.0;
        config.live.max_failures = NonZeroU32::new(in_a_row);
    })
}

fn fire_and_fail(breaker: &mut CircuitBreaker, now: Now) {
    let permit = admit(breaker, now);
    fail(breaker, permit, now);
}

fn events(breaker: &mut CircuitBreaker) -> Vec<Event> {
    std::iter::from_fn(|| breaker.poll_event()).collect()
}

fn opened(now: Now) -> CircuitBreaker {
    let mut breaker = breaker();
    breaker.open(now);
    assert_eq!(events(&mut breaker), [Event::Opened]);
    breaker
}

fn half_open(now: Now) -> CircuitBreaker {
    let mut breaker = opened(at(now.monotonic.as_millis() - 1000));
    assert_eq!(breaker.state(now), State::HalfOpen { probing_until: None });
    assert_eq!(events(&mut breaker), [Event::HalfOpened]);
    breaker
}

/// A half-open breaker without a timeout, whose probe has begun at that moment.
fn hung_probe(now: Now) -> (CircuitBreaker, Permit) {
    let mut breaker = half_open(now);
    breaker.set_live_options(
        LiveOptions {
            timeout: None,
            reset_timeout: Nanos::from_millis(1000).into(),
            ..Default::default()
        },
        now,
    );
    let probe = admit(&mut breaker, now);
    (breaker, probe)
}

/// In milliseconds.
const A_CENTURY: u64 = 3_155_760_000_000;

mod closed {
    use super::*;

    #[test]
    fn lets_calls_pass_and_counts_them() {
        let mut breaker = breaker();
        let permit = admit(&mut breaker, at(1));
        succeed(&mut breaker, permit, at(3));
        assert_eq!(breaker.window(at(3)).total(Counter::Fires), 1);
        assert_eq!(breaker.window(at(3)).total(Counter::Successes), 1);
        assert_eq!(breaker.state(at(3)), State::Closed);
    }

    #[test]
    fn opens_when_failures_are_more_than_the_threshold() {
        let mut breaker = breaker();
        let (first, second) = (admit(&mut breaker, at(0)), admit(&mut breaker, at(0)));
        succeed(&mut breaker, first, at(1));
        fail(&mut breaker, second, at(2));
        assert_eq!(breaker.state(at(2)), State::Closed, "one in two is not more than 50 %");
        let third = admit(&mut breaker, at(3));
        fail(&mut breaker, third, at(3));
        assert_eq!(events(&mut breaker), [Event::Opened]);
    }

    #[test]
    fn opens_at_so_many_failures_in_a_row() {
        let mut breaker = opening_at(3);
        let permit = admit(&mut breaker, at(0));
        succeed(&mut breaker, permit, at(0));
        fire_and_fail(&mut breaker, at(1));
        fire_and_fail(&mut breaker, at(2));
        assert_eq!(events(&mut breaker), []);
        fire_and_fail(&mut breaker, at(3));
        assert_eq!(events(&mut breaker), [Event::Opened]);
    }

    #[test]
    fn a_success_begins_the_row_anew() {
        let mut breaker = opening_at(2);
        for now in 0..3 {
            fire_and_fail(&mut breaker, at(now));
            let permit = admit(&mut breaker, at(now));
            succeed(&mut breaker, permit, at(now));
        }
        assert_eq!(breaker.state(at(3)), State::Closed);
    }

    #[test]
    fn a_row_is_longer_than_the_window() {
        let mut breaker = opening_at(2);
        fire_and_fail(&mut breaker, at(0));
        fire_and_fail(&mut breaker, at(100_000));
        assert_eq!(events(&mut breaker), [Event::Opened]);
    }

    #[test]
    fn closing_begins_the_row_anew_and_earlier_calls_do_not_count_in_it() {
        let mut breaker = opening_at(2);
        let early = [admit(&mut breaker, at(0)), admit(&mut breaker, at(0))];
        fire_and_fail(&mut breaker, at(0));
        breaker.open(at(0));
        breaker.close(at(0));
        assert_eq!(events(&mut breaker), [Event::Opened, Event::Closed]);
        for permit in early {
            fail(&mut breaker, permit, at(1));
        }
        fire_and_fail(&mut breaker, at(1));
        assert_eq!(breaker.state(at(1)), State::Closed);
        fire_and_fail(&mut breaker, at(1));
        assert!(matches!(breaker.state(at(1)), State::Open { .. }));
    }

    #[test]
    fn waits_for_the_volume() {
        let mut breaker = with(|config| config.volume_threshold = 3);
        for _ in 0..2 {
            let permit = admit(&mut breaker, at(0));
            fail(&mut breaker, permit, at(0));
            assert_eq!(breaker.state(at(0)), State::Closed);
        }
        let permit = admit(&mut breaker, at(0));
        fail(&mut breaker, permit, at(0));
        assert!(matches!(breaker.state(at(0)), State::Open { .. }));
    }

    #[test]
    fn forgets_failures_that_ran_out_of_the_window() {
        let mut breaker = with(|config| config.volume_threshold = 2);
        let permit = admit(&mut breaker, at(0));
        fail(&mut breaker, permit, at(0));
        let permit = admit(&mut breaker, at(10_000));
        fail(&mut breaker, permit, at(10_000));
        assert_eq!(breaker.state(at(10_000)), State::Closed);
    }

    #[test]
    fn does_not_open_while_it_warms_up() {
        let mut breaker = with(|config| config.warm_up = Some(Nanos::from_millis(500)));
        let permit = admit(&mut breaker, at(0));
        fail(&mut breaker, permit, at(499));
        assert_eq!(breaker.state(at(499)), State::Closed);
        let permit = admit(&mut breaker, at(500));
        fail(&mut breaker, permit, at(500));
        assert!(matches!(breaker.state(at(500)), State::Open { .. }));
    }

    #[test]
    fn refuses_calls_over_its_capacity_and_counts_them_as_failures() {
        let mut breaker = with(|config| {
            config.capacity = 1;
            config.live.error_threshold_percentage = 100.0;
        });
        let first = admit(&mut breaker, at(0));
        let refused = match breaker.try_acquire(false, at(0)) {
            Admission::Refused(Refusal::Capacity(permit)) => permit,
            other => panic!("{other:?}"),
        };
        fail(&mut breaker, refused, at(0));
        assert_eq!(breaker.window(at(0)).total(Counter::SemaphoreRejections), 1);
        assert_eq!(breaker.window(at(0)).total(Counter::Failures), 1);
        assert_eq!(breaker.available(), 0, "it never had a place to give back");
        succeed(&mut breaker, first, at(1));
        assert_eq!(breaker.available(), 1);
    }

    #[test]
    fn expires_a_call_that_passes_its_deadline_and_takes_back_its_place() {
        let mut breaker = with(|config| config.capacity = 1);
        let permit = admit(&mut breaker, at(0));
        assert_eq!(breaker.poll_timer(&NO_STALLS, at(40)), Some(Nanos::from_millis(100)));
        breaker.on_timer(None, &NO_STALLS, at(100));
        assert_eq!(breaker.available(), 1);
        assert_eq!(breaker.poll_expired(), Some(Permit::from_raw(permit.into_raw())));
        assert_eq!(breaker.poll_expired(), None);
    }

    #[test]
    fn a_call_that_was_late_ends_as_a_timeout_whatever_its_action_did() {
        let mut breaker = breaker();
        let permit = admit(&mut breaker, at(0));
        breaker.on_timer(None, &NO_STALLS, at(100));
        let settled = breaker.on_success(permit, at(101));
        let Settled::Late(permit) = settled else { panic!("{settled:?}") };
        let timed_out = breaker.on_timeout(&permit, at(101)).map(|call| call.latency);
        assert_eq!(timed_out, Some(101));
        fail(&mut breaker, permit, at(101));
        let window = breaker.window(at(101));
        assert_eq!(window.total(Counter::Successes), 0);
        assert_eq!(window.total(Counter::Timeouts), 1);
        assert_eq!(window.total(Counter::Failures), 1);
        assert_eq!(breaker.poll_expired(), None, "nobody is told twice");
    }

    #[test]
    fn time_in_which_the_loop_is_stalled_does_not_count() {
        let mut breaker = breaker();
        let _permit = admit(&mut breaker, at(0));
        let mut stalls = StallLog::new();
        stalls.push(Nanos::from_millis(640), Nanos::from_millis(690));
        let after = Now { stalls: 1, ..at(700) };
        breaker.on_timer(None, &stalls, after);
        assert!(!breaker.has_expired());
        assert_eq!(breaker.poll_timer(&stalls, after), Some(Nanos::from_millis(740)));
    }

    #[test]
    fn a_changed_timeout_holds_for_the_next_call() {
        let mut breaker = breaker();
        let _long = admit(&mut breaker, at(0));
        breaker.set_live_options(
            LiveOptions { timeout: Some(Nanos::from_millis(10)), ..Default::default() },
            at(0),
        );
        let short = admit(&mut breaker, at(0));
        breaker.on_timer(None, &NO_STALLS, at(10));
        assert_eq!(breaker.poll_expired(), Some(short));
        assert_eq!(breaker.poll_expired(), None);
    }
}

mod open {
    use super::*;

    #[test]
    fn refuses_calls_and_says_for_how_long() {
        let mut breaker = opened(at(5));
        let retry_at = Nanos::from_millis(1005);
        let retry_after = Some(Nanos::from_millis(999));
        let refused = Admission::Refused(Refusal::Open { retry_after });
        assert_eq!(breaker.try_acquire(false, at(6)), refused);
        assert_eq!(breaker.window(at(6)).total(Counter::Rejects), 1);
        assert_eq!(breaker.window(at(6)).total(Counter::Fires), 1);
        assert_eq!(breaker.poll_timer(&NO_STALLS, at(6)), Some(retry_at));
    }

    #[test]
    fn is_half_open_for_whoever_asks_once_its_time_is_up() {
        let mut breaker = opened(at(0));
        assert!(matches!(breaker.state(at(999)), State::Open { .. }));
        assert_eq!(breaker.try_acquire(false, at(1000)), Admission::EventsFirst);
        assert_eq!(events(&mut breaker), [Event::HalfOpened]);
        assert_eq!(breaker.window(at(1000)).total(Counter::Fires), 0, "the call was not counted");
        admit(&mut breaker, at(1000));
    }

    #[test]
    fn is_half_open_by_the_timer() {
        let mut breaker = opened(at(0));
        breaker.on_timer(None, &NO_STALLS, at(1000));
        assert_eq!(events(&mut breaker), [Event::HalfOpened]);
    }

    #[test]
    fn stays_open_for_ever_without_a_reset_timeout() {
        let mut breaker = with(|config| config.live.reset_timeout = Nanos::MAX.into());
        breaker.open(at(0));
        assert_eq!(breaker.poll_timer(&NO_STALLS, at(0)), None);
        assert!(matches!(breaker.state(at(A_CENTURY)), State::Open { .. }));
    }

    #[test]
    fn is_not_opened_again_nor_put_off() {
        let mut breaker = opened(at(0));
        breaker.open(at(500));
        assert_eq!(events(&mut breaker), []);
        assert_eq!(breaker.poll_timer(&NO_STALLS, at(500)), Some(Nanos::from_millis(1000)));
    }

    #[test]
    fn calls_from_before_it_opened_move_nothing() {
        let mut breaker = breaker();
        let (good, bad) = (admit(&mut breaker, at(0)), admit(&mut breaker, at(0)));
        breaker.open(at(1));
        events(&mut breaker);
        breaker.on_timer(None, &NO_STALLS, at(99));
        succeed(&mut breaker, good, at(50));
        fail(&mut breaker, bad, at(50));
        assert!(matches!(breaker.state(at(50)), State::Open { .. }));
        assert_eq!(events(&mut breaker), []);
    }
}

mod half_open {
    use super::*;

    #[test]
    fn lets_one_call_try() {
        let mut breaker = half_open(at(2000));
        let _probe = admit(&mut breaker, at(2000));
        let refused = Admission::Refused(Refusal::Open { retry_after: None });
        assert_eq!(breaker.try_acquire(false, at(2001)), refused);
        assert_eq!(breaker.state(at(2001)), State::HalfOpen { probing_until: Some(Nanos::MAX) });
    }

    #[test]
    fn a_probe_with_a_deadline_is_the_only_one_until_it_has_ended() {
        let mut breaker = with(|config| config.live.timeout = Some(Nanos::from_millis(60_000)));
        breaker.open(at(0));
        breaker.state(at(1000));
        events(&mut breaker);
        let probe = admit(&mut breaker, at(1000));
        let refused = Admission::Refused(Refusal::Open { retry_after: None });
        assert_eq!(breaker.try_acquire(false, at(60_999)), refused);
        breaker.on_timer(None, &NO_STALLS, at(61_000));
        assert_eq!(breaker.poll_expired(), Some(probe));
        assert_eq!(events(&mut breaker), []);
    }

    #[test]
    fn lets_one_more_try_when_the_probe_has_hung_for_the_reset_timeout() {
        let (mut breaker, _hung) = hung_probe(at(2000));
        let refused = |ms| {
            let retry_after = Some(Nanos::from_millis(ms));
            Admission::Refused(Refusal::Open { retry_after })
        };
        assert_eq!(breaker.try_acquire(false, at(2400)), refused(600));
        assert_eq!(breaker.poll_timer(&NO_STALLS, at(2400)), Some(Nanos::from_millis(3000)));
        assert_eq!(breaker.try_acquire(false, at(3000)), Admission::EventsFirst);
        assert_eq!(events(&mut breaker), [Event::HalfOpened], "one call may try: again");
        let _second = admit(&mut breaker, at(3300));
        assert_eq!(breaker.try_acquire(false, at(3300)), refused(1000), "one, not two");
        breaker.on_timer(None, &NO_STALLS, at(4300));
        assert_eq!(events(&mut breaker), [Event::HalfOpened]);
        assert_eq!(breaker.poll_timer(&NO_STALLS, at(4300)), None, "nobody has tried since");
    }

    #[test]
    fn whichever_probe_ends_first_decides() {
        for (first_succeeds, older_is_first) in
            [(true, true), (true, false), (false, true), (false, false)]
        {
            let (mut breaker, older) = hung_probe(at(2000));
            breaker.state(at(3000));
            events(&mut breaker);
            let newer = admit(&mut breaker, at(3000));
            let (first, second) = if older_is_first { (older, newer) } else { (newer, older) };
            let (state, event) = if first_succeeds {
                succeed(&mut breaker, first, at(3001));
                (State::Closed, Event::Closed)
            } else {
                fail(&mut breaker, first, at(3001));
                (State::Open { retry_at: Nanos::from_millis(4001) }, Event::Opened)
            };
            assert_eq!(breaker.state(at(3002)), state);
            // The other one is of an earlier generation.
            if first_succeeds {
                fail(&mut breaker, second, at(3003));
            } else {
                succeed(&mut breaker, second, at(3003));
            }
            assert_eq!(breaker.state(at(3003)), state);
            assert_eq!(events(&mut breaker), [event]);
        }
    }

    #[test]
    fn a_probe_that_hung_decides_while_nobody_else_tries() {
        let (mut breaker, hung) = hung_probe(at(2000));
        breaker.state(at(3000));
        succeed(&mut breaker, hung, at(3500));
        assert_eq!(events(&mut breaker), [Event::HalfOpened, Event::Closed]);

        let (mut breaker, hung) = hung_probe(at(2000));
        breaker.state(at(3000));
        fail(&mut breaker, hung, at(3500));
        assert_eq!(events(&mut breaker), [Event::HalfOpened, Event::Opened]);
    }

    #[test]
    fn waits_for_a_hung_probe_for_ever_without_a_reset_timeout() {
        let mut breaker = with(|config| {
            config.live.reset_timeout = Nanos::MAX.into();
            config.live.timeout = None;
        });
        breaker.restore(State::HalfOpen { probing_until: None });
        let _hung = admit(&mut breaker, at(0));
        assert_eq!(breaker.poll_timer(&NO_STALLS, at(0)), None);
        let refused = Admission::Refused(Refusal::Open { retry_after: None });
        assert_eq!(breaker.try_acquire(false, at(A_CENTURY)), refused);
    }

    #[test]
    fn a_probe_that_finds_no_place_is_not_spent() {
        let mut breaker = with(|config| config.capacity = 1);
        assert!(breaker.take_capacity());
        breaker.restore(State::HalfOpen { probing_until: None });
        for succeeds in [false, true] {
            let refused = match breaker.try_acquire(false, at(1)) {
                Admission::Refused(Refusal::Capacity(permit)) => permit,
                other => panic!("{other:?}"),
            };
            // A filter may say that the error is harmless.
            if succeeds {
                succeed(&mut breaker, refused, at(2));
            } else {
                fail(&mut breaker, refused, at(2));
            }
            assert_eq!(breaker.state(at(2)), State::HalfOpen { probing_until: None });
        }
        assert_eq!(events(&mut breaker), []);
        assert_eq!(breaker.window(at(2)).total(Counter::SemaphoreRejections), 2);
        assert_eq!(breaker.window(at(2)).total(Counter::Failures), 1);
        breaker.release_capacity();
        let probe = admit(&mut breaker, at(3));
        succeed(&mut breaker, probe, at(4));
        assert_eq!(breaker.state(at(4)), State::Closed);
    }

    #[test]
    fn closes_when_the_probe_succeeds() {
        let mut breaker = half_open(at(2000));
        let probe = admit(&mut breaker, at(2000));
        succeed(&mut breaker, probe, at(2001));
        assert_eq!(breaker.state(at(2001)), State::Closed);
        assert_eq!(events(&mut breaker), [Event::Closed]);
    }

    #[test]
    fn opens_for_the_whole_reset_timeout_when_the_probe_fails() {
        // Whatever the rate and the volume.
        let mut breaker = with(|config| config.volume_threshold = 1000);
        breaker.open(at(0));
        breaker.state(at(1000));
        events(&mut breaker);
        let probe = admit(&mut breaker, at(1200));
        fail(&mut breaker, probe, at(1250));
        assert_eq!(breaker.state(at(1250)), State::Open { retry_at: Nanos::from_millis(2250) });
        assert_eq!(events(&mut breaker), [Event::Opened]);
    }

    #[test]
    fn a_failed_probe_opens_it_even_while_it_warms_up() {
        let mut breaker = with(|config| config.warm_up = Some(Nanos::from_millis(60_000)));
        breaker.open(at(0));
        breaker.state(at(1000));
        events(&mut breaker);
        let probe = admit(&mut breaker, at(1000));
        fail(&mut breaker, probe, at(1000));
        assert!(matches!(breaker.state(at(1000)), State::Open { .. }));
    }

    #[test]
    fn a_success_from_before_the_opening_does_not_close_it() {
        let mut breaker = breaker();
        let old = admit(&mut breaker, at(0));
        breaker.open(at(1));
        breaker.state(at(1001));
        events(&mut breaker);
        succeed(&mut breaker, old, at(1002));
        assert_eq!(breaker.state(at(1002)), State::HalfOpen { probing_until: None });
    }

    #[test]
    fn a_failure_from_before_the_opening_does_not_open_it() {
        let mut breaker = breaker();
        let old = admit(&mut breaker, at(0));
        breaker.open(at(1));
        breaker.state(at(1001));
        events(&mut breaker);
        fail(&mut breaker, old, at(1002));
        assert_eq!(breaker.state(at(1002)), State::HalfOpen { probing_until: None });
    }
}

mod disabled {
    use super::*;

    #[test]
    fn lets_every_call_through_and_takes_no_interest() {
        let mut breaker = opened(at(0));
        breaker.set_mode(Mode::Disabled, at(0));
        assert_eq!(breaker.try_acquire(false, at(1)), Admission::Unguarded);
        assert_eq!(breaker.window(at(1)).total(Counter::Fires), 1, "but the fire");
        assert_eq!(breaker.waiting(), 0);
        breaker.set_mode(Mode::Normal, at(2));
        assert!(matches!(breaker.try_acquire(false, at(2)), Admission::Refused(_)));
    }
}

mod shut_down {
    use super::*;

    #[test]
    fn refuses_every_call_for_good_and_counts_nothing() {
        let mut breaker = breaker();
        breaker.shutdown(at(0));
        assert_eq!(breaker.try_acquire(false, at(1)), Admission::Refused(Refusal::Shutdown));
        breaker.open(at(2));
        breaker.close(at(2));
        breaker.set_mode(Mode::Normal, at(2));
        assert_eq!(breaker.state(at(3)), State::Shutdown);
        assert_eq!(breaker.window(at(3)).total(Counter::Fires), 0);
        assert_eq!(events(&mut breaker), []);
    }

    #[test]
    fn calls_under_way_still_settle_and_still_time_out() {
        let mut breaker = breaker();
        let (quick, hung) = (admit(&mut breaker, at(0)), admit(&mut breaker, at(0)));
        breaker.shutdown(at(1));
        succeed(&mut breaker, quick, at(2));
        breaker.on_timer(None, &NO_STALLS, at(100));
        assert_eq!(breaker.poll_expired(), Some(hung));
        assert_eq!(breaker.poll_timer(&NO_STALLS, at(100)), None);
        assert_eq!(breaker.window(at(100)).total(Counter::Successes), 0);
    }
}

mod restored {
    use super::*;

    #[test]
    fn an_open_circuit_waits_what_is_left_and_announces_nothing() {
        let mut breaker = breaker();
        breaker.restore(State::Open { retry_at: Nanos::from_millis(70) });
        assert_eq!(events(&mut breaker), []);
        assert!(matches!(breaker.state(at(69)), State::Open { .. }));
        assert_eq!(breaker.state(at(70)), State::HalfOpen { probing_until: None });
    }
}

mod snapshots {
    use super::*;

    #[test]
    fn come_at_the_end_of_every_bucket_while_they_are_wanted() {
        let mut breaker = breaker();
        assert_eq!(breaker.poll_timer(&NO_STALLS, at(10)), None);
        breaker.set_snapshots(true, at(10));
        assert_eq!(breaker.poll_timer(&NO_STALLS, at(10)), Some(Nanos::from_millis(1000)));
        breaker.on_timer(None, &NO_STALLS, at(1000));
        assert_eq!(events(&mut breaker), [Event::Snapshot]);
        breaker.on_timer(None, &NO_STALLS, at(7300));
        assert_eq!(events(&mut breaker), [Event::Snapshot], "late ones are not made up for");
        assert_eq!(breaker.poll_timer(&NO_STALLS, at(7300)), Some(Nanos::from_millis(8000)));
        breaker.set_snapshots(false, at(7300));
        assert_eq!(breaker.poll_timer(&NO_STALLS, at(7300)), None);
    }
}

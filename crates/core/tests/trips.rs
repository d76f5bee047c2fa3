//! When a breaker opens, a section for each policy: given, when, then. Time is in milliseconds
//! from the breaker's making. What they do together is played by the model.

use std::num::NonZeroU32;

use didelphis_core::breaker::{Admission, CircuitBreaker, Reason, Refusal, Settled};
use didelphis_core::calls::Permit;
use didelphis_core::config::{Config, RateOf, SlowCallConfig};
use didelphis_core::mode::Mode;
use didelphis_core::stall_log::StallLog;
use didelphis_core::state::State;
use didelphis_core::time::{Nanos, Now};

fn at(millis: u64) -> Now {
    Now::unstalled(Nanos::from_millis(millis))
}

fn with(change: impl FnOnce(&mut Config)) -> CircuitBreaker {
    let mut config = Config::default();
    config.live.reset_timeout = Nanos::from_millis(1000).into();
    change(&mut config);
    CircuitBreaker::new(config, at(0))
}

fn by_outcomes(volume: i64) -> CircuitBreaker {
    with(|config| {
        config.rate_of = RateOf::Outcomes;
        config.volume_threshold = volume;
    })
}

fn admit(breaker: &mut CircuitBreaker, now: Now) -> Permit {
    breaker.state(now);
    while breaker.poll_event().is_some() {}
    match breaker.try_acquire(false, now) {
        Admission::Admitted(permit) => permit,
        other => panic!("not admitted: {other:?}"),
    }
}

fn end_well(breaker: &mut CircuitBreaker, permit: Permit, now: Now) {
    assert!(matches!(breaker.on_success(permit, now), Settled::Done { .. }));
}

fn end_ill(breaker: &mut CircuitBreaker, permit: Permit, now: Now) {
    let settled = breaker.on_failure(permit, now);
    let Settled::Failed { permit, .. } = settled else { panic!("{settled:?}") };
    breaker.evaluate_trip(permit, now);
}

fn succeed(breaker: &mut CircuitBreaker, now: Now) {
    let permit = admit(breaker, now);
    end_well(breaker, permit, now);
}

fn fail(breaker: &mut CircuitBreaker, now: Now) {
    let permit = admit(breaker, now);
    end_ill(breaker, permit, now);
}

/// Asks for a place that there is not, and ends the call so.
fn be_locked_out(breaker: &mut CircuitBreaker, now: Now) {
    let Admission::Refused(Refusal::Capacity(permit)) = breaker.try_acquire(false, now) else {
        panic!("there is a place")
    };
    end_ill(breaker, permit, now);
}

fn is_open(breaker: &mut CircuitBreaker, now: Now) -> bool {
    matches!(breaker.state(now), State::Open { .. })
}

fn figures(breaker: &CircuitBreaker) -> (Reason, i64, i64, f64) {
    let trip = breaker.last_trip().expect("it has opened");
    (trip.reason, trip.count, trip.calls, trip.threshold)
}

mod the_rate_of_outcomes {
    use super::*;

    #[test]
    fn opens_at_the_volume_whatever_is_under_way() {
        let mut breaker = by_outcomes(10);
        let permits: Vec<_> = (0..100).map(|_| admit(&mut breaker, at(0))).collect();
        let mut failed = 0;
        for permit in permits {
            if is_open(&mut breaker, at(10)) {
                break;
            }
            end_ill(&mut breaker, permit, at(10));
            failed += 1;
        }
        assert_eq!(failed, 10);
        assert_eq!(figures(&breaker), (Reason::ErrorRate, 10, 10, 50.0));
    }

    #[test]
    fn is_above_the_threshold_not_at_it() {
        let mut breaker = by_outcomes(2);
        succeed(&mut breaker, at(0));
        fail(&mut breaker, at(0));
        assert!(!is_open(&mut breaker, at(0)), "one of two");
        fail(&mut breaker, at(0));
        assert!(is_open(&mut breaker, at(0)), "two of three");
    }

    #[test]
    fn does_not_count_who_found_no_place() {
        let mut breaker = with(|config| {
            config.rate_of = RateOf::Outcomes;
            config.capacity = 1;
        });
        let permit = admit(&mut breaker, at(0));
        (0..9).for_each(|_| be_locked_out(&mut breaker, at(0)));
        assert!(!is_open(&mut breaker, at(0)));
        end_well(&mut breaker, permit, at(0));
        fail(&mut breaker, at(0));
        assert!(!is_open(&mut breaker, at(0)), "one of two");
    }

    #[test]
    fn does_not_count_calls_that_nobody_guarded() {
        let mut breaker = by_outcomes(2);
        breaker.set_mode(Mode::Disabled, at(0));
        (0..9).for_each(|_| assert_eq!(breaker.try_acquire(false, at(0)), Admission::Unguarded));
        breaker.set_mode(Mode::Normal, at(0));
        (0..2).for_each(|_| fail(&mut breaker, at(0)));
        assert_eq!(figures(&breaker), (Reason::ErrorRate, 2, 2, 50.0));
    }

    #[test]
    fn does_not_count_calls_of_an_earlier_generation() {
        let mut breaker = by_outcomes(2);
        let late: Vec<_> = (0..9).map(|_| admit(&mut breaker, at(0))).collect();
        breaker.open(at(10));
        breaker.close(at(20));
        late.into_iter().for_each(|permit| end_ill(&mut breaker, permit, at(30)));
        assert!(!is_open(&mut breaker, at(30)));
        fail(&mut breaker, at(30));
        assert!(!is_open(&mut breaker, at(30)), "the first");
        fail(&mut breaker, at(30));
        assert!(is_open(&mut breaker, at(30)));
    }

    #[test]
    fn forgets_outcomes_with_their_bucket() {
        let mut breaker = by_outcomes(3);
        (0..2).for_each(|_| fail(&mut breaker, at(500)));
        fail(&mut breaker, at(10_000));
        assert!(!is_open(&mut breaker, at(10_000)), "the first two are gone");
        (0..2).for_each(|_| fail(&mut breaker, at(10_500)));
        assert_eq!(figures(&breaker), (Reason::ErrorRate, 3, 3, 50.0));
    }

    #[test]
    fn follows_a_window_that_is_rotated_by_hand() {
        let mut breaker = by_outcomes(3);
        (0..2).for_each(|_| fail(&mut breaker, at(0)));
        (0..10).for_each(|_| breaker.window(at(0)).rotate());
        fail(&mut breaker, at(0));
        assert!(!is_open(&mut breaker, at(0)));
    }

    #[test]
    fn goes_on_in_the_breaker_that_takes_over() {
        let mut breaker = by_outcomes(3);
        (0..2).for_each(|_| fail(&mut breaker, at(900)));
        let mut other = by_outcomes(3);
        other.inject(breaker.extract(at(950)), at(50));
        fail(&mut other, at(60));
        assert_eq!(figures(&other), (Reason::ErrorRate, 3, 3, 50.0));
    }
}

mod the_last_calls {
    use super::*;

    fn of_the_last(calls: u32, volume: i64) -> CircuitBreaker {
        with(|config| {
            config.last_calls = NonZeroU32::new(calls);
            config.volume_threshold = volume;
        })
    }

    #[test]
    fn are_judged_whenever_they_ended() {
        let mut breaker = of_the_last(4, 4);
        for hour in 0..4 {
            assert!(!is_open(&mut breaker, at(hour * 3_600_000)));
            fail(&mut breaker, at(hour * 3_600_000));
        }
        assert_eq!(figures(&breaker), (Reason::ErrorRate, 4, 4, 50.0));
    }

    #[test]
    fn make_room_for_the_next() {
        let mut breaker = of_the_last(4, 4);
        (0..2).for_each(|_| fail(&mut breaker, at(0)));
        (0..3).for_each(|_| succeed(&mut breaker, at(0)));
        fail(&mut breaker, at(0));
        assert!(!is_open(&mut breaker, at(0)), "one of the last four");
        (0..2).for_each(|_| fail(&mut breaker, at(0)));
        assert_eq!(figures(&breaker), (Reason::ErrorRate, 3, 4, 50.0));
    }

    #[test]
    fn are_judged_from_the_volume_on() {
        let mut breaker = of_the_last(100, 3);
        (0..2).for_each(|_| fail(&mut breaker, at(0)));
        assert!(!is_open(&mut breaker, at(0)));
        fail(&mut breaker, at(0));
        assert!(is_open(&mut breaker, at(0)));
    }
}

mod closing {
    use super::*;

    fn emptied(rate_of: RateOf, volume: i64) -> CircuitBreaker {
        with(|config| {
            config.rate_of = rate_of;
            config.volume_threshold = volume;
            config.reset_window_on_close = true;
        })
    }

    fn recover(breaker: &mut CircuitBreaker, now: Now) {
        succeed(breaker, now);
        assert_eq!(breaker.state(now), State::Closed);
    }

    #[test]
    fn empties_the_window_for_decisions() {
        for rate_of in [RateOf::Fires, RateOf::Outcomes] {
            let mut breaker = emptied(rate_of, 5);
            (0..5).for_each(|_| fail(&mut breaker, at(0)));
            recover(&mut breaker, at(1000));
            (0..4).for_each(|_| fail(&mut breaker, at(1000)));
            assert!(!is_open(&mut breaker, at(1000)), "{rate_of:?}");
            fail(&mut breaker, at(1000));
            assert_eq!(figures(&breaker), (Reason::ErrorRate, 5, 5, 50.0), "{rate_of:?}");
        }
    }

    #[test]
    fn leaves_the_window_that_is_shown_as_it_is() {
        let mut breaker = emptied(RateOf::Fires, 0);
        fail(&mut breaker, at(0));
        let before = breaker.window(at(1000)).totals();
        recover(&mut breaker, at(1000));
        let after = breaker.window(at(1000)).totals();
        assert_eq!(before.iter().sum::<i64>() + 2, after.iter().sum::<i64>(), "the probe alone");
    }

    #[test]
    fn counts_calls_that_began_before_it_and_end_after() {
        let mut breaker = emptied(RateOf::Fires, 4);
        let late: Vec<_> = (0..3).map(|_| admit(&mut breaker, at(0))).collect();
        breaker.open(at(0));
        breaker.close(at(0));
        late.into_iter().for_each(|permit| end_ill(&mut breaker, permit, at(10)));
        fail(&mut breaker, at(10));
        assert_eq!(figures(&breaker), (Reason::ErrorRate, 4, 4, 50.0));
    }

    #[test]
    fn without_the_option_leaves_what_failed_before() {
        let mut breaker = by_outcomes(5);
        (0..5).for_each(|_| fail(&mut breaker, at(0)));
        recover(&mut breaker, at(1000));
        fail(&mut breaker, at(1000));
        assert_eq!(figures(&breaker), (Reason::ErrorRate, 6, 7, 50.0));
    }
}

mod consecutive_failures {
    use super::*;

    fn in_a_row(most: u32) -> CircuitBreaker {
        with(|config| {
            config.live.error_threshold_percentage = 100.0;
            config.volume_threshold = 1000;
            config.consecutive_failures = NonZeroU32::new(most);
            config.capacity = 1;
        })
    }

    #[test]
    fn open_the_circuit_whatever_the_volume() {
        let mut breaker = in_a_row(3);
        (0..2).for_each(|_| fail(&mut breaker, at(0)));
        assert!(!is_open(&mut breaker, at(0)));
        fail(&mut breaker, at(0));
        assert_eq!(figures(&breaker), (Reason::ConsecutiveFailures, 3, 0, 3.0));
    }

    #[test]
    fn begin_anew_after_a_success() {
        let mut breaker = in_a_row(2);
        for _ in 0..9 {
            fail(&mut breaker, at(0));
            succeed(&mut breaker, at(0));
        }
        assert!(!is_open(&mut breaker, at(0)));
    }

    #[test]
    fn begin_anew_after_closing() {
        let mut breaker = in_a_row(2);
        fail(&mut breaker, at(0));
        breaker.open(at(0));
        breaker.close(at(0));
        fail(&mut breaker, at(0));
        assert!(!is_open(&mut breaker, at(0)));
    }

    #[test]
    fn are_neither_more_nor_fewer_by_a_refusal() {
        let mut breaker = in_a_row(2);
        fail(&mut breaker, at(0));
        let permit = admit(&mut breaker, at(0));
        (0..5).for_each(|_| be_locked_out(&mut breaker, at(0)));
        assert!(!is_open(&mut breaker, at(0)));
        end_ill(&mut breaker, permit, at(0));
        assert!(is_open(&mut breaker, at(0)));
    }

    #[test]
    fn do_not_open_it_while_it_warms_up() {
        let mut breaker = with(|config| {
            config.consecutive_failures = NonZeroU32::new(1);
            config.warm_up = Some(Nanos::from_millis(100));
        });
        fail(&mut breaker, at(99));
        assert!(!is_open(&mut breaker, at(99)));
        fail(&mut breaker, at(100));
        assert!(is_open(&mut breaker, at(100)));
    }
}

mod slow_calls {
    use super::*;

    fn above(threshold_percentage: f64, volume: i64) -> CircuitBreaker {
        with(|config| {
            config.volume_threshold = volume;
            config.live.timeout = None;
            let longer_than = Nanos::from_millis(100);
            config.slow_calls = Some(SlowCallConfig { longer_than, threshold_percentage });
        })
    }

    fn take(breaker: &mut CircuitBreaker, now: u64, millis: u64) {
        let permit = admit(breaker, at(now));
        end_well(breaker, permit, at(now + millis));
    }

    #[test]
    fn open_the_circuit_above_the_threshold_not_at_it() {
        let mut breaker = above(50.0, 2);
        take(&mut breaker, 0, 10);
        take(&mut breaker, 0, 101);
        assert!(!is_open(&mut breaker, at(200)), "one of two");
        take(&mut breaker, 200, 101);
        assert_eq!(figures(&breaker), (Reason::SlowCalls, 2, 3, 50.0));
    }

    #[test]
    fn take_longer_than_the_limit_not_as_long() {
        let mut breaker = above(0.0, 0);
        take(&mut breaker, 0, 100);
        assert!(!is_open(&mut breaker, at(200)));
        take(&mut breaker, 200, 101);
        assert!(is_open(&mut breaker, at(400)));
    }

    #[test]
    fn are_all_of_them_where_the_threshold_is_that() {
        let mut breaker = above(100.0, 2);
        take(&mut breaker, 0, 10);
        (0..5).for_each(|_| take(&mut breaker, 0, 500));
        assert!(!is_open(&mut breaker, at(600)));
        let mut breaker = above(100.0, 2);
        (0..2).for_each(|_| take(&mut breaker, 0, 500));
        assert!(is_open(&mut breaker, at(600)));
    }

    #[test]
    fn wait_for_the_volume() {
        let mut breaker = above(0.0, 3);
        (0..2).for_each(|_| take(&mut breaker, 0, 500));
        assert!(!is_open(&mut breaker, at(600)));
        take(&mut breaker, 600, 500);
        assert!(is_open(&mut breaker, at(1100)));
    }

    #[test]
    fn may_have_failed() {
        let mut breaker = above(90.0, 2);
        take(&mut breaker, 0, 500);
        let permit = admit(&mut breaker, at(500));
        end_ill(&mut breaker, permit, at(1000));
        assert_eq!(figures(&breaker), (Reason::SlowCalls, 2, 2, 90.0));
    }

    #[test]
    fn are_failed_probes() {
        let mut breaker = above(0.0, 1000);
        breaker.open(at(0));
        take(&mut breaker, 1000, 101);
        assert_eq!(figures(&breaker).0, Reason::Probe);
        assert!(is_open(&mut breaker, at(1101)));
    }

    #[test]
    fn forgive_the_stalls_of_their_life() {
        let mut breaker = above(0.0, 0);
        let mut log = StallLog::new();
        let permit = admit(&mut breaker, at(0));
        log.push(Nanos::from_millis(80), Nanos::from_millis(90));
        let now = Now { stalls: 1, ..at(180) };
        assert!(matches!(breaker.on_success_in(permit, &log, now), Settled::Done { .. }));
        assert!(!is_open(&mut breaker, now), "100 ms of 180");
        let Admission::Admitted(permit) = breaker.try_acquire(false, now) else { panic!() };
        let later = Now { stalls: 1, ..at(281) };
        assert!(matches!(breaker.on_success_in(permit, &log, later), Settled::Done { .. }));
        assert!(is_open(&mut breaker, later), "the stall was before");
    }
}

mod a_question_to_the_host {
    use super::*;

    fn asking(volume: i64) -> CircuitBreaker {
        with(|config| {
            config.live.error_threshold_percentage = 100.0;
            config.volume_threshold = volume;
            config.asks_host = true;
        })
    }

    #[test]
    fn comes_after_a_failure_from_the_volume_on() {
        let mut breaker = asking(2);
        fail(&mut breaker, at(0));
        assert!(!breaker.take_question());
        fail(&mut breaker, at(0));
        assert!(breaker.take_question());
        assert!(!breaker.take_question(), "once");
        succeed(&mut breaker, at(0));
        assert!(!breaker.take_question());
    }

    #[test]
    fn does_not_come_where_something_else_opens_the_circuit() {
        let mut breaker = with(|config| config.asks_host = true);
        fail(&mut breaker, at(0));
        assert!(!breaker.take_question());
        assert_eq!(figures(&breaker).0, Reason::ErrorRate);
    }

    #[test]
    fn does_not_come_while_it_warms_up() {
        let mut breaker = with(|config| {
            config.live.error_threshold_percentage = 100.0;
            config.asks_host = true;
            config.warm_up = Some(Nanos::from_millis(100));
        });
        fail(&mut breaker, at(99));
        assert!(!breaker.take_question());
        fail(&mut breaker, at(100));
        assert!(breaker.take_question());
    }

    #[test]
    fn opens_a_closed_circuit_if_the_answer_is_yes() {
        let mut breaker = asking(0);
        breaker.on_answer(false, at(0));
        assert!(!is_open(&mut breaker, at(0)));
        breaker.on_answer(true, at(0));
        assert_eq!(figures(&breaker).0, Reason::Host);
        assert_eq!(breaker.state(at(1000)), State::HalfOpen { probing_until: None });
        breaker.on_answer(true, at(1000));
        assert_eq!(breaker.state(at(1000)), State::HalfOpen { probing_until: None });
    }
}

mod ignored_calls {
    use super::*;

    fn ignore(breaker: &mut CircuitBreaker, permit: Permit, now: Now) {
        assert!(matches!(breaker.on_ignored(permit, now), Settled::Done { .. }));
    }

    #[test]
    fn are_no_calls_to_either_rate() {
        for rate_of in [RateOf::Fires, RateOf::Outcomes] {
            let mut breaker = with(|config| {
                config.rate_of = rate_of;
                config.volume_threshold = 3;
            });
            for _ in 0..3 {
                assert!(!is_open(&mut breaker, at(0)), "{rate_of:?}");
                fail(&mut breaker, at(0));
                let permit = admit_or_last(&mut breaker);
                permit.into_iter().for_each(|permit| ignore(&mut breaker, permit, at(0)));
            }
            assert_eq!(figures(&breaker), (Reason::ErrorRate, 3, 3, 50.0), "{rate_of:?}");
        }
    }

    fn admit_or_last(breaker: &mut CircuitBreaker) -> Option<Permit> {
        (!is_open(breaker, at(0))).then(|| admit(breaker, at(0)))
    }

    #[test]
    fn leave_a_row_as_it_is() {
        let mut breaker = with(|config| {
            config.live.error_threshold_percentage = 100.0;
            config.consecutive_failures = NonZeroU32::new(2);
        });
        fail(&mut breaker, at(0));
        let permit = admit(&mut breaker, at(0));
        ignore(&mut breaker, permit, at(0));
        fail(&mut breaker, at(0));
        assert_eq!(figures(&breaker).0, Reason::ConsecutiveFailures);
    }

    #[test]
    fn leave_no_outcome_in_the_window_and_give_their_place_back() {
        let mut breaker = with(|config| config.capacity = 1);
        let permit = admit(&mut breaker, at(0));
        ignore(&mut breaker, permit, at(10));
        assert_eq!(breaker.available(), 1);
        let window = breaker.window(at(10));
        assert_eq!(window.totals().iter().sum::<i64>(), 1, "the fire");
        assert_eq!(window.latencies().map(|latencies| latencies.bins().count()), Some(0));
    }

    #[test]
    fn give_a_probe_back() {
        let mut breaker = with(|config| config.live.timeout = None);
        breaker.open(at(0));
        let permit = admit(&mut breaker, at(1000));
        assert!(matches!(breaker.try_acquire(false, at(1000)), Admission::Refused(_)));
        ignore(&mut breaker, permit, at(1000));
        assert_eq!(breaker.state(at(1000)), State::HalfOpen { probing_until: None });
        let permit = admit(&mut breaker, at(1000));
        end_well(&mut breaker, permit, at(1000));
        assert_eq!(breaker.state(at(1000)), State::Closed);
    }

    #[test]
    fn of_an_earlier_generation_give_no_probe_back() {
        let mut breaker = with(|_| {});
        let late = admit(&mut breaker, at(0));
        breaker.open(at(0));
        let _probe = admit(&mut breaker, at(1000));
        ignore(&mut breaker, late, at(1000));
        assert!(matches!(breaker.try_acquire(false, at(1000)), Admission::Refused(_)));
    }
}

mod the_last_trip {
    use super::*;

    #[test]
    fn is_none_before_the_first() {
        assert_eq!(with(|_| {}).last_trip(), None);
    }

    #[test]
    fn is_told_with_its_moment() {
        let mut breaker = with(|_| {});
        fail(&mut breaker, at(70));
        let trip = breaker.last_trip().expect("it has opened");
        assert_eq!((trip.reason, trip.at), (Reason::ErrorRate, at(70).monotonic));
        fail(&mut breaker, at(1070));
        let trip = breaker.last_trip().expect("it has opened again");
        assert_eq!((trip.reason, trip.at), (Reason::Probe, at(1070).monotonic));
        breaker.close(at(1080));
        breaker.open(at(1090));
        let trip = breaker.last_trip().expect("a command has opened it");
        assert_eq!((trip.reason, trip.at), (Reason::Command, at(1090).monotonic));
    }

    #[test]
    fn is_that_which_opened_it_where_a_command_comes_too_late() {
        let mut breaker = with(|_| {});
        fail(&mut breaker, at(0));
        breaker.open(at(10));
        assert_eq!(figures(&breaker).0, Reason::ErrorRate);
    }
}

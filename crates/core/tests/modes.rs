//! Modes: what a breaker does with calls whatever its state, and which goes before which.

use didelphis_core::breaker::{Admission, CircuitBreaker, Event, Refusal, Settled};
use didelphis_core::calls::Permit;
use didelphis_core::config::Config;
use didelphis_core::inbox::Command;
use didelphis_core::mode::Mode;
use didelphis_core::state::State;
use didelphis_core::time::{Nanos, Now};
use didelphis_core::window::Counter;

fn at(millis: u64) -> Now {
    Now::unstalled(Nanos::from_millis(millis))
}

/// Opens at a rate above 50 % of ten calls; the reset timeout is 30 s.
fn breaker() -> CircuitBreaker {
    CircuitBreaker::new(Config { volume_threshold: 10, ..Config::default() }, at(0))
}

fn events(breaker: &mut CircuitBreaker) -> Vec<Event> {
    std::iter::from_fn(|| breaker.poll_event()).collect()
}

fn admit(breaker: &mut CircuitBreaker, now: Now) -> Permit {
    match breaker.try_acquire_anyway(false, now) {
        Admission::Admitted(permit) => permit,
        other => panic!("{other:?}"),
    }
}

fn fail(breaker: &mut CircuitBreaker, now: Now) {
    let permit = admit(breaker, now);
    let Settled::Failed { permit, .. } = breaker.on_failure(permit, now) else { panic!("late") };
    assert!(breaker.evaluate_trip(permit, now));
}

fn succeed(breaker: &mut CircuitBreaker, now: Now) {
    let permit = admit(breaker, now);
    let _ = breaker.on_success(permit, now);
}

fn is_refused_for_ever(breaker: &mut CircuitBreaker, now: Now) -> bool {
    let refused = Admission::Refused(Refusal::Open { retry_after: Some(Nanos::MAX) });
    breaker.try_acquire_anyway(false, now) == refused
}

mod forced_open {
    use super::*;

    #[test]
    fn refuses_until_it_is_closed_by_hand() {
        let mut breaker = breaker();
        breaker.force_open(at(0));
        assert_eq!(events(&mut breaker), [Event::Opened]);
        assert_eq!(breaker.mode(), Mode::ForcedOpen);
        for days in 0..3 {
            assert!(is_refused_for_ever(&mut breaker, at(days * 86_400_000)));
        }
        breaker.close(at(300_000_000));
        assert_eq!(events(&mut breaker), [Event::Closed]);
        assert_eq!(breaker.mode(), Mode::Normal);
        succeed(&mut breaker, at(300_000_000));
    }

    #[test]
    fn holds_one_that_is_open_already_and_announces_nothing() {
        let mut breaker = breaker();
        breaker.open(at(0));
        events(&mut breaker);
        breaker.force_open(at(1));
        assert_eq!(events(&mut breaker), []);
        assert!(is_refused_for_ever(&mut breaker, at(30_000)), "the wait is over, and no matter");
    }

    #[test]
    fn takes_no_heed_of_a_probe_that_is_out() {
        let mut breaker = breaker();
        breaker.open(at(0));
        breaker.state(at(30_000));
        events(&mut breaker);
        let probe = admit(&mut breaker, at(30_000));
        breaker.force_open(at(30_001));
        assert_eq!(events(&mut breaker), [Event::Opened]);
        let _ = breaker.on_success(probe, at(30_002));
        assert!(is_refused_for_ever(&mut breaker, at(30_003)));
    }

    #[test]
    fn another_opening_ends_nothing_and_another_thread_may_close() {
        let mut breaker = breaker();
        breaker.force_open(at(0));
        breaker.open(at(1));
        assert!(is_refused_for_ever(&mut breaker, at(60_000)));
        assert!(breaker.published().command(Command::Close).is_ok());
        assert_eq!(breaker.state(at(60_001)), State::Closed);
        assert_eq!(breaker.mode(), Mode::Normal);
    }

    #[test]
    fn goes_before_disabled_which_comes_back() {
        let mut breaker = breaker();
        breaker.set_mode(Mode::Disabled, at(0));
        breaker.force_open(at(0));
        assert!(is_refused_for_ever(&mut breaker, at(1)));
        breaker.close(at(2));
        events(&mut breaker);
        assert_eq!(breaker.try_acquire_anyway(false, at(3)), Admission::Unguarded);
    }

    #[test]
    fn a_wait_that_is_told_after_does_not_end_it() {
        let mut breaker = breaker();
        breaker.open(at(0));
        breaker.force_open(at(0));
        breaker.set_wait(Nanos::from_millis(5), at(0));
        assert!(is_refused_for_ever(&mut breaker, at(10)));
    }

    #[test]
    fn shut_down_it_is_nothing() {
        let mut breaker = breaker();
        breaker.shutdown(at(0));
        breaker.force_open(at(1));
        assert_eq!(breaker.state(at(1)), State::Shutdown);
        assert_eq!(events(&mut breaker), []);
    }

    #[test]
    fn goes_on_in_another_breaker_that_takes_the_state() {
        let mut breaker = breaker();
        breaker.force_open(at(0));
        let mut other = CircuitBreaker::new(Config::default(), at(7));
        other.inject(breaker.extract(at(1)), at(7));
        assert_eq!(other.mode(), Mode::ForcedOpen);
        assert!(is_refused_for_ever(&mut other, at(99_000)));
    }
}

mod metrics_only {
    use super::*;

    fn metering() -> CircuitBreaker {
        let mut breaker = breaker();
        breaker.set_mode(Mode::MetricsOnly, at(0));
        breaker
    }

    #[test]
    fn counts_and_stays_closed() {
        let mut breaker = metering();
        (0..20).for_each(|_| fail(&mut breaker, at(1)));
        assert_eq!(breaker.state(at(1)), State::Closed);
        let window = breaker.window(at(1));
        assert_eq!((window.total(Counter::Failures), window.total(Counter::Fires)), (20, 20));
        assert_eq!(window.total(Counter::Rejects), 0);
    }

    #[test]
    fn tells_once_that_it_would_open_and_again_after_it_would_not() {
        let mut breaker = metering();
        (0..9).for_each(|_| fail(&mut breaker, at(1)));
        assert_eq!(events(&mut breaker), [], "nine calls, and ten are asked for");
        fail(&mut breaker, at(1));
        assert_eq!(events(&mut breaker), [Event::WouldOpen]);
        (0..5).for_each(|_| fail(&mut breaker, at(1)));
        assert_eq!(events(&mut breaker), []);
        (0..15).for_each(|_| succeed(&mut breaker, at(2)));
        // 16 of 31: still more than half.
        fail(&mut breaker, at(2));
        assert_eq!(events(&mut breaker), []);
        (0..2).for_each(|_| succeed(&mut breaker, at(2)));
        // 17 of 34: exactly half, and no reason.
        fail(&mut breaker, at(2));
        assert_eq!(events(&mut breaker), []);
        fail(&mut breaker, at(2));
        assert_eq!(events(&mut breaker), [Event::WouldOpen]);
    }

    #[test]
    fn refuses_nobody_for_want_of_a_place_and_gives_back_all_that_were_taken() {
        let mut breaker = CircuitBreaker::new(Config { capacity: 2, ..Config::default() }, at(0));
        breaker.set_mode(Mode::MetricsOnly, at(0));
        let permits: Vec<_> = (0..5).map(|_| admit(&mut breaker, at(1))).collect();
        assert_eq!(breaker.available(), -3);
        for permit in permits {
            let _ = breaker.on_success(permit, at(2));
        }
        assert_eq!(breaker.available(), 2);
        assert_eq!(breaker.window(at(2)).total(Counter::SemaphoreRejections), 0);
    }

    #[test]
    fn closes_the_circuit_as_it_begins_and_a_hand_opens_none() {
        let mut breaker = breaker();
        breaker.open(at(0));
        events(&mut breaker);
        breaker.set_mode(Mode::MetricsOnly, at(1));
        assert_eq!(events(&mut breaker), [Event::Closed]);
        breaker.open(at(2));
        assert_eq!(events(&mut breaker), [Event::WouldOpen]);
        assert_eq!(breaker.state(at(2)), State::Closed);
    }

    #[test]
    fn as_it_ends_the_next_failure_opens_by_what_was_counted() {
        let mut breaker = metering();
        (0..20).for_each(|_| fail(&mut breaker, at(1)));
        events(&mut breaker);
        breaker.set_mode(Mode::Normal, at(2));
        assert_eq!(breaker.state(at(2)), State::Closed);
        fail(&mut breaker, at(3));
        assert_eq!(events(&mut breaker), [Event::Opened]);
    }

    #[test]
    fn forced_open_goes_before_and_it_goes_on_after() {
        let mut breaker = metering();
        breaker.force_open(at(1));
        events(&mut breaker);
        assert!(is_refused_for_ever(&mut breaker, at(2)));
        breaker.close(at(3));
        events(&mut breaker);
        assert_eq!(breaker.mode(), Mode::MetricsOnly);
        succeed(&mut breaker, at(3));
    }

    #[test]
    fn one_that_was_disabled_over_an_open_circuit_closes_it_as_that_ends() {
        let mut breaker = metering();
        breaker.bypass(true, at(1));
        breaker.open(at(1));
        assert_eq!(events(&mut breaker), [Event::Opened], "nobody is refused by it");
        breaker.bypass(false, at(2));
        assert_eq!(events(&mut breaker), [Event::Closed]);
        succeed(&mut breaker, at(2));
    }
}

mod bypassed {
    use super::*;

    #[test]
    fn lets_all_pass_whatever_the_breaker_is_and_gives_that_back() {
        for (own, forced) in [
            (Mode::Normal, false),
            (Mode::Normal, true),
            (Mode::Disabled, false),
            (Mode::MetricsOnly, false),
        ] {
            let mut breaker = breaker();
            breaker.set_mode(own, at(0));
            if forced {
                breaker.force_open(at(0));
                events(&mut breaker);
            }
            let before = breaker.mode();
            breaker.bypass(true, at(1));
            assert_eq!(breaker.mode(), Mode::Disabled);
            assert_eq!(breaker.own_mode(), own);
            assert_eq!(breaker.try_acquire_anyway(false, at(2)), Admission::Unguarded);
            breaker.bypass(false, at(3));
            assert_eq!(breaker.mode(), before);
        }
    }

    #[test]
    fn what_is_done_to_the_breaker_meanwhile_holds_after() {
        let mut breaker = breaker();
        breaker.bypass(true, at(1));
        breaker.set_mode(Mode::Disabled, at(2));
        breaker.set_mode(Mode::Normal, at(3));
        assert_eq!(breaker.mode(), Mode::Disabled);
        breaker.set_mode(Mode::Disabled, at(4));
        breaker.bypass(false, at(5));
        assert_eq!(breaker.mode(), Mode::Disabled);
    }

    #[test]
    fn another_thread_commands_it() {
        let mut breaker = breaker();
        assert!(breaker.published().command(Command::Bypass).is_ok());
        assert_eq!(breaker.try_acquire_anyway(false, at(1)), Admission::Unguarded);
        assert!(breaker.published().command(Command::Guard).is_ok());
        assert!(matches!(breaker.try_acquire_anyway(false, at(2)), Admission::Admitted(_)));
    }

    #[test]
    fn others_read_the_mode_that_is_in_force() {
        let mut breaker = breaker();
        let mode = |breaker: &CircuitBreaker| {
            let reading = breaker.published().read(Nanos::ZERO).expect("nobody writes");
            reading.mode
        };
        for own in [Mode::Disabled, Mode::MetricsOnly, Mode::Normal] {
            breaker.set_mode(own, at(1));
            assert_eq!(mode(&breaker), own);
        }
        breaker.force_open(at(2));
        assert_eq!(mode(&breaker), Mode::ForcedOpen);
        breaker.bypass(true, at(3));
        assert_eq!(mode(&breaker), Mode::Disabled);
    }
}

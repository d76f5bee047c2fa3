//! A breaker whose timeout learns: calls that succeed say how long calls may take.

use didelphis_core::breaker::{Admission, CircuitBreaker, Settled};
use didelphis_core::calls::Permit;
use didelphis_core::config::{ChanceConfig, Config, TimeoutClock};
use didelphis_core::learned_timeout::LearnedTimeoutOptions;
use didelphis_core::stall_log::StallLog;
use didelphis_core::state::State;
use didelphis_core::time::{Nanos, Now, Shift};

fn ms(millis: u64) -> Nanos {
    Nanos::from_millis(millis)
}

fn at(millis: u64) -> Now {
    Now::unstalled(ms(millis))
}

/// By the wall clock, so that whether a call is late needs no look at a loop.
fn config() -> Config {
    let mut config = Config { timeout_clock: TimeoutClock::Wall, ..Config::default() };
    config.live.timeout = Some(ms(7_000));
    config
}

const OPTIONS: LearnedTimeoutOptions = LearnedTimeoutOptions {
    min: Nanos::from_millis(50),
    max: Nanos::from_millis(5_000),
    multiplier: 1.5,
    quantile: 0.999,
};

fn learning(config: Config) -> CircuitBreaker {
    CircuitBreaker::new(learning_by(config), at(0))
}

fn learning_by(mut config: Config) -> Config {
    config.live.learned_timeout = Some(OPTIONS);
    config
}

fn begin(breaker: &mut CircuitBreaker, now: Now) -> Permit {
    loop {
        match breaker.try_acquire(false, now) {
            Admission::Admitted(permit) => return permit,
            Admission::EventsFirst => while breaker.poll_event().is_some() {},
            other => panic!("{other:?}"),
        }
    }
}

/// 2,000 calls that take so long, and one that begins in the next second.
fn teach(breaker: &mut CircuitBreaker, from: u64, latency: u64) {
    for _ in 0..2_000 {
        let permit = begin(breaker, at(from));
        let _ = breaker.on_success(permit, at(from + latency));
    }
    let permit = begin(breaker, at(from + 1_000));
    let _ = breaker.on_success(permit, at(from + 1_000 + latency));
}

fn timeout(breaker: &CircuitBreaker) -> u64 {
    breaker.learned_timeout().unwrap().as_millis()
}

/// How long a call that begins then may take.
fn deadline(breaker: &mut CircuitBreaker, now: u64) -> u64 {
    let permit = begin(breaker, at(now));
    let due = breaker.poll_timer(&StallLog::default(), at(now)).unwrap();
    let _ = breaker.on_success(permit, at(now));
    (due - ms(now)).as_millis()
}

/// A call that begins then runs out of time.
fn time_out(breaker: &mut CircuitBreaker, now: u64) {
    let permit = begin(breaker, at(now));
    let late = at(now + timeout(breaker) + 1);
    breaker.on_timer(None, &StallLog::default(), late);
    breaker.on_timeout(&permit, late).expect("it is late");
    let Settled::Failed { permit, .. } = breaker.on_failure(permit, late) else {
        panic!("settled")
    };
    breaker.evaluate_trip(permit, late);
}

#[test]
fn calls_may_take_the_greatest_timeout_until_something_was_learned() {
    let mut breaker = learning(config());
    assert_eq!(deadline(&mut breaker, 10), 5_000);
    teach(&mut breaker, 100, 100);
    assert!((140..=160).contains(&timeout(&breaker)), "{}", timeout(&breaker));
    let learned = timeout(&breaker);
    assert_eq!(deadline(&mut breaker, 1_500), learned);
}

#[test]
fn timeouts_raise_it() {
    let mut config = config();
    config.live.error_threshold_percentage = 100.0;
    let mut breaker = learning(config);
    teach(&mut breaker, 100, 100);
    let before = timeout(&breaker);
    for _ in 0..5 {
        (0..100).for_each(|_| begin_and_succeed(&mut breaker, 1_200));
        time_out(&mut breaker, 1_200);
    }
    begin_and_succeed(&mut breaker, 2_400);
    assert_eq!(timeout(&breaker), before * 5 / 4);
}

fn begin_and_succeed(breaker: &mut CircuitBreaker, now: u64) {
    let permit = begin(breaker, at(now));
    let _ = breaker.on_success(permit, at(now + 100));
}

#[test]
fn an_explorer_may_take_the_greatest_timeout() {
    let mut config = config();
    config.live.error_threshold_percentage = 100.0;
    config.chance = ChanceConfig { seed: 1, is_given: true };
    let mut breaker = learning(config);
    teach(&mut breaker, 100, 100);
    (0..50).for_each(|_| time_out(&mut breaker, 1_200));
    begin_and_succeed(&mut breaker, 2_400);
    breaker.give_draw(0.5);
    let learned = timeout(&breaker);
    assert_eq!(deadline(&mut breaker, 2_500), learned);
    breaker.give_draw(0.01);
    assert_eq!(deadline(&mut breaker, 2_500), 5_000);
}

#[test]
fn a_circuit_that_is_not_closed_learns_nothing() {
    let mut breaker = learning(config());
    teach(&mut breaker, 100, 100);
    let before = timeout(&breaker);
    breaker.open(at(1_500));
    // The probe, half a minute later.
    begin_and_succeed(&mut breaker, 31_600);
    assert_eq!(timeout(&breaker), before);
}

#[test]
fn a_probe_that_waited_for_the_end_of_an_outage_is_no_lesson() {
    let mut breaker = learning(config());
    teach(&mut breaker, 100, 100);
    let before = timeout(&breaker);
    breaker.open(at(1_500));
    // By now there are no samples left of the time before.
    let probe = begin(&mut breaker, at(90_000));
    let _ = breaker.on_success(probe, at(90_000 + before - 1));
    assert_eq!(breaker.state(at(90_200)), State::Closed);
    for index in 0..200 {
        begin_and_succeed(&mut breaker, 90_200 + index * 10);
    }
    assert!(timeout(&breaker) <= before, "{} after {before}", timeout(&breaker));
}

#[test]
fn a_stalling_loop_teaches_nothing() {
    let mut breaker = learning(config());
    for index in 0..3_000 {
        let permit = begin(&mut breaker, Now { stalls: index, ..at(100) });
        let _ = breaker.on_success(permit, Now { stalls: index + 1, ..at(400) });
    }
    begin_and_succeed(&mut breaker, 1_500);
    assert_eq!(timeout(&breaker), 5_000);
}

#[test]
fn other_options_leave_it_and_without_it_the_timeout_holds() {
    let mut breaker = learning(config());
    teach(&mut breaker, 100, 100);
    let learned = timeout(&breaker);
    breaker.update(&learning_by(config()), at(1_500));
    breaker.set_live_options(learning_by(config()).live, at(1_500));
    assert_eq!(deadline(&mut breaker, 1_500), learned);
    breaker.update(&config(), at(1_600));
    assert_eq!(breaker.learned_timeout(), None);
    assert_eq!(deadline(&mut breaker, 1_600), 7_000);
}

#[test]
fn what_was_learned_goes_into_another_breaker() {
    let mut breaker = learning(config());
    let nothing = breaker.extract(at(50));
    teach(&mut breaker, 100, 100);
    let saved = breaker.extract(at(1_500));
    let mut other = learning(config());
    other.inject(nothing, at(0));
    assert_eq!(timeout(&other), 5_000);
    other.inject(saved, at(0));
    assert_eq!(timeout(&other), timeout(&breaker));
}

#[test]
fn a_probe_that_hangs_is_ended_by_it() {
    let mut breaker = learning(config());
    teach(&mut breaker, 100, 100);
    breaker.open(at(1_500));
    let _probe = begin(&mut breaker, at(31_600));
    // Were it to have no timeout, another might try when the reset timeout is over.
    while breaker.poll_event().is_some() {}
    assert!(matches!(breaker.try_acquire(false, at(70_000)), Admission::Refused(_)));
}

#[test]
fn under_another_clock_it_goes_on() {
    let mut breaker = learning(config());
    teach(&mut breaker, 100, 100);
    let learned = timeout(&breaker);
    let shift = Shift { from: at(1_500), to: at(90_000) };
    breaker.change_clocks(&shift, &StallLog::default());
    assert_eq!(deadline(&mut breaker, 90_100), learned);
}

#[test]
fn a_call_on_terms_of_its_own_has_its_own_timeout_and_teaches_nothing() {
    let mut breaker = learning(config());
    let own = |breaker: &mut CircuitBreaker, timeout, now| match breaker.try_acquire_within(
        timeout,
        false,
        true,
        at(now),
    ) {
        Admission::Admitted(permit) => permit,
        other => panic!("{other:?}"),
    };
    let permit = own(&mut breaker, Some(ms(30)), 10);
    let stalls = StallLog::default();
    assert_eq!(breaker.poll_timer(&stalls, at(10)), Some(ms(40)));
    let _ = breaker.on_success(permit, at(11));
    let permit = own(&mut breaker, None, 20);
    assert_eq!(breaker.poll_timer(&stalls, at(20)), None, "as long as it likes");
    let _ = breaker.on_success(permit, at(25));
    for _ in 0..2_000 {
        let permit = own(&mut breaker, Some(ms(8_000)), 100);
        let _ = breaker.on_success(permit, at(107));
        let permit = own(&mut breaker, Some(ms(1)), 107);
        breaker.on_timer(None, &stalls, at(108));
        breaker.on_timeout(&permit, at(108)).expect("it is late");
        let _ = breaker.on_success(permit, at(108));
        let permit = own(&mut breaker, Some(ms(8_000)), 108);
        let _ = breaker.on_failure(permit, at(109));
    }
    begin_and_succeed(&mut breaker, 1_500);
    begin_and_succeed(&mut breaker, 2_600);
    assert_eq!(timeout(&breaker), 5_000);
}

#[test]
fn it_is_known_what_a_call_was_given() {
    let mut breaker = CircuitBreaker::new(config(), at(0));
    let earlier = begin(&mut breaker, at(10));
    assert_eq!(breaker.timeout_given(&earlier), None, "it was no learned one");
    breaker.set_live_options(learning_by(config()).live, at(20));
    let untaught = begin(&mut breaker, at(30));
    teach(&mut breaker, 100, 100);
    let taught = begin(&mut breaker, at(1_200));
    assert_eq!(breaker.timeout_given(&earlier), Some(ms(7_000)));
    assert_eq!(breaker.timeout_given(&untaught), Some(ms(5_000)));
    assert_eq!(breaker.timeout_given(&taught), breaker.learned_timeout());
    assert!(breaker.timeout_given(&taught) < Some(ms(200)));
}

#[test]
fn other_live_options_leave_it_and_a_number_ends_it() {
    let mut breaker = CircuitBreaker::new(config(), at(0));
    breaker.set_live_options(learning_by(config()).live, at(0));
    teach(&mut breaker, 100, 100);
    let learned = timeout(&breaker);
    breaker.set_live_options(learning_by(config()).live, at(1_500));
    assert_eq!(deadline(&mut breaker, 1_500), learned);
    let mut bounded = learning_by(config()).live;
    bounded.learned_timeout = Some(LearnedTimeoutOptions { min: ms(900), ..OPTIONS });
    breaker.set_live_options(bounded, at(1_500));
    assert_eq!(deadline(&mut breaker, 1_500), 900, "within its bounds");
    breaker.set_live_options(config().live, at(1_600));
    assert_eq!(breaker.learned_timeout(), None);
    assert_eq!(deadline(&mut breaker, 1_600), 7_000);
}

#[test]
fn only_what_was_learned_is_to_be_remembered() {
    let mut breaker = learning(config());
    assert_eq!(breaker.timeout_to_remember(), None);
    teach(&mut breaker, 100, 100);
    assert_eq!(breaker.timeout_to_remember(), breaker.learned_timeout());
}

//! Calls that wait for a place of the capacity. Time is in milliseconds from the breaker's making.

use didelphis_core::breaker::{Admission, CircuitBreaker, Event, Refusal, Settled};
use didelphis_core::calls::Permit;
use didelphis_core::config::{ChanceConfig, Config, QueueOptions, RateOf, ThrottleOptions};
use didelphis_core::expiry::{LoopSample, Observation};
use didelphis_core::mode::Mode;
use didelphis_core::queue::Ticket;
use didelphis_core::stall_log::{StallLog, NO_STALLS};
use didelphis_core::state::State;
use didelphis_core::time::{Nanos, Now, Shift};
use didelphis_core::window::Counter;

fn ms(millis: u64) -> Nanos {
    Nanos::from_millis(millis)
}

fn at(millis: u64) -> Now {
    Now::unstalled(ms(millis))
}

/// One place, and three that wait for 100 ms; calls have no timeout.
fn config() -> Config {
    let queue = Some(QueueOptions { size: 3, timeout: ms(100) });
    let mut config = Config { capacity: 1, queue, ..Config::default() };
    config.live.timeout = None;
    config
}

fn queued() -> CircuitBreaker {
    CircuitBreaker::new(config(), at(0))
}

fn ask(breaker: &mut CircuitBreaker, now: Now) -> Admission {
    breaker.state(now);
    breaker.try_acquire_anyway(false, now)
}

fn admit(breaker: &mut CircuitBreaker, now: Now) -> Permit {
    match ask(breaker, now) {
        Admission::Admitted(permit) => permit,
        other => panic!("{other:?}"),
    }
}

fn wait(breaker: &mut CircuitBreaker, now: Now) -> Ticket {
    match ask(breaker, now) {
        Admission::Queued(ticket) => ticket,
        other => panic!("{other:?}"),
    }
}

fn enter(breaker: &mut CircuitBreaker, ticket: Ticket, now: Now) -> Permit {
    match breaker.enter(ticket, None, now) {
        Some(Admission::Admitted(permit)) => permit,
        other => panic!("{other:?}"),
    }
}

fn succeed(breaker: &mut CircuitBreaker, permit: Permit, now: Now) {
    assert!(matches!(breaker.on_success(permit, now), Settled::Done { .. }));
}

fn fail(breaker: &mut CircuitBreaker, permit: Permit, now: Now) {
    let Settled::Failed { permit, .. } = breaker.on_failure(permit, now) else { panic!("late") };
    assert!(breaker.evaluate_trip(permit, now));
}

fn events(breaker: &mut CircuitBreaker) -> Vec<Event> {
    std::iter::from_fn(|| breaker.poll_event()).collect()
}

fn total(breaker: &mut CircuitBreaker, counter: Counter, now: Now) -> i64 {
    breaker.window(now).total(counter)
}

#[test]
fn who_came_first_begins_first_and_nobody_overtakes() {
    let mut breaker = queued();
    let first = admit(&mut breaker, at(0));
    let second = wait(&mut breaker, at(1));
    let third = wait(&mut breaker, at(2));
    assert_eq!(breaker.queued(), Some(2));
    assert_eq!(events(&mut breaker), []);
    succeed(&mut breaker, first, at(10));
    assert_eq!(breaker.available(), 0, "the place is kept");
    let fourth = wait(&mut breaker, at(10));
    assert_eq!(events(&mut breaker), [Event::Turn(second)]);
    let second = enter(&mut breaker, second, at(10));
    assert_eq!(breaker.enter(third, None, at(10)), None, "it is not its turn");
    succeed(&mut breaker, second, at(20));
    assert_eq!(events(&mut breaker), [Event::Turn(third)]);
    let third = enter(&mut breaker, third, at(20));
    succeed(&mut breaker, third, at(30));
    assert_eq!(events(&mut breaker), [Event::Turn(fourth)]);
    assert_eq!(breaker.enter(fourth, None, at(30)).map(|_| ()), Some(()));
    assert_eq!(breaker.enter(fourth, None, at(30)), None, "once");
    assert_eq!(total(&mut breaker, Counter::Fires, at(30)), 4);
    assert_eq!(total(&mut breaker, Counter::Rejects, at(30)), 0);
}

#[test]
fn between_a_failure_and_its_judgement_nobody_overtakes_either() {
    let mut mild = config();
    mild.live.error_threshold_percentage = 100.0;
    let mut breaker = CircuitBreaker::new(mild, at(0));
    let first = admit(&mut breaker, at(0));
    let second = wait(&mut breaker, at(1));
    let Settled::Failed { permit, .. } = breaker.on_failure(first, at(2)) else { panic!("late") };
    let third = wait(&mut breaker, at(2));
    assert!(breaker.evaluate_trip(permit, at(2)));
    assert_eq!(events(&mut breaker), [Event::Turn(second)]);
    assert!(breaker.leave(second, at(2)));
    assert_eq!(events(&mut breaker), [Event::Turn(third)], "a place that is not used goes on");
}

#[test]
fn a_full_queue_refuses_and_that_is_no_failure() {
    let mut breaker = queued();
    let _first = admit(&mut breaker, at(0));
    (0..3).for_each(|_| _ = wait(&mut breaker, at(0)));
    assert_eq!(ask(&mut breaker, at(0)), Admission::Refused(Refusal::QueueFull));
    let counts = [Counter::Rejects, Counter::SemaphoreRejections, Counter::Failures]
        .map(|counter| total(&mut breaker, counter, at(0)));
    assert_eq!(counts, [1, 1, 0]);
}

#[test]
fn who_has_waited_in_vain_is_told_when_the_time_is_up() {
    let mut breaker = queued();
    let _first = admit(&mut breaker, at(0));
    assert!(!breaker.is_waiting());
    let ticket = wait(&mut breaker, at(5));
    wait(&mut breaker, at(8));
    assert!(breaker.is_waiting());
    assert_eq!(breaker.wake_at(), ms(105));
    breaker.on_timer(None, &NO_STALLS, at(104));
    assert_eq!(events(&mut breaker), []);
    breaker.on_timer(None, &NO_STALLS, at(105));
    assert_eq!(events(&mut breaker), [Event::Waited { ticket, patience: ms(100) }]);
    assert!(breaker.is_waiting(), "for the other");
    assert_eq!(breaker.wake_at(), ms(108));
    breaker.on_timer(None, &NO_STALLS, at(200));
    assert!(breaker.is_waiting(), "until it is told");
    assert_eq!(events(&mut breaker).len(), 1);
    assert!(!breaker.is_waiting());
    let counts = [Counter::Rejects, Counter::SemaphoreRejections, Counter::Failures]
        .map(|counter| total(&mut breaker, counter, at(200)));
    assert_eq!(counts, [2, 2, 0]);
    assert!(breaker.window(at(200)).latencies().is_none_or(|all| all.count() == 0));
}

#[test]
fn after_a_stall_places_are_given_out_before_anybody_is_out_of_time() {
    let mut breaker = queued();
    let first = admit(&mut breaker, at(0));
    let second = wait(&mut breaker, at(5));
    // The loop was busy from 10 to 310, and the answer lies in its socket.
    let mut stalls = StallLog::new();
    let now = |millis| Now { stalls: 1, ..at(millis) };
    stalls.push(ms(300), ms(310));
    let busy = LoopSample { turns: 1, idle: ms(10), waiting: false };
    let look = Observation { seen: busy, here: busy };
    breaker.on_timer(Some(&look), &stalls, now(310));
    assert_eq!(events(&mut breaker), [], "95 ms are left");
    breaker.on_timer(Some(&look), &stalls, now(405));
    assert_eq!(events(&mut breaker), [], "it has not had its look");
    assert!(breaker.wake_at() > ms(405) && breaker.wake_at() < ms(406));
    let waiting = Observation { seen: LoopSample { waiting: true, ..busy }, here: busy };
    succeed(&mut breaker, first, now(405));
    breaker.on_timer(Some(&waiting), &stalls, now(406));
    assert_eq!(events(&mut breaker), [Event::Turn(second)]);
}

#[test]
fn a_loop_that_has_had_its_look_tells_who_is_out_of_time() {
    let mut breaker = queued();
    let _first = admit(&mut breaker, at(0));
    let first = wait(&mut breaker, at(5));
    let second = wait(&mut breaker, at(20));
    let busy = LoopSample { turns: 1, idle: ms(10), waiting: false };
    let waiting = LoopSample { waiting: true, ..busy };
    let look = |seen| Observation { seen, here: busy };
    breaker.on_timer(Some(&look(waiting)), &NO_STALLS, at(106));
    assert_eq!(events(&mut breaker), [], "it may be about to be woken");
    breaker.on_timer(Some(&look(waiting)), &NO_STALLS, at(125));
    assert_eq!(events(&mut breaker), [Event::Waited { ticket: first, patience: ms(100) }]);
    breaker.on_timer(Some(&look(waiting)), &NO_STALLS, at(126));
    assert_eq!(events(&mut breaker), [Event::Waited { ticket: second, patience: ms(100) }]);
    assert!(breaker.poll_timer(&NO_STALLS, at(126)).is_none());
}

#[test]
fn a_circuit_that_opens_sends_all_away_and_those_whose_turn_it_was() {
    let mut breaker = CircuitBreaker::new(Config { capacity: 2, ..config() }, at(0));
    let first = admit(&mut breaker, at(0));
    let other = admit(&mut breaker, at(0));
    let called = wait(&mut breaker, at(1));
    let waiting = wait(&mut breaker, at(2));
    succeed(&mut breaker, other, at(3));
    breaker.open(at(4));
    let told = events(&mut breaker);
    assert_eq!(told[..2], [Event::Turn(called), Event::Opened]);
    let Event::Dismissed { before, held: 2 } = told[2] else { panic!("{told:?}") };
    assert!(before > waiting);
    assert_eq!(breaker.enter(called, None, at(4)), None);
    assert_eq!(breaker.enter(waiting, None, at(4)), None);
    assert!(!breaker.leave(waiting, at(4)));
    assert!(!breaker.is_waiting());
    assert_eq!(total(&mut breaker, Counter::Rejects, at(4)), 2);
    fail(&mut breaker, first, at(5));
    assert_eq!(breaker.available(), 2);
    assert_eq!(breaker.poll_timer(&NO_STALLS, at(5)), Some(ms(30_004)));
}

#[test]
fn a_failure_that_opens_the_circuit_lets_nobody_in() {
    let mut breaker = CircuitBreaker::new(Config { rate_of: RateOf::Outcomes, ..config() }, at(0));
    let first = admit(&mut breaker, at(0));
    wait(&mut breaker, at(1));
    fail(&mut breaker, first, at(2));
    assert!(matches!(events(&mut breaker)[..], [Event::Opened, Event::Dismissed { .. }]));
    assert_eq!(breaker.available(), 1);
}

#[test]
fn who_gives_up_leaves_no_trace_and_no_place_taken() {
    let mut breaker = queued();
    let first = admit(&mut breaker, at(0));
    let second = wait(&mut breaker, at(1));
    let third = wait(&mut breaker, at(2));
    assert!(breaker.leave(second, at(3)));
    assert!(!breaker.leave(second, at(3)));
    succeed(&mut breaker, first, at(4));
    assert_eq!(events(&mut breaker), [Event::Turn(third)]);
    assert!(breaker.leave(third, at(5)));
    assert_eq!((breaker.available(), breaker.is_waiting()), (1, false));
    assert_eq!(total(&mut breaker, Counter::Rejects, at(5)), 0);
    assert!(!breaker.leave(Ticket::from_raw(77), at(5)));
}

#[test]
fn nobody_waits_where_nobody_is_refused() {
    for mode in [Mode::Disabled, Mode::MetricsOnly] {
        let mut breaker = queued();
        let first = admit(&mut breaker, at(0));
        let tickets = [1, 2].map(|now| wait(&mut breaker, at(now)));
        breaker.set_mode(mode, at(3));
        assert_eq!(events(&mut breaker), tickets.map(Event::Turn));
        for ticket in tickets {
            match breaker.enter(ticket, None, at(3)) {
                Some(Admission::Unguarded) => assert_eq!(mode, Mode::Disabled),
                Some(Admission::Admitted(permit)) => {
                    assert_eq!(mode, Mode::MetricsOnly);
                    succeed(&mut breaker, permit, at(4));
                }
                other => panic!("{other:?}"),
            }
        }
        succeed(&mut breaker, first, at(5));
        assert_eq!((breaker.available(), breaker.is_waiting()), (1, false));
    }
}

#[test]
fn one_that_drains_lets_those_in_who_wait_and_nobody_else() {
    let mut breaker = queued();
    let first = admit(&mut breaker, at(0));
    let second = wait(&mut breaker, at(1));
    breaker.drain(at(2));
    assert_eq!(ask(&mut breaker, at(2)), Admission::Refused(Refusal::Shutdown));
    succeed(&mut breaker, first, at(3));
    assert_eq!(events(&mut breaker), [Event::Turn(second)]);
    enter(&mut breaker, second, at(3));
}

#[test]
fn one_that_is_shut_down_forgets_them() {
    let mut breaker = CircuitBreaker::new(Config { capacity: 2, ..config() }, at(0));
    let first = admit(&mut breaker, at(0));
    let other = admit(&mut breaker, at(0));
    let called = wait(&mut breaker, at(1));
    wait(&mut breaker, at(1));
    wait(&mut breaker, at(2));
    breaker.on_timer(None, &NO_STALLS, at(101));
    wait(&mut breaker, at(102));
    succeed(&mut breaker, other, at(102));
    breaker.shutdown(at(103));
    assert_eq!(events(&mut breaker), []);
    assert!(!breaker.is_waiting());
    assert_eq!(breaker.enter(called, None, at(103)), None);
    succeed(&mut breaker, first, at(104));
    assert_eq!(breaker.available(), 2);
}

#[test]
fn whatever_gives_a_place_back_gives_a_turn() {
    type Give = fn(&mut CircuitBreaker, Permit);
    let gives: [(&str, Give); 7] = [
        ("success", |breaker, permit| succeed(breaker, permit, at(5))),
        ("ignored", |breaker, permit| drop(breaker.on_ignored(permit, at(5)))),
        ("abandoned", |breaker, permit| assert!(breaker.abandon(permit, at(5)))),
        ("by hand", |breaker, _| breaker.release_capacity()),
        ("more places", |breaker, _| breaker.update(&Config { capacity: 2, ..mild() }, at(5))),
        ("no limit", |breaker, _| breaker.update(&Config { capacity: i64::MAX, ..mild() }, at(5))),
        ("late", |breaker, _| breaker.on_timer(None, &NO_STALLS, at(50))),
    ];
    fn mild() -> Config {
        let mut config = config();
        config.live.timeout = Some(ms(50));
        config.live.error_threshold_percentage = 100.0;
        config
    }
    for (name, give) in gives {
        let mut breaker = CircuitBreaker::new(mild(), at(0));
        let permit = admit(&mut breaker, at(0));
        let ticket = wait(&mut breaker, at(1));
        give(&mut breaker, permit);
        assert_eq!(events(&mut breaker), [Event::Turn(ticket)], "{name}");
    }
}

#[test]
fn a_call_of_an_earlier_generation_gives_a_turn_too() {
    let mut breaker = queued();
    let first = admit(&mut breaker, at(0));
    breaker.open(at(1));
    breaker.close(at(2));
    events(&mut breaker);
    let second = wait(&mut breaker, at(3));
    succeed(&mut breaker, first, at(4));
    assert_eq!(events(&mut breaker), [Event::Turn(second)]);
}

#[test]
fn a_half_open_circuit_waits_for_a_place_for_its_probe() {
    let mut breaker = queued();
    let first = admit(&mut breaker, at(0));
    breaker.open(at(1));
    breaker.state(at(30_001));
    events(&mut breaker);
    let probe = wait(&mut breaker, at(30_002));
    let other = wait(&mut breaker, at(30_003));
    assert_eq!(breaker.state(at(30_003)), State::HalfOpen { probing_until: None }, "not spent");
    succeed(&mut breaker, first, at(30_010));
    assert_eq!(events(&mut breaker), [Event::Turn(probe)]);
    let permit = enter(&mut breaker, probe, at(30_010));
    assert!(matches!(breaker.state(at(30_010)), State::HalfOpen { probing_until: Some(_) }));
    // Places by hand: it is the other's turn while the probe is out.
    breaker.release_capacity();
    assert_eq!(events(&mut breaker), [Event::Turn(other)]);
    let refused = breaker.enter(other, None, at(30_011));
    assert!(matches!(refused, Some(Admission::Refused(Refusal::Open { .. }))));
    assert_eq!(breaker.available(), 1, "given back");
    succeed(&mut breaker, permit, at(30_012));
    assert_eq!(breaker.state(at(30_012)), State::Closed);
}

#[test]
fn one_that_cannot_wait_is_locked_out_and_overtakes_nobody() {
    let mut breaker = queued();
    let first = admit(&mut breaker, at(0));
    let refused = breaker.at_once(|breaker| breaker.try_acquire(false, at(0)));
    let Admission::Refused(Refusal::Capacity(permit)) = refused else { panic!("{refused:?}") };
    assert!(matches!(breaker.on_ignored(permit, at(0)), Settled::Done { .. }));
    let second = wait(&mut breaker, at(1));
    let Settled::Failed { permit, .. } = breaker.on_failure(first, at(2)) else { panic!("late") };
    let refused = breaker.at_once(|breaker| breaker.try_acquire(false, at(2)));
    assert!(matches!(refused, Admission::Refused(Refusal::Capacity(_))), "{refused:?}");
    breaker.set_mode(Mode::MetricsOnly, at(2));
    assert!(breaker.evaluate_trip(permit, at(2)));
    assert!(events(&mut breaker).contains(&Event::Turn(second)));
}

#[test]
fn the_time_of_a_call_begins_as_it_enters_and_may_be_its_own() {
    let mut config = config();
    config.live.timeout = Some(ms(50));
    let mut breaker = CircuitBreaker::new(config, at(0));
    let first = admit(&mut breaker, at(0));
    let second = wait(&mut breaker, at(1));
    let third = wait(&mut breaker, at(1));
    succeed(&mut breaker, first, at(40));
    let second = enter(&mut breaker, second, at(40));
    breaker.on_timer(None, &NO_STALLS, at(89));
    assert!(!breaker.has_expired());
    succeed(&mut breaker, second, at(89));
    let own = breaker.enter(third, Some(Some(ms(7))), at(89));
    assert!(matches!(own, Some(Admission::Admitted(_))));
    breaker.on_timer(None, &NO_STALLS, at(96));
    assert!(breaker.has_expired());
}

#[test]
fn an_update_lets_calls_wait_or_no_more() {
    let mut breaker = CircuitBreaker::new(Config { queue: None, ..config() }, at(0));
    assert_eq!(breaker.queued(), None);
    let first = admit(&mut breaker, at(0));
    assert!(matches!(ask(&mut breaker, at(0)), Admission::Refused(Refusal::Capacity(_))));
    breaker.update(&config(), at(0));
    let second = wait(&mut breaker, at(1));
    breaker.update(&Config { queue: None, ..config() }, at(2));
    assert!(matches!(ask(&mut breaker, at(2)), Admission::Refused(Refusal::Capacity(_))));
    succeed(&mut breaker, first, at(3));
    assert_eq!(events(&mut breaker), [Event::Turn(second)], "who waits keeps its time");
    let second = enter(&mut breaker, second, at(3));
    succeed(&mut breaker, second, at(4));
    breaker.update(&Config { queue: None, ..config() }, at(5));
    assert_eq!(breaker.queued(), None);
}

#[test]
fn a_queue_without_a_time_wakes_nobody_and_holds_nobody() {
    let queue = Some(QueueOptions { size: 3, timeout: Nanos::MAX });
    let mut breaker = CircuitBreaker::new(Config { queue, ..config() }, at(0));
    let first = admit(&mut breaker, at(0));
    let second = wait(&mut breaker, at(0));
    assert!(!breaker.is_waiting());
    assert!(breaker.poll_timer(&NO_STALLS, at(0)).is_none());
    breaker.on_timer(None, &NO_STALLS, at(1_000_000));
    assert_eq!(events(&mut breaker), []);
    succeed(&mut breaker, first, at(1_000_001));
    enter(&mut breaker, second, at(1_000_001));
    assert!(!breaker.is_waiting());
}

#[test]
fn on_another_clock_everybody_has_as_much_time_left() {
    let mut breaker = queued();
    let _first = admit(&mut breaker, at(0));
    let ticket = wait(&mut breaker, at(1_000));
    breaker.change_clocks(&Shift { from: at(1_040), to: at(5) }, &NO_STALLS);
    assert_eq!(breaker.poll_timer(&NO_STALLS, at(5)), Some(ms(65)));
    breaker.on_timer(None, &NO_STALLS, at(64));
    assert_eq!(events(&mut breaker), []);
    breaker.on_timer(None, &NO_STALLS, at(65));
    assert_eq!(events(&mut breaker), [Event::Waited { ticket, patience: ms(100) }]);
}

#[test]
fn a_throttle_is_asked_at_the_door_and_not_again() {
    let throttle = Some(ThrottleOptions { k: 1.0, max_rejection: 1.0 });
    let chance = ChanceConfig { seed: 0, is_given: true };
    let mut breaker =
        CircuitBreaker::new(Config { throttle, chance, capacity: 20, ..config() }, at(0));
    let permits: Vec<_> = (0..20).map(|_| admit(&mut breaker, at(0))).collect();
    let waiting = wait(&mut breaker, at(0));
    for permit in permits {
        fail(&mut breaker, permit, at(1));
    }
    breaker.give_draw(0.0);
    assert_eq!(ask(&mut breaker, at(1)), Admission::Refused(Refusal::Throttled));
    enter(&mut breaker, waiting, at(1));
}

#[test]
fn a_place_that_is_taken_by_hand_is_not_that_of_a_call_that_waits() {
    let mut breaker = queued();
    let permit = admit(&mut breaker, at(0));
    let ticket = wait(&mut breaker, at(1));
    let Settled::Failed { permit, .. } = breaker.on_failure(permit, at(2)) else { panic!() };
    assert_eq!(breaker.available(), 1, "it is not decided yet whether the circuit opens");
    assert!(!breaker.take_capacity());
    let _ = breaker.evaluate_trip(permit, at(2));
    assert!(breaker.leave(ticket, at(3)));
    assert_eq!(breaker.available(), 1);
    assert!(breaker.take_capacity());
}

//! What limits, queues, throttles and timeouts that learn do to a service, in a simulation: the
//! same seed, the same events. `npm run simulate` shows all of it as a table.
// Nobody uses this crate: `pub` is among its files. What it does not use, `npm run simulate` does.
#![allow(dead_code, unreachable_pub)]

mod guard;
mod load;
mod measure;
mod random;
mod service;
mod world;

use guard::{Policy, ADAPTIVE, LEARNED, LEARNED_SOON, NONE, OPOSSUM, QUEUED, THROTTLE, TOGETHER};
use load::{
    Load, BROWNOUT, BURSTS, HANG, LARGE, OVERLOAD, SHIFT, SHORT_OVERLOAD, SLOWDOWN, SLOW_CLASS,
    STALLS,
};
use measure::{Figures, Outcome};

const SEEDS: [u64; 2] = [1, 2];

/// What comes of it, for each seed.
fn outcomes<'a>(load: &'a Load, policy: &'a Policy) -> impl Iterator<Item = Outcome> + 'a {
    SEEDS.into_iter().map(|seed| world::play(load, policy, seed))
}

fn sum(seconds: &[Figures], what: fn(&Figures) -> u64) -> f64 {
    seconds.iter().map(what).sum::<u64>() as f64
}

/// The median latency, on average over some seconds.
fn p50(seconds: &[Figures]) -> f64 {
    seconds.iter().map(Figures::p50).sum::<f64>() / seconds.len() as f64
}

/// The learned timeout at the end of a phase, in milliseconds.
fn timeout(outcome: &Outcome, phase: usize) -> f64 {
    outcome.phase(phase).timeout.as_millis_f64()
}

#[track_caller]
fn within(got: f64, least: f64, greatest: f64) {
    assert!((least..=greatest).contains(&got), "{got} is not within {least} and {greatest}");
}

mod a_world {
    use super::*;

    #[test]
    fn is_the_same_for_the_same_seed() {
        let play = |seed| world::play(&BROWNOUT, &TOGETHER, seed);
        let figures = |outcome: Outcome| -> Vec<_> {
            outcome.seconds.iter().map(|second| (second.good, second.refused)).collect()
        };
        assert_eq!(figures(play(7)), figures(play(7)));
        assert_ne!(figures(play(7)), figures(play(8)));
    }

    #[test]
    fn offers_the_same_to_every_policy() {
        let offered = |policy| {
            let outcome = world::play(&BURSTS, policy, 1);
            outcome.seconds.iter().map(|second| second.offered).collect::<Vec<_>>()
        };
        assert_eq!(offered(&NONE), offered(&TOGETHER));
    }

    #[test]
    fn loses_no_call() {
        for policy in guard::ALL {
            let outcome = world::play(&HANG, &policy, 1);
            let total = |what| sum(&outcome.seconds, what);
            let ended = total(|s| s.good) + total(|s| s.refused) + total(|s| s.timed_out);
            // A few are under way in the end.
            within(total(|s| s.offered) - ended, 0.0, 100.0);
        }
    }
}

mod twice_what_the_service_can_do {
    use super::*;

    #[test]
    fn collapses_without_a_limit() {
        within(world::play(&SHORT_OVERLOAD, &NONE, 1).phase(1).goodput(), 0.0, 20.0);
        within(world::play(&SHORT_OVERLOAD, &OPOSSUM, 1).phase(1).goodput(), 0.0, 80.0);
    }

    #[test]
    fn is_served_at_capacity_for_ten_minutes_with_an_adaptive_limit() {
        let outcome = world::play(&OVERLOAD, &ADAPTIVE, 1);
        within(outcome.phase(1).goodput(), 780.0, 820.0);
        within(outcome.phase(1).p50(), 17.0, 30.0);
        within(outcome.phase(1).p99(), 50.0, 90.0);
        let seconds = outcome.seconds_of(1);
        let (first, last) = (p50(&seconds[..60]), p50(&seconds[540..]));
        within(last / first, 0.85, 1.15);
        assert_eq!(outcome.recovery(2), Some(0));
    }

    #[test]
    fn is_served_at_capacity_with_a_queue_that_does_not_stand() {
        for outcome in outcomes(&SHORT_OVERLOAD, &QUEUED) {
            within(outcome.phase(1).goodput(), 780.0, 820.0);
            within(outcome.phase(1).p50(), 17.0, 50.0);
            within(outcome.phase(1).p99(), 50.0, 130.0);
        }
    }

    #[test]
    fn is_throttled_to_ten_times_what_a_circuit_lets_through() {
        for outcome in outcomes(&SHORT_OVERLOAD, &THROTTLE) {
            within(outcome.phase(1).goodput(), 200.0, 800.0);
        }
    }

    #[test]
    fn teaches_a_timeout_nothing_where_there_is_a_limit() {
        for outcome in outcomes(&SHORT_OVERLOAD, &TOGETHER) {
            within(timeout(&outcome, 1) / timeout(&outcome, 0), 0.9, 1.5);
            within(outcome.phase(1).goodput(), 780.0, 820.0);
        }
    }
}

mod a_brownout_to_a_quarter {
    use super::*;

    #[test]
    fn is_used_to_the_full_by_an_adaptive_limit_and_over_at_once() {
        for policy in [ADAPTIVE, QUEUED] {
            for outcome in outcomes(&BROWNOUT, &policy) {
                within(outcome.phase(1).goodput(), 190.0, 210.0);
                within(outcome.recovery(2).unwrap() as f64, 0.0, 5.0);
            }
        }
        within(world::play(&BROWNOUT, &NONE, 1).phase(1).goodput(), 0.0, 20.0);
        within(world::play(&BROWNOUT, &OPOSSUM, 1).phase(1).goodput(), 0.0, 20.0);
    }

    #[test]
    fn is_used_by_all_together() {
        for outcome in outcomes(&BROWNOUT, &TOGETHER) {
            within(outcome.phase(1).goodput(), 180.0, 210.0);
            within(outcome.recovery(2).unwrap() as f64, 0.0, 5.0);
        }
    }
}

mod a_service_that_is_slow_and_keeps_up {
    use super::*;

    #[test]
    fn is_told_from_a_queue_by_an_adaptive_limit() {
        for policy in [ADAPTIVE, QUEUED] {
            for outcome in outcomes(&SLOWDOWN, &policy) {
                let seconds = outcome.seconds_of(1);
                within(sum(&seconds[..60], |second| second.refused) / 60.0, 0.0, 8.0);
                within(sum(&seconds[60..], |second| second.refused) / 60.0, 0.0, 0.5);
            }
        }
    }

    #[test]
    fn is_not_throttled() {
        for outcome in outcomes(&SLOWDOWN, &THROTTLE) {
            assert_eq!(sum(&outcome.seconds, |second| second.refused), 0.0);
        }
    }

    #[test]
    fn is_learned_by_a_timeout_though_at_first_nearly_all_time_out() {
        for policy in [LEARNED, TOGETHER] {
            for outcome in outcomes(&SLOWDOWN, &policy) {
                within(outcome.recovery(1).unwrap() as f64, 1.0, 25.0);
                let learned = &outcome.seconds_of(1)[40..];
                let timeouts = sum(learned, |second| second.timed_out);
                within(timeouts / sum(learned, |second| second.offered), 0.0, 0.005);
            }
        }
    }
}

mod a_hang_of_a_minute {
    use super::*;

    #[test]
    fn is_over_within_seconds_with_an_adaptive_limit() {
        for policy in [ADAPTIVE, QUEUED] {
            for outcome in outcomes(&HANG, &policy) {
                within(outcome.recovery(2).unwrap() as f64, 0.0, 5.0);
            }
        }
        // All that was asked for meanwhile is answered first, to nobody.
        within(world::play(&HANG, &NONE, 1).recovery(2).unwrap() as f64, 50.0, 70.0);
    }

    #[test]
    fn leaves_a_learned_timeout_as_it_was() {
        for policy in [LEARNED, TOGETHER] {
            for outcome in outcomes(&HANG, &policy) {
                assert_eq!(timeout(&outcome, 1), timeout(&outcome, 0));
                within(timeout(&outcome, 2) / timeout(&outcome, 0), 0.85, 1.2);
            }
        }
    }

    #[test]
    fn holds_a_limit_of_hundreds_down_for_seconds_only() {
        let outcome = world::play(&LARGE, &ADAPTIVE, 1);
        within(outcome.recovery(0).unwrap() as f64, 0.0, 5.0);
        within(outcome.recovery(2).unwrap() as f64, 0.0, 8.0);
    }
}

mod a_rare_slow_class {
    use super::*;

    #[test]
    fn stays_whole_under_a_learned_timeout() {
        for policy in [LEARNED, TOGETHER] {
            for outcome in outcomes(&SLOW_CLASS, &policy) {
                within(outcome.phase(1).slow_share(), 0.98, 1.0);
                within(timeout(&outcome, 1), 400.0, 800.0);
            }
        }
    }

    #[test]
    fn that_times_out_does_not_hold_a_limit_down() {
        // In that phase it takes 900 ms, and the timeout is 500.
        for outcome in outcomes(&SHIFT, &ADAPTIVE) {
            within(outcome.phase(1).slow_share(), 0.0, 0.1);
            let seconds = &outcome.seconds_of(1)[60..];
            within(sum(seconds, |second| second.refused) / 60.0, 0.0, 0.5);
        }
    }
}

mod latencies_that_shift {
    use super::*;

    #[test]
    fn are_learned_and_the_outage_that_follows_is_not() {
        for policy in [LEARNED, TOGETHER] {
            for outcome in outcomes(&SHIFT, &policy) {
                for phase in [1, 2] {
                    let learned = &outcome.seconds_of(phase)[30..];
                    let made = sum(learned, |second| second.good + second.timed_out);
                    within(sum(learned, |second| second.timed_out) / made, 0.0, 0.005);
                }
                assert_eq!(timeout(&outcome, 3), timeout(&outcome, 2));
                within(timeout(&outcome, 4) / timeout(&outcome, 2), 0.8, 1.3);
            }
        }
    }

    #[test]
    fn are_not_learned_from_a_call_that_tries_as_an_outage_ends() {
        for outcome in outcomes(&SHIFT, &LEARNED_SOON) {
            assert_eq!(timeout(&outcome, 3), timeout(&outcome, 2));
            for second in outcome.seconds_of(4) {
                within(second.timeout.as_millis_f64() / timeout(&outcome, 3), 0.8, 1.3);
            }
        }
    }
}

mod healthy_bursts {
    use super::*;

    #[test]
    fn need_a_queue_where_the_limit_is_adaptive() {
        let refused = |outcome: &Outcome| outcome.phase(1).refusals() / outcome.phase(1).goodput();
        for outcome in outcomes(&BURSTS, &ADAPTIVE) {
            within(refused(&outcome), 0.08, 0.3);
        }
        for outcome in outcomes(&BURSTS, &QUEUED) {
            within(refused(&outcome), 0.0, 0.04);
        }
    }
}

mod a_loop_that_stalls {
    use super::*;

    #[test]
    fn teaches_nothing() {
        for outcome in outcomes(&STALLS, &TOGETHER) {
            // Answers that came in a stall took up to 300 ms more. Those that were asked for after
            // it, all at once, did wait for one another.
            within(timeout(&outcome, 1), 90.0, 320.0);
            within(sum(&outcome.seconds, |second| second.timed_out), 0.0, 20.0);
            // All that was to be asked meanwhile is asked at once.
            within(sum(&outcome.seconds, |second| second.refused) / 180.0, 0.0, 2.0);
            within(f64::from(outcome.phase(1).limit.unwrap()), 20.0, 200.0);
        }
    }
}

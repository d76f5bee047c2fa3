//! The whole state of a breaker, taken out of one and put into another.
//!
//! It is what the breaker has learned, not what it was told: options are the other breaker's
//! own. The calls under way stay behind, with the places of the capacity that they hold; so
//! does a probe, and whoever asks next may make another. Nothing is announced on either side.

use super::mode::Wanted;
use super::state::{Machine, State};
use super::CircuitBreaker;
use crate::calls::call_time::CallTime;
use crate::metrics::window::Window;
use crate::policy::recovery;
use crate::policy::trip::Memory;
use crate::time::{Nanos, Now, Shift};

/// See the [module](self). Its moments are those of the clock by which it was taken.
#[derive(Clone, Debug)]
pub struct SavedState {
    taken: Now,
    state: State,
    wanted: Wanted,
    trip: Memory,
    timeout: Option<Nanos>,
    capacity: Option<(u32, Option<Nanos>)>,
    recovery: recovery::Memory,
    window: Window,
}

impl CircuitBreaker {
    /// The whole state at `now`.
    pub fn extract(&mut self, now: Now) -> SavedState {
        self.advance(now.monotonic);
        SavedState {
            taken: now,
            state: self.machine.state(),
            wanted: self.wanted,
            trip: self.trip.memory(),
            timeout: self.timeout_to_remember(),
            capacity: self.adaptive_capacity().filter(|(_, usual)| usual.is_some()),
            recovery: self.recovery.memory(),
            window: self.window.clone(),
        }
    }

    /// Goes on from a state, for a new breaker: everything that is to come is as far away at
    /// `now` as it was when the state was taken. The window keeps its shape.
    pub fn inject(&mut self, saved: SavedState, now: Now) {
        let SavedState { taken, state, wanted, trip, timeout, capacity, recovery, mut window } =
            saved;
        let shift = Shift { from: taken, to: now };
        let state = match state {
            State::HalfOpen { .. } => State::HalfOpen { probing_until: None },
            state => state,
        };
        let mut machine = Machine::new(state, self.recovery.probes());
        machine.change_clocks(&shift);
        self.machine = machine;
        // Whether all breakers are bypassed is no business of the other's.
        self.wanted = Wanted { bypassed: self.wanted.bypassed, ..wanted };
        self.mode = self.wanted.in_force();
        self.time_next_move();
        if let Some(timeout) = timeout {
            self.remember_timeout(timeout);
        }
        if let Some((limit, usual)) = capacity {
            self.remember_capacity(limit, usual);
        }
        self.trip.remember(trip);
        self.trip.change_clocks(&shift);
        self.recovery.remember(recovery);
        self.recovery.change_clocks(&shift, &CallTime::UNSTALLED);
        window.change_clocks(&shift);
        self.window.become_another(window);
        self.time_next_change();
        self.publish();
        self.ask_for_probe_soon();
    }

    /// Puts a new breaker into the state of an earlier one.
    pub fn restore(&mut self, state: State) {
        self.machine = Machine::new(state, self.recovery.probes());
        self.moved_at = Nanos::MAX;
        self.time_next_move();
        self.ask_for_probe_soon();
        if let State::Open { .. } = state {
            self.window.mark_circuit(true);
        }
    }

    /// Goes on from the waits of an earlier breaker: how many there were, and the last.
    pub fn resume_waits(&mut self, attempt: u32, wait: Nanos, now: Now) {
        self.recovery.resume(attempt, wait, now.monotonic);
    }

    /// Takes over the window of another breaker, counts and shape.
    pub fn set_window(&mut self, window: Window) {
        self.window.become_another(window);
        self.time_next_change();
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::breaker::mode::Mode;
    use crate::breaker::{Admission, Settled};
    use crate::config::Config;
    use crate::metrics::window::Counter;
    use crate::time::Nanos;

    fn at(millis: u64) -> Now {
        Now::unstalled(Nanos::from_millis(millis))
    }

    fn config() -> Config {
        let mut config = Config { warm_up: Some(Nanos::from_millis(50)), ..Config::default() };
        config.live.error_threshold_percentage = 100.0;
        config.live.max_failures = NonZeroU32::new(3);
        config
    }

    fn fail(breaker: &mut CircuitBreaker, now: Now) {
        let Admission::Admitted(permit) = breaker.try_acquire(false, now) else {
            panic!("refused")
        };
        let Settled::Failed { permit, .. } = breaker.on_failure(permit, now) else {
            panic!("late")
        };
        assert!(breaker.evaluate_trip(permit, now));
    }

    /// Another breaker, made and given the state at `to`.
    fn moved(breaker: &mut CircuitBreaker, from: Now, to: Now) -> CircuitBreaker {
        let mut other = CircuitBreaker::new(config(), to);
        other.inject(breaker.extract(from), to);
        other
    }

    #[test]
    fn a_row_of_failures_goes_on_in_the_other_breaker() {
        let mut breaker = CircuitBreaker::new(config(), at(0));
        (0..2).for_each(|_| fail(&mut breaker, at(60)));
        let mut other = moved(&mut breaker, at(60), at(5));
        fail(&mut other, at(6));
        assert!(matches!(other.state(at(6)), State::Open { .. }));
    }

    #[test]
    fn a_warm_up_takes_as_long_as_it_would_have_taken() {
        let mut breaker = CircuitBreaker::new(config(), at(0));
        let other = moved(&mut breaker, at(30), at(1_000));
        assert!(other.is_warming_up(at(1_019)));
        assert!(!other.is_warming_up(at(1_020)));
    }

    #[test]
    fn an_open_circuit_waits_for_what_is_left_of_its_time() {
        let mut breaker = CircuitBreaker::new(config(), at(0));
        breaker.open(at(100));
        let mut other = moved(&mut breaker, at(10_100), at(7));
        assert_eq!(other.wake_at(), Nanos::from_millis(20_007));
        assert!(matches!(other.state(at(20_006)), State::Open { .. }));
        assert!(matches!(other.state(at(20_007)), State::HalfOpen { .. }));
        assert_eq!(other.available(), config().capacity);
    }

    #[test]
    fn a_probe_stays_behind_and_another_may_be_made() {
        let mut breaker = CircuitBreaker::new(config(), at(0));
        breaker.open(at(0));
        assert_eq!(breaker.try_acquire(false, at(30_000)), Admission::EventsFirst);
        while breaker.poll_event().is_some() {}
        assert!(matches!(breaker.try_acquire(false, at(30_000)), Admission::Admitted(_)));
        let mut other = moved(&mut breaker, at(30_000), at(1));
        assert_eq!(other.state(at(1)), State::HalfOpen { probing_until: None });
        assert!(matches!(other.try_acquire(false, at(1)), Admission::Admitted(_)));
    }

    #[test]
    fn what_was_counted_leaves_the_window_when_it_would_have_left() {
        let mut breaker = CircuitBreaker::new(config(), at(0));
        fail(&mut breaker, at(500));
        let mut other = moved(&mut breaker, at(4_000), at(100_000));
        let last = 100_000 + 10_000 - 4_000;
        assert_eq!(other.window(at(last - 1)).total(Counter::Failures), 1);
        assert_eq!(other.window(at(last)).total(Counter::Failures), 0);
    }

    #[test]
    fn one_that_is_disabled_or_shut_down_stays_so() {
        let mut breaker = CircuitBreaker::new(config(), at(0));
        breaker.set_mode(Mode::Disabled, at(1));
        assert_eq!(moved(&mut breaker, at(1), at(9)).mode(), Mode::Disabled);
        breaker.shutdown(at(2));
        assert_eq!(moved(&mut breaker, at(3), at(9)).state(at(9)), State::Shutdown);
    }
}

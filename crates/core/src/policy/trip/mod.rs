//! When to open: any of the reasons here suffices, a file each. Asked by the breaker after each
//! failure of a closed circuit.
//!
//! What opossum does not know is in [`further`], and costs a breaker without it nothing.

mod before;
mod further;
mod outcomes;
mod rate;
mod row;
mod slow;
pub(crate) mod tripped;

use self::further::Further;
use self::outcomes::Ended;
use self::rate::Rate;
use self::row::Row;
use self::tripped::{Reason, Tripped};
use crate::config::{Config, LiveOptions};
use crate::metrics::window::{Counter, Moves, Window};
use crate::time::{Nanos, Shift};

/// The reasons, and what holds all of them back.
#[derive(Clone, Debug)]
pub(crate) struct Trip {
    rate: Rate,
    row: Row,
    /// The fewest calls, counted as for the rate, for which it, or a row of opossum's, holds.
    volume: i64,
    /// As it was told.
    warm_up: Option<Nanos>,
    /// Before, failures are none to anybody.
    warm_until: Nanos,
    /// Before, none of them opens; [`Nanos::MAX`]: a throttle does what they would.
    opens_from: Nanos,
    further: Option<Box<Further>>,
    last: Option<Box<Tripped>>,
}

impl Trip {
    /// By those options, for a breaker that is made at `now`.
    pub(crate) fn new(config: &Config, now: Nanos) -> Self {
        let LiveOptions { error_threshold_percentage, max_failures, .. } = config.live;
        let mut trip = Trip {
            rate: Rate { threshold: error_threshold_percentage },
            row: Row { most: max_failures, failures: 0 },
            volume: config.volume_threshold,
            warm_up: config.warm_up,
            warm_until: config.warm_up.map_or(Nanos::ZERO, |warm_up| now + warm_up),
            opens_from: Nanos::ZERO,
            further: Further::new(config),
            last: None,
        };
        trip.note_throttle();
        trip
    }

    /// Decides by other live options from now on.
    pub(crate) fn set_live_options(&mut self, live: &LiveOptions) {
        self.rate.threshold = live.error_threshold_percentage;
        self.row.most = live.max_failures;
    }

    /// The window has another shape.
    pub(crate) fn on_reshape(&mut self, moves: &Moves) {
        if let Some(further) = &mut self.further {
            further.on_reshape(moves);
        }
    }

    /// Whether it is to be told of calls that end well by [`note_success`](Trip::note_success),
    /// too. Changes with the options alone.
    pub(crate) fn watches_successes(&self) -> bool {
        self.further.as_ref().is_some_and(|further| further.watches_successes())
    }

    /// Decides by those options from now on, for a breaker that was made then. What it has
    /// learned stays.
    pub(crate) fn update(&mut self, config: &Config, made_at: Nanos) {
        self.set_live_options(&config.live);
        self.volume = config.volume_threshold;
        let earlier = std::mem::replace(&mut self.further, Further::new(config));
        self.remember_further(earlier);
        // One that goes on as it was told may have been restored, and end at another moment.
        if config.warm_up != self.warm_up {
            self.warm_up = config.warm_up;
            self.warm_until = config.warm_up.map_or(Nanos::ZERO, |warm_up| made_at + warm_up);
        }
        self.note_throttle();
    }

    /// A call of the generation that stands ended well.
    #[inline]
    pub(crate) fn on_success(&mut self) {
        self.row.failures = 0;
    }

    /// The same, where successes are watched.
    pub(crate) fn note_success(&mut self, slow: bool, window: &Window) {
        if let Some(further) = &mut self.further {
            further.on_end(Ended { failed: false, slow, refused: false }, window);
        }
    }

    /// A call of the generation that stands ended badly, or was refused for want of a place.
    pub(crate) fn on_failure(&mut self, refused: bool, slow: bool, window: &Window) {
        self.row.failures = self.row.failures.saturating_add(1);
        if let Some(further) = &mut self.further {
            if !refused {
                further.on_end(Ended { failed: true, slow, refused: false }, window);
            }
        }
    }

    /// Whether a call is slow that took so long.
    pub(crate) fn is_slow(&self, took: Nanos) -> bool {
        self.further.as_ref().is_some_and(|further| further.is_slow(took))
    }

    /// Whether it asks how long calls took.
    pub(crate) fn watches_slow_calls(&self) -> bool {
        self.further.as_ref().is_some_and(|further| further.watches_slow_calls())
    }

    /// A call ended and says nothing.
    pub(crate) fn on_ignored(&mut self, window: &Window) {
        self.further.get_or_insert_default().on_ignored(window);
    }

    /// The circuit has closed.
    pub(crate) fn on_close(&mut self, window: &Window) {
        self.row.failures = 0;
        if let Some(further) = &mut self.further {
            further.on_close(window);
        }
    }

    /// The circuit has opened.
    pub(crate) fn on_open(&mut self, tripped: Tripped) {
        self.last = Some(Box::new(tripped));
    }

    /// Why it did so last.
    pub(crate) fn last(&self) -> Option<&Tripped> {
        self.last.as_deref()
    }

    /// What reason there is to open a closed circuit.
    pub(crate) fn trips(&mut self, window: &Window, now: Nanos) -> Option<Tripped> {
        if now < self.opens_from {
            return None;
        }
        if let Some(tripped) = self.slow_calls_trip(window, now) {
            return Some(tripped);
        }
        if let Some(tripped) = self.further.as_mut().and_then(|further| further.trips(now)) {
            return Some(tripped);
        }
        let (failures, calls) = self.judged(window);
        if calls < self.volume {
            return None;
        }
        if self.rate.trips(failures, calls) {
            let threshold = self.rate.threshold;
            let reason = Reason::ErrorRate;
            return Some(Tripped { reason, at: now, count: failures, calls, threshold });
        }
        self.row.trips(Reason::MaxFailures, now)
    }

    /// How many calls failed, and of how many, for the rate.
    pub(crate) fn judged(&mut self, window: &Window) -> (i64, i64) {
        match &mut self.further {
            None => (window.total(Counter::Failures), window.calls()),
            Some(further) => further.failures(window),
        }
    }

    /// What reason there is to open it after a call that ended well: that too many were slow.
    pub(crate) fn slow_calls_trip(&mut self, window: &Window, now: Nanos) -> Option<Tripped> {
        if now < self.opens_from {
            return None;
        }
        let volume = self.volume;
        self.further.as_mut()?.slow_trips(window, volume, now)
    }

    /// Whether the host is to be asked for a reason, as there is none else.
    pub(crate) fn asks_host(&mut self, window: &Window, now: Nanos) -> bool {
        let Some(further) = &mut self.further else { return false };
        further.asks_host() && now >= self.opens_from && further.failures(window).1 >= self.volume
    }

    /// Whether nothing is reason to open yet.
    pub(crate) fn is_warming_up(&self, now: Nanos) -> bool {
        now < self.warm_until
    }

    /// Whether a throttle is in place of a circuit that opens.
    pub(crate) fn is_throttled(&self) -> bool {
        self.further.as_ref().is_some_and(|further| further.is_throttled())
    }

    /// Whether the throttle, if there is one, lets a call begin.
    pub(crate) fn admits(
        &mut self,
        draw: impl FnOnce() -> f64,
        window: &Window,
        now: Nanos,
    ) -> bool {
        match &mut self.further {
            Some(further) if now >= self.warm_until => further.admits(draw, window, now),
            _ => true,
        }
    }

    /// The share of calls that the throttle refuses; `None`: there is none.
    pub(crate) fn rejection(&mut self, window: &Window, now: Nanos) -> Option<f64> {
        let share = self.further.as_mut()?.rejection(window)?;
        Some(if now < self.warm_until { 0.0 } else { share })
    }

    /// What it has learned, for another breaker.
    pub(crate) fn memory(&self) -> Memory {
        Memory {
            failures: self.row.failures,
            warm_until: self.warm_until,
            further: self.further.clone(),
            last: self.last.clone(),
        }
    }

    /// Goes on from what another breaker has learned.
    pub(crate) fn remember(&mut self, memory: Memory) {
        let Memory { failures, warm_until, further, last } = memory;
        self.row.failures = failures;
        self.warm_until = warm_until;
        self.remember_further(further);
        self.last = last;
        self.note_throttle();
    }

    /// Goes on with another clock.
    pub(crate) fn change_clocks(&mut self, shift: &Shift) {
        self.warm_until = shift.apply(self.warm_until);
        if let Some(further) = &mut self.further {
            further.change_clocks(shift);
        }
        self.note_throttle();
        if let Some(last) = &mut self.last {
            last.at = shift.apply(last.at);
        }
    }

    fn note_throttle(&mut self) {
        self.opens_from = if self.is_throttled() { Nanos::MAX } else { self.warm_until };
    }

    fn remember_further(&mut self, earlier: Option<Box<Further>>) {
        let Some(earlier) = earlier else { return };
        if earlier.leaves_out_calls() {
            self.further.get_or_insert_default();
        }
        if let Some(further) = &mut self.further {
            further.remember(*earlier);
        }
    }
}

/// What [`Trip`] knows that no option says.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    failures: u32,
    warm_until: Nanos,
    further: Option<Box<Further>>,
    last: Option<Box<Tripped>>,
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn should_open(config: &Config, window: &Window, in_a_row: u32) -> bool {
        let mut trip = Trip::new(config, Nanos::ZERO);
        trip.row.failures = in_a_row;
        trip.trips(window, Nanos::ZERO).is_some()
    }

    fn opens(failures: i64, fires: i64, threshold: f64, volume: i64) -> bool {
        let mut config = Config { volume_threshold: volume, ..Config::default() };
        config.live.error_threshold_percentage = threshold;
        let mut window = Window::new(&config.window, Nanos::ZERO);
        window.set_count(window.serial(), Counter::Failures, failures);
        window.set_count(window.serial(), Counter::Fires, fires);
        should_open(&config, &window, 0)
    }

    fn opens_by_row(in_a_row: u32, most: u32, fires: i64, volume: i64) -> bool {
        let mut config = Config { volume_threshold: volume, ..Config::default() };
        config.live.max_failures = NonZeroU32::new(most);
        let mut window = Window::new(&config.window, Nanos::ZERO);
        window.set_count(window.serial(), Counter::Fires, fires);
        should_open(&config, &window, in_a_row)
    }

    #[test]
    fn opens_above_the_threshold_not_at_it() {
        assert!(!opens(5, 10, 50.0, 0));
        assert!(opens(6, 10, 50.0, 0));
        assert!(opens(1, 1_000_000, 0.0, 0));
        assert!(!opens(10, 10, 100.0, 0));
        assert!(opens(0, 10, -1.0, 0), "minus one: always");
        assert!(!opens(10, 10, f64::INFINITY, 0), "infinity: never");
    }

    #[test]
    fn holds_back_below_the_volume() {
        assert!(!opens(9, 9, 50.0, 10));
        assert!(opens(10, 10, 50.0, 10));
    }

    #[test]
    fn opens_at_so_many_in_a_row_whatever_the_rate() {
        assert!(!opens_by_row(2, 3, 100, 0));
        assert!(opens_by_row(3, 3, 100, 0));
        assert!(opens_by_row(4, 3, 100, 0));
        assert!(opens_by_row(1, 1, 100, 0));
        assert!(!opens_by_row(u32::MAX, 0, 100, 0), "none: never");
    }

    #[test]
    fn the_volume_holds_back_a_row_too() {
        assert!(!opens_by_row(3, 3, 9, 10));
        assert!(opens_by_row(3, 3, 10, 10));
    }

    #[test]
    fn counts_corrected_by_hand_divide_as_in_javascript() {
        assert!(opens(1, 0, 50.0, 0), "infinite");
        assert!(!opens(0, 0, 0.0, 0), "not a number");
    }

    #[test]
    fn no_rate_is_above_all() {
        for fires in [0, 1, 2] {
            assert!(opens(3, fires, 99.9, 0));
            assert!(!opens(3, fires, 100.0, 0), "100: never");
        }
    }

    #[test]
    fn calls_that_outlive_the_bucket_in_which_they_began_are_calls() {
        let mut config = Config { volume_threshold: 5, ..Config::default() };
        let mut window = Window::new(&config.window, Nanos::ZERO);
        (0..10).for_each(|_| window.count(Counter::Fires));
        let gone = config.window.interval().as_millis() * config.window.buckets() as u64;
        window.advance(Nanos::from_millis(gone));
        assert_eq!(window.total(Counter::Fires), 0);
        for ended in 1..=10 {
            window.count(Counter::Failures);
            assert_eq!(should_open(&config, &window, 0), ended >= 5);
        }
        config.live.error_threshold_percentage = 100.0;
        assert!(!should_open(&config, &window, 0));
    }
}

//! What opossum does not know: other counts to decide by, and other reasons to open.
//!
//! A breaker without any of it has none of this. One that has is told of each call that
//! ended in the generation in which it began; calls of an earlier one tell of a time that has
//! been judged already.

use super::before::Before;
use super::outcomes::{Ended, Outcomes, Tally};
use super::row::Row;
use super::slow::Slow;
use super::tripped::{Reason, Tripped};
use crate::config::{Config, RateOf};
use crate::metrics::window::{Counted, Counter, Moves, Window};
use crate::policy::throttle::{self, Throttle};
use crate::time::{Nanos, Shift};

/// See the [module](self).
#[derive(Clone, Debug, Default)]
pub(super) struct Further {
    /// Whether failures are a share of the outcomes, and not of the calls in the window.
    by_outcomes: bool,
    /// Failures in a row; refusals for want of a place are none.
    row: Row,
    slow: Option<Slow>,
    /// Whether the host is asked, too.
    asks_host: bool,
    /// Kept where somebody decides by them.
    outcomes: Option<Outcomes>,
    /// Calls that say nothing, to be left out of the calls in the window; kept once there is one.
    ignored: Option<Outcomes>,
    /// What is left out of the window; kept where closing empties it for decisions.
    before: Option<Before>,
    /// What refuses calls in place of a circuit that opens.
    throttle: Option<Throttle>,
}

impl Further {
    /// What those options ask for; `None`: nothing.
    pub(super) fn new(config: &Config) -> Option<Box<Further>> {
        let throttle = config.throttle.map(Throttle::new);
        let by_outcomes =
            config.rate_of == RateOf::Outcomes || config.last_calls.is_some() || throttle.is_some();
        let row = Row { most: config.consecutive_failures, failures: 0 };
        let before = config.reset_window_on_close.then(Before::default);
        let slow = config.slow_calls.map(Slow);
        let asks_host = config.asks_host;
        let is_simple = row.most.is_none() && before.is_none() && slow.is_none() && !asks_host;
        if is_simple && !by_outcomes {
            return None;
        }
        let keeps_outcomes = by_outcomes || slow.is_some();
        let outcomes = keeps_outcomes.then(|| Outcomes::new(config.last_calls));
        Some(Box::new(Further {
            by_outcomes,
            row,
            slow,
            asks_host,
            outcomes,
            ignored: None,
            before,
            throttle,
        }))
    }

    /// Goes on from what another has learned, as far as it is of the same kind.
    pub(super) fn remember(&mut self, other: Further) {
        self.row.failures = other.row.failures;
        self.ignored = other.ignored;
        if let (Some(outcomes), Some(others)) = (&mut self.outcomes, other.outcomes) {
            outcomes.remember(others);
        }
        if let (Some(before), Some(other)) = (&mut self.before, other.before) {
            *before = other;
        }
        if let (Some(throttle), Some(other)) = (&mut self.throttle, &other.throttle) {
            throttle.remember(other);
        }
    }

    /// Whether calls in the window are none, which others would count.
    pub(super) fn leaves_out_calls(&self) -> bool {
        self.ignored.is_some()
    }

    /// The window has another shape.
    pub(super) fn on_reshape(&mut self, moves: &Moves) {
        for outcomes in [&mut self.outcomes, &mut self.ignored].into_iter().flatten() {
            outcomes.on_reshape(moves);
        }
        if let Some(before) = &mut self.before {
            before.on_reshape(moves);
        }
    }

    /// Whether calls that end well matter.
    pub(super) fn watches_successes(&self) -> bool {
        self.outcomes.is_some() || self.row.most.is_some()
    }

    /// A call ended, in the time of that window. One that is slow is no failure in the row.
    pub(super) fn on_end(&mut self, ended: Ended, window: &Window) {
        self.row.failures = if ended.failed { self.row.failures.saturating_add(1) } else { 0 };
        if let Some(outcomes) = &mut self.outcomes {
            outcomes.push(ended, place_in(window));
        }
    }

    /// A call ended and says nothing: of the calls in the window it is none. Among outcomes it
    /// never was.
    pub(super) fn on_ignored(&mut self, window: &Window) {
        if !self.by_outcomes {
            self.ignored.get_or_insert_with(|| Outcomes::new(None)).ignore(place_in(window));
        }
    }

    /// The circuit has closed.
    pub(super) fn on_close(&mut self, window: &Window) {
        self.row.failures = 0;
        if let Some(before) = &mut self.before {
            before.note(window);
            for outcomes in [&mut self.outcomes, &mut self.ignored].into_iter().flatten() {
                outcomes.clear();
            }
        }
    }

    /// How many calls failed, and of how many.
    pub(super) fn failures(&mut self, window: &Window) -> (i64, i64) {
        if self.by_outcomes {
            let Tally { failures, calls, .. } = self.tally(window);
            return (failures, calls);
        }
        let ignored =
            self.ignored.as_mut().map_or(0, |ignored| ignored.total(place_in(window)).ignored);
        let none = Counted::default();
        let before = match &mut self.before {
            Some(before) => before.total(window),
            None => &none,
        };
        let failures = window.total(Counter::Failures) - before.of(Counter::Failures);
        (failures, window.calls_beside(before, ignored))
    }

    /// Whether a call that took so long was slow.
    pub(super) fn is_slow(&self, took: Nanos) -> bool {
        self.slow.as_ref().is_some_and(|slow| took > slow.0.longer_than)
    }

    /// Whether calls are slow or not, to anybody.
    pub(super) fn watches_slow_calls(&self) -> bool {
        self.slow.is_some()
    }

    /// Whether the host is to be asked.
    pub(super) fn asks_host(&self) -> bool {
        self.asks_host
    }

    /// A reason of its own for opening, whatever the volume.
    pub(super) fn trips(&mut self, now: Nanos) -> Option<Tripped> {
        self.row.trips(Reason::ConsecutiveFailures, now)
    }

    /// Whether too many calls are slow, from that volume of outcomes on.
    pub(super) fn slow_trips(
        &mut self,
        window: &Window,
        volume: i64,
        now: Nanos,
    ) -> Option<Tripped> {
        let slow = self.slow.clone()?;
        let Tally { calls, slow: count, .. } = self.tally(window);
        (calls >= volume && slow.trips(count, calls)).then_some(Tripped {
            reason: Reason::SlowCalls,
            at: now,
            count,
            calls,
            threshold: slow.0.threshold_percentage,
        })
    }

    /// Whether a throttle is in place of a circuit that opens.
    pub(super) fn is_throttled(&self) -> bool {
        self.throttle.is_some()
    }

    /// Whether the throttle lets a call begin; one that it refuses is counted.
    pub(super) fn admits(
        &mut self,
        draw: impl FnOnce() -> f64,
        window: &Window,
        now: Nanos,
    ) -> bool {
        let tally = self.throttle_tally(window);
        let Some(throttle) = &mut self.throttle else { return true };
        let admits = throttle.admits(tally, draw, now);
        if let (false, Some(outcomes)) = (admits, &mut self.outcomes) {
            outcomes.refuse(place_in(window));
        }
        admits
    }

    /// The share of calls that the throttle refuses; `None`: there is none.
    pub(super) fn rejection(&mut self, window: &Window) -> Option<f64> {
        let tally = self.throttle_tally(window);
        self.throttle.as_ref().map(|throttle| throttle.rejection(tally))
    }

    /// Goes on with another clock.
    pub(super) fn change_clocks(&mut self, shift: &Shift) {
        if let Some(throttle) = &mut self.throttle {
            throttle.change_clocks(shift);
        }
    }

    fn throttle_tally(&mut self, window: &Window) -> throttle::Tally {
        let Tally { calls, failures, refused, .. } = self.tally(window);
        throttle::Tally { successes: calls - failures, failures, refused }
    }

    fn tally(&mut self, window: &Window) -> Tally {
        self.outcomes.as_mut().map_or(Tally::default(), |outcomes| outcomes.total(place_in(window)))
    }
}

/// The newest bucket of a window, and how many there are.
fn place_in(window: &Window) -> (u64, u64) {
    (window.serial(), window.len() as u64)
}

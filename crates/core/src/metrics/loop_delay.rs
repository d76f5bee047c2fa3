//! How late the event loop has been: the lengths of its turns, and its stalls.
//!
//! While a turn is busy nothing else happens on the loop: no timer goes off, no answer is
//! read. So the busy time of a turn is the lag of whatever became due as it began. Called
//! by the loop clock, once a turn.

use super::latency::{Summary, QUANTILES};
use super::window::Window;
use crate::config::WindowConfig;
use crate::time::Nanos;

/// The turns of a loop in the last ten seconds, and its stalls since the beginning.
#[derive(Debug)]
pub struct LoopDelay {
    turns: Window,
    stalls: Window,
    total: Stalls,
}

/// Stalls, counted together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stalls {
    /// How many there were.
    pub count: u64,
    /// Their length, added up.
    pub time: Nanos,
    /// The length of the longest.
    pub longest: Nanos,
}

impl LoopDelay {
    /// No turns yet.
    pub fn new(now: Nanos) -> Self {
        let window = || Window::new(&WindowConfig::default(), now);
        LoopDelay { turns: window(), stalls: window(), total: Stalls::default() }
    }

    /// A turn has ended that was busy for that long, and whether that was a stall.
    pub fn on_turn(&mut self, busy: Nanos, stalled: bool, now: Nanos) {
        self.turns.advance(now);
        self.turns.record(busy);
        if stalled {
            self.stalls.advance(now);
            self.stalls.record(busy);
            self.total.count += 1;
            self.total.time = self.total.time + busy;
            self.total.longest = self.total.longest.max(busy);
        }
    }

    /// Mean and quantiles of the busy times of the turns in the window.
    pub fn turns(&mut self, now: Nanos) -> Summary {
        summary(&mut self.turns, now)
    }

    /// The stalls in the window.
    pub fn stalls(&mut self, now: Nanos) -> Stalls {
        let Summary { count, mean_nanos, quantiles } = summary(&mut self.stalls, now);
        let time = Nanos::new((mean_nanos * count as f64).round() as u64);
        Stalls { count, time, longest: quantiles[QUANTILES.len() - 1] }
    }

    /// The stalls since the beginning.
    pub fn total(&self) -> Stalls {
        self.total
    }
}

fn summary(window: &mut Window, now: Nanos) -> Summary {
    window.advance(now);
    window.summary().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STALL: Nanos = Nanos::from_millis(300);

    #[test]
    fn stalls_leave_the_window_and_stay_in_the_total() {
        let mut loop_delay = LoopDelay::new(Nanos::ZERO);
        let at = Nanos::from_millis;
        loop_delay.on_turn(Nanos::from_millis(1), false, at(500));
        loop_delay.on_turn(STALL, true, at(900));
        loop_delay.on_turn(Nanos::from_millis(200), true, at(5_000));
        let both = Stalls { count: 2, time: Nanos::from_millis(500), longest: STALL };
        assert_eq!(loop_delay.stalls(at(9_000)), both);
        assert_eq!(loop_delay.turns(at(9_000)).count, 3);
        let last = Nanos::from_millis(200);
        assert_eq!(loop_delay.stalls(at(11_000)), Stalls { count: 1, time: last, longest: last });
        assert_eq!(loop_delay.stalls(at(60_000)), Stalls::default());
        assert_eq!(loop_delay.total(), both);
    }
}

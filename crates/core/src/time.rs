//! Time as the core knows it: a number it is given, never one it asks for.
//!
//! Every method of the core that depends on time takes `now` as its last argument.
//! There is no clock here, so the same machine runs under the timer thread, under
//! fake timers and under a test that jumps an hour.

use std::ops::{Add, Sub};

/// A span of time, or a point on a monotonic clock whose zero does not matter, in
/// nanoseconds. Arithmetic saturates: a clock that runs backwards gives spans of
/// zero, and "never" ([`Nanos::MAX`]) stays never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(u64);

impl Nanos {
    /// The beginning of the clock; the empty span.
    pub const ZERO: Nanos = Nanos(0);
    /// Later than anything that happens: "never".
    pub const MAX: Nanos = Nanos(u64::MAX);

    /// So many nanoseconds.
    pub const fn new(nanos: u64) -> Self {
        Nanos(nanos)
    }

    /// So many milliseconds; what does not fit is [`Nanos::MAX`].
    pub const fn from_millis(millis: u64) -> Self {
        Nanos(millis.saturating_mul(NANOS_PER_MILLI))
    }

    /// The same from a JavaScript number of milliseconds: rounded down to a
    /// nanosecond, negative values and `NaN` are zero, `Infinity` is
    /// [`Nanos::MAX`].
    pub fn from_millis_f64(millis: f64) -> Self {
        // The whole part apart: in nanoseconds, the time of day has more digits than a
        // float keeps. `as` saturates at both ends and maps NaN to zero: the rounding we
        // promise.
        let whole = Nanos::from_millis(millis.trunc() as u64);
        whole + Nanos((millis.fract() * NANOS_PER_MILLI as f64) as u64)
    }

    /// The nanoseconds as an integer.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Whole milliseconds, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0 / NANOS_PER_MILLI
    }

    /// Milliseconds with their fraction.
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_MILLI as f64
    }

    /// Whether this is [`Nanos::MAX`].
    pub const fn is_never(self) -> bool {
        self.0 == u64::MAX
    }
}

impl Add for Nanos {
    type Output = Nanos;
    fn add(self, other: Nanos) -> Nanos {
        Nanos(self.0.saturating_add(other.0))
    }
}

impl Sub for Nanos {
    type Output = Nanos;
    fn sub(self, other: Nanos) -> Nanos {
        Nanos(self.0.saturating_sub(other.0))
    }
}

/// The present, and what the event loop has done by then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// The monotonic clock.
    pub monotonic: Nanos,
    /// How many stalls of the loop have ended so far.
    pub stalls: u64,
    /// The length of the stall under way; zero while there is none.
    pub stalling: Nanos,
}

impl Now {
    /// A present without stalls.
    pub const fn unstalled(monotonic: Nanos) -> Self {
        Now { monotonic, stalls: 0, stalling: Nanos::ZERO }
    }
}

/// From one clock to another: each moment keeps its distance from the present.
#[derive(Clone, Copy, Debug)]
pub struct Shift {
    /// The present on the clock that is left.
    pub from: Now,
    /// The present on the clock that counts from now on.
    pub to: Now,
}

impl Shift {
    /// What a moment is on the other clock.
    pub fn apply(&self, at: Nanos) -> Nanos {
        shift(at, self.from.monotonic, self.to.monotonic)
    }
}

fn shift(at: Nanos, from: Nanos, to: Nanos) -> Nanos {
    match at {
        Nanos::MAX => at,
        _ if at >= from => to + (at - from),
        _ => to - (from - at),
    }
}

const NANOS_PER_MILLI: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_from_javascript_saturate() {
        assert_eq!(Nanos::from_millis_f64(1.5), Nanos::new(1_500_000));
        assert_eq!(Nanos::from_millis_f64(f64::INFINITY), Nanos::MAX);
        assert_eq!(Nanos::from_millis_f64(f64::NAN), Nanos::ZERO);
        assert_eq!(Nanos::from_millis_f64(-3.0), Nanos::ZERO);
        assert_eq!(Nanos::from_millis_f64(-0.5), Nanos::ZERO);
        assert_eq!(Nanos::from_millis(u64::MAX), Nanos::MAX);
    }

    #[test]
    fn a_moment_keeps_its_distance_from_the_present_on_another_clock() {
        let at = |monotonic| Now::unstalled(Nanos::new(monotonic));
        let shift = Shift { from: at(100), to: at(1_000) };
        assert_eq!(shift.apply(Nanos::new(130)), Nanos::new(1_030));
        assert_eq!(shift.apply(Nanos::new(70)), Nanos::new(970));
        assert_eq!(shift.apply(Nanos::MAX), Nanos::MAX, "never stays never");
    }

    #[test]
    fn the_time_of_day_in_milliseconds_is_exact() {
        let millis = 1_800_000_000_001;
        assert_eq!(Nanos::from_millis_f64(millis as f64), Nanos::from_millis(millis));
    }

    #[test]
    fn a_clock_that_runs_backwards_gives_empty_spans() {
        assert_eq!(Nanos::new(3) - Nanos::new(5), Nanos::ZERO);
        assert_eq!(Nanos::MAX + Nanos::new(1), Nanos::MAX);
    }
}

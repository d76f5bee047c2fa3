//! Why a circuit opened, and by what figures.

use crate::time::Nanos;

/// What opened a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    /// Too large a share of the calls failed.
    ErrorRate,
    /// Too large a share of them was slow.
    SlowCalls,
    /// So many failed in a row, own refusals left out.
    ConsecutiveFailures,
    /// The same as opossum 1 counts.
    MaxFailures,
    /// The host said so when it was asked.
    Host,
    /// Too many probes of a half-open circuit failed, or they did not settle in time.
    Probe,
    /// A command.
    Command,
}

impl Reason {
    /// Every one, in order.
    pub const ALL: [Reason; 7] = [
        Reason::ErrorRate,
        Reason::SlowCalls,
        Reason::ConsecutiveFailures,
        Reason::MaxFailures,
        Reason::Host,
        Reason::Probe,
        Reason::Command,
    ];
}

/// Why a circuit opened, and by what figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tripped {
    /// What opened it.
    pub reason: Reason,
    /// When, by the monotonic clock.
    pub at: Nanos,
    /// How many calls speak for it: those that failed, or were slow. Zero where nobody counts.
    pub count: i64,
    /// Of how many; zero where that does not matter, as for a row.
    pub calls: i64,
    /// What was too much; zero where nobody counts.
    pub threshold: f64,
}

impl Tripped {
    /// For a reason without figures.
    pub(crate) fn by(reason: Reason, at: Nanos) -> Self {
        Tripped { reason, at, count: 0, calls: 0, threshold: 0.0 }
    }
}

//! What a breaker answers to whoever drives it.

use crate::admission::queue::Ticket;
use crate::calls::Permit;
use crate::time::Nanos;

/// The answer to a call that wants to begin.
#[derive(Debug, PartialEq, Eq)]
pub enum Admission {
    /// Run the action; give the permit back with its outcome.
    Admitted(Permit),
    /// Run the action; the breaker is disabled and takes no interest in it.
    Unguarded,
    /// Do not run it.
    Refused(Refusal),
    /// Not yet: it waits for a place. [`Event::Turn`] says that it may
    /// [enter](super::CircuitBreaker::enter), [`Event::Waited`] or [`Event::Dismissed`] that it may not.
    Queued(Ticket),
    /// The clock has moved the state. Announce what
    /// [`poll_event`](super::CircuitBreaker::poll_event) gives, then ask again. Nothing was
    /// counted.
    EventsFirst,
}

/// Why a call may not begin.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The circuit is open; or it is half open and its probe is out.
    Open {
        /// In what time asking again may be answered otherwise; [`Nanos::MAX`]: never by
        /// itself. `None`: when the probe has ended, and not before.
        retry_after: Option<Nanos>,
    },
    /// As many calls as `capacity` allows are under way. The refused call counts as
    /// one that failed: settle its permit.
    Capacity(Permit),
    /// As many calls are under way as `capacity` allows, and as many wait as may.
    QueueFull,
    /// The circuit has closed a short time ago, and not all calls pass yet.
    RampUp,
    /// Too many calls fail, and chance has said that this one is not to be made.
    Throttled,
    /// The breaker is shut down.
    Shutdown,
}

/// What came of telling an outcome.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Settled {
    /// Counted; the permit is spent. `latency` in whole milliseconds.
    Done {
        /// How long the call took.
        latency: u64,
    },
    /// Counted as a failure. Announce it, then spend the permit with
    /// [`evaluateTrip`](super::CircuitBreaker::evaluate_trip).
    Failed {
        /// The call's permit, still out.
        permit: Permit,
        /// How long the call took, in whole milliseconds.
        latency: u64,
    },
    /// The deadline came first and nothing was counted: the call has timed out,
    /// whatever its action did since. Go on with
    /// [`on_timeout`](super::CircuitBreaker::on_timeout).
    Late(Permit),
    /// Nobody holds such a permit; nothing was counted.
    Unknown,
}

/// What there is to say of a call that has timed out, in whole milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut {
    /// How long it took.
    pub latency: u64,
    /// For how long its time stood still, because the loop was stalled.
    pub stalled: u64,
}

/// Something to announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The circuit opened.
    Opened,
    /// The circuit closed.
    Closed,
    /// The circuit lets one call try; one more, when it was half open already and its probe
    /// has been out for too long.
    HalfOpened,
    /// Metrics only: there is reason to open, and there was none at the failure before.
    WouldOpen,
    /// A bucket of the window is complete and somebody wants to know.
    Snapshot,
    /// A place is kept for a call that waits: it is to [enter](super::CircuitBreaker::enter).
    Turn(Ticket),
    /// A call has waited for so long, and in vain: it is refused.
    Waited {
        /// Which.
        ticket: Ticket,
        /// For how long it was to wait.
        patience: Nanos,
    },
    /// The circuit has opened: all are refused that wait with an earlier ticket than this.
    Dismissed {
        /// That of nobody yet, as the circuit opened.
        before: Ticket,
        /// How many of them were to be woken.
        held: usize,
    },
    /// Nothing to announce: what the host has [given](super::CircuitBreaker::give_draw) to be
    /// drawn has been used, and it is to give another.
    Draw,
    /// Nothing to announce: the host, which probes by itself, is to
    /// [begin](super::CircuitBreaker::begin_probe) a probe.
    Probe,
    /// Nothing to announce: another thread has turned the breaker off or on, or holds it open.
    /// The host has not done that itself, so it is to look what follows.
    Steered,
}

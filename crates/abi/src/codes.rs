//! What the raw functions take and return, in the words of [`layout`](crate::layout).

use crate::{constants, Constant};

constants! {
    /// What `admit` returns where it is not a permit, which is never negative.
    refused: i32, "" {
        /// Announce events, then ask again.
        EVENTS_FIRST = -1;
        /// The circuit is open.
        OPEN = -2;
        /// The breaker is disabled.
        UNGUARDED = -3;
        /// The breaker is shut down.
        SHUTDOWN = -4;
        /// The circuit has closed a short time ago, and not all calls pass yet.
        RAMP_UP = -5;
        /// Too many calls fail, and a throttle has refused this one.
        THROTTLED = -6;
        /// The call waits for a place; its ticket is among the numbers.
        QUEUED = -7;
        /// As many wait as may.
        QUEUE_FULL = -8;
        /// Of `enter`: no place is kept for it, and it is told why.
        NOT_CALLED = -9;
        /// At this and below the capacity is used up: `CAPACITY - code` is a permit to settle as
        /// a failure.
        CAPACITY = -16;
        /// At this and below the call is admitted, in the action of another one that has not
        /// returned: `NESTED - code` is its permit.
        NESTED = -(1 << 30);
    }
}

constants! {
    /// What stands in the place of a wait, which is never negative.
    wait: i32, "" {
        /// For ever.
        NEVER = -1;
        /// Until the outcome of the probe.
        UNKNOWN = -2;
    }
}

constants! {
    /// Bits that `admitAgain` takes.
    again: i32, "" {
        /// The fire has been counted.
        COUNTED = 1;
        /// Whatever there is to announce.
        ANYWAY = 2;
        /// It cannot wait for a place.
        AT_ONCE = 4;
    }
}

constants! {
    /// Bits of what `settle`, `expire`, `evaluateTrip` and `abandon` return.
    settled: i32, "" {
        /// There are events to announce.
        EVENTS = 1;
        /// Nothing was counted: the call has timed out.
        LATE = 2;
        /// No call with a timeout is under way in this breaker any more.
        IDLE = 4;
        /// With `LATE`: it has heard of that already, and the permit is spent.
        GONE = 8;
        /// The user's function is to say whether there is reason to open the circuit.
        ASK = 16;
    }
}

constants! {
    /// The outcomes that `settle` takes, and `expire` those of failures.
    outcome: i32, "" {
        /// The action resolved, or its error does not count.
        SUCCESS = 0;
        /// The action failed; `evaluateTrip` comes next.
        FAILURE = 1;
        /// The action failed, and nobody hears of it before what follows is decided: `evaluateTrip`
        /// at once.
        UNHEARD_FAILURE = 2;
        /// The call is to leave no trace.
        IGNORED = 3;
    }
}

constants! {
    /// What `poll`, `nextWakeup` and `nextOut` return where it is not a permit or a breaker.
    wakeup: i32, "" {
        /// Nothing more.
        NONE = -1;
        /// The circuit opened.
        OPENED = -2;
        /// The circuit closed.
        CLOSED = -3;
        /// The circuit is half open.
        HALF_OPENED = -4;
        /// A snapshot is due.
        SNAPSHOT = -5;
        /// There would be reason to open.
        WOULD_OPEN = -6;
        /// A stall of the loop has ended; its length in milliseconds is in a word. Only among the
        /// wake-ups of the loop, as are the next ones.
        STALL = -7;
        /// There is no timer thread: the loop is to do its work.
        NO_THREAD = -8;
        /// Calls were admitted in an earlier turn of which nobody has taken charge.
        UNTAKEN = -9;
        /// What was given to be drawn has been used: another is to be given.
        DRAW = -10;
        /// A probe is to begin.
        PROBE = -11;
        /// A call that waits is to enter; its ticket is among the numbers.
        TURN = -12;
        /// A call has waited in vain; so are its ticket, and how long it was to wait.
        WAITED = -13;
        /// All are refused that wait with an earlier ticket than that among the numbers.
        DISMISSED = -14;
        /// Another thread has turned the breaker off or on, or holds it open.
        STEERED = -15;
        /// There is more to tell than was told in one piece. Only among the wake-ups of the loop.
        REST = -16;
    }
}

constants! {
    /// Bits of what `state` returns.
    state: i32, "IS_" {
        /// Closed.
        CLOSED = 1;
        /// Open.
        OPEN = 2;
        /// Half open.
        HALF_OPEN = 4;
        /// Shut down.
        SHUTDOWN = 8;
        /// Half open, and the probe may be fired.
        PENDING_CLOSE = 16;
        /// Calls are guarded.
        ENABLED = 32;
        /// Failures do not open the circuit yet.
        WARM_UP = 64;
        /// Every call passes and is counted.
        METRICS_ONLY = 128;
        /// Open until it is closed by hand.
        FORCED_OPEN = 256;
        /// Not disabled by itself; all breakers of the process may be.
        SWITCHED_ON = 512;
        /// No call begins any more.
        DRAINING = 1024;
    }
}

constants! {
    /// Reasons for which a circuit opens.
    reason: i32, "REASON_" {
        /// Too large a share of the calls failed.
        ERROR_RATE = 0;
        /// Too large a share of them was slow.
        SLOW_CALLS = 1;
        /// So many failed in a row, own refusals left out.
        CONSECUTIVE_FAILURES = 2;
        /// The same as opossum 1 counts.
        MAX_FAILURES = 3;
        /// The user's function said so.
        HOST = 4;
        /// The probe of a half-open circuit failed.
        PROBE = 5;
        /// A command.
        COMMAND = 6;
    }
}

/// All of them, each group with what it is.
pub const GROUPS: &[(&str, &[Constant])] = &[
    ("What `admit` returns where it is not a permit", refused::ALL),
    ("In the place of a wait", wait::ALL),
    ("Bits that `admitAgain` takes", again::ALL),
    ("Bits of what `settle`, `expire`, `evaluateTrip` and `abandon` return", settled::ALL),
    ("The outcomes that `settle` takes, and `expire` those of failures", outcome::ALL),
    ("What `poll`, `nextWakeup` and `nextOut` return where it is not a number", wakeup::ALL),
    ("Bits of what `state` returns", state::ALL),
    ("Reasons for which a circuit opens", reason::ALL),
];

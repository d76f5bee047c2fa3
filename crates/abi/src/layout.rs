//! What lies where in the memory that both sides see.
//!
//! It is one buffer: words (`i32`) for what a crossing takes and gives, and behind them numbers
//! (`f64`) for options and statistics. A breaker's number is the first word, what else there is
//! the next ones; the result is the first.

use crate::counters::{COUNTERS, QUANTILES};
use crate::{constants, Constant};

/// How many words there are.
pub const WORDS: usize = 4;
/// Where among the numbers of the buffer those behind the words begin. All places among numbers
/// count from here.
pub const STATS: usize = WORDS / 2;
/// How many bins a histogram of latencies has.
pub const BINS: usize = 264;
/// How many numbers the buffer holds: room for what is read at once at the most, the stats of a
/// window with each of its bins in use.
pub const NUMBERS: usize = 32 + BINS;

constants! {
    /// Words besides the first three, which are those of arguments, or again.
    words: usize, "" {
        /// Where `settle` and `expire` leave the latency of the call, in milliseconds.
        LATENCY = 1;
        /// Where `admit` leaves in how many milliseconds an open circuit lets a call try.
        RETRY_AFTER = 1;
        /// Where `nextWakeup` leaves the length of a stall, in milliseconds.
        LENGTH = 1;
        /// Where `nextWakeup` leaves what a breaker has to tell, as `poll` gives it.
        POLLED = 1;
        /// Where `expire` leaves for how long the loop was stalled during the call, in
        /// milliseconds.
        STALLED = 2;
        /// Counts the calls that were admitted and of which JavaScript has not taken charge.
        UNTAKEN = 3;
    }
}

constants! {
    /// What `readStats` leaves behind the counters.
    stats: usize, "STATS_" {
        /// The mean latency; -1 when latencies are not kept.
        MEAN = COUNTERS.len();
        /// The first of the quantiles.
        QUANTILES = MEAN + 1;
        /// Where the circuit stood at that moment, in bits as `state` returns them.
        STATE = QUANTILES + super::QUANTILES.len();
        /// The timeout that is learned, in milliseconds; -1 where none is.
        LEARNED_TIMEOUT = STATE + 1;
        /// Whether anything was learned of it.
        HAS_LEARNED = STATE + 2;
        /// How many places there are where that adapts; -1 where it does not.
        CAPACITY_LIMIT = STATE + 3;
        /// The latency that is usual, by which it does; -1 where none is known.
        USUAL_LATENCY = STATE + 4;
        /// How many calls wait for a place; -1 where none may.
        QUEUED = STATE + 5;
        /// The first number of the histogram.
        HISTOGRAM = STATE + 6;
    }
}

constants! {
    /// What `readBucket` leaves behind the counters.
    bucket: usize, "BUCKET_" {
        /// 1 when the circuit opened in the bucket, 0 when it closed, -1 when it did neither.
        CIRCUIT = COUNTERS.len();
    }
}

constants! {
    /// What `readLag` leaves.
    loop_delay: usize, "LAG_" {
        /// How long the turn under way has been busy.
        BUSY = 0;
        /// The stalls in the window: their number, their length and that of the longest.
        STALLS = 1;
        /// The mean busy time of the turns in the window.
        MEAN = 4;
        /// The first of its quantiles.
        QUANTILES = MEAN + 1;
        /// The stalls since the beginning, as those in the window.
        TOTAL = QUANTILES + super::QUANTILES.len();
        /// How many numbers these are.
        LENGTH = TOTAL + 3;
    }
}

constants! {
    /// What `readTrip` leaves: why the circuit opened last.
    trip: usize, "TRIP_" {
        /// The reason, a code.
        REASON = 0;
        /// When, in milliseconds of a clock that is nobody else's: tells one opening from another.
        AT = 1;
        /// How many milliseconds ago that was.
        AGO = 2;
        /// How many calls failed or were slow; zero where nobody counts.
        COUNT = 3;
        /// Of how many; zero for a row, and where nobody counts.
        CALLS = 4;
        /// What was too much.
        THRESHOLD = 5;
    }
}

constants! {
    /// What `create` takes: the options of a breaker as numbers, durations in milliseconds.
    native_options: usize, "" {
        /// Not finite or not above zero: none.
        TIMEOUT = 0;
        /// The first; infinity: never.
        RESET_TIMEOUT = 1;
        /// In percent.
        ERROR_THRESHOLD_PERCENTAGE = 2;
        /// In a row; below one: one. Infinity: never.
        MAX_FAILURES = 3;
        /// The length of the window.
        ROLLING_COUNT_TIMEOUT = 4;
        /// Its buckets.
        ROLLING_COUNT_BUCKETS = 5;
        /// Whether latencies are kept.
        LATENCIES = 6;
        /// Whether the window is rotated by calls of `rotate`.
        ROTATED_BY_HAND = 7;
        /// In fires.
        VOLUME_THRESHOLD = 8;
        /// In calls.
        CAPACITY = 9;
        /// Not above zero: none.
        WARM_UP = 10;
        /// Whether calls are guarded.
        ENABLED = 11;
        /// Whether timeouts run on the wall clock.
        BY_WALL_CLOCK = 12;
        /// What of the loop is a stall.
        STALL_THRESHOLD = 13;
        /// The longest reset timeout.
        RESET_TIMEOUT_MAX = 14;
        /// By how much each is longer than the one before.
        RESET_TIMEOUT_FACTOR = 15;
        /// By how much chance shortens it.
        RESET_TIMEOUT_JITTER = 16;
        /// How many calls try a half-open circuit.
        HALF_OPEN_CALLS = 17;
        /// The share of them that may fail, in percent.
        HALF_OPEN_THRESHOLD_PERCENTAGE = 18;
        /// Whether failures are a share of the outcomes.
        RATE_OF_OUTCOMES = 19;
        /// So many outcomes are judged, the last ones; zero: those in the time of the window.
        LAST_CALLS = 20;
        /// Whether decisions begin with an empty window when the circuit closes.
        RESET_WINDOW_ON_CLOSE = 21;
        /// In a row, whatever the volume. Infinity: never.
        CONSECUTIVE_FAILURES = 22;
        /// How long they are waited for; infinity: for ever.
        HALF_OPEN_TIMEOUT = 23;
        /// Whether JavaScript probes in place of calls.
        PROBED_BY_HOST = 24;
        /// For how long not all calls pass once the circuit has closed; not above zero: all do.
        RAMP_UP = 25;
        /// Whether JavaScript gives what chance draws.
        DRAWS_ARE_GIVEN = 26;
        /// How long a call takes at the most that is not slow; Infinity: as long as it likes.
        SLOW_CALL_DURATION = 27;
        /// Above which share of slow calls the circuit opens, in percent.
        SLOW_CALL_THRESHOLD_PERCENTAGE = 28;
        /// Whether a function of the user's is asked, too.
        SHOULD_TRIP = 29;
        /// How many calls a throttle lets pass for each that succeeds; zero: there is none.
        THROTTLE_K = 30;
        /// The greatest share of calls that it refuses.
        THROTTLE_MAX_REJECTION = 31;
        /// Whether the timeout is learned; then what follows holds, and `TIMEOUT` says nothing.
        TIMEOUT_ADAPTS = 32;
        /// The least.
        TIMEOUT_MIN = 33;
        /// The greatest.
        TIMEOUT_MAX = 34;
        /// So many times a quantile.
        TIMEOUT_MULTIPLIER = 35;
        /// Which.
        TIMEOUT_QUANTILE = 36;
        /// Whether the capacity adapts; then what follows holds, and `CAPACITY` says nothing.
        CAPACITY_ADAPTS = 37;
        /// The fewest calls.
        CAPACITY_MIN = 38;
        /// The most.
        CAPACITY_MAX = 39;
        /// How many to begin with.
        CAPACITY_INITIAL = 40;
        /// How many calls may wait for a place; zero: none.
        QUEUE_SIZE = 41;
        /// For how long; infinity: for as long as it takes.
        QUEUE_TIMEOUT = 42;
    }
}

constants! {
    /// What `admit` and `poll` leave of a call that waits for a place, and `enter` and `leave` take.
    queued: usize, "QUEUED_" {
        /// Its ticket.
        TICKET = 0;
        /// For how long it was to wait, in milliseconds; what `enter` takes is its own timeout: not
        /// a number, that of the breaker; infinity, none.
        TIME = 1;
        /// What `enter` and `poll` leave: 1 when with it the last call has gone that had a timeout or
        /// waited; otherwise 0.
        IDLE = 2;
    }
}

/// How many numbers `create` takes.
pub const NATIVE_OPTIONS: usize = native_options::ALL.len();

/// What the numbers of the readings are.
pub const READINGS: &[(&str, &[Constant])] = &[
    ("What `readStats` leaves behind the counters", stats::ALL),
    ("What `readBucket` leaves behind the counters", bucket::ALL),
    ("What `readLag` leaves", loop_delay::ALL),
    ("What `readTrip` leaves", trip::ALL),
    (
        "What `admit` and `poll` leave of a call that waits, and `enter` and `leave` take",
        queued::ALL,
    ),
];

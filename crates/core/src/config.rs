//! Options, parsed once into types that cannot be wrong.
//!
//! JavaScript checks what users write and names it in its errors (`lib/options.js`);
//! this is the second line, for whoever drives the core from elsewhere.

use std::fmt;
use std::num::NonZeroU32;

use super::time::Nanos;

/// Everything a breaker is made with.
#[derive(Clone, Debug)]
pub struct Config {
    /// What may be changed while the breaker lives.
    pub live: LiveOptions,
    /// The rolling window.
    pub window: WindowConfig,
    /// The fewest [calls](crate::window::Window::calls) in the window for which a rate may
    /// open the circuit. Zero or less: any. Does not hold back a half-open circuit.
    pub volume_threshold: i64,
    /// What failures are a share of.
    pub rate_of: RateOf,
    /// How many outcomes are judged, the last ones, whenever they were; `None`: those in the
    /// time of the window. Where there are so many, failures are a share of outcomes.
    pub last_calls: Option<NonZeroU32>,
    /// Whether decisions begin with an empty window when the circuit closes.
    pub reset_window_on_close: bool,
    /// How many failures in a row open the circuit (`>=`), whatever the volume. Refusals for
    /// want of a place are none, and no success either. `None`: their number alone never does.
    pub consecutive_failures: Option<NonZeroU32>,
    /// Which calls are slow, and how many of them open the circuit; `None`: nobody looks.
    pub slow_calls: Option<SlowCallConfig>,
    /// Whether the host is asked, too, after a failure that opens nothing.
    pub asks_host: bool,
    /// How many calls may be under way at once. Zero or less: none at all.
    pub capacity: i64,
    /// In what bounds that is found out, whatever `capacity` says; `None`: it is as that says.
    pub adaptive_capacity: Option<AdaptiveOptions>,
    /// For how long after its making failures do not open the circuit.
    pub warm_up: Option<Nanos>,
    /// Whether the breaker guards at all from the start.
    pub enabled: bool,
    /// By which clock calls are late.
    pub timeout_clock: TimeoutClock,
    /// How a half-open circuit finds out whether to close.
    pub half_open: HalfOpenConfig,
    /// For how long after the circuit has closed not all calls pass: the share of those that do
    /// grows from a tenth to all.
    pub ramp_up: Option<Nanos>,
    /// What chance draws from.
    pub chance: ChanceConfig,
    /// How a share of the calls is refused, in place of a circuit that opens by itself; `None`: it
    /// does.
    pub throttle: Option<ThrottleOptions>,
    /// Whether calls wait that find no place, and how; `None`: they do not.
    pub queue: Option<QueueOptions>,
}

impl Default for Config {
    /// opossum's defaults.
    fn default() -> Self {
        Config {
            live: LiveOptions::default(),
            window: WindowConfig::default(),
            volume_threshold: 0,
            rate_of: RateOf::Fires,
            last_calls: None,
            reset_window_on_close: false,
            consecutive_failures: None,
            slow_calls: None,
            asks_host: false,
            capacity: i64::MAX,
            adaptive_capacity: None,
            warm_up: None,
            enabled: true,
            timeout_clock: TimeoutClock::Loop,
            half_open: HalfOpenConfig::default(),
            ramp_up: None,
            chance: ChanceConfig::default(),
            throttle: None,
            queue: None,
        }
    }
}

/// What a half-open circuit does. A change holds from the next one on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HalfOpenConfig {
    /// How many calls may try; so many are under way at the most.
    pub calls: NonZeroU32,
    /// The share of them, in percent, above which (`>`) those that fail open the circuit again.
    /// 0: none may fail; 100: all may.
    pub threshold_percentage: f64,
    /// For how long after the last of them began those are waited for that have not settled, in
    /// loop time; then the circuit opens again. `None`: where they have no timeout, others may
    /// try after a whole reset timeout.
    pub timeout: Option<Nanos>,
    /// Whether the host probes by itself: calls are refused until the circuit is closed.
    pub by_host: bool,
}

impl Default for HalfOpenConfig {
    /// One call, whose outcome decides.
    fn default() -> Self {
        HalfOpenConfig {
            calls: NonZeroU32::MIN,
            threshold_percentage: 0.0,
            timeout: None,
            by_host: false,
        }
    }
}

/// In what bounds a capacity adapts ([`adaptive`](crate::adaptive)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdaptiveOptions {
    /// The least limit, in calls under way; at least 1, which is the default.
    pub min: u32,
    /// The greatest; not below `min`; default 1000.
    pub max: u32,
    /// The first, between both; default 20.
    pub initial: u32,
}

impl Default for AdaptiveOptions {
    fn default() -> Self {
        AdaptiveOptions { min: 1, max: 1000, initial: 20 }
    }
}

/// How a timeout is learned ([`learned_timeout`](crate::learned_timeout)).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LearnedTimeoutOptions {
    /// The least timeout, in loop time; default 50 ms.
    pub min: Nanos,
    /// The greatest; what explorers have, and everybody before anything was learned. Not below
    /// `min`; default 10 s.
    pub max: Nanos,
    /// How many times the quantile a call may take. At least 1; default 1.5.
    pub multiplier: f64,
    /// The share of calls that are to be shorter than the quantile; above 0 and below 1, default
    /// 0.999. A greater share than what is left of 1 (0.1 %) may not time out.
    pub quantile: f64,
}

impl Default for LearnedTimeoutOptions {
    fn default() -> Self {
        LearnedTimeoutOptions {
            min: Nanos::from_millis(50),
            max: Nanos::from_millis(10_000),
            multiplier: 1.5,
            quantile: 0.999,
        }
    }
}

/// What chance draws from.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChanceConfig {
    /// What the breaker's own draws follow from.
    pub seed: u64,
    /// Whether the host gives them.
    pub is_given: bool,
}

/// How many may wait, and for how long. While somebody has been waiting all the time for as long
/// as a call may, the queue stands, and calls that come wait for a tenth of it: in a flood a long
/// wait helps nobody, and each call would have it. Source: controlled delay as Facebook has it
/// (Maurer, *Fail at Scale*, 2015).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueOptions {
    /// The most calls that wait at once. 0: none may.
    pub size: u32,
    /// For how long a call may wait; at that moment (`>=`) it is out of time.
    /// [`Nanos::MAX`]: for as long as it takes.
    pub timeout: Nanos,
}

/// How a throttle refuses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ThrottleOptions {
    /// How many calls may be made for each that succeeds before any is refused. 1: none may
    /// fail. Not below 1; default 2.
    pub k: f64,
    /// The greatest share that is refused, from 0 to 1; default 0.9. 1: all but one a second.
    pub max_rejection: f64,
}

impl Default for ThrottleOptions {
    fn default() -> Self {
        ThrottleOptions { k: 2.0, max_rejection: 0.9 }
    }
}

/// How long a circuit stays open: ever longer, each time that it opens again.
///
/// The k-th wait is `min(max, initial · factor^(k - 1)) · (1 - jitter · U)`, where U is drawn
/// evenly from 0 to 1. k starts over once the circuit has been closed for longer (`>`) than the
/// last wait was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// The first; at least a millisecond. [`Nanos::MAX`]: until it is closed by hand.
    pub initial: Nanos,
    /// The longest.
    pub max: Nanos,
    /// By how much each is longer than the one before; 1: they are all the same.
    pub factor: f64,
    /// By how much chance shortens it at the most: from 0, not at all, to 1.
    pub jitter: f64,
}

impl From<Nanos> for Backoff {
    /// Always as long.
    fn from(wait: Nanos) -> Self {
        Backoff { initial: wait, max: wait, factor: 1.0, jitter: 0.0 }
    }
}

/// What the rate of failures is a share of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateOf {
    /// The [calls](crate::window::Window::calls) in the window, whatever became of them.
    Fires,
    /// Those that reached the service and came back: successes and failures. Refusals, answers
    /// from a cache, calls that joined others and those under way are none.
    Outcomes,
}

/// Calls that took too long, whether they ended well or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlowCallConfig {
    /// One is slow that took longer (`>`), in the time by which timeouts run.
    pub longer_than: Nanos,
    /// The share of slow calls among the outcomes, in percent, above which (`>`) the circuit
    /// opens; 100 or more: when all are.
    pub threshold_percentage: f64,
}

/// The clock that timeouts run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutClock {
    /// Loop time, which stands still while the event loop is stalled; and a call is late
    /// only after the loop has had its look at the sockets.
    Loop,
    /// Wall time, whatever the loop does: a call is late at once.
    Wall,
}

/// The options that users may change on a living breaker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LiveOptions {
    /// How long a call may take, in loop time; `None`: as long as it likes.
    pub timeout: Option<Nanos>,
    /// How that is learned, whatever `timeout` says; `None`: it is as that says.
    pub learned_timeout: Option<LearnedTimeoutOptions>,
    /// How long the circuit stays open before it lets calls try.
    pub reset_timeout: Backoff,
    /// The share of failures, in percent of the [calls](crate::window::Window::calls) in the
    /// window, above which (`>`) the circuit opens. May lie outside 0 to 100: below, every
    /// failure opens; above, none does.
    pub error_threshold_percentage: f64,
    /// How many failures in a row, with no success between them, open the circuit;
    /// as many (`>=`) do, as opossum 1 counts them: refusals for want of a place among them,
    /// and from the volume on. `None`: their number alone never does.
    pub max_failures: Option<NonZeroU32>,
}

impl Default for LiveOptions {
    fn default() -> Self {
        LiveOptions {
            timeout: Some(Nanos::from_millis(10_000)),
            learned_timeout: None,
            reset_timeout: Nanos::from_millis(30_000).into(),
            error_threshold_percentage: 50.0,
            max_failures: None,
        }
    }
}

/// What makes a new bucket begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The clock, every interval.
    ByClock,
    /// A call of `rotate`: one emitter rotates the windows of many breakers.
    ByHand,
}

/// The shape of a rolling window.
#[derive(Clone, Debug)]
pub struct WindowConfig {
    buckets: u32,
    interval: Nanos,
    /// What makes a new bucket begin.
    pub rotation: Rotation,
    /// Whether latencies are kept.
    pub latencies: bool,
}

impl WindowConfig {
    /// A window of `span`, cut into `buckets` of `span / buckets` each, rounded down
    /// to a millisecond and at least one.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when there are no buckets or too many.
    pub fn new(
        span: Nanos,
        buckets: u32,
        rotation: Rotation,
        latencies: bool,
    ) -> Result<Self, ConfigError> {
        if buckets == 0 || buckets > MAX_BUCKETS {
            return Err(ConfigError::Buckets(buckets));
        }
        let interval = Nanos::from_millis((span.as_millis() / u64::from(buckets)).max(1));
        Ok(WindowConfig { buckets, interval, rotation, latencies })
    }

    /// How many buckets; at least one.
    pub fn buckets(&self) -> usize {
        self.buckets as usize
    }

    /// How long a bucket is the newest; at least a millisecond.
    pub fn interval(&self) -> Nanos {
        self.interval
    }
}

impl Default for WindowConfig {
    fn default() -> Self {
        WindowConfig {
            buckets: 10,
            interval: Nanos::from_millis(1000),
            rotation: Rotation::ByClock,
            latencies: true,
        }
    }
}

/// An option that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// A window needs between 1 and [`MAX_BUCKETS`] buckets; this many were asked
    /// for.
    Buckets(u32),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::Buckets(asked) => {
                write!(f, "a window needs 1 to {MAX_BUCKETS} buckets, not {asked}")
            }
        }
    }
}

impl std::error::Error for ConfigError {}

/// The most buckets a window can have: beyond it, buckets of a day-long window would
/// be shorter than a second.
pub const MAX_BUCKETS: u32 = 100_000;

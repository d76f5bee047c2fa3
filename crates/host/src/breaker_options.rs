//! The options of a breaker as JavaScript leaves them, and what the core makes of them. They have
//! been checked there. Used by what makes a breaker, or gives it others.

use std::num::NonZeroU32;
use std::sync::Arc;

use crate::memory::Memory;
use didelphis_abi::layout::{native_options, NATIVE_OPTIONS};
use didelphis_core::config::{
    AdaptiveOptions, Backoff, ChanceConfig, Config, HalfOpenConfig, LearnedTimeoutOptions,
    LiveOptions, QueueOptions, RateOf, Rotation, SlowCallConfig, ThrottleOptions, TimeoutClock,
    WindowConfig,
};
use didelphis_core::time::Nanos;

/// A breaker's options as numbers. Durations in milliseconds. Node takes longer to look
/// up one of them by its name than to cross: they come through the shared words.
pub struct BreakerOptions {
    /// All of them, as others see them.
    pub shown: Arc<[f64]>,
    /// Not finite or not above zero: none.
    timeout: f64,
    /// Infinity: never.
    reset_timeout: f64,
    /// Percent.
    error_threshold_percentage: f64,
    /// Failures in a row; below one: one. Infinity: never.
    max_failures: f64,
    /// The window's length.
    rolling_count_timeout: f64,
    /// The window's buckets.
    rolling_count_buckets: u32,
    /// Whether latencies are kept.
    latencies: bool,
    /// Whether the window is rotated by calls of `rotate`.
    rotated_by_hand: bool,
    /// Fires.
    volume_threshold: f64,
    /// Calls.
    capacity: f64,
    /// Not above zero: none.
    warm_up: f64,
    /// Whether calls are guarded.
    enabled: bool,
    /// Whether timeouts run on the wall clock.
    by_wall_clock: bool,
    /// What of the loop is a stall.
    pub stall_threshold: f64,
    /// The longest reset timeout, by how much each is longer than the one before, and by how
    /// much chance shortens it.
    reset_timeout_max: f64,
    reset_timeout_factor: f64,
    reset_timeout_jitter: f64,
    /// Calls.
    half_open_calls: u32,
    /// Percent.
    half_open_threshold_percentage: f64,
    /// Whether failures are a share of outcomes.
    rate_of_outcomes: bool,
    /// Outcomes; zero: those in the time of the window.
    last_calls: u32,
    /// Whether decisions begin with an empty window when the circuit closes.
    reset_window_on_close: bool,
    /// In a row. Infinity: never.
    consecutive_failures: f64,
    /// Infinity: none.
    half_open_timeout: f64,
    /// Whether JavaScript probes in place of calls.
    probed_by_host: bool,
    /// Not above zero: none.
    ramp_up: f64,
    /// Whether JavaScript gives what chance draws.
    draws_are_given: bool,
    /// Infinity: no call is slow.
    slow_call_duration: f64,
    /// Percent.
    slow_call_threshold_percentage: f64,
    /// Whether a function of the user's is asked.
    should_trip: bool,
    /// Calls for each that succeeds; below one: no throttle.
    throttle_k: f64,
    /// A share.
    throttle_max_rejection: f64,
    /// Where the timeout is learned.
    learned_timeout: Option<LearnedTimeoutOptions>,
    /// Where the capacity adapts.
    adaptive_capacity: Option<AdaptiveOptions>,
    /// Calls; below one: none waits.
    queue_size: f64,
    /// Infinity: for as long as it takes.
    queue_timeout: f64,
}

impl BreakerOptions {
    /// What JavaScript has left.
    pub fn left_in(words: &impl Memory) -> Self {
        let numbers = words.numbers::<NATIVE_OPTIONS>();
        BreakerOptions {
            shown: Arc::new(numbers),
            timeout: numbers[native_options::TIMEOUT],
            reset_timeout: numbers[native_options::RESET_TIMEOUT],
            error_threshold_percentage: numbers[native_options::ERROR_THRESHOLD_PERCENTAGE],
            max_failures: numbers[native_options::MAX_FAILURES],
            rolling_count_timeout: numbers[native_options::ROLLING_COUNT_TIMEOUT],
            rolling_count_buckets: numbers[native_options::ROLLING_COUNT_BUCKETS] as u32,
            latencies: numbers[native_options::LATENCIES] != 0.0,
            rotated_by_hand: numbers[native_options::ROTATED_BY_HAND] != 0.0,
            volume_threshold: numbers[native_options::VOLUME_THRESHOLD],
            capacity: numbers[native_options::CAPACITY],
            warm_up: numbers[native_options::WARM_UP],
            enabled: numbers[native_options::ENABLED] != 0.0,
            by_wall_clock: numbers[native_options::BY_WALL_CLOCK] != 0.0,
            stall_threshold: numbers[native_options::STALL_THRESHOLD],
            reset_timeout_max: numbers[native_options::RESET_TIMEOUT_MAX],
            reset_timeout_factor: numbers[native_options::RESET_TIMEOUT_FACTOR],
            reset_timeout_jitter: numbers[native_options::RESET_TIMEOUT_JITTER],
            half_open_calls: numbers[native_options::HALF_OPEN_CALLS] as u32,
            half_open_threshold_percentage: numbers[native_options::HALF_OPEN_THRESHOLD_PERCENTAGE],
            rate_of_outcomes: numbers[native_options::RATE_OF_OUTCOMES] != 0.0,
            last_calls: numbers[native_options::LAST_CALLS] as u32,
            reset_window_on_close: numbers[native_options::RESET_WINDOW_ON_CLOSE] != 0.0,
            consecutive_failures: numbers[native_options::CONSECUTIVE_FAILURES],
            half_open_timeout: numbers[native_options::HALF_OPEN_TIMEOUT],
            probed_by_host: numbers[native_options::PROBED_BY_HOST] != 0.0,
            ramp_up: numbers[native_options::RAMP_UP],
            draws_are_given: numbers[native_options::DRAWS_ARE_GIVEN] != 0.0,
            slow_call_duration: numbers[native_options::SLOW_CALL_DURATION],
            slow_call_threshold_percentage: numbers[native_options::SLOW_CALL_THRESHOLD_PERCENTAGE],
            should_trip: numbers[native_options::SHOULD_TRIP] != 0.0,
            throttle_k: numbers[native_options::THROTTLE_K],
            throttle_max_rejection: numbers[native_options::THROTTLE_MAX_REJECTION],
            learned_timeout: (numbers[native_options::TIMEOUT_ADAPTS] != 0.0).then(|| {
                LearnedTimeoutOptions {
                    min: Nanos::from_millis_f64(numbers[native_options::TIMEOUT_MIN]),
                    max: Nanos::from_millis_f64(numbers[native_options::TIMEOUT_MAX]),
                    multiplier: numbers[native_options::TIMEOUT_MULTIPLIER],
                    quantile: numbers[native_options::TIMEOUT_QUANTILE],
                }
            }),
            adaptive_capacity: (numbers[native_options::CAPACITY_ADAPTS] != 0.0).then(|| {
                AdaptiveOptions {
                    min: numbers[native_options::CAPACITY_MIN] as u32,
                    max: numbers[native_options::CAPACITY_MAX] as u32,
                    initial: numbers[native_options::CAPACITY_INITIAL] as u32,
                }
            }),
            queue_size: numbers[native_options::QUEUE_SIZE],
            queue_timeout: numbers[native_options::QUEUE_TIMEOUT],
        }
    }

    /// Those of them that may change while a breaker lives.
    pub fn live(&self) -> LiveOptions {
        let timed = self.timeout > 0.0 && self.timeout.is_finite();
        LiveOptions {
            timeout: timed.then(|| Nanos::from_millis_f64(self.timeout)),
            learned_timeout: self.learned_timeout,
            reset_timeout: Backoff {
                initial: Nanos::from_millis_f64(self.reset_timeout),
                max: Nanos::from_millis_f64(self.reset_timeout_max),
                factor: self.reset_timeout_factor,
                jitter: self.reset_timeout_jitter,
            },
            error_threshold_percentage: self.error_threshold_percentage,
            max_failures: whole_number(self.max_failures),
        }
    }

    /// What the core takes. What chance draws follows from `seed`.
    ///
    /// # Errors
    ///
    /// What is wrong with the window.
    pub fn into_config(self, seed: u64) -> Result<Config, String> {
        let rotation = if self.rotated_by_hand { Rotation::ByHand } else { Rotation::ByClock };
        let window = WindowConfig::new(
            Nanos::from_millis_f64(self.rolling_count_timeout),
            self.rolling_count_buckets,
            rotation,
            self.latencies,
        );
        Ok(Config {
            live: self.live(),
            window: window.map_err(|error| error.to_string())?,
            volume_threshold: self.volume_threshold as i64,
            rate_of: if self.rate_of_outcomes { RateOf::Outcomes } else { RateOf::Fires },
            last_calls: NonZeroU32::new(self.last_calls),
            reset_window_on_close: self.reset_window_on_close,
            consecutive_failures: whole_number(self.consecutive_failures),
            slow_calls: self.slow_call_duration.is_finite().then(|| SlowCallConfig {
                longer_than: Nanos::from_millis_f64(self.slow_call_duration),
                threshold_percentage: self.slow_call_threshold_percentage,
            }),
            asks_host: self.should_trip,
            capacity: self.capacity as i64,
            adaptive_capacity: self.adaptive_capacity,
            warm_up: (self.warm_up > 0.0).then(|| Nanos::from_millis_f64(self.warm_up)),
            enabled: self.enabled,
            timeout_clock: if self.by_wall_clock { TimeoutClock::Wall } else { TimeoutClock::Loop },
            half_open: HalfOpenConfig {
                calls: NonZeroU32::new(self.half_open_calls).unwrap_or(NonZeroU32::MIN),
                threshold_percentage: self.half_open_threshold_percentage,
                timeout: some_span(self.half_open_timeout),
                by_host: self.probed_by_host,
            },
            ramp_up: some_span(self.ramp_up),
            chance: ChanceConfig { seed, is_given: self.draws_are_given },
            throttle: (self.throttle_k >= 1.0).then_some(ThrottleOptions {
                k: self.throttle_k,
                max_rejection: self.throttle_max_rejection,
            }),
            queue: (self.queue_size >= 1.0).then(|| QueueOptions {
                size: self.queue_size as u32,
                timeout: Nanos::from_millis_f64(self.queue_timeout),
            }),
        })
    }
}

/// Nothing and for ever are none.
fn some_span(ms: f64) -> Option<Nanos> {
    (ms > 0.0 && ms.is_finite()).then(|| Nanos::from_millis_f64(ms))
}

/// The least whole number from one on that is not below; none beyond what is ever
/// counted.
fn whole_number(value: f64) -> Option<NonZeroU32> {
    let value = value.ceil().max(1.0);
    (value <= f64::from(u32::MAX)).then(|| NonZeroU32::new(value as u32)).flatten()
}

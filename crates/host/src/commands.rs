//! What is asked of a breaker, and told it, beside the way of a call, where that is more than one
//! question to the core: readings, which go through the memory, and the window by hand.

use crate::hot;
use crate::instances::{Instances, Site};
use crate::memory::Memory;
use didelphis_core::breaker::{CircuitBreaker, Tripped};
use didelphis_core::latency::{Histogram, BINS, QUANTILES};
use didelphis_core::loop_delay::{LoopDelay, Stalls};
use didelphis_core::retry::{RetryOptions, SharedRetryBudget, Tried};
use didelphis_core::time::{Nanos, Now, Shift};
use didelphis_core::window::Counter;

/// Does something with a breaker that is there, for its handle is.
pub fn with<S: Site, R>(
    instances: &Instances<S>,
    id: u32,
    act: impl FnOnce(&mut CircuitBreaker, Now) -> R,
) -> R {
    let (mut act, mut result) = (Some(act), None);
    instances.with_any(id, &mut |breaker, now| {
        result = act.take().map(|act| act(breaker, now));
    });
    result.expect("a breaker lives as long as its handle")
}

/// The same for what may begin or end a call with a timeout.
pub fn with_calls<S: Site, R>(
    instances: &Instances<S>,
    id: u32,
    act: impl FnOnce(&mut CircuitBreaker, Now) -> R,
) -> R {
    let (mut act, mut result) = (Some(act), None);
    instances.with_calls_of_any(id, &mut |breaker, now| {
        result = act.take().map(|act| act(breaker, now));
    });
    result.expect("a breaker lives as long as its handle")
}

/// Takes over the window of another breaker as it stands: counts and shape.
pub fn copy_window<S: Site>(instances: &Instances<S>, id: u32, other: u32) {
    let copy = |breaker: &mut CircuitBreaker, now| (breaker.window(now).clone(), now);
    instances.in_one_crossing(|| {
        let (mut window, from) = with(instances, other, copy);
        with(instances, id, |breaker, to| {
            window.change_clocks(&Shift { from, to });
            breaker.set_window(window);
        });
    });
}

/// Leaves in the memory, in this order: the totals; the mean and the quantiles in ms, -1
/// when latencies are not kept; the state, in bits; what was learned; and the histogram of the
/// latencies, as of [`read_bucket_latencies`]. Returns how many numbers there are.
pub fn read_stats<S: Site>(instances: &Instances<S>, id: u32) -> u32 {
    with(instances, id, |breaker, now| {
        let state = f64::from(hot::state_bits(breaker, now));
        let learned = learned_by(breaker);
        let queued = breaker.queued().map_or(-1.0, |queued| queued as f64);
        let window = breaker.window(now);
        let (counts, latencies) = (window.totals(), window.latencies());
        let summary = latencies.as_ref().map(Histogram::summary);
        let ms = |nanos: f64| nanos / 1e6;
        let mean = summary.as_ref().map_or(-1.0, |summary| ms(summary.mean_nanos));
        let quantiles = (0..QUANTILES.len()).map(|place| {
            summary.as_ref().map_or(-1.0, |summary| summary.quantiles[place].as_millis_f64())
        });
        let counts = counts.iter().map(|&count| count as f64);
        let histogram = latencies.iter().flat_map(numbers_of);
        let numbers = counts.chain([mean]).chain(quantiles).chain([state]).chain(learned);
        let numbers = numbers.chain([queued]).chain(histogram);
        instances.site().memory().put_stats(numbers) as u32
    })
}

/// Leaves in the memory why the circuit opened last, and when; see the layout. Whether it
/// ever has.
pub fn read_trip<S: Site>(instances: &Instances<S>, id: u32) -> bool {
    let trip = with(instances, id, |breaker, now| {
        breaker.state(now);
        breaker.last_trip().map(|trip| (*trip, now.monotonic - trip.at))
    });
    let Some((Tripped { reason, at, count, calls, threshold }, ago)) = trip else {
        return false;
    };
    let times = [at, ago].map(Nanos::as_millis_f64);
    let figures = [count as f64, calls as f64, threshold];
    let reason = f64::from(hot::reason_code(reason));
    instances.site().memory().put_stats([reason].into_iter().chain(times).chain(figures));
    true
}

/// How many calls failed and of how many, as the circuit is judged by them, and what share of
/// them passes while it is closed.
pub fn judged<S: Site>(instances: &Instances<S>, id: u32) -> (f64, f64, f64) {
    with(instances, id, |breaker, now| {
        let (failures, calls) = breaker.judged(now);
        (failures as f64, calls as f64, breaker.ramp_share(now).unwrap_or(1.0))
    })
}

/// The serials of the oldest and the newest bucket.
pub fn window_range<S: Site>(instances: &Instances<S>, id: u32) -> (i64, i64) {
    with(instances, id, |breaker, now| {
        let window = breaker.window(now);
        let newest = window.serial() as i64;
        (newest + 1 - window.len() as i64, newest)
    })
}

/// Leaves a bucket's counts in the memory, and after them 1 when the circuit
/// opened in it, 0 when it closed, -1 when it did neither. Whether there is such
/// a bucket.
pub fn read_bucket<S: Site>(instances: &Instances<S>, id: u32, serial: i64) -> bool {
    let bucket = with(instances, id, |breaker, now| {
        let bucket = breaker.window(now).bucket(to_serial(serial));
        bucket.map(|bucket| (bucket.counts, bucket.circuit_open))
    });
    let Some((counts, circuit_open)) = bucket else { return false };
    let counts = counts.iter().map(|&count| count as f64);
    let circuit_open = circuit_open.map_or(-1.0, f64::from);
    instances.site().memory().put_stats(counts.chain([circuit_open]));
    true
}

/// Sets a count of a bucket.
pub fn write_bucket<S: Site>(
    instances: &Instances<S>,
    id: u32,
    serial: i64,
    kind: u32,
    value: f64,
) {
    if let Some(kind) = Counter::from_index(kind as usize) {
        with(instances, id, |breaker, now| {
            breaker.window(now).set_count(to_serial(serial), kind, value as i64);
        });
    }
}

/// Leaves the histogram of a bucket in the memory: the shortest latency and the longest,
/// in ms, and for each bin that is not empty how many are in it, times the number of bins
/// that there are, plus which one it is. Returns how many numbers these are: none without a
/// latency.
pub fn read_bucket_latencies<S: Site>(instances: &Instances<S>, id: u32, serial: i64) -> u32 {
    with(instances, id, |breaker, now| {
        let bucket = breaker.window(now).bucket(to_serial(serial));
        let histogram = bucket.map(|bucket| bucket.latencies.histogram());
        instances.site().memory().put_stats(histogram.iter().flat_map(numbers_of)) as u32
    })
}

/// Replaces the latencies of a bucket, in ms.
pub fn set_latencies<S: Site>(instances: &Instances<S>, id: u32, serial: i64, latencies: Vec<f64>) {
    let latencies = latencies.into_iter().map(Nanos::from_millis_f64);
    with(instances, id, |breaker, now| {
        breaker.window(now).set_latencies(to_serial(serial), latencies);
    });
}

/// Counts something and records latencies, in ms, in the newest bucket by hand.
pub fn record<S: Site>(
    instances: &Instances<S>,
    id: u32,
    kind: Option<u32>,
    latencies: impl IntoIterator<Item = f64>,
) {
    with(instances, id, |breaker, now| {
        let window = breaker.window(now);
        if let Some(kind) = kind.and_then(|kind| Counter::from_index(kind as usize)) {
            window.count_by_hand(kind);
        }
        for latency in latencies {
            window.record(Nanos::from_millis_f64(latency));
        }
    });
}

/// Leaves in the memory, in ms where they are times: how long the turn under way has
/// been busy; of the window, the number of stalls, their length and that of the
/// longest, the mean of the turns' busy times and their quantiles; and the stalls since
/// the beginning.
pub fn put_lag(memory: &impl Memory, loop_delay: &mut LoopDelay, busy: Nanos, now: Nanos) {
    let turns = loop_delay.turns(now);
    let of = |stalls: Stalls| {
        let Stalls { count, time, longest } = stalls;
        [count as f64, time.as_millis_f64(), longest.as_millis_f64()]
    };
    let quantiles = turns.quantiles.into_iter().map(Nanos::as_millis_f64);
    let window = [busy.as_millis_f64()].into_iter().chain(of(loop_delay.stalls(now)));
    let numbers = window.chain([turns.mean_nanos / 1e6]).chain(quantiles);
    memory.put_stats(numbers.chain(of(loop_delay.total())));
}

/// Has calls tried again that often, paid from that budget. Durations in ms; no `timeout` is
/// infinity.
pub fn set_retry<S: Site>(
    instances: &Instances<S>,
    id: u32,
    [attempts, initial, max, factor, timeout]: [f64; 5],
    budget: SharedRetryBudget,
) {
    let timeout = Nanos::from_millis_f64(timeout);
    let options = RetryOptions {
        attempts: attempts as u32,
        initial: Nanos::from_millis_f64(initial),
        max: Nanos::from_millis_f64(max),
        factor,
        timeout: (!timeout.is_never()).then_some(timeout),
    };
    with(instances, id, |breaker, _| breaker.set_retry(Some((options, budget))));
}

/// Asks, after a try has failed, for the next one, which is paid for with this: in how many
/// ms it may begin, -1 if there is to be none. The call has been tried again `attempts` times,
/// its first try began at `began`, and the service asks for a wait of `retry_after` ms.
pub fn retry<S: Site>(
    instances: &Instances<S>,
    id: u32,
    attempts: u32,
    began: f64,
    retry_after: f64,
) -> f64 {
    let began = Nanos::from_millis_f64(began);
    let retry_after = Nanos::from_millis_f64(retry_after);
    let tried = Tried { attempts, began, retry_after };
    let wait = with(instances, id, |breaker, now| breaker.retry(&tried, now));
    wait.map_or(-1.0, Nanos::as_millis_f64)
}

/// A span in ms; infinity: for ever.
pub fn ms_or_never(span: Nanos) -> f64 {
    if span.is_never() {
        f64::INFINITY
    } else {
        span.as_millis_f64()
    }
}

/// A UUID (RFC 9562, version 4) of two random numbers.
pub fn uuid(high: u64, low: u64) -> String {
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 48 & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff
    )
}

/// What a breaker has learned, as it is laid out for [`read_stats`].
fn learned_by(breaker: &CircuitBreaker) -> [f64; 4] {
    let timeout = breaker.learned_timeout().map_or(-1.0, Nanos::as_millis_f64);
    let has_learned = f64::from(breaker.timeout_to_remember().is_some());
    let (limit, usual) = match breaker.adaptive_capacity() {
        Some((limit, usual)) => (f64::from(limit), usual.map_or(-1.0, Nanos::as_millis_f64)),
        None => (-1.0, -1.0),
    };
    [timeout, has_learned, limit, usual]
}

fn numbers_of(histogram: &Histogram) -> impl Iterator<Item = f64> + '_ {
    let ends = histogram.ends().map(|ends| ends.map(Nanos::as_millis_f64));
    // Signed, as processors turn them into floats: that is room for more than there are.
    let number = |(bin, count)| (count as i64 * BINS as i64 + bin as i64) as f64;
    ends.into_iter().flatten().chain(histogram.bins().map(number))
}

/// A serial from JavaScript; there is no bucket with a negative one.
fn to_serial(serial: i64) -> u64 {
    u64::try_from(serial).unwrap_or(u64::MAX)
}

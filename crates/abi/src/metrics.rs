//! What is told to those who collect metrics: one set of names, for the server, and for the
//! collectors in JavaScript. `docs/server.md` has it as a table.

/// A metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// What it is called.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// What it is measured in; none for counts.
    pub unit: Unit,
    /// The label of its own, beside those of the breaker.
    pub label: Option<&'static str>,
    /// What it means.
    pub help: &'static str,
}

/// What the values of a metric are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// They only go up.
    Counter,
    /// They go up and down.
    Gauge,
    /// Counts by upper bound, cumulative, with a sum.
    Histogram,
}

impl Kind {
    /// As Prometheus calls it.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }
}

/// What a metric is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// It is counted.
    None,
    /// Seconds.
    Seconds,
}

macro_rules! metrics {
    ($($(#[doc = $doc:literal])* $place:ident: $kind:ident, $unit:ident, $label:expr, $name:literal, $help:literal;)*) => {
        $($(#[doc = $doc])* pub const $place: Metric = Metric {
            name: $name,
            kind: Kind::$kind,
            unit: Unit::$unit,
            label: $label,
            help: $help,
        };)*

        /// All of them, with what JavaScript calls them.
        pub const METRICS: &[(&str, Metric)] = &[$((stringify!($place), $place),)*];
    };
}

metrics! {
    /// By [`OUTCOMES`].
    CALLS: Counter, None, Some("outcome"), "didelphis_calls_total",
        "Calls that ended, and calls that the circuit refused, by outcome.";
    /// Whatever became of them.
    FIRES: Counter, None, None, "didelphis_fires_total",
        "Calls made, whatever became of them.";
    /// Each is a failure, too.
    TIMEOUTS: Counter, None, None, "didelphis_timeouts_total",
        "Calls that took longer than the timeout; each is a failure, too.";
    /// Each is a failure, too.
    CAPACITY_REJECTIONS: Counter, None, None, "didelphis_capacity_rejections_total",
        "Calls refused because as many as the capacity allows were under way; each is a failure, too.";
    /// By the breaker.
    FALLBACKS: Counter, None, None, "didelphis_fallbacks_total",
        "Fallbacks run.";
    /// By [`RESULTS`].
    CACHE_REQUESTS: Counter, None, Some("result"), "didelphis_cache_requests_total",
        "Questions to the cache.";
    /// By [`RESULTS`].
    COALESCE_REQUESTS: Counter, None, Some("result"), "didelphis_coalesce_requests_total",
        "Calls that joined one that was on its way, and those that found none.";
    /// By reason, in the words of `lastTrip.reason`.
    TRIPS: Counter, None, Some("reason"), "didelphis_trips_total",
        "How often the circuit opened, by reason.";
    /// One series for each of [`STATES`].
    STATE: Gauge, None, Some("state"), "didelphis_state",
        "How many breakers with these labels are in this state: 1 or 0 of one.";
    /// Calls that hold a place.
    CALLS_IN_FLIGHT: Gauge, None, None, "didelphis_calls_in_flight",
        "Calls under way.";
    /// By the option `queue`.
    CALLS_QUEUED: Gauge, None, None, "didelphis_calls_queued",
        "Calls that wait for a place.";
    /// Infinity: no limit.
    CAPACITY: Gauge, None, None, "didelphis_capacity",
        "How many calls may be under way at once.";
    /// By [`BOUNDS`].
    CALL_DURATION: Histogram, Seconds, None, "didelphis_call_duration_seconds",
        "How long calls took that ended.";
    /// In the process.
    BREAKERS: Gauge, None, None, "didelphis_breakers",
        "How many breakers there are.";
    /// Past the limit of series.
    BREAKERS_IN_OTHER: Gauge, None, None, "didelphis_breakers_in_other",
        "How many breakers have no series of their own, and are added up as the name other.";
    /// While it is stalled, too.
    LOOP_LAG: Gauge, Seconds, Some("thread"), "didelphis_loop_lag_seconds",
        "For how long the event loop has been busy by now without a look at timers or sockets.";
    /// Those that are over.
    LOOP_STALLS: Counter, None, Some("thread"), "didelphis_loop_stalls_total",
        "Stalls of the event loop that are over.";
    /// Of those that are over.
    LOOP_STALLED: Counter, Seconds, Some("thread"), "didelphis_loop_stalled_seconds_total",
        "The length of these stalls, added up.";
}

/// Values of the label `outcome`: counters of that name in the plural, but for refusals.
pub const OUTCOMES: [&str; 3] = ["success", "failure", "rejected"];

/// Values of the label `result`.
pub const RESULTS: [&str; 2] = ["hit", "miss"];

/// Values of the label `state`: what `breaker.state` may say of one that lives.
pub const STATES: [&str; 6] =
    ["closed", "open", "halfOpen", "forcedOpen", "disabled", "metricsOnly"];

/// Values of the label `reason`, and what `lastTrip.reason` may say.
pub const REASONS: [&str; 7] = [
    "errorThresholdPercentage",
    "slowCallThresholdPercentage",
    "consecutiveFailures",
    "maxFailures",
    "shouldTrip",
    "probe",
    "open",
];

/// Upper bounds of the latencies in the histogram, in nanoseconds; beyond the last there is one
/// bucket more.
pub const BOUNDS: [u64; 13] = [
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
];

/// Names that `labels` of a breaker may not have.
pub const OWN_LABELS: [&str; 8] =
    ["name", "state", "outcome", "result", "reason", "thread", "le", "quantile"];

/// How many sets of labels have series of their own.
pub const MOST_SERIES: usize = 1_000;

/// How many labels a breaker may have beside its name.
pub const MOST_LABELS: usize = 10;

/// How many characters of a name or a value are told.
pub const MOST_CHARACTERS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_prometheus_wants_them() {
        for (_, Metric { name, kind, unit, label, help }) in METRICS {
            assert!(name.starts_with("didelphis_"));
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
            let unsuffixed = name.trim_end_matches("_total");
            assert_eq!(unsuffixed.ends_with("_seconds"), *unit == Unit::Seconds, "{name}");
            assert!(label.is_none_or(|label| OWN_LABELS.contains(&label)), "{name}");
            assert!(help.ends_with('.') && !help.contains(['\\', '\n', '\'']), "{name}");
        }
    }
}

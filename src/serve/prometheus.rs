//! Metrics as texts for those who collect them: Prometheus' format, and OpenMetrics, which is
//! told by the endings of names and by its last line.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/> and
//! <https://prometheus.io/docs/specs/om/open_metrics_spec/>.

use std::fmt::Write;

use super::series::{Gauges, Page, Sums};
use super::view::thread_name;
use crate::runtime::loop_clock::LoopReading;
use didelphis_abi::metrics::{
    Kind, Metric, Unit, BOUNDS, BREAKERS, BREAKERS_IN_OTHER, CACHE_REQUESTS, CALLS,
    CALLS_IN_FLIGHT, CALLS_QUEUED, CALL_DURATION, CAPACITY, CAPACITY_REJECTIONS, COALESCE_REQUESTS,
    FALLBACKS, FIRES, LOOP_LAG, LOOP_STALLED, LOOP_STALLS, OUTCOMES, REASONS, RESULTS, STATE,
    STATES, TIMEOUTS, TRIPS,
};
use didelphis_core::window::Counter;

/// Which of the formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Prometheus,
    OpenMetrics,
}

impl Format {
    /// The one that is wanted more, by an `Accept` header.
    pub(super) fn accepted(accept: &str) -> Format {
        let weight = |kind: &str| {
            let ranges = accept.split(',').map(|range| range.split(';').map(str::trim));
            let weights = ranges.filter_map(|mut range| {
                let of_kind = range.next().is_some_and(|name| name.eq_ignore_ascii_case(kind));
                let quality = range.find_map(|parameter| parameter.strip_prefix("q="));
                of_kind.then(|| quality.map_or(1.0, |quality| quality.parse().unwrap_or(0.0)))
            });
            weights.fold(0.0, f64::max)
        };
        if weight("application/openmetrics-text") > weight("text/plain") {
            Format::OpenMetrics
        } else {
            Format::Prometheus
        }
    }

    /// What it is called.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Format::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// All metrics.
pub(super) fn text(page: &Page, loops: &[(u32, LoopReading)], format: Format) -> String {
    let rows: Vec<Row<'_>> = page.rows.iter().map(Row::of).collect();
    let mut out = Text { out: String::with_capacity(256 + rows.len() * 5_000), format };
    out.family(&CALLS, &rows, |row, out| {
        for (outcome, kind) in
            OUTCOMES.iter().zip([Counter::Successes, Counter::Failures, Counter::Rejects])
        {
            out.labelled(&CALLS, row, outcome, row.sums.of(kind));
        }
    });
    for (metric, kind) in [
        (FIRES, Counter::Fires),
        (TIMEOUTS, Counter::Timeouts),
        (CAPACITY_REJECTIONS, Counter::SemaphoreRejections),
        (FALLBACKS, Counter::Fallbacks),
    ] {
        out.family(&metric, &rows, |row, out| {
            out.sample(metric.name, "", &row.labels, row.sums.of(kind));
        });
    }
    for (metric, kinds) in [
        (CACHE_REQUESTS, [Counter::CacheHits, Counter::CacheMisses]),
        (COALESCE_REQUESTS, [Counter::CoalesceCacheHits, Counter::CoalesceCacheMisses]),
    ] {
        out.family(&metric, &rows, |row, out| {
            for (result, kind) in RESULTS.iter().zip(kinds) {
                out.labelled(&metric, row, result, row.sums.of(kind));
            }
        });
    }
    out.family(&TRIPS, &rows, |row, out| {
        for (reason, count) in REASONS.iter().zip(row.sums.trips) {
            out.labelled(&TRIPS, row, reason, count);
        }
    });
    out.family(&STATE, &rows, |row, out| {
        for (state, count) in STATES.iter().zip(row.gauges.states) {
            out.labelled(&STATE, row, state, count);
        }
    });
    out.family(&CALLS_IN_FLIGHT, &rows, |row, out| {
        out.sample(CALLS_IN_FLIGHT.name, "", &row.labels, row.gauges.in_flight);
    });
    out.family(&CALLS_QUEUED, &rows, |row, out| {
        out.sample(CALLS_QUEUED.name, "", &row.labels, row.gauges.queued);
    });
    out.family(&CAPACITY, &rows, |row, out| {
        out.sample(CAPACITY.name, "", &row.labels, Float(row.gauges.capacity));
    });
    out.family(&CALL_DURATION, &rows, |row, out| out.histogram(row));
    out.alone(&BREAKERS, page.breakers);
    out.alone(&BREAKERS_IN_OTHER, page.in_other);
    let seconds = |nanos: didelphis_core::time::Nanos| Float(nanos.as_millis_f64() / 1e3);
    out.of_loops(&LOOP_LAG, loops, |reading| seconds(reading.lag));
    out.of_loops(&LOOP_STALLS, loops, |reading| Float(reading.total.count as f64));
    out.of_loops(&LOOP_STALLED, loops, |reading| seconds(reading.total.time));
    if format == Format::OpenMetrics {
        out.out.push_str("# EOF\n");
    }
    out.out
}

struct Row<'a> {
    /// As they stand between the braces.
    labels: String,
    sums: &'a Sums,
    gauges: &'a Gauges,
}

impl<'a> Row<'a> {
    fn of((labels, sums, gauges): &'a (Vec<(String, String)>, Sums, Gauges)) -> Row<'a> {
        let mut text = String::new();
        for (name, value) in labels {
            if !text.is_empty() {
                text.push(',');
            }
            text.push_str(name);
            text.push_str("=\"");
            for char in value.chars() {
                match char {
                    '\\' => text.push_str("\\\\"),
                    '"' => text.push_str("\\\""),
                    '\n' => text.push_str("\\n"),
                    char => text.push(char),
                }
            }
            text.push('"');
        }
        Row { labels: text, sums, gauges }
    }
}

struct Text {
    out: String,
    format: Format,
}

impl Text {
    fn head(&mut self, metric: &Metric) {
        let Metric { name, kind, unit, help, .. } = metric;
        let family = match self.format {
            Format::OpenMetrics => name.trim_end_matches("_total"),
            Format::Prometheus => name,
        };
        let _ = writeln!(self.out, "# HELP {family} {help}");
        let _ = writeln!(self.out, "# TYPE {family} {}", Kind::word(*kind));
        if *unit == Unit::Seconds && self.format == Format::OpenMetrics {
            let _ = writeln!(self.out, "# UNIT {family} seconds");
        }
    }

    fn family(&mut self, metric: &Metric, rows: &[Row<'_>], samples: impl Fn(&Row<'_>, &mut Text)) {
        self.head(metric);
        rows.iter().for_each(|row| samples(row, self));
    }

    fn sample(&mut self, name: &str, ending: &str, labels: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.out, "{name}{ending}{{{labels}}} {value}");
    }

    /// One with the metric's own label.
    fn labelled(&mut self, metric: &Metric, row: &Row<'_>, value: &str, number: i64) {
        let (name, own) = (metric.name, metric.label.unwrap_or_default());
        let _ = writeln!(self.out, "{name}{{{},{own}=\"{value}\"}} {number}", row.labels);
    }

    fn histogram(&mut self, row: &Row<'_>) {
        let (name, labels) = (CALL_DURATION.name, &row.labels);
        let mut below = 0;
        let bounds = BOUNDS.iter().map(|&bound| bound as f64 / 1e9);
        for (bound, count) in bounds.chain([f64::INFINITY]).zip(row.sums.by_bound) {
            below += count;
            // Only OpenMetrics wants a point in each.
            let bound = match self.format {
                Format::Prometheus if bound.is_finite() => bound.to_string(),
                _ => Float(bound).to_string(),
            };
            let _ = writeln!(self.out, "{name}_bucket{{{labels},le=\"{bound}\"}} {below}");
        }
        self.sample(name, "_sum", labels, Float(row.sums.nanos as f64 / 1e9));
        self.sample(name, "_count", labels, below);
    }

    fn alone(&mut self, metric: &Metric, value: usize) {
        self.head(metric);
        let _ = writeln!(self.out, "{} {value}", metric.name);
    }

    fn of_loops(
        &mut self,
        metric: &Metric,
        loops: &[(u32, LoopReading)],
        value: impl Fn(&LoopReading) -> Float,
    ) {
        self.head(metric);
        for (thread, reading) in loops {
            let thread = thread_name(*thread);
            let _ = writeln!(self.out, "{}{{thread=\"{thread}\"}} {}", metric.name, value(reading));
        }
    }
}

/// A number as these formats want it.
struct Float(f64);

impl std::fmt::Display for Float {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            number if number == f64::INFINITY => f.write_str("+Inf"),
            number if number.fract() == 0.0 => write!(f, "{number:.1}"),
            number => write!(f, "{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use didelphis_core::loop_delay::Stalls;
    use didelphis_core::time::Nanos;

    fn page() -> Page {
        let mut sums = Sums { nanos: 1_500_000_000, ..Sums::default() };
        sums.by_bound[0] = 2;
        sums.by_bound[9] = 1;
        sums.by_bound[13] = 1;
        sums.counts[Counter::Failures as usize] = 3;
        let states = [0, 1, 0, 0, 0, 0];
        let gauges = Gauges { states, in_flight: 2, queued: 0, capacity: f64::INFINITY };
        let labels = vec![("name".into(), "a\"\\\nb".into()), ("zone".into(), "ä".into())];
        Page { rows: vec![(labels, sums, gauges)], breakers: 1, in_other: 0 }
    }

    fn loops() -> [(u32, LoopReading); 1] {
        let total = Stalls { count: 2, time: Nanos::from_millis(250), longest: Nanos::ZERO };
        let lag = Nanos::from_millis(1_500);
        [(3, LoopReading { lag, longest: lag, total, last_stall: None, long_stalls: None })]
    }

    #[test]
    fn labels_cannot_break_out() {
        let text = text(&page(), &[], Format::Prometheus);
        let line = r#"didelphis_calls_in_flight{name="a\"\\\nb",zone="ä"} 2"#;
        assert!(text.lines().any(|other| other == line), "{text}");
    }

    #[test]
    fn a_histogram_is_cumulative_and_ends_with_all() {
        let text = text(&page(), &[], Format::Prometheus);
        let buckets: Vec<_> = text
            .lines()
            .filter_map(|line| line.split_once("duration_seconds_bucket{")?.1.rsplit_once("le="))
            .map(|(_, rest)| rest)
            .collect();
        assert_eq!(buckets.len(), BOUNDS.len() + 1);
        assert_eq!(buckets[0], "\"0.001\"} 2");
        assert_eq!(buckets[8], "\"0.5\"} 2");
        assert_eq!(buckets[9], "\"1\"} 3");
        assert_eq!(buckets[13], "\"+Inf\"} 4");
        assert!(text.contains("_sum{name=\"a\\\"\\\\\\nb\",zone=\"ä\"} 1.5\n"));
    }

    #[test]
    fn openmetrics_leaves_the_ending_out_of_a_family_and_ends() {
        let open = text(&page(), &loops(), Format::OpenMetrics);
        assert!(open.contains("# TYPE didelphis_calls counter\ndidelphis_calls_total{"));
        assert!(open.contains("# UNIT didelphis_loop_stalled_seconds seconds\n"));
        assert!(open.contains(",le=\"1.0\"} 3\n"));
        assert!(open.ends_with("\n# EOF\n"));
        let plain = text(&page(), &loops(), Format::Prometheus);
        assert!(plain.contains("# TYPE didelphis_calls_total counter\n"));
        assert!(plain.contains("didelphis_loop_lag_seconds{thread=\"worker-3\"} 1.5\n"));
        assert!(plain.contains("didelphis_capacity{name=\"a\\\"\\\\\\nb\",zone=\"ä\"} +Inf\n"));
        assert!(!plain.contains("EOF"));
    }

    #[test]
    fn the_format_is_the_one_that_is_wanted_more() {
        for (accept, format) in [
            ("", Format::Prometheus),
            ("*/*", Format::Prometheus),
            ("application/openmetrics-text", Format::OpenMetrics),
            ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", Format::OpenMetrics),
            ("text/plain;version=0.0.4,application/openmetrics-text;q=0.2", Format::Prometheus),
            ("application/openmetrics-text; q=x", Format::Prometheus),
        ] {
            assert_eq!(Format::accepted(accept), format, "{accept}");
        }
    }

    #[test]
    fn bounds_are_those_of_the_core() {
        assert_eq!(BOUNDS, didelphis_core::published_latencies::BOUNDS.map(Nanos::get));
    }
}

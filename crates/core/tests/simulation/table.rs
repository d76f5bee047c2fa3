//! The figures of a load under each policy, as Markdown.

use crate::load::Load;
use crate::measure::{Figures, Outcome};

/// A table of the phase that the load is about, and of how long the service took to be well
/// again: in the phase after it, or in that phase if it is the last.
pub fn table(load: &Load, outcomes: &[(&str, Outcome)]) -> String {
    let phase = &load.phases[load.about];
    let after = (load.about + 1).min(load.phases.len() - 1);
    let mut lines = vec![
        format!("### {}", load.title),
        String::new(),
        format!("{} s, {} calls a second.", phase.seconds, phase.offered),
        String::new(),
        HEAD.join("\n"),
    ];
    for (name, outcome) in outcomes {
        let figures = outcome.phase(load.about);
        let cells = [
            (*name).to_string(),
            number(figures.goodput()),
            number(figures.refusals()),
            number(figures.timeouts()),
            number(figures.p50()),
            number(figures.p99()),
            slow(figures),
            figures.timeout.as_millis().to_string(),
            figures.limit.map_or_else(|| "—".into(), |limit| limit.to_string()),
            outcome.recovery(after).map_or_else(|| "—".into(), |seconds| seconds.to_string()),
        ];
        lines.push(format!("| {} |", cells.join(" | ")));
    }
    lines.join("\n") + "\n"
}

/// Rates are a second, times in milliseconds, but for the last.
const HEAD: [&str; 2] = [
    "| | answered in time | refused | timed out | p50 | p99 | slow class answered | timeout in the end | limit in the end | well again after s |",
    "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |",
];

/// Nothing where there is nothing: no median of no latencies.
fn number(value: f64) -> String {
    if value.is_nan() {
        "—".into()
    } else {
        format!("{value:.0}")
    }
}

fn slow(figures: &Figures) -> String {
    match figures.slow_share() {
        share if share.is_nan() => "—".into(),
        share => format!("{:.0} %", 100.0 * share),
    }
}

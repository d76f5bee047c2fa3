//! `lib/native/metrics.js`: what collectors in JavaScript tell, by the names of the server.

use super::javascript::lines;
use crate::metrics::{
    Kind, Metric, Unit, BOUNDS, METRICS, MOST_CHARACTERS, MOST_LABELS, MOST_SERIES, OUTCOMES,
    OWN_LABELS, REASONS, RESULTS, STATES,
};

/// The module.
pub(super) fn module() -> String {
    let (metrics, labels) = (metrics(), labels());
    format!(
        "{HEAD}
/** The metrics. */
const metrics = Object.freeze({{
{metrics}}})

/** The values of their labels, upper bounds in seconds, and limits. */
const labels = Object.freeze({{
{labels}}})

module.exports = {{ labels, metrics }}
"
    )
}

const HEAD: &str = "'use strict'

// What is told to those who collect metrics, by the names of `docs/server.md`. Written by \"npm run generate\"
// from `crates/abi`; not to be changed here. Used by what collects them, and by the options.
";

fn metrics() -> String {
    lines(METRICS.iter().map(|(place, Metric { name, kind, unit, label, help })| {
        let unit = if *unit == Unit::Seconds { "'s'" } else { "undefined" };
        let label = label.map_or("undefined".into(), |label| format!("'{label}'"));
        let kind = Kind::word(*kind);
        format!("  {place}: {{ name: '{name}', kind: '{kind}', unit: {unit}, label: {label}, help: '{help}' }}")
    }))
}

fn labels() -> String {
    let words = |words: &[&str]| format!("['{}']", words.join("', '"));
    let bounds = BOUNDS.map(|bound| (bound as f64 / 1e9).to_string());
    lines(
        [
            format!("  BOUNDS: [{}]", bounds.join(", ")),
            format!("  MOST_CHARACTERS: {MOST_CHARACTERS}"),
            format!("  MOST_LABELS: {MOST_LABELS}"),
            format!("  MOST_SERIES: {MOST_SERIES}"),
            format!("  OUTCOMES: {}", words(&OUTCOMES)),
            format!("  OWN_LABELS: {}", words(&OWN_LABELS)),
            format!("  REASONS: {}", words(&REASONS)),
            format!("  RESULTS: {}", words(&RESULTS)),
            format!("  STATES: {}", words(&STATES)),
        ]
        .into_iter(),
    )
}

//! `lib/native/abi.js`: the border as JavaScript uses it.

use std::fmt::Write;

use crate::codes;
use crate::counters::{COUNTERS, QUANTILES};
use crate::fingerprint::FINGERPRINT;
use crate::layout::{self, BINS, NUMBERS, STATS};
use crate::options::{Default, OptionSpec, FIELDS, MAX_SAFE_INTEGER, OPTIONS};
use crate::Constant;

/// The module.
pub(super) fn module() -> String {
    let mut out = String::from(HEAD);
    let groups = codes::GROUPS;
    let mut object = |name: &str, about: &str, body: String| {
        write!(out, "\n/** {about} */\nconst {name} = Object.freeze({{\n{body}}})\n").unwrap();
    };
    object("codes", "What the raw functions take and return.", of_groups(groups));
    let words = of_groups(&[("", layout::words::ALL)]);
    object("words", "Words of the memory, besides the first three, which are arguments.", words);
    object("places", "Where what is read stands among the numbers.", of_groups(layout::READINGS));
    let native = of_groups(&[("", layout::native_options::ALL)]);
    object("nativeOptions", "Where `create` takes an option from, among the numbers.", native);
    let names = lines(OPTIONS.iter().map(|option| format!("  '{}'", option.name)));
    object("defaults", "The defaults of options that are numbers.", defaults());
    object("expected", "What would make sense, where an option does not.", expected());
    object("kinds", "The number of each counter.", kinds());
    write!(
        out,
        "
/** The options, in the order of the reference. */
const optionNames = Object.freeze([
{names}])

/** The counters, in their order. */
const counters = Object.freeze(Object.keys(kinds))

/** What the counters say that begin at a place of `numbers`, and room for what opossum has beside them. */
function countsAt (numbers, place) {{
  return {{
{}    percentiles: {{}}
  }}
}}

/** Quantiles that begin at a place of `numbers`, by their share. */
function quantilesAt (numbers, place) {{
  return {{
{}
  }}
}}

module.exports = {{
  BINS: {BINS},
  FINGERPRINT: {FINGERPRINT},
  NUMBERS: {NUMBERS},
  STATS: {STATS},
  codes,
  counters,
  countsAt,
  defaults,
  expected,
  kinds,
  nativeOptions,
  optionNames,
  places,
  quantilesAt,
  words
}}
",
        counts(),
        quantiles(),
    )
    .unwrap();
    out
}

/// A number as JavaScript shows it.
pub(super) fn number(number: f64) -> String {
    match number {
        MAX_SAFE_INTEGER => "Number.MAX_SAFE_INTEGER".into(),
        f64::INFINITY => "Infinity".into(),
        _ => number.to_string(),
    }
}

const HEAD: &str = "'use strict'

// The border to the native half: what both sides have to know alike. Written by \"npm run generate\" from
// `crates/abi`; not to be changed here. Used by whoever uses the native half.
";

fn of_groups(groups: &[(&str, &[Constant])]) -> String {
    let mut out = String::new();
    let last = groups.iter().flat_map(|(_, group)| *group).last();
    for (about, group) in groups {
        if !about.is_empty() {
            writeln!(out, "  // {about}:").unwrap();
        }
        for constant in *group {
            let Constant { name, value, doc } = constant;
            let comma = if last.is_some_and(|last| last == constant) { "" } else { "," };
            writeln!(out, "  /**{doc} */\n  {name}: {value}{comma}").unwrap();
        }
    }
    out
}

fn defaults() -> String {
    lines(OPTIONS.iter().chain(FIELDS).filter_map(|option| match option.default {
        Default::Number(value) => Some(format!("  {}: {}", key(option), number(value))),
        _ => None,
    }))
}

fn expected() -> String {
    lines(OPTIONS.iter().chain(FIELDS).filter_map(|option| {
        let expected = option.expected?;
        let quote = if expected.contains('\'') { '"' } else { '\'' };
        Some(format!("  {}: {quote}{expected}{quote}", key(option)))
    }))
}

fn key(option: &OptionSpec) -> String {
    match option.name.contains('.') {
        true => format!("'{}'", option.name),
        false => option.name.into(),
    }
}

fn kinds() -> String {
    lines((0..).zip(COUNTERS).map(|(kind, name)| format!("  {name}: {kind}")))
}

fn counts() -> String {
    (0..).zip(COUNTERS).map(|(kind, name)| format!("    {name}: {},\n", at(kind))).collect()
}

fn quantiles() -> String {
    let all =
        (0..).zip(QUANTILES).map(|(place, quantile)| format!("    {quantile}: {}", at(place)));
    all.collect::<Vec<_>>().join(",\n")
}

fn at(place: usize) -> String {
    match place {
        0 => "numbers[place]".into(),
        _ => format!("numbers[place + {place}]"),
    }
}

pub(super) fn lines(all: impl Iterator<Item = String>) -> String {
    all.collect::<Vec<_>>().join(",\n") + "\n"
}

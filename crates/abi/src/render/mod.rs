//! The texts that are made of the border, each out of the text that stands there now.

mod javascript;
mod metrics;
mod reference;

/// Makes a text of the one that stands there.
pub type Render = fn(&str) -> String;

/// Files, from the root of the project, and what makes each.
pub const FILES: [(&str, Render); 3] = [
    ("lib/native/abi.js", |_| javascript::module()),
    ("lib/native/metrics.js", |_| metrics::module()),
    ("docs/reference.md", reference::page),
];

//! The table of options in the reference, between two marks.

use std::iter;

use crate::options::{Default, OptionSpec, FIELDS, OPTIONS};

const BEGIN: &str = "<!-- options: written by npm run generate -->\n";
const END: &str = "<!-- /options -->\n";

/// The page with its table as it should be. Panics where the marks are gone: the table would be
/// nowhere.
pub(super) fn page(old: &str) -> String {
    let (before, rest) = old.split_once(BEGIN).expect("the mark before the options");
    let (_, after) = rest.split_once(END).expect("the mark behind the options");
    let rows: String = OPTIONS
        .iter()
        .flat_map(|option| iter::once(option).chain(fields(option)))
        .map(row)
        .collect();
    let head = "\n| option | default | meaning |\n| --- | --- | --- |\n";
    format!("{before}{BEGIN}{head}{rows}\n{END}{after}")
}

fn fields(option: &OptionSpec) -> impl Iterator<Item = &'static OptionSpec> {
    let name = option.name;
    FIELDS.iter().filter(move |field| field.name.split_once('.').is_some_and(|(of, _)| of == name))
}

fn row(option: &OptionSpec) -> String {
    format!("| `{}` | {} | {} |\n", option.name, shown(option.default), option.doc)
}

fn shown(default: Default) -> String {
    match default {
        Default::Number(number) if number.is_infinite() => "none".into(),
        Default::Number(number) => format!("`{}`", super::javascript::number(number)),
        Default::Switch(on) => format!("`{on}`"),
        Default::Word(word) => format!("`'{word}'`"),
        Default::NoWords => "`[]`".into(),
        Default::Function { shown, .. } | Default::Said(shown) => shown.into(),
    }
}

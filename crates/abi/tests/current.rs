//! What is made of the border stands in the files as it would be made now, and what is written by
//! hand knows the same options.

use std::fs;
use std::path::Path;

use didelphis_abi::codes::GROUPS;
use didelphis_abi::metrics::METRICS;
use didelphis_abi::options::{Default, MAX_SAFE_INTEGER, OPTIONS};
use didelphis_abi::render;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    fs::read_to_string(&path).unwrap().replace("\r\n", "\n")
}

#[test]
fn what_is_generated_is_up_to_date() {
    for (path, render) in render::FILES {
        let now = read(path);
        assert!(render(&now) == now, "{path} is out of date: npm run generate");
    }
}

#[test]
fn the_page_has_every_metric_with_its_kind_and_label() {
    let page = read("docs/server.md");
    for (_, metric) in METRICS {
        let row = format!("| `{}` | {} |", metric.name, metric.kind.word());
        let row = page.lines().find(|line| line.starts_with(&row)).expect(&row);
        let label = metric.label.map(|label| format!("`{label}`"));
        assert!(label.is_none_or(|label| row.contains(&label)), "{row}");
    }
}

#[test]
fn no_two_codes_have_one_name() {
    let mut names: Vec<_> =
        GROUPS.iter().flat_map(|(_, group)| *group).map(|code| code.name).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn no_two_codes_of_a_group_have_one_value() {
    for (about, group) in GROUPS {
        let mut values: Vec<_> = group.iter().map(|code| code.value).collect();
        values.sort_unstable();
        values.dedup();
        assert_eq!(values.len(), group.len(), "{about}");
    }
}

#[test]
fn the_types_have_the_same_options_with_the_same_defaults() {
    let types = read("index.d.ts");
    let declared = declared_options(&types);
    let mut names: Vec<_> = declared.iter().map(|(name, _)| *name).collect();
    let mut known: Vec<_> = OPTIONS.iter().map(|option| option.name).collect();
    names.sort_unstable();
    known.sort_unstable();
    assert_eq!(names, known);
    for option in OPTIONS {
        let (_, default) = declared.iter().find(|(name, _)| *name == option.name).unwrap();
        assert_eq!(*default, as_type(option.default).as_deref(), "{}", option.name);
    }
}

#[test]
fn the_pages_and_whoever_looks_for_changes_name_the_live_options() {
    let mut live: Vec<_> =
        OPTIONS.iter().filter(|option| option.live).map(|one| one.name).collect();
    live.sort_unstable();
    for (path, begin, end) in [
        ("docs/reference.md", "a changed ", " holds from the next call on"),
        ("index.d.ts", "A change to ", " holds from the next call"),
    ] {
        let page = read(path).replace("\n   *", "");
        let (_, rest) = page.split_once(begin).unwrap_or_else(|| panic!("{path}: {begin}"));
        let (sentence, _) = rest.split_once(end).unwrap_or_else(|| panic!("{path}: {end}"));
        let mut named: Vec<_> = sentence.split('`').skip(1).step_by(2).collect();
        named.sort_unstable();
        assert_eq!(named, live, "{path}");
    }
    let source = read("lib/live-options.js");
    let (_, rest) = source.split_once("function copyOf ({ ").expect("what is looked at");
    let (names, _) = rest.split_once(" }").expect("its end");
    let mut copied: Vec<_> = names.split(", ").collect();
    copied.sort_unstable();
    assert_eq!(copied, live, "lib/live-options.js");
}

/// The members of `Options`, each with what its `@default` says up to a remark in brackets.
fn declared_options(types: &str) -> Vec<(&str, Option<&str>)> {
    let (_, body) = types.split_once("export interface Options<").unwrap();
    let (body, _) = body.split_once("\n  }\n").unwrap();
    let mut default = None;
    let mut all = Vec::new();
    for line in body.lines().skip(1).map(str::trim) {
        if let Some(text) = line.strip_prefix("* @default ") {
            default = Some(text.split(" (2 **").next().unwrap());
        } else if let Some((name, _)) = line.split_once("?: ") {
            if !line.starts_with(['*', '/']) {
                all.push((name, default.take()));
            }
        }
    }
    all
}

fn as_type(default: Default) -> Option<String> {
    match default {
        Default::Number(MAX_SAFE_INTEGER) => Some("Number.MAX_SAFE_INTEGER".into()),
        Default::Number(number) if number.is_infinite() => Some("Infinity".into()),
        Default::Number(number) => Some(number.to_string()),
        Default::Switch(on) => Some(on.to_string()),
        Default::Word(word) => Some(format!("'{word}'")),
        Default::NoWords => Some("[]".into()),
        Default::Function { code, .. } => Some(code.into()),
        Default::Said(_) => None,
    }
}

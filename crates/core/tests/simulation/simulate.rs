//! `npm run simulate`: every load under every policy, as tables, and a chart of some of them. With
//! the name of a folder it writes both there: `simulation.svg`, and what is between the marks of
//! `simulation.md`.
// Nobody uses this crate: `pub` is among its files. What it does not use, the tests do.
#![allow(dead_code, unreachable_pub)]

mod chart;
mod guard;
mod load;
mod measure;
mod random;
mod service;
mod table;
mod world;

use std::{env, fs, io};

use chart::{Line, Panel};
use guard::{Policy, LEARNED, NONE, OPOSSUM, QUEUED, THROTTLE, TOGETHER};
use load::{Load, BROWNOUT, HANG, OVERLOAD, SHIFT, SLOWDOWN};
use measure::{Figures, Outcome};

fn main() -> io::Result<()> {
    let played: Vec<_> = load::ALL.iter().map(play).collect();
    let tables: Vec<_> =
        played.iter().map(|(load, outcomes)| table::table(load, outcomes)).collect();
    println!("{}", tables.join("\n"));
    let Some(folder) = env::args().nth(1) else { return Ok(()) };
    fs::write(format!("{folder}/simulation.svg"), picture(&played))?;
    let page = format!("{folder}/simulation.md");
    let text = fs::read_to_string(&page)?;
    let Some((before, rest)) = text.split_once(MARK) else { return Ok(()) };
    let after = rest.split_once(END_MARK).map_or("", |(_, after)| after);
    fs::write(page, format!("{before}{MARK}\n{}\n{END_MARK}{after}", tables.join("\n")))
}

type Played<'a> = (&'a Load, Vec<(&'static str, Outcome)>);

fn play(load: &Load) -> Played<'_> {
    let play = |policy: &Policy| (policy.name, world::play(load, policy, SEED));
    (load, guard::ALL.iter().map(play).collect())
}

fn picture(played: &[Played]) -> String {
    let panel = |load: &Load, value, unit, greatest, policies: &[(&Policy, &'static str)]| {
        let (load, outcomes) =
            played.iter().find(|(other, _)| other.title == load.title).expect("all are played");
        let lines = policies.iter().map(|&(policy, colour)| {
            let (name, outcome) =
                outcomes.iter().find(|(name, _)| *name == policy.name).expect("all are played");
            Line { name, colour, outcome }
        });
        Panel { load, value, unit, greatest, lines: lines.collect() }
    };
    let answered =
        [(&NONE, "#8c959f"), (&OPOSSUM, "#cf222e"), (&THROTTLE, "#bf8700"), (&QUEUED, "#1a7f37")];
    let learned = [(&TOGETHER, "#1a7f37"), (&LEARNED, "#0969da")];
    let goodput = |figures: &Figures| figures.good as f64;
    let timeout = |figures: &Figures| figures.timeout.as_millis_f64();
    chart::chart(
        "What a service of 800 calls a second answers in time",
        "Simulated: 16 slots, 20 ms a call, first in, first out; a timeout of 500 ms, or one that is learned.",
        &[
            panel(&OVERLOAD, goodput, "answered in time, a second", 900.0, &answered),
            panel(&BROWNOUT, goodput, "answered in time, a second", 450.0, &answered),
            panel(&SLOWDOWN, goodput, "answered in time, a second", 150.0, &answered),
            panel(&HANG, goodput, "answered in time, a second", 450.0, &answered),
            panel(&SLOWDOWN, timeout, "learned timeout, ms", 800.0, &learned),
            panel(&SHIFT, timeout, "learned timeout, ms", 2_000.0, &learned),
        ],
    )
}

const SEED: u64 = 1;
const MARK: &str = "<!-- simulation -->\n";
const END_MARK: &str = "<!-- /simulation -->";

//! `npm run simulate`: every load under every policy, as tables; with the name of a file, a chart
//! of some of them, too.
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
    for (load, outcomes) in &played {
        println!("{}", table::table(load, outcomes));
    }
    if let Some(file) = env::args().nth(1) {
        fs::write(file, picture(&played))?;
    }
    Ok(())
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

//! What breakers and loops have come to, for those who collect metrics in JavaScript: the same
//! series as the server's, as numbers.

use napi::bindgen_prelude::Float64Array;
use napi_derive::napi;

use crate::serve::Collector;

/// Remembers what was read before, so that counts never go back.
#[napi]
#[derive(Default)]
pub struct Readings {
    collector: Collector,
}

/// What there is at a moment.
#[napi(object)]
pub struct Read {
    /// Of each series, its labels: names and values by turns.
    pub labels: Vec<Vec<String>>,
    /// Of each series, its counts, trips, calls by bound, their time in seconds, states, calls in
    /// flight and capacity: as many as `lib/readings.js` knows.
    pub numbers: Float64Array,
    /// How many breakers there are.
    pub breakers: u32,
    /// How many of these have no series of their own.
    pub in_other: u32,
    /// The numbers of the threads whose loops there are.
    pub threads: Vec<u32>,
    /// Of each loop how late it is, in seconds, how many stalls it had and how long they were.
    pub loops: Vec<f64>,
}

#[napi]
impl Readings {
    /// Nothing has been read.
    #[napi(constructor, catch_unwind)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads all breakers and loops of the process.
    #[napi(catch_unwind)]
    pub fn read(&mut self) -> Read {
        let collected = self.collector.collect();
        Read {
            labels: collected.labels,
            numbers: Float64Array::new(collected.numbers),
            breakers: collected.breakers as u32,
            in_other: collected.in_other as u32,
            threads: collected.threads,
            loops: collected.loops,
        }
    }
}

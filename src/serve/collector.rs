//! The series of all breakers as plain numbers, for those who collect them elsewhere than here.

use super::series::{Series, Sums};
use super::view::{self, Watched};
use crate::runtime::loops::Loops;
use didelphis_abi::metrics::MOST_SERIES;

/// Remembers what was collected before, so that counts never go back.
pub(crate) struct Collector(Series);

/// What there is at a moment.
pub(crate) struct Collected {
    /// Of each series, its labels: names and values by turns.
    pub(crate) labels: Vec<Vec<String>>,
    /// Of each series, its counts, trips, calls by bound, their time in seconds, states, calls in
    /// flight, calls that wait and capacity.
    pub(crate) numbers: Vec<f64>,
    pub(crate) breakers: usize,
    /// How many of these have no series of their own.
    pub(crate) in_other: usize,
    /// The numbers of threads.
    pub(crate) threads: Vec<u32>,
    /// Of each of their loops the lag, the number of its stalls and their length, in seconds.
    pub(crate) loops: Vec<f64>,
}

impl Default for Collector {
    fn default() -> Self {
        Collector(Series::new(MOST_SERIES))
    }
}

impl Collector {
    /// Reads all breakers and loops of the process.
    pub(crate) fn collect(&mut self) -> Collected {
        let page = self.0.update(view::breakers(Watched::No).iter().map(Into::into));
        let (mut labels, mut numbers) = (Vec::with_capacity(page.rows.len()), Vec::new());
        for (of_row, sums, gauges) in page.rows {
            labels.push(of_row.into_iter().flat_map(|(name, value)| [name, value]).collect());
            let Sums { counts, trips, by_bound, nanos } = sums;
            numbers.extend(counts.map(|count| count as f64));
            numbers.extend(trips.map(|count| count as f64));
            numbers.extend(by_bound.map(|count| count as f64));
            numbers.push(nanos as f64 / 1e9);
            numbers.extend(gauges.states.map(|count| count as f64));
            numbers.extend([gauges.in_flight as f64, gauges.queued as f64, gauges.capacity]);
        }
        let (mut threads, mut loops) = (Vec::new(), Vec::new());
        for (thread, reading) in Loops::global().read() {
            threads.push(thread);
            let seconds = |nanos: didelphis_core::time::Nanos| nanos.as_millis_f64() / 1e3;
            let total = reading.total;
            loops.extend([seconds(reading.lag), total.count as f64, seconds(total.time)]);
        }
        let (breakers, in_other) = (page.breakers, page.in_other);
        Collected { labels, numbers, breakers, in_other, threads, loops }
    }
}

//! The latencies of a window as other threads read them.
//!
//! A call knows nothing of it. When a bucket of the window ends, what it recorded is added to
//! counts by fixed bounds, which only go up for the life of the breaker; and while somebody
//! watches, the mean and the quantiles of the window are published, too. So both are as old as
//! a bucket at the most, as long as the loop comes to begin the next one.
//!
//! Written by the window alone.

use super::latency::{Latencies, Summary, QUANTILES};
use crate::shared::sequence::Sequence;
use crate::shared::words::{Number, Word};
use crate::time::Nanos;

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct PublishedLatencies {
    /// Of what follows.
    sequence: Sequence,
    by_bound: [Number; BOUNDS.len() + 1],
    /// In nanoseconds.
    sum: Number,
    count: Word,
    mean_nanos: Word,
    quantiles: [Word; QUANTILES.len()],
    /// When the last of these have left the window.
    until: Word,
}

/// What another thread has read of latencies.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LatenciesRead {
    /// Since the beginning, how many were at most so long, by [`BOUNDS`], and longer than the
    /// bound before; the last: longer than all.
    pub by_bound: [i64; BOUNDS.len() + 1],
    /// Their sum.
    pub sum: Nanos,
    /// Of the window; without a count while nobody watched as the last bucket ended.
    pub in_window: Summary,
}

impl PublishedLatencies {
    /// A bucket ends in which these were recorded.
    pub(super) fn add(&self, latencies: &Latencies) {
        self.sequence.begin();
        let mut place = 0;
        for (latency, count) in latencies.values() {
            while place < BOUNDS.len() && latency > BOUNDS[place] {
                place += 1;
            }
            self.by_bound[place].add(count as i64);
        }
        self.sum.add(i64::try_from(latencies.sum_nanos()).unwrap_or(i64::MAX / 2));
        self.sequence.end();
    }

    /// Those of the window, which all have left it then, if no other comes.
    pub(super) fn put(&self, summary: &Summary, until: Nanos) {
        self.sequence.begin();
        self.count.set(summary.count);
        self.mean_nanos.set(summary.mean_nanos.to_bits());
        let all = self.quantiles.iter().zip(summary.quantiles);
        all.for_each(|(word, quantile)| word.set(quantile.get()));
        self.until.set(until.get());
        self.sequence.end();
    }

    /// What there is to be read at `now`; `None` when something was written meanwhile.
    pub(super) fn read(&self, now: Nanos) -> Option<LatenciesRead> {
        self.sequence.read(|| {
            let summary = Summary {
                count: self.count.get(),
                mean_nanos: f64::from_bits(self.mean_nanos.get()),
                quantiles: std::array::from_fn(|place| Nanos::new(self.quantiles[place].get())),
            };
            let is_over = now >= Nanos::new(self.until.get());
            LatenciesRead {
                by_bound: std::array::from_fn(|place| self.by_bound[place].get()),
                sum: Nanos::new(self.sum.get().unsigned_abs()),
                in_window: if is_over { Summary::default() } else { summary },
            }
        })
    }
}

impl Default for PublishedLatencies {
    fn default() -> Self {
        PublishedLatencies {
            sequence: Sequence::new(),
            by_bound: std::array::from_fn(|_| Number::new(0)),
            sum: Number::new(0),
            count: Word::new(0),
            mean_nanos: Word::new(0),
            quantiles: std::array::from_fn(|_| Word::new(0)),
            until: Word::new(0),
        }
    }
}

/// Upper bounds by which latencies are counted, ascending.
pub const BOUNDS: [Nanos; 13] = [
    Nanos::new(1_000_000),
    Nanos::new(2_500_000),
    Nanos::from_millis(5),
    Nanos::from_millis(10),
    Nanos::from_millis(25),
    Nanos::from_millis(50),
    Nanos::from_millis(100),
    Nanos::from_millis(250),
    Nanos::from_millis(500),
    Nanos::from_millis(1_000),
    Nanos::from_millis(2_500),
    Nanos::from_millis(5_000),
    Nanos::from_millis(10_000),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn latencies(millis: &[u64]) -> Latencies {
        let mut latencies = Latencies::default();
        millis.iter().for_each(|&millis| latencies.record(Nanos::from_millis(millis)));
        latencies
    }

    #[test]
    fn counts_by_bound_only_go_up() {
        let published = PublishedLatencies::default();
        published.add(&latencies(&[0, 3, 3, 40, 700, 60_000]));
        published.add(&latencies(&[3]));
        let read = published.read(Nanos::ZERO).expect("nobody writes");
        let mut by_bound = [0; BOUNDS.len() + 1];
        for (place, count) in [(0, 1), (2, 3), (5, 1), (9, 1), (13, 1)] {
            by_bound[place] = count;
        }
        assert_eq!(read.by_bound, by_bound);
        assert_eq!(read.sum, Nanos::from_millis(60_749));
    }

    #[test]
    fn quantiles_leave_with_the_window() {
        let published = PublishedLatencies::default();
        let summary = latencies(&[3, 4]).histogram().summary();
        published.put(&summary, Nanos::from_millis(9_000));
        let read = |millis| published.read(Nanos::from_millis(millis)).expect("nobody writes");
        assert_eq!(read(8_999).in_window, summary);
        assert_eq!(read(9_000).in_window, Summary::default());
    }
}

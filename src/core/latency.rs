//! Latencies in a log-linear histogram: every power of two of nanoseconds is cut
//! into eight cells of equal width, so a value is known to within 6.25 %.
//!
//! The idea is Gil Tene's HdrHistogram. It keeps counts, no values: recording is one
//! addition, and the cost of a quantile depends on the number of cells, never on the
//! number of calls. Called by the window, which keeps one histogram a bucket and a
//! merged one for all of them.

use super::time::Nanos;

/// Number of cells of a histogram.
pub const CELLS: usize = OCTAVES << CELL_BITS;

/// Which cell a latency falls into. Shorter than half a microsecond is the first
/// cell; longer than 73 minutes the last.
pub fn cell_of(latency: Nanos) -> usize {
    let nanos = latency.get();
    if nanos < 1 << FIRST_OCTAVE {
        return 0;
    }
    let octave = nanos.ilog2();
    let within = (nanos >> (octave - CELL_BITS)) as usize & ((1 << CELL_BITS) - 1);
    let cell = ((octave - FIRST_OCTAVE) as usize) << CELL_BITS | within;
    cell.min(CELLS - 1)
}

/// The value that stands for a cell: its middle, at most 1/16 (6.25 %) away from
/// every latency in it, for latencies from 0.6 µs to 73 minutes. The first cell, of what is
/// shorter, stands for zero, which is what programs that keep whole milliseconds put in.
pub fn middle_of(cell: usize) -> Nanos {
    if cell == 0 {
        return Nanos::ZERO;
    }
    let octave = FIRST_OCTAVE + (cell >> CELL_BITS) as u32;
    let within = (cell & ((1 << CELL_BITS) - 1)) as u64;
    let width = 1u64 << (octave - CELL_BITS);
    Nanos::new((1 << octave) + within * width + width / 2)
}

/// The latencies of one bucket of the window.
///
/// Its cells are allocated with the first latency and kept when the bucket is
/// emptied for its next turn: a bucket that was used will be used again.
#[derive(Clone, Debug, Default)]
pub struct Latencies {
    cells: Option<Box<[u32; CELLS]>>,
    count: u64,
    /// Nanoseconds; 128 bits, so that no traffic makes it overflow.
    sum: u128,
    least: Nanos,
    greatest: Nanos,
}

impl Latencies {
    /// Adds one latency.
    pub fn record(&mut self, latency: Nanos) {
        let cells = self.cells.get_or_insert_with(|| Box::new([0; CELLS]));
        let cell = &mut cells[cell_of(latency)];
        *cell = cell.saturating_add(1);
        self.least = if self.count == 0 { latency } else { self.least.min(latency) };
        self.greatest = self.greatest.max(latency);
        self.count += 1;
        self.sum += u128::from(latency.get());
    }

    /// Forgets every latency, keeps the memory.
    pub fn clear(&mut self) {
        if self.count == 0 {
            return;
        }
        let mut cells = self.cells.take();
        if let Some(cells) = &mut cells {
            cells.fill(0);
        }
        *self = Latencies { cells, ..Latencies::default() };
    }

    /// How many latencies are in it.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// What is in it: values in ascending order, each the middle of its cell but
    /// within the shortest and the longest latency seen, with how many there are.
    pub fn values(&self) -> impl Iterator<Item = (Nanos, u64)> + '_ {
        let cells = self.cells.iter().flat_map(|cells| cells.iter());
        cells.enumerate().filter(|(_, &count)| count > 0).map(|(cell, &count)| {
            (middle_of(cell).clamp(self.least, self.greatest), u64::from(count))
        })
    }
}

/// The latencies of the whole window, kept merged: buckets are added as they fill
/// and subtracted as they run out, so that a quantile needs no merging.
#[derive(Clone, Debug, Default)]
pub struct MergedLatencies {
    cells: Option<Box<[u64; CELLS]>>,
    count: u64,
    sum: u128,
}

impl MergedLatencies {
    /// Adds one latency, as the bucket that holds it does.
    pub fn record(&mut self, latency: Nanos) {
        let cells = self.cells.get_or_insert_with(|| Box::new([0; CELLS]));
        cells[cell_of(latency)] += 1;
        self.count += 1;
        self.sum += u128::from(latency.get());
    }

    /// Takes out what a bucket holds.
    pub fn subtract(&mut self, bucket: &Latencies) {
        let (Some(cells), Some(gone)) = (&mut self.cells, &bucket.cells) else { return };
        if bucket.count == 0 {
            return;
        }
        for (cell, gone) in cells.iter_mut().zip(gone.iter()) {
            *cell -= u64::from(*gone);
        }
        self.count -= bucket.count;
        self.sum -= bucket.sum;
    }

    /// How many latencies the window holds.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The same as [`Latencies::values`] for the whole window. `buckets` must be the
    /// buckets merged here; they know the extremes.
    pub fn values<'a>(
        &'a self,
        buckets: impl Iterator<Item = &'a Latencies>,
    ) -> impl Iterator<Item = (Nanos, u64)> + 'a {
        let (least, greatest) = extremes(buckets);
        let cells = self.cells.iter().flat_map(|cells| cells.iter());
        cells
            .enumerate()
            .filter(|(_, &count)| count > 0)
            .map(move |(cell, &count)| (middle_of(cell).clamp(least, greatest), count))
    }

    /// Mean and quantiles. `buckets` must be the buckets merged here; they know the
    /// exact extremes.
    pub fn summary<'a>(&self, buckets: impl Iterator<Item = &'a Latencies>) -> Summary {
        let (least, greatest) = extremes(buckets);
        let mut quantiles = [Nanos::ZERO; QUANTILES.len()];
        let mean = if self.count == 0 { 0.0 } else { self.sum as f64 / self.count as f64 };
        if let Some(cells) = self.cells.as_ref().filter(|_| self.count > 0) {
            let (mut cell, mut passed) = (0, cells[0]);
            for (quantile, value) in QUANTILES.iter().zip(&mut quantiles) {
                let rank = ((quantile * self.count as f64).ceil() as u64).clamp(1, self.count);
                // Ranks ascend with the quantiles: one walk over the cells serves all.
                while passed < rank && cell + 1 < CELLS {
                    cell += 1;
                    passed += cells[cell];
                }
                *value = match *quantile {
                    q if q <= 0.0 => least,
                    q if q >= 1.0 => greatest,
                    _ => middle_of(cell).clamp(least, greatest),
                };
            }
        }
        Summary { count: self.count, mean_nanos: mean, quantiles }
    }
}

fn extremes<'a>(buckets: impl Iterator<Item = &'a Latencies>) -> (Nanos, Nanos) {
    buckets
        .filter(|bucket| bucket.count > 0)
        .fold((Nanos::MAX, Nanos::ZERO), |(least, greatest), bucket| {
            (least.min(bucket.least), greatest.max(bucket.greatest))
        })
}

/// Mean and quantiles of the latencies in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    /// How many there were.
    pub count: u64,
    /// The exact mean in nanoseconds; zero when there was no latency.
    pub mean_nanos: f64,
    /// For each of [`QUANTILES`] the latency at that nearest rank; zero when there
    /// was none. The first and the last are exact.
    pub quantiles: [Nanos; QUANTILES.len()],
}

/// The quantiles a summary gives, ascending; 0 is the shortest latency, 1 the
/// longest.
pub const QUANTILES: [f64; 9] = [0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 1.0];

/// Eight cells an octave: half a cell's width is 1/16 of the octave's beginning.
const CELL_BITS: u32 = 3;
/// The first octave begins at 2^9 ns = 0.5 µs ...
const FIRST_OCTAVE: u32 = 9;
/// ... and the last one ends at 2^42 ns = 73 min.
const OCTAVES: usize = 33;

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(latencies: &[u64]) -> Summary {
        let (mut bucket, mut all) = (Latencies::default(), MergedLatencies::default());
        for &nanos in latencies {
            bucket.record(Nanos::new(nanos));
            all.record(Nanos::new(nanos));
        }
        all.summary([&bucket].into_iter())
    }

    #[test]
    fn a_cell_stands_for_its_latencies_within_6_25_percent() {
        let hour = 3_600_000_000_000u64;
        let mut nanos = 1_000u64;
        while nanos < hour + hour / 10 {
            for probe in [nanos - 1, nanos, nanos + 1, nanos + nanos / 17] {
                let middle = middle_of(cell_of(Nanos::new(probe))).get() as f64;
                let error = (middle - probe as f64).abs() / probe as f64;
                assert!(error <= 0.0625, "{probe} ns stands at {middle}, off by {error}");
            }
            nanos += nanos / 9 + 1;
        }
    }

    #[test]
    fn cells_ascend_without_gaps() {
        assert_eq!(cell_of(Nanos::ZERO), 0);
        assert_eq!(cell_of(Nanos::MAX), CELLS - 1);
        for cell in 0..CELLS {
            assert_eq!(cell_of(middle_of(cell)), cell);
        }
    }

    #[test]
    fn quantiles_are_nearest_ranks() {
        let summary = merged(&[5_000_000; 1]);
        assert!(summary.quantiles.iter().all(|&q| q == Nanos::new(5_000_000)), "one is exact");

        let values: Vec<u64> = (1..=1000).map(|n| n * 1_000_000).collect();
        let summary = merged(&values);
        for (quantile, got) in QUANTILES.iter().zip(summary.quantiles) {
            let exact = values[((quantile * 1000.0).ceil() as usize).max(1) - 1] as f64;
            let error = (got.get() as f64 - exact).abs() / exact;
            assert!(error <= 0.0625, "quantile {quantile}: {got:?} for {exact}");
        }
        assert_eq!(summary.mean_nanos, 500_500_000.0);
    }

    #[test]
    fn a_latency_of_zero_stays_zero() {
        let summary = merged(&[0, 0, 0, 2_000_000, 3_000_000]);
        assert_eq!(summary.quantiles[2], Nanos::ZERO);
    }

    #[test]
    fn an_empty_histogram_is_all_zeros() {
        let summary = merged(&[]);
        assert_eq!(summary.mean_nanos, 0.0);
        assert_eq!(summary.quantiles, [Nanos::ZERO; 9]);
    }

    #[test]
    fn subtracting_a_bucket_leaves_the_others() {
        let (mut old, mut young) = (Latencies::default(), Latencies::default());
        let mut all = MergedLatencies::default();
        for nanos in [10_000u64, 2_000_000, 9_000_000_000] {
            old.record(Nanos::new(nanos));
            all.record(Nanos::new(nanos));
        }
        young.record(Nanos::new(70_000));
        all.record(Nanos::new(70_000));
        all.subtract(&old);
        old.clear();
        let summary = all.summary([&old, &young].into_iter());
        assert_eq!(all.count(), 1);
        assert_eq!(summary.mean_nanos, 70_000.0);
        assert_eq!(summary.quantiles, [Nanos::new(70_000); 9]);
        assert_eq!(young.values().collect::<Vec<_>>(), [(Nanos::new(70_000), 1)]);
    }
}

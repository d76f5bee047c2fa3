//! Latencies in a log-linear histogram: every power of two of nanoseconds is cut
//! into eight bins of equal width, so a value is known to within 6.25 %.
//!
//! The idea is Gil Tene's HdrHistogram. It keeps counts, no values: recording is one
//! addition, and the cost of a quantile depends on the number of bins, never on the
//! number of calls. Of the 33 octaves there are, the calls of one service take a few: a
//! histogram has memory for the octaves between the shortest latency it was given and
//! the longest, and grows by whole octaves when one comes that lies outside.
//!
//! Called by the window, which keeps one histogram a bucket, and the sum of all but the
//! newest. The bucket that fills is not in the sum, so that recording touches one
//! histogram and no more; a reader adds the two.

use std::ops::Range;
use std::{iter, mem};

use crate::time::Nanos;

/// Number of bins from one end of the range to the other.
pub const BINS: usize = OCTAVES << CELL_BITS;

/// Which bin a latency falls into. Shorter than half a microsecond is the first
/// bin; longer than 73 minutes the last.
pub fn bin_of(latency: Nanos) -> usize {
    endless_bin_of(latency).min(BINS - 1)
}

/// The same if there were no last bin: a latency beyond it is in none of a histogram's.
#[inline]
fn endless_bin_of(latency: Nanos) -> usize {
    let nanos = latency.get().max(1 << FIRST_OCTAVE);
    let octave = nanos.ilog2();
    // The leading one, and behind it the bits that number the bins of an octave.
    let leading = (nanos >> (octave - CELL_BITS)) as usize;
    ((octave - FIRST_OCTAVE) as usize) * BINS_PER_OCTAVE + (leading - BINS_PER_OCTAVE)
}

/// The value that stands for a bin: its middle, at most 1/16 (6.25 %) away from
/// every latency in it, for latencies from 0.6 µs to 73 minutes. The first bin, of what is
/// shorter, stands for zero, which is what programs that keep whole milliseconds put in.
pub fn midpoint_of(bin: usize) -> Nanos {
    if bin == 0 {
        return Nanos::ZERO;
    }
    let octave = FIRST_OCTAVE + (bin >> CELL_BITS) as u32;
    let within = (bin % BINS_PER_OCTAVE) as u64;
    let width = 1u64 << (octave - CELL_BITS);
    Nanos::new((1 << octave) + within * width + width / 2)
}

/// Where a bin begins, and where the next one does.
fn range_of(bin: usize) -> (Nanos, Nanos) {
    let start = |bin: usize| {
        let octave = FIRST_OCTAVE + (bin >> CELL_BITS) as u32;
        Nanos::new(((bin % BINS_PER_OCTAVE + BINS_PER_OCTAVE) as u64) << (octave - CELL_BITS))
    };
    (start(bin), start(bin + 1))
}

/// The latencies of one bucket of the window.
#[derive(Clone, Debug)]
pub struct Latencies {
    bins: Bins<u32>,
    count: u64,
    /// [`Nanos::MAX`] while there is none.
    least: Nanos,
    greatest: Nanos,
    /// Nanoseconds; 128 bits, so that no traffic makes it overflow.
    sum: u128,
}

impl Latencies {
    /// Adds one latency.
    #[inline]
    pub fn record(&mut self, latency: Nanos) {
        let bin = endless_bin_of(latency);
        match self.bins.get_mut(bin) {
            Some(count) => *count = count.saturating_add(1),
            None => self.count_outside(bin),
        }
        self.count += 1;
        self.least = self.least.min(latency);
        self.greatest = self.greatest.max(latency);
        self.sum += u128::from(latency.get());
    }

    /// Forgets every latency, keeps the memory: what was used will be used again.
    pub fn clear(&mut self) {
        if self.count > 0 {
            self.bins.counts.fill(0);
            *self = Latencies { bins: mem::take(&mut self.bins), ..Latencies::default() };
        }
    }

    /// Becomes a copy of others, with memory for the octaves that they lie in and for no
    /// more.
    pub fn copy(&mut self, others: &Latencies) {
        self.bins.copy(&others.bins, &others.octaves());
        let Latencies { count, least, greatest, sum, .. } = *others;
        (self.count, self.least, self.greatest, self.sum) = (count, least, greatest, sum);
    }

    /// Takes in those of others, too.
    pub fn merge(&mut self, others: &Latencies) {
        let bins = others.octaves();
        self.bins.cover(&bins);
        let more = others.bins.slice(&bins);
        for (count, &more) in self.bins.stretch_mut(&bins).iter_mut().zip(more) {
            *count = count.saturating_add(more);
        }
        self.count += others.count;
        self.least = self.least.min(others.least);
        self.greatest = self.greatest.max(others.greatest);
        self.sum += others.sum;
    }

    /// How many latencies are in it.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// All of them, added up.
    pub(super) fn sum_nanos(&self) -> u128 {
        self.sum
    }

    /// What stands for those of a bin, ascending, with how many there are.
    pub(super) fn values(&self) -> impl Iterator<Item = (Nanos, u64)> + '_ {
        let value = |bin| midpoint_of(bin).clamp(self.least, self.greatest);
        let all = self.bins.counts.iter().enumerate().filter(|(_, &count)| count > 0);
        all.map(move |(place, &count)| (value(self.bins.first + place), u64::from(count)))
    }

    /// The latency at half of them, exact to a share of a bin: as many latencies of a bin as
    /// there are lie at equal distances. `None` when there is none.
    pub fn median(&self) -> Option<Nanos> {
        let mut below = 0;
        let half = self.count as f64 / 2.0;
        self.bins.counts.iter().enumerate().find_map(|(place, &count)| {
            let passed = below;
            below += u64::from(count);
            if count == 0 || (below as f64) < half {
                return None;
            }
            let (start, end) = range_of(self.bins.first + place);
            let share = (half - passed as f64) / f64::from(count);
            let within = (end.get() - start.get()) as f64 * share;
            Some((start + Nanos::new(within as u64)).clamp(self.least, self.greatest))
        })
    }

    /// What is in it, for reading.
    pub fn histogram(&self) -> Histogram {
        LatencySums::default().with(self, iter::empty())
    }

    /// Counts one in a bin that there is no memory for yet, or in the last one.
    #[cold]
    fn count_outside(&mut self, bin: usize) {
        let bin = bin.min(BINS - 1);
        self.bins.cover(&octaves(bin, bin));
        if let Some(count) = self.bins.get_mut(bin) {
            *count = count.saturating_add(1);
        }
    }

    /// The bins of the octaves that its latencies lie in.
    fn octaves(&self) -> Range<usize> {
        if self.count == 0 {
            return 0..0;
        }
        octaves(bin_of(self.least), bin_of(self.greatest))
    }
}

impl Default for Latencies {
    /// None, and no memory for any.
    fn default() -> Self {
        let bins = Bins::default();
        Latencies { bins, count: 0, least: Nanos::MAX, greatest: Nanos::ZERO, sum: 0 }
    }
}

/// The latencies of the buckets that are full, added up: a bucket is added when the
/// next one begins and subtracted when it runs out, so that a quantile needs no merging.
#[derive(Clone, Debug, Default)]
pub struct LatencySums {
    bins: Bins<u64>,
    count: u64,
    sum: u128,
}

impl LatencySums {
    /// Adds what a bucket holds.
    pub fn add(&mut self, bucket: &Latencies) {
        let bins = bucket.octaves();
        self.bins.cover(&bins);
        let more = bucket.bins.slice(&bins);
        for (sum, &more) in self.bins.stretch_mut(&bins).iter_mut().zip(more) {
            *sum += u64::from(more);
        }
        self.count += bucket.count;
        self.sum += bucket.sum;
    }

    /// Takes out what a bucket holds that was added.
    pub fn subtract(&mut self, bucket: &Latencies) {
        let bins = bucket.octaves();
        let gone = bucket.bins.slice(&bins);
        for (sum, &gone) in self.bins.stretch_mut(&bins).iter_mut().zip(gone) {
            *sum -= u64::from(gone);
        }
        self.count -= bucket.count;
        self.sum -= bucket.sum;
    }

    /// These and the newest bucket's. `full` must be the buckets that were added; they
    /// know the extremes.
    pub fn with<'a>(
        &self,
        newest: &'a Latencies,
        full: impl Iterator<Item = &'a Latencies>,
    ) -> Histogram {
        let ends = |latencies: &Latencies| (latencies.least, latencies.greatest);
        let (least, greatest) = full.map(ends).fold(ends(newest), |(least, greatest), ends| {
            (least.min(ends.0), greatest.max(ends.1))
        });
        let (count, sum) = (self.count + newest.count, self.sum + newest.sum);
        let mut counts = [0; BINS];
        self.bins.add_to(&mut counts);
        newest.bins.add_to(&mut counts);
        Histogram { least, greatest, count, sum, counts }
    }
}

/// The latencies of a window, or of one bucket, for reading. One in a bin is [`midpoint_of`] it,
/// but not shorter than the shortest or longer than the longest.
#[derive(Clone, Debug)]
pub struct Histogram {
    least: Nanos,
    greatest: Nanos,
    count: u64,
    sum: u128,
    /// How many are in each bin.
    counts: [u64; BINS],
}

impl Histogram {
    /// How many latencies there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The shortest latency and the longest; `None` when there is none.
    pub fn ends(&self) -> Option<[Nanos; 2]> {
        (self.count > 0).then_some([self.least, self.greatest])
    }

    /// The bins that are not empty, ascending, with how many latencies are in each.
    pub fn bins(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        // When there is none, the shortest is longer than the longest.
        let all = bin_of(self.least)..bin_of(self.greatest) + 1;
        all.map(|bin| (bin, self.counts[bin])).filter(|&(_, count)| count > 0)
    }

    /// The latency at a rank, from one for the shortest; [`None`] where there is none such.
    pub fn at_rank(&self, rank: u64) -> Option<Nanos> {
        if rank >= self.count {
            // The longest is exact.
            return (rank == self.count && rank > 0).then_some(self.greatest);
        }
        let mut passed = 0;
        self.bins().find_map(|(bin, count)| {
            passed += count;
            (passed >= rank).then(|| midpoint_of(bin).clamp(self.least, self.greatest))
        })
    }

    /// Mean and quantiles.
    pub fn summary(&self) -> Summary {
        let Histogram { least, greatest, count, .. } = *self;
        if count == 0 {
            return Summary::default();
        }
        let (mut bin, last) = (bin_of(least), bin_of(greatest));
        let mut passed = self.counts[bin];
        let quantiles = QUANTILES.map(|quantile| match quantile {
            q if q <= 0.0 => least,
            q if q >= 1.0 => greatest,
            q => {
                let rank = ((q * count as f64).ceil() as u64).clamp(1, count);
                // Ranks ascend with the quantiles: one walk over the bins serves all.
                while passed < rank && bin < last {
                    bin += 1;
                    passed += self.counts[bin];
                }
                midpoint_of(bin).clamp(least, greatest)
            }
        });
        Summary { count, mean_nanos: self.sum as f64 / count as f64, quantiles }
    }
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

/// The counts of some octaves that follow one another; in all other bins there is none.
#[derive(Clone, Debug, Default)]
struct Bins<N> {
    counts: Box<[N]>,
    /// The bin of the first count.
    first: usize,
}

impl<N: Copy + Default> Bins<N> {
    #[inline]
    fn get_mut(&mut self, bin: usize) -> Option<&mut N> {
        self.counts.get_mut(bin.wrapping_sub(self.first))
    }

    /// The counts of bins that all have one.
    fn slice(&self, bins: &Range<usize>) -> &[N] {
        if bins.is_empty() {
            return &[];
        }
        &self.counts[bins.start - self.first..bins.end - self.first]
    }

    fn stretch_mut(&mut self, bins: &Range<usize>) -> &mut [N] {
        if bins.is_empty() {
            return &mut [];
        }
        &mut self.counts[bins.start - self.first..bins.end - self.first]
    }

    /// Sees to it that all of these bins have a count.
    fn cover(&mut self, bins: &Range<usize>) {
        let has = self.first..self.first + self.counts.len();
        if bins.is_empty() || (has.start <= bins.start && bins.end <= has.end) {
            return;
        }
        let wants = if has.is_empty() {
            bins.clone()
        } else {
            has.start.min(bins.start)..has.end.max(bins.end)
        };
        let mut counts = vec![N::default(); wants.len()].into_boxed_slice();
        if !has.is_empty() {
            counts[has.start - wants.start..has.end - wants.start].copy_from_slice(&self.counts);
        }
        *self = Bins { counts, first: wants.start };
    }

    /// Adds them to the counts of all bins.
    fn add_to(&self, counts: &mut [u64; BINS])
    where
        N: Into<u64>,
    {
        let here = &mut counts[self.first..self.first + self.counts.len()];
        iter::zip(here, &self.counts).for_each(|(count, &more)| *count += more.into());
    }

    /// Has the counts of these bins, as others have them, and no more.
    fn copy(&mut self, others: &Self, bins: &Range<usize>) {
        let from = others.slice(bins);
        if self.counts.len() == from.len() {
            self.counts.copy_from_slice(from);
        } else {
            self.counts = from.into();
        }
        self.first = bins.start;
    }
}

/// The bins of the octaves from that of one bin to that of another.
fn octaves(least: usize, greatest: usize) -> Range<usize> {
    let start = |bin: usize| bin - bin % BINS_PER_OCTAVE;
    start(least)..start(greatest) + BINS_PER_OCTAVE
}

/// Eight bins an octave: half a bin's width is 1/16 of the octave's beginning.
const CELL_BITS: u32 = 3;
const BINS_PER_OCTAVE: usize = 1 << CELL_BITS;
/// The first octave begins at 2^9 ns = 0.5 µs ...
const FIRST_OCTAVE: u32 = 9;
/// ... and the last one ends at 2^42 ns = 73 min.
const OCTAVES: usize = 33;

#[cfg(test)]
mod tests {
    use super::*;

    /// Values, with how many there are of each.
    fn values(histogram: Histogram) -> Vec<(Nanos, u64)> {
        let value = |bin| midpoint_of(bin).clamp(histogram.least, histogram.greatest);
        histogram.bins().map(|(bin, count)| (value(bin), count)).collect()
    }

    fn bucket(latencies: &[u64]) -> Latencies {
        let mut bucket = Latencies::default();
        latencies.iter().for_each(|&nanos| bucket.record(Nanos::new(nanos)));
        bucket
    }

    fn summary_of(latencies: &[u64]) -> Summary {
        let (full, newest) = latencies.split_at(latencies.len() / 3);
        let (full, newest) = (bucket(full), bucket(newest));
        let mut sums = LatencySums::default();
        sums.add(&full);
        sums.with(&newest, [&full].into_iter()).summary()
    }

    #[test]
    fn a_bin_stands_for_its_latencies_within_6_25_percent() {
        let hour = 3_600_000_000_000u64;
        let mut nanos = 1_000u64;
        while nanos < hour + hour / 10 {
            for probe in [nanos - 1, nanos, nanos + 1, nanos + nanos / 17] {
                let middle = midpoint_of(bin_of(Nanos::new(probe))).get() as f64;
                let error = (middle - probe as f64).abs() / probe as f64;
                assert!(error <= 0.0625, "{probe} ns stands at {middle}, off by {error}");
            }
            nanos += nanos / 9 + 1;
        }
    }

    #[test]
    fn bins_ascend_without_gaps() {
        assert_eq!(bin_of(Nanos::ZERO), 0);
        assert_eq!(bin_of(Nanos::MAX), BINS - 1);
        for bin in 0..BINS {
            assert_eq!(bin_of(midpoint_of(bin)), bin);
        }
    }

    #[test]
    fn quantiles_are_nearest_ranks() {
        let summary = summary_of(&[5_000_000; 1]);
        assert!(summary.quantiles.iter().all(|&q| q == Nanos::new(5_000_000)), "one is exact");

        let values: Vec<u64> = (1..=1000).map(|n| n * 1_000_000).collect();
        let summary = summary_of(&values);
        for (quantile, got) in QUANTILES.iter().zip(summary.quantiles) {
            let exact = values[((quantile * 1000.0).ceil() as usize).max(1) - 1] as f64;
            let error = (got.get() as f64 - exact).abs() / exact;
            assert!(error <= 0.0625, "quantile {quantile}: {got:?} for {exact}");
        }
        assert_eq!(summary.mean_nanos, 500_500_000.0);
    }

    #[test]
    fn a_latency_of_zero_stays_zero() {
        let summary = summary_of(&[0, 0, 0, 2_000_000, 3_000_000]);
        assert_eq!(summary.quantiles[2], Nanos::ZERO);
    }

    #[test]
    fn a_median_is_exact_to_a_share_of_its_bin() {
        assert_eq!(bucket(&[]).median(), None);
        assert_eq!(bucket(&[7_000_000]).median(), Some(Nanos::new(7_000_000)));
        let values: Vec<u64> = (1..=1000).map(|n| 17_000_000 + n * 1_000).collect();
        let median = bucket(&values).median().unwrap().get() as f64;
        assert!((median - 17_500_500.0).abs() < 17_500_500.0 * 0.02, "{median}");
        for bin in 1..BINS {
            let (start, end) = range_of(bin);
            assert_eq!((bin_of(start), bin_of(end - Nanos::new(1))), (bin, bin));
        }
    }

    #[test]
    fn a_rank_is_that_of_a_latency_or_of_none() {
        let histogram = bucket(&[1_000_000, 2_000_000, 8_000_000]).histogram();
        let near = |rank, ms: f64| {
            let got = histogram.at_rank(rank).unwrap().as_millis_f64();
            assert!((got - ms).abs() <= ms / 16.0, "{rank}: {got}");
        };
        near(1, 1.0);
        near(2, 2.0);
        assert_eq!(histogram.at_rank(3), Some(Nanos::new(8_000_000)));
        assert_eq!(histogram.at_rank(4), None);
        assert_eq!(bucket(&[]).histogram().at_rank(0), None);
    }

    #[test]
    fn an_empty_histogram_is_all_zeros() {
        let summary = summary_of(&[]);
        assert_eq!(summary.mean_nanos, 0.0);
        assert_eq!(summary.quantiles, [Nanos::ZERO; 9]);
    }

    #[test]
    fn subtracting_a_bucket_leaves_the_others() {
        let (old, young) = (bucket(&[10_000, 2_000_000, 9_000_000_000]), bucket(&[70_000]));
        let mut sums = LatencySums::default();
        sums.add(&old);
        sums.add(&young);
        assert_eq!(sums.with(&bucket(&[]), [&old, &young].into_iter()).count(), 4);
        sums.subtract(&old);
        let newest = bucket(&[]);
        let all = sums.with(&newest, [&young].into_iter());
        assert_eq!(all.count(), 1);
        assert_eq!(all.summary().mean_nanos, 70_000.0);
        assert_eq!(all.summary().quantiles, [Nanos::new(70_000); 9]);
        assert_eq!(values(all), [(Nanos::new(70_000), 1)]);
    }

    #[test]
    fn memory_is_for_the_octaves_between_the_ends() {
        let mut bucket = bucket(&[]);
        assert_eq!(bucket.bins.counts.len(), 0);
        for (nanos, octaves) in [
            (5_000_000, 1),
            (4_200_000, 1),
            (17_000_000, 3),
            (600, 16),
            (0, 16),
            (u64::MAX, OCTAVES),
            (1_000_000, OCTAVES),
        ] {
            bucket.record(Nanos::new(nanos));
            assert_eq!(bucket.bins.counts.len(), octaves * BINS_PER_OCTAVE, "with {nanos} ns");
        }
        let counted: u32 = bucket.bins.counts.iter().sum();
        assert_eq!(counted, 7, "nothing is lost as it grows");
    }

    #[test]
    fn what_lies_beyond_either_end_is_counted_there() {
        let hours = 7 * 3_600_000_000_000;
        let bucket = bucket(&[hours, u64::MAX, 0, 3, hours]);
        assert!(bucket.histogram().bins().eq([(0, 2), (BINS - 1, 3)]));
        assert_eq!(bucket.histogram().ends(), Some([Nanos::ZERO, Nanos::MAX]));
    }

    #[test]
    fn a_copy_has_what_was_copied_in_no_more_memory_than_it_needs() {
        let mut from = bucket(&[1_000, 60_000_000_000]);
        from.clear();
        assert_eq!((from.histogram().ends(), values(from.histogram())), (None, Vec::new()));
        for nanos in [5_000_000, 6_000_000, 9_000_000] {
            from.record(Nanos::new(nanos));
        }
        let mut copy = bucket(&[400, 700_000]);
        copy.copy(&from);
        assert_eq!(copy.bins.counts.len(), 2 * BINS_PER_OCTAVE);
        assert_eq!(values(copy.histogram()), values(from.histogram()));
        copy.copy(&bucket(&[33, 2_000]));
        assert_eq!(values(copy.histogram()), [(Nanos::new(33), 1), (midpoint_of(15), 1)]);
        copy.copy(&bucket(&[]));
        assert_eq!(values(copy.histogram()), []);
        assert_eq!(copy.bins.counts.len(), 0);
    }
}

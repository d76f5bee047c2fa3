//! The rolling window: what happened in the last `buckets × interval`, counted in
//! buckets.
//!
//! There is no timer that rotates it. It looks at the time when it is touched and
//! drops every bucket that has run out, however long nobody touched it.
//!
//! A call counts in the newest bucket and nowhere else: that one lies in the window
//! itself, beside what else a call touches. When the next one begins it is put away in
//! as little memory as it takes, and added to the sums of the full buckets; when it runs
//! out, it is subtracted. A total is such a sum and the newest bucket's count, so
//! counting, reading a total and evicting a bucket cost the same for ten calls and for
//! ten million. Called by the breaker and by the measurement of the loop's lag.
//!
//! Other threads can read its counts, too (`published.rs`).

mod reshape;

pub(crate) use self::reshape::Moves;

use std::iter;
use std::sync::Arc;
use std::sync::LazyLock;

use super::latency::{Histogram, Latencies, LatencySums, Summary};
use super::published::{PublishedCounts, Shape};
use crate::config::{Rotation, WindowConfig};
use crate::time::{Nanos, Shift};

/// What is counted. The order is the order of the counts in a [`Counts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Counter {
    /// Calls that ended badly: errors, timeouts, refusals by capacity.
    Failures,
    /// Fallbacks run.
    Fallbacks,
    /// Calls that ended well, filtered errors included.
    Successes,
    /// Calls refused by an open or half-open circuit.
    Rejects,
    /// Calls made, whatever became of them.
    Fires,
    /// Calls that took longer than the timeout; each is a failure too.
    Timeouts,
    /// Answers from the cache.
    CacheHits,
    /// Questions that the cache could not answer.
    CacheMisses,
    /// Calls that joined one already on its way.
    CoalesceCacheHits,
    /// Calls that found none on its way.
    CoalesceCacheMisses,
    /// Calls refused because `capacity` calls were under way.
    SemaphoreRejections,
}

impl Counter {
    /// Every kind, in order.
    pub const ALL: [Counter; 11] = [
        Counter::Failures,
        Counter::Fallbacks,
        Counter::Successes,
        Counter::Rejects,
        Counter::Fires,
        Counter::Timeouts,
        Counter::CacheHits,
        Counter::CacheMisses,
        Counter::CoalesceCacheHits,
        Counter::CoalesceCacheMisses,
        Counter::SemaphoreRejections,
    ];

    /// What one of the kind adds to how many more calls ended than began. Each call begins
    /// as a fire, and ends in one way of these, unless it goes by a disabled breaker.
    fn balance(self) -> i64 {
        match self {
            Counter::Fires => -1,
            Counter::Failures
            | Counter::Successes
            | Counter::Rejects
            | Counter::CacheHits
            | Counter::CoalesceCacheHits => 1,
            _ => 0,
        }
    }

    /// The kind at a place of [`Counter::ALL`].
    pub fn from_index(index: usize) -> Option<Counter> {
        Self::ALL.get(index).copied()
    }
}

/// One number for each kind of [`Counter`]. Signed, because users correct buckets by
/// hand and may take away more than was counted.
pub type Counts = [i64; Counter::ALL.len()];

/// One slice of the window, for reading.
#[derive(Clone, Copy, Debug)]
pub struct Bucket<'a> {
    /// The latencies recorded while this bucket was the newest.
    pub latencies: &'a Latencies,
    /// What was counted meanwhile.
    pub counts: Counts,
    /// `Some(true)` when the circuit opened meanwhile, `Some(false)` when it closed;
    /// the last one holds.
    pub circuit_open: Option<bool>,
}

/// A bucket that is full, and of the one that fills all but its counts.
#[derive(Clone, Debug, Default)]
#[repr(C)]
struct Slice {
    latencies: Latencies,
    circuit_open: Option<bool>,
    /// How many more calls ended than began, by what was counted by hand.
    by_hand: i64,
}

impl Slice {
    fn is_empty(&self) -> bool {
        self.latencies.count() == 0 && self.circuit_open.is_none() && self.by_hand == 0
    }

    fn clear(&mut self) {
        self.latencies.clear();
        self.circuit_open = None;
        self.by_hand = 0;
    }
}

#[derive(Clone, Debug, Default)]
struct Full {
    slice: Slice,
    counts: Counts,
}

impl Full {
    /// Takes over what is in the newest bucket, with no more memory than it needs; that keeps
    /// its own for what comes.
    fn merge_into(&mut self, newest: &mut Slice, counts: Counts) {
        self.slice.latencies.copy(&newest.latencies);
        self.slice.circuit_open = newest.circuit_open;
        self.slice.by_hand = newest.by_hand;
        self.counts = counts;
        newest.clear();
    }
}

/// The buckets, the sums of the full ones, and when the next one begins.
#[derive(Debug)]
// What a call touches comes first, and lies together.
#[repr(C)]
pub struct Window {
    /// When the newest bucket has run out; [`Nanos::MAX`] when the clock does not say.
    ends: Nanos,
    keeps_latencies: bool,
    /// The counts of the newest bucket, and what others see of the rest.
    published: Arc<PublishedCounts>,
    newest: Slice,
    /// Names a bucket for as long as it lives: one more with each rotation. The
    /// buckets of a new window have serials too, from zero on.
    serial: u64,
    interval: Nanos,
    /// All but the newest, in a ring; `None`: an empty one.
    full: Box<[Option<Box<Full>>]>,
    /// Where the oldest stands in it; the one after it, going round, is the next oldest.
    oldest: usize,
    sums: Counts,
    latency_sums: LatencySums,
    by_hand_sum: i64,
    /// Whether others have the clock of its moments.
    shows_moments: bool,
}

impl Window {
    /// An empty window whose first bucket begins at `now`.
    pub fn new(config: &WindowConfig, now: Nanos) -> Self {
        let ends = match config.rotation {
            Rotation::ByClock => now + config.interval(),
            Rotation::ByHand => Nanos::MAX,
        };
        let (serial, interval) = (config.buckets() as u64 - 1, config.interval());
        let shape = Shape { serial, ends: Nanos::MAX, interval, buckets: config.buckets() };
        Window {
            ends,
            keeps_latencies: config.latencies,
            published: PublishedCounts::new(shape),
            newest: Slice::default(),
            serial,
            interval,
            full: vec![None; config.buckets() - 1].into_boxed_slice(),
            oldest: 0,
            sums: Counts::default(),
            latency_sums: LatencySums::default(),
            by_hand_sum: 0,
            shows_moments: false,
        }
    }

    /// Drops every bucket that has run out by `now`. A `now` before the newest
    /// bucket began changes nothing.
    #[inline]
    pub fn advance(&mut self, now: Nanos) {
        if now >= self.ends {
            self.evict(now);
        }
    }

    /// Goes on with other clocks.
    pub fn change_clocks(&mut self, shift: &Shift) {
        self.ends = shift.apply(self.ends);
        self.published.reshape(self.shape());
    }

    /// Whether others have the clock by which it rotates, and may evict by it.
    pub(crate) fn show_moments(&mut self, shown: bool) {
        self.shows_moments = shown;
        self.published.reshape(self.shape());
    }

    /// Begins a new bucket and drops the oldest, whatever the clock says.
    pub fn rotate(&mut self) {
        self.begin_bucket(1, self.ends);
    }

    /// Leaves the window as it is from now on.
    pub fn freeze(&mut self) {
        self.ends = Nanos::MAX;
        self.published.reshape(self.shape());
    }

    /// Becomes another window, counts and shape; others see it in the place where they saw
    /// this one.
    pub(crate) fn become_another(&mut self, other: Window) {
        let (published, shows_moments) = (self.published.clone(), self.shows_moments);
        let newest = other.published.newest();
        *self = Window { published, shows_moments, ..other };
        self.published.replace(&newest, self.shape());
        for serial in (self.serial + 1 - self.len() as u64)..self.serial {
            if let Some(Place::Full(place)) = self.place_of(serial) {
                if let Some(full) = &self.full[place] {
                    self.published.put_away(serial, &full.counts, self.len());
                }
            }
        }
    }

    /// What others see of it.
    pub(crate) fn published(&self) -> &Arc<PublishedCounts> {
        &self.published
    }

    /// Counts one in the newest bucket.
    #[inline]
    pub fn count(&mut self, kind: Counter) {
        self.published.count(kind);
    }

    /// The same by hand: a correction, and no call that began or ended.
    pub fn count_by_hand(&mut self, kind: Counter) {
        self.set_newest_count(kind, self.published.of_newest(kind) + 1);
    }

    /// Records a latency in the newest bucket.
    #[inline]
    pub fn record(&mut self, latency: Nanos) {
        if self.keeps_latencies {
            self.newest.latencies.record(latency);
        }
    }

    /// Notes in the newest bucket that the circuit opened or closed.
    pub fn mark_circuit(&mut self, open: bool) {
        self.newest.circuit_open = Some(open);
    }

    /// Sets one count of the bucket with that serial, as near to `value` as leaves room for
    /// the sum of all buckets, and of all kinds. Nothing happens when it has run out.
    pub fn set_count(&mut self, serial: u64, kind: Counter, value: i64) {
        let kinds = Counter::ALL.len() as i64;
        let most = (i64::MAX / 4 / kinds / self.len() as i64).min(MOST_SET);
        let value = value.clamp(-most, most);
        match self.place_of(serial) {
            Some(Place::Newest) => self.set_newest_count(kind, value),
            Some(Place::Full(index)) => {
                let buckets = self.len();
                let full = self.full[index].get_or_insert_default();
                let more = value - full.counts[kind as usize];
                full.counts[kind as usize] = value;
                full.slice.by_hand += kind.balance() * more;
                self.sums[kind as usize] += more;
                self.by_hand_sum += kind.balance() * more;
                self.published.put_away(serial, &full.counts, buckets);
            }
            None => {}
        }
    }

    /// Replaces the latencies of the bucket with that serial. Nothing happens when it
    /// has run out, or when latencies are not wanted.
    pub fn set_latencies(&mut self, serial: u64, latencies: impl Iterator<Item = Nanos>) {
        let place = self.place_of(serial).filter(|_| self.keeps_latencies);
        let bucket = match place {
            Some(Place::Newest) => &mut self.newest,
            Some(Place::Full(index)) => &mut self.full[index].get_or_insert_default().slice,
            None => return,
        };
        let full = matches!(place, Some(Place::Full(_)));
        if full {
            self.latency_sums.subtract(&bucket.latencies);
        }
        bucket.latencies.clear();
        latencies.for_each(|latency| bucket.latencies.record(latency));
        if full {
            self.latency_sums.add(&bucket.latencies);
        }
    }

    /// One total over the window.
    #[inline]
    pub fn total(&self, kind: Counter) -> i64 {
        self.sums[kind as usize] + self.published.of_newest(kind)
    }

    /// How many calls there were: as many as began in the window, or as many as ended in it,
    /// whichever are more. Calls may outlive the bucket in which they began. What is corrected
    /// by hand goes for these too: a fire that is taken away leaves one call less, whether its
    /// end is counted or not.
    pub fn calls(&self) -> i64 {
        let counted = Counter::ALL.map(|kind| kind.balance() * self.total(kind));
        let by_hand = self.by_hand_sum + self.newest.by_hand;
        let ended_more = counted.iter().sum::<i64>() - by_hand;
        self.total(Counter::Fires) + ended_more.max(0)
    }

    /// The same without calls that are counted elsewhere, in as many buckets; and of those that
    /// began, without so many of which no end is counted.
    pub(crate) fn calls_beside(&self, others: &Counted, endless: i64) -> i64 {
        let total = |kind| self.total(kind) - others.of(kind);
        let counted = Counter::ALL.map(|kind| kind.balance() * total(kind));
        let by_hand = self.by_hand_sum + self.newest.by_hand - others.by_hand;
        let ended_more = counted.iter().sum::<i64>() - by_hand + endless;
        total(Counter::Fires) - endless + ended_more.max(0)
    }

    /// What is counted in the bucket with that serial; `None` when it has run out.
    pub(crate) fn counted_in(&self, serial: u64) -> Option<Counted> {
        Some(match self.place_of(serial)? {
            Place::Newest => {
                Counted { counts: self.published.newest(), by_hand: self.newest.by_hand }
            }
            Place::Full(index) => self.full[index].as_ref().map_or(Counted::default(), |full| {
                Counted { counts: full.counts, by_hand: full.slice.by_hand }
            }),
        })
    }

    /// All totals over the window.
    pub fn totals(&self) -> Counts {
        let mut totals = self.sums;
        add(&mut totals, &self.published.newest());
        totals
    }

    /// Number of buckets.
    pub fn len(&self) -> usize {
        self.full.len() + 1
    }

    /// Never: a window has at least one bucket.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The serial of the newest bucket; the one before it has the serial before, and
    /// so on for [`Window::len`] buckets.
    pub fn serial(&self) -> u64 {
        self.serial
    }

    /// How long a bucket is the newest.
    pub fn interval(&self) -> Nanos {
        self.interval
    }

    /// When the newest bucket runs out; [`Nanos::MAX`] when the clock does not say.
    pub fn ends(&self) -> Nanos {
        self.ends
    }

    /// The bucket with that serial, if it has not run out.
    pub fn bucket(&self, serial: u64) -> Option<Bucket<'_>> {
        let (slice, counts): (&Slice, _) = match self.place_of(serial)? {
            Place::Newest => (&self.newest, self.published.newest()),
            Place::Full(index) => match self.full[index].as_deref() {
                Some(full) => (&full.slice, full.counts),
                None => (&*EMPTY, Counts::default()),
            },
        };
        let circuit_open = slice.circuit_open;
        Some(Bucket { latencies: &slice.latencies, counts, circuit_open })
    }

    /// The latencies over the window; `None` when they are not wanted.
    pub fn latencies(&self) -> Option<Histogram> {
        let full = self.full.iter().flatten().map(|bucket| &bucket.slice.latencies);
        self.keeps_latencies.then(|| self.latency_sums.with(&self.newest.latencies, full))
    }

    /// Their mean and quantiles.
    pub fn summary(&self) -> Option<Summary> {
        self.latencies().map(|latencies| latencies.summary())
    }

    fn place_of(&self, serial: u64) -> Option<Place> {
        let age = usize::try_from(self.serial.checked_sub(serial)?).ok()?;
        let len = self.full.len();
        match age {
            0 => Some(Place::Newest),
            // The youngest of the full ones stands before the oldest.
            _ => (age <= len).then(|| Place::Full((self.oldest + len - age) % len)),
        }
    }

    #[cold]
    fn evict(&mut self, now: Nanos) {
        if self.ends.is_never() {
            return;
        }
        let gone = (now - self.ends).get() / self.interval.get() + 1;
        let ends = self.ends + Nanos::new(gone.saturating_mul(self.interval.get()));
        self.begin_bucket(gone, ends);
    }

    /// So many buckets have run out; the one that is the newest now ends then.
    fn begin_bucket(&mut self, gone: u64, ends: Nanos) {
        let counts = self.published.newest();
        self.published.add_latencies(&self.newest.latencies);
        if counts != Counts::default() {
            self.published.put_away(self.serial, &counts, self.len());
        }
        self.put_away(counts);
        // A whole window's worth of rotations empties it; more would do no more.
        for _ in 1..gone.min(self.len() as u64) {
            self.put_away(Counts::default());
        }
        self.serial += gone;
        self.ends = ends;
        self.published.begin_bucket(self.shape());
        if self.published.wants_latencies() {
            self.publish_latencies();
        }
    }

    #[cold]
    fn publish_latencies(&self) {
        let Some(summary) = self.summary() else { return };
        let len = self.full.len();
        let has_some = |age: &usize| {
            let full = self.full[(self.oldest + len - age) % len].as_ref();
            full.is_some_and(|full| full.slice.latencies.count() > 0)
        };
        // With the youngest of the full buckets that has some, the last of them leave.
        let age = (1..=len).find(has_some).unwrap_or(len);
        let until = match self.shape().ends {
            ends if ends.is_never() => ends,
            ends => ends + Nanos::new(self.interval.get().saturating_mul((len - age) as u64)),
        };
        self.published.put_latencies(&summary, until);
    }

    /// Puts the newest bucket in the place of the oldest.
    fn put_away(&mut self, counts: Counts) {
        let Some(place) = self.full.get_mut(self.oldest) else {
            // It is the only one.
            self.newest.clear();
            return;
        };
        if let Some(gone) = place {
            subtract(&mut self.sums, &gone.counts);
            self.latency_sums.subtract(&gone.slice.latencies);
            self.by_hand_sum -= gone.slice.by_hand;
        }
        if self.newest.is_empty() && counts == Counts::default() {
            *place = None;
        } else {
            add(&mut self.sums, &counts);
            self.latency_sums.add(&self.newest.latencies);
            self.by_hand_sum += self.newest.by_hand;
            place.get_or_insert_default().merge_into(&mut self.newest, counts);
        }
        self.oldest = (self.oldest + 1) % self.full.len();
    }

    fn set_newest_count(&mut self, kind: Counter, value: i64) {
        let counted = self.published.of_newest(kind);
        self.newest.by_hand += kind.balance() * (value - counted);
        self.published.correct(kind, value);
    }

    fn shape(&self) -> Shape {
        Shape {
            serial: self.serial,
            ends: if self.shows_moments { self.ends } else { Nanos::MAX },
            interval: self.interval,
            buckets: self.len(),
        }
    }
}

impl Clone for Window {
    /// A window of its own, which others do not see.
    fn clone(&self) -> Self {
        Window {
            ends: self.ends,
            keeps_latencies: self.keeps_latencies,
            published: PublishedCounts::unseen(self.shape(), &self.published.newest()),
            newest: self.newest.clone(),
            serial: self.serial,
            interval: self.interval,
            full: self.full.clone(),
            oldest: self.oldest,
            sums: self.sums,
            latency_sums: self.latency_sums.clone(),
            by_hand_sum: self.by_hand_sum,
            shows_moments: false,
        }
    }
}

/// What is counted in some buckets, for whoever leaves them out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    counts: Counts,
    /// How many more calls ended than began, by what was counted by hand.
    by_hand: i64,
}

impl Counted {
    /// Of one kind.
    pub(crate) fn of(&self, kind: Counter) -> i64 {
        self.counts[kind as usize]
    }

    /// With those of other buckets.
    pub(crate) fn add(&mut self, other: &Counted) {
        add(&mut self.counts, &other.counts);
        self.by_hand += other.by_hand;
    }

    /// Without those of other buckets.
    pub(crate) fn subtract(&mut self, other: &Counted) {
        subtract(&mut self.counts, &other.counts);
        self.by_hand -= other.by_hand;
    }
}

/// The greatest whole number that a number of JavaScript's holds together with all below it.
const MOST_SET: i64 = (1 << 53) - 1;

/// Where a bucket stands: the newest, or so far from the beginning of the full ones.
#[derive(Clone, Copy)]
enum Place {
    Newest,
    Full(usize),
}

/// What is seen of a full bucket in which nothing happened.
static EMPTY: LazyLock<Slice> = LazyLock::new(Slice::default);

fn add(sums: &mut Counts, counts: &Counts) {
    iter::zip(sums, counts).for_each(|(sum, more)| *sum += more);
}

fn subtract(sums: &mut Counts, counts: &Counts) {
    iter::zip(sums, counts).for_each(|(sum, gone)| *sum -= gone);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = Nanos::from_millis(1000);

    fn at(millis: u64) -> Nanos {
        Nanos::from_millis(millis)
    }

    fn window(buckets: u32) -> Window {
        let span = Nanos::from_millis(1000 * u64::from(buckets));
        let config = WindowConfig::new(span, buckets, Rotation::ByClock, true);
        Window::new(&config.expect("a sound window"), Nanos::ZERO)
    }

    #[test]
    fn counts_that_are_set_to_the_end_of_numbers_can_be_counted_on_and_summed_up() {
        let window = |buckets| {
            let config =
                WindowConfig::new(Nanos::from_millis(1_000), buckets, Rotation::ByClock, true);
            Window::new(&config.expect("a sound window"), Nanos::ZERO)
        };
        for (buckets, value) in [(2, i64::MAX), (2, i64::MIN), (100_000, i64::MAX)] {
            let mut window = window(buckets);
            for serial in 0..u64::from(buckets) {
                window.set_count(serial, Counter::Fires, value);
            }
            window.count(Counter::Fires);
            window.rotate();
            window.count(Counter::Fires);
            let total = window.total(Counter::Fires);
            assert_eq!(total.signum(), value.signum(), "{buckets} buckets of {value}: {total}");
        }
    }

    #[test]
    fn a_bucket_counts_until_it_has_gone_round() {
        let mut window = window(3);
        window.count(Counter::Fires);
        window.advance(at(2999));
        assert_eq!(window.total(Counter::Fires), 1);
        window.advance(at(3000));
        assert_eq!(window.total(Counter::Fires), 0);
    }

    #[test]
    fn a_long_gap_evicts_every_bucket_that_ran_out() {
        let mut window = window(10);
        for second in 0..10 {
            window.advance(at(second * 1000));
            window.count(Counter::Failures);
            window.record(SECOND);
        }
        assert_eq!(window.total(Counter::Failures), 10);
        window.advance(at(15_500));
        assert_eq!(window.total(Counter::Failures), 4, "six of ten buckets are gone");
        window.advance(at(1_000_000));
        assert_eq!(window.totals(), Counts::default());
        assert_eq!(window.summary().map(|s| s.mean_nanos), Some(0.0));
        assert_eq!(window.serial(), 1009);
        assert_eq!(window.ends(), at(1_001_000));
    }

    #[test]
    fn a_clock_that_runs_backwards_counts_in_the_newest_bucket() {
        let mut window = window(3);
        window.advance(at(5000));
        window.advance(at(10));
        window.count(Counter::Fires);
        assert_eq!(window.bucket(7).map(|b| b.counts[Counter::Fires as usize]), Some(1));
    }

    #[test]
    fn a_count_set_by_hand_moves_the_total() {
        let mut window = window(2);
        window.count(Counter::Fires);
        window.set_count(1, Counter::Fires, -2);
        assert_eq!(window.total(Counter::Fires), -2);
        window.advance(at(1000));
        window.count(Counter::Fires);
        assert_eq!(window.total(Counter::Fires), -1);
        window.advance(at(2000));
        assert_eq!(window.total(Counter::Fires), 1, "the correction went with its bucket");
        window.set_count(1, Counter::Fires, 99);
        assert_eq!(window.total(Counter::Fires), 1, "a bucket that ran out is not there");
        window.set_count(2, Counter::Fires, 5);
        assert_eq!(window.total(Counter::Fires), 5);
    }

    #[test]
    fn calls_are_those_that_began_or_those_that_ended_whichever_are_more() {
        let mut window = window(2);
        (0..3).for_each(|_| window.count(Counter::Fires));
        assert_eq!(window.calls(), 3);
        window.advance(at(1000));
        (0..2).for_each(|_| window.count(Counter::Successes));
        window.count(Counter::SemaphoreRejections);
        window.count(Counter::Timeouts);
        assert_eq!(window.calls(), 3, "two ended, of three that began");
        window.advance(at(2000));
        assert_eq!(window.calls(), 2, "two ended, and none began");
        for end in
            [Counter::Failures, Counter::Rejects, Counter::CacheHits, Counter::CoalesceCacheHits]
        {
            window.count(end);
        }
        assert_eq!(window.calls(), 6);
        window.advance(at(3000));
        assert_eq!(window.calls(), 4);
    }

    #[test]
    fn what_is_corrected_by_hand_is_no_call_that_began_or_ended() {
        let mut window = window(2);
        (0..3).for_each(|_| window.count(Counter::Fires));
        (0..3).for_each(|_| window.count(Counter::Successes));
        window.set_count(window.serial(), Counter::Fires, 1);
        assert_eq!(window.calls(), 1, "though three ended");
        window.count_by_hand(Counter::Failures);
        window.set_count(window.serial(), Counter::Successes, 9);
        assert_eq!(window.calls(), 1);
        window.advance(at(1000));
        window.set_count(window.serial() - 1, Counter::Successes, 5);
        window.count(Counter::Failures);
        assert_eq!(window.calls(), 2, "one of them began before the window");
        window.advance(at(2000));
        assert_eq!(window.calls(), 1, "corrections go with their buckets");
    }

    #[test]
    fn by_hand_the_clock_does_not_rotate() {
        let config = WindowConfig::new(at(1000), 1, Rotation::ByHand, false);
        let mut window = Window::new(&config.expect("a sound window"), Nanos::ZERO);
        window.count(Counter::Fires);
        window.advance(at(60_000));
        assert_eq!(window.total(Counter::Fires), 1);
        window.rotate();
        assert_eq!(window.total(Counter::Fires), 0);
        assert!(window.summary().is_none());
    }
}

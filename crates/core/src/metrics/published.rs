//! The counts of a window as other threads read them.
//!
//! The counts of the bucket that fills are here and nowhere else, each a number that goes up
//! as calls are counted. As that bucket is put away its counts move to a place of their own,
//! which knows the bucket's serial: a reader evicts by its own clock, by leaving out the
//! serials that have run out by then, and one that it finds begun anew under its eyes has run
//! out as well. So the totals of a window are right while the loop is stalled or idle, and
//! nobody waits. A bucket in which nothing was counted takes no memory.
//!
//! Written by the window alone. Of what users correct by hand the window shows all, and the
//! counts since the beginning nothing: those only ever go up.

use std::sync::Arc;
use std::sync::OnceLock;

use super::latency::{Latencies, Summary};
use super::published_latencies::{LatenciesRead, PublishedLatencies};
use super::window::{Counter, Counts};
use crate::shared::sequence::Sequence;
use crate::shared::words::{Number, Word};
use crate::time::Nanos;

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct PublishedCounts {
    /// Of the bucket that fills.
    newest: [Number; KINDS],
    /// Of what follows, and of a newest bucket that begins.
    sequence: Sequence,
    serial: Word,
    /// When the newest bucket has run out; [`Nanos::MAX`] when no clock says that this one's
    /// readers have.
    ends: Word,
    interval: Word,
    buckets: Word,
    /// What was counted since the beginning, but for the counts of the newest bucket.
    before: [Number; KINDS],
    /// By serial. As many as the window had buckets when the first was put away: of one that
    /// has taken over a longer shape since, others see the newest buckets.
    full: OnceLock<Box<[OnceLock<Box<Slot>>]>>,
    latencies: OnceLock<Box<PublishedLatencies>>,
    /// For so many buckets more somebody watches latencies. Readers set it, and the window
    /// counts it down: whichever of these comes last, it is seen.
    watched: Word,
}

/// The shape of a window, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// The serial of the newest bucket.
    pub(super) serial: u64,
    /// When that has run out.
    pub(super) ends: Nanos,
    /// How long a bucket is the newest.
    pub(super) interval: Nanos,
    /// How many there are.
    pub(super) buckets: usize,
}

/// What another thread has read of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct CountsRead {
    /// Of the buckets that had not run out.
    pub(crate) in_window: Counts,
    /// Of all there ever were.
    pub(crate) since_beginning: Counts,
    /// How long calls took.
    pub(crate) latencies: LatenciesRead,
    /// Whether the newest bucket is over, and what the window shows of latencies changes as
    /// soon as the next one begins.
    pub(crate) latencies_wait: bool,
}

impl PublishedCounts {
    /// Nothing was counted.
    pub(super) fn new(shape: Shape) -> Arc<Self> {
        let counts = PublishedCounts {
            newest: zeros(),
            sequence: Sequence::new(),
            serial: Word::new(0),
            ends: Word::new(0),
            interval: Word::new(0),
            buckets: Word::new(0),
            before: zeros(),
            full: OnceLock::new(),
            latencies: OnceLock::new(),
            watched: Word::new(0),
        };
        counts.put_shape(shape);
        Arc::new(counts)
    }

    /// The same with those counts in the newest bucket; others do not see it.
    pub(super) fn unseen(shape: Shape, newest: &Counts) -> Arc<Self> {
        let counts = PublishedCounts::new(shape);
        counts.set_newest(newest);
        counts
    }

    /// Counts one.
    #[inline]
    pub(super) fn count(&self, kind: Counter) {
        self.newest[kind as usize].add(1);
    }

    /// A count of the newest bucket.
    #[inline]
    pub(super) fn of_newest(&self, kind: Counter) -> i64 {
        self.newest[kind as usize].get()
    }

    /// All of them.
    pub(super) fn newest(&self) -> Counts {
        read(&self.newest)
    }

    /// A new bucket begins; those before it are [put away](PublishedCounts::put_away) already.
    pub(super) fn begin_bucket(&self, shape: Shape) {
        self.sequence.begin();
        for (before, newest) in self.before.iter().zip(&self.newest) {
            before.add(newest.get());
            newest.set(0);
        }
        self.put_shape(shape);
        self.sequence.end();
    }

    /// The bucket with that serial counts so much, and is not the newest any more; or it is
    /// corrected by hand.
    pub(super) fn put_away(&self, serial: u64, counts: &Counts, buckets: usize) {
        // The window has one bucket that is not full.
        let places = buckets.saturating_sub(1);
        let full = self.full.get_or_init(|| (0..places).map(|_| OnceLock::new()).collect());
        if !full.is_empty() {
            full[place_of(serial, full.len())].get_or_init(Box::default).write(serial, counts);
        }
    }

    /// A bucket ends in which these latencies were recorded.
    pub(super) fn add_latencies(&self, latencies: &Latencies) {
        if latencies.count() > 0 {
            self.latencies.get_or_init(Box::default).add(latencies);
        }
    }

    /// Whether somebody watches latencies; asked once a bucket.
    pub(super) fn wants_latencies(&self) -> bool {
        let watched = self.watched.get();
        self.watched.set(watched.saturating_sub(1));
        watched > 0
    }

    /// The latencies in the window, which all have left it then.
    pub(super) fn put_latencies(&self, summary: &Summary, until: Nanos) {
        if summary.count > 0 || self.latencies.get().is_some() {
            self.latencies.get_or_init(Box::default).put(summary, until);
        }
    }

    /// Somebody watches latencies. Any thread.
    pub(crate) fn watch_latencies(&self) {
        self.watched.set(WATCHED);
    }

    /// A count of the newest bucket is corrected by hand.
    pub(super) fn correct(&self, kind: Counter, value: i64) {
        let (newest, before) = (&self.newest[kind as usize], &self.before[kind as usize]);
        self.sequence.begin();
        before.add(newest.get() - value);
        newest.set(value);
        self.sequence.end();
    }

    /// Those of another bucket are in the newest, too; for a window that others do not see.
    pub(super) fn add_to_newest(&self, counts: &Counts) {
        self.newest.iter().zip(counts).for_each(|(count, &more)| count.add(more));
    }

    /// The window stands elsewhere.
    pub(super) fn reshape(&self, shape: Shape) {
        self.sequence.begin();
        self.put_shape(shape);
        self.sequence.end();
    }

    /// The window is another one from now on, with those counts in its newest bucket. Its full
    /// ones are put away next.
    pub(super) fn replace(&self, newest: &Counts, shape: Shape) {
        self.sequence.begin();
        let slots = self.full.get().into_iter().flatten().filter_map(OnceLock::get);
        slots.for_each(|slot| slot.clear());
        for (before, (count, value)) in self.before.iter().zip(self.newest.iter().zip(newest)) {
            before.add(count.get() - value);
        }
        self.set_newest(newest);
        self.put_shape(shape);
        self.sequence.end();
    }

    /// What there is to be read at `now`, by the clock of the window's moments; `None` when
    /// something was written meanwhile.
    pub(crate) fn read(&self, now: Nanos) -> Option<CountsRead> {
        let (shape, newest, before) = self.sequence.read(|| {
            let shape = Shape {
                serial: self.serial.get(),
                ends: Nanos::new(self.ends.get()),
                interval: Nanos::new(self.interval.get()),
                buckets: self.buckets.get() as usize,
            };
            (shape, read(&self.newest), read(&self.before))
        })?;
        let mut since_beginning = before;
        add(&mut since_beginning, &newest);
        // By the reader's clock.
        let last = match shape.ends {
            ends if now < ends || ends.is_never() => shape.serial,
            ends => shape.serial + (now - ends).get() / shape.interval.get() + 1,
        };
        let first = (last + 1).saturating_sub(shape.buckets as u64);
        let mut in_window = Counts::default();
        if first <= shape.serial {
            add(&mut in_window, &newest);
        }
        let full = self.full.get().map_or(&[][..], |full| full);
        let kept = shape.serial.saturating_sub(full.len() as u64);
        for serial in first.max(kept)..shape.serial {
            if let Some(slot) = full[place_of(serial, full.len())].get() {
                let (of, counts) = slot.read()?;
                // Begun anew since, it has run out.
                if of == serial {
                    add(&mut in_window, &counts);
                }
            }
        }
        let latencies = match self.latencies.get() {
            Some(latencies) => latencies.read(now)?,
            None => LatenciesRead::default(),
        };
        let counted = newest != Counts::default() || latencies.in_window.count > 0;
        let latencies_wait = last > shape.serial && counted;
        Some(CountsRead { in_window, since_beginning, latencies, latencies_wait })
    }

    fn put_shape(&self, shape: Shape) {
        self.serial.set(shape.serial);
        self.ends.set(shape.ends.get());
        self.interval.set(shape.interval.get());
        self.buckets.set(shape.buckets as u64);
    }

    fn set_newest(&self, newest: &Counts) {
        self.newest.iter().zip(newest).for_each(|(count, &value)| count.set(value));
    }
}

/// The counts of a bucket that is full.
#[derive(Debug)]
struct Slot {
    /// Of what follows.
    sequence: Sequence,
    /// That of the bucket.
    serial: Word,
    counts: [Number; KINDS],
}

impl Slot {
    fn write(&self, serial: u64, counts: &Counts) {
        self.sequence.begin();
        self.serial.set(serial);
        self.counts.iter().zip(counts).for_each(|(count, &value)| count.set(value));
        self.sequence.end();
    }

    fn clear(&self) {
        self.write(NO_BUCKET, &Counts::default());
    }

    /// The serial of the bucket and its counts; `None` when they were written meanwhile.
    fn read(&self) -> Option<(u64, Counts)> {
        self.sequence.read(|| (self.serial.get(), read(&self.counts)))
    }
}

impl Default for Slot {
    fn default() -> Self {
        Slot { sequence: Sequence::new(), serial: Word::new(NO_BUCKET), counts: zeros() }
    }
}

/// For how many buckets somebody is said to watch: whoever scrapes once in half a minute does.
const WATCHED: u64 = 40;

/// No bucket has that serial.
const NO_BUCKET: u64 = u64::MAX;

const KINDS: usize = Counter::ALL.len();

fn zeros() -> [Number; KINDS] {
    [(); KINDS].map(|()| Number::new(0))
}

fn read(counters: &[Number; KINDS]) -> Counts {
    std::array::from_fn(|kind| counters[kind].get())
}

fn add(sums: &mut Counts, counts: &Counts) {
    sums.iter_mut().zip(counts).for_each(|(sum, more)| *sum += more);
}

fn place_of(serial: u64, places: usize) -> usize {
    (serial % places as u64) as usize
}

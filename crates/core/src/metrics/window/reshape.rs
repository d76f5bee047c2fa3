//! Another shape for a window that lives: what was counted is carried over as far as it fits.
//!
//! The newest bucket stays the newest. A full one goes where it ended: into the bucket of the
//! new shape that holds that moment, together with others that ended in it, or nowhere, if the
//! new window does not reach back so far. So nothing recent is forgotten, and what a wide bucket
//! has counted may stay for up to its width longer than in a window that had the shape from the
//! beginning.

use super::{add, Place, Window};
use crate::config::{Rotation, WindowConfig};
use crate::time::Nanos;

impl Window {
    /// Goes on in that shape. The buckets have new serials: those of before have run out. Returns
    /// where each has gone; `None` when the shape is what it was.
    pub(crate) fn reshape(&mut self, config: &WindowConfig, now: Nanos) -> Option<Moves> {
        if self.is_shaped(config) {
            return None;
        }
        let mut other = Window::new(config, now);
        let grid = self.grid(&other, now);
        if let Some(Grid { begins, .. }) = grid {
            other.ends = begins + other.interval;
        }
        let (serial, len) = (self.serial, self.len() as u64);
        // The oldest first: of what each says of the circuit the last holds.
        for age in (0..len).rev() {
            let to = grid.map_or(age, |grid| grid.age_of(age));
            if to < other.len() as u64 {
                self.carry_over(serial - age, &mut other, to);
            }
        }
        let to = serial + other.len() as u64;
        other.serial = to;
        let moves = Moves { grid, from: serial, to, len: other.len() as u64 };
        self.become_another(other);
        Some(moves)
    }

    fn is_shaped(&self, config: &WindowConfig) -> bool {
        self.len() == config.buckets()
            && self.interval == config.interval()
            && self.keeps_latencies == config.latencies
            && self.ends.is_never() == (config.rotation == Rotation::ByHand)
    }

    /// How the moments of both lie; none where one of them is rotated by hand.
    fn grid(&self, other: &Window, now: Nanos) -> Option<Grid> {
        if self.ends.is_never() || other.ends.is_never() {
            return None;
        }
        let began = self.ends - self.interval;
        let passed = (now - began).get() / other.interval.get();
        let begins = began + Nanos::new(passed.saturating_mul(other.interval.get()));
        Some(Grid { began, interval: self.interval, begins, other: other.interval })
    }

    /// Adds a bucket to that of another window which is so many before its newest.
    fn carry_over(&self, serial: u64, other: &mut Window, age: u64) {
        let Some(bucket) = self.bucket(serial) else { return };
        let by_hand = match self.place_of(serial) {
            Some(Place::Full(place)) => self.full[place].as_ref().map_or(0, |f| f.slice.by_hand),
            _ => self.newest.by_hand,
        };
        let (counts, full) = match other.place_of(other.serial - age) {
            Some(Place::Full(place)) => {
                let full = &mut **other.full[place].get_or_insert_default();
                add(&mut other.sums, &bucket.counts);
                other.by_hand_sum += by_hand;
                add(&mut full.counts, &bucket.counts);
                (None, &mut full.slice)
            }
            _ => (Some(bucket.counts), &mut other.newest),
        };
        full.by_hand += by_hand;
        full.circuit_open = bucket.circuit_open.or(full.circuit_open);
        if other.keeps_latencies {
            full.latencies.merge(bucket.latencies);
            if counts.is_none() {
                other.latency_sums.add(bucket.latencies);
            }
        }
        if let Some(counts) = counts {
            other.published.add_to_newest(&counts);
        }
    }
}

/// Where the buckets of a window have gone that got another shape.
#[derive(Clone, Copy)]
pub(crate) struct Moves {
    grid: Option<Grid>,
    /// The newest, before and after.
    from: u64,
    to: u64,
    /// How many there are.
    len: u64,
}

impl Moves {
    /// The serial of the bucket to which that one has gone; `None` when it is there no more.
    pub(crate) fn of(&self, serial: u64) -> Option<u64> {
        let age = self.from.checked_sub(serial)?;
        let to = self.grid.map_or(age, |grid| grid.age_of(age));
        (to < self.len).then(|| self.to - to)
    }
}

/// The moments of a window and of one of another shape.
#[derive(Clone, Copy)]
struct Grid {
    /// When the newest bucket of the one began, and how wide its buckets are.
    began: Nanos,
    interval: Nanos,
    /// The same of the other.
    begins: Nanos,
    other: Nanos,
}

impl Grid {
    /// How many before the newest the bucket is that holds the end of one that was `age` before.
    fn age_of(&self, age: u64) -> u64 {
        let Some(back) = age.checked_sub(1) else { return 0 };
        let ended = Nanos::new(self.interval.get().saturating_mul(back));
        let before = self.begins - self.began + ended;
        before.get() / self.other.get() + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::window::{Counter, Counts};

    fn at(millis: u64) -> Nanos {
        Nanos::from_millis(millis)
    }

    fn shape(buckets: u32, interval: u64) -> WindowConfig {
        let span = at(interval * u64::from(buckets));
        WindowConfig::new(span, buckets, Rotation::ByClock, true).expect("a sound window")
    }

    fn by_hand(buckets: u32) -> WindowConfig {
        WindowConfig::new(at(1000), buckets, Rotation::ByHand, true).expect("a sound window")
    }

    /// One failure, and a latency of as many seconds, in each of so many buckets of a second.
    fn seconds(buckets: u32) -> Window {
        let mut window = Window::new(&shape(buckets, 1000), Nanos::ZERO);
        for second in 0..u64::from(buckets) {
            window.advance(at(second * 1000));
            window.count(Counter::Failures);
            window.record(at(second * 1000));
        }
        window
    }

    fn failures(window: &Window) -> Vec<i64> {
        let oldest = window.serial() + 1 - window.len() as u64;
        let of = |serial| window.bucket(serial).map_or(0, |b| b.counts[Counter::Failures as usize]);
        (oldest..=window.serial()).map(of).collect()
    }

    #[test]
    fn the_same_shape_changes_nothing() {
        let mut window = seconds(10);
        let serial = window.serial();
        window.reshape(&shape(10, 1000), at(9_400));
        assert_eq!((window.serial(), window.ends()), (serial, at(10_000)));
    }

    #[test]
    fn wider_buckets_hold_what_ended_in_them() {
        let mut window = seconds(10);
        window.reshape(&shape(5, 2000), at(9_400));
        assert_eq!(window.ends(), at(11_000));
        assert_eq!(failures(&window), [2, 2, 2, 2, 1], "the oldest would have run out by now");
        assert_eq!(window.total(Counter::Failures), 9);
    }

    #[test]
    fn narrower_buckets_hold_what_ended_in_them() {
        let mut window = seconds(3);
        window.reshape(&shape(6, 500), at(2_700));
        assert_eq!(window.ends(), at(3_000));
        assert_eq!(failures(&window), [0, 1, 0, 1, 0, 1], "half a second each");
        assert_eq!(window.total(Counter::Failures), 3);
    }

    #[test]
    fn a_longer_window_keeps_all_and_a_shorter_one_what_is_recent() {
        let mut window = seconds(10);
        window.reshape(&shape(60, 1000), at(9_400));
        assert_eq!(window.total(Counter::Failures), 10);
        window.advance(at(60_000));
        assert_eq!(window.total(Counter::Failures), 9, "each leaves when its minute is over");
        window.reshape(&shape(3, 1000), at(60_000));
        assert_eq!(window.total(Counter::Failures), 0);
        let mut window = seconds(10);
        window.reshape(&shape(3, 1000), at(9_400));
        assert_eq!(failures(&window), [1, 1, 1]);
    }

    #[test]
    fn sums_leave_with_their_buckets() {
        let mut window = seconds(10);
        window.mark_circuit(true);
        window.set_count(window.serial() - 2, Counter::Fires, 7);
        let config = shape(5, 2000);
        window.reshape(&config, at(9_400));
        assert_eq!(window.bucket(window.serial()).and_then(|b| b.circuit_open), Some(true));
        assert_eq!(window.summary().map(|s| s.count), Some(9));
        assert_eq!(window.summary().map(|s| s.quantiles[0]), Some(at(1000)));
        assert_eq!(window.calls(), 7 + 9, "a correction by hand is no call that ended");
        for passed in 0..5 {
            window.advance(at(11_000 + 2_000 * passed));
        }
        assert_eq!(window.totals(), Counts::default());
        assert_eq!(window.calls(), 0);
        assert_eq!(window.summary().map(|s| (s.count, s.mean_nanos)), Some((0, 0.0)));
    }

    #[test]
    fn buckets_of_before_are_gone() {
        let mut window = seconds(3);
        let before = window.serial();
        window.reshape(&shape(6, 500), at(2_700));
        assert!(window.bucket(before).is_none());
        assert_eq!(failures(&window).len(), 6);
    }

    #[test]
    fn rotated_by_hand_a_bucket_stays_as_old_as_it_is() {
        let mut window = seconds(4);
        window.reshape(&by_hand(3), at(3_500));
        assert!(window.ends().is_never());
        assert_eq!(failures(&window), [1, 1, 1]);
        window.reshape(&shape(4, 250), at(90_000));
        assert_eq!(window.ends(), at(90_250));
        assert_eq!(failures(&window), [0, 1, 1, 1]);
    }

    #[test]
    fn latencies_are_kept_from_now_on_or_forgotten() {
        let mut window = seconds(3);
        let mut without = shape(3, 1000);
        without.latencies = false;
        window.reshape(&without, at(2_500));
        assert!(window.summary().is_none());
        assert_eq!(window.total(Counter::Failures), 3);
        window.reshape(&shape(3, 1000), at(2_600));
        assert_eq!(window.summary().map(|s| s.count), Some(0));
        window.record(at(5));
        assert_eq!(window.summary().map(|s| s.count), Some(1));
    }

    #[test]
    fn other_threads_see_it_where_they_saw_the_one_before() {
        let mut window = seconds(10);
        window.show_moments(true);
        let published = window.published().clone();
        window.reshape(&shape(5, 2000), at(9_400));
        let failures = |now| {
            let read = published.read(now).expect("nobody writes");
            let place = Counter::Failures as usize;
            (read.in_window[place], read.since_beginning[place])
        };
        assert_eq!(failures(at(9_500)), (9, 10));
        assert_eq!(failures(at(15_000)), (3, 10));
    }
}

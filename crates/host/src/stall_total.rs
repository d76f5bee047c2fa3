//! The stalls of a loop that are longer than some threshold, counted and logged. Kept by the
//! loop clock, one for each threshold in use, on the loop's thread.

use std::cell::{Cell, Ref, RefCell};

use didelphis_core::stall_log::StallLog;
use didelphis_core::time::Nanos;

/// The stalls longer than some threshold.
#[derive(Debug)]
pub struct StallTotal {
    threshold: Nanos,
    /// How many have ended.
    count: Cell<u64>,
    log: RefCell<StallLog>,
    /// How many the log may keep before somebody is asked what can be forgotten.
    room: Cell<usize>,
    /// Its place among the totals of its clock.
    place: usize,
}

impl StallTotal {
    /// None yet; in that place among the totals of its clock.
    pub fn new(threshold: Nanos, place: usize) -> StallTotal {
        StallTotal {
            threshold,
            count: Cell::new(0),
            log: RefCell::default(),
            room: Cell::new(LEAST_ROOM),
            place,
        }
    }

    /// The stalls that have ended.
    pub fn log(&self) -> Ref<'_, StallLog> {
        self.log.borrow()
    }

    /// Adds a stall. `oldest` says how many there were before the first call that waits: it is
    /// asked now and then, so that the log forgets what no call will ask for.
    pub fn add(&self, length: Nanos, ended: Nanos, oldest: impl FnOnce() -> Option<u64>) {
        let mut log = self.log.borrow_mut();
        log.push(length, ended);
        self.count.set(log.count());
        if log.kept() >= self.room.get() {
            let oldest = oldest().unwrap_or(log.count());
            log.forget_before(oldest);
            self.room.set((log.kept() * 2).max(LEAST_ROOM));
        }
    }

    /// Its place among the totals of its clock.
    pub fn place(&self) -> usize {
        self.place
    }

    /// A turn that is busy for longer is a stall.
    #[inline]
    pub fn threshold(&self) -> Nanos {
        self.threshold
    }

    /// How many there were.
    #[inline]
    pub fn count(&self) -> u64 {
        self.count.get()
    }

    /// What is to be left out of a turn.
    #[inline]
    pub fn of(&self, busy: Nanos) -> Nanos {
        stall_in(busy, self.threshold)
    }
}

/// What is a stall of a turn that is busy for that long: all of it, or nothing.
#[inline]
fn stall_in(busy: Nanos, threshold: Nanos) -> Nanos {
    if busy > threshold {
        busy
    } else {
        Nanos::ZERO
    }
}

/// So many stalls are kept, whether or not a call may ask for them.
const LEAST_ROOM: usize = 256;

//! The service that is called: so many slots, and before them one queue without an end, first in,
//! first out. It does not know that a caller has given up, and works for them, too.

use std::collections::VecDeque;

use didelphis_core::time::Nanos;

/// A call as the service sees it.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    pub call: u64,
    /// How long a slot works on it, while the service is well.
    pub work: Nanos,
}

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct Service {
    slots: u32,
    /// How many times longer than usual work takes.
    slowness: f64,
    hangs: bool,
    busy: u32,
    queue: VecDeque<Job>,
}

impl Service {
    pub fn new() -> Self {
        Service { slots: 0, slowness: 1.0, hangs: false, busy: 0, queue: VecDeque::new() }
    }

    /// It is in another condition from now on. What is in a slot is finished as it began.
    pub fn set_condition(&mut self, slots: u32, slowness: f64, hangs: bool) {
        (self.slots, self.slowness, self.hangs) = (slots, slowness, hangs);
    }

    pub fn take(&mut self, job: Job) {
        self.queue.push_back(job);
    }

    /// Whose turn it is, if a slot is free, and how long it will take.
    pub fn begin(&mut self) -> Option<(u64, Nanos)> {
        if self.hangs || self.busy >= self.slots {
            return None;
        }
        let Job { call, work } = self.queue.pop_front()?;
        self.busy += 1;
        Some((call, Nanos::new((work.get() as f64 * self.slowness) as u64)))
    }

    /// A slot is free again.
    pub fn end(&mut self) {
        self.busy -= 1;
    }
}

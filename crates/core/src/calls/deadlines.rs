//! The order in which calls under way run out of time.
//!
//! Calls with one timeout run out of it in the order in which they began, whatever the
//! loop does meanwhile ([`StallLog::forgiven`](super::stall_log::StallLog::forgiven) says
//! why). So there is a queue for each timeout in use, as in Node's timer lists: a call
//! joins it at its end and leaves it from anywhere, both O(1), and only the heads of the
//! queues are ever looked at. Breakers have one timeout, or a few where users change it on
//! a living breaker. Beyond [`MOST_QUEUES`] in use at once, calls are kept in a tree, at
//! O(log n). Called by [`calls`](super) alone.

use std::collections::{BTreeMap, BTreeSet};

use super::slab::{Slab, NONE};
use super::Call;
use crate::time::Nanos;

/// See the [module](self).
#[derive(Clone, Debug, Default)]
pub(super) struct Deadlines {
    /// That of the call that came last.
    latest: Queue,
    queues: Vec<Queue>,
    sorted: Sorted,
}

/// The calls with one timeout.
#[derive(Clone, Copy, Debug)]
struct Queue {
    timeout: Nanos,
    /// The slot of its list, or [`SORTED`].
    list: u32,
}

impl Default for Queue {
    /// No call's: nothing times out after that long.
    fn default() -> Self {
        Queue { timeout: Nanos::MAX, list: NONE }
    }
}

impl Deadlines {
    /// Makes the first queue: before there are calls.
    pub(super) fn prepare(&mut self, slab: &mut Slab) {
        self.queues.push(Queue { list: slab.new_list(), ..Queue::default() });
    }

    /// What a call with that timeout waits in.
    #[inline(always)]
    pub(super) fn queue_of(&mut self, slab: &mut Slab, timeout: Nanos) -> u32 {
        if self.latest.timeout != timeout {
            self.latest = self.queue(slab, timeout);
        }
        self.latest.list
    }

    /// A call waits in that queue, from its beginning on and no longer than `timeout`.
    #[inline(always)]
    pub(super) fn add(&mut self, slab: &mut Slab, slot: u32, queue: u32, timeout: Nanos) {
        if queue == SORTED {
            self.sorted.add(slab.at(slot), slot, timeout);
        } else {
            slab.append(queue, slot);
        }
    }

    /// A call waits no more.
    #[inline(always)]
    pub(super) fn remove(&mut self, slab: &mut Slab, slot: u32, call: &Call) {
        if call.queue == SORTED {
            self.sorted.remove(slot);
        } else {
            slab.unlink(call);
        }
    }

    /// The call whose time runs out first, and when; of those in the tree, as it was when they
    /// were last [refreshed](Deadlines::refresh), which is not too late. `forgiven` says for
    /// how long a call's time has stood still.
    pub(super) fn first(
        &self,
        slab: &Slab,
        forgiven: impl Fn(&Call) -> Nanos,
    ) -> Option<(Nanos, u32)> {
        let due = |slot, timeout| {
            let call = slab.get(slot)?;
            Some((call.started + timeout + forgiven(call), slot))
        };
        let queues = self.queues.iter();
        let heads = queues.filter_map(|queue| due(slab.first(queue.list)?, queue.timeout));
        heads.chain(self.sorted.next()).min()
    }

    /// Brings up to date what is known of the first call in the tree.
    pub(super) fn refresh(&mut self, slab: &Slab, forgiven: impl Fn(&Call) -> Nanos) {
        while let Some((slot, timeout)) = self.sorted.first() {
            let Some(call) = slab.get(slot) else { return };
            if !self.sorted.put_off(slot, call.started + timeout + forgiven(call)) {
                return;
            }
        }
    }

    /// The calls that began first, among them the one that began before all others.
    pub(super) fn oldest<'a>(&'a self, slab: &'a Slab) -> impl Iterator<Item = &'a Call> {
        let heads = self.queues.iter().filter_map(|queue| slab.first(queue.list));
        heads.chain(self.sorted.slots()).filter_map(|slot| slab.get(slot))
    }

    /// Calls began at other moments than was thought, in the same order.
    pub(super) fn rebuild(&mut self, slab: &Slab) {
        self.sorted.rebuild(|slot| slab.get(slot).map_or(Nanos::ZERO, |call| call.started));
    }

    #[cold]
    fn queue(&mut self, slab: &mut Slab, timeout: Nanos) -> Queue {
        if let Some(queue) = self.queues.iter().find(|queue| queue.timeout == timeout) {
            return *queue;
        }
        let unused = self.queues.iter_mut().find(|queue| slab.first(queue.list).is_none());
        if let Some(queue) = unused {
            queue.timeout = timeout;
            return *queue;
        }
        if self.queues.len() == MOST_QUEUES {
            return Queue { timeout, list: SORTED };
        }
        let queue = Queue { timeout, list: slab.new_list() };
        self.queues.push(queue);
        queue
    }
}

/// Calls with timeouts of all kinds, by the moment at which their time runs out. That
/// moment comes later when the loop stalls: it is known as it was when somebody last
/// looked, and never later than it is.
#[derive(Clone, Debug, Default)]
struct Sorted {
    by_due: BTreeSet<(Nanos, u32)>,
    /// When each is due, and its timeout.
    by_slot: BTreeMap<u32, (Nanos, Nanos)>,
}

impl Sorted {
    #[cold]
    fn add(&mut self, call: &Call, slot: u32, timeout: Nanos) {
        let due = call.started + timeout;
        self.by_due.insert((due, slot));
        self.by_slot.insert(slot, (due, timeout));
    }

    #[cold]
    fn remove(&mut self, slot: u32) {
        if let Some((due, _)) = self.by_slot.remove(&slot) {
            self.by_due.remove(&(due, slot));
        }
    }

    /// The first, and its timeout.
    fn first(&self) -> Option<(u32, Nanos)> {
        let (_, slot) = self.by_due.first()?;
        let (_, timeout) = self.by_slot.get(slot)?;
        Some((*slot, *timeout))
    }

    /// When the first is due, as far as is known.
    fn next(&self) -> Option<(Nanos, u32)> {
        self.by_due.first().copied()
    }

    /// A call is due then. Whether that is later than was known.
    fn put_off(&mut self, slot: u32, due: Nanos) -> bool {
        let Some((known, _)) = self.by_slot.get_mut(&slot) else { return false };
        let later = due > *known;
        if later {
            self.by_due.remove(&(*known, slot));
            self.by_due.insert((due, slot));
            *known = due;
        }
        later
    }

    fn slots(&self) -> impl Iterator<Item = u32> + '_ {
        self.by_slot.keys().copied()
    }

    fn rebuild(&mut self, started: impl Fn(u32) -> Nanos) {
        for (slot, (due, timeout)) in &mut self.by_slot {
            *due = started(*slot) + *timeout;
        }
        self.by_due = self.by_slot.iter().map(|(slot, (due, _))| (*due, *slot)).collect();
    }
}

/// How many timeouts may be in use at once before calls are kept in a tree.
pub(super) const MOST_QUEUES: usize = 16;

/// In the place of a list's slot: the call is in the tree.
const SORTED: u32 = NONE - 1;

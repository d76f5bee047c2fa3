//! Calls that wait for a place: first in, first out, each until its time in the queue is up.
//!
//! It keeps tickets, not calls: whoever holds a call finds it by its ticket. After a stall of the
//! loop the host first gives out the places that are free, then asks whose time is up, so that
//! nobody is refused beside a free place. Time in the queue is no latency of the service, and to
//! run out of it is a refusal. Used by the breaker where `queue` is set.

use std::collections::VecDeque;

pub use crate::config::QueueOptions;
use crate::time::{Nanos, Now, Shift};

/// A place in the queue. No two calls of one queue ever have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

impl Ticket {
    /// The number that the ticket is.
    pub fn raw(self) -> u64 {
        self.0
    }

    /// The ticket that [`Ticket::raw`] gave. One that was never given is nobody's.
    pub fn from_raw(raw: u64) -> Self {
        Ticket(raw)
    }
}

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct Queue {
    options: QueueOptions,
    /// Consecutive tickets, the first of them `first`. Moments never descend, as all wait for
    /// the same time; the first is never that of a call which has left.
    entries: VecDeque<Entry>,
    first: u64,
    waiting: u32,
    /// Since when somebody has been waiting.
    busy_since: Nanos,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Since when, and how many stalls of the loop there were before.
    since: Now,
    /// As if the loop were never stalled.
    deadline: Nanos,
    patience: Nanos,
    has_left: bool,
}

/// The first of those who wait.
#[derive(Clone, Copy, Debug)]
pub struct First {
    /// Since when it waits.
    pub since: Now,
    /// When its time is up, unless the loop is stalled.
    pub deadline: Nanos,
    /// For how long it may wait.
    pub patience: Nanos,
}

impl Queue {
    /// An empty one.
    pub fn new(options: QueueOptions) -> Self {
        Queue { options, entries: VecDeque::new(), first: 0, waiting: 0, busy_since: Nanos::ZERO }
    }

    /// Goes on with other options. Those who wait keep their time; a queue that is too long
    /// takes nobody until it is short enough.
    pub fn set_options(&mut self, options: QueueOptions) {
        self.options = options;
    }

    /// A call begins to wait; `None` when the queue is full.
    pub fn push(&mut self, since: Now) -> Option<Ticket> {
        let now = since.monotonic;
        if self.waiting >= self.options.size {
            return None;
        }
        if self.waiting == 0 {
            self.busy_since = now;
        }
        let timeout = self.options.timeout;
        let is_standing = self.waiting > 0 && now - self.busy_since >= timeout;
        let patience = if is_standing { Nanos::new(timeout.get() / STANDING) } else { timeout };
        // A shorter time must not overtake: the order is the promise.
        let last = self.entries.back().map_or(Nanos::ZERO, |last| last.deadline);
        let deadline = (now + patience).max(last);
        let ticket = Ticket(self.first + self.entries.len() as u64);
        let patience = if deadline.is_never() { Nanos::MAX } else { deadline - now };
        self.entries.push_back(Entry { since, deadline, patience, has_left: false });
        self.waiting += 1;
        Some(ticket)
    }

    /// There is a place: whose turn it is. One whose time has run out, but who has not been told
    /// so, gets it, too: a stalled loop would have given it in time.
    pub fn pop(&mut self) -> Option<Ticket> {
        let ticket = Ticket(self.first);
        self.leave(ticket).then_some(ticket)
    }

    /// Whose time is up, one after the other until there is none.
    pub fn poll_expired(&mut self, now: Nanos) -> Option<Ticket> {
        if now < self.next_deadline() {
            return None;
        }
        self.pop()
    }

    /// A call waits no longer, because its caller has given up. Returns whether it was waiting.
    pub fn leave(&mut self, ticket: Ticket) -> bool {
        let Some(place) = ticket.0.checked_sub(self.first) else { return false };
        let Some(entry) = self.entries.get_mut(place as usize) else { return false };
        let waits = !entry.has_left;
        entry.has_left = true;
        self.waiting -= u32::from(waits);
        self.drop_who_left();
        waits
    }

    /// For how long a call may wait that does.
    pub fn patience_of(&self, ticket: Ticket) -> Option<Nanos> {
        let place = ticket.0.checked_sub(self.first)?;
        let entry = self.entries.get(usize::try_from(place).ok()?)?;
        (!entry.has_left).then_some(entry.patience)
    }

    /// When the time of the first is up; [`Nanos::MAX`]: of nobody.
    pub fn next_deadline(&self) -> Nanos {
        self.entries.front().map_or(Nanos::MAX, |entry| entry.deadline)
    }

    /// The first of those who wait.
    pub fn first(&self) -> Option<First> {
        let &Entry { since, deadline, patience, .. } = self.entries.front()?;
        Some(First { since, deadline, patience })
    }

    /// The ticket that the next one gets who waits; those before have got theirs.
    pub fn next_ticket(&self) -> Ticket {
        Ticket(self.first + self.entries.len() as u64)
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting as usize
    }

    /// Whether nobody does.
    pub fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Goes on with another clock, on which everybody has as much time left. `forgiven`: for how
    /// long the time of whoever waits since then has stood still.
    pub fn change_clocks(&mut self, shift: &Shift, forgiven: impl Fn(Now) -> Nanos) {
        for entry in &mut self.entries {
            entry.deadline = shift.apply(entry.deadline + forgiven(entry.since));
            entry.since = shift.to;
        }
        self.busy_since = shift.apply(self.busy_since);
    }

    /// Each entry is dropped once, so this costs a call no more than its making.
    fn drop_who_left(&mut self) {
        while self.entries.front().is_some_and(|entry| entry.has_left) {
            self.entries.pop_front();
            self.first += 1;
        }
    }
}

/// In a queue that stands, calls wait for so many times less.
const STANDING: u64 = 10;

#[cfg(test)]
mod tests {
    use std::iter;

    use super::*;

    fn at(millis: u64) -> Nanos {
        Nanos::from_millis(millis)
    }

    fn now(millis: u64) -> Now {
        Now::unstalled(at(millis))
    }

    fn queue(size: u32, timeout: u64) -> Queue {
        Queue::new(QueueOptions { size, timeout: at(timeout) })
    }

    fn expired(queue: &mut Queue, now: u64) -> Vec<Ticket> {
        iter::from_fn(|| queue.poll_expired(at(now))).collect()
    }

    #[test]
    fn first_in_is_first_out() {
        let mut queue = queue(3, 100);
        let tickets: Vec<_> = (0..3).filter_map(|ms| queue.push(now(ms))).collect();
        assert_eq!(queue.push(now(3)), None, "full");
        assert_eq!(queue.pop(), Some(tickets[0]));
        let fourth = queue.push(now(5)).unwrap();
        assert_eq!(queue.len(), 3);
        let rest: Vec<_> = iter::from_fn(|| queue.pop()).collect();
        assert_eq!(rest, [tickets[1], tickets[2], fourth]);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_queue_of_no_places_takes_nobody() {
        assert_eq!(queue(0, 100).push(now(0)), None);
    }

    #[test]
    fn who_is_out_of_time_is_told_once_and_at_that_moment() {
        let mut queue = queue(3, 100);
        let first = queue.push(now(0)).unwrap();
        let second = queue.push(now(1)).unwrap();
        assert_eq!(queue.next_deadline(), at(100));
        assert_eq!(expired(&mut queue, 99), []);
        assert_eq!(expired(&mut queue, 100), [first]);
        assert_eq!(queue.pop(), Some(second));
        assert_eq!(expired(&mut queue, 1_000), []);
        assert!(queue.next_deadline().is_never());
    }

    #[test]
    fn a_place_goes_to_one_who_was_not_told_to_be_out_of_time() {
        let mut queue = queue(3, 100);
        let first = queue.push(now(0)).unwrap();
        let second = queue.push(now(1)).unwrap();
        assert_eq!(queue.pop(), Some(first));
        assert_eq!(expired(&mut queue, 500), [second]);
    }

    #[test]
    fn who_has_left_holds_no_place() {
        let mut queue = queue(2, 100);
        let first = queue.push(now(0)).unwrap();
        let second = queue.push(now(1)).unwrap();
        assert!(queue.leave(second));
        assert!(!queue.leave(second), "twice");
        let third = queue.push(now(2)).unwrap();
        assert!(queue.leave(first));
        assert_eq!(queue.next_deadline(), at(102), "of the first who waits");
        assert_eq!(queue.pop(), Some(third));
        assert!(!queue.leave(third), "it has a place");
        assert!(!queue.leave(Ticket::from_raw(7)), "nobody's");
    }

    #[test]
    fn a_shorter_time_that_is_set_does_not_overtake() {
        let mut queue = queue(3, 100);
        let first = queue.push(now(0)).unwrap();
        queue.set_options(QueueOptions { size: 3, timeout: at(10) });
        let second = queue.push(now(1)).unwrap();
        assert_eq!(expired(&mut queue, 99), []);
        assert_eq!(expired(&mut queue, 100), [first, second]);
    }

    #[test]
    fn in_a_queue_that_stands_calls_wait_for_a_tenth() {
        let mut queue = queue(1_000, 100);
        // One comes every millisecond; every second one gets a place.
        let mut waits = Vec::new();
        for ms in 0..1_000 {
            queue.push(now(ms));
            let entry = queue.entries.back().unwrap();
            waits.push((entry.deadline - at(ms)).as_millis());
            if ms % 2 == 0 {
                queue.pop();
            }
            while queue.poll_expired(at(ms)).is_some() {}
        }
        assert!(waits[..100].iter().all(|&wait| wait == 100));
        // The order stays: nobody is out of time before who came first.
        assert_eq!(waits[150], 50);
        assert!(waits[200..].iter().all(|&wait| wait == 10), "{waits:?}");
        while queue.pop().is_some() {}
        queue.push(now(1_000));
        assert_eq!(queue.next_deadline(), at(1_100), "nobody was waiting");
    }

    #[test]
    fn what_was_forgiven_on_one_clock_is_forgiven_on_the_next() {
        let mut queue = queue(1, 100);
        queue.push(now(1_000));
        queue.change_clocks(&Shift { from: now(1_090), to: now(0) }, |_| at(50));
        assert_eq!(queue.next_deadline(), at(60));
        assert_eq!(queue.first().unwrap().patience, at(100));
    }

    #[test]
    fn under_another_clock_everybody_has_as_much_time_left() {
        let mut queue = queue(1, 100);
        let first = queue.push(now(1_000)).unwrap();
        queue.change_clocks(&Shift { from: now(1_040), to: now(0) }, |_| Nanos::ZERO);
        assert_eq!(expired(&mut queue, 59), []);
        assert_eq!(expired(&mut queue, 60), [first]);
    }
}

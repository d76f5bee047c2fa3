//! Calls in flight: a slab of permits, and the queue of their deadlines.
//!
//! A permit is the index of a slot, which belongs to one call from its admission
//! until the one who made it gives the permit back: a slot is never reused under a
//! call that has only timed out, so a permit needs no counter of its own against
//! mistaken identity.
//!
//! Calls of one breaker share a timeout, so deadlines come in order: the queue is a
//! list threaded through the slots, joined at its tail and left from anywhere, both
//! O(1), with nothing left behind by a call that settled. A call that comes out of
//! order (the timeout was shortened, or the loop clock fell back to the beginning of
//! a stall) walks from the tail to its place. Called by the breaker alone.

use super::time::{Nanos, Shift};

/// The right of one call to be under way. Not `Copy`: it is spent when it is given
/// back.
#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Permit(u32);

impl Permit {
    /// The small integer that the permit is.
    pub fn raw(&self) -> u32 {
        self.0
    }

    /// The permit as a small integer, for a host that keeps it in a number.
    pub fn into_raw(self) -> u32 {
        self.0
    }

    /// The permit that [`Permit::into_raw`] gave. One that was never given, or was
    /// given back, is found out by whoever takes it.
    pub fn from_raw(raw: u32) -> Self {
        Permit(raw)
    }
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The slot is nobody's.
    Free,
    /// Under way.
    Pending,
    /// Its deadline has passed; its maker has not been told.
    Expired,
    /// Its deadline has passed, its maker has been told and will give it an outcome.
    Told,
    /// Ended as a failure that is still to be judged, or refused by capacity and
    /// still to be counted as one.
    Failed,
}

/// What is known of one call.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// When it was admitted, by the wall clock.
    pub started: Nanos,
    /// When it is late, by the clock that timeouts run on; [`Nanos::MAX`] for a call without a timeout.
    pub deadline: Nanos,
    /// The length of all stalls before it was admitted.
    pub stalled: Nanos,
    /// The generation it was admitted in.
    pub generation: u32,
    /// How far it has come.
    pub stage: Stage,
    prev: u32,
    /// The next in the queue it stands in, or the next free slot.
    next: u32,
}

/// The slab, with three lists through it: free slots, deadlines, and calls whose
/// makers are to be told that they are late.
#[derive(Clone, Debug)]
pub struct Calls {
    slots: Vec<Call>,
    free: u32,
    deadlines: List,
    expired: List,
    waiting: usize,
}

impl Calls {
    /// No calls.
    pub fn new() -> Self {
        Calls {
            slots: Vec::new(),
            free: NONE,
            deadlines: List::EMPTY,
            expired: List::EMPTY,
            waiting: 0,
        }
    }

    /// Gives a slot to a call. With a deadline it joins the queue.
    #[inline]
    pub fn insert(&mut self, call: NewCall) -> Permit {
        let NewCall { started, deadline, stalled, generation, stage } = call;
        let call = Call { started, deadline, stalled, generation, stage, prev: NONE, next: NONE };
        let slot = self.free;
        let slot = if slot == NONE {
            self.slots.push(call);
            (self.slots.len() - 1) as u32
        } else {
            self.free = self.slots[slot as usize].next;
            self.slots[slot as usize] = call;
            slot
        };
        if stage == Stage::Pending && !deadline.is_never() {
            self.waiting += 1;
            self.enqueue(slot);
        }
        Permit(slot)
    }

    /// The call that holds a permit; `None` for a permit nobody holds.
    #[inline]
    pub fn get(&self, permit: &Permit) -> Option<&Call> {
        self.slots.get(permit.0 as usize).filter(|call| call.stage != Stage::Free)
    }

    /// Moves a call on; it leaves whatever queue it stands in.
    #[inline]
    pub fn set_stage(&mut self, permit: &Permit, stage: Stage) {
        self.leave_queue(permit.0);
        self.slots[permit.0 as usize].stage = stage;
    }

    /// Takes a permit back. Returns whether the call had a deadline.
    #[inline]
    pub fn remove(&mut self, permit: Permit) -> bool {
        self.leave_queue(permit.0);
        let free = self.free;
        let call = &mut self.slots[permit.0 as usize];
        call.stage = Stage::Free;
        call.next = free;
        let had_deadline = !call.deadline.is_never();
        self.free = permit.0;
        self.waiting -= usize::from(had_deadline);
        had_deadline
    }

    /// Moves every call whose deadline is not after `until` to those whose makers
    /// are to be told. Returns how many.
    pub fn expire(&mut self, until: Nanos) -> usize {
        let mut expired = 0;
        while let Some(deadline) = self.next_deadline() {
            if deadline > until {
                break;
            }
            let slot = self.deadlines.head;
            self.deadlines.unlink(&mut self.slots, slot);
            self.slots[slot as usize].stage = Stage::Expired;
            let last = self.expired.tail;
            self.expired.link_after(&mut self.slots, last, slot);
            expired += 1;
        }
        expired
    }

    /// The next call whose maker is to be told that it is late. The maker keeps its
    /// permit.
    pub fn poll_expired(&mut self) -> Option<Permit> {
        let slot = self.expired.head;
        if slot == NONE {
            return None;
        }
        self.expired.unlink(&mut self.slots, slot);
        self.slots[slot as usize].stage = Stage::Told;
        Some(Permit(slot))
    }

    /// Whether somebody is to be told.
    pub fn has_expired(&self) -> bool {
        self.expired.head != NONE
    }

    /// The nearest deadline of all calls under way.
    #[inline]
    pub fn next_deadline(&self) -> Option<Nanos> {
        self.slots.get(self.deadlines.head as usize).map(|call| call.deadline)
    }

    /// Goes on with other clocks; `deadline` says what a deadline is on the other one.
    pub fn change_clocks(&mut self, shift: &Shift, deadline: impl Fn(Nanos) -> Nanos) {
        for call in &mut self.slots {
            call.started = shift.wall(call.started);
            call.stalled = shift.stalled(call.stalled);
            call.deadline = deadline(call.deadline);
        }
    }

    /// How many permits are out for calls that have a deadline.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    #[inline]
    fn enqueue(&mut self, slot: u32) {
        let deadline = self.slots[slot as usize].deadline;
        let mut before = self.deadlines.tail;
        while before != NONE && self.slots[before as usize].deadline > deadline {
            before = self.slots[before as usize].prev;
        }
        self.deadlines.link_after(&mut self.slots, before, slot);
    }

    #[inline]
    fn leave_queue(&mut self, slot: u32) {
        let call = &self.slots[slot as usize];
        match call.stage {
            Stage::Pending if !call.deadline.is_never() => {
                self.deadlines.unlink(&mut self.slots, slot);
            }
            Stage::Expired => self.expired.unlink(&mut self.slots, slot),
            _ => {}
        }
    }
}

impl Default for Calls {
    fn default() -> Self {
        Self::new()
    }
}

/// What a slot is given to.
#[derive(Clone, Copy, Debug)]
pub struct NewCall {
    /// See [`Call::started`].
    pub started: Nanos,
    /// See [`Call::deadline`].
    pub deadline: Nanos,
    /// See [`Call::stalled`].
    pub stalled: Nanos,
    /// See [`Call::generation`].
    pub generation: u32,
    /// See [`Call::stage`].
    pub stage: Stage,
}

/// A doubly linked list through slots.
#[derive(Clone, Debug)]
struct List {
    head: u32,
    tail: u32,
}

impl List {
    const EMPTY: List = List { head: NONE, tail: NONE };

    /// Puts `slot` after `before`; first, when that is [`NONE`].
    #[inline]
    fn link_after(&mut self, slots: &mut [Call], before: u32, slot: u32) {
        let after = if before == NONE { self.head } else { slots[before as usize].next };
        slots[slot as usize].prev = before;
        slots[slot as usize].next = after;
        *self.forward(slots, before) = slot;
        *self.backward(slots, after) = slot;
    }

    #[inline]
    fn unlink(&mut self, slots: &mut [Call], slot: u32) {
        let Call { prev, next, .. } = slots[slot as usize];
        *self.forward(slots, prev) = next;
        *self.backward(slots, next) = prev;
        slots[slot as usize].prev = NONE;
        slots[slot as usize].next = NONE;
    }

    /// The link that leads on from `slot`: the head, for no slot.
    #[inline]
    fn forward<'a>(&'a mut self, slots: &'a mut [Call], slot: u32) -> &'a mut u32 {
        if slot == NONE {
            &mut self.head
        } else {
            &mut slots[slot as usize].next
        }
    }

    /// The link that leads back from `slot`: the tail, for no slot.
    #[inline]
    fn backward<'a>(&'a mut self, slots: &'a mut [Call], slot: u32) -> &'a mut u32 {
        if slot == NONE {
            &mut self.tail
        } else {
            &mut slots[slot as usize].prev
        }
    }
}

/// No slot.
const NONE: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    fn call(deadline: u64) -> NewCall {
        let deadline = if deadline == 0 { Nanos::MAX } else { Nanos::new(deadline) };
        NewCall {
            started: Nanos::ZERO,
            deadline,
            stalled: Nanos::ZERO,
            generation: 0,
            stage: Stage::Pending,
        }
    }

    #[test]
    fn deadlines_that_come_out_of_order_are_found_in_order() {
        let mut calls = Calls::new();
        let slots: Vec<_> = [30, 10, 20, 40, 5].map(|at| calls.insert(call(at)).into_raw()).into();
        calls.expire(Nanos::new(30));
        let told: Vec<_> = std::iter::from_fn(|| calls.poll_expired()).map(|p| p.0).collect();
        assert_eq!(told, [slots[4], slots[1], slots[2], slots[0]]);
        assert_eq!(calls.next_deadline(), Some(Nanos::new(40)));
        assert_eq!(calls.waiting(), 5, "those told still hold their permits");
    }

    #[test]
    fn a_settled_call_leaves_nothing_behind() {
        let mut calls = Calls::new();
        for round in 1..1000 {
            let permit = calls.insert(call(round));
            assert!(calls.remove(permit));
        }
        assert_eq!(calls.slots.len(), 1);
        assert_eq!(calls.next_deadline(), None);
        assert_eq!(calls.waiting(), 0);
    }

    #[test]
    fn a_call_that_settles_after_its_deadline_is_not_told_of_it() {
        let mut calls = Calls::new();
        let permit = calls.insert(call(10));
        calls.expire(Nanos::new(10));
        assert_eq!(calls.get(&permit).map(|call| call.stage), Some(Stage::Expired));
        calls.remove(permit);
        assert!(!calls.has_expired());
        assert_eq!(calls.poll_expired(), None);
    }

    #[test]
    fn a_call_without_a_timeout_has_no_deadline() {
        let mut calls = Calls::new();
        let permit = calls.insert(call(0));
        assert_eq!(calls.next_deadline(), None);
        assert_eq!(calls.waiting(), 0);
        assert!(!calls.remove(permit));
    }

    #[test]
    fn a_permit_nobody_holds_is_found_out() {
        let mut calls = Calls::new();
        let permit = calls.insert(call(10)).into_raw();
        calls.remove(Permit::from_raw(permit));
        assert!(calls.get(&Permit::from_raw(permit)).is_none());
        assert!(calls.get(&Permit::from_raw(7)).is_none());
    }
}

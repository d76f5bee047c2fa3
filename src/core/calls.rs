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
//! a stall) walks from the tail to its place. Lists are rings that begin and end in a slot
//! of their own, so that a link is never at an end. Called by the breaker alone.

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

    /// The slot that it is the right to, behind those of the lists.
    #[inline]
    fn slot(&self) -> u32 {
        self.0.wrapping_add(LISTS)
    }

    #[inline]
    fn of_slot(slot: u32) -> Self {
        Permit(slot - LISTS)
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

impl Call {
    /// A slot that is no call's, alone in a ring through `slot`.
    fn nobodys(slot: u32) -> Call {
        let [started, deadline, stalled] = [Nanos::ZERO; 3];
        let (generation, stage) = (0, Stage::Free);
        Call { started, deadline, stalled, generation, stage, prev: slot, next: slot }
    }
}

/// The slab, with three lists through it: free slots, deadlines, and calls whose
/// makers are to be told that they are late.
#[derive(Clone, Debug)]
pub struct Calls {
    /// Empty until the first call; then the slots of the two rings come first.
    slots: Vec<Call>,
    free: u32,
    waiting: usize,
}

impl Calls {
    /// No calls.
    pub fn new() -> Self {
        Calls { slots: Vec::new(), free: NONE, waiting: 0 }
    }

    /// Gives a slot to a call. With a deadline it joins the queue.
    #[inline]
    pub fn insert(&mut self, call: NewCall) -> Permit {
        if self.free == NONE {
            self.grow();
        }
        let slot = self.free;
        let NewCall { started, deadline, stalled, generation, stage } = call;
        let free = &mut self.slots[slot as usize];
        self.free = free.next;
        *free = Call { started, deadline, stalled, generation, stage, prev: NONE, next: NONE };
        if stage == Stage::Pending && !deadline.is_never() {
            self.waiting += 1;
            self.enqueue(slot, deadline);
        }
        Permit::of_slot(slot)
    }

    /// The call that holds a permit; `None` for a permit nobody holds.
    #[inline]
    pub fn get(&self, permit: &Permit) -> Option<&Call> {
        self.slots.get(permit.slot() as usize).filter(|call| call.stage != Stage::Free)
    }

    /// Moves a call on; it leaves whatever queue it stands in.
    #[inline]
    pub fn set_stage(&mut self, permit: &Permit, stage: Stage) {
        self.leave_queue(permit.slot());
        self.slots[permit.slot() as usize].stage = stage;
    }

    /// Takes the permit of a call back that ends now: the call as it was; or the permit, and
    /// the stage in which no call ends.
    #[inline]
    pub fn end(&mut self, permit: Permit) -> Result<Call, (Permit, Stage)> {
        let Some(slot) = self.slots.get_mut(permit.slot() as usize) else {
            return Err((permit, Stage::Free));
        };
        let call = *slot;
        if matches!(call.stage, Stage::Expired | Stage::Free) {
            return Err((permit, call.stage));
        }
        slot.stage = Stage::Free;
        slot.next = self.free;
        self.free = permit.slot();
        if !call.deadline.is_never() {
            self.waiting -= 1;
            if call.stage == Stage::Pending {
                self.close_gap(&call);
            }
        }
        Ok(call)
    }

    /// Moves every call whose deadline is not after `until` to those whose makers
    /// are to be told. Returns how many.
    pub fn expire(&mut self, until: Nanos) -> usize {
        let mut expired = 0;
        while let Some(slot) = self.first(DEADLINES) {
            if self.slots[slot as usize].deadline > until {
                break;
            }
            self.unlink(slot);
            self.slots[slot as usize].stage = Stage::Expired;
            self.link_after(self.slots[EXPIRED as usize].prev, slot);
            expired += 1;
        }
        expired
    }

    /// The next call whose maker is to be told that it is late. The maker keeps its
    /// permit.
    pub fn poll_expired(&mut self) -> Option<Permit> {
        let slot = self.first(EXPIRED)?;
        self.unlink(slot);
        self.slots[slot as usize].stage = Stage::Told;
        Some(Permit::of_slot(slot))
    }

    /// Whether somebody is to be told.
    pub fn has_expired(&self) -> bool {
        self.first(EXPIRED).is_some()
    }

    /// The nearest deadline of all calls under way.
    #[inline]
    pub fn next_deadline(&self) -> Option<Nanos> {
        self.first(DEADLINES).map(|slot| self.slots[slot as usize].deadline)
    }

    /// Goes on with other clocks; `deadline` says what a deadline is on the other one.
    pub fn change_clocks(&mut self, shift: &Shift, deadline: impl Fn(Nanos) -> Nanos) {
        for call in self.slots.iter_mut().skip(LISTS as usize) {
            call.started = shift.wall(call.started);
            call.stalled = shift.stalled(call.stalled);
            call.deadline = deadline(call.deadline);
        }
    }

    /// How many permits are out for calls that have a deadline.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Makes a free slot.
    #[cold]
    fn grow(&mut self) {
        if self.slots.is_empty() {
            self.slots.extend([DEADLINES, EXPIRED].map(Call::nobodys));
        }
        self.free = self.slots.len() as u32;
        self.slots.push(Call::nobodys(NONE));
    }

    #[inline]
    fn enqueue(&mut self, slot: u32, deadline: Nanos) {
        let mut before = self.slots[DEADLINES as usize].prev;
        // The ring's own slot is never late.
        while self.slots[before as usize].deadline > deadline {
            before = self.slots[before as usize].prev;
        }
        self.link_after(before, slot);
    }

    #[inline]
    fn leave_queue(&mut self, slot: u32) {
        let call = &self.slots[slot as usize];
        let queues = match call.stage {
            Stage::Pending => !call.deadline.is_never(),
            stage => stage == Stage::Expired,
        };
        if queues {
            self.unlink(slot);
        }
    }

    /// The first slot of a ring.
    #[inline]
    fn first(&self, ring: u32) -> Option<u32> {
        self.slots.get(ring as usize).map(|own| own.next).filter(|&slot| slot != ring)
    }

    /// Puts `slot` after `before`, in the ring in which that is.
    #[inline]
    fn link_after(&mut self, before: u32, slot: u32) {
        let after = std::mem::replace(&mut self.slots[before as usize].next, slot);
        self.slots[after as usize].prev = slot;
        let call = &mut self.slots[slot as usize];
        (call.prev, call.next) = (before, after);
    }

    /// Takes `slot` out of the ring in which it is.
    #[inline]
    fn unlink(&mut self, slot: u32) {
        let call = self.slots[slot as usize];
        self.close_gap(&call);
    }

    /// Links the neighbours of a call to each other.
    #[inline]
    fn close_gap(&mut self, &Call { prev, next, .. }: &Call) {
        self.slots[prev as usize].next = next;
        self.slots[next as usize].prev = prev;
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

/// How many slots belong to the rings.
const LISTS: u32 = 2;
/// The ring of deadlines, the nearest first.
const DEADLINES: u32 = 0;
/// The ring of calls that are late and whose makers have not been told, the latest last.
const EXPIRED: u32 = 1;
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
            assert!(calls.end(permit).is_ok());
        }
        assert_eq!(calls.slots.len(), LISTS as usize + 1);
        assert_eq!(calls.next_deadline(), None);
        assert_eq!(calls.waiting(), 0);
    }

    #[test]
    fn a_call_that_is_late_ends_after_its_maker_has_been_told() {
        let mut calls = Calls::new();
        let permit = calls.insert(call(10));
        calls.expire(Nanos::new(10));
        let (permit, stage) = calls.end(permit).unwrap_err();
        assert_eq!(stage, Stage::Expired);
        assert_eq!(calls.poll_expired(), Some(permit));
        assert!(calls.end(Permit::of_slot(LISTS)).is_ok());
        assert!(!calls.has_expired());
        assert_eq!(calls.waiting(), 0);
    }

    #[test]
    fn a_call_without_a_timeout_has_no_deadline() {
        let mut calls = Calls::new();
        let permit = calls.insert(call(0));
        assert_eq!(calls.next_deadline(), None);
        assert_eq!(calls.waiting(), 0);
        assert!(calls.end(permit).is_ok());
        assert_eq!(calls.waiting(), 0);
    }

    #[test]
    fn a_permit_nobody_holds_is_found_out() {
        let mut calls = Calls::new();
        let permit = calls.insert(call(10)).into_raw();
        assert!(calls.end(Permit::from_raw(permit)).is_ok());
        assert!(calls.end(Permit::from_raw(permit)).is_err());
        assert!(calls.get(&Permit::from_raw(permit)).is_none());
        assert!(calls.get(&Permit::from_raw(7)).is_none());
    }
}

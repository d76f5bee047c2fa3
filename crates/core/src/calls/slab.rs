//! The slots that calls are kept in, and the lists that are threaded through them.
//!
//! A list is circular: it begins and ends in a slot of its own, so that a link is never at
//! an end. Whoever is in a list leaves it from anywhere in O(1). Used by [`calls`]
//! and [`deadlines`], which say what the lists are for.
//!
//! [`calls`]: super
//! [`deadlines`]: super::deadlines

use super::{Call, Lesson, Stage};
use crate::time::Nanos;

/// See the [module](self).
#[derive(Clone, Debug)]
pub(super) struct Slab {
    slots: Vec<Call>,
    free: u32,
}

impl Slab {
    /// No slots, and no memory for any.
    pub(super) fn new() -> Self {
        Slab { slots: Vec::new(), free: NONE }
    }

    /// Whether there has never been a slot.
    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Gives a slot to a call.
    #[inline(always)]
    pub(super) fn insert(&mut self, call: Call) -> u32 {
        if self.free == NONE {
            self.free = self.push(NONE);
        }
        let slot = self.free;
        let place = &mut self.slots[slot as usize];
        self.free = place.next;
        *place = call;
        slot
    }

    /// Takes a slot back. The call in it must not be in a list any more.
    #[inline(always)]
    pub(super) fn remove(&mut self, slot: u32) {
        let place = &mut self.slots[slot as usize];
        place.stage = Stage::Free;
        place.next = std::mem::replace(&mut self.free, slot);
    }

    /// Makes a list; gives the slot that is its own.
    pub(super) fn new_list(&mut self) -> u32 {
        let list = self.slots.len() as u32;
        self.push(list)
    }

    fn push(&mut self, next: u32) -> u32 {
        let slot = self.slots.len() as u32;
        self.slots.push(Call {
            started: Nanos::ZERO,
            stalls: 0,
            forgiven: Nanos::ZERO,
            generation: 0,
            stage: Stage::Free,
            timed: false,
            lesson: Lesson::Usual,
            queue: NONE,
            prev: slot,
            next,
        });
        slot
    }

    /// What is in a slot, if there is such a slot.
    #[inline(always)]
    pub(super) fn get(&self, slot: u32) -> Option<&Call> {
        self.slots.get(slot as usize)
    }

    /// The same, of a slot that is known to be there.
    #[inline(always)]
    pub(super) fn at(&mut self, slot: u32) -> &mut Call {
        &mut self.slots[slot as usize]
    }

    /// Every slot, those of lists and those that are free included.
    pub(super) fn all(&self) -> impl Iterator<Item = (u32, &Call)> {
        (0..).zip(&self.slots)
    }

    /// The same, from a slot on.
    pub(super) fn from(&self, slot: u32) -> impl Iterator<Item = (u32, &Call)> {
        (slot..).zip(self.slots.iter().skip(slot as usize))
    }

    /// The same, to be changed.
    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut Call> {
        self.slots.iter_mut()
    }

    /// The first slot of a list.
    #[inline(always)]
    pub(super) fn first(&self, list: u32) -> Option<u32> {
        self.slots.get(list as usize).map(|own| own.next).filter(|&slot| slot != list)
    }

    /// Puts a slot at the end of a list.
    #[inline(always)]
    pub(super) fn append(&mut self, list: u32, slot: u32) {
        let last = std::mem::replace(&mut self.slots[list as usize].prev, slot);
        self.slots[last as usize].next = slot;
        let call = &mut self.slots[slot as usize];
        (call.queue, call.prev, call.next) = (list, last, list);
    }

    /// Takes a call out of the list in which it is: links its neighbours to each other.
    #[inline(always)]
    pub(super) fn unlink(&mut self, call: &Call) {
        self.slots[call.prev as usize].next = call.next;
        self.slots[call.next as usize].prev = call.prev;
    }
}

/// No slot.
pub(super) const NONE: u32 = u32::MAX;

//! Which calls of the model are late.

use std::collections::BTreeMap;

use didelphis_core::expiry::LoopSample;
use didelphis_core::stall_log::FORGIVEN;
use didelphis_core::time::Nanos;

use super::naive::{Model, ModelCall, Phase};

/// A look at the loop by which calls may turn out to be late.
#[derive(Clone, Copy, Debug)]
pub struct PendingExpiry {
    monotonic: u64,
    stalls: usize,
    idle: Nanos,
    turns: u64,
}

impl Model {
    /// The calls that wait, for each timeout in the order in which they began.
    pub fn queues(&self) -> BTreeMap<u64, Vec<usize>> {
        let mut queues = BTreeMap::<u64, Vec<usize>>::new();
        for (index, call) in self.calls.iter().enumerate() {
            if let (Phase::Pending, Some(timeout)) = (call.phase, call.timeout) {
                queues.entry(timeout).or_default().push(index);
            }
        }
        queues
    }

    /// When a call's time runs out, after so many stalls.
    pub fn due(&self, call: &ModelCall, stalls: usize) -> u64 {
        let timeout = call.timeout.expect("one that waits for it");
        let still = if self.shape.by_wall { 0 } else { self.told(call, stalls) };
        call.started + timeout + still
    }

    pub fn next_deadline(&self) -> Option<u64> {
        let queues = self.queues();
        let heads = queues.values().filter_map(|queue| queue.first());
        heads.map(|&index| self.due(&self.calls[index], self.stalls.len())).min()
    }

    /// What a call has to tell of stalls, after so many: the part of the first few that falls
    /// into its life; of all, where it forgives none.
    pub fn told(&self, call: &ModelCall, stalls: usize) -> u64 {
        let most = if self.shape.by_wall { usize::MAX } else { FORGIVEN as usize };
        let in_life = |(place, (ended, length)): (usize, &(u64, u64))| match place {
            // Only the first may have begun before.
            0 => (*length).min(ended.saturating_sub(call.started)),
            _ => *length,
        };
        let stalls = self.stalls.iter().take(stalls).skip(call.stalls).take(most);
        call.before + stalls.enumerate().map(in_life).sum::<u64>()
    }

    /// The late ones whose makers have not been told.
    pub fn expired(&self) -> Vec<usize> {
        let untold = |index: &usize| self.calls[*index].phase == Phase::Expired;
        self.late.iter().copied().filter(untold).collect()
    }

    /// A call whose time has run out at a look is late once the loop has waited since then, or
    /// has gone through a few turns. One look a turn.
    pub fn suspect(&mut self, seen: LoopSample, here: LoopSample) {
        let had_its_look = |then: &PendingExpiry| {
            let turns = here.turns >= then.turns + TURNS;
            let stalls = self.stalls.len() >= then.stalls + STALLS;
            seen.waiting || seen.idle > then.idle || turns || stalls
        };
        let (held, left) = self.pending.iter().partition::<Vec<_>, _>(|then| had_its_look(then));
        self.pending = left;
        for PendingExpiry { monotonic, stalls, .. } in held {
            self.expire(monotonic, stalls);
        }
        if self.next_deadline().is_none_or(|due| due > self.monotonic) {
            self.pending.clear();
        } else if self.pending.iter().all(|then| then.turns != here.turns) {
            let (monotonic, stalls) = (self.monotonic, self.stalls.len());
            let LoopSample { idle, turns, .. } = here;
            self.pending.push(PendingExpiry { monotonic, stalls, idle, turns });
        }
    }

    /// One after the other, as their times run out. No call is late before one that began
    /// earlier with the same timeout: when the clock runs backwards, it waits for that.
    pub fn expire(&mut self, monotonic: u64, stalls: usize) {
        loop {
            let heads = self.queues().into_values().filter_map(|queue| queue.first().copied());
            let due = |index: usize| {
                let call = &self.calls[index];
                (self.due(call, stalls), call.permit, index)
            };
            let first = heads.map(due).min();
            let Some((_, _, index)) = first.filter(|(due, ..)| *due <= monotonic) else { return };
            self.calls[index].stalled = self.told(&self.calls[index], stalls);
            self.calls[index].phase = Phase::Expired;
            self.late.push(index);
        }
    }
}

/// So many turns, or stalls among them, are a look of the loop at its sockets.
const TURNS: u64 = 4;
const STALLS: usize = 2;

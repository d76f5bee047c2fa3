//! Calls under way, by their permits.
//!
//! A permit is the index of a slot, which belongs to one call from its admission
//! until the one who made it gives the permit back: a slot is never reused under a
//! call that has only timed out, so a permit needs no counter of its own against
//! mistaken identity. A call that has settled leaves nothing behind. Called by the
//! breaker alone.

pub mod call_time;
mod deadlines;
pub mod expiry;
pub mod sample;
mod slab;
pub mod stall_log;

use self::call_time::CallTime;
use self::deadlines::Deadlines;
use self::slab::{Slab, NONE};
use crate::time::{Nanos, Now, Shift};

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

    /// The slot that it is the right to, behind those of the first lists.
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
    Notified,
    /// Refused by capacity, and still to be counted as a failure.
    Refused,
    /// Ended as a failure that is still to be judged.
    Failed,
}

/// What the end of a call teaches a timeout that is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lesson {
    /// How long calls take, as far as the timeout lets them.
    Usual,
    /// How long they take that may take longer than others.
    Explorer,
    /// Nothing: it has a timeout of its own.
    None,
}

/// What is known of one call.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// When it was admitted, by the monotonic clock.
    pub started: Nanos,
    /// How many stalls of the loop had ended before.
    pub stalls: u64,
    /// What it has to tell of stalls: on clocks that it has left; once it is late, on all.
    pub forgiven: Nanos,
    /// The generation it was admitted in.
    pub generation: u32,
    /// How far it has come.
    pub stage: Stage,
    /// Whether it has a timeout.
    pub timed: bool,
    /// What it teaches a timeout that is learned.
    pub lesson: Lesson,
    /// What it waits in, told by [`deadlines`]; the slot of a list, mostly.
    pub(super) queue: u32,
    pub(super) prev: u32,
    /// The next in the list it is in, or the next free slot.
    pub(super) next: u32,
}

/// The calls under way, and among them those whose makers are to be told that they are late.
#[derive(Clone, Debug)]
pub struct Calls {
    slab: Slab,
    deadlines: Deadlines,
    waiting: usize,
}

impl Calls {
    /// No calls.
    pub fn new() -> Self {
        Calls { slab: Slab::new(), deadlines: Deadlines::default(), waiting: 0 }
    }

    /// Gives a slot to a call. With a timeout it joins a queue.
    #[inline(always)]
    pub fn insert(&mut self, call: NewCall) -> Permit {
        if self.slab.is_empty() {
            self.prepare();
        }
        let NewCall { started, timeout, stalls, generation, stage } = call;
        let queue = match timeout {
            Some(timeout) => self.deadlines.queue_of(&mut self.slab, timeout),
            None => NONE,
        };
        self.waiting += usize::from(timeout.is_some());
        let slot = self.slab.insert(Call {
            started,
            stalls,
            forgiven: Nanos::ZERO,
            generation,
            stage,
            timed: timeout.is_some(),
            lesson: Lesson::Usual,
            queue,
            prev: NONE,
            next: NONE,
        });
        if let Some(timeout) = timeout {
            self.deadlines.add(&mut self.slab, slot, queue, timeout);
        }
        Permit::of_slot(slot)
    }

    /// The call that holds a permit; `None` for a permit nobody holds.
    #[inline]
    pub fn get(&self, permit: &Permit) -> Option<&Call> {
        self.slab.get(permit.slot()).filter(|call| call.stage != Stage::Free)
    }

    /// Moves a call on; it leaves whatever queue it waits in.
    #[inline]
    pub fn set_stage(&mut self, permit: &Permit, stage: Stage) {
        let slot = permit.slot();
        self.leave_queue(slot);
        self.slab.at(slot).stage = stage;
    }

    /// What a call teaches is not what others do.
    pub fn set_lesson(&mut self, permit: &Permit, lesson: Lesson) {
        self.slab.at(permit.slot()).lesson = lesson;
    }

    /// Takes the permit of a call back that ends now: the call as it was; or the permit, and
    /// the stage in which no call ends.
    #[inline(always)]
    pub fn end(&mut self, permit: Permit) -> Result<Call, (Permit, Stage)> {
        let slot = permit.slot();
        let Some(&call) = self.slab.get(slot) else {
            return Err((permit, Stage::Free));
        };
        if matches!(call.stage, Stage::Expired | Stage::Free) {
            return Err((permit, call.stage));
        }
        if call.queue != NONE {
            self.deadlines.remove(&mut self.slab, slot, &call);
        }
        self.slab.remove(slot);
        self.waiting -= usize::from(call.timed);
        Ok(call)
    }

    /// Moves every call whose time has run out by `now` to those whose makers are to be told.
    /// Returns how many.
    pub fn expire(&mut self, time: &CallTime<'_>, now: Now) -> usize {
        let forgiven = |call: &Call| time.forgiven(call, now);
        let mut expired = 0;
        loop {
            self.deadlines.refresh(&self.slab, forgiven);
            let first = self.deadlines.first(&self.slab, forgiven);
            let Some((_, slot)) = first.filter(|(due, _)| *due <= now.monotonic) else { break };
            self.leave_queue(slot);
            let call = self.slab.at(slot);
            call.forgiven = time.told(call, now);
            call.stage = Stage::Expired;
            self.slab.append(EXPIRED, slot);
            expired += 1;
        }
        expired
    }

    /// The next call whose maker is to be told that it is late. The maker keeps its
    /// permit.
    pub fn poll_expired(&mut self) -> Option<Permit> {
        let slot = self.slab.first(EXPIRED)?;
        self.leave_queue(slot);
        self.slab.at(slot).stage = Stage::Notified;
        Some(Permit::of_slot(slot))
    }

    /// Whether somebody is to be told.
    pub fn has_expired(&self) -> bool {
        self.slab.first(EXPIRED).is_some()
    }

    /// Brings up to date what is known of deadlines; to be called before
    /// [`Calls::next_deadline`] by whoever must not take one for nearer than it is.
    pub fn refresh(&mut self, time: &CallTime<'_>, now: Now) {
        self.deadlines.refresh(&self.slab, |call| time.forgiven(call, now));
    }

    /// When the time of the first call runs out, as it looks at `now`: stalls to come can only
    /// put it off.
    #[inline]
    pub fn next_deadline(&self, time: &CallTime<'_>, now: Now) -> Option<Nanos> {
        let first = self.deadlines.first(&self.slab, |call| time.forgiven(call, now));
        first.map(|(due, _)| due)
    }

    /// How many stalls there were before the first of the calls that wait.
    pub fn oldest_stall(&self) -> Option<u64> {
        self.deadlines.oldest(&self.slab).map(|call| call.stalls).min()
    }

    /// Goes on with another clock, on which every call keeps its age, and for how long its
    /// time stood still.
    pub fn change_clocks(&mut self, shift: &Shift, time: &CallTime<'_>) {
        for call in self.slab.all_mut() {
            if call.stage == Stage::Pending {
                call.forgiven = time.told(call, shift.from);
            }
            call.started = shift.apply(call.started);
            call.stalls = shift.to.stalls;
        }
        self.deadlines.rebuild(&self.slab);
    }

    /// One more of those that wait for a place: for it the loop is woken, as for a deadline.
    pub fn hold(&mut self) {
        self.waiting += 1;
    }

    /// So many of them wait no longer, or begin.
    pub fn let_go(&mut self, calls: usize) {
        self.waiting -= calls;
    }

    /// How many permits are out for calls that have a timeout, and how many calls are held.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// The next permit that is out, at or after a raw one.
    pub fn next_out(&self, from: u32) -> Option<Permit> {
        let from = Permit(from).slot();
        let out = |(slot, call): &(u32, &Call)| *slot >= from && call.stage != Stage::Free;
        self.slab.all().find(out).map(|(slot, _)| Permit::of_slot(slot))
    }

    /// The next permit, at or after a raw one, of a call that has not ended.
    pub fn next_under_way(&self, from: u32) -> Option<Permit> {
        let from = Permit(from).slot();
        let under_way = |(_, call): &(u32, &Call)| {
            matches!(call.stage, Stage::Pending | Stage::Expired | Stage::Notified)
        };
        self.slab.from(from).find(under_way).map(|(slot, _)| Permit::of_slot(slot))
    }

    #[cold]
    fn prepare(&mut self) {
        let expired = self.slab.new_list();
        debug_assert_eq!(expired, EXPIRED);
        self.deadlines.prepare(&mut self.slab);
    }

    fn leave_queue(&mut self, slot: u32) {
        let call = *self.slab.at(slot);
        if call.queue != NONE {
            self.deadlines.remove(&mut self.slab, slot, &call);
            self.slab.at(slot).queue = NONE;
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
    /// How long it may take; `None`: as long as it likes.
    pub timeout: Option<Nanos>,
    /// See [`Call::stalls`].
    pub stalls: u64,
    /// See [`Call::generation`].
    pub generation: u32,
    /// See [`Call::stage`].
    pub stage: Stage,
}

/// How many slots are lists' from the beginning: permits count from behind them.
const LISTS: u32 = 2;
/// The list of calls that are late and whose makers have not been told, the latest last.
const EXPIRED: u32 = 0;

#[cfg(test)]
mod tests {
    use super::deadlines::MOST_QUEUES;
    use super::*;
    use crate::calls::stall_log::StallLog;
    use crate::config::TimeoutClock;

    fn call(started: u64, timeout: u64) -> NewCall {
        NewCall {
            started: Nanos::new(started),
            timeout: (timeout > 0).then(|| Nanos::new(timeout)),
            stalls: 0,
            generation: 0,
            stage: Stage::Pending,
        }
    }

    fn at(monotonic: u64) -> Now {
        Now::unstalled(Nanos::new(monotonic))
    }

    const TIME: CallTime<'static> = CallTime::UNSTALLED;

    fn told(calls: &mut Calls) -> Vec<u32> {
        std::iter::from_fn(|| calls.poll_expired()).map(Permit::into_raw).collect()
    }

    #[test]
    fn calls_with_different_timeouts_expire_in_order() {
        let mut calls = Calls::new();
        let slots: Vec<_> =
            [30, 10, 20, 40, 5].map(|timeout| calls.insert(call(0, timeout)).into_raw()).into();
        assert_eq!(calls.expire(&TIME, at(30)), 4);
        assert_eq!(told(&mut calls), [slots[4], slots[1], slots[2], slots[0]]);
        assert_eq!(calls.next_deadline(&TIME, at(0)), Some(Nanos::new(40)));
        assert_eq!(calls.waiting(), 5, "those told still hold their permits");
    }

    #[test]
    fn more_timeouts_than_there_are_queues_expire_in_order_too() {
        let many = 3 * MOST_QUEUES as u64;
        let mut calls = Calls::new();
        // Every third is settled, those in the tree among them.
        let permits: Vec<_> =
            (0..many).map(|n| calls.insert(call(n, 7 * many - 7 * n)).into_raw()).collect();
        let (ended, kept): (Vec<u32>, Vec<u32>) =
            permits.into_iter().partition(|raw| raw.is_multiple_of(3));
        for raw in ended {
            assert!(calls.end(Permit::from_raw(raw)).is_ok());
        }
        let mut stalls = StallLog::new();
        stalls.push(Nanos::new(1_000), Nanos::new(1_500));
        let time = CallTime::new(TimeoutClock::Loop, &stalls);
        let after = |monotonic| Now { stalls: 1, ..at(monotonic) };
        assert_eq!(calls.expire(&time, after(999)), 0, "their time stood still");
        let due = calls.next_deadline(&time, after(999)).expect("calls that wait");
        assert_eq!(calls.expire(&time, after(due.get())), 1);
        assert_eq!(calls.expire(&time, after(10_000)), kept.len() - 1);
        assert_eq!(told(&mut calls), kept.into_iter().rev().collect::<Vec<_>>());
        assert_eq!(calls.next_deadline(&time, after(10_000)), None);
    }

    #[test]
    fn a_stall_that_puts_off_one_deadline_hides_no_other() {
        let mut calls = Calls::new();
        for timeout in 0..MOST_QUEUES as u64 {
            calls.insert(call(0, 1_000_000 + timeout));
        }
        calls.insert(call(0, 3_000));
        let mut stalls = StallLog::new();
        stalls.push(Nanos::new(2_000), Nanos::new(2_500));
        let time = CallTime::new(TimeoutClock::Loop, &stalls);
        calls.insert(NewCall { stalls: 1, ..call(2_900, 150) });
        let after = |monotonic| Now { stalls: 1, ..at(monotonic) };
        let due = calls.next_deadline(&time, after(2_950)).expect("calls that wait");
        assert!(due <= Nanos::new(3_050), "{due:?} is too late");
        assert_eq!(calls.expire(&time, after(3_049)), 0);
        assert_eq!(calls.expire(&time, after(3_050)), 1);
    }

    #[test]
    fn a_timeout_that_is_used_no_more_leaves_its_queue_to_another() {
        let mut calls = Calls::new();
        for timeout in 1..1_000 {
            let permit = calls.insert(call(0, timeout));
            assert_eq!(calls.next_deadline(&TIME, at(0)), Some(Nanos::new(timeout)));
            assert!(calls.end(permit).is_ok());
        }
        assert_eq!(calls.slab.all().count(), LISTS as usize + 1);
    }

    #[test]
    fn a_settled_call_leaves_nothing_behind() {
        let mut calls = Calls::new();
        for round in 1..1000 {
            let permit = calls.insert(call(round, 10));
            assert!(calls.end(permit).is_ok());
        }
        assert_eq!(calls.slab.all().count(), LISTS as usize + 1);
        assert_eq!(calls.next_deadline(&TIME, at(0)), None);
        assert_eq!(calls.waiting(), 0);
    }

    #[test]
    fn a_call_that_is_late_ends_after_its_maker_has_been_told() {
        let mut calls = Calls::new();
        let permit = calls.insert(call(0, 10));
        calls.expire(&TIME, at(10));
        let (permit, stage) = calls.end(permit).unwrap_err();
        assert_eq!(stage, Stage::Expired);
        assert_eq!(calls.poll_expired(), Some(permit));
        assert!(calls.end(Permit::of_slot(LISTS)).is_ok());
        assert!(!calls.has_expired());
        assert_eq!(calls.waiting(), 0);
    }

    #[test]
    fn a_call_that_began_as_late_as_time_goes_is_late_all_the_same() {
        let mut calls = Calls::new();
        let permit = calls.insert(call(u64::MAX - 5, 10)).into_raw();
        assert_eq!(calls.expire(&TIME, at(u64::MAX)), 1);
        assert_eq!(told(&mut calls), [permit]);
        assert!(calls.end(Permit::from_raw(permit)).is_ok());
        assert_eq!(calls.waiting(), 0);
    }

    #[test]
    fn a_call_without_a_timeout_has_no_deadline() {
        let mut calls = Calls::new();
        let permit = calls.insert(call(5, 0));
        assert_eq!(calls.next_deadline(&TIME, at(0)), None);
        assert_eq!(calls.waiting(), 0);
        assert!(calls.end(permit).is_ok());
        assert_eq!(calls.waiting(), 0);
    }

    #[test]
    fn a_call_is_under_way_until_it_has_ended_or_failed() {
        let mut calls = Calls::new();
        let [ended, failed, late, told, refused] =
            [0, 0, 10, 5, 0].map(|timeout| calls.insert(call(0, timeout)));
        assert!(calls.end(ended).is_ok());
        calls.set_stage(&failed, Stage::Failed);
        calls.set_stage(&refused, Stage::Refused);
        calls.expire(&TIME, at(5));
        assert_eq!(calls.poll_expired().as_ref(), Some(&told));
        calls.expire(&TIME, at(10));
        assert_eq!(calls.next_under_way(0).as_ref(), Some(&late));
        assert_eq!(calls.next_under_way(late.raw() + 1).as_ref(), Some(&told));
        assert_eq!(calls.next_under_way(told.raw() + 1), None);
    }

    #[test]
    fn a_permit_nobody_holds_is_found_out() {
        let mut calls = Calls::new();
        let permit = calls.insert(call(0, 10)).into_raw();
        assert!(calls.end(Permit::from_raw(permit)).is_ok());
        assert!(calls.end(Permit::from_raw(permit)).is_err());
        assert!(calls.get(&Permit::from_raw(permit)).is_none());
        assert!(calls.get(&Permit::from_raw(7)).is_none());
        assert!(calls.get(&Permit::from_raw(u32::MAX)).is_none(), "a slot of a list");
    }

    #[test]
    fn permits_that_are_out_are_found_one_after_the_other() {
        let mut calls = Calls::new();
        let mut out: Vec<_> = (1..40).map(|n| calls.insert(call(0, n)).into_raw()).collect();
        for raw in out.extract_if(.., |raw| raw.is_multiple_of(4)) {
            assert!(calls.end(Permit::from_raw(raw)).is_ok());
        }
        let (mut found, mut from) = (vec![], 0);
        while let Some(permit) = calls.next_out(from) {
            from = permit.raw() + 1;
            found.push(permit.into_raw());
        }
        out.sort();
        assert_eq!(found, out);
    }
}

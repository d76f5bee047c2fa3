//! Inputs: a call wants to begin, or has ended; time has passed.

use super::answer::{Admission, Event, Refusal, Settled, TimedOut};
use super::mode::Mode;
use super::state::State;
use super::CircuitBreaker;
use crate::calls::call_time::CallTime;
use crate::calls::expiry::Observation;
use crate::calls::stall_log::{StallLog, Stalls, NO_STALLS};
use crate::calls::{Call, NewCall, Permit, Stage};
use crate::config::TimeoutClock;
use crate::metrics::window::Counter;
use crate::policy::outcome::Outcome;
use crate::policy::trip::tripped::{Reason, Tripped};
use crate::time::{Nanos, Now};
use crate::timers::Timer;

impl CircuitBreaker {
    /// Asks to begin a call. `counted` says that the caller has counted the fire
    /// already (to announce it first).
    #[inline]
    pub fn try_acquire(&mut self, counted: bool, now: Now) -> Admission {
        self.advance(now.monotonic);
        if !self.events.is_empty() {
            return Admission::EventsFirst;
        }
        self.acquire(counted, now)
    }

    /// The same, whatever there is to announce: for a call before which events are announced
    /// without end, because listeners make ever more of them.
    pub fn try_acquire_anyway(&mut self, counted: bool, now: Now) -> Admission {
        self.advance(now.monotonic);
        self.acquire(counted, now)
    }

    /// The same for a call that has a timeout of its own, or none: whatever there is to announce,
    /// if `anyway`.
    pub fn try_acquire_within(
        &mut self,
        timeout: Option<Nanos>,
        counted: bool,
        anyway: bool,
        now: Now,
    ) -> Admission {
        self.within(timeout, |breaker| {
            if anyway {
                breaker.try_acquire_anyway(counted, now)
            } else {
                breaker.try_acquire(counted, now)
            }
        })
    }

    /// Does something for a call that has a timeout of its own, or none.
    pub(super) fn within<R>(
        &mut self,
        timeout: Option<Nanos>,
        act: impl FnOnce(&mut Self) -> R,
    ) -> R {
        let timeout = timeout.filter(|timeout| !timeout.is_never());
        let usual = std::mem::replace(&mut self.timeout, timeout);
        self.on_own_terms = true;
        let result = act(self);
        (self.timeout, self.on_own_terms) = (usual, false);
        result
    }

    #[inline(always)]
    fn acquire(&mut self, counted: bool, now: Now) -> Admission {
        if self.passes {
            if !counted {
                self.window.count(Counter::Fires);
            }
            self.admit(now)
        } else {
            self.admit_unless_closed(counted, now)
        }
    }

    /// Tells that a call ended well, or with an error that does not count as one, on a loop
    /// that was never stalled.
    pub fn on_success(&mut self, permit: Permit, now: Now) -> Settled {
        self.on_success_in(permit, &NO_STALLS, now)
    }

    /// The same on a loop with those stalls, which are asked for where it matters how long the
    /// call took.
    #[inline(always)]
    pub fn on_success_in(&mut self, permit: Permit, stalls: impl Stalls, now: Now) -> Settled {
        self.advance(now.monotonic);
        if self.watches_successes {
            self.succeed_watched(permit, stalls, now)
        } else {
            self.succeed(permit, now, |_, _| {})
        }
    }

    // On its own: whoever looks at the whole call makes a copy of it, which costs as much as
    // the window does.
    #[inline(never)]
    fn succeed_watched(&mut self, permit: Permit, stalls: impl Stalls, now: Now) -> Settled {
        let settled =
            self.succeed(permit, now, |breaker, call| breaker.follow_success(call, stalls, now));
        self.give_turns();
        settled
    }

    /// Ends a call well; `follow` sees one of the generation that stands.
    #[inline(always)]
    fn succeed(
        &mut self,
        permit: Permit,
        now: Now,
        follow: impl FnOnce(&mut Self, &Call),
    ) -> Settled {
        let call = match self.calls.end(permit) {
            Ok(call) => call,
            Err((permit, stage)) => return Self::refuse_outcome(permit, stage),
        };
        if call.stage == Stage::Pending {
            self.give_place_back();
        }
        if self.machine.is_shutdown() {
            return Settled::Done { latency: latency_ms(&call, now) };
        }
        Outcome::Success.count_in(&mut self.window, now.monotonic - call.started);
        if call.generation == self.machine.generation() {
            self.trip.on_success();
            follow(self, &call);
        }
        Settled::Done { latency: latency_ms(&call, now) }
    }

    /// What follows from a success of the generation that stands, where anything does.
    fn follow_success(&mut self, call: &Call, stalls: impl Stalls, now: Now) {
        self.limit_by_success(call, now);
        self.learn_from_success(call, now);
        let slow = self.is_slow(call, stalls, now);
        self.trip.note_success(slow, &self.window);
        if let Some(retry) = &mut self.retry {
            retry.on_success(now.monotonic);
        }
        match self.machine.state() {
            State::HalfOpen { .. } => self.settle_probe(slow, now),
            State::Closed if slow => {
                if let Some(tripped) = self.trip.slow_calls_trip(&self.window, now.monotonic) {
                    self.open_circuit(tripped);
                }
            }
            _ => {}
        }
    }

    /// Whether a call was slow that ends now, where anybody wants to know: in loop time, as it is
    /// late.
    fn is_slow(&self, call: &Call, stalls: impl Stalls, now: Now) -> bool {
        if !self.trip.watches_slow_calls() {
            return false;
        }
        let took = now.monotonic - call.started;
        // Most are not, whatever is forgiven.
        self.trip.is_slow(took)
            && self.trip.is_slow(took - stalls.with(|stalls| self.forgiven(call, stalls, now)))
    }

    fn forgiven(&self, call: &Call, stalls: &StallLog, now: Now) -> Nanos {
        match call.stage {
            // What has come since is not to be forgiven.
            Stage::Notified if self.timeout_clock == TimeoutClock::Loop => call.forgiven,
            _ => CallTime::new(self.timeout_clock, stalls).forgiven(call, now),
        }
    }

    /// Tells that a call ended badly. It is counted; whether the circuit opens is
    /// decided by [`evaluateTrip`](CircuitBreaker::evaluate_trip), so that what listeners to the
    /// failure do comes first.
    pub fn on_failure(&mut self, permit: Permit, now: Now) -> Settled {
        self.on_failure_in(permit, &NO_STALLS, now)
    }

    /// The same on a loop with those stalls.
    pub fn on_failure_in(&mut self, permit: Permit, stalls: impl Stalls, now: Now) -> Settled {
        let call = match self.end(&permit, now) {
            Ok(call) => call,
            Err(stage) => return Self::refuse_outcome(permit, stage),
        };
        self.calls.set_stage(&permit, Stage::Failed);
        if !self.machine.is_shutdown() {
            Outcome::Failure.count_in(&mut self.window, now.monotonic - call.started);
            self.learn_from_failure(&call);
        }
        if call.generation == self.machine.generation() {
            let slow = self.is_slow(&call, stalls, now);
            self.trip.on_failure(call.stage == Stage::Refused, slow, &self.window);
        }
        Settled::Failed { permit, latency: latency_ms(&call, now) }
    }

    /// Tells that a call ended, and that this says nothing of what is behind the circuit: it is
    /// neither a success nor a failure, and no trace of it is left in rates and rows. Of a
    /// half-open circuit whose probe it was, the next call is one.
    pub fn on_ignored(&mut self, permit: Permit, now: Now) -> Settled {
        let call = match self.end(&permit, now) {
            Ok(call) => call,
            Err(stage) => return Self::refuse_outcome(permit, stage),
        };
        // Its stage is none in which no call ends.
        let _ = self.calls.end(permit);
        if !self.machine.is_shutdown() {
            self.trip.on_ignored(&self.window);
            if call.generation == self.machine.generation() && self.machine.is_half_open() {
                self.give_back_probe();
            }
        }
        self.give_turns();
        Settled::Done { latency: latency_ms(&call, now) }
    }

    /// Spends the permit of a failed call: opens the circuit if too many probes of a
    /// half-open one have failed, or if there is another [reason](crate::breaker::Reason). A call of an earlier
    /// generation changes nothing. Returns whether somebody held the permit.
    pub fn evaluate_trip(&mut self, permit: Permit, now: Now) -> bool {
        let Ok(Call { generation, .. }) = self.calls.end(permit) else { return false };
        self.advance(now.monotonic);
        if generation == self.machine.generation() {
            self.judge(now);
        }
        // Its place, unless the circuit has opened.
        self.give_turns();
        true
    }

    /// A call of the generation that stands has failed: decides what follows.
    fn judge(&mut self, now: Now) {
        match self.machine.state() {
            State::HalfOpen { .. } => self.settle_probe(true, now),
            State::Closed => match self.trip.trips(&self.window, now.monotonic) {
                Some(tripped) => self.open_circuit(tripped),
                None if self.trip.asks_host(&self.window, now.monotonic) => self.asks_host = true,
                None if self.mode == Mode::MetricsOnly => self.note_reason(false),
                None => {}
            },
            State::Open { .. } | State::Shutdown => {}
        }
    }

    /// Whether the host is to say if there is reason to open the circuit. It is told by
    /// [`on_answer`](CircuitBreaker::on_answer).
    pub fn take_question(&mut self) -> bool {
        std::mem::take(&mut self.asks_host)
    }

    /// Tells what the host said when it was asked. A circuit that is not closed any more moves by
    /// its own rules.
    pub fn on_answer(&mut self, trips: bool, now: Now) {
        self.advance(now.monotonic);
        if !self.machine.is_closed() {
            return;
        }
        if trips {
            self.open_circuit(Tripped::by(Reason::Host, now.monotonic));
        } else if self.mode == Mode::MetricsOnly {
            self.note_reason(false);
        }
    }

    /// Tells that whoever held a permit is gone, and will not tell what became of the call:
    /// it has failed. Returns whether somebody held the permit.
    pub fn abandon(&mut self, permit: Permit, now: Now) -> bool {
        if self.calls.get(&permit).is_some_and(|call| call.stage == Stage::Expired) {
            self.calls.set_stage(&permit, Stage::Notified);
        }
        match self.calls.get(&permit).map(|call| call.stage) {
            // It was counted before.
            Some(Stage::Failed) => self.evaluate_trip(permit, now),
            _ => match self.on_failure(permit, now) {
                Settled::Failed { permit, .. } => self.evaluate_trip(permit, now),
                _ => false,
            },
        }
    }

    /// Tells that the maker of a late call has heard of it: counts the timeout. The
    /// call then ends through [`on_failure`](CircuitBreaker::on_failure) or, when its
    /// error is filtered, [`on_success`](CircuitBreaker::on_success). `None` when it is
    /// not a late call.
    pub fn on_timeout(&mut self, permit: &Permit, now: Now) -> Option<TimedOut> {
        let call = *self.calls.get(permit)?;
        if !matches!(call.stage, Stage::Expired | Stage::Notified) {
            return None;
        }
        self.calls.set_stage(permit, Stage::Notified);
        self.advance(now.monotonic);
        if !self.machine.is_shutdown() {
            Outcome::TimedOut.count_in(&mut self.window, now.monotonic - call.started);
            self.limit_by_timeout(&call, now);
            self.learn_from_timeout(&call, now);
            self.give_turns();
        }
        Some(TimedOut { latency: latency_ms(&call, now), stalled: call.forgiven.as_millis() })
    }

    /// Tells that time has passed: half-opens a circuit whose time is up, expires
    /// late calls, takes a snapshot. `stalls` are those of the loop.
    pub fn on_timer(&mut self, look: Option<&Observation>, stalls: &StallLog, now: Now) {
        self.advance(now.monotonic);
        let time = CallTime::new(self.timeout_clock, stalls);
        // By the wall clock a call is late whether or not the loop had its look.
        let look = look.filter(|_| self.timeout_clock == TimeoutClock::Loop);
        let expired = self.expiry.expire(&mut self.calls, &time, look, now);
        self.published.capacity().give_back(expired);
        self.give_turns();
        self.look_at_queue(&time, look, now);
        if self.timers.is_due(Timer::Probes, now.monotonic) {
            self.look_for_probes(&time, look, now);
        }
        if self.timers.is_due(Timer::Snapshot, now.monotonic) {
            self.events.push_back(Event::Snapshot);
            self.timers.set(Timer::Snapshot, self.next_snapshot(now.monotonic));
        }
        let next = self.poll_timer(stalls, now);
        self.timers.wake_at_last(next.unwrap_or(Nanos::MAX));
    }

    /// Tells that other threads have given commands: obeys, if it has not done so before.
    pub fn on_commands(&mut self, now: Now) {
        self.advance(now.monotonic);
    }

    /// Counts one of those things that only the host sees: a fire that is announced
    /// before it is admitted, a fallback, an answer from a cache. False when there are
    /// events to announce first, and nothing was counted; unless it is to be counted
    /// `anyway`.
    pub fn count(&mut self, kind: Counter, anyway: bool, now: Now) -> bool {
        self.advance(now.monotonic);
        if !self.events.is_empty() && !anyway {
            return false;
        }
        if !self.machine.is_shutdown() {
            self.window.count(kind);
        }
        true
    }

    // How a call is let in, and how it ends.

    #[inline(always)]
    fn admit(&mut self, now: Now) -> Admission {
        if self.take_place() {
            self.begin(now)
        } else {
            self.lock_out(self.machine.generation(), now)
        }
    }

    /// The same for a call that does not pass without being asked anything.
    pub(super) fn admit_asked(&mut self, now: Now) -> Admission {
        if !self.has_queue() && self.take_place() {
            self.begin_asked(now)
        } else {
            self.queue_up(self.machine.generation(), now)
        }
    }

    /// Begins a call that has its place of the capacity.
    #[inline(always)]
    pub(super) fn begin(&mut self, now: Now) -> Admission {
        let timeout = self.timeout;
        if let Some(timeout) = timeout {
            self.timers.wake_by(now.monotonic + timeout);
        }
        Admission::Admitted(self.calls.insert(NewCall {
            started: now.monotonic,
            timeout,
            stalls: now.stalls,
            generation: self.machine.generation(),
            stage: Stage::Pending,
        }))
    }

    /// The same where the timeout may be one that is learned.
    pub(super) fn begin_asked(&mut self, now: Now) -> Admission {
        if self.learner.is_some() {
            self.begin_learned(now)
        } else {
            self.begin(now)
        }
    }

    /// Refuses a call for which there is no place.
    #[cold]
    pub(super) fn lock_out(&mut self, generation: u32, now: Now) -> Admission {
        self.window.count(Counter::SemaphoreRejections);
        let generation = self.note_want_of_place(generation);
        let permit = self.calls.insert(NewCall {
            started: now.monotonic,
            timeout: None,
            stalls: now.stalls,
            generation,
            stage: Stage::Refused,
        });
        Admission::Refused(Refusal::Capacity(permit))
    }

    #[cold]
    fn admit_unless_closed(&mut self, counted: bool, now: Now) -> Admission {
        if self.machine.is_shutdown() || self.mode == Mode::Draining {
            return Admission::Refused(Refusal::Shutdown);
        }
        if !counted {
            self.window.count(Counter::Fires);
        }
        match self.mode {
            Mode::Disabled => return Admission::Unguarded,
            // Nobody is refused; the places that are taken beyond are given back as any.
            Mode::MetricsOnly => {
                self.published.capacity().grow(-1);
                return self.begin_asked(now);
            }
            Mode::Normal | Mode::ForcedOpen | Mode::Draining => {}
        }
        if self.machine.awaits_probe() && self.is_probed_by_calls() {
            return self.admit_probe(now);
        }
        if self.machine.is_closed() {
            if self.trip.is_throttled() && !self.is_let_through(now) {
                self.window.count(Counter::Rejects);
                return Admission::Refused(Refusal::Throttled);
            }
            return self.admit_while_ramping(now);
        }
        self.window.count(Counter::Rejects);
        let retry_after = self.machine.state().retry_after(now.monotonic);
        Admission::Refused(Refusal::Open { retry_after })
    }

    /// The call that ends with an outcome at `now`, its place of the capacity given
    /// back; or the stage in which it can have none.
    #[inline]
    fn end(&mut self, permit: &Permit, now: Now) -> Result<Call, Stage> {
        self.advance(now.monotonic);
        let call = *self.calls.get(permit).ok_or(Stage::Free)?;
        match call.stage {
            Stage::Pending => self.give_place_back(),
            Stage::Notified | Stage::Refused | Stage::Failed => {}
            Stage::Expired | Stage::Free => return Err(call.stage),
        }
        Ok(call)
    }

    #[cold]
    fn refuse_outcome(permit: Permit, stage: Stage) -> Settled {
        match stage {
            Stage::Expired => Settled::Late(permit),
            _ => Settled::Unknown,
        }
    }
}

/// The difference of two readings of a clock that shows whole milliseconds, which is
/// how opossum measures: right on average, for calls much shorter than one, too.
#[inline]
fn latency_ms(call: &Call, now: Now) -> u64 {
    now.monotonic.as_millis().saturating_sub(call.started.as_millis())
}

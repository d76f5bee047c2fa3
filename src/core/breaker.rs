//! The circuit breaker: one state machine, one window, the calls in flight.
//!
//! It is driven, it drives nothing: it has no clock, no thread and no callbacks. A
//! host calls it in this order:
//!
//! 1. **Inputs** tell it what happened: [`try_acquire`](CircuitBreaker::try_acquire)
//!    before a call, then [`on_success`](CircuitBreaker::on_success), or
//!    [`on_failure`](CircuitBreaker::on_failure) and
//!    [`judge`](CircuitBreaker::judge), after it;
//!    [`on_timeout`](CircuitBreaker::on_timeout) before either for a call that was
//!    late; [`on_timer`](CircuitBreaker::on_timer) when the time has come that
//!    `poll_timer` named.
//! 2. **Commands** of the user: [`open`](CircuitBreaker::open),
//!    [`close`](CircuitBreaker::close), [`set_enabled`](CircuitBreaker::set_enabled)
//!    and so on.
//! 3. **Outputs** are polled after any of these:
//!    [`poll_event`](CircuitBreaker::poll_event) and
//!    [`poll_expired`](CircuitBreaker::poll_expired) until they are empty,
//!    [`poll_timer`](CircuitBreaker::poll_timer) for the next wake-up.
//!
//! State follows the clock: an open circuit whose time is up is half open for
//! whoever asks next, whether or not a timer came first.

use std::collections::VecDeque;

use super::call_time::CallTime;
use super::calls::{Call, Calls, NewCall, Permit, Stage};
use super::config::{Config, Limits, TimeoutClock};
use super::lateness::{Lateness, Look};
use super::stall_log::{StallLog, NO_STALLS};
use super::state::{Machine, State};
use super::time::{Nanos, Now, Shift};
use super::trip;
use super::window::{Count, Window};

/// The answer to a call that wants to begin.
#[derive(Debug, PartialEq, Eq)]
pub enum Admission {
    /// Run the action; give the permit back with its outcome.
    Admitted(Permit),
    /// Run the action; the breaker is disabled and takes no interest in it.
    Unguarded,
    /// Do not run it.
    Refused(Refusal),
    /// The clock has moved the state. Announce what
    /// [`poll_event`](CircuitBreaker::poll_event) gives, then ask again. Nothing was
    /// counted.
    EventsFirst,
}

/// Why a call may not begin.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The circuit is open; or it is half open and its probe is out.
    Open {
        /// In what time asking again may be answered otherwise; [`Nanos::MAX`]: never by
        /// itself. `None`: when the probe has ended, and not before.
        retry_after: Option<Nanos>,
    },
    /// As many calls as `capacity` allows are under way. The refused call counts as
    /// one that failed: settle its permit.
    Capacity(Permit),
    /// The breaker is shut down.
    Shutdown,
}

/// What came of telling an outcome.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Settled {
    /// Counted; the permit is spent. `latency` in whole milliseconds.
    Done {
        /// How long the call took.
        latency: u64,
    },
    /// Counted as a failure. Announce it, then spend the permit with
    /// [`judge`](CircuitBreaker::judge).
    ToJudge {
        /// The call's permit, still out.
        permit: Permit,
        /// How long the call took, in whole milliseconds.
        latency: u64,
    },
    /// The deadline came first and nothing was counted: the call has timed out,
    /// whatever its action did since. Go on with
    /// [`on_timeout`](CircuitBreaker::on_timeout).
    Late(Permit),
    /// Nobody holds such a permit; nothing was counted.
    Unknown,
}

/// What there is to say of a call that has timed out, in whole milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut {
    /// How long it took.
    pub latency: u64,
    /// For how long its time stood still, because the loop was stalled.
    pub stalled: u64,
}

/// Something to announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The circuit opened.
    Opened,
    /// The circuit closed.
    Closed,
    /// The circuit lets one call try; one more, when it was half open already and its probe
    /// has been out for too long.
    HalfOpened,
    /// A bucket of the window is complete and somebody wants to know.
    Snapshot,
}

/// See the [module](self).
#[derive(Debug)]
pub struct CircuitBreaker {
    config: Config,
    machine: Machine,
    window: Window,
    calls: Calls,
    lateness: Lateness,
    /// Calls that may still begin. Below one: none.
    available: i64,
    /// Failures since the last success or closing, of calls of the generation that
    /// stands.
    failures_in_a_row: u32,
    enabled: bool,
    warm_until: Nanos,
    made_at: Nanos,
    snapshot_at: Nanos,
    /// See [`CircuitBreaker::wake_at`].
    wake_at: Nanos,
    events: VecDeque<Event>,
}

impl CircuitBreaker {
    /// A breaker in the closed state.
    pub fn new(config: Config, now: Now) -> Self {
        CircuitBreaker {
            machine: Machine::new(State::Closed),
            window: Window::new(&config.window, now.wall),
            calls: Calls::new(),
            lateness: Lateness::default(),
            available: config.capacity,
            failures_in_a_row: 0,
            enabled: config.enabled,
            warm_until: config.warm_up.map_or(Nanos::ZERO, |warm_up| now.wall + warm_up),
            made_at: now.wall,
            snapshot_at: Nanos::MAX,
            wake_at: Nanos::MAX,
            events: VecDeque::new(),
            config,
        }
    }

    // Inputs.

    /// Asks to begin a call. `counted` says that the caller has counted the fire
    /// already (to announce it first).
    #[inline]
    pub fn try_acquire(&mut self, counted: bool, now: Now) -> Admission {
        self.advance(now.wall);
        if !self.events.is_empty() {
            return Admission::EventsFirst;
        }
        self.acquire(counted, now)
    }

    /// The same, whatever there is to announce: for a call before which events are announced
    /// without end, because listeners make ever more of them.
    pub fn try_acquire_anyway(&mut self, counted: bool, now: Now) -> Admission {
        self.advance(now.wall);
        self.acquire(counted, now)
    }

    #[inline]
    fn acquire(&mut self, counted: bool, now: Now) -> Admission {
        if !counted && !self.machine.is_shutdown() {
            self.window.count(Count::Fires);
        }
        if self.machine.is_closed() && self.enabled {
            self.admit(now)
        } else {
            self.admit_unless_closed(now)
        }
    }

    /// Tells that a call ended well, or with an error that does not count as one.
    #[inline]
    pub fn on_success(&mut self, permit: Permit, now: Now) -> Settled {
        self.advance(now.wall);
        let call = match self.calls.end(permit) {
            Ok(call) => call,
            Err((permit, stage)) => return Self::refuse_outcome(permit, stage),
        };
        if call.stage == Stage::Pending {
            self.release_capacity();
        }
        if self.machine.is_shutdown() {
            return Settled::Done { latency: latency_ms(&call, now) };
        }
        self.window.count(Count::Successes);
        self.window.record(now.wall - call.started);
        if call.generation == self.machine.generation() {
            self.failures_in_a_row = 0;
            if matches!(self.machine.state(), State::HalfOpen { .. }) {
                self.close(now);
            }
        }
        Settled::Done { latency: latency_ms(&call, now) }
    }

    /// Tells that a call ended badly. It is counted; whether the circuit opens is
    /// decided by [`judge`](CircuitBreaker::judge), so that what listeners to the
    /// failure do comes first.
    pub fn on_failure(&mut self, permit: Permit, now: Now) -> Settled {
        let call = match self.end(&permit, now) {
            Ok(call) => call,
            Err(stage) => return Self::refuse_outcome(permit, stage),
        };
        self.calls.set_stage(&permit, Stage::Failed);
        if !self.machine.is_shutdown() {
            self.window.count(Count::Failures);
            self.window.record(now.wall - call.started);
        }
        if call.generation == self.machine.generation() {
            self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        }
        Settled::ToJudge { permit, latency: latency_ms(&call, now) }
    }

    /// Spends the permit of a failed call: opens the circuit if the call was the
    /// probe of a half-open one, or if the rate of failures or their number in a row
    /// says so. A call of an earlier generation changes nothing. Returns whether somebody held the permit.
    pub fn judge(&mut self, permit: Permit, now: Now) -> bool {
        let Ok(Call { generation, .. }) = self.calls.end(permit) else { return false };
        self.advance(now.wall);
        if generation != self.machine.generation() {
            return true;
        }
        let trips = match self.machine.state() {
            State::HalfOpen { .. } => true,
            State::Closed => {
                !self.is_warming_up(now)
                    && trip::should_open(&self.config, &self.window, self.failures_in_a_row)
            }
            State::Open { .. } | State::Shutdown => false,
        };
        if trips {
            self.open(now);
        }
        true
    }

    /// Tells that whoever held a permit is gone, and will not tell what became of the call:
    /// it has failed. Returns whether somebody held the permit.
    pub fn abandon(&mut self, permit: Permit, now: Now) -> bool {
        if self.calls.get(&permit).is_some_and(|call| call.stage == Stage::Expired) {
            self.calls.set_stage(&permit, Stage::Told);
        }
        match self.calls.get(&permit).map(|call| call.stage) {
            // It was counted before.
            Some(Stage::Failed) => self.judge(permit, now),
            _ => match self.on_failure(permit, now) {
                Settled::ToJudge { permit, .. } => self.judge(permit, now),
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
        if !matches!(call.stage, Stage::Expired | Stage::Told) {
            return None;
        }
        self.calls.set_stage(permit, Stage::Told);
        self.advance(now.wall);
        if !self.machine.is_shutdown() {
            self.window.count(Count::Timeouts);
            // Once more when it is counted as a failure: opossum weighs a timeout
            // twice in its latencies, and dashboards are tuned to that.
            self.window.record(now.wall - call.started);
        }
        Some(TimedOut { latency: latency_ms(&call, now), stalled: call.forgiven.as_millis() })
    }

    /// Tells that time has passed: half-opens a circuit whose time is up, expires
    /// late calls, takes a snapshot. `stalls` are those of the loop.
    pub fn on_timer(&mut self, look: Option<&Look>, stalls: &StallLog, now: Now) {
        self.advance(now.wall);
        let time = CallTime::new(self.config.timeout_clock, stalls);
        // By the wall clock a call is late whether or not the loop had its look.
        let look = look.filter(|_| self.config.timeout_clock == TimeoutClock::Loop);
        let expired = self.lateness.expire(&mut self.calls, &time, look, now);
        self.available = self.available.saturating_add(expired as i64);
        if self.snapshot_at <= now.wall {
            self.events.push_back(Event::Snapshot);
            self.snapshot_at = self.next_snapshot(now.wall);
        }
        self.wake_at = self.poll_timer(stalls, now).unwrap_or(Nanos::MAX);
    }

    /// Counts one of those things that only the host sees: a fire that is announced
    /// before it is admitted, a fallback, an answer from a cache. False when there are
    /// events to announce first, and nothing was counted; unless it is to be counted
    /// `anyway`.
    pub fn count(&mut self, kind: Count, anyway: bool, now: Now) -> bool {
        self.advance(now.wall);
        if !self.events.is_empty() && !anyway {
            return false;
        }
        if !self.machine.is_shutdown() {
            self.window.count(kind);
        }
        true
    }

    // Commands.

    /// Opens the circuit for the reset timeout, at least a millisecond.
    pub fn open(&mut self, now: Now) {
        self.advance(now.wall);
        let retry_at = now.wall + self.reset_timeout();
        if self.machine.open(retry_at) {
            self.wake_by(retry_at);
            self.window.mark_circuit(true);
            self.events.push_back(Event::Opened);
        }
    }

    /// Closes the circuit.
    pub fn close(&mut self, now: Now) {
        self.advance(now.wall);
        if self.machine.close() {
            self.failures_in_a_row = 0;
            self.window.mark_circuit(false);
            self.events.push_back(Event::Closed);
        }
    }

    /// Puts a new breaker into the state of an earlier one; announces nothing.
    pub fn restore(&mut self, state: State) {
        self.machine = Machine::new(state);
        self.wake_by(self.machine.next_move());
        if let State::Open { .. } = state {
            self.window.mark_circuit(true);
        }
    }

    /// Takes over the window of another breaker, counts and shape.
    pub fn set_window(&mut self, window: Window) {
        self.window = window;
    }

    /// Goes on with another clock, on which everything that is to come is as far away as
    /// it was: a test has put its own in place. `stalls` are those of the loop that is left.
    pub fn change_clocks(&mut self, shift: &Shift, stalls: &StallLog) {
        self.advance(shift.from.wall);
        self.calls.change_clocks(shift, &CallTime::new(self.config.timeout_clock, stalls));
        self.machine.change_clocks(shift);
        self.window.change_clocks(shift);
        self.lateness = Lateness::default();
        for at in [&mut self.warm_until, &mut self.made_at, &mut self.snapshot_at] {
            *at = shift.wall(*at);
        }
        self.wake_at = self.poll_timer(&NO_STALLS, shift.to).unwrap_or(Nanos::MAX);
    }

    /// Guards calls, or lets every call through untouched.
    pub fn set_enabled(&mut self, enabled: bool) {
        self.enabled = enabled;
    }

    /// Refuses calls and counts nothing from now on. Calls under way still settle
    /// and still time out.
    pub fn shutdown(&mut self, now: Now) {
        self.advance(now.wall);
        self.machine.shutdown();
        self.window.freeze();
        self.enabled = false;
        self.snapshot_at = Nanos::MAX;
        self.events.clear();
    }

    /// Changes the limits for calls that begin, and decisions that are made, from
    /// now on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.config.limits = limits;
    }

    /// Asks for a [`Event::Snapshot`] at the end of every bucket, or for none.
    pub fn set_snapshots(&mut self, wanted: bool, now: Now) {
        let wanted = wanted && !self.machine.is_shutdown();
        self.snapshot_at = if wanted { self.next_snapshot(now.wall) } else { Nanos::MAX };
        self.wake_by(self.snapshot_at);
    }

    /// Takes a place of the capacity by hand. Returns whether there was one.
    pub fn take_capacity(&mut self) -> bool {
        let free = self.available > 0;
        self.available -= i64::from(free);
        free
    }

    /// Gives a place of the capacity back by hand; one that was never taken adds to
    /// it.
    pub fn release_capacity(&mut self) {
        self.available = self.available.saturating_add(1);
    }

    // Outputs.

    /// The next thing to announce, in the order in which it happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The next call that is late and whose maker has not been told.
    pub fn poll_expired(&mut self) -> Option<Permit> {
        self.calls.poll_expired()
    }

    /// When to call [`on_timer`](CircuitBreaker::on_timer) next, by the wall clock,
    /// unless something else is called before; `None`: not until then.
    #[inline]
    pub fn poll_timer(&self, stalls: &StallLog, now: Now) -> Option<Nanos> {
        let mut at = self.snapshot_at.min(self.machine.next_move());
        if self.lateness.suspects() {
            at = at.min(now.wall + LOOK_AGAIN);
        } else {
            let time = CallTime::new(self.config.timeout_clock, stalls);
            let deadline = self.calls.next_deadline(&time, now);
            at = at.min(deadline.unwrap_or(Nanos::MAX));
        }
        (!at.is_never()).then_some(at)
    }

    /// The same as [`poll_timer`](CircuitBreaker::poll_timer) for a driver that would
    /// rather be called too early now and then than ask after each operation: a moment
    /// that is never later than that, and only moves when one comes that is earlier, or
    /// with [`on_timer`](CircuitBreaker::on_timer).
    #[inline]
    pub fn wake_at(&self) -> Nanos {
        self.wake_at
    }

    // Getters.

    /// Whether there is something to announce.
    #[inline]
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// Whether there is a late call whose maker has not been told.
    pub fn has_expired(&self) -> bool {
        self.calls.has_expired()
    }

    /// Where the circuit stands at `now`.
    pub fn state(&mut self, now: Now) -> State {
        self.advance(now.wall);
        self.machine.state()
    }

    /// Whether calls are guarded.
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Whether failures do not open the circuit yet.
    pub fn is_warming_up(&self, now: Now) -> bool {
        now.wall < self.warm_until
    }

    /// How many more calls may begin; below one: none.
    pub fn available(&self) -> i64 {
        self.available
    }

    /// Number of permits out for calls with a timeout.
    pub fn waiting(&self) -> usize {
        self.calls.waiting()
    }

    /// Whether there are any.
    #[inline]
    pub fn is_waiting(&self) -> bool {
        self.waiting() > 0
    }

    /// How many stalls there were before the first of the calls that wait began: no call
    /// will ask for any of them.
    pub fn oldest_stall(&self) -> Option<u64> {
        self.calls.oldest_stall()
    }

    /// The next permit that is out, at or after a raw one, whatever became of its call.
    pub fn next_out(&self, from: u32) -> Option<Permit> {
        self.calls.next_out(from)
    }

    /// The window as it is at `now`.
    pub fn window(&mut self, now: Now) -> &mut Window {
        self.advance(now.wall);
        &mut self.window
    }

    // Private.

    /// What the clock alone does.
    #[inline]
    fn advance(&mut self, wall: Nanos) {
        self.window.advance(wall);
        if self.machine.advance(wall) {
            self.events.push_back(Event::HalfOpened);
        }
    }

    #[inline]
    fn wake_by(&mut self, at: Nanos) {
        self.wake_at = self.wake_at.min(at);
    }

    #[inline]
    fn admit(&mut self, now: Now) -> Admission {
        if self.take_capacity() {
            self.begin(now)
        } else {
            self.lock_out(self.machine.generation(), now)
        }
    }

    /// Begins a call that has its place of the capacity.
    #[inline]
    fn begin(&mut self, now: Now) -> Admission {
        let timeout = self.timeout();
        if let Some(timeout) = timeout {
            self.wake_by(now.wall + timeout);
        }
        Admission::Admitted(self.calls.insert(NewCall {
            started: now.wall,
            timeout,
            stalls: now.stalls,
            generation: self.machine.generation(),
            stage: Stage::Pending,
        }))
    }

    /// How long a call that begins may take.
    #[inline]
    fn timeout(&self) -> Option<Nanos> {
        self.config.limits.timeout.filter(|timeout| !timeout.is_never())
    }

    /// Refuses a call for which there is no place.
    #[cold]
    fn lock_out(&mut self, generation: u32, now: Now) -> Admission {
        self.window.count(Count::SemaphoreRejections);
        let permit = self.calls.insert(NewCall {
            started: now.wall,
            timeout: None,
            stalls: now.stalls,
            generation,
            stage: Stage::Refused,
        });
        Admission::Refused(Refusal::Capacity(permit))
    }

    #[cold]
    fn admit_unless_closed(&mut self, now: Now) -> Admission {
        if self.machine.is_shutdown() {
            return Admission::Refused(Refusal::Shutdown);
        }
        if !self.enabled {
            return Admission::Unguarded;
        }
        if self.machine.awaits_probe() {
            return self.admit_probe(now);
        }
        self.window.count(Count::Rejects);
        let retry_after = match self.machine.state() {
            State::Open { retry_at } if retry_at.is_never() => Some(Nanos::MAX),
            State::Open { retry_at: at } | State::HalfOpen { probing_until: Some(at) }
                if !at.is_never() =>
            {
                Some(at - now.wall)
            }
            _ => None,
        };
        Admission::Refused(Refusal::Open { retry_after })
    }

    /// The place first, then the probe: a call that finds no place is none. It tells nothing
    /// of what is behind the circuit, so it moves no state, as if it were of an earlier
    /// generation.
    fn admit_probe(&mut self, now: Now) -> Admission {
        if !self.take_capacity() {
            return self.lock_out(self.machine.generation().wrapping_sub(1), now);
        }
        let until = match self.timeout() {
            Some(_) => Nanos::MAX,
            // Nothing else ends a probe that hangs.
            None => now.wall + self.reset_timeout(),
        };
        self.machine.begin_probe(until);
        self.wake_by(until);
        self.begin(now)
    }

    fn reset_timeout(&self) -> Nanos {
        self.config.limits.reset_timeout.max(SHORTEST_RESET)
    }

    /// The call that ends with an outcome at `now`, its place of the capacity given
    /// back; or the stage in which it can have none.
    #[inline]
    fn end(&mut self, permit: &Permit, now: Now) -> Result<Call, Stage> {
        self.advance(now.wall);
        let call = *self.calls.get(permit).ok_or(Stage::Free)?;
        match call.stage {
            Stage::Pending => self.release_capacity(),
            Stage::Told | Stage::Refused | Stage::Failed => {}
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

    fn next_snapshot(&self, wall: Nanos) -> Nanos {
        let interval = self.window.interval().get();
        let passed = (wall - self.made_at).get() / interval;
        self.made_at + Nanos::new((passed + 1).saturating_mul(interval))
    }
}

/// The difference of two readings of a clock that shows whole milliseconds, which is
/// how opossum measures: right on average, for calls much shorter than one, too.
#[inline]
fn latency_ms(call: &Call, now: Now) -> u64 {
    now.wall.as_millis().saturating_sub(call.started.as_millis())
}

/// A timer of JavaScript's takes no less, and a circuit that is open for no time at all would
/// be half open before anybody could see it open.
const SHORTEST_RESET: Nanos = Nanos::from_millis(1);

/// How soon to look again at a loop that keeps a suspicion waiting.
const LOOK_AGAIN: Nanos = Nanos::new(100_000);

//! The circuit breaker: one state machine, one window, the calls in flight.
//!
//! It is driven, it drives nothing: it has no clock, no thread and no callbacks. A
//! host calls it in this order:
//!
//! 1. **Inputs** tell it what happened: [`try_acquire`](CircuitBreaker::try_acquire)
//!    before a call, then [`on_success`](CircuitBreaker::on_success), or
//!    [`on_failure`](CircuitBreaker::on_failure) and
//!    [`evaluateTrip`](CircuitBreaker::evaluate_trip), after it;
//!    [`on_timeout`](CircuitBreaker::on_timeout) before either for a call that was
//!    late; [`on_timer`](CircuitBreaker::on_timer) when the time has come that
//!    `poll_timer` named.
//! 2. **Commands** of the user: [`open`](CircuitBreaker::open),
//!    [`close`](CircuitBreaker::close), [`set_mode`](CircuitBreaker::set_mode)
//!    and so on.
//! 3. **Outputs** are polled after any of these:
//!    [`poll_event`](CircuitBreaker::poll_event) and
//!    [`poll_expired`](CircuitBreaker::poll_expired) until they are empty,
//!    [`poll_timer`](CircuitBreaker::poll_timer) for the next wake-up.
//!
//! State follows the clock: an open circuit whose time is up is half open for
//! whoever asks next, whether or not a timer came first.
//!
//! Other threads read it and command it through what is [`published`]. Their commands are
//! obeyed before anything else is done with the breaker, as the clock is.

mod answer;
pub mod inbox;
pub mod mode;
pub mod published;
pub mod snapshot;
pub mod state;

use std::collections::VecDeque;
use std::sync::Arc;

pub use self::answer::{Admission, Event, Refusal, Settled, TimedOut};
use self::inbox::Command;
use self::mode::Mode;
use self::published::{Published, Standing};
use self::state::{Machine, State};
use crate::calls::call_time::CallTime;
use crate::calls::expiry::{Expiry, Observation};
use crate::calls::stall_log::{StallLog, NO_STALLS};
use crate::calls::{Call, Calls, NewCall, Permit, Stage};
use crate::config::{Config, LiveOptions, TimeoutClock};
use crate::metrics::window::{Counter, Window};
use crate::policy::outcome::Outcome;
use crate::policy::recovery::Recovery;
use crate::policy::trip::Trip;
use crate::time::{Nanos, Now, Shift};
use crate::timers::{Timer, TimerTable};

/// See the [module](self).
#[derive(Debug)]
pub struct CircuitBreaker {
    machine: Machine,
    window: Window,
    calls: Calls,
    expiry: Expiry,
    trip: Trip,
    recovery: Recovery,
    /// Where the places for calls are, and the commands of other threads.
    published: Arc<Published>,
    /// Whether others have the clock by which it lives.
    shows_moments: bool,
    /// How long a call that begins may take.
    timeout: Option<Nanos>,
    timeout_clock: TimeoutClock,
    mode: Mode,
    made_at: Nanos,
    /// When the clock alone does something next: the newest bucket of the window runs out, or
    /// the state moves. In one place, as each call looks at it twice.
    moves_at: Nanos,
    timers: TimerTable,
    events: VecDeque<Event>,
}

impl CircuitBreaker {
    /// A breaker in the closed state.
    pub fn new(config: Config, now: Now) -> Self {
        let window = Window::new(&config.window, now.monotonic);
        let machine = Machine::new(State::Closed);
        let mode = Mode::by_switch(config.enabled);
        let (state, generation) = (machine.state(), machine.generation());
        let standing = Standing { state, generation, mode, shows_moments: false };
        let published = Published::new(window.published().clone(), config.capacity, standing);
        CircuitBreaker {
            machine,
            window,
            calls: Calls::new(),
            expiry: Expiry::default(),
            trip: Trip::new(&config, now.monotonic),
            recovery: Recovery::new(&config.live),
            published,
            shows_moments: false,
            timeout: timeout_of(&config.live),
            timeout_clock: config.timeout_clock,
            mode,
            made_at: now.monotonic,
            moves_at: Nanos::ZERO,
            timers: TimerTable::new(),
            events: VecDeque::new(),
        }
    }

    // Inputs.

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

    #[inline]
    fn acquire(&mut self, counted: bool, now: Now) -> Admission {
        if self.machine.is_closed() && self.mode == Mode::Normal {
            if !counted {
                self.window.count(Counter::Fires);
            }
            self.admit(now)
        } else {
            self.admit_unless_closed(counted, now)
        }
    }

    /// Tells that a call ended well, or with an error that does not count as one.
    #[inline]
    pub fn on_success(&mut self, permit: Permit, now: Now) -> Settled {
        self.advance(now.monotonic);
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
        Outcome::Success.count_in(&mut self.window, now.monotonic - call.started);
        if call.generation == self.machine.generation() {
            self.trip.on_success();
            if matches!(self.machine.state(), State::HalfOpen { .. }) {
                self.close(now);
            }
        }
        Settled::Done { latency: latency_ms(&call, now) }
    }

    /// Tells that a call ended badly. It is counted; whether the circuit opens is
    /// decided by [`evaluateTrip`](CircuitBreaker::evaluate_trip), so that what listeners to the
    /// failure do comes first.
    pub fn on_failure(&mut self, permit: Permit, now: Now) -> Settled {
        let call = match self.end(&permit, now) {
            Ok(call) => call,
            Err(stage) => return Self::refuse_outcome(permit, stage),
        };
        self.calls.set_stage(&permit, Stage::Failed);
        if !self.machine.is_shutdown() {
            Outcome::Failure.count_in(&mut self.window, now.monotonic - call.started);
        }
        if call.generation == self.machine.generation() {
            self.trip.on_failure();
        }
        Settled::Failed { permit, latency: latency_ms(&call, now) }
    }

    /// Spends the permit of a failed call: opens the circuit if the call was the
    /// probe of a half-open one, or if the rate of failures or their number in a row
    /// says so. A call of an earlier generation changes nothing. Returns whether somebody held the permit.
    pub fn evaluate_trip(&mut self, permit: Permit, now: Now) -> bool {
        let Ok(Call { generation, .. }) = self.calls.end(permit) else { return false };
        self.advance(now.monotonic);
        if generation != self.machine.generation() {
            return true;
        }
        let trips = match self.machine.state() {
            State::HalfOpen { .. } => true,
            State::Closed => self.trip.trips(&self.window, now.monotonic),
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

    // Commands.

    /// Opens the circuit for the reset timeout, at least a millisecond.
    pub fn open(&mut self, now: Now) {
        self.advance(now.monotonic);
        self.open_circuit(now.monotonic);
    }

    fn open_circuit(&mut self, monotonic: Nanos) {
        let retry_at = self.recovery.retry_at(monotonic);
        if self.machine.open(retry_at) {
            self.time_next_move();
            self.window.mark_circuit(true);
            self.events.push_back(Event::Opened);
        }
    }

    /// Closes the circuit.
    pub fn close(&mut self, now: Now) {
        self.advance(now.monotonic);
        self.close_circuit();
    }

    fn close_circuit(&mut self) {
        if self.machine.close() {
            self.time_next_move();
            self.trip.on_close();
            self.window.mark_circuit(false);
            self.events.push_back(Event::Closed);
        }
    }

    /// Goes on with another clock, on which everything that is to come is as far away as
    /// it was: a test has put its own in place. `stalls` are those of the loop that is left.
    pub fn change_clocks(&mut self, shift: &Shift, stalls: &StallLog) {
        self.advance(shift.from.monotonic);
        self.calls.change_clocks(shift, &CallTime::new(self.timeout_clock, stalls));
        self.machine.change_clocks(shift);
        self.window.change_clocks(shift);
        self.expiry = Expiry::default();
        self.trip.change_clocks(shift);
        self.timers.change_clocks(shift);
        self.made_at = shift.apply(self.made_at);
        self.time_next_change();
        let next = self.poll_timer(&NO_STALLS, shift.to);
        self.timers.wake_at_last(next.unwrap_or(Nanos::MAX));
        self.publish();
    }

    /// Whether other threads have the clock by which it lives, and may derive by their own
    /// what that does. Not so at first. Its clock must not change while they do.
    pub fn show_moments(&mut self, shown: bool) {
        self.shows_moments = shown;
        self.window.show_moments(shown);
        self.publish();
    }

    /// Goes on in that mode; the state stays as it is.
    pub fn set_mode(&mut self, mode: Mode, now: Now) {
        // What was commanded before comes before.
        self.obey_commands(now.monotonic);
        self.change_mode(mode);
    }

    fn change_mode(&mut self, mode: Mode) {
        self.mode = mode;
        self.publish();
    }

    /// Refuses calls and counts nothing from now on. Calls under way still settle
    /// and still time out.
    pub fn shutdown(&mut self, now: Now) {
        self.advance(now.monotonic);
        self.machine.shutdown();
        self.window.freeze();
        self.mode = Mode::Disabled;
        self.time_next_move();
        self.timers.set(Timer::Snapshot, Nanos::MAX);
        self.events.clear();
    }

    /// Changes the live options for calls that begin, and decisions that are made, from
    /// now on.
    pub fn set_live_options(&mut self, live: LiveOptions) {
        self.trip.set_live_options(&live);
        self.recovery = Recovery::new(&live);
        self.timeout = timeout_of(&live);
    }

    /// Asks for a [`Event::Snapshot`] at the end of every bucket, or for none.
    pub fn set_snapshots(&mut self, wanted: bool, now: Now) {
        let wanted = wanted && !self.machine.is_shutdown();
        let at = if wanted { self.next_snapshot(now.monotonic) } else { Nanos::MAX };
        self.timers.set(Timer::Snapshot, at);
    }

    /// Takes a place of the capacity by hand. Returns whether there was one.
    pub fn take_capacity(&mut self) -> bool {
        self.published.capacity().take()
    }

    /// Gives a place of the capacity back by hand; one that was never taken adds to
    /// it.
    pub fn release_capacity(&mut self) {
        self.published.capacity().give_back(1);
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

    /// When to call [`on_timer`](CircuitBreaker::on_timer) next, by the monotonic clock,
    /// unless something else is called before; `None`: not until then.
    #[inline]
    pub fn poll_timer(&self, stalls: &StallLog, now: Now) -> Option<Nanos> {
        let mut at = self.timers.first();
        if self.expiry.is_pending() {
            at = at.min(now.monotonic + LOOK_AGAIN);
        } else {
            let time = CallTime::new(self.timeout_clock, stalls);
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
        self.timers.wake_at()
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
        self.advance(now.monotonic);
        self.machine.state()
    }

    /// What it does with calls.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Whether failures do not open the circuit yet.
    pub fn is_warming_up(&self, now: Now) -> bool {
        self.trip.is_warming_up(now.monotonic)
    }

    /// How many more calls may begin; below one: none.
    pub fn available(&self) -> i64 {
        self.published.capacity().available()
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

    /// The breaker as other threads see it.
    pub fn published(&self) -> &Arc<Published> {
        &self.published
    }

    /// The window as it is at `now`.
    pub fn window(&mut self, now: Now) -> &mut Window {
        self.advance(now.monotonic);
        &mut self.window
    }

    // Private.

    /// What the clock alone does, and what other threads have commanded.
    #[inline]
    fn advance(&mut self, monotonic: Nanos) {
        if monotonic >= self.moves_at {
            self.follow_clock(monotonic);
        }
        self.obey_commands(monotonic);
    }

    #[cold]
    fn follow_clock(&mut self, monotonic: Nanos) {
        self.window.advance(monotonic);
        if self.timers.is_due(Timer::Move, monotonic) {
            self.let_one_try();
        }
        self.time_next_change();
    }

    /// The window runs out at another moment than before, or the state moves.
    fn time_next_change(&mut self) {
        self.moves_at = self.window.ends().min(self.timers.due(Timer::Move));
    }

    #[inline]
    fn obey_commands(&mut self, monotonic: Nanos) {
        if self.published.inbox().has_any() {
            self.obey(monotonic);
        }
    }

    #[cold]
    fn obey(&mut self, monotonic: Nanos) {
        let commands = self.published.inbox().take();
        for command in commands.clone() {
            match command {
                // It is so for good.
                _ if self.machine.is_shutdown() => {}
                Command::Open => self.open_circuit(monotonic),
                Command::Close => self.close_circuit(),
                Command::Disable => self.change_mode(Mode::Disabled),
                Command::Enable => self.change_mode(Mode::Normal),
            }
        }
        self.published.inbox().on_obeyed(commands);
    }

    fn let_one_try(&mut self) {
        if self.machine.let_one_try() {
            self.events.push_back(Event::HalfOpened);
        }
        self.time_next_move();
    }

    /// The state has moved, or a probe begun.
    fn time_next_move(&mut self) {
        self.timers.set(Timer::Move, self.machine.next_move());
        self.time_next_change();
        self.publish();
    }

    /// Others see from now on where the breaker stands.
    fn publish(&self) {
        self.published.publish(Standing {
            state: self.machine.state(),
            generation: self.machine.generation(),
            mode: self.mode,
            shows_moments: self.shows_moments,
        });
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

    /// Refuses a call for which there is no place.
    #[cold]
    fn lock_out(&mut self, generation: u32, now: Now) -> Admission {
        self.window.count(Counter::SemaphoreRejections);
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
        if self.machine.is_shutdown() {
            return Admission::Refused(Refusal::Shutdown);
        }
        if !counted {
            self.window.count(Counter::Fires);
        }
        if self.mode == Mode::Disabled {
            return Admission::Unguarded;
        }
        if self.machine.awaits_probe() {
            return self.admit_probe(now);
        }
        self.window.count(Counter::Rejects);
        let retry_after = self.machine.state().retry_after(now.monotonic);
        Admission::Refused(Refusal::Open { retry_after })
    }

    /// The place first, then the probe: a call that finds no place is none. It tells nothing
    /// of what is behind the circuit, so it moves no state, as if it were of an earlier
    /// generation.
    fn admit_probe(&mut self, now: Now) -> Admission {
        if !self.take_capacity() {
            return self.lock_out(self.machine.generation().wrapping_sub(1), now);
        }
        let until = self.recovery.probe_until(self.timeout.is_some(), now.monotonic);
        self.machine.begin_probe(until);
        self.time_next_move();
        self.begin(now)
    }

    /// The call that ends with an outcome at `now`, its place of the capacity given
    /// back; or the stage in which it can have none.
    #[inline]
    fn end(&mut self, permit: &Permit, now: Now) -> Result<Call, Stage> {
        self.advance(now.monotonic);
        let call = *self.calls.get(permit).ok_or(Stage::Free)?;
        match call.stage {
            Stage::Pending => self.release_capacity(),
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

    fn next_snapshot(&self, monotonic: Nanos) -> Nanos {
        let interval = self.window.interval().get();
        let passed = (monotonic - self.made_at).get() / interval;
        self.made_at + Nanos::new((passed + 1).saturating_mul(interval))
    }
}

/// The difference of two readings of a clock that shows whole milliseconds, which is
/// how opossum measures: right on average, for calls much shorter than one, too.
#[inline]
fn latency_ms(call: &Call, now: Now) -> u64 {
    now.monotonic.as_millis().saturating_sub(call.started.as_millis())
}

/// How long a call may take that begins under those options.
fn timeout_of(live: &LiveOptions) -> Option<Nanos> {
    live.timeout.filter(|timeout| !timeout.is_never())
}

/// How soon to look again at a loop that keeps a suspicion waiting.
const LOOK_AGAIN: Nanos = Nanos::new(100_000);

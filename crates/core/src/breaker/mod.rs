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
mod commands;
pub mod inbox;
mod inputs;
mod learning;
mod limiting;
pub mod mode;
mod probing;
pub mod published;
mod queueing;
mod retries;
pub mod snapshot;
pub mod state;

use std::collections::VecDeque;
use std::sync::Arc;

pub use self::answer::{Admission, Event, Refusal, Settled, TimedOut};
use self::learning::Learner;
use self::limiting::Limiter;
use self::mode::{Mode, Wanted};
use self::published::{Published, Standing};
use self::queueing::Line;
use self::state::{Machine, State};
use crate::calls::call_time::CallTime;
use crate::calls::expiry::Expiry;
use crate::calls::stall_log::StallLog;
use crate::calls::{Calls, Permit};
use crate::chance::Chance;
use crate::config::{Config, LiveOptions, TimeoutClock};
use crate::metrics::window::Window;
use crate::policy::recovery::Recovery;
use crate::policy::retry::Retry;
pub use crate::policy::trip::tripped::{Reason, Tripped};
use crate::policy::trip::Trip;
use crate::time::{Nanos, Now};
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
    /// Of those alone whose calls are tried again.
    retry: Option<Box<Retry>>,
    /// Of those alone whose capacity adapts.
    limiter: Option<Box<Limiter>>,
    /// Of those alone whose calls wait for a place.
    line: Option<Box<Line>>,
    /// Of those alone whose timeout learns.
    learner: Option<Box<Learner>>,
    /// Whether the call that is being let in has a timeout of its own.
    on_own_terms: bool,
    /// Whether calls begin without being asked anything, but for a place. In one place, as each
    /// call looks at it.
    passes: bool,
    /// Whether anything follows from a success but that a row of failures ends. In one place, as
    /// each success looks at it.
    watches_successes: bool,
    chance: Chance,
    /// Where the places for calls are, and the commands of other threads.
    published: Arc<Published>,
    /// Whether others have the clock by which it lives.
    shows_moments: bool,
    /// How long a call that begins may take, if that is not learned.
    timeout: Option<Nanos>,
    timeout_clock: TimeoutClock,
    /// In force.
    mode: Mode,
    wanted: Wanted,
    made_at: Nanos,
    /// When the state moved last; [`Nanos::MAX`]: nobody knows.
    moved_at: Nanos,
    /// When the clock alone does something next: the newest bucket of the window runs out, or
    /// the state moves. In one place, as each call looks at it twice.
    moves_at: Nanos,
    timers: TimerTable,
    events: VecDeque<Event>,
    /// Whether the host is to say if there is reason to open.
    asks_host: bool,
}

impl CircuitBreaker {
    /// A breaker in the closed state.
    pub fn new(config: Config, now: Now) -> Self {
        let window = Window::new(&config.window, now.monotonic);
        let recovery = Recovery::new(&config);
        let machine = Machine::new(State::Closed, recovery.probes());
        let mode = Mode::by_switch(config.enabled);
        let (state, generation) = (machine.state(), machine.generation());
        let standing = Standing {
            state,
            generation,
            mode,
            shows_moments: false,
            moved_at: Nanos::MAX,
            tripped: None,
        };
        let learner = Learner::new(&config.live, None, now.monotonic);
        let limiter = Limiter::new(&config, now.monotonic);
        let places = limiter.as_ref().map_or(config.capacity, |limiter| limiter.places());
        let published = Published::new(window.published().clone(), places, standing);
        let trip = Trip::new(&config, now.monotonic);
        CircuitBreaker {
            machine,
            window,
            calls: Calls::new(),
            expiry: Expiry::default(),
            watches_successes: trip.watches_successes()
                || limiter.is_some()
                || learner.is_some()
                || config.queue.is_some(),
            passes: mode == Mode::Normal
                && learner.is_none()
                && !trip.is_throttled()
                && config.queue.is_none(),
            trip,
            recovery,
            chance: Chance::new(config.chance),
            retry: None,
            limiter,
            line: config.queue.map(|options| Box::new(Line::new(options))),
            published,
            shows_moments: false,
            timeout: timeout_of(&config.live).filter(|_| learner.is_none()),
            learner,
            on_own_terms: false,
            timeout_clock: config.timeout_clock,
            mode,
            wanted: Wanted::by(mode),
            made_at: now.monotonic,
            moved_at: Nanos::MAX,
            moves_at: Nanos::ZERO,
            timers: TimerTable::new(),
            events: VecDeque::new(),
            asks_host: false,
        }
    }

    // Outputs.

    /// The next thing to announce, in the order in which it happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        self.note_told(event);
        Some(event)
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

    /// How often the circuit has opened without having been closed for longer than it was to
    /// wait; 0: not at all.
    pub fn attempt(&self) -> u32 {
        self.recovery.attempt()
    }

    /// For how long the circuit stays open, or stayed so last, before calls may try.
    pub fn wait(&self) -> Nanos {
        self.recovery.wait()
    }

    /// In what time a circuit that refuses calls at `now` may answer otherwise; as
    /// [`Refusal::Open`] says it.
    pub fn retry_after(&mut self, now: Now) -> Option<Nanos> {
        self.advance(now.monotonic);
        self.machine.state().retry_after(now.monotonic)
    }

    /// Whether failures do not open the circuit yet.
    pub fn is_warming_up(&self, now: Now) -> bool {
        self.trip.is_warming_up(now.monotonic)
    }

    /// Why the circuit opened last, and when; `None` while it never has.
    pub fn last_trip(&self) -> Option<&Tripped> {
        self.trip.last()
    }

    /// How many calls failed and of how many, as the rate of failures is judged at `now`.
    pub fn judged(&mut self, now: Now) -> (i64, i64) {
        self.advance(now.monotonic);
        self.trip.judged(&self.window)
    }

    /// What share of the calls a circuit lets pass that has closed; `None`: all.
    pub fn ramp_share(&self, now: Now) -> Option<f64> {
        self.recovery.ramp_share(now.monotonic)
    }

    /// What share of the calls the throttle refuses at `now`; `None`: there is none.
    pub fn rejection(&mut self, now: Now) -> Option<f64> {
        self.advance(now.monotonic);
        self.trip.rejection(&self.window, now.monotonic)
    }

    /// How many more calls may begin; below one: none.
    pub fn available(&self) -> i64 {
        self.published.capacity().available()
    }

    /// Number of permits out for calls with a timeout, and of calls that wait for a place.
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
        let queue = self.oldest_stall_of_queue().unwrap_or(u64::MAX);
        let calls = self.calls.oldest_stall().unwrap_or(u64::MAX);
        Some(calls.min(queue)).filter(|stall| *stall != u64::MAX)
    }

    /// The next permit that is out, at or after a raw one, whatever became of its call.
    pub fn next_out(&self, from: u32) -> Option<Permit> {
        self.calls.next_out(from)
    }

    /// The next permit, at or after a raw one, of a call that has not ended.
    pub fn next_under_way(&self, from: u32) -> Option<Permit> {
        self.calls.next_under_way(from)
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
            self.let_try();
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

    fn let_try(&mut self) {
        // The host has had no place for a probe, or its probe hangs: its own business.
        let is_again = self.machine.is_half_open() && self.recovery.is_probed_by_host();
        let moves_at = self.timers.due(Timer::Move);
        if self.machine.let_try(self.recovery.probes()) && !is_again {
            self.moved_at = moves_at;
            self.events.push_back(Event::HalfOpened);
        }
        self.ask_for_probe();
        self.time_next_move();
    }

    /// The state has moved, or a probe begun.
    fn time_next_move(&mut self) {
        self.timers.set(Timer::Move, self.machine.next_move());
        if !self.machine.is_half_open() {
            self.timers.set(Timer::Probes, Nanos::MAX);
        }
        self.time_next_change();
        self.note_watchers();
        self.publish();
    }

    /// The state has moved, or the options.
    fn note_watchers(&mut self) {
        self.watches_successes = self.machine.is_half_open()
            || self.retry.is_some()
            || self.limiter.is_some()
            || self.learner.is_some()
            || self.line.is_some()
            || self.trip.watches_successes();
    }

    /// The breaker stands elsewhere: whoever looks sees it from now on.
    fn publish(&mut self) {
        self.passes = self.lets_pass();
        self.published.publish(Standing {
            state: self.machine.state(),
            generation: self.machine.generation(),
            mode: self.mode,
            shows_moments: self.shows_moments,
            moved_at: self.moved_at,
            tripped: self.trip.last().copied(),
        });
    }

    /// A number from zero up to, and without, one.
    fn draw(&mut self) -> f64 {
        draw(&mut self.chance, &mut self.events)
    }

    fn next_snapshot(&self, monotonic: Nanos) -> Nanos {
        let interval = self.window.interval().get();
        let passed = (monotonic - self.made_at).get() / interval;
        self.made_at + Nanos::new((passed + 1).saturating_mul(interval))
    }
}

/// A number from zero up to, and without, one; the host may have to give the next.
fn draw(chance: &mut Chance, events: &mut VecDeque<Event>) -> f64 {
    if chance.is_given() && events.front() != Some(&Event::Draw) {
        // Before what is announced of the decision: that may lead to the next one.
        events.push_front(Event::Draw);
    }
    chance.draw()
}

/// How long a call may take that begins under those options.
fn timeout_of(live: &LiveOptions) -> Option<Nanos> {
    live.timeout.filter(|timeout| !timeout.is_never())
}

/// How soon to look again at a loop that keeps a suspicion waiting.
const LOOK_AGAIN: Nanos = Nanos::new(100_000);

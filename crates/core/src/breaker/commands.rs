//! Commands: of the user, on the thread of the loop, and of other threads, which wait in the inbox.

use super::answer::Event;
use super::inbox::Command;
use super::mode::{Mode, Wanted};
use super::state::State;
use super::CircuitBreaker;
use crate::calls::call_time::CallTime;
use crate::calls::expiry::Expiry;
use crate::calls::stall_log::{StallLog, NO_STALLS};
use crate::config::{Config, LiveOptions};
use crate::policy::trip::tripped::{Reason, Tripped};
use crate::time::{Nanos, Now, Shift};
use crate::timers::Timer;

impl CircuitBreaker {
    /// Opens the circuit for the reset timeout, at least a millisecond.
    pub fn open(&mut self, now: Now) {
        self.advance(now.monotonic);
        self.open_circuit(Tripped::by(Reason::Command, now.monotonic));
    }

    pub(super) fn open_circuit(&mut self, tripped: Tripped) {
        if self.mode == Mode::MetricsOnly {
            return self.note_reason(true);
        }
        if !self.machine.is_openable() {
            return;
        }
        let draw = if self.recovery.draws() { self.draw() } else { 0.0 };
        let was_closed = self.machine.is_closed();
        self.machine.open(self.recovery.on_open(was_closed, draw, tripped.at));
        self.note_trip(tripped);
        self.time_next_move();
        self.window.mark_circuit(true);
        self.events.push_back(Event::Opened);
        self.dismiss_all();
    }

    /// The circuit opens by that.
    pub(super) fn note_trip(&mut self, tripped: Tripped) {
        self.moved_at = tripped.at;
        self.published.count_trip(tripped.reason);
        self.trip.on_open(tripped);
    }

    /// Closes the circuit.
    pub fn close(&mut self, now: Now) {
        self.advance(now.monotonic);
        self.close_circuit(now.monotonic);
    }

    pub(super) fn close_circuit(&mut self, monotonic: Nanos) {
        if self.wanted.forced_open {
            self.wanted.forced_open = false;
            self.mode = self.wanted.in_force();
        }
        if self.machine.close() {
            self.moved_at = monotonic;
            self.recovery.on_close(monotonic);
            self.time_next_move();
            self.trip.on_close(&self.window);
            self.window.mark_circuit(false);
            self.events.push_back(Event::Closed);
        }
    }

    /// The circuit stays open for so long from now on, each time that it opens; if it is open now,
    /// this time, too, counted from when it opened.
    pub fn set_wait(&mut self, wait: Nanos, now: Now) {
        self.advance(now.monotonic);
        let retry_at = self.recovery.set_wait(wait);
        if matches!(self.machine.state(), State::Open { .. }) && !self.wanted.forced_open {
            self.machine.retry_at(retry_at);
            self.time_next_move();
        }
    }

    /// Gives what is drawn next, a number from zero up to, and without, one: for a breaker that
    /// asks for it ([`Event::Draw`]).
    pub fn give_draw(&mut self, draw: f64) {
        self.chance.give(draw);
    }

    /// Goes on with another clock, on which everything that is to come is as far away as
    /// it was: a test has put its own in place. `stalls` are those of the loop that is left.
    pub fn change_clocks(&mut self, shift: &Shift, stalls: &StallLog) {
        self.advance(shift.from.monotonic);
        let time = CallTime::new(self.timeout_clock, stalls);
        self.calls.change_clocks(shift, &time);
        self.recovery.change_clocks(shift, &time);
        self.machine.change_clocks(shift);
        self.window.change_clocks(shift);
        self.expiry = Expiry::default();
        self.trip.change_clocks(shift);
        self.change_clock_of_limit(shift);
        self.change_clock_of_timeout(shift);
        self.moved_at = shift.apply(self.moved_at);
        self.timers.change_clocks(shift);
        self.change_clocks_of_queue(shift, &time);
        self.time_queue();
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

    /// Refuses calls and counts nothing from now on. Calls under way still settle
    /// and still time out.
    pub fn shutdown(&mut self, now: Now) {
        self.advance(now.monotonic);
        self.machine.shutdown();
        self.window.freeze();
        self.wanted = Wanted::by(Mode::Disabled);
        self.mode = Mode::Disabled;
        self.time_next_move();
        self.timers.set(Timer::Snapshot, Nanos::MAX);
        self.forget_queue();
        self.events.clear();
    }

    /// Changes the live options for calls that begin, and decisions that are made, from
    /// now on.
    pub fn set_live_options(&mut self, live: LiveOptions, now: Now) {
        self.trip.set_live_options(&live);
        self.recovery.set_live_options(&live);
        self.set_timeout(&live, now);
    }

    /// Goes on with those options. What it has learned is kept as far as it fits: the state, the
    /// row of failures, the counts of a window of another shape. A wait that has begun takes as
    /// long as it was to, and so do calls. Whether it is `enabled` is the [mode](Self::set_mode).
    pub fn update(&mut self, config: &Config, now: Now) {
        self.advance(now.monotonic);
        if self.machine.is_shutdown() {
            return;
        }
        self.trip.update(config, self.made_at);
        self.recovery.update(config);
        self.chance.update(config.chance.is_given);
        self.ask_for_probe();
        self.set_timeout(&config.live, now);
        self.set_capacity(config, now.monotonic);
        self.set_queue(config.queue);
        self.give_turns();
        let interval = self.window.interval();
        if let Some(moves) = self.window.reshape(&config.window, now.monotonic) {
            self.trip.on_reshape(&moves);
        }
        self.note_watchers();
        self.time_next_change();
        if self.window.interval() != interval {
            let are_wanted = !self.timers.due(Timer::Snapshot).is_never();
            self.set_snapshots(are_wanted, now);
        }
        if config.timeout_clock != self.timeout_clock {
            self.timeout_clock = config.timeout_clock;
            self.expiry = Expiry::default();
            // By the other clock, calls are late at other moments.
            self.timers.wake_by(now.monotonic);
        }
        self.publish();
    }

    /// Asks for a [`Event::Snapshot`] at the end of every bucket, or for none.
    pub fn set_snapshots(&mut self, wanted: bool, now: Now) {
        let wanted = wanted && !self.machine.is_shutdown();
        let at = if wanted { self.next_snapshot(now.monotonic) } else { Nanos::MAX };
        self.timers.set(Timer::Snapshot, at);
    }

    /// Takes a place of the capacity by hand. Returns whether there was one, which is not that of
    /// a call that waits: such a call is not overtaken.
    pub fn take_capacity(&mut self) -> bool {
        !self.has_queue() && self.take_place()
    }

    /// The place of a call that begins, if there is one.
    #[inline(always)]
    pub(super) fn take_place(&mut self) -> bool {
        self.published.capacity().take()
    }

    /// Gives a place of the capacity back by hand; one that was never taken adds to
    /// it.
    pub fn release_capacity(&mut self) {
        self.give_place_back();
        self.give_turns();
    }

    /// The place of a call, which has ended.
    #[inline(always)]
    pub(super) fn give_place_back(&mut self) {
        self.published.capacity().give_back(1);
    }

    // Those of other threads.

    #[cold]
    pub(super) fn obey(&mut self, monotonic: Nanos) {
        let commands = self.published.inbox().take();
        for command in commands.clone() {
            match command {
                // It is so for good.
                _ if self.machine.is_shutdown() => {}
                Command::Open => {
                    self.open_circuit(Tripped::by(Reason::Command, monotonic));
                }
                Command::Close => self.close_circuit(monotonic),
                Command::Disable => {
                    self.change_mode(Mode::Disabled, monotonic);
                    self.events.push_back(Event::Steered);
                }
                Command::Enable => {
                    self.change_mode(Mode::Normal, monotonic);
                    self.events.push_back(Event::Steered);
                }
                Command::Bypass => self.change_bypass(true, monotonic),
                Command::Guard => self.change_bypass(false, monotonic),
                Command::ForceOpen => {
                    self.hold_open(monotonic);
                    self.events.push_back(Event::Steered);
                }
            }
        }
        self.published.inbox().on_obeyed(commands);
    }
}

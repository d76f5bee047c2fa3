//! The probes of a half-open circuit: how they begin, and what comes of them. Calls of users are
//! probes where they are let through; where the host probes by itself, they are refused, and what
//! it does in their place has a permit, too.

use super::answer::{Admission, Event, Refusal};
use super::mode::Mode;
use super::{draw, CircuitBreaker};
use crate::calls::call_time::CallTime;
use crate::calls::expiry::Observation;
use crate::calls::{Permit, Stage};
use crate::metrics::window::Counter;
use crate::policy::probes::Verdict;
use crate::policy::trip::tripped::{Reason, Tripped};
use crate::time::{Nanos, Now};
use crate::timers::Timer;

impl CircuitBreaker {
    // Inputs, of a host that probes by itself.

    /// The host begins a probe, as it was [asked](Event::Probe) to. `None`: the circuit is not half
    /// open, as many as may are out, or there is no place for one; then it is asked again. Nothing
    /// is counted.
    pub fn begin_probe(&mut self, now: Now) -> Option<Permit> {
        self.advance(now.monotonic);
        if !self.machine.awaits_probe() {
            return None;
        }
        if !self.take_place() {
            self.machine.keep_probes_until(now.monotonic + self.recovery.wait());
            self.time_next_move();
            return None;
        }
        match self.begin_probe_with_place(now) {
            Admission::Admitted(permit) => Some(permit),
            _ => None,
        }
    }

    /// A probe of the host's has ended. One whose time is over has failed. Nothing is counted, but
    /// what follows from it does.
    pub fn end_probe(&mut self, permit: Permit, succeeded: bool, now: Now) {
        self.advance(now.monotonic);
        let Some(&call) = self.calls.get(&permit) else { return };
        if call.stage == Stage::Pending {
            self.give_place_back();
        }
        // An end that the maker of a late one does not wait to be told of.
        self.calls.set_stage(&permit, Stage::Failed);
        let _ = self.calls.end(permit);
        if call.generation == self.machine.generation() && self.machine.is_half_open() {
            self.settle_probe(!succeeded || call.stage != Stage::Pending, now);
        }
        self.give_turns();
    }

    // For the other inputs.

    /// The place first, then the probe: a call that finds no place is none. It tells nothing
    /// of what is behind the circuit, so it moves no state, as if it were of an earlier
    /// generation.
    pub(super) fn admit_probe(&mut self, now: Now) -> Admission {
        if self.has_queue() || !self.take_place() {
            return self.queue_up(self.machine.generation().wrapping_sub(1), now);
        }
        self.begin_probe_with_place(now)
    }

    pub(super) fn begin_probe_with_place(&mut self, now: Now) -> Admission {
        let is_timed = self.has_timeout();
        // Calls may have timeouts of their own: one that has none may hang beside those that do.
        let all_end = is_timed && self.machine.probes_are_timed();
        let until = self.recovery.probe_until(all_end, now.monotonic);
        self.machine.begin_probe(is_timed, until);
        self.time_next_move();
        if let Some(at) = self.recovery.on_probe(now) {
            self.timers.set(Timer::Probes, at);
        }
        self.begin_asked(now)
    }

    /// A call of the generation of a half-open circuit has settled: it was a probe.
    #[cold]
    pub(super) fn settle_probe(&mut self, failed: bool, now: Now) {
        match self.machine.settle_probe(failed) {
            Some(Verdict::Close) => self.close(now),
            Some(Verdict::Open) => self.open_circuit(Tripped::by(Reason::Probe, now.monotonic)),
            None => self.on_probe_gone(),
        }
    }

    /// Asks the host for a probe, if it is to make one.
    pub(super) fn ask_for_probe(&mut self) {
        if self.recovery.is_probed_by_host() && self.machine.awaits_probe() {
            self.events.push_back(Event::Probe);
        }
    }

    /// The same as soon as the timer goes off: a breaker has been put into its state, and nothing
    /// is announced.
    pub(super) fn ask_for_probe_soon(&mut self) {
        if self.recovery.is_probed_by_host() && self.machine.awaits_probe() {
            self.timers.set(Timer::Probes, Nanos::ZERO);
        }
    }

    /// A call of the generation of a half-open circuit has ended without an outcome: whoever asks
    /// next may try in its place.
    #[cold]
    pub(super) fn give_back_probe(&mut self) {
        self.machine.give_back_probe();
        self.time_next_move();
        self.on_probe_gone();
    }

    /// The half-open circuit has waited for its probes for as long as it is to: it opens again,
    /// unless the loop has not had its look.
    #[cold]
    pub(super) fn look_for_probes(
        &mut self,
        time: &CallTime<'_>,
        look: Option<&Observation>,
        now: Now,
    ) {
        if self.machine.probes_in_flight() == 0 {
            self.timers.set(Timer::Probes, Nanos::MAX);
            return self.ask_for_probe();
        }
        match self.recovery.next_look(time, look, now) {
            Some(at) => self.timers.set(Timer::Probes, at),
            None => self.open_circuit(Tripped::by(Reason::Probe, now.monotonic)),
        }
    }

    /// Whether users' calls are the probes.
    pub(super) fn is_probed_by_calls(&self) -> bool {
        !self.recovery.is_probed_by_host()
    }

    // Where the circuit is closed, and calls are asked for more than their place.

    /// Lets a share of the calls pass which grows with the time that the circuit has been closed;
    /// all of them where there is no ramp.
    #[cold]
    pub(super) fn admit_while_ramping(&mut self, now: Now) -> Admission {
        match self.recovery.ramp_share(now.monotonic) {
            Some(share) if self.draw() >= share => {
                self.window.count(Counter::Rejects);
                Admission::Refused(Refusal::RampUp)
            }
            Some(_) => self.admit_asked(now),
            None => {
                if self.recovery.is_ramping() {
                    self.recovery.end_ramp();
                    self.publish();
                }
                self.admit_asked(now)
            }
        }
    }

    /// Whether the throttle lets a call begin.
    pub(super) fn is_let_through(&mut self, now: Now) -> bool {
        let (chance, events) = (&mut self.chance, &mut self.events);
        self.trip.admits(|| draw(chance, events), &self.window, now.monotonic)
    }

    fn on_probe_gone(&mut self) {
        if self.machine.probes_in_flight() == 0 {
            self.timers.set(Timer::Probes, Nanos::MAX);
        }
        self.ask_for_probe();
    }

    /// Whether a call passes without being asked anything, but for its place.
    pub(super) fn lets_pass(&self) -> bool {
        self.machine.is_closed()
            && self.mode == Mode::Normal
            && !self.recovery.is_ramping()
            && self.learner.is_none()
            && !self.trip.is_throttled()
            && self.line.is_none()
    }
}

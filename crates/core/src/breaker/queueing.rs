//! Calls that wait for a place: how they come to wait, when it is their turn, and what else ends
//! their waiting.
//!
//! A call that waits has a ticket and no permit. Whenever a place comes free it is kept for the
//! first of them, and the host is told; a call that comes then waits behind them. Nobody waits
//! while a place is free, but between a failure and its judgement: a circuit that opens by that
//! sends them all away.
//!
//! A breaker without a queue does nothing of this: its calls pass without being asked, its
//! successes are not watched for it, and all else is asked where a call has failed, or found no
//! place.

use std::collections::VecDeque;

use super::answer::{Admission, Event, Refusal};
use super::mode::Mode;
use super::CircuitBreaker;
use crate::admission::queue::{Queue, QueueOptions, Ticket};
use crate::calls::call_time::CallTime;
use crate::calls::expiry::{Observation, PendingExpiry};
use crate::metrics::window::Counter;
use crate::time::{Nanos, Now, Shift};
use crate::timers::Timer;

/// Those who wait, and those for whom a place is kept.
#[derive(Debug)]
pub(super) struct Line {
    /// `None`: no call waits from now on.
    options: Option<QueueOptions>,
    queue: Queue,
    /// In the order of their tickets. Each has its place of the capacity.
    called: VecDeque<Called>,
    /// That of the first who waits, whose time is up as it looks.
    pending: Option<PendingExpiry>,
    /// Whether whoever asks just now cannot wait.
    is_passed_by: bool,
}

#[derive(Clone, Copy, Debug)]
struct Called {
    ticket: Ticket,
    is_held: bool,
}

impl Line {
    /// Nobody yet.
    pub(super) fn new(options: QueueOptions) -> Self {
        Line {
            options: Some(options),
            queue: Queue::new(options),
            called: VecDeque::new(),
            pending: None,
            is_passed_by: false,
        }
    }

    fn is_done(&self) -> bool {
        self.options.is_none() && self.queue.is_empty() && self.called.is_empty()
    }

    /// The first of those who wait, who does so no longer; and whether the loop was to be woken
    /// for it.
    fn pop(&mut self) -> Option<Called> {
        let first = self.queue.first()?;
        let ticket = self.queue.pop()?;
        Some(Called { ticket, is_held: !first.patience.is_never() })
    }

    /// The place that is kept for a call is its own.
    fn take_called(&mut self, ticket: Ticket) -> Option<Called> {
        let place = self.called.binary_search_by_key(&ticket, |called| called.ticket).ok()?;
        self.called.remove(place)
    }
}

impl CircuitBreaker {
    // Inputs.

    /// A call whose [turn](Event::Turn) it is begins, or is refused all the same, because the
    /// circuit stands otherwise than it did; nothing else is asked anew. With a timeout of its own,
    /// if one is given. `None`: no place is kept for it, and it is told why by an event.
    pub fn enter(
        &mut self,
        ticket: Ticket,
        timeout: Option<Option<Nanos>>,
        now: Now,
    ) -> Option<Admission> {
        self.advance(now.monotonic);
        let called = self.line.as_mut()?.take_called(ticket)?;
        self.calls.let_go(usize::from(called.is_held));
        let admission = match self.mode {
            Mode::Disabled => Admission::Unguarded,
            Mode::MetricsOnly => self.begin_within(timeout, Self::begin_asked, now),
            _ if self.machine.is_closed() => self.begin_within(timeout, Self::begin_asked, now),
            _ if self.machine.awaits_probe() && self.is_probed_by_calls() => {
                self.begin_within(timeout, Self::begin_probe_with_place, now)
            }
            _ => {
                self.window.count(Counter::Rejects);
                let retry_after = self.machine.state().retry_after(now.monotonic);
                Admission::Refused(Refusal::Open { retry_after })
            }
        };
        if !matches!(admission, Admission::Admitted(_)) {
            self.published.capacity().give_back(1);
        }
        self.give_turns();
        Some(admission)
    }

    /// A call waits no longer, because its caller has given up: of it no trace is left but that
    /// it was made. Returns whether it was waiting.
    pub fn leave(&mut self, ticket: Ticket, now: Now) -> bool {
        self.advance(now.monotonic);
        let Some(line) = &mut self.line else { return false };
        let is_held = if let Some(called) = line.take_called(ticket) {
            self.published.capacity().give_back(1);
            called.is_held
        } else if let Some(patience) = line.queue.patience_of(ticket) {
            line.queue.leave(ticket);
            self.published.set_queued(line.queue.len());
            !patience.is_never()
        } else {
            return false;
        };
        self.calls.let_go(usize::from(is_held));
        if !self.machine.is_shutdown() {
            self.trip.on_ignored(&self.window);
        }
        self.give_turns();
        true
    }

    /// What `ask` answers to a call that cannot wait: it is refused where it would have to.
    pub fn at_once<R>(&mut self, ask: impl FnOnce(&mut Self) -> R) -> R {
        self.pass_by(true);
        let answer = ask(self);
        self.pass_by(false);
        answer
    }

    /// How many calls wait for a place, those for whom one is kept left out; `None`: none may.
    pub fn queued(&self) -> Option<usize> {
        self.line.as_ref().map(|line| line.queue.len())
    }

    // For the other inputs, and for commands.

    /// A call has found no place: it waits for one, if it may.
    #[cold]
    pub(super) fn queue_up(&mut self, generation: u32, now: Now) -> Admission {
        let Some(line) =
            self.line.as_mut().filter(|line| line.options.is_some() && !line.is_passed_by)
        else {
            return self.lock_out(generation, now);
        };
        let ticket = line.queue.push(now);
        let patience = ticket.and_then(|ticket| line.queue.patience_of(ticket));
        let _ = self.note_want_of_place(generation);
        let Some(ticket) = ticket else {
            self.window.count(Counter::Rejects);
            self.window.count(Counter::SemaphoreRejections);
            return Admission::Refused(Refusal::QueueFull);
        };
        if patience.is_some_and(|patience| !patience.is_never()) {
            self.calls.hold();
        }
        self.time_queue();
        Admission::Queued(ticket)
    }

    /// Whether there is somebody whom a call that comes now must not overtake.
    pub(super) fn has_queue(&self) -> bool {
        self.line.as_ref().is_some_and(|line| !line.queue.is_empty())
    }

    /// Places may have come free.
    pub(super) fn give_turns(&mut self) {
        if let Some(line) = &mut self.line {
            let mut is_changed = false;
            while !line.queue.is_empty() && self.published.capacity().take() {
                let Some(called) = line.pop() else { break };
                line.called.push_back(called);
                self.events.push_back(Event::Turn(called.ticket));
                is_changed = true;
            }
            if is_changed {
                self.time_queue();
            }
        }
    }

    /// All who wait are let in, whether there are places or not: nobody is refused from now on.
    pub(super) fn call_all(&mut self) {
        if let Some(line) = &mut self.line {
            while let Some(called) = line.pop() {
                self.published.capacity().grow(-1);
                line.called.push_back(called);
                self.events.push_back(Event::Turn(called.ticket));
            }
            self.time_queue();
        }
    }

    /// The circuit has opened: nobody waits for nothing.
    pub(super) fn dismiss_all(&mut self) {
        let Some(line) = &mut self.line else { return };
        let before = line.queue.next_ticket();
        let (mut all, mut held) = (0, 0);
        while let Some(called) = line.pop() {
            all += 1;
            held += usize::from(called.is_held);
        }
        for called in line.called.drain(..) {
            self.published.capacity().give_back(1);
            all += 1;
            held += usize::from(called.is_held);
        }
        if all > 0 {
            (0..all).for_each(|_| self.window.count(Counter::Rejects));
            self.events.push_back(Event::Dismissed { before, held });
        }
        self.time_queue();
    }

    /// The breaker is shut down: whoever waits is told by the host, of itself.
    pub(super) fn forget_queue(&mut self) {
        let Some(mut line) = self.line.take() else { return };
        self.published.set_queued(0);
        while let Some(called) = line.pop() {
            self.calls.let_go(usize::from(called.is_held));
        }
        for called in line.called {
            self.published.capacity().give_back(1);
            self.calls.let_go(usize::from(called.is_held));
        }
        for event in &self.events {
            match *event {
                Event::Waited { .. } => self.calls.let_go(1),
                Event::Dismissed { held, .. } => self.calls.let_go(held),
                _ => {}
            }
        }
        self.timers.set(Timer::Queue, Nanos::MAX);
    }

    /// Calls wait by those options from now on; those that do already keep their time.
    pub(super) fn set_queue(&mut self, options: Option<QueueOptions>) {
        match (options, &mut self.line) {
            (Some(options), Some(line)) => {
                line.options = Some(options);
                line.queue.set_options(options);
            }
            (Some(options), line) => *line = Some(Box::new(Line::new(options))),
            (None, Some(line)) => line.options = None,
            (None, None) => {}
        }
        if self.line.as_ref().is_some_and(|line| line.is_done()) {
            self.line = None;
        }
    }

    /// The time may be up of those who wait, after places were given out: it stands still while
    /// the loop is stalled, and the loop has its look at the sockets first, for the answers
    /// that make room may lie there.
    pub(super) fn look_at_queue(
        &mut self,
        time: &CallTime<'_>,
        look: Option<&Observation>,
        now: Now,
    ) {
        if !self.timers.is_due(Timer::Queue, now.monotonic) {
            return;
        }
        let Some(line) = &mut self.line else { return };
        let until = match look {
            None => now.monotonic,
            Some(look) => {
                let held = line.pending.take_if(|pending| pending.holds(look, now));
                held.map_or(Nanos::ZERO, |pending| pending.at().monotonic)
            }
        };
        let next = loop {
            let Some(first) = line.queue.first() else { break Nanos::MAX };
            let due = first.deadline + time.forgiven_since(first.since, now);
            if due > now.monotonic {
                line.pending = None;
                break due;
            }
            if due > until {
                if let (None, Some(look)) = (&line.pending, look) {
                    line.pending = Some(PendingExpiry::new(look, now));
                }
                break now.monotonic + LOOK_AGAIN;
            }
            let Some(ticket) = line.queue.pop() else { break Nanos::MAX };
            self.window.count(Counter::Rejects);
            self.window.count(Counter::SemaphoreRejections);
            self.events.push_back(Event::Waited { ticket, patience: first.patience });
        };
        self.published.set_queued(line.queue.len());
        self.timers.set(Timer::Queue, next);
    }

    /// The host has been told of an event: those who waited are held no longer.
    pub(super) fn note_told(&mut self, event: Event) {
        match event {
            Event::Waited { .. } => self.calls.let_go(1),
            Event::Dismissed { held, .. } => self.calls.let_go(held),
            _ => {}
        }
    }

    /// How many stalls there were before the first who waits.
    pub(super) fn oldest_stall_of_queue(&self) -> Option<u64> {
        self.line.as_ref()?.queue.first().map(|first| first.since.stalls)
    }

    /// Goes on with another clock.
    pub(super) fn change_clocks_of_queue(&mut self, shift: &Shift, time: &CallTime<'_>) {
        if let Some(line) = &mut self.line {
            line.queue.change_clocks(shift, |since| time.forgiven_since(since, shift.from));
            line.pending = None;
        }
    }

    /// Whoever waits first is another, or has another deadline; others see how many there are.
    pub(super) fn time_queue(&mut self) {
        let Some(line) = &self.line else { return };
        self.published.set_queued(line.queue.len());
        let at = line.queue.next_deadline();
        self.timers.set(Timer::Queue, at);
    }

    fn pass_by(&mut self, passed_by: bool) {
        if let Some(line) = &mut self.line {
            line.is_passed_by = passed_by;
        }
    }

    fn begin_within(
        &mut self,
        timeout: Option<Option<Nanos>>,
        begin: impl FnOnce(&mut Self, Now) -> Admission,
        now: Now,
    ) -> Admission {
        match timeout {
            None => begin(self, now),
            Some(timeout) => self.within(timeout, |breaker| begin(breaker, now)),
        }
    }
}

/// How soon to look again at a loop that has not had its look.
const LOOK_AGAIN: Nanos = Nanos::new(100_000);

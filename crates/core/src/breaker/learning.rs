//! A timeout that learns: what it is told of calls, and what it gives to those that begin.
//!
//! A breaker that has one has no other timeout, and its calls begin where those do that are asked
//! something: nobody else pays for it. Calls with a timeout of their own teach it nothing: they
//! may be calls of another kind, and are cut off elsewhere.

use super::answer::Admission;
use super::state::State;
use super::{timeout_of, CircuitBreaker};
use crate::calls::sample::Sample;
use crate::calls::{Call, Lesson, NewCall, Permit, Stage};
use crate::config::LiveOptions;
use crate::policy::learned_timeout::LearnedTimeout;
use crate::time::{Nanos, Now, Shift};

/// What a breaker learns its timeout by, and what it has given of it.
#[derive(Debug)]
pub(super) struct Learner {
    learned: LearnedTimeout,
    /// What calls were given, by their permits; nothing, where they began without it.
    given: Vec<Nanos>,
    /// The timeout that there was before it was learned.
    before: Option<Nanos>,
}

impl Learner {
    /// As those options ask for one.
    pub(super) fn new(
        live: &LiveOptions,
        before: Option<Nanos>,
        now: Nanos,
    ) -> Option<Box<Learner>> {
        let learned = LearnedTimeout::new(live.learned_timeout?, now);
        Some(Box::new(Learner { learned, given: Vec::new(), before }))
    }

    fn note(&mut self, permit: &Permit, timeout: Nanos) {
        let place = permit.raw() as usize;
        if place >= self.given.len() {
            self.given.resize(place + 1, Nanos::ZERO);
        }
        self.given[place] = timeout;
    }
}

impl CircuitBreaker {
    /// The timeout that is learned; `None` where none is. Until something was learned it is the
    /// greatest there may be.
    pub fn learned_timeout(&self) -> Option<Nanos> {
        self.learner.as_ref().map(|learner| learner.learned.timeout())
    }

    /// What a call was given of it that began under it, or what calls were given before; `None`
    /// where no timeout is learned, and where there was none.
    pub fn timeout_given(&self, permit: &Permit) -> Option<Nanos> {
        let learner = self.learner.as_ref()?;
        let given = learner.given.get(permit.raw() as usize).copied();
        given.filter(|given| *given > Nanos::ZERO).or(learner.before)
    }

    /// Goes on from the timeout that another breaker has learned.
    pub fn remember_timeout(&mut self, timeout: Nanos) {
        if let Some(learner) = &mut self.learner {
            learner.learned.remember(timeout);
        }
    }

    /// What another breaker is to go on from; `None`: it has learned nothing.
    pub fn timeout_to_remember(&self) -> Option<Nanos> {
        let Learner { learned, .. } = self.learner.as_deref()?;
        learned.has_learned().then(|| learned.timeout())
    }

    /// Calls that begin have the timeout of those options, or one that is learned by them; what
    /// was learned by others is kept.
    pub(super) fn set_timeout(&mut self, live: &LiveOptions, now: Now) {
        match (live.learned_timeout, &mut self.learner) {
            (Some(options), Some(learner)) => learner.learned.set_options(options),
            (None, None) => {}
            _ => {
                self.learner = Learner::new(live, self.timeout, now.monotonic);
                self.note_watchers();
                self.publish();
            }
        }
        self.timeout = timeout_of(live).filter(|_| self.learner.is_none());
    }

    /// Whether calls that begin have a timeout.
    pub(super) fn has_timeout(&self) -> bool {
        self.timeout.is_some() || (self.learner.is_some() && !self.on_own_terms)
    }

    /// Begins a call that has its place, where the timeout is learned.
    pub(super) fn begin_learned(&mut self, now: Now) -> Admission {
        if self.on_own_terms {
            let admission = self.begin(now);
            if let Admission::Admitted(permit) = &admission {
                self.calls.set_lesson(permit, Lesson::None);
            }
            return admission;
        }
        let closed = self.machine.state() == State::Closed;
        let mut learner = self.learner.take();
        let allowance = learner
            .as_mut()
            .map(|learner| learner.learned.begin(closed, || self.draw(), now.monotonic));
        let timeout = allowance.map(|allowance| allowance.timeout).filter(|at| !at.is_never());
        if let Some(timeout) = timeout {
            self.timers.wake_by(now.monotonic + timeout);
        }
        let permit = self.calls.insert(NewCall {
            started: now.monotonic,
            timeout,
            stalls: now.stalls,
            generation: self.machine.generation(),
            stage: Stage::Pending,
        });
        if allowance.is_some_and(|allowance| allowance.explores) {
            self.calls.set_lesson(&permit, Lesson::Explorer);
        }
        if let (Some(learner), Some(timeout)) = (&mut learner, timeout) {
            learner.note(&permit, timeout);
        }
        self.learner = learner;
        Admission::Admitted(permit)
    }

    /// A call has ended well.
    pub(super) fn learn_from_success(&mut self, call: &Call, now: Now) {
        let Some(learner) = &mut self.learner else { return };
        // One that was late has been told of.
        if call.stage == Stage::Pending && call.lesson != Lesson::None {
            let explores = call.lesson == Lesson::Explorer;
            let closed = self.machine.state() == State::Closed;
            let sample = Sample::of(call, now);
            learner.learned.on_success(&sample, explores, closed, now.monotonic);
        }
    }

    /// A call has ended badly, or was refused for want of a place.
    pub(super) fn learn_from_failure(&mut self, call: &Call) {
        if let Some(learner) = &mut self.learner {
            if call.stage == Stage::Pending && call.lesson != Lesson::None {
                learner.learned.on_failure();
            }
        }
    }

    /// The maker of a call has heard that it is late.
    pub(super) fn learn_from_timeout(&mut self, call: &Call, now: Now) {
        let Some(learner) = &mut self.learner else { return };
        if call.lesson != Lesson::None {
            let explores = call.lesson == Lesson::Explorer;
            learner.learned.on_timeout(&Sample::of(call, now), explores, now.monotonic);
        }
    }

    /// Goes on with another clock.
    pub(super) fn change_clock_of_timeout(&mut self, shift: &Shift) {
        if let Some(learner) = &mut self.learner {
            learner.learned.change_clocks(shift);
        }
    }
}

//! The driver: one breaker on its loop's thread, with an alarm.
//!
//! The breaker belongs to the loop: whoever touches it does so on the loop's thread,
//! through [`Driver::with`], without a lock. Two things tell it the time and wake it:
//!
//! - **the loop** ([`LoopSide`]): its clock, and whatever sends it an alarm when the moment has
//!   come that the breaker named, with what was seen of the loop then ([`AlarmSample`]); the loop
//!   decides by it ([`Driver::on_alarm`]).
//! - **host**: the clock and the timers of whoever owns the loop ([`HostClock`]), which
//!   in tests are fake.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use crate::host_clock::HostClock;
use didelphis_core::breaker::CircuitBreaker;
use didelphis_core::expiry::{LoopSample, Observation};
use didelphis_core::published::Published;
use didelphis_core::stall_log::{StallLog, NO_STALLS};
use didelphis_core::time::{Nanos, Now, Shift};

/// What was seen of a loop at the moment of an alarm.
#[derive(Clone, Copy, Debug)]
pub struct AlarmSample {
    /// What the alarm was set to.
    pub at: Nanos,
    /// The loop; `None` where it shows nothing of itself.
    pub view: Option<LoopSample>,
}

/// What a breaker has of its loop: the time, the stalls, and an alarm.
pub trait LoopSide {
    /// The present.
    fn now(&self) -> Now;

    /// The loop as it is now, seen by itself.
    fn view(&self) -> LoopSample;

    /// Has the stalls looked at that the breaker knows of its loop.
    fn with_stalls<R>(&self, ask: impl FnOnce(&StallLog) -> R) -> R;

    /// The place of these stalls among the totals of the loop.
    fn total_place(&self) -> usize;

    /// Has [`Driver::on_alarm`] called at that moment, besides those asked for before.
    fn call_at(&self, at: Nanos);
}

/// A breaker, and what drives it.
pub struct Driver<L> {
    breaker: RefCell<CircuitBreaker>,
    source: Source<L>,
    /// When the next alarm is set to go off; [`Nanos::MAX`]: none is set.
    set_to: Cell<Nanos>,
}

impl<L: LoopSide> Driver<L> {
    /// Takes a breaker to its loop: `make` makes it, given the present.
    pub fn on_loop(make: impl FnOnce(Now) -> CircuitBreaker, side: L) -> Self {
        Driver::new(make, Source::Loop { side, later: RefCell::default() })
    }

    /// The same, with a clock and alarm of the host's. The breaker lives in the present that
    /// was [read](HostClock::read) last; whoever uses the driver reads the clock before, and
    /// [sets its timer](HostClock::set_timer) after, while nothing is borrowed: both run
    /// the host's code.
    pub fn hosted(make: impl FnOnce(Now) -> CircuitBreaker, host: Rc<HostClock>) -> Self {
        Driver::new(make, Source::Host(host))
    }

    fn new(make: impl FnOnce(Now) -> CircuitBreaker, source: Source<L>) -> Self {
        let mut breaker = make(source.now());
        // Any thread can read the loop's clock, and none that of a host.
        breaker.show_moments(matches!(source, Source::Loop { .. }));
        Driver { breaker: RefCell::new(breaker), source, set_to: Cell::new(Nanos::MAX) }
    }

    /// The breaker as other threads see it.
    pub fn published(&self) -> Arc<Published> {
        self.breaker.borrow().published().clone()
    }

    /// Gives the breaker up: what makes it for another driver, under which everything that is
    /// to come is as far away as it was.
    pub fn leave(self) -> impl FnOnce(Now) -> CircuitBreaker {
        let from = self.source.now();
        move |to| {
            let mut breaker = self.breaker.into_inner();
            breaker.show_moments(false);
            self.source.with_stalls(|stalls| breaker.change_clocks(&Shift { from, to }, stalls));
            breaker
        }
    }

    /// Does something with the breaker.
    #[inline]
    pub fn with<R>(&self, act: impl FnOnce(&mut CircuitBreaker, Now) -> R) -> R {
        let now = self.source.now();
        let mut breaker = self.breaker.borrow_mut();
        let result = act(&mut breaker, now);
        match &self.source {
            // To put off the alarm of the loop costs more than to let it go off.
            Source::Loop { .. } => {
                let at = breaker.wake_at();
                if at < self.set_to.get() {
                    self.set_alarm(at);
                }
            }
            // That of a host is on show; but it has to go off while there is something to
            // announce, which whoever has only looked does not.
            Source::Host(host) => {
                let at = breaker.poll_timer(&NO_STALLS, now).unwrap_or(Nanos::MAX);
                let set_to = self.set_to.get();
                if at < set_to || at > set_to && !breaker.has_events() {
                    self.set_to.set(host.want_timer(at, now.monotonic));
                }
            }
        }
        result
    }

    /// The alarm has gone off. Returns whether there is something to announce. An
    /// alarm that has been set to an earlier moment since is of no interest yet: if it set
    /// the next one, there would be ever more of them.
    pub fn on_alarm(&self, sample: &AlarmSample) -> bool {
        let Source::Loop { side, later } = &self.source else { return false };
        if sample.at != self.set_to.get() {
            // It does not go off again.
            later.borrow_mut().retain(|at| *at != sample.at);
            return false;
        }
        self.set_to.set(later.borrow_mut().pop().unwrap_or(Nanos::MAX));
        let look = sample.view.map(|seen| Observation { seen, here: side.view() });
        self.on_timer(look.as_ref())
    }

    /// The same for the alarm of a host. Its clock need not have come so far: hosts
    /// may fake the one and not the other.
    pub fn on_host_alarm(&self) -> bool {
        let Source::Host(host) = &self.source else { return false };
        let set_to = self.set_to.replace(Nanos::MAX);
        if !set_to.is_never() {
            host.reach(set_to);
        }
        self.on_timer(None)
    }

    /// The clock of the host that drives the breaker, if one does.
    #[inline]
    pub fn host(&self) -> Option<&Rc<HostClock>> {
        match &self.source {
            Source::Host(host) => Some(host),
            Source::Loop { .. } => None,
        }
    }

    /// Has the stalls of the loop looked at; may be called while the breaker is used.
    pub fn with_stalls<R>(&self, ask: impl FnOnce(&StallLog) -> R) -> R {
        self.source.with_stalls(ask)
    }

    /// Whether the present is known: the host's clock, if there is one, has been read for
    /// what comes next. That is known once for each time it was read.
    #[inline]
    pub fn is_read(&self) -> bool {
        match &self.source {
            Source::Loop { .. } => true,
            Source::Host(host) => host.take_reading(),
        }
    }

    /// The clock has been read for what comes next.
    pub fn mark_read(&self) {
        if let Source::Host(host) = &self.source {
            host.mark_read();
        }
    }

    /// How many stalls longer than that of the stall total in a place there were before any call
    /// that waits; `None` where no call asks for these.
    pub fn oldest_stall(&self, total_place: usize) -> Option<u64> {
        match &self.source {
            Source::Loop { side, .. } if side.total_place() == total_place => {
                self.breaker.try_borrow().map_or(Some(0), |breaker| breaker.oldest_stall())
            }
            _ => None,
        }
    }

    fn on_timer(&self, look: Option<&Observation>) -> bool {
        self.with(|breaker, now| {
            self.source.with_stalls(|stalls| breaker.on_timer(look, stalls, now));
            breaker.has_events() || breaker.has_expired()
        })
    }

    #[cold]
    fn set_alarm(&self, at: Nanos) {
        let Source::Loop { side, later } = &self.source else { return };
        let set_to = self.set_to.replace(at);
        if !set_to.is_never() {
            later.borrow_mut().push(set_to);
        }
        side.call_at(at);
    }
}

/// What tells a breaker the time and wakes it.
enum Source<L> {
    Loop {
        side: L,
        /// When the alarm goes off again after the next time: it has been set to moments
        /// ever nearer.
        later: RefCell<Vec<Nanos>>,
    },
    Host(Rc<HostClock>),
}

impl<L: LoopSide> Source<L> {
    #[inline]
    fn now(&self) -> Now {
        match self {
            Source::Loop { side, .. } => side.now(),
            Source::Host(host) => Now::unstalled(host.present()),
        }
    }

    fn with_stalls<R>(&self, ask: impl FnOnce(&StallLog) -> R) -> R {
        match self {
            Source::Loop { side, .. } => side.with_stalls(ask),
            Source::Host(_) => ask(&NO_STALLS),
        }
    }
}

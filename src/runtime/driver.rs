//! The native driver: one breaker on its loop's thread, with an alarm at the timer
//! thread.
//!
//! The breaker belongs to the loop: whoever touches it does so on the loop's thread,
//! through [`Driver::with`], without a lock. The timer thread never does. When the
//! moment has come that the breaker named, it takes a look at the loop and sends what
//! it saw ([`Sight`]) there; the loop decides by it ([`Driver::on_alarm`]). That costs
//! a call nothing, where a lock that both take costs two atomic operations for each
//! crossing; and a call whose answer is read before the loop comes to decide has been
//! answered.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Weak};

use super::clock;
use super::loop_clock::LoopClock;
use super::timer::{Task, Timer};
use crate::core::breaker::CircuitBreaker;
use crate::core::lateness::LoopView;
use crate::core::time::{Nanos, Now};

/// What the timer thread saw of a loop at the moment of an alarm.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    /// What the alarm was set to.
    pub at: Nanos,
    /// The moment at which it went off.
    pub now: Now,
    /// The loop.
    pub view: LoopView,
}

/// The way from the timer thread to a loop.
pub trait Announce: Send + Sync {
    /// The alarm of breaker `id` has gone off; its loop is to call
    /// [`Driver::on_alarm`]. Called on the timer thread.
    fn announce(&self, id: u32, sight: Sight);
}

/// A breaker and its alarm.
pub struct Driver {
    breaker: RefCell<CircuitBreaker>,
    alarm: Arc<Alarm>,
    /// When the alarm is set to go off; [`Nanos::MAX`]: it is not set.
    set_to: Cell<Nanos>,
}

impl Driver {
    /// Takes a breaker to its loop, whose clock and way from the timer thread these
    /// are.
    pub fn new(
        breaker: CircuitBreaker,
        clock: Arc<LoopClock>,
        announcer: Arc<dyn Announce>,
        id: u32,
    ) -> Driver {
        Driver {
            breaker: RefCell::new(breaker),
            alarm: Arc::new(Alarm { clock, announcer, id }),
            set_to: Cell::new(Nanos::MAX),
        }
    }

    /// Does something with the breaker.
    #[inline]
    pub fn with<R>(&self, now: Now, act: impl FnOnce(&mut CircuitBreaker) -> R) -> R {
        let mut breaker = self.breaker.borrow_mut();
        let result = act(&mut breaker);
        if let Some(at) = breaker.poll_timer(now) {
            if at < self.set_to.get() {
                self.set_alarm(at);
            }
        }
        result
    }

    /// The alarm has gone off. Returns whether there is something to announce. An
    /// alarm that has been set to an earlier moment since is of no interest: if it set
    /// the next one, there would be ever more of them.
    pub fn on_alarm(&self, sight: &Sight) -> bool {
        if sight.at != self.set_to.get() {
            return false;
        }
        self.set_to.set(Nanos::MAX);
        self.with(sight.now, |breaker| {
            breaker.on_timer(&sight.view, sight.now);
            breaker.has_events() || breaker.has_expired()
        })
    }

    #[cold]
    fn set_alarm(&self, at: Nanos) {
        self.set_to.set(at);
        let alarm: Weak<Alarm> = Arc::downgrade(&self.alarm);
        Timer::global().call_at(at, alarm);
    }
}

/// What the timer thread knows of a breaker.
struct Alarm {
    clock: Arc<LoopClock>,
    announcer: Arc<dyn Announce>,
    id: u32,
}

impl Task for Alarm {
    fn on_time(&self, at: Nanos) {
        let (now, view) = self.clock.view(clock::now());
        self.announcer.announce(self.id, Sight { at, now, view });
    }
}

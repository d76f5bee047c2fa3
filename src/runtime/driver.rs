//! The drivers: one breaker on its loop's thread, with an alarm.
//!
//! The breaker belongs to the loop: whoever touches it does so on the loop's thread,
//! through [`Driver::with`], without a lock. Two things tell it the time and wake it:
//!
//! - **native**: the loop clock and the timer thread. When the moment has come that the
//!   breaker named, the timer thread takes a look at the loop and sends what it saw
//!   ([`Sight`]) there; the loop decides by it ([`Driver::on_alarm`]). That costs a
//!   call nothing, where a lock that both take costs two atomic operations for each
//!   crossing; and a call whose answer is read before the loop comes to decide has
//!   been answered.
//! - **host**: the clock and the timers of whoever owns the loop ([`Host`]), which in
//!   tests are fake.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, Weak};

use super::clock;
use super::loop_clock::{LoopClock, LoopMeter, Tally};
use super::timer::{Task, Timer};
use crate::core::breaker::CircuitBreaker;
use crate::core::lateness::{Look, LoopView};
use crate::core::time::{Nanos, Now};

/// What the timer thread saw of a loop at the moment of an alarm.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    /// What the alarm was set to.
    pub at: Nanos,
    /// The moment at which it went off.
    pub now: Now,
    /// The loop; `None` where it shows nothing of itself.
    pub view: Option<LoopView>,
}

/// The way from the timer thread to a loop.
pub trait Announce: Send + Sync {
    /// The alarm of breaker `id` has gone off; its loop is to call
    /// [`Driver::on_alarm`]. Called on the timer thread.
    fn announce(&self, id: u32, sight: Sight);
}

/// A clock and an alarm that are not ours.
pub trait Host {
    /// The present, by a clock that may jump and run backwards.
    fn now(&self) -> Nanos;

    /// Asks for [`Driver::on_host_alarm`] after that time, or not at all, instead of
    /// whenever it was asked for before.
    fn set_alarm(&self, wait: Option<Nanos>);
}

/// A breaker, and what drives it.
pub struct Driver {
    breaker: RefCell<CircuitBreaker>,
    source: Source,
    /// When the alarm is set to go off; [`Nanos::MAX`]: it is not set.
    set_to: Cell<Nanos>,
}

impl Driver {
    /// Takes a breaker to its loop: `make` makes it, given the present. `announcer` is
    /// the loop's way from the timer thread. A turn of the loop that is busy for longer
    /// than `stall_threshold` does not count for its timeouts.
    pub fn native(
        make: impl FnOnce(Now) -> CircuitBreaker,
        meter: Rc<LoopMeter>,
        stall_threshold: Nanos,
        announcer: Arc<dyn Announce>,
        id: u32,
    ) -> Driver {
        let tally = meter.tally(stall_threshold);
        let alarm =
            Arc::new(Alarm { clock: meter.clock().clone(), tally: tally.place(), announcer, id });
        Driver::new(make, Source::Native { meter, tally, alarm })
    }

    /// The same, with a clock and alarm of the host's.
    pub fn hosted(make: impl FnOnce(Now) -> CircuitBreaker, host: Box<dyn Host>) -> Driver {
        Driver::new(make, Source::Host { host, latest: Cell::new(Nanos::ZERO) })
    }

    fn new(make: impl FnOnce(Now) -> CircuitBreaker, source: Source) -> Driver {
        let breaker = RefCell::new(make(source.now()));
        Driver { breaker, source, set_to: Cell::new(Nanos::MAX) }
    }

    /// The breaker, for another driver, with the present that it has lived to.
    pub fn into_breaker(self) -> (CircuitBreaker, Now) {
        let now = self.source.now();
        (self.breaker.into_inner(), now)
    }

    /// Does something with the breaker.
    #[inline]
    pub fn with<R>(&self, act: impl FnOnce(&mut CircuitBreaker, Now) -> R) -> R {
        self.with_at(self.source.now(), act)
    }

    /// The alarm has gone off. Returns whether there is something to announce. An
    /// alarm that has been set to an earlier moment since is of no interest: if it set
    /// the next one, there would be ever more of them.
    pub fn on_alarm(&self, sight: &Sight) -> bool {
        let Source::Native { meter, .. } = &self.source else { return false };
        let look = sight.view.map(|seen| Look { seen, here: meter.view() });
        sight.at == self.set_to.get() && self.on_timer(look.as_ref(), sight.now)
    }

    /// The same for the alarm of a host. Its clock need not have come so far: hosts
    /// may fake the one and not the other.
    pub fn on_host_alarm(&self) -> bool {
        let Source::Host { latest, .. } = &self.source else { return false };
        let set_to = self.set_to.get();
        if !set_to.is_never() {
            latest.set(latest.get().max(set_to));
        }
        self.on_timer(None, self.source.now())
    }

    /// Whether the host drives the breaker.
    #[inline]
    pub fn is_hosted(&self) -> bool {
        matches!(self.source, Source::Host { .. })
    }

    fn on_timer(&self, look: Option<&Look>, now: Now) -> bool {
        self.set_to.set(Nanos::MAX);
        self.with_at(now, |breaker, now| {
            breaker.on_timer(look, now);
            breaker.has_events() || breaker.has_expired()
        })
    }

    #[inline]
    fn with_at<R>(&self, now: Now, act: impl FnOnce(&mut CircuitBreaker, Now) -> R) -> R {
        let mut breaker = self.breaker.borrow_mut();
        let result = act(&mut breaker, now);
        let set_to = self.set_to.get();
        // To put off the alarm of the timer thread costs more than to let it go off. That
        // of a host is on show; but it has to go off while there is something to announce,
        // which whoever has only looked does not.
        let (at, put_off) = if self.is_hosted() {
            let at = breaker.poll_timer(now).unwrap_or(Nanos::MAX);
            (at, at > set_to && !breaker.has_events())
        } else {
            (breaker.wake_at(), false)
        };
        if at < set_to || put_off {
            // A host's alarm may be anybody's code.
            drop(breaker);
            self.set_alarm(at, now);
        }
        result
    }

    #[cold]
    fn set_alarm(&self, at: Nanos, now: Now) {
        match &self.source {
            Source::Native { alarm, .. } => {
                self.set_to.set(at);
                let alarm: Weak<Alarm> = Arc::downgrade(alarm);
                Timer::global().call_at(at, alarm);
            }
            Source::Host { host, .. } if at.is_never() => {
                self.set_to.set(at);
                host.set_alarm(None);
            }
            Source::Host { host, .. } => {
                let wait = (at - now.wall).min(LONGEST_WAIT);
                self.set_to.set(now.wall + wait);
                host.set_alarm(Some(wait));
            }
        }
    }
}

/// The longest time that JavaScript's `setTimeout` takes: it keeps milliseconds in 31
/// bits, and makes one millisecond of more.
const LONGEST_WAIT: Nanos = Nanos::from_millis((1 << 31) - 1);

/// What tells a breaker the time and wakes it.
enum Source {
    Native {
        meter: Rc<LoopMeter>,
        tally: Rc<Tally>,
        alarm: Arc<Alarm>,
    },
    Host {
        host: Box<dyn Host>,
        /// The latest moment it is known to have reached.
        latest: Cell<Nanos>,
    },
}

impl Source {
    #[inline]
    fn now(&self) -> Now {
        match self {
            Source::Native { meter, tally, .. } => meter.now(tally),
            Source::Host { host, latest } => {
                latest.set(latest.get().max(host.now()));
                Now::unstalled(latest.get())
            }
        }
    }
}

/// What the timer thread knows of a breaker.
struct Alarm {
    clock: Arc<LoopClock>,
    /// The place of the breaker's tally there.
    tally: usize,
    announcer: Arc<dyn Announce>,
    id: u32,
}

impl Task for Alarm {
    fn on_time(&self, at: Nanos) {
        let (now, view) = self.clock.view(clock::now(), self.tally);
        self.announcer.announce(self.id, Sight { at, now, view });
    }
}

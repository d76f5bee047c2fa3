//! The native driver: one breaker under the timer thread and the loop clock.
//!
//! Everybody who touches the breaker goes through [`Driver::with`], which holds its
//! lock and sees to it that the timer thread knows the next moment of interest. The
//! host on the loop brings its own `now`; the timer thread reads the clock itself.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::clock;
use super::loop_clock::LoopClock;
use super::timer::{Task, Timer};
use crate::core::breaker::CircuitBreaker;
use crate::core::time::{Nanos, Now};

/// Where the timer thread says that a breaker has something to announce.
pub trait Announce: Send + Sync {
    /// Breaker `id` has events or late calls to be polled. Called on the timer
    /// thread with the breaker's lock free.
    fn announce(&self, id: u32);
}

/// A breaker with its lock, its clock and its place in the timer's queue.
pub struct Driver {
    guarded: Mutex<Guarded>,
    clock: Arc<LoopClock>,
    announcer: Arc<dyn Announce>,
    id: u32,
    me: Weak<Driver>,
}

impl Driver {
    /// Puts a breaker under the timer thread.
    pub fn new(
        breaker: CircuitBreaker,
        clock: Arc<LoopClock>,
        announcer: Arc<dyn Announce>,
        id: u32,
    ) -> Arc<Driver> {
        let guarded = Mutex::new(Guarded { breaker, looked_at: Nanos::MAX });
        Arc::new_cyclic(|me| Driver { guarded, clock, announcer, id, me: me.clone() })
    }

    /// Does something with the breaker.
    #[inline]
    pub fn with<R>(&self, now: Now, act: impl FnOnce(&mut CircuitBreaker) -> R) -> R {
        let mut guarded = self.guarded.lock();
        let result = act(&mut guarded.breaker);
        self.schedule(&mut guarded, now);
        result
    }

    /// Asks the timer for the next moment of interest, unless it will look before.
    #[inline]
    fn schedule(&self, guarded: &mut Guarded, now: Now) {
        if let Some(at) = guarded.breaker.poll_timer(now) {
            if at < guarded.looked_at {
                guarded.looked_at = at;
                Timer::global().call_at(at, self.me.clone());
            }
        }
    }
}

impl Task for Driver {
    fn on_time(&self, at: Nanos) {
        let mut guarded = self.guarded.lock();
        if guarded.looked_at != at {
            return; // Asked for before an earlier moment was.
        }
        guarded.looked_at = Nanos::MAX;
        let (now, view) = self.clock.view(clock::now());
        guarded.breaker.on_timer(&view, now);
        self.schedule(&mut guarded, now);
        let news = guarded.breaker.has_events() || guarded.breaker.has_expired();
        drop(guarded);
        if news {
            self.announcer.announce(self.id);
        }
    }
}

struct Guarded {
    breaker: CircuitBreaker,
    /// When the timer will look next; [`Nanos::MAX`]: it will not.
    looked_at: Nanos,
}

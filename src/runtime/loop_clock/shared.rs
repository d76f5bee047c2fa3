//! The loop as other threads see it.
//!
//! The timer thread asks when an alarm goes off; and it looks every few milliseconds while
//! signals interrupt the waits of the loop, or sends it questions where libuv cannot be asked.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::libuv::Source;
use super::long_stalls::{HeldBy, LongStalls, Stall};
use super::signals;
use super::turn::Turn;
use crate::runtime::clock;
use crate::runtime::timer::{Task, Timer};
use didelphis_core::expiry::LoopSample;
use didelphis_core::loop_delay::Stalls;
use didelphis_core::time::Nanos;
use didelphis_host::heartbeat::{Heartbeat, BEAT};
use didelphis_host::history::History;

/// The clock as any thread sees it.
pub struct LoopClock {
    pub(super) shared: Mutex<Shared>,
    /// How to ask the loop for an answer where libuv cannot be asked.
    pub(super) asker: Option<Arc<dyn Ask>>,
    this: Weak<LoopClock>,
}

/// The way to a loop for a question that it answers by [`LoopMeter::on_answer`](super::LoopMeter::on_answer).
pub trait Ask: Send + Sync {
    /// Sends the question. Called on the timer thread.
    fn ask(&self);
}

impl LoopClock {
    /// That of a loop in its first turn. It is asked by `asker` where it has no `source`.
    pub(super) fn new(
        turn: Turn,
        source: Option<Source>,
        asker: Option<Arc<dyn Ask>>,
    ) -> Arc<LoopClock> {
        let heartbeat = Heartbeat::default();
        let shared = Mutex::new(Shared {
            turn,
            source,
            heartbeat,
            history: History::default(),
            long_stalls: None,
            missed_at: Nanos::ZERO,
            samples: false,
            closed: false,
        });
        let asker = asker.filter(|_| source.is_none());
        Arc::new_cyclic(|this| LoopClock { shared, asker, this: this.clone() })
    }

    /// What can be seen of the loop; `None` where it shows nothing of itself.
    pub fn view(&self) -> Option<LoopSample> {
        let mut shared = self.shared.lock();
        let Some(source) = shared.source else {
            let turns = shared.heartbeat.turns();
            let view = LoopSample { turns, idle: Nanos::ZERO, waiting: false };
            return self.asker.as_ref().map(|_| view);
        };
        let monotonic = clock::now();
        let (idle, waiting) = shared.look(source, monotonic);
        let busy = shared.turn.busy(monotonic, idle);
        shared.turn.see_suspensions(clock::suspensions(monotonic), busy);
        let view = LoopSample { turns: shared.turn.number, idle, waiting };
        let samples = shared.distrusts(monotonic) && !shared.samples;
        shared.samples |= samples;
        drop(shared);
        if samples {
            self.beat_after(monotonic);
        }
        Some(view)
    }

    /// What the loop does and did; `None` once it has ended.
    pub fn read(&self) -> Option<LoopReading> {
        let mut shared = self.shared.lock();
        if shared.closed {
            return None;
        }
        let now = clock::now();
        let lag = match shared.source {
            Some(source) => match shared.look(source, now) {
                (_, true) => Nanos::ZERO,
                (idle, false) => shared.turn.busy(now, idle),
            },
            None => shared.heartbeat.busy(now),
        };
        let History { total, last, .. } = shared.history;
        let longest = shared.history.longest(now).max(lag);
        let long_stalls = shared.long_stalls.clone();
        Some(LoopReading { lag, longest, total, last_stall: last, long_stalls })
    }

    /// From now on somebody looks into stalls that are so long; `None`: nobody does.
    pub fn look_into_stalls(&self, above: Option<Nanos>) {
        self.shared.lock().long_stalls = above.map(LongStalls::above);
    }

    /// A long stall has been looked into.
    pub fn on_long_stall(&self, stall: Stall, held_by: Option<HeldBy>) {
        if let Some(long_stalls) = &mut self.shared.lock().long_stalls {
            long_stalls.add(stall, held_by);
        }
    }

    /// Has the loop looked at every [`BEAT`] from now on, because libuv may not count its
    /// waits in full.
    pub(super) fn sample(&self, now: Nanos) {
        let begins = !std::mem::replace(&mut self.shared.lock().samples, true);
        if begins {
            self.beat_after(now);
        }
    }

    pub(super) fn beat_after(&self, now: Nanos) {
        let this: Weak<LoopClock> = self.this.clone();
        Timer::global().call_at(now + BEAT, this);
    }
}

impl Task for LoopClock {
    /// It is time to look at the loop, or to ask it for an answer.
    fn on_time(&self, _: Nanos) {
        let now = clock::now();
        let mut shared = self.shared.lock();
        let (goes_on, asks) = match shared.source {
            Some(source) => {
                shared.look(source, now);
                shared.samples = shared.distrusts(now) || signals::interrupt();
                (shared.samples, false)
            }
            None => shared.heartbeat.on_time(now),
        };
        drop(shared);
        if asks {
            self.asker.iter().for_each(|asker| asker.ask());
        }
        if goes_on {
            self.beat_after(now);
        }
    }
}

/// What another thread has read of a loop.
#[derive(Clone, Debug)]
pub struct LoopReading {
    /// For how long it has been busy by now.
    pub lag: Nanos,
    /// The longest turn of the last second, that one included.
    pub longest: Nanos,
    /// The stalls that are over.
    pub total: Stalls,
    /// When the last of these ended, and its length.
    pub last_stall: Option<(Nanos, Nanos)>,
    /// Those that somebody looks into; `None` where nobody does.
    pub long_stalls: Option<LongStalls>,
}

/// What other threads see. The lock is held while the loop is asked, so that it
/// cannot go away meanwhile.
pub(super) struct Shared {
    pub(super) turn: Turn,
    pub(super) source: Option<Source>,
    pub(super) heartbeat: Heartbeat,
    pub(super) history: History,
    long_stalls: Option<LongStalls>,
    /// When libuv was last seen not to count a wait in full.
    missed_at: Nanos,
    /// Whether the timer thread is going to look at the loop.
    samples: bool,
    /// Whether the loop has gone.
    pub(super) closed: bool,
}

impl Shared {
    /// The idle time of the loop by now, and whether it is waiting.
    fn look(&mut self, source: Source, monotonic: Nanos) -> (Nanos, bool) {
        let idle = source.idle();
        // Idle time grows while the loop waits in the kernel, and only then.
        let waiting = source.idle() > idle;
        if waiting && self.turn.see_waiting(monotonic, idle) {
            self.missed_at = monotonic;
        }
        (idle, waiting)
    }

    /// Whether libuv did not count waits in full lately.
    fn distrusts(&self, monotonic: Nanos) -> bool {
        self.missed_at > Nanos::ZERO && monotonic - self.missed_at < DISTRUST
    }
}

/// For how long the loop is looked at after libuv was seen not to count a wait.
const DISTRUST: Nanos = Nanos::from_millis(2_000);

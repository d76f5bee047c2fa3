//! The clock of an event loop, which sees its stalls.
//!
//! Between two turns of a libuv loop, `busy = elapsed − growth of the idle time`. A
//! turn that was busy for longer than a threshold is a stall, in which the time of calls
//! stands still ([`StallLog`](didelphis_core::stall_log::StallLog) says for how many); in shorter turns it goes on, for a loop
//! that is busy in short turns still reads its sockets. Breakers may have thresholds of
//! their own: for each there is a `StallTotal`.
//!
//! The clock has two sides. [`LoopMeter`] lives on the loop's thread, takes a reading
//! once a turn from a prepare handle, and answers calls without a lock or a system
//! call. [`LoopClock`] is what other threads see: while signals interrupt the waits of the
//! loop, which libuv does not count then, the timer thread looks at it every few milliseconds
//! (`turn.rs`).
//! Where there is no libuv to ask, a heartbeat through the loop shows its stalls.

mod libuv;
mod long_stalls;
mod shared;
mod signals;
mod turn;

use std::cell::{Cell, RefCell, RefMut};
use std::ffi::c_void;
use std::rc::Rc;
use std::sync::Arc;

use self::libuv::{Prepare, Source};
pub use self::long_stalls::{HeldBy, LongStalls, Stall};
pub use self::shared::{Ask, LoopClock, LoopReading};
use self::turn::Turn;
use super::clock;
use didelphis_core::expiry::LoopSample;
use didelphis_core::loop_delay::LoopDelay;
use didelphis_core::time::{Nanos, Now};
use didelphis_host::stall_total::StallTotal;

/// A turn that is busy for longer is a stall, where nothing else is asked for.
pub const STALL: Nanos = Nanos::from_millis(50);

/// The clock on the loop's own thread.
pub struct LoopMeter {
    turn: Cell<Turn>,
    /// How soon after its beginning the turn may be a stall, however busy; at once where
    /// turns are not seen.
    sound_for: Cell<Nanos>,
    /// When to look for signals that interrupt waits.
    signals_at: Cell<Nanos>,
    /// Since when this turn has been busy, once somebody needed to know.
    busy_since: Cell<Option<Nanos>>,
    source: Option<Source>,
    prepare: Cell<Option<Prepare>>,
    /// The first is that of [`STALL`].
    totals: RefCell<Vec<Rc<StallTotal>>>,
    loop_delay: RefCell<LoopDelay>,
    host: Box<dyn LoopHost>,
    clock: Arc<LoopClock>,
}

/// Whoever lives on the loop.
pub trait LoopHost {
    /// A turn begins; `stall` is the length of the stall that has just ended, if one has.
    fn on_turn(&self, stall: Option<Nanos>);

    /// How many stalls, by the stall total in that place, there were before the first of all calls
    /// that wait.
    fn oldest_stall(&self, total_place: usize) -> Option<u64>;
}

impl LoopMeter {
    /// Starts to measure a libuv loop, and tells `host` of each of its turns. Without a loop, or where the process does not have the functions of
    /// libuv, turns are not seen; the loop is asked by `asker` while it is
    /// [watched](LoopMeter::watch). Without either there are no stalls.
    ///
    /// # Safety
    ///
    /// Must be called on the loop's thread. `uv_loop`, when it is not null, must
    /// point to a live `uv_loop_t` of the libuv that this process exports, and stay
    /// alive until [`LoopMeter::close`] has been called.
    pub unsafe fn start(
        uv_loop: *mut c_void,
        asker: Option<Arc<dyn Ask>>,
        host: Box<dyn LoopHost>,
    ) -> Rc<LoopMeter> {
        // SAFETY: as promised by the caller, until `close`, which removes the source first.
        let source = unsafe { Source::of(uv_loop) };
        let idle = source.map_or(Nanos::ZERO, |source| source.idle());
        let began = clock::checked_now();
        let turn = Turn::begin(0, began, idle, clock::suspensions(began));
        let clock = LoopClock::new(turn, source, asker);
        let meter = Rc::new(LoopMeter {
            turn: Cell::new(turn),
            sound_for: Cell::new(Nanos::ZERO),
            signals_at: Cell::new(Nanos::ZERO),
            busy_since: Cell::new(None),
            source,
            prepare: Cell::new(None),
            totals: RefCell::new(Vec::new()),
            loop_delay: RefCell::new(LoopDelay::new(clock::now())),
            host,
            clock,
        });
        meter.stall_total(STALL);
        if let Some(source) = source {
            let this = meter.clone();
            meter.prepare.set(source.listen(Box::new(move || this.begin_turn())));
        }
        meter
    }

    /// The side of this clock that other threads use.
    pub fn clock(&self) -> &Arc<LoopClock> {
        &self.clock
    }

    /// The total of stalls longer than `threshold`. There is one for each threshold that
    /// was ever asked for.
    pub fn stall_total(&self, threshold: Nanos) -> Rc<StallTotal> {
        let mut totals = self.totals.borrow_mut();
        if let Some(stall_total) =
            totals.iter().find(|stall_total| stall_total.threshold() == threshold)
        {
            return stall_total.clone();
        }
        let place = totals.len();
        // Until the next turn nobody relies on what held for the totals there were.
        self.sound_for.set(Nanos::ZERO);
        let stall_total = Rc::new(StallTotal::new(threshold, place));
        totals.push(stall_total.clone());
        stall_total
    }

    /// What the turns were like, and how long the one under way has been busy.
    pub fn loop_delay(&self) -> (RefMut<'_, LoopDelay>, Nanos) {
        let monotonic = clock::now();
        let busy = match self.source {
            Some(_) => self.busy_in_turn(monotonic),
            None => self.clock.shared.lock().heartbeat.busy(monotonic),
        };
        (self.loop_delay.borrow_mut(), busy)
    }

    /// The present, by a stall total of this clock.
    #[inline]
    pub fn now(&self, stall_total: &StallTotal) -> Now {
        let monotonic = clock::now();
        // A clock that has jumped to before the turn wraps around, and is found out, too.
        let since = monotonic.get().wrapping_sub(self.turn.get().began.get());
        if since >= self.sound_for.get().get() {
            return self.look_closer(stall_total);
        }
        Now { monotonic, stalls: stall_total.count(), stalling: Nanos::ZERO }
    }

    /// The present in a turn that may be a stall.
    #[cold]
    fn look_closer(&self, stall_total: &StallTotal) -> Now {
        let monotonic = clock::checked_now();
        let stalling = match self.source {
            Some(_) => {
                let busy = self.busy_in_turn(monotonic);
                self.take_suspensions(monotonic, busy);
                stall_total.of(busy)
            }
            None => stall_total.of(self.clock.shared.lock().heartbeat.busy(monotonic)),
        };
        Now { monotonic, stalls: stall_total.count(), stalling }
    }

    /// Whether each turn of the loop is seen.
    pub fn sees_turns(&self) -> bool {
        self.source.is_some()
    }

    /// The loop as it is now, which is at work: this is its thread.
    pub fn view(&self) -> LoopSample {
        let (turns, idle) = match &self.source {
            Some(source) => (self.turn.get().number, source.idle()),
            None => (self.clock.shared.lock().heartbeat.turns(), Nanos::ZERO),
        };
        LoopSample { turns, idle, waiting: false }
    }

    /// Whether stalls matter from now on, because calls with a timeout are under way. A
    /// loop whose turns are seen is watched all the time, at no cost.
    #[inline]
    pub fn watch(&self, wanted: bool) {
        if self.source.is_none() {
            self.watch_by_heartbeat(wanted);
        }
    }

    #[cold]
    fn watch_by_heartbeat(&self, wanted: bool) {
        if self.clock.asker.is_some() {
            let now = clock::now();
            if self.clock.shared.lock().heartbeat.want(wanted, now) {
                self.clock.beat_after(now);
            }
        }
    }

    /// The loop has heard from the timer thread. Returns the length of the stall that has
    /// ended by that, if any.
    pub fn on_answer(&self) -> Option<Nanos> {
        if self.source.is_some() {
            return None;
        }
        let monotonic = clock::now();
        let mut shared = self.clock.shared.lock();
        let (busy, surely) = shared.heartbeat.on_answer(monotonic)?;
        let stalled = busy > STALL;
        let late = if stalled { busy } else { surely };
        shared.history.on_turn(late, stalled, monotonic);
        drop(shared);
        self.add_to_tallies(|stall_total| stall_total.of(busy), monotonic);
        self.loop_delay.borrow_mut().on_turn(late, stalled, monotonic);
        stalled.then_some(busy)
    }

    /// Stops measuring: from now on nobody touches the loop. `closed` is called on
    /// the loop's thread once libuv has let go of the handle, at once if there is
    /// none.
    pub fn close(&self, closed: Box<dyn FnOnce()>) {
        {
            let mut shared = self.clock.shared.lock();
            shared.source = None;
            shared.closed = true;
            shared.heartbeat.want(false, Nanos::ZERO);
        }
        match self.prepare.take() {
            Some(prepare) => prepare.close(closed),
            None => closed(),
        }
    }

    fn busy_in_turn(&self, monotonic: Nanos) -> Nanos {
        let Some(source) = &self.source else { return Nanos::ZERO };
        let since = self.busy_since.get().unwrap_or_else(|| {
            // This is the loop's thread: it is not waiting, and will not wait again
            // in this turn, so the answer holds until the turn ends.
            let since = monotonic - self.clock.shared.lock().turn.busy(monotonic, source.idle());
            self.busy_since.set(Some(since));
            since
        });
        monotonic - since
    }

    /// Adds what suspensions of the process took of the waits of this turn, each for itself.
    fn take_suspensions(&self, monotonic: Nanos, busy: Nanos) {
        let suspensions = clock::suspensions(monotonic);
        if suspensions == self.turn.get().suspensions {
            return;
        }
        // The other side may have seen them first, and what it saw holds.
        let mut shared = self.clock.shared.lock();
        shared.turn.see_suspensions(suspensions, busy);
        let taken = shared.turn.take_suspensions();
        self.turn.set(shared.turn);
        drop(shared);
        let count = taken.count.max(u64::from(taken.length > Nanos::ZERO));
        for _ in 0..count {
            let each = Nanos::new(taken.length.get() / count);
            self.add_to_tallies(|_| each, monotonic);
        }
    }

    /// Has the timer thread look at the loop while signals interrupt its waits.
    #[cold]
    fn look_for_signals(&self, monotonic: Nanos) {
        self.signals_at.set(monotonic + SIGNALS_EVERY);
        if signals::interrupt() {
            self.clock.sample(monotonic);
        }
    }

    /// A turn has ended and the next one begins.
    fn begin_turn(&self) {
        let Some(source) = &self.source else { return };
        let (monotonic, idle) = (clock::checked_now(), source.idle());
        let busy = self.clock.shared.lock().turn.busy(monotonic, idle);
        self.take_suspensions(monotonic, busy);
        if monotonic >= self.signals_at.get() {
            self.look_for_signals(monotonic);
        }
        let late = {
            let mut shared = self.clock.shared.lock();
            let last = shared.turn;
            shared.turn = Turn::begin(last.number + 1, monotonic, idle, last.suspensions);
            self.turn.set(shared.turn);
            // Time in which the process was suspended is not the loop's doing, but the loop was
            // as late as if it were.
            let late = busy + last.suspended();
            shared.history.on_turn(late, late > STALL, monotonic);
            late
        };
        self.sound_for.set(self.least_stall());
        self.busy_since.set(None);
        self.add_to_tallies(|stall_total| stall_total.of(busy), monotonic);
        let stalled = late > STALL;
        self.loop_delay.borrow_mut().on_turn(late, stalled, monotonic);
        self.host.on_turn(stalled.then_some(late));
    }

    /// How soon after its beginning a turn may be a stall to somebody, or the process have
    /// been suspended in it.
    fn least_stall(&self) -> Nanos {
        let totals = self.totals.borrow();
        totals.iter().map(|stall_total| stall_total.threshold()).fold(clock::OVERSLEPT, Nanos::min)
    }

    /// Adds to each total what is a stall to it, which has ended.
    fn add_to_tallies(&self, stall: impl Fn(&StallTotal) -> Nanos, ended: Nanos) {
        for stall_total in self.totals.borrow().iter() {
            let length = stall(stall_total);
            if length > Nanos::ZERO {
                stall_total.add(length, ended, || self.host.oldest_stall(stall_total.place()));
            }
        }
    }
}

/// How often to look for signals.
const SIGNALS_EVERY: Nanos = Nanos::from_millis(20);

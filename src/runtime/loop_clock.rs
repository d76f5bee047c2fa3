//! The clock of an event loop, which sees its stalls.
//!
//! Between two turns of a libuv loop, `busy = elapsed − growth of the idle time`. A
//! turn that was busy for longer than a threshold is a stall, in which the time of calls
//! stands still ([`StallLog`] says for how many); in shorter turns it goes on, for a loop
//! that is busy in short turns still reads its sockets. Breakers may have thresholds of
//! their own: for each there is a [`Tally`].
//!
//! The clock has two sides. [`LoopMeter`] lives on the loop's thread, takes a reading
//! once a turn from a prepare handle, and answers calls without a lock or a system
//! call. [`LoopClock`] is what other threads see.
//! Where there is no libuv to ask, a heartbeat through the loop shows its stalls.

use std::alloc::{alloc_zeroed, dealloc, Layout};
use std::cell::{Cell, Ref, RefCell, RefMut};
use std::ffi::c_void;
use std::rc::Rc;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::clock;
use super::heartbeat::{Heartbeat, BEAT};
use super::timer::{Task, Timer};
use super::uv::{self, HandlePtr, LoopPtr, Uv};
use crate::core::lag::Lag;
use crate::core::lateness::LoopView;
use crate::core::stall_log::StallLog;
use crate::core::time::{Nanos, Now};

/// A turn that is busy for longer is a stall, where nothing else is asked for.
pub const STALL: Nanos = Nanos::from_millis(50);

/// The stalls longer than some threshold.
#[derive(Debug)]
pub struct Tally {
    threshold: Nanos,
    /// How many have ended.
    count: Cell<u64>,
    log: RefCell<StallLog>,
    /// How many the log may keep before somebody is asked what can be forgotten.
    room: Cell<usize>,
    /// Its place among the tallies of its clock.
    place: usize,
}

impl Tally {
    fn new(threshold: Nanos, place: usize) -> Tally {
        Tally {
            threshold,
            count: Cell::new(0),
            log: RefCell::default(),
            room: Cell::new(LEAST_ROOM),
            place,
        }
    }

    /// The stalls that have ended.
    pub fn log(&self) -> Ref<'_, StallLog> {
        self.log.borrow()
    }

    /// Adds a stall. `oldest` says how many there were before the first call that waits: it is
    /// asked now and then, so that the log forgets what no call will ask for.
    fn add(&self, length: Nanos, ended: Nanos, oldest: impl FnOnce() -> Option<u64>) {
        let mut log = self.log.borrow_mut();
        log.push(length, ended);
        self.count.set(log.count());
        if log.kept() >= self.room.get() {
            let oldest = oldest().unwrap_or(log.count());
            log.forget_before(oldest);
            self.room.set((log.kept() * 2).max(LEAST_ROOM));
        }
    }

    /// Its place among the tallies of its clock.
    pub fn place(&self) -> usize {
        self.place
    }

    /// What is to be left out of a turn.
    #[inline]
    fn of(&self, busy: Nanos) -> Nanos {
        stall_in(busy, self.threshold)
    }
}

/// What is a stall of a turn that is busy for that long: all of it, or nothing.
#[inline]
fn stall_in(busy: Nanos, threshold: Nanos) -> Nanos {
    if busy > threshold {
        busy
    } else {
        Nanos::ZERO
    }
}

/// The clock as any thread sees it.
pub struct LoopClock {
    shared: Mutex<Shared>,
    /// How to ask the loop for an answer where libuv cannot be asked.
    asker: Option<Arc<dyn Ask>>,
    this: Weak<LoopClock>,
}

/// The way to a loop for a question that it answers by [`LoopMeter::on_answer`].
pub trait Ask: Send + Sync {
    /// Sends the question. Called on the timer thread.
    fn ask(&self);
}

impl LoopClock {
    /// What can be seen of the loop; `None` where it shows nothing of itself.
    pub fn view(&self) -> Option<LoopView> {
        let mut shared = self.shared.lock();
        let Some(source) = shared.source else {
            let turns = shared.heartbeat.turns();
            let view = LoopView { turns, idle: Nanos::ZERO, waiting: false };
            return self.asker.as_ref().map(|_| view);
        };
        let idle = source.idle();
        // Idle time grows while the loop waits in the kernel, and only then.
        let waiting = source.idle() > idle;
        let wall = clock::now();
        let turn = &mut shared.turn;
        let busy = turn.busy(wall, idle);
        turn.see_hold_up(clock::held_up(wall), busy);
        Some(LoopView { turns: turn.number, idle, waiting })
    }
}

impl Task for LoopClock {
    /// It is time to ask the loop for an answer.
    fn on_time(&self, _: Nanos) {
        let now = clock::now();
        let (goes_on, asks) = self.shared.lock().heartbeat.on_time(now);
        if asks {
            self.asker.iter().for_each(|asker| asker.ask());
        }
        if goes_on {
            self.beat_after(now);
        }
    }
}

impl LoopClock {
    fn beat_after(&self, now: Nanos) {
        let this: Weak<LoopClock> = self.this.clone();
        Timer::global().call_at(now + BEAT, this);
    }
}

/// The clock on the loop's own thread.
pub struct LoopMeter {
    turn: Cell<Turn>,
    /// How soon after its beginning the turn may be a stall, however busy; at once where
    /// turns are not seen.
    sound_for: Cell<Nanos>,
    /// Since when this turn has been busy, once somebody needed to know.
    busy_since: Cell<Option<Nanos>>,
    source: Option<Source>,
    prepare: Cell<HandlePtr>,
    /// The first is that of [`STALL`].
    tallies: RefCell<Vec<Rc<Tally>>>,
    lag: RefCell<Lag>,
    host: Box<dyn LoopHost>,
    clock: Arc<LoopClock>,
}

/// Whoever lives on the loop.
pub trait LoopHost {
    /// A turn begins; `stall` is the length of the stall that has just ended, if one has.
    fn on_turn(&self, stall: Option<Nanos>);

    /// How many stalls, by the tally in that place, there were before the first of all calls
    /// that wait.
    fn oldest_stall(&self, tally_place: usize) -> Option<u64>;
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
        let uv = if uv_loop.is_null() { None } else { Uv::find() };
        let source = uv.map(|uv| Source { uv, uv_loop });
        if let Some(Source { uv, uv_loop }) = source {
            // Node asks for it already; another host of libuv may not.
            // SAFETY: the loop is live, and this option takes no further argument.
            unsafe { (uv.loop_configure)(uv_loop, uv::METRICS_IDLE_TIME) };
        }
        let idle = source.map_or(Nanos::ZERO, |source| source.idle());
        let began = clock::checked_now();
        let turn = Turn::begin(0, began, idle, clock::held_up(began));
        let heartbeat = Heartbeat::default();
        let shared = Mutex::new(Shared { turn, source, heartbeat });
        let asker = asker.filter(|_| source.is_none());
        let clock = Arc::new_cyclic(|this| LoopClock { shared, asker, this: this.clone() });
        let meter = Rc::new(LoopMeter {
            turn: Cell::new(turn),
            sound_for: Cell::new(Nanos::ZERO),
            busy_since: Cell::new(None),
            source,
            prepare: Cell::new(std::ptr::null_mut()),
            tallies: RefCell::new(Vec::new()),
            lag: RefCell::new(Lag::new(clock::now())),
            host,
            clock,
        });
        meter.tally(STALL);
        meter.clone().listen();
        meter
    }

    /// The side of this clock that other threads use.
    pub fn clock(&self) -> &Arc<LoopClock> {
        &self.clock
    }

    /// The tally of stalls longer than `threshold`. There is one for each threshold that
    /// was ever asked for.
    pub fn tally(&self, threshold: Nanos) -> Rc<Tally> {
        let mut tallies = self.tallies.borrow_mut();
        if let Some(tally) = tallies.iter().find(|tally| tally.threshold == threshold) {
            return tally.clone();
        }
        let place = tallies.len();
        // Until the next turn nobody relies on what held for the tallies there were.
        self.sound_for.set(Nanos::ZERO);
        let tally = Rc::new(Tally::new(threshold, place));
        tallies.push(tally.clone());
        tally
    }

    /// What the turns were like, and how long the one under way has been busy.
    pub fn lag(&self) -> (RefMut<'_, Lag>, Nanos) {
        let wall = clock::now();
        let busy = match self.source {
            Some(_) => self.busy_in_turn(wall),
            None => self.clock.shared.lock().heartbeat.busy(wall),
        };
        (self.lag.borrow_mut(), busy)
    }

    /// The present, by a tally of this clock.
    #[inline]
    pub fn now(&self, tally: &Tally) -> Now {
        let wall = clock::now();
        // A clock that has jumped to before the turn wraps around, and is found out, too.
        let since = wall.get().wrapping_sub(self.turn.get().began.get());
        if since >= self.sound_for.get().get() {
            return self.look_closer(tally);
        }
        Now { wall, stalls: tally.count.get(), stalling: Nanos::ZERO }
    }

    /// The present in a turn that may be a stall.
    #[cold]
    fn look_closer(&self, tally: &Tally) -> Now {
        let wall = clock::checked_now();
        let stalling = match self.source {
            Some(_) => {
                let busy = self.busy_in_turn(wall);
                self.held_up_idle(wall, busy) + tally.of(busy)
            }
            None => tally.of(self.clock.shared.lock().heartbeat.busy(wall)),
        };
        Now { wall, stalls: tally.count.get(), stalling }
    }

    /// Whether each turn of the loop is seen.
    pub fn sees_turns(&self) -> bool {
        self.source.is_some()
    }

    /// The loop as it is now, which is at work: this is its thread.
    pub fn view(&self) -> LoopView {
        let (turns, idle) = match &self.source {
            Some(source) => (self.turn.get().number, source.idle()),
            None => (self.clock.shared.lock().heartbeat.turns(), Nanos::ZERO),
        };
        LoopView { turns, idle, waiting: false }
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
        let wall = clock::now();
        let mut shared = self.clock.shared.lock();
        let (busy, surely) = shared.heartbeat.on_answer(wall)?;
        drop(shared);
        self.add_to_tallies(|tally| tally.of(busy), wall);
        let stalled = busy > STALL;
        let late = if stalled { busy } else { surely };
        self.lag.borrow_mut().on_turn(late, stalled, wall);
        stalled.then_some(busy)
    }

    /// Stops measuring: from now on nobody touches the loop. `closed` is called on
    /// the loop's thread once libuv has let go of the handle, at once if there is
    /// none.
    pub fn close(&self, closed: Box<dyn FnOnce()>) {
        {
            let mut shared = self.clock.shared.lock();
            shared.source = None;
            shared.heartbeat.want(false, Nanos::ZERO);
        }
        let prepare = self.prepare.replace(std::ptr::null_mut());
        match self.source {
            Some(Source { uv, .. }) if !prepare.is_null() => {
                // SAFETY: the handle is live, it is ours, and its data is the pair
                // that `listen` put there; we are on the loop's thread.
                unsafe {
                    let listener = (uv.handle_get_data)(prepare).cast::<Listener>();
                    (*listener).closed = Some(closed);
                    (uv.close)(prepare, on_closed);
                }
            }
            _ => closed(),
        }
    }

    fn busy_in_turn(&self, wall: Nanos) -> Nanos {
        let Some(source) = &self.source else { return Nanos::ZERO };
        let since = self.busy_since.get().unwrap_or_else(|| {
            // This is the loop's thread: it is not waiting, and will not wait again
            // in this turn, so the answer holds until the turn ends.
            let since = wall - self.turn.get().busy(wall, source.idle());
            self.busy_since.set(Some(since));
            since
        });
        wall - since
    }

    /// What hold-ups of the process took of the waits of this turn.
    fn held_up_idle(&self, wall: Nanos, busy: Nanos) -> Nanos {
        let mut turn = self.turn.get();
        let held_up = clock::held_up(wall);
        if held_up != turn.held_up {
            // The other side may have seen it first, and what it saw holds.
            let mut shared = self.clock.shared.lock();
            shared.turn.see_hold_up(held_up, busy);
            turn = shared.turn;
            self.turn.set(turn);
        }
        turn.held_up_idle
    }

    /// Has `begin_turn` called once a turn.
    fn listen(self: Rc<Self>) {
        let Some(Source { uv, uv_loop }) = self.source else { return };
        // SAFETY: the handle is as large as libuv says, is initialised before it is
        // used, and is freed only in the callback of its closing; its data points to
        // a box that is freed in the same place. The loop's thread is this one.
        unsafe {
            let size = (uv.handle_size)(uv::PREPARE);
            let Ok(layout) = Layout::from_size_align(size.max(1), HANDLE_ALIGN) else { return };
            let prepare: HandlePtr = alloc_zeroed(layout).cast();
            if prepare.is_null() {
                std::alloc::handle_alloc_error(layout);
            }
            (uv.prepare_init)(uv_loop, prepare);
            let listener = Listener { meter: self.clone(), layout, closed: None };
            (uv.handle_set_data)(prepare, Box::into_raw(Box::new(listener)).cast());
            (uv.prepare_start)(prepare, on_prepare);
            (uv.unref)(prepare);
            self.prepare.set(prepare);
        }
    }

    /// A turn has ended and the next one begins.
    fn begin_turn(&self) {
        let Some(source) = &self.source else { return };
        let (wall, idle, last) = (clock::checked_now(), source.idle(), self.turn.get());
        let busy = last.busy(wall, idle);
        let held_up = self.held_up_idle(wall, busy);
        let turn = Turn::begin(last.number + 1, wall, idle, self.turn.get().held_up);
        self.turn.set(turn);
        self.sound_for.set(self.least_stall());
        self.busy_since.set(None);
        self.clock.shared.lock().turn = turn;
        self.add_to_tallies(|tally| held_up + tally.of(busy), wall);
        // Time in which the process was held up is not the loop's doing, but the loop was
        // as late as if it were.
        let late = busy + held_up;
        let stalled = late > STALL;
        self.lag.borrow_mut().on_turn(late, stalled, wall);
        self.host.on_turn(stalled.then_some(late));
    }

    /// How soon after its beginning a turn may be a stall to somebody, or the process have
    /// been held up in it.
    fn least_stall(&self) -> Nanos {
        let tallies = self.tallies.borrow();
        tallies.iter().map(|tally| tally.threshold).fold(clock::OVERSLEPT, Nanos::min)
    }

    /// Adds to each tally what is a stall to it, which has ended.
    fn add_to_tallies(&self, stall: impl Fn(&Tally) -> Nanos, ended: Nanos) {
        for tally in self.tallies.borrow().iter() {
            let length = stall(tally);
            if length > Nanos::ZERO {
                tally.add(length, ended, || self.host.oldest_stall(tally.place));
            }
        }
    }
}

/// So many stalls are kept, whether or not a call may ask for them.
const LEAST_ROOM: usize = 256;

/// What other threads see. The lock is held while the loop is asked, so that it
/// cannot go away meanwhile.
struct Shared {
    turn: Turn,
    source: Option<Source>,
    heartbeat: Heartbeat,
}

/// Where idle time is read from.
#[derive(Clone, Copy)]
struct Source {
    uv: &'static Uv,
    uv_loop: LoopPtr,
}

// SAFETY: the pointer is used by other threads only to ask for the idle time, which
// libuv allows from any thread, and only under the lock that `close` takes to remove
// it.
unsafe impl Send for Source {}

impl Source {
    fn idle(&self) -> Nanos {
        // SAFETY: the loop is live: `LoopMeter::start` was promised so until `close`,
        // which removes the source first.
        Nanos::new(unsafe { (self.uv.metrics_idle_time)(self.uv_loop) })
    }
}

/// One turn of the loop, as it stood when it began.
#[derive(Clone, Copy)]
struct Turn {
    number: u64,
    began: Nanos,
    /// Idle time of the loop so far.
    idle: Nanos,
    /// [`clock::held_up`], as far as it has been looked at.
    held_up: Nanos,
    /// What of it fell into waits of this turn.
    held_up_idle: Nanos,
}

impl Turn {
    fn begin(number: u64, began: Nanos, idle: Nanos, held_up: Nanos) -> Turn {
        Turn { number, began, idle, held_up, held_up_idle: Nanos::ZERO }
    }

    /// How long the turn has been busy, given the idle time of the loop by now.
    fn busy(&self, wall: Nanos, idle: Nanos) -> Nanos {
        (wall - self.began) - (idle - self.idle)
    }

    /// Takes note of a hold-up of the process. To libuv the loop went on with what it
    /// did: if that was its work, the turn was busy for so much longer, and a stall if it
    /// comes to that; if it was waiting, the wait does not count. What is longer than all
    /// work of the turn has not been work.
    fn see_hold_up(&mut self, held_up: Nanos, busy: Nanos) {
        let news = held_up - self.held_up;
        self.held_up = self.held_up + news;
        if news > busy {
            self.held_up_idle = self.held_up_idle + news;
        }
    }
}

/// The data of the prepare handle.
struct Listener {
    meter: Rc<LoopMeter>,
    layout: Layout,
    closed: Option<Box<dyn FnOnce()>>,
}

/// # Safety
///
/// Called by libuv alone, with the handle that `listen` made.
unsafe extern "C" fn on_prepare(prepare: HandlePtr) {
    let Some(uv) = Uv::find() else { return };
    // SAFETY: the data is the box that `listen` put there; it is freed after the last
    // call of this function.
    let listener = unsafe { &*(uv.handle_get_data)(prepare).cast::<Listener>() };
    listener.meter.begin_turn();
}

/// # Safety
///
/// Called by libuv alone, once, after the last use of the handle that `listen` made.
unsafe extern "C" fn on_closed(prepare: HandlePtr) {
    let Some(uv) = Uv::find() else { return };
    // SAFETY: nobody has the handle or its data any more; both came from `listen`,
    // with that layout.
    let listener = unsafe {
        let listener = Box::from_raw((uv.handle_get_data)(prepare).cast::<Listener>());
        dealloc(prepare.cast(), listener.layout);
        listener
    };
    if let Some(closed) = listener.closed {
        closed();
    }
}

/// Enough for any type in C.
const HANDLE_ALIGN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    const HELD_UP: Nanos = Nanos::from_millis(1000);

    /// A turn at its end, what it was busy for, and what a hold-up took of its waits. It
    /// began when the loop had waited for 5 ms in all.
    fn turn_of(busy: u64, idle: u64) -> (Turn, Nanos) {
        let [began, before] = [7, 5].map(Nanos::from_millis);
        let turn = Turn::begin(1, began, before, Nanos::ZERO);
        let busy = turn.busy(Nanos::from_millis(7 + busy + idle), Nanos::from_millis(5 + idle));
        (turn, busy)
    }

    #[test]
    fn a_hold_up_of_a_waiting_loop_is_left_out_of_its_wait() {
        let (mut turn, busy) = turn_of(3, 1100);
        turn.see_hold_up(HELD_UP, busy);
        assert_eq!((busy.as_millis(), turn.held_up_idle), (3, HELD_UP));
    }

    #[test]
    fn a_hold_up_of_a_working_loop_is_a_stall_and_counts_once() {
        let (mut turn, busy) = turn_of(1004, 20);
        turn.see_hold_up(HELD_UP, busy);
        assert_eq!((stall_in(busy, STALL), turn.held_up_idle), (busy, Nanos::ZERO));
    }

    #[test]
    fn a_stall_after_a_hold_up_is_not_taken_for_it() {
        let (mut turn, busy) = turn_of(200, 1000);
        turn.see_hold_up(HELD_UP, busy);
        assert_eq!((stall_in(busy, STALL).as_millis(), turn.held_up_idle), (200, HELD_UP));
    }

    #[test]
    fn a_hold_up_is_seen_once() {
        let (mut turn, busy) = turn_of(3, 1100);
        turn.see_hold_up(HELD_UP, busy);
        turn.see_hold_up(HELD_UP, busy);
        assert_eq!(turn.held_up_idle, HELD_UP);
    }
}

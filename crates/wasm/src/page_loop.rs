//! The clock and the alarms of a loop that has nothing but its own timers.
//!
//! While calls with a timeout are under way, the host's timer goes off every
//! [`BEAT`]: one that comes later than that has waited for a loop that was busy, or whose page was
//! frozen; which is a [heartbeat](didelphis_host::heartbeat), with the moment at which the timer
//! was due in the place of a question from outside. All moments that breakers wait for, and that
//! one, share the one timer of the host.

use std::cell::{Cell, RefCell, RefMut};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::{Rc, Weak};

use super::imports;
use didelphis_core::expiry::LoopSample;
use didelphis_core::loop_delay::LoopDelay;
use didelphis_core::stall_log::StallLog;
use didelphis_core::time::{Nanos, Now};
use didelphis_host::driver::{AlarmSample, LoopSide};
use didelphis_host::heartbeat::{Heartbeat, BEAT};
use didelphis_host::stall_total::StallTotal;

/// A turn that is busy for longer is a stall, where nothing else is asked for.
const STALL: Nanos = Nanos::from_millis(50);

/// See the [module](self).
pub(crate) struct PageLoop {
    /// The first is that of [`STALL`].
    totals: RefCell<Vec<Rc<StallTotal>>>,
    heartbeat: RefCell<Heartbeat>,
    /// When the next beat is due; never, while none is or the last has not been answered.
    beat_at: Cell<Nanos>,
    /// When to look for calls of which nobody has taken charge, at the latest; never: none has
    /// begun since the last look.
    look_at: Cell<Nanos>,
    /// Whether somebody listens to stalls, whatever calls are under way.
    heard: Cell<bool>,
    loop_delay: RefCell<LoopDelay>,
    queue: RefCell<BinaryHeap<Reverse<Entry>>>,
    /// How many that wait in the queue are gone.
    dropped: Cell<usize>,
    /// What the timer of the host is set to.
    set_to: Cell<Nanos>,
    /// How often the timer has gone off: each time the loop has had its look at the sockets.
    turns: Cell<u64>,
    /// How many breakers have calls with a timeout under way, and one more while there is more to tell.
    waiting: Cell<usize>,
    /// Whether the timer keeps the process alive.
    holding: Cell<bool>,
}

impl PageLoop {
    /// One that has begun.
    pub(crate) fn new() -> Self {
        let this = PageLoop {
            totals: RefCell::default(),
            heartbeat: RefCell::default(),
            beat_at: Cell::new(Nanos::MAX),
            look_at: Cell::new(Nanos::MAX),
            heard: Cell::new(false),
            loop_delay: RefCell::new(LoopDelay::new(imports::present())),
            queue: RefCell::default(),
            dropped: Cell::new(0),
            set_to: Cell::new(Nanos::MAX),
            turns: Cell::new(0),
            waiting: Cell::new(0),
            holding: Cell::new(false),
        };
        this.stall_total(STALL);
        this
    }

    /// The total of stalls longer than `threshold`. There is one for each threshold that
    /// was ever asked for.
    fn stall_total(&self, threshold: Nanos) -> Rc<StallTotal> {
        let mut totals = self.totals.borrow_mut();
        if let Some(total) = totals.iter().find(|total| total.threshold() == threshold) {
            return total.clone();
        }
        let total = Rc::new(StallTotal::new(threshold, totals.len()));
        totals.push(total.clone());
        total
    }

    /// How long the loop has been busy, as far as the timer shows it.
    #[inline]
    fn busy(&self, now: Nanos) -> Nanos {
        if now < self.beat_at.get() {
            return Nanos::ZERO;
        }
        self.busy_by_heartbeat(now)
    }

    #[cold]
    fn busy_by_heartbeat(&self, now: Nanos) -> Nanos {
        let mut heartbeat = self.heartbeat.borrow_mut();
        // Asks, by the moment at which the beat was due.
        heartbeat.on_time(self.beat_at.get());
        heartbeat.busy(now)
    }

    /// One breaker more, or less, has calls with a timeout under way.
    #[inline]
    pub(crate) fn on_waiting(&self, waits: bool) {
        let waiting = if waits { self.waiting.get() + 1 } else { self.waiting.get() - 1 };
        self.waiting.set(waiting);
        if waiting == usize::from(waits) {
            self.watch(waits);
        }
    }

    /// Whether stalls are worth knowing although no call asks for them.
    pub(crate) fn hear_stalls(&self, wanted: bool) {
        self.heard.set(wanted);
        self.beat(wanted || self.waiting.get() > 0);
    }

    /// A call was admitted: a turn later somebody has taken charge of it.
    #[inline]
    pub(crate) fn on_admitted(&self) {
        if self.look_at.get().is_never() {
            self.look();
        }
    }

    /// Something may have been lost: it is looked for in a turn that begins soon.
    #[cold]
    pub(crate) fn look(&self) {
        let now = imports::present();
        self.look_at.set(now + BEAT);
        self.set_timer(now);
    }

    fn beat(&self, wanted: bool) {
        let now = imports::present();
        if self.heartbeat.borrow_mut().want(wanted, now) {
            self.beat_at.set(now + BEAT);
            self.set_timer(now);
        }
    }

    fn watch(&self, wanted: bool) {
        self.beat(wanted || self.heard.get());
        // It is let go of as the timer goes off: calls come and go.
        if wanted && !self.holding.replace(true) {
            imports::keep_alive(true);
        }
    }

    /// The timer has gone off: a turn of the loop begins. Returns the length of the stall that
    /// has ended with it, if one has. `oldest` says what stalls calls may ask for.
    pub(crate) fn begin_turn(&self, oldest: impl Fn(usize) -> Option<u64>) -> Option<Nanos> {
        let now = imports::present();
        self.set_to.set(Nanos::MAX);
        self.look_at.set(Nanos::MAX);
        self.turns.set(self.turns.get() + 1);
        if self.holding.get() && self.waiting.get() == 0 {
            self.holding.set(false);
            imports::keep_alive(false);
        }
        let mut heartbeat = self.heartbeat.borrow_mut();
        if now >= self.beat_at.get() {
            let (goes_on, _) = heartbeat.on_time(self.beat_at.get());
            self.beat_at.set(if goes_on { now + BEAT } else { Nanos::MAX });
        }
        let (busy, surely) = heartbeat.on_answer(now)?;
        drop(heartbeat);
        let stalled = busy > STALL;
        for total in self.totals.borrow().iter() {
            let length = total.of(busy);
            if length > Nanos::ZERO {
                total.add(length, now, || oldest(total.place()));
            }
        }
        let late = if stalled { busy } else { surely };
        self.loop_delay.borrow_mut().on_turn(late, stalled, now);
        stalled.then_some(busy)
    }

    /// The next alarm that is due in this turn: whose, and what is seen of the loop.
    pub(crate) fn next_due(&self) -> Option<(u32, AlarmSample)> {
        let mut queue = self.queue.borrow_mut();
        let now = imports::present();
        while queue.peek().is_some_and(|Reverse(entry)| entry.at <= now) {
            let Some(Reverse(Entry { at, alarm })) = queue.pop() else { break };
            if let Some(alarm) = alarm.upgrade() {
                return Some((alarm.id, AlarmSample { at, view: Some(self.view()) }));
            }
        }
        None
    }

    /// The turn is over, as far as it is ours: the timer is set again.
    pub(crate) fn end_turn(&self) {
        self.set_timer(imports::present());
    }

    /// What the turns were like, and how long the one under way has been busy by now.
    pub(crate) fn loop_delay(&self) -> (RefMut<'_, LoopDelay>, Nanos, Nanos) {
        let now = imports::present();
        (self.loop_delay.borrow_mut(), self.busy(now), now)
    }

    fn view(&self) -> LoopSample {
        LoopSample { turns: self.turns.get(), idle: Nanos::ZERO, waiting: false }
    }

    fn set_timer(&self, now: Nanos) {
        let queue = self.queue.borrow();
        let next = queue.peek().map_or(Nanos::MAX, |Reverse(entry)| entry.at);
        let next = next.min(self.beat_at.get()).min(self.look_at.get());
        if next < self.set_to.get() {
            self.set_to.set(next);
            imports::come_in(next - now);
        }
    }

    fn on_alarm_dropped(&self) {
        let Ok(mut queue) = self.queue.try_borrow_mut() else { return };
        self.dropped.set(self.dropped.get() + 1);
        if self.dropped.get() > queue.len() / 2 {
            self.dropped.set(0);
            queue.retain(|Reverse(entry)| entry.alarm.strong_count() > 0);
        }
    }
}

/// What a breaker has of the loop.
pub(crate) struct PageSide {
    page: Rc<PageLoop>,
    total: Rc<StallTotal>,
    alarm: Rc<Alarm>,
}

impl PageSide {
    /// For the breaker with that number.
    pub(crate) fn new(page: &Rc<PageLoop>, id: u32, stall_threshold: Nanos) -> Self {
        let total = page.stall_total(stall_threshold);
        PageSide { page: page.clone(), total, alarm: Rc::new(Alarm { id }) }
    }
}

impl LoopSide for PageSide {
    #[inline]
    fn now(&self) -> Now {
        let monotonic = imports::present();
        let busy = self.page.busy(monotonic);
        let stalling = if busy > Nanos::ZERO { self.total.of(busy) } else { Nanos::ZERO };
        Now { monotonic, stalls: self.total.count(), stalling }
    }

    fn view(&self) -> LoopSample {
        self.page.view()
    }

    fn with_stalls<R>(&self, ask: impl FnOnce(&StallLog) -> R) -> R {
        ask(&self.total.log())
    }

    fn total_place(&self) -> usize {
        self.total.place()
    }

    fn call_at(&self, at: Nanos) {
        let alarm = Rc::downgrade(&self.alarm);
        self.page.queue.borrow_mut().push(Reverse(Entry { at, alarm }));
        self.page.set_timer(imports::present());
    }
}

impl Drop for PageSide {
    fn drop(&mut self) {
        // The queue looks at what is gone.
        self.alarm = Rc::new(Alarm { id: 0 });
        self.page.on_alarm_dropped();
    }
}

struct Alarm {
    id: u32,
}

struct Entry {
    at: Nanos,
    alarm: Weak<Alarm>,
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Entry {}

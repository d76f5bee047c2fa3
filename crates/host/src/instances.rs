//! The breakers of an environment, by number: which of them lives by what, and how one is
//! reached from JavaScript.
//!
//! Whoever touches a breaker does so here, on the loop's thread. The clocks of hosts are read
//! before and their timers set after, while nothing is borrowed: both run code of
//! JavaScript's, which may do anything, to the same breaker, too.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use crate::driver::{AlarmSample, Driver, LoopSide};
use crate::host_clock::{Host, HostClock, Stop};
use crate::memory::Memory;
use didelphis_abi::layout::{NUMBERS, STATS};
use didelphis_core::breaker::CircuitBreaker;
use didelphis_core::published::Published;
use didelphis_core::stall_log::{StallLog, NO_STALLS};
use didelphis_core::time::{Nanos, Now};

/// See the [module](self).
pub struct Instances<S: Site> {
    drivers: RefCell<Drivers<S>>,
    site: S,
    /// Calls that are to end as soon as the clock of their host has been read, each inside
    /// the reading for the one before.
    ending: RefCell<Vec<Ending>>,
    stop: Rc<Stop>,
}

impl<S: Site> Instances<S> {
    /// None yet.
    pub fn new(site: S) -> Self {
        Instances {
            drivers: RefCell::default(),
            site,
            ending: RefCell::default(),
            stop: Rc::default(),
        }
    }

    /// Where they live.
    #[inline]
    pub fn site(&self) -> &S {
        &self.site
    }

    /// Takes a breaker to this loop and gives it a number. `make` makes it, given the
    /// present.
    pub fn add(&self, make: impl FnOnce(Now) -> CircuitBreaker, time: &TimeSource) -> u32 {
        self.drivers.borrow_mut().add(|id| {
            let driver = self.drive(id, make, time);
            let registration = self.site.enter(driver.published(), id);
            (driver, registration)
        })
    }

    /// Does something with what a breaker is entered as.
    pub fn with_registration(&self, id: u32, act: impl FnOnce(&S::Registration)) {
        if let Some(Some(registration)) = self.drivers.borrow().registrations.get(id as usize) {
            act(registration);
        }
    }

    /// Other threads have given commands to a breaker, which may have been dropped since.
    /// Whether there is something to announce.
    pub fn on_commands(&self, id: u32) -> bool {
        let obey = |breaker: &mut CircuitBreaker, now| {
            breaker.on_commands(now);
            breaker.has_events()
        };
        self.with(id, obey).unwrap_or(false)
    }

    /// Has the loop come for what is still to be told, and kept alive until it has. Counted before
    /// it is asked: WebAssembly may be stopped in between.
    pub(crate) fn delay(&self) {
        self.site.on_waiting(true);
        self.site.on_rest();
    }

    /// The loop has come for it.
    pub fn on_turn_of_rest(&self) {
        self.site.on_waiting(false);
    }

    /// Does what may run the code of hosts more than once, all of it in one crossing.
    pub(crate) fn in_one_crossing<R>(&self, act: impl FnOnce() -> R) -> R {
        let _long = self.stop.begin_long();
        act()
    }

    /// Has all breakers obey what other threads have commanded.
    pub fn obey_commands(&self) {
        let numbers = self.drivers.borrow().drivers.len() as u32;
        self.in_one_crossing(|| {
            for id in 0..numbers {
                self.on_commands(id);
            }
        });
    }

    /// A clock of JavaScript's. Runs its code.
    pub fn host_clock(&self, host: impl Host + 'static) -> TimeSource {
        TimeSource::Host(Rc::new(HostClock::new(Box::new(host), self.stop.clone())))
    }

    /// Has a breaker live by something else from now on. Runs the code of hosts.
    pub fn change_clocks(&self, id: u32, time: impl FnOnce() -> TimeSource) {
        self.in_one_crossing(|| self.change_clocks_to(id, time()));
    }

    fn change_clocks_to(&self, id: u32, time: TimeSource) {
        self.read_host(id);
        if let TimeSource::Host(host) = &time {
            host.read();
        }
        let mut left = None;
        self.drivers.borrow_mut().replace(id, |driver| {
            left = driver.host().cloned();
            let hosted = left.is_some();
            let waits = driver.with(|breaker, _| breaker.is_waiting());
            let driver = self.drive(id, driver.leave(), &time);
            // Only where the timer thread wakes the loop is this kept alive from here.
            match (hosted, driver.host().is_some()) {
                (false, true) if waits => self.site.on_waiting(false),
                (true, false) if waits => self.site.on_waiting(true),
                _ => {}
            }
            driver
        });
        if let Some(left) = left {
            left.leave();
        }
        // Sets the alarm.
        self.with(id, |_, _| ());
    }

    fn drive(
        &self,
        id: u32,
        make: impl FnOnce(Now) -> CircuitBreaker,
        time: &TimeSource,
    ) -> Driver<S::Loop> {
        match time {
            TimeSource::Host(host) => Driver::hosted(make, host.clone()),
            TimeSource::Loop { stall_threshold } => {
                Driver::on_loop(make, self.site.loop_side(id, *stall_threshold))
            }
        }
    }

    /// Forgets a breaker; its number may be given to another.
    pub fn remove(&self, id: u32) {
        let driver = self.drivers.borrow_mut().remove(id);
        // A call of which nobody took charge does not keep its breaker.
        let waits = |driver: Driver<S::Loop>| {
            driver.host().is_none() && driver.with(|breaker, _| breaker.is_waiting())
        };
        if driver.is_some_and(waits) {
            self.site.on_waiting(false);
        }
    }

    /// Does something with breaker `id`; `None` when there is none.
    #[inline]
    pub fn with<R>(&self, id: u32, act: impl FnOnce(&mut CircuitBreaker, Now) -> R) -> Option<R> {
        self.with_driver(id, |driver| driver.with(act))
    }

    /// The same for what may begin or end a call with a timeout: keeps the process
    /// alive while there is one. Returns besides whether the breaker's last one has ended.
    #[inline]
    pub fn with_calls<R>(
        &self,
        id: u32,
        act: impl FnOnce(&mut CircuitBreaker, Now) -> R,
    ) -> Option<(R, bool)> {
        self.with_driver(id, |driver| self.with_calls_of(driver, act))
    }

    /// As [`with`](Instances::with), for what is not on the way of a call: one function for all,
    /// where that is one for each thing that is done, and of some size.
    #[inline(never)]
    pub(crate) fn with_any(&self, id: u32, act: Act<'_>) {
        self.with(id, act);
    }

    /// The same of [`with_calls`](Instances::with_calls).
    #[inline(never)]
    pub(crate) fn with_calls_of_any(&self, id: u32, act: Act<'_>) {
        self.with_calls(id, act);
    }

    /// The same for what ends the call with that permit, after which JavaScript still has to
    /// do with the call what is to be done: the timer of a host is not set, for that runs code
    /// which may begin another call with the same permit. Returns besides whether it has to be
    /// set: by the next crossing, whatever that is for. `None` when the code of the host has
    /// ended the call meanwhile: it let the deadline go by.
    #[inline]
    pub fn with_call_that_ends<R>(
        &self,
        id: u32,
        permit: u32,
        act: impl FnOnce(&mut CircuitBreaker, Now) -> R,
    ) -> Option<(R, bool, bool)> {
        let act = |driver: &Driver<S::Loop>| {
            let (result, idle) = self.with_calls_of(driver, act);
            let wants_timer = driver.host().is_some_and(|host| {
                self.note_end(id, permit);
                host.wants_timer()
            });
            (result, idle, wants_timer)
        };
        loop {
            let drivers = self.drivers.borrow();
            let driver = drivers.get(id)?;
            if !driver.is_read() {
                drop(drivers);
                if self.read_host_before_end(id, permit) {
                    continue;
                }
                return None;
            }
            return Some(act(driver));
        }
    }

    #[inline]
    fn with_calls_of<R>(
        &self,
        driver: &Driver<S::Loop>,
        act: impl FnOnce(&mut CircuitBreaker, Now) -> R,
    ) -> (R, bool) {
        let (result, waited, waits) = driver.with(|breaker, now| {
            let waited = breaker.is_waiting();
            (act(breaker, now), waited, breaker.is_waiting())
        });
        // The timers of a host keep alive what they please.
        if waited != waits && driver.host().is_none() {
            self.site.on_waiting(waits);
        }
        (result, waited && !waits)
    }

    /// The code of a host may do anything, to this breaker, too: it runs before and after
    /// whatever is done, while nothing is borrowed.
    #[inline]
    fn with_driver<R>(&self, id: u32, act: impl FnOnce(&Driver<S::Loop>) -> R) -> Option<R> {
        loop {
            let drivers = self.drivers.borrow();
            let driver = drivers.get(id)?;
            if !driver.is_read() {
                drop(drivers);
                self.read_host(id);
                continue;
            }
            let result = act(driver);
            if driver.host().is_some() {
                drop(drivers);
                self.set_host_timer(id);
            }
            return Some(result);
        }
    }

    #[cold]
    fn read_host(&self, id: u32) {
        if let Some(host) = self.host_of(id) {
            host.read();
        }
        // Whatever the breaker lives by now: it is not asked again.
        if let Some(driver) = self.drivers.borrow().get(id) {
            driver.mark_read();
        }
    }

    /// The same before a call ends. Returns whether that is still to be done.
    #[cold]
    fn read_host_before_end(&self, id: u32, permit: u32) -> bool {
        self.ending.borrow_mut().push(Ending { id, permit, has_ended: false });
        self.read_host(id);
        self.ending.borrow_mut().pop().is_none_or(|ending| !ending.has_ended)
    }

    #[cold]
    fn note_end(&self, id: u32, permit: u32) {
        for ending in self.ending.borrow_mut().iter_mut() {
            ending.has_ended |= ending.id == id && ending.permit == permit;
        }
    }

    /// The host's code may cross itself, and what this crossing gives lies in the shared words.
    #[cold]
    fn set_host_timer(&self, id: u32) {
        let Some(host) = self.host_of(id).filter(|host| host.wants_timer()) else { return };
        let words = self.site.memory();
        let first = [0, 1, 2].map(|place| words.word(place));
        let stats = words.numbers::<{ NUMBERS - STATS }>();
        host.set_timer();
        (0..).zip(first).for_each(|(place, word)| words.put_word(place, word));
        words.put_stats(stats.into_iter());
    }

    /// The timer of a breaker that lives by a clock of JavaScript's has gone off. Whether
    /// there is something to announce.
    pub fn on_host_alarm(&self, id: u32) -> bool {
        self.with_driver(id, Driver::on_host_alarm).unwrap_or(false)
    }

    /// The alarm of a breaker has gone off, which may have been dropped since. Whether there
    /// is something to announce.
    pub fn on_alarm(&self, id: u32, sample: &AlarmSample) -> bool {
        self.drivers.borrow().get(id).is_some_and(|driver| driver.on_alarm(sample))
    }

    /// How many stalls longer than that of the stall total in a place there were before any call
    /// that waits; `None` where no call asks for these.
    pub fn oldest_stall(&self, total_place: usize) -> Option<u64> {
        // While a breaker is made or moved nobody can say: all are kept.
        let Ok(drivers) = self.drivers.try_borrow() else { return Some(0) };
        drivers.all().filter_map(|driver| driver.oldest_stall(total_place)).min()
    }

    /// Has the stalls looked at that a breaker knows of its loop.
    #[cold]
    pub fn with_stalls_of<R>(&self, id: u32, ask: impl FnOnce(&StallLog) -> R) -> R {
        match self.drivers.borrow().get(id) {
            Some(driver) => driver.with_stalls(ask),
            None => ask(&NO_STALLS),
        }
    }

    /// Other threads see none of them any more.
    pub fn close(&self) {
        self.drivers.borrow_mut().registrations.fill_with(|| None);
    }

    fn host_of(&self, id: u32) -> Option<Rc<HostClock>> {
        self.drivers.borrow().get(id)?.host().cloned()
    }
}

/// Whatever is done with a breaker.
type Act<'a> = &'a mut dyn FnMut(&mut CircuitBreaker, Now);

/// Where breakers live: on a loop of a process, or of a page.
pub trait Site {
    /// What a breaker has of its loop.
    type Loop: LoopSide;
    /// What both sides see.
    type Memory: Memory;
    /// That a breaker is known to others; it is not any more when this is dropped.
    type Registration;

    /// The memory shared with JavaScript.
    fn memory(&self) -> &Self::Memory;

    /// The loop for the breaker with that number; a turn that is busy for longer than that is a
    /// stall to it.
    fn loop_side(&self, id: u32, stall_threshold: Nanos) -> Self::Loop;

    /// Makes a breaker known.
    fn enter(&self, published: Arc<Published>, id: u32) -> Self::Registration;

    /// One breaker more, or less, has calls under way that an alarm is to end; or there is, or was,
    /// something to be told in a later turn of the loop.
    fn on_waiting(&self, waits: bool);

    /// The loop is to come for what is still to be told.
    fn on_rest(&self);
}

/// A call that is to end.
struct Ending {
    id: u32,
    permit: u32,
    has_ended: bool,
}

/// What a breaker lives by.
pub enum TimeSource {
    /// The loop's clock, which stands still in turns that are busy for longer.
    Loop {
        /// What is a stall.
        stall_threshold: Nanos,
    },
    /// A clock of JavaScript's.
    Host(Rc<HostClock>),
}

/// Breakers by number. Numbers are small and used again.
struct Drivers<S: Site> {
    drivers: Vec<Option<Driver<S::Loop>>>,
    /// In the same places; apart, as no call needs them. None once the loop has gone.
    registrations: Vec<Option<S::Registration>>,
    free: Vec<u32>,
}

impl<S: Site> Default for Drivers<S> {
    fn default() -> Self {
        Drivers { drivers: Vec::new(), registrations: Vec::new(), free: Vec::new() }
    }
}

impl<S: Site> Drivers<S> {
    fn add(&mut self, make: impl FnOnce(u32) -> (Driver<S::Loop>, S::Registration)) -> u32 {
        let id = self.free.pop().unwrap_or_else(|| {
            self.drivers.push(None);
            self.registrations.push(None);
            (self.drivers.len() - 1) as u32
        });
        let (driver, registration) = make(id);
        self.drivers[id as usize] = Some(driver);
        self.registrations[id as usize] = Some(registration);
        id
    }

    fn replace(&mut self, id: u32, change: impl FnOnce(Driver<S::Loop>) -> Driver<S::Loop>) {
        if let Some(driver) = self.drivers.get_mut(id as usize) {
            *driver = driver.take().map(change);
        }
    }

    fn remove(&mut self, id: u32) -> Option<Driver<S::Loop>> {
        let driver = self.drivers.get_mut(id as usize)?.take()?;
        self.registrations[id as usize] = None;
        self.free.push(id);
        Some(driver)
    }

    #[inline]
    fn get(&self, id: u32) -> Option<&Driver<S::Loop>> {
        self.drivers.get(id as usize)?.as_ref()
    }

    fn all(&self) -> impl Iterator<Item = &Driver<S::Loop>> {
        self.drivers.iter().flatten()
    }
}

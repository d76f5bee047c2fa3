//! What one load of the module in one JavaScript environment owns: its breakers by
//! number, the clock of its loop, its way from the timer thread, and the mailbox.
//!
//! The main thread and each worker have environments of their own; a test runner that
//! loads the module anew for each test file has several in one. It lives for as long
//! as something in JavaScript can reach it, and not longer than its environment.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::ptr;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use napi::{check_status, sys, Result};

use super::events::{Events, Message};
use super::keep_alive::KeepAlive;
use super::mailbox::Mailbox;
use super::resource::Resource;
use super::sole;
use crate::core::breaker::CircuitBreaker;
use crate::core::time::{Nanos, Now};
use crate::runtime::clock;
use crate::runtime::driver::Driver;
use crate::runtime::host_clock::{Host, HostClock};
use crate::runtime::loop_clock::{LoopHost, LoopMeter};

/// See the [module](self).
pub(crate) struct Environment {
    breakers: RefCell<Breakers>,
    meter: Rc<LoopMeter>,
    events: Arc<Events>,
    mailbox: Mailbox,
    keep_alive: KeepAlive,
    /// Taken by whoever closes the environment first: the end of the JavaScript
    /// environment, or the collection of the module.
    cleanup: Cell<Option<Cleanup>>,
    /// The loop has been woken and is hearing what for: that is one answer, however much
    /// there is to be heard.
    answering: Cell<bool>,
    /// Of how many calls of which nobody has taken charge the loop was told last, and when.
    untaken_told: Cell<(i32, Nanos)>,
    closed: Cell<bool>,
    /// Calls that are to end as soon as the clock of their host has been read, each inside
    /// the reading for the one before.
    ending: RefCell<Vec<Ending>>,
}

impl Environment {
    /// Sets up an environment. `on_news` is kept alive by the caller. `with_libuv`
    /// says that this runtime lets addons use its libuv; `memory` is for the mailbox.
    ///
    /// # Safety
    ///
    /// `env` must be the current environment, and `on_news` a function and `memory` a
    /// typed array of it.
    pub(crate) unsafe fn open(
        env: sys::napi_env,
        on_news: sys::napi_value,
        with_libuv: bool,
        memory: sys::napi_value,
    ) -> Result<Rc<Environment>> {
        let mut uv_loop = ptr::null_mut();
        if with_libuv {
            // SAFETY: `env` is current. A failure leaves null: no libuv.
            unsafe { sys::napi_get_uv_event_loop(env, &mut uv_loop) };
        }
        // SAFETY: `env` is current, and so are the values. Whoever drops the last reference to
        // what is made here is a finalizer or a hook.
        let mailbox = unsafe { Mailbox::new(env, memory)? };
        // SAFETY: `env` is current.
        let (resource, shown) = unsafe { Resource::new(env)? };
        // SAFETY: `env` is current, and `close` closes both in the right order.
        let (events, keep_alive) = unsafe { Events::open(env, on_news, shown)? };
        let environment = Rc::new_cyclic(|this: &Weak<Environment>| {
            let host = Box::new(this.clone());
            // SAFETY: `env` is current, and the loop lives at least until the cleanup hook
            // below closes the meter.
            let meter = unsafe { LoopMeter::start(uv_loop.cast(), Some(events.clone()), host) };
            Environment {
                breakers: RefCell::new(Breakers::default()),
                mailbox,
                events,
                keep_alive,
                meter,
                cleanup: Cell::new(None),
                answering: Cell::new(false),
                untaken_told: Cell::new((0, Nanos::ZERO)),
                closed: Cell::new(false),
                ending: RefCell::default(),
            }
        });
        sole::add(&environment);
        resource.show(&environment);
        let argument = Rc::into_raw(environment.clone()).cast_mut().cast::<c_void>();
        // SAFETY: the argument is a counted reference, given up at the end of `close`.
        environment.cleanup.set(Some(unsafe {
            if uv_loop.is_null() {
                check_status!(sys::napi_add_env_cleanup_hook(env, Some(on_end), argument))?;
                Cleanup::AtOnce(env)
            } else {
                let mut hook = ptr::null_mut();
                let added =
                    sys::napi_add_async_cleanup_hook(env, Some(on_cleanup), argument, &mut hook);
                check_status!(added)?;
                Cleanup::InTime(hook)
            }
        }));
        Ok(environment)
    }

    /// Takes a breaker to this loop and gives it a number. `make` makes it, given the
    /// present.
    pub(crate) fn add(&self, make: impl FnOnce(Now) -> CircuitBreaker, time: &TimeSource) -> u32 {
        self.breakers.borrow_mut().add(|id| self.drive(id, make, time))
    }

    /// Has a breaker live by something else from now on. Runs the code of hosts.
    pub(crate) fn change_clocks(&self, id: u32, time: TimeSource) {
        self.read_host(id);
        if let TimeSource::Host(host) = &time {
            host.read();
        }
        let mut left = None;
        self.breakers.borrow_mut().replace(id, |driver| {
            left = driver.host().cloned();
            let hosted = left.is_some();
            let waits = driver.with(|breaker, _| breaker.is_waiting());
            let driver = self.drive(id, driver.leave(), &time);
            // Only where the timer thread wakes the loop is this kept alive from here.
            match (hosted, driver.host().is_some()) {
                (false, true) if waits => self.on_waiting(false),
                (true, false) if waits => self.on_waiting(true),
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

    /// Whether calls are under way that keep the process alive.
    pub(crate) fn is_waiting(&self) -> bool {
        self.keep_alive.is_waiting()
    }

    /// One breaker more, or less, has calls under way that the timer thread is to end.
    #[inline]
    fn on_waiting(&self, waits: bool) {
        let others = if waits { self.keep_alive.take() } else { self.keep_alive.give_back() };
        if others == 0 {
            self.meter.watch(waits);
        }
    }

    fn drive(
        &self,
        id: u32,
        make: impl FnOnce(Now) -> CircuitBreaker,
        time: &TimeSource,
    ) -> Driver {
        match time {
            TimeSource::Host(host) => Driver::hosted(make, host.clone()),
            TimeSource::Loop { stall_threshold } => {
                let (meter, events) = (self.meter.clone(), self.events.clone());
                Driver::native(make, meter, *stall_threshold, events, id)
            }
        }
    }

    /// Forgets a breaker; its number may be given to another.
    pub(crate) fn remove(&self, id: u32) {
        let driver = self.breakers.borrow_mut().remove(id);
        // A call of which nobody took charge does not keep its breaker.
        let waits = |driver: Driver| {
            driver.host().is_none() && driver.with(|breaker, _| breaker.is_waiting())
        };
        if driver.is_some_and(waits) {
            self.on_waiting(false);
        }
    }

    /// Does something with breaker `id`; `None` when there is none.
    #[inline]
    pub(crate) fn with<R>(
        &self,
        id: u32,
        act: impl FnOnce(&mut CircuitBreaker, Now) -> R,
    ) -> Option<R> {
        self.with_driver(id, |driver| driver.with(act))
    }

    /// The same for what may begin or end a call with a timeout: keeps the process
    /// alive while there is one. Returns besides whether the breaker's last one has ended.
    #[inline]
    pub(crate) fn with_calls<R>(
        &self,
        id: u32,
        act: impl FnOnce(&mut CircuitBreaker, Now) -> R,
    ) -> Option<(R, bool)> {
        self.with_driver(id, |driver| self.with_calls_of(driver, act))
    }

    /// The same for what ends the call with that permit, after which JavaScript still has to
    /// do with the call what is to be done: the timer of a host is not set, for that runs code
    /// which may begin another call with the same permit. Returns besides whether it has to be
    /// set: by the next crossing, whatever that is for. `None` when the code of the host has
    /// ended the call meanwhile: it let the deadline go by.
    #[inline]
    pub(crate) fn with_call_that_ends<R>(
        &self,
        id: u32,
        permit: u32,
        act: impl FnOnce(&mut CircuitBreaker, Now) -> R,
    ) -> Option<(R, bool, bool)> {
        let act = |driver: &Driver| {
            let (result, idle) = self.with_calls_of(driver, act);
            let wants_timer = driver.host().is_some_and(|host| {
                self.note_end(id, permit);
                host.wants_timer()
            });
            (result, idle, wants_timer)
        };
        loop {
            let breakers = self.breakers.borrow();
            let driver = breakers.get(id)?;
            if !driver.is_read() {
                drop(breakers);
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
        driver: &Driver,
        act: impl FnOnce(&mut CircuitBreaker, Now) -> R,
    ) -> (R, bool) {
        let (result, waited, waits) = driver.with(|breaker, now| {
            let waited = breaker.is_waiting();
            (act(breaker, now), waited, breaker.is_waiting())
        });
        // The timers of a host keep alive what they please.
        if waited != waits && driver.host().is_none() {
            self.on_waiting(waits);
        }
        (result, waited && !waits)
    }

    /// The code of a host may do anything, to this breaker, too: it runs before and after
    /// whatever is done, while nothing is borrowed.
    #[inline]
    fn with_driver<R>(&self, id: u32, act: impl FnOnce(&Driver) -> R) -> Option<R> {
        loop {
            let breakers = self.breakers.borrow();
            let driver = breakers.get(id)?;
            if !driver.is_read() {
                drop(breakers);
                self.read_host(id);
                continue;
            }
            let result = act(driver);
            if driver.host().is_some() {
                drop(breakers);
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
        if let Some(driver) = self.breakers.borrow().get(id) {
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

    /// The host's code may cross itself, and what this crossing gives lies in the mailbox.
    #[cold]
    fn set_host_timer(&self, id: u32) {
        let Some(host) = self.host_of(id).filter(|host| host.wants_timer()) else { return };
        let words = [0, 1, 2].map(|place| self.mailbox.word(place));
        let stats = self.mailbox.numbers::<{ Mailbox::STATS_LENGTH }>();
        host.set_timer();
        (0..).zip(words).for_each(|(place, word)| self.mailbox.put_word(place, word));
        self.mailbox.put_stats(stats.into_iter());
    }

    /// Tells the loop of calls of which nobody has taken charge, when there are others than
    /// before, and else now and then: an action that makes the loop turn keeps its call
    /// untaken for long.
    fn tell_untaken(&self) {
        let untaken = self.mailbox.word(Mailbox::UNTAKEN);
        let (told, told_at) = self.untaken_told.get();
        if untaken == 0 {
            self.untaken_told.set((0, told_at));
            return;
        }
        let now = clock::now();
        if untaken != told || now >= told_at + UNTAKEN_EVERY {
            self.untaken_told.set((untaken, now));
            self.events.on_untaken();
        }
    }

    fn host_of(&self, id: u32) -> Option<Rc<HostClock>> {
        self.breakers.borrow().get(id)?.host().cloned()
    }

    /// The next thing that JavaScript has not heard of.
    pub(crate) fn next_news(&self) -> Option<News> {
        while let Some(message) = self.events.next() {
            if !self.answering.replace(true) {
                if let Some(length) = self.meter.on_answer() {
                    self.events.on_stall(length);
                }
                if !self.meter.sees_turns() {
                    self.tell_untaken();
                }
            }
            match message {
                Message::Alarm(id, sight) => {
                    // The alarm may be that of a breaker which has been dropped since.
                    let breakers = self.breakers.borrow();
                    if breakers.get(id).is_some_and(|driver| driver.on_alarm(&sight)) {
                        return Some(News::Breaker(id));
                    }
                }
                Message::Stall(length) => return Some(News::Stall(length)),
                Message::Question => {}
                Message::NoThread => return Some(News::NoThread),
                Message::Untaken => return Some(News::Untaken),
            }
        }
        self.answering.set(false);
        None
    }

    /// Whether stalls of the loop are to be among the news.
    pub(crate) fn hear_stalls(&self, wanted: bool) {
        self.events.hear_stalls(wanted);
    }

    /// The timer of a breaker that lives by a clock of JavaScript's has gone off. Whether
    /// there is something to announce.
    pub(crate) fn on_host_alarm(&self, id: u32) -> bool {
        self.with_driver(id, Driver::on_host_alarm).unwrap_or(false)
    }

    /// The clock of the loop.
    pub(crate) fn meter(&self) -> &LoopMeter {
        &self.meter
    }

    /// The memory shared with JavaScript.
    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// Lets go of the loop. Nothing of the loop, and nothing of JavaScript, is
    /// touched from any other thread after this has returned.
    pub(crate) fn close(&self) {
        self.close_for(false);
    }

    /// `ends`: because the JavaScript environment ends.
    fn close_for(&self, ends: bool) {
        if self.closed.replace(true) {
            return;
        }
        self.keep_alive.close();
        self.events.close();
        let cleanup = self.cleanup.take();
        let this: *const Environment = self;
        self.meter.close(Box::new(move || {
            let Some(cleanup) = cleanup else { return };
            // SAFETY: the hook has not been removed, and the reference that `open`
            // gave to it is dropped once, here.
            unsafe {
                match cleanup {
                    Cleanup::InTime(hook) => drop(sys::napi_remove_async_cleanup_hook(hook)),
                    Cleanup::AtOnce(env) if !ends => {
                        let argument = this.cast_mut().cast::<c_void>();
                        sys::napi_remove_env_cleanup_hook(env, Some(on_end), argument);
                    }
                    // It is called for the first and last time.
                    Cleanup::AtOnce(_) => {}
                }
                drop(Rc::from_raw(this));
            }
        }));
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        sole::remove(self);
    }
}

impl LoopHost for Weak<Environment> {
    fn on_turn(&self, stall: Option<Nanos>) {
        let Some(environment) = self.upgrade() else { return };
        environment.keep_alive.on_turn();
        if let Some(length) = stall {
            environment.events.on_stall(length);
        }
        // Between two turns nothing of JavaScript's runs that could still do it.
        environment.tell_untaken();
    }

    fn oldest_stall(&self, tally_place: usize) -> Option<u64> {
        let environment = self.upgrade()?;
        // While a breaker is made or moved nobody can say: all are kept.
        let Ok(breakers) = environment.breakers.try_borrow() else { return Some(0) };
        breakers.all().filter_map(|driver| driver.oldest_stall(tally_place)).min()
    }
}

/// How often the loop is told of the same calls.
const UNTAKEN_EVERY: Nanos = Nanos::from_millis(10);

/// The hook that closes an environment when that of JavaScript ends.
enum Cleanup {
    /// Which JavaScript's environment waits for until it is removed: libuv has to let go of
    /// a handle first.
    InTime(sys::napi_async_cleanup_hook_handle),
    /// Which is done when it returns. Deno frees the other kind twice.
    AtOnce(sys::napi_env),
}

/// A call that is to end.
struct Ending {
    id: u32,
    permit: u32,
    has_ended: bool,
}

/// What JavaScript is to hear of.
pub(crate) enum News {
    /// The breaker with that number has something to announce.
    Breaker(u32),
    /// A stall of the loop has ended that was so long.
    Stall(Nanos),
    /// There is no timer thread to be had.
    NoThread,
    /// Calls were admitted in an earlier turn of which nobody has taken charge.
    Untaken,
}

/// What a breaker lives by.
pub(crate) enum TimeSource {
    /// The loop's clock, which stands still in turns that are busy for longer.
    Loop { stall_threshold: Nanos },
    /// A clock of JavaScript's.
    Host(Rc<HostClock>),
}

impl TimeSource {
    /// Takes a clock of JavaScript's, and runs its code.
    pub(crate) fn hosted(host: impl Host + 'static) -> Self {
        TimeSource::Host(Rc::new(HostClock::new(Box::new(host))))
    }
}

/// Breakers by number. Numbers are small and used again.
#[derive(Default)]
struct Breakers {
    drivers: Vec<Option<Driver>>,
    free: Vec<u32>,
}

impl Breakers {
    fn add(&mut self, make: impl FnOnce(u32) -> Driver) -> u32 {
        let id = self.free.pop().unwrap_or_else(|| {
            self.drivers.push(None);
            (self.drivers.len() - 1) as u32
        });
        self.drivers[id as usize] = Some(make(id));
        id
    }

    fn replace(&mut self, id: u32, change: impl FnOnce(Driver) -> Driver) {
        if let Some(driver) = self.drivers.get_mut(id as usize) {
            *driver = driver.take().map(change);
        }
    }

    fn remove(&mut self, id: u32) -> Option<Driver> {
        let driver = self.drivers.get_mut(id as usize)?.take()?;
        self.free.push(id);
        Some(driver)
    }

    #[inline]
    fn get(&self, id: u32) -> Option<&Driver> {
        self.drivers.get(id as usize)?.as_ref()
    }

    fn all(&self) -> impl Iterator<Item = &Driver> {
        self.drivers.iter().flatten()
    }
}

/// # Safety
///
/// Called by Node alone, when the environment ends and the hook has not been removed.
unsafe extern "C" fn on_cleanup(_: sys::napi_async_cleanup_hook_handle, argument: *mut c_void) {
    // SAFETY: as below.
    unsafe { on_end(argument) };
}

/// # Safety
///
/// As of [`on_cleanup`].
unsafe extern "C" fn on_end(argument: *mut c_void) {
    // SAFETY: the reference that `open` gave to the hook is still held.
    let environment = unsafe { &*argument.cast::<Environment>() };
    environment.close_for(true);
}

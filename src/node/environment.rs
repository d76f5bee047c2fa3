//! What one load of the module in one JavaScript environment owns: its breakers by
//! number, the clock of its loop, its way from the timer thread, and the mailbox.
//!
//! The main thread and each worker have environments of their own; a test runner that
//! loads the module anew for each test file has several in one. It lives for as long
//! as something in JavaScript can reach it, and not longer than its environment.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;

use napi::{check_status, sys, Result};

use super::events::{Events, Message};
use super::keep_alive::KeepAlive;
use super::sole;
use crate::core::breaker::CircuitBreaker;
use crate::core::latency::CELLS;
use crate::core::time::{Nanos, Now, Shift};
use crate::runtime::driver::{Driver, Host};
use crate::runtime::loop_clock::LoopMeter;

/// See the [module](self).
pub(crate) struct Environment {
    breakers: RefCell<Breakers>,
    meter: Rc<LoopMeter>,
    events: Arc<Events>,
    mailbox: Mailbox,
    keep_alive: Rc<KeepAlive>,
    /// Taken by whoever closes the environment first: the end of the JavaScript
    /// environment, or the collection of the module.
    cleanup: Cell<Option<Cleanup>>,
    /// The loop has been woken and is hearing what for: that is one answer, however much
    /// there is to be heard.
    answering: Cell<bool>,
    closed: Cell<bool>,
}

impl Environment {
    /// Sets up an environment. `on_news` is kept alive by the caller. `with_libuv`
    /// says that this runtime lets addons use its libuv.
    ///
    /// # Safety
    ///
    /// `env` must be the current environment and `on_news` a function of it.
    pub(crate) unsafe fn open(
        env: sys::napi_env,
        on_news: sys::napi_value,
        with_libuv: bool,
    ) -> Result<Rc<Environment>> {
        let mut uv_loop = ptr::null_mut();
        if with_libuv {
            // SAFETY: `env` is current. A failure leaves null: no libuv.
            unsafe { sys::napi_get_uv_event_loop(env, &mut uv_loop) };
        }
        // SAFETY: `env` is current, and `close` closes both in the right order.
        let (events, keep_alive) = unsafe { Events::open(env, on_news)? };
        let keep_alive = Rc::new(keep_alive);
        let asker = events.clone();
        let on_turn = {
            let (keep_alive, events) = (keep_alive.clone(), events.clone());
            move |stall: Option<Nanos>| {
                keep_alive.on_turn();
                if let Some(length) = stall {
                    events.on_stall(length);
                }
            }
        };
        // SAFETY: `env` is current, and the loop lives at least until the cleanup hook
        // below closes the meter.
        let environment = unsafe {
            Rc::new(Environment {
                breakers: RefCell::new(Breakers::default()),
                mailbox: Mailbox::new(env)?,
                events,
                keep_alive,
                meter: LoopMeter::start(uv_loop.cast(), Some(asker), Box::new(on_turn)),
                cleanup: Cell::new(None),
                answering: Cell::new(false),
                closed: Cell::new(false),
            })
        };
        sole::add(&environment);
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
    pub(crate) fn add(&self, make: impl FnOnce(Now) -> CircuitBreaker, time: TimeSource) -> u32 {
        self.breakers.borrow_mut().add(|id| self.drive(id, make, time))
    }

    /// Has a breaker live by something else from now on.
    pub(crate) fn change_clocks(&self, id: u32, time: TimeSource) {
        self.breakers.borrow_mut().replace(id, |driver| {
            let hosted = driver.is_hosted();
            let (mut breaker, from) = driver.into_breaker();
            let waits = breaker.is_waiting();
            let make = |to| {
                breaker.change_clocks(&Shift { from, to });
                breaker
            };
            let driver = self.drive(id, make, time);
            // Only where the timer thread wakes the loop is this kept alive from here.
            match (hosted, driver.is_hosted()) {
                (false, true) if waits => self.on_waiting(false),
                (true, false) if waits => self.on_waiting(true),
                _ => {}
            }
            driver
        });
        // Sets the alarm.
        self.with(id, |_, _| ());
    }

    /// One breaker more, or less, has calls under way that the timer thread is to end.
    #[inline]
    fn on_waiting(&self, waits: bool) {
        let others = if waits { self.keep_alive.take() } else { self.keep_alive.give_back() };
        if others == 0 {
            self.meter.watch(waits);
        }
    }

    fn drive(&self, id: u32, make: impl FnOnce(Now) -> CircuitBreaker, time: TimeSource) -> Driver {
        match time {
            TimeSource::Host(host) => Driver::hosted(make, host),
            TimeSource::Loop { stall_threshold } => {
                let (meter, events) = (self.meter.clone(), self.events.clone());
                Driver::native(make, meter, stall_threshold, events, id)
            }
        }
    }

    /// Forgets a breaker; its number may be given to another.
    pub(crate) fn remove(&self, id: u32) {
        self.breakers.borrow_mut().remove(id);
    }

    /// Does something with breaker `id`; `None` when there is none.
    #[inline]
    pub(crate) fn with<R>(
        &self,
        id: u32,
        act: impl FnOnce(&mut CircuitBreaker, Now) -> R,
    ) -> Option<R> {
        Some(self.breakers.borrow().get(id)?.with(act))
    }

    /// The same for what may begin or end a call with a timeout: keeps the process
    /// alive while there is one. Returns besides whether the breaker's last one has ended.
    #[inline]
    pub(crate) fn with_calls<R>(
        &self,
        id: u32,
        act: impl FnOnce(&mut CircuitBreaker, Now) -> R,
    ) -> Option<(R, bool)> {
        let breakers = self.breakers.borrow();
        let driver = breakers.get(id)?;
        let (result, waited, waits) = driver.with(|breaker, now| {
            let waited = breaker.is_waiting();
            (act(breaker, now), waited, breaker.is_waiting())
        });
        // The timers of a host keep alive what they please.
        if waited != waits && !driver.is_hosted() {
            self.on_waiting(waits);
        }
        Some((result, waited && !waits))
    }

    /// The next thing that JavaScript has not heard of.
    pub(crate) fn next_news(&self) -> Option<News> {
        while let Some(message) = self.events.next() {
            if !self.answering.replace(true) {
                if let Some(length) = self.meter.on_answer() {
                    self.events.on_stall(length);
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
        self.breakers.borrow().get(id).is_some_and(Driver::on_host_alarm)
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

/// The hook that closes an environment when that of JavaScript ends.
enum Cleanup {
    /// Which JavaScript's environment waits for until it is removed: libuv has to let go of
    /// a handle first.
    InTime(sys::napi_async_cleanup_hook_handle),
    /// Which is done when it returns. Deno frees the other kind twice.
    AtOnce(sys::napi_env),
}

/// What JavaScript is to hear of.
pub(crate) enum News {
    /// The breaker with that number has something to announce.
    Breaker(u32),
    /// A stall of the loop has ended that was so long.
    Stall(Nanos),
}

/// What a breaker lives by.
pub(crate) enum TimeSource {
    /// The loop's clock, which stands still in turns that are busy for longer.
    Loop { stall_threshold: Nanos },
    /// A clock of JavaScript's.
    Host(Box<dyn Host>),
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

    fn remove(&mut self, id: u32) {
        if self.drivers.get_mut(id as usize).and_then(Option::take).is_some() {
            self.free.push(id);
        }
    }

    #[inline]
    fn get(&self, id: u32) -> Option<&Driver> {
        self.drivers.get(id as usize)?.as_ref()
    }
}

/// Memory that both sides see: what a crossing takes and gives. JavaScript sees it as
/// an `Int32Array` of words, for the arguments and results of every call, and as a
/// `Float64Array` of numbers, for statistics, which begin behind the words. A store
/// and a load cost a nanosecond or two where converting a JavaScript value costs ten.
pub(crate) struct Mailbox {
    memory: *mut f64,
    buffer: sys::napi_ref,
}

impl Mailbox {
    /// How many words there are.
    pub(crate) const WORDS: usize = 4;
    /// Where among the numbers the statistics begin: behind the words.
    pub(crate) const STATS: usize = Self::WORDS / 2;
    /// Room for what is read at once at the most: the stats of a window with each of its
    /// cells in use.
    const NUMBERS: usize = 32 + CELLS;

    /// # Safety
    ///
    /// `env` must be the current environment.
    unsafe fn new(env: sys::napi_env) -> Result<Mailbox> {
        let (mut memory, mut array) = (ptr::null_mut(), ptr::null_mut());
        let mut buffer = ptr::null_mut();
        // SAFETY: `env` is current. The memory of an array buffer does not move, and
        // the reference keeps it for as long as the environment lives.
        unsafe {
            let bytes = Self::NUMBERS * size_of::<f64>();
            check_status!(sys::napi_create_arraybuffer(env, bytes, &mut memory, &mut array))?;
            check_status!(sys::napi_create_reference(env, array, 1, &mut buffer))?;
        }
        Ok(Mailbox { memory: memory.cast(), buffer })
    }

    /// A word that JavaScript left. Read one by one, as they were written: a wider
    /// load would have to wait for the stores.
    #[inline]
    pub(crate) fn word(&self, place: usize) -> i32 {
        assert!(place < Self::WORDS);
        // SAFETY: inside the buffer and aligned; only the loop's thread touches it.
        unsafe { self.memory.cast::<i32>().add(place).read_volatile() }
    }

    /// Leaves a word for JavaScript.
    #[inline]
    pub(crate) fn put_word(&self, place: usize, word: i32) {
        assert!(place < Self::WORDS);
        // SAFETY: as above.
        unsafe { self.memory.cast::<i32>().add(place).write(word) };
    }

    /// Leaves numbers, from the beginning of the statistics on. Returns how many.
    pub(crate) fn put_stats(&self, numbers: impl Iterator<Item = f64>) -> usize {
        let mut place = Self::STATS;
        // Chained iterators are walked by `for_each` in a few instructions a number, and by
        // `for`, or with a `take`, in many.
        numbers.for_each(|number| {
            assert!(place < Self::NUMBERS);
            // SAFETY: as above.
            unsafe { self.memory.add(place).write(number) };
            place += 1;
        });
        place - Self::STATS
    }

    /// Numbers that JavaScript left where the statistics begin.
    pub(crate) fn numbers<const COUNT: usize>(&self) -> [f64; COUNT] {
        const { assert!(Self::STATS + COUNT <= Self::NUMBERS) };
        // SAFETY: as above.
        std::array::from_fn(|place| unsafe { self.memory.add(Self::STATS + place).read() })
    }

    /// The memory as JavaScript gets it.
    ///
    /// # Safety
    ///
    /// `env` must be the environment that the mailbox was made in, and current.
    pub(crate) unsafe fn to_js(&self, env: sys::napi_env) -> Result<sys::napi_value> {
        let mut buffer = ptr::null_mut();
        // SAFETY: as promised by the caller; the reference is strong.
        check_status!(unsafe { sys::napi_get_reference_value(env, self.buffer, &mut buffer) })?;
        Ok(buffer)
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

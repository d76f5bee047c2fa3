//! What one load of the module in one JavaScript environment owns, from its beginning to its
//! end: its breakers ([`Instances`]), the clock of its loop, and its way from the timer thread.
//!
//! The main thread and each worker have environments of their own; a test runner that
//! loads the module anew for each test file has several in one. It lives for as long
//! as something in JavaScript can reach it, and not longer than its environment.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use napi::{check_status, sys, Result};

use super::mailbox::{Mailbox, Message};
use super::resource::Resource;
use super::shared_words::SharedWords;
use super::single_environment;
use super::site::NodeSite;
use crate::runtime::clock;
use crate::runtime::loop_clock::{HeldBy, LoopHost, LoopMeter, Stall};
use crate::runtime::loops::Loops;
use didelphis_core::time::Nanos;
use didelphis_host::hot::{self, Wakeup};
use didelphis_host::instances::Instances;
use didelphis_host::memory::Memory;
use didelphis_host::untaken::Untaken;

/// See the [module](self).
pub(crate) struct Environment {
    instances: Instances<NodeSite>,
    meter: Rc<LoopMeter>,
    mailbox: Arc<Mailbox>,
    /// Taken by whoever closes the environment first: the end of the JavaScript
    /// environment, or the collection of the module.
    cleanup: Cell<Option<Cleanup>>,
    /// The loop has been woken and is hearing what for: that is one answer, however much
    /// is heard in this turn.
    answering: Cell<bool>,
    untaken: Untaken,
    /// The stall that JavaScript heard of last, until it says what held the loop.
    told_stall: Cell<Option<Stall>>,
    closed: Cell<bool>,
}

impl Environment {
    /// Sets up an environment. `on_wakeup` is kept alive by the caller. `with_libuv`
    /// says that this runtime lets addons use its libuv; `memory` is for the shared words; `thread`
    /// is the number of this thread, zero that of the main thread.
    ///
    /// # Safety
    ///
    /// `env` must be the current environment, and `on_wakeup` a function and `memory` a
    /// typed array of it.
    pub(crate) unsafe fn open(
        env: sys::napi_env,
        on_wakeup: sys::napi_value,
        with_libuv: bool,
        memory: sys::napi_value,
        thread: u32,
    ) -> Result<Rc<Environment>> {
        let mut uv_loop = ptr::null_mut();
        if with_libuv {
            // SAFETY: `env` is current. A failure leaves null: no libuv.
            unsafe { sys::napi_get_uv_event_loop(env, &mut uv_loop) };
        }
        // SAFETY: `env` is current, and so are the values. Whoever drops the last reference to
        // what is made here is a finalizer or a hook.
        let words = unsafe { SharedWords::new(env, memory)? };
        // SAFETY: `env` is current.
        let (resource, shown) = unsafe { Resource::new(env)? };
        // SAFETY: `env` is current, and `close` closes both in the right order.
        let (mailbox, keep_alive) = unsafe { Mailbox::open(env, on_wakeup, shown, thread)? };
        let environment = Rc::new_cyclic(|this: &Weak<Environment>| {
            let host = Box::new(this.clone());
            // SAFETY: `env` is current, and the loop lives at least until the cleanup hook
            // below closes the meter.
            let meter = unsafe { LoopMeter::start(uv_loop.cast(), Some(mailbox.clone()), host) };
            Environment {
                instances: Instances::new(NodeSite {
                    meter: meter.clone(),
                    mailbox: mailbox.clone(),
                    words,
                    keep_alive,
                }),
                meter,
                mailbox,
                cleanup: Cell::new(None),
                answering: Cell::new(false),
                untaken: Untaken::default(),
                told_stall: Cell::new(None),
                closed: Cell::new(false),
            }
        });
        single_environment::add(&environment);
        Loops::global().enter(thread, environment.meter.clock());
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

    /// Whether something keeps the process alive: calls under way, or more that is to be told.
    pub(crate) fn is_waiting(&self) -> bool {
        self.instances.site().keep_alive.is_waiting()
    }

    /// Tells the loop of calls of which nobody has taken charge.
    fn tell_untaken(&self) {
        let untaken = hot::Environment::words(self).word(SharedWords::UNTAKEN);
        if self.untaken.is_news(untaken, clock::now) {
            self.mailbox.on_untaken();
        }
    }

    /// Whether stalls of the loop are to be among the wake-ups.
    pub(crate) fn hear_stalls(&self, wanted: bool) {
        self.mailbox.hear_stalls(wanted);
    }

    /// Stalls that are so long are looked into from now on; `None`: no more.
    pub(crate) fn look_into_stalls(&self, above: Option<Nanos>) {
        self.meter.clock().look_into_stalls(above);
    }

    /// How long ago the stall ended that JavaScript heard of last.
    pub(crate) fn stall_ended_ago(&self) -> Nanos {
        self.told_stall.get().map_or(Nanos::ZERO, |stall| clock::now() - stall.ended)
    }

    /// The stall that JavaScript heard of last was long, and that is what held the loop, if
    /// anybody knows.
    pub(crate) fn on_long_stall(&self, held_by: Option<HeldBy>) {
        if let Some(stall) = self.told_stall.take() {
            self.meter.clock().on_long_stall(stall, held_by);
        }
    }

    /// The clock of the loop.
    pub(crate) fn meter(&self) -> &LoopMeter {
        &self.meter
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
        self.instances.site().keep_alive.close();
        self.instances.close();
        self.mailbox.close();
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

impl hot::Environment for Environment {
    type Site = NodeSite;

    #[inline]
    fn instances(&self) -> &Instances<NodeSite> {
        &self.instances
    }

    fn next_wakeup(&self, is_first: bool) -> Option<Wakeup> {
        if is_first {
            self.answering.set(false);
        }
        while let Some(message) = self.mailbox.next() {
            if !self.answering.replace(true) {
                if let Some(length) = self.meter.on_answer() {
                    self.mailbox.on_stall(length);
                }
                if !self.meter.sees_turns() {
                    self.tell_untaken();
                }
            }
            match message {
                Message::Alarm(id, sample) => {
                    if self.instances.on_alarm(id, &sample) {
                        return Some(Wakeup::Breaker(id));
                    }
                }
                Message::Commands(id) => {
                    if self.instances.on_commands(id) {
                        return Some(Wakeup::Breaker(id));
                    }
                }
                Message::Rest => {
                    self.instances.on_turn_of_rest();
                    return Some(Wakeup::Rest);
                }
                Message::Stall(stall) => {
                    self.told_stall.set(Some(stall));
                    return Some(Wakeup::Stall(stall.length));
                }
                Message::Question => {}
                Message::NoThread => return Some(Wakeup::NoThread),
                Message::Untaken => return Some(Wakeup::Untaken),
            }
        }
        None
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        single_environment::remove(self);
    }
}

impl LoopHost for Weak<Environment> {
    fn on_turn(&self, stall: Option<Nanos>) {
        let Some(environment) = self.upgrade() else { return };
        environment.instances.site().keep_alive.on_turn();
        if let Some(length) = stall {
            environment.mailbox.on_stall(length);
        }
        // Between two turns nothing of JavaScript's runs that could still do it.
        environment.tell_untaken();
    }

    fn oldest_stall(&self, total_place: usize) -> Option<u64> {
        self.upgrade()?.instances.oldest_stall(total_place)
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

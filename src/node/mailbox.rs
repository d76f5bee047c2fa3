//! From the timer thread to the loop: whose alarm has gone off. From any thread: which breaker
//! was given commands. And from the loop to its next turn: that a stall has ended, and whatever
//! else is better done with nothing of JavaScript's on the stack.
//!
//! The sender leaves a message and wakes the loop, once for however many are left until
//! the loop has come; the loop calls JavaScript, which fetches them one by one. A
//! threadsafe function must not be called after its environment is gone, which may be at
//! any moment: it is called only under the lock that [`Mailbox::close`] takes first.

use std::collections::VecDeque;
use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use napi::{check_status, sys, Result};
use parking_lot::Mutex;

use super::keep_alive::KeepAlive;
use crate::runtime::clock;
use crate::runtime::driver::{AlarmSample, LoopWaker};
use crate::runtime::loop_clock::{Ask, Stall};
use crate::runtime::registry::WakeForCommands;
use didelphis_core::time::Nanos;

/// What waits for one environment's loop to come for it.
pub(crate) struct Mailbox {
    contents: Mutex<Contents>,
    /// A weak reference to JavaScript's function: what it closes over must not be
    /// kept alive from here.
    on_wakeup: WeakFunction,
    /// The number of the loop's thread.
    thread: u32,
}

impl Mailbox {
    /// Opens the way, and gives what keeps the loop alive while somebody waits for
    /// wake-ups; that must be closed first. `on_wakeup` is called on the loop when there are
    /// alarms to be fetched; whoever calls this keeps it alive. `resource` is what async
    /// hooks are shown. `thread` is the number of the loop's.
    ///
    /// # Safety
    ///
    /// `env` must be the current environment, `on_wakeup` a function and `resource` an object
    /// of it.
    pub(crate) unsafe fn open(
        env: sys::napi_env,
        on_wakeup: sys::napi_value,
        resource: sys::napi_value,
        thread: u32,
    ) -> Result<(Arc<Mailbox>, KeepAlive)> {
        let mut reference = ptr::null_mut();
        // SAFETY: as promised by the caller; a count of zero makes it weak.
        check_status!(unsafe { sys::napi_create_reference(env, on_wakeup, 0, &mut reference) })?;
        let contents = Contents::default();
        let on_wakeup = WeakFunction(reference);
        let mailbox = Arc::new(Mailbox { contents: Mutex::new(contents), on_wakeup, thread });

        let mut name = ptr::null_mut();
        let mut wake = ptr::null_mut();
        let context = Arc::into_raw(mailbox.clone()).cast_mut().cast::<c_void>();
        // SAFETY: the context is a counted reference, given up in `finalize`, which
        // runs after the last call of `on_wake`.
        let created = unsafe {
            sys::napi_create_string_utf8(env, c"didelphis".as_ptr(), -1, &mut name);
            sys::napi_create_threadsafe_function(
                env,
                ptr::null_mut(),
                resource,
                name,
                0,
                1,
                context,
                Some(finalize),
                context,
                Some(on_wake),
                &mut wake,
            )
        };
        if created != sys::Status::napi_ok {
            // SAFETY: nobody took the reference.
            drop(unsafe { Arc::from_raw(context.cast::<Mailbox>()) });
        }
        check_status!(created)?;
        // SAFETY: it was just made, on this thread. An idle breaker must not keep the
        // process alive.
        unsafe { sys::napi_unref_threadsafe_function(env, wake) };
        mailbox.contents.lock().wake = Some(Wake(wake));
        // SAFETY: as above.
        let keep_alive = unsafe { KeepAlive::new(env, wake, mailbox.on_wakeup.0) };
        Ok((mailbox, keep_alive))
    }

    /// The next message. To be called until there is none: only then is the loop woken
    /// again.
    pub(crate) fn next(&self) -> Option<Message> {
        let mut contents = self.contents.lock();
        let message = contents.messages.pop_front();
        contents.woken = message.is_some();
        message
    }

    /// Whether stalls are worth a message.
    pub(crate) fn hear_stalls(&self, wanted: bool) {
        self.contents.lock().hears_stalls = wanted;
    }

    /// A stall of the loop has just ended.
    pub(crate) fn on_stall(&self, length: Nanos) {
        let mut contents = self.contents.lock();
        if contents.hears_stalls {
            contents.leave(Message::Stall(Stall { length, ended: clock::now() }));
        }
    }

    /// Calls were admitted of which nobody has taken charge.
    pub(crate) fn on_untaken(&self) {
        self.contents.lock().leave(Message::Untaken);
    }

    /// There is more to tell than was told in one piece.
    pub(crate) fn on_rest(&self) {
        self.contents.lock().leave(Message::Rest);
    }

    /// Closes the way for good. To be called on the loop, before its environment ends
    /// or when nobody can listen any more.
    pub(crate) fn close(&self) {
        let mut contents = self.contents.lock();
        contents.messages = VecDeque::new();
        if let Some(Wake(wake)) = contents.wake.take() {
            // SAFETY: it is ours, and nobody has it any more.
            unsafe {
                sys::napi_release_threadsafe_function(
                    wake,
                    sys::ThreadsafeFunctionReleaseMode::abort,
                )
            };
        }
    }
}

impl LoopWaker for Mailbox {
    fn announce(&self, id: u32, sample: AlarmSample) {
        self.contents.lock().leave(Message::Alarm(id, sample));
    }

    fn report_no_thread(&self) {
        let mut contents = self.contents.lock();
        // The loop will see to whatever is due: once is enough.
        if !contents.messages.iter().any(|message| matches!(message, Message::NoThread)) {
            contents.leave(Message::NoThread);
        }
    }
}

impl Ask for Mailbox {
    fn ask(&self) {
        self.contents.lock().leave(Message::Question);
    }
}

impl WakeForCommands for Mailbox {
    fn wake_for_commands(&self, number: u32) {
        self.contents.lock().leave(Message::Commands(number));
    }

    fn thread(&self) -> u32 {
        self.thread
    }
}

/// What the loop is to hear of.
pub(crate) enum Message {
    /// The alarm of the breaker with that number has gone off.
    Alarm(u32, AlarmSample),
    /// A stall has ended.
    Stall(Stall),
    /// Whether the loop still answers.
    Question,
    /// The timer has no thread; the loop is to do its work.
    NoThread,
    /// Calls were admitted in an earlier turn of which nobody has taken charge.
    Untaken,
    /// The breaker with that number was given commands.
    Commands(u32),
    /// There is more to tell than was told in one piece.
    Rest,
}

#[derive(Default)]
struct Contents {
    messages: VecDeque<Message>,
    hears_stalls: bool,
    /// The loop has been woken and has not come yet.
    woken: bool,
    wake: Option<Wake>,
}

impl Contents {
    fn leave(&mut self, message: Message) {
        let Some(Wake(wake)) = self.wake else { return };
        self.messages.push_back(message);
        if !self.woken {
            let data = ptr::null_mut();
            let mode = sys::ThreadsafeFunctionCallMode::nonblocking;
            // SAFETY: it has not been released, for that happens under the lock that
            // whoever has `self` holds.
            let status = unsafe { sys::napi_call_threadsafe_function(wake, data, mode) };
            self.woken = status == sys::Status::napi_ok;
        }
    }
}

#[derive(Clone, Copy)]
struct Wake(sys::napi_threadsafe_function);

// SAFETY: calling a threadsafe function from any thread is what it is for.
unsafe impl Send for Wake {}

struct WeakFunction(sys::napi_ref);

// SAFETY: the reference is used on the loop's thread only, in `on_wake` and
// `finalize`.
unsafe impl Send for WeakFunction {}
// SAFETY: as above.
unsafe impl Sync for WeakFunction {}

/// # Safety
///
/// Called by Node alone, on the loop's thread, with the context given to it; with a
/// null `env` when the environment is ending.
unsafe extern "C" fn on_wake(
    env: sys::napi_env,
    _: sys::napi_value,
    context: *mut c_void,
    _: *mut c_void,
) {
    if env.is_null() {
        return;
    }
    // SAFETY: the context lives until `finalize`.
    let mailbox = unsafe { &*context.cast::<Mailbox>() };
    // Deno still calls for what was sent before, when its environment has ended and whatever
    // JavaScript's functions are about has been dropped.
    if mailbox.contents.lock().wake.is_none() {
        return;
    }
    let (mut on_wakeup, mut this) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: the environment is alive and this is its thread, inside a handle scope.
    unsafe {
        sys::napi_get_reference_value(env, mailbox.on_wakeup.0, &mut on_wakeup);
        if on_wakeup.is_null() {
            return; // Collected, and with it everything that could have listened.
        }
        sys::napi_get_undefined(env, &mut this);
        sys::napi_call_function(env, this, on_wakeup, 0, ptr::null(), ptr::null_mut());
        surface_exception(env);
    }
}

/// An exception out of JavaScript's function, which lets none through, becomes an
/// uncaught one.
///
/// # Safety
///
/// `env` must be the current environment.
unsafe fn surface_exception(env: sys::napi_env) {
    let (mut pending, mut error) = (false, ptr::null_mut());
    // SAFETY: as promised by the caller.
    unsafe {
        sys::napi_is_exception_pending(env, &mut pending);
        if pending {
            sys::napi_get_and_clear_last_exception(env, &mut error);
            sys::napi_fatal_exception(env, error);
        }
    }
}

/// # Safety
///
/// Called by Node alone, once, with the context that `open` gave up.
unsafe extern "C" fn finalize(env: sys::napi_env, context: *mut c_void, _: *mut c_void) {
    // SAFETY: `open` gave up this reference for us to drop; the environment still
    // answers, or gives null.
    unsafe {
        let mailbox = Arc::from_raw(context.cast::<Mailbox>());
        if !env.is_null() {
            sys::napi_delete_reference(env, mailbox.on_wakeup.0);
        }
    }
}

//! The hand-over from the timer thread to the loop, in every order in which threads can
//! take its lock: `src/node/mailbox.rs` itself, with loom's mutex in the place of its own
//! and, in Node's, the least of a loop. A message that nobody comes for is a deadlock,
//! which loom tells of.
//!
//! Not part of `cargo test`, as loom comes with two dozen crates; `.ci/full` runs it. The
//! file is compiled into this test, as it would be into the addon, and finds here what it
//! asks of other crates and of the addon; what it asks for anew is to be added.
#![cfg(loom)]

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use didelphis::runtime::loop_clock::Ask;
use didelphis_core::time::Nanos;
use loom::thread;

// What the file under test names `crate::…`.
use didelphis::runtime;

// And what it names `napi::…` and `parking_lot::…`.
extern crate self as napi;
extern crate self as parking_lot;

#[path = "../src/node/mailbox.rs"]
#[allow(dead_code)]
mod mailbox;

use mailbox::Mailbox;

#[test]
fn no_message_is_left_while_the_loop_sleeps() {
    loom::model(|| {
        let node = Loop::new();
        let senders = [(); 2].map(|()| {
            let mailbox = node.mailbox.clone();
            thread::spawn(move || {
                mailbox.ask();
                mailbox.ask();
            })
        });
        while node.heard() < 4 {
            node.turn();
        }
        for sender in senders {
            sender.join().expect("a sender");
        }
        node.close();
    });
}

#[test]
fn a_stall_is_told_among_other_messages() {
    loom::model(|| {
        let node = Loop::new();
        node.mailbox.hear_stalls(true);
        let mailbox = node.mailbox.clone();
        let sender = thread::spawn(move || mailbox.ask());
        node.mailbox.on_stall(Nanos::from_millis(50));
        while node.heard() < 2 {
            node.turn();
        }
        sender.join().expect("the sender");
        node.close();
    });
}

#[test]
fn a_wake_up_that_was_refused_is_made_up_for_by_the_next() {
    loom::model(|| {
        let node = Loop::new();
        node.refuse_once();
        let mailbox = node.mailbox.clone();
        let sender = thread::spawn(move || {
            mailbox.ask();
            mailbox.ask();
        });
        while node.heard() < 2 {
            node.turn();
        }
        sender.join().expect("the sender");
        node.close();
    });
}

#[test]
fn nobody_wakes_a_loop_that_has_gone() {
    loom::model(|| {
        let node = Loop::new();
        let mailbox = node.mailbox.clone();
        let sender = thread::spawn(move || {
            mailbox.ask();
            mailbox.ask();
        });
        // `Wakes::call` fails the test when it comes after this.
        node.close();
        sender.join().expect("the sender");
        assert!(node.mailbox.next().is_none(), "kept for nobody");
    });
}

/// The loop of an environment, on the thread that runs the model.
struct Loop {
    mailbox: Arc<Mailbox>,
    listener: *mut Listener,
    wakes: *mut Wakes,
}

/// JavaScript's side: how many messages it has fetched.
struct Listener {
    mailbox: Option<Arc<Mailbox>>,
    heard: usize,
}

impl Loop {
    fn new() -> Self {
        let listener = Box::into_raw(Box::new(Listener { mailbox: None, heard: 0 }));
        // SAFETY: the environment is of no interest to the functions below, and the
        // listener lives as long as the loop.
        let (mailbox, keep_alive) = unsafe { Mailbox::open(ENV, listener, ptr::null_mut(), 0) }
            .expect("all that is asked for is had");
        // SAFETY: nobody else has it yet.
        unsafe { (*listener).mailbox = Some(mailbox.clone()) };
        Loop { mailbox, listener, wakes: keep_alive.0 }
    }

    /// Sleeps until it is woken, and does what it was woken for.
    fn turn(&self) {
        // SAFETY: it lives as long as the loop.
        let wakes = unsafe { &*self.wakes };
        let mut state = wakes.state.lock();
        while state.pending == 0 {
            state = wakes.woken.wait(state).expect("nobody panics");
        }
        state.pending -= 1;
        drop(state);
        // SAFETY: this is the loop's thread; the context was given for this.
        unsafe { (wakes.on_wake)(ENV, ptr::null_mut(), wakes.context, ptr::null_mut()) };
    }

    fn heard(&self) -> usize {
        // SAFETY: used on this thread alone.
        unsafe { (*self.listener).heard }
    }

    fn refuse_once(&self) {
        // SAFETY: it lives as long as the loop.
        unsafe { &*self.wakes }.state.lock().refuses = true;
    }

    fn close(&self) {
        self.mailbox.close();
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        // SAFETY: the threads have ended, and each was made by `Box::into_raw`.
        unsafe {
            drop(Box::from_raw(self.listener));
            let wakes = Box::from_raw(self.wakes);
            (wakes.finalize)(ENV, wakes.context, ptr::null_mut());
        }
    }
}

const ENV: sys::napi_env = 1 as sys::napi_env;

/// Node's threadsafe function: how often it has been called and has not run yet.
pub(crate) struct Wakes {
    state: Mutex<State>,
    woken: loom::sync::Condvar,
    context: *mut c_void,
    on_wake: sys::OnWake,
    finalize: sys::Finalize,
}

#[derive(Default)]
struct State {
    pending: usize,
    refuses: bool,
    released: bool,
}

impl Wakes {
    fn call(&self) -> sys::Status {
        let mut state = self.state.lock();
        assert!(!state.released, "called after it was released");
        if std::mem::take(&mut state.refuses) {
            return sys::Status::napi_queue_full;
        }
        state.pending += 1;
        self.woken.notify_one();
        sys::Status::napi_ok
    }
}

/// Of `parking_lot`.
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Mutex(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
        self.0.lock().expect("nobody panics")
    }
}

/// Of `napi`.
pub(crate) type Result<T> = std::result::Result<T, sys::Status>;

#[macro_export]
/// Stands in for that of napi.
macro_rules! check_status {
    ($status:expr) => {
        match $status {
            $crate::sys::Status::napi_ok => Ok(()),
            status => Err(status),
        }
    };
}

/// Of the addon: here, it tells which threadsafe function was made.
mod keep_alive {
    use super::{sys, Wakes};

    pub(crate) struct KeepAlive(pub(crate) *mut Wakes);

    impl KeepAlive {
        pub(crate) unsafe fn new(_: sys::napi_env, wake: *mut Wakes, _: sys::napi_ref) -> Self {
            KeepAlive(wake)
        }
    }
}

/// Of `napi`: what the file under test asks of Node, under the names it has there.
#[allow(non_camel_case_types, clippy::missing_safety_doc)]
pub(crate) mod sys {
    use super::{c_void, ptr, Listener, Mutex, State, Wakes};

    pub(crate) type napi_env = *mut c_void;
    pub(crate) type napi_value = *mut Listener;
    pub(crate) type napi_ref = *mut Listener;
    pub(crate) type napi_threadsafe_function = *mut Wakes;
    pub(crate) type OnWake = unsafe extern "C" fn(napi_env, napi_value, *mut c_void, *mut c_void);
    pub(crate) type Finalize = unsafe extern "C" fn(napi_env, *mut c_void, *mut c_void);

    #[derive(Clone, Copy, Debug, PartialEq)]
    pub(crate) enum Status {
        napi_ok,
        napi_queue_full,
    }

    pub(crate) enum ThreadsafeFunctionCallMode {
        nonblocking,
    }

    pub(crate) enum ThreadsafeFunctionReleaseMode {
        abort,
    }

    pub(crate) unsafe fn napi_create_reference(
        _: napi_env,
        value: napi_value,
        _: u32,
        reference: &mut napi_ref,
    ) -> Status {
        *reference = value;
        Status::napi_ok
    }

    pub(crate) unsafe fn napi_delete_reference(_: napi_env, _: napi_ref) -> Status {
        Status::napi_ok
    }

    pub(crate) unsafe fn napi_get_reference_value(
        _: napi_env,
        reference: napi_ref,
        value: &mut napi_value,
    ) -> Status {
        *value = reference;
        Status::napi_ok
    }

    #[allow(clippy::too_many_arguments)]
    pub(crate) unsafe fn napi_create_threadsafe_function(
        _: napi_env,
        _: napi_value,
        _: napi_value,
        _: napi_value,
        _: usize,
        _: usize,
        _: *mut c_void,
        finalize: Option<Finalize>,
        context: *mut c_void,
        on_wake: Option<OnWake>,
        made: &mut napi_threadsafe_function,
    ) -> Status {
        *made = Box::into_raw(Box::new(Wakes {
            state: Mutex::new(State::default()),
            woken: loom::sync::Condvar::new(),
            context,
            on_wake: on_wake.expect("a function"),
            finalize: finalize.expect("a function"),
        }));
        Status::napi_ok
    }

    pub(crate) unsafe fn napi_unref_threadsafe_function(
        _: napi_env,
        _: napi_threadsafe_function,
    ) -> Status {
        Status::napi_ok
    }

    pub(crate) unsafe fn napi_call_threadsafe_function(
        wakes: napi_threadsafe_function,
        _: *mut c_void,
        _: ThreadsafeFunctionCallMode,
    ) -> Status {
        // SAFETY: it lives as long as the loop, which outlives the threads.
        unsafe { &*wakes }.call()
    }

    pub(crate) unsafe fn napi_release_threadsafe_function(
        wakes: napi_threadsafe_function,
        _: ThreadsafeFunctionReleaseMode,
    ) -> Status {
        // SAFETY: as above.
        unsafe { &*wakes }.state.lock().released = true;
        Status::napi_ok
    }

    pub(crate) unsafe fn napi_call_function(
        _: napi_env,
        _: napi_value,
        listener: napi_value,
        _: usize,
        _: *const napi_value,
        _: *mut napi_value,
    ) -> Status {
        // SAFETY: the reference is to the listener, which lives as long as the loop.
        let listener = unsafe { &mut *listener };
        let mailbox = listener.mailbox.clone().expect("an opened way");
        while mailbox.next().is_some() {
            listener.heard += 1;
        }
        Status::napi_ok
    }

    pub(crate) unsafe fn napi_create_string_utf8(
        _: napi_env,
        _: *const std::ffi::c_char,
        _: isize,
        _: &mut napi_value,
    ) -> Status {
        Status::napi_ok
    }

    pub(crate) unsafe fn napi_get_undefined(_: napi_env, value: &mut napi_value) -> Status {
        *value = ptr::null_mut();
        Status::napi_ok
    }

    pub(crate) unsafe fn napi_is_exception_pending(_: napi_env, pending: &mut bool) -> Status {
        *pending = false;
        Status::napi_ok
    }

    pub(crate) unsafe fn napi_get_and_clear_last_exception(
        _: napi_env,
        _: &mut napi_value,
    ) -> Status {
        Status::napi_ok
    }

    pub(crate) unsafe fn napi_fatal_exception(_: napi_env, _: napi_value) -> Status {
        Status::napi_ok
    }
}

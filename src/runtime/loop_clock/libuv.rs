//! A libuv loop: how long it has waited, and when a turn of it begins.
//!
//! The few functions of libuv that this takes are looked up in the running process. They
//! are never linked: not every runtime has them, and Bun aborts the process when
//! most of them are called. Whether to look at all is decided by whoever makes a loop
//! clock.

use std::alloc::{alloc_zeroed, dealloc, Layout};
use std::ffi::{c_int, c_void};
use std::sync::OnceLock;

use didelphis_core::time::Nanos;

/// A libuv loop that can be asked.
#[derive(Clone, Copy)]
pub(super) struct Source {
    uv: &'static Uv,
    uv_loop: LoopPtr,
}

// SAFETY: the pointer is used by other threads only to ask for the idle time, which
// libuv allows from any thread, and only under the lock that `LoopMeter::close` takes to
// remove it.
unsafe impl Send for Source {}

impl Source {
    /// That loop; `None` without one, or where the process does not have the functions of
    /// libuv.
    ///
    /// # Safety
    ///
    /// Must be called on the loop's thread. `uv_loop`, when it is not null, must point to a
    /// live `uv_loop_t` of the libuv that this process exports. It must stay alive for as long
    /// as the source is used.
    pub(super) unsafe fn of(uv_loop: LoopPtr) -> Option<Source> {
        let uv = if uv_loop.is_null() { None } else { Uv::find() }?;
        // Node asks for it already; another host of libuv may not.
        // SAFETY: the loop is live, and this option takes no further argument.
        unsafe { (uv.loop_configure)(uv_loop, METRICS_IDLE_TIME) };
        Some(Source { uv, uv_loop })
    }

    /// For how long the loop has waited in the kernel by now.
    pub(super) fn idle(&self) -> Nanos {
        // SAFETY: the loop is live, as `of` was promised.
        Nanos::new(unsafe { (self.uv.metrics_idle_time)(self.uv_loop) })
    }

    /// Has `on_turn` called once a turn, on the loop's thread, which must be this one.
    pub(super) fn listen(self, on_turn: Box<dyn Fn()>) -> Option<Prepare> {
        let Source { uv, uv_loop } = self;
        // SAFETY: the handle is as large as libuv says, is initialised before it is
        // used, and is freed only in the callback of its closing; its data points to
        // a box that is freed in the same place. The loop's thread is this one.
        unsafe {
            let size = (uv.handle_size)(PREPARE);
            let layout = Layout::from_size_align(size.max(1), HANDLE_ALIGN).ok()?;
            let handle: HandlePtr = alloc_zeroed(layout).cast();
            if handle.is_null() {
                std::alloc::handle_alloc_error(layout);
            }
            (uv.prepare_init)(uv_loop, handle);
            let listener = Listener { on_turn, layout, closed: None };
            (uv.handle_set_data)(handle, Box::into_raw(Box::new(listener)).cast());
            (uv.prepare_start)(handle, on_prepare);
            (uv.unref)(handle);
            Some(Prepare { uv, handle })
        }
    }
}

/// A handle that a loop calls once a turn, until it is closed. Stays on the loop's thread.
pub(super) struct Prepare {
    uv: &'static Uv,
    handle: HandlePtr,
}

impl Prepare {
    /// Calls no more. `closed` is called on the loop's thread once libuv has let go of the
    /// handle.
    pub(super) fn close(self, closed: Box<dyn FnOnce()>) {
        let Prepare { uv, handle } = self;
        // SAFETY: the handle is live, for nobody else closes it; its data is what `listen`
        // put there; we are on the loop's thread.
        unsafe {
            let listener = (uv.handle_get_data)(handle).cast::<Listener>();
            (*listener).closed = Some(closed);
            (uv.close)(handle, on_closed);
        }
    }
}

/// A `uv_loop_t`, opaque.
type LoopPtr = *mut c_void;
/// A `uv_handle_t` or a type that begins with one, opaque.
type HandlePtr = *mut c_void;
type HandleCallback = unsafe extern "C" fn(HandlePtr);

/// libuv as this process has it.
struct Uv {
    loop_configure: unsafe extern "C" fn(LoopPtr, c_int, ...) -> c_int,
    metrics_idle_time: unsafe extern "C" fn(LoopPtr) -> u64,
    handle_size: unsafe extern "C" fn(c_int) -> usize,
    handle_set_data: unsafe extern "C" fn(HandlePtr, *mut c_void),
    handle_get_data: unsafe extern "C" fn(HandlePtr) -> *mut c_void,
    prepare_init: unsafe extern "C" fn(LoopPtr, HandlePtr) -> c_int,
    prepare_start: unsafe extern "C" fn(HandlePtr, HandleCallback) -> c_int,
    unref: unsafe extern "C" fn(HandlePtr),
    close: unsafe extern "C" fn(HandlePtr, HandleCallback),
}

impl Uv {
    /// libuv, if the process has every function that is needed.
    fn find() -> Option<&'static Uv> {
        static UV: OnceLock<Option<Uv>> = OnceLock::new();
        UV.get_or_init(Uv::look_up).as_ref()
    }

    fn look_up() -> Option<Uv> {
        #[cfg(unix)]
        let process = libloading::os::unix::Library::this();
        #[cfg(windows)]
        let process = libloading::os::windows::Library::this().ok()?;

        macro_rules! symbol {
            ($name:literal) => {{
                // SAFETY: the types of the fields are libuv's declarations, unchanged
                // since its version 1.39, the first to have uv_metrics_idle_time.
                let symbol = unsafe { process.get($name) };
                *symbol.ok()?
            }};
        }
        Some(Uv {
            loop_configure: symbol!(b"uv_loop_configure\0"),
            metrics_idle_time: symbol!(b"uv_metrics_idle_time\0"),
            handle_size: symbol!(b"uv_handle_size\0"),
            handle_set_data: symbol!(b"uv_handle_set_data\0"),
            handle_get_data: symbol!(b"uv_handle_get_data\0"),
            prepare_init: symbol!(b"uv_prepare_init\0"),
            prepare_start: symbol!(b"uv_prepare_start\0"),
            unref: symbol!(b"uv_unref\0"),
            close: symbol!(b"uv_close\0"),
        })
    }
}

/// `UV_METRICS_IDLE_TIME` of `uv_loop_option`.
const METRICS_IDLE_TIME: c_int = 1;
/// `UV_PREPARE` of `uv_handle_type`.
const PREPARE: c_int = 9;

/// The data of the prepare handle.
struct Listener {
    on_turn: Box<dyn Fn()>,
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
    (listener.on_turn)();
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

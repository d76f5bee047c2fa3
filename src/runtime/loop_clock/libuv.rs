//! The few functions of libuv that the loop clock needs, looked up in the running
//! process.
//!
//! They are never linked: not every runtime has them, and Bun aborts the process when
//! most of them are called. Whether to look at all is decided by whoever makes a loop
//! clock.

use std::ffi::{c_int, c_void};
use std::sync::OnceLock;

/// A `uv_loop_t`, opaque.
pub(crate) type LoopPtr = *mut c_void;
/// A `uv_handle_t` or a type that begins with one, opaque.
pub(crate) type HandlePtr = *mut c_void;
pub(crate) type HandleCallback = unsafe extern "C" fn(HandlePtr);

/// libuv as this process has it.
pub(crate) struct Uv {
    pub(crate) loop_configure: unsafe extern "C" fn(LoopPtr, c_int, ...) -> c_int,
    pub(crate) metrics_idle_time: unsafe extern "C" fn(LoopPtr) -> u64,
    pub(crate) handle_size: unsafe extern "C" fn(c_int) -> usize,
    pub(crate) handle_set_data: unsafe extern "C" fn(HandlePtr, *mut c_void),
    pub(crate) handle_get_data: unsafe extern "C" fn(HandlePtr) -> *mut c_void,
    pub(crate) prepare_init: unsafe extern "C" fn(LoopPtr, HandlePtr) -> c_int,
    pub(crate) prepare_start: unsafe extern "C" fn(HandlePtr, HandleCallback) -> c_int,
    pub(crate) unref: unsafe extern "C" fn(HandlePtr),
    pub(crate) close: unsafe extern "C" fn(HandlePtr, HandleCallback),
}

impl Uv {
    /// libuv, if the process has every function that is needed.
    pub(crate) fn find() -> Option<&'static Uv> {
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
pub(crate) const METRICS_IDLE_TIME: c_int = 1;
/// `UV_PREPARE` of `uv_handle_type`.
pub(crate) const PREPARE: c_int = 9;

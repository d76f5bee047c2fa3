//! The crossings that every `fire` makes ([`didelphis_host::hot`]), as raw N-API callbacks:
//! `#[napi]` methods cost about 300 ns a call, these 15 to 20.
//!
//! One function of each kind serves all breakers of an environment, which is its data
//! pointer.

use std::ffi::{c_void, CStr};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr;
use std::rc::Rc;

use napi::{check_status, sys, Result};

use super::environment::Environment;
use super::single_environment;
use didelphis_host::hot::{
    Abandon, Admit, AdmitAgain, AdmitWithin, CountOne, Crossing, Delay, Enter, Environment as _,
    EvaluateTrip, Expire, Leave, NextOut, NextUnderWay, NextWakeup, Poll, ReadState, Settle,
};
use didelphis_host::memory::Memory;

/// Puts the functions into a JavaScript object.
///
/// # Safety
///
/// `env` must be the environment that `environment` belongs to, and current.
pub(crate) unsafe fn functions(
    env: sys::napi_env,
    environment: &Rc<Environment>,
) -> Result<sys::napi_value> {
    let functions: [(&CStr, sys::napi_callback); 16] = [
        (c"admit", Some(raw::<Admit>)),
        (c"admitAgain", Some(raw::<AdmitAgain>)),
        (c"admitWithin", Some(raw::<AdmitWithin>)),
        (c"enter", Some(raw::<Enter>)),
        (c"leave", Some(raw::<Leave>)),
        (c"settle", Some(raw::<Settle>)),
        (c"expire", Some(raw::<Expire>)),
        (c"evaluateTrip", Some(raw::<EvaluateTrip>)),
        (c"abandon", Some(raw::<Abandon>)),
        (c"nextOut", Some(raw::<NextOut>)),
        (c"nextUnderWay", Some(raw::<NextUnderWay>)),
        (c"count", Some(raw::<CountOne>)),
        (c"delay", Some(raw::<Delay>)),
        (c"nextWakeup", Some(raw::<NextWakeup>)),
        (c"poll", Some(raw::<Poll>)),
        (c"state", Some(raw::<ReadState>)),
    ];
    let mut object = ptr::null_mut();
    // SAFETY: `env` is current. Each function holds a counted reference to the
    // environment, given up when the function is collected.
    unsafe {
        check_status!(sys::napi_create_object(env, &mut object))?;
        for (name, callback) in functions {
            let data = Rc::into_raw(environment.clone()).cast_mut().cast::<c_void>();
            let mut function = ptr::null_mut();
            check_status!(sys::napi_create_function(
                env,
                name.as_ptr(),
                -1,
                callback,
                data,
                &mut function
            ))?;
            check_status!(sys::napi_add_finalizer(
                env,
                function,
                data,
                Some(release),
                ptr::null_mut(),
                ptr::null_mut()
            ))?;
            check_status!(sys::napi_set_named_property(env, object, name.as_ptr(), function))?;
        }
    }
    Ok(object)
}

/// # Safety
///
/// Called by Node alone, through a function that [`functions`] made.
unsafe extern "C" fn raw<C: Crossing>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let single_environment = single_environment::get();
    // SAFETY: it is the environment of the function that was called, which keeps it alive.
    let environment = unsafe {
        &*if single_environment.is_null() { owner(env, info) } else { single_environment }
    };
    let words = environment.words();
    let id = words.word(0) as u32;
    match catch_unwind(AssertUnwindSafe(|| C::cross(environment, id))) {
        Ok(code) => words.put_word(0, code),
        // SAFETY: `env` is current.
        Err(_) => unsafe {
            sys::napi_throw_error(env, ptr::null(), c"didelphis: a defect".as_ptr());
        },
    }
    ptr::null_mut()
}

/// The environment that is the data of the function that was called.
///
/// # Safety
///
/// Of a call of a function that [`functions`] made.
#[cold]
unsafe fn owner(env: sys::napi_env, info: sys::napi_callback_info) -> *const Environment {
    let (count, values, this) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    let mut data = ptr::null_mut();
    // SAFETY: as promised by the caller; what is not asked for may be null.
    unsafe { sys::napi_get_cb_info(env, info, count, values, this, &mut data) };
    data.cast()
}

/// # Safety
///
/// Called by Node alone, once for each function that [`functions`] made.
unsafe extern "C" fn release(_: sys::napi_env, data: *mut c_void, _: *mut c_void) {
    // SAFETY: the function's own reference, which nobody else drops.
    drop(unsafe { Rc::from_raw(data.cast::<Environment>()) });
}

//! The clock and the timer of JavaScript as a driver: for breakers that are made while
//! a test has its fake timers in place, so that they live by these.
//!
//! Both are anybody's code, called raw: the conversion of a pending exception by napi-rs
//! runs JavaScript itself, without end if that throws again.

use std::ptr;

use napi::bindgen_prelude::{Function, JsValue};
use napi::{sys, Env};

use super::reference::Reference;
use didelphis_core::time::Nanos;
use didelphis_host::host_clock::{Failure, Host};

/// See the [module](self).
pub(crate) struct JsHost {
    now: Reference,
    set_timer: Reference,
}

impl JsHost {
    /// `now()` gives milliseconds, `set_timer` takes them, or nothing.
    pub(crate) fn new(
        env: Env,
        now: &Function<(), f64>,
        set_timer: &Function<Option<f64>, ()>,
    ) -> napi::Result<Self> {
        // SAFETY: `env` is current. A host goes with its breaker, by a finalizer at the latest.
        let keep = |value| unsafe { Reference::new(env.raw(), value) };
        Ok(JsHost { now: keep(now.raw())?, set_timer: keep(set_timer.raw())? })
    }
}

impl Host for JsHost {
    fn now(&self) -> Result<f64, Failure> {
        let mut millis = f64::NAN;
        // SAFETY: this is the environment's thread, inside a call from JavaScript. What is no number
        // leaves it as it is.
        unsafe {
            let shown = call(&self.now, &[])?;
            sys::napi_get_value_double(self.now.env(), shown, &mut millis);
        }
        Ok(millis)
    }

    /// What a host throws is dealt with in JavaScript; what fails here has no stack to run in.
    fn set_timer(&self, wait: Option<Nanos>) -> Result<(), Failure> {
        let env = self.set_timer.env();
        let mut millis = ptr::null_mut();
        // SAFETY: as above.
        unsafe {
            match wait {
                Some(wait) => sys::napi_create_double(env, wait.as_millis_f64(), &mut millis),
                None => sys::napi_get_undefined(env, &mut millis),
            };
            call(&self.set_timer, &[millis]).map(|_| ())
        }
    }
}

/// Calls a function of the host's. Of what it throws nothing is kept.
///
/// # Safety
///
/// The environment of the function must be current, and the values its own.
unsafe fn call(
    function: &Reference,
    arguments: &[sys::napi_value],
) -> Result<sys::napi_value, Failure> {
    let env = function.env();
    let (mut this, mut result) = (ptr::null_mut(), ptr::null_mut());
    let (mut pending, mut thrown, mut kind) = (false, ptr::null_mut(), 0);
    // SAFETY: as promised by the caller.
    unsafe {
        sys::napi_get_undefined(env, &mut this);
        let (count, arguments) = (arguments.len(), arguments.as_ptr());
        let function = function.value();
        let called = sys::napi_call_function(env, this, function, count, arguments, &mut result);
        if called == sys::Status::napi_ok {
            return Ok(result);
        }
        sys::napi_is_exception_pending(env, &mut pending);
        if pending {
            sys::napi_get_and_clear_last_exception(env, &mut thrown);
            // So V8 shows what it has stopped; what hosts throw is caught before.
            sys::napi_typeof(env, thrown, &mut kind);
            if kind == sys::ValueType::napi_null {
                return Err(Failure::Stopped);
            }
        }
    }
    Err(Failure::Threw)
}

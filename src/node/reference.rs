//! A value of JavaScript's that is kept from being collected.
//!
//! Not napi-rs' own: as the environment ends, those are given up with what Node allocated
//! for them, which then is nobody's to free. And breakers are alive when it ends.

use std::ptr;

use napi::{check_status, sys, Result};

/// See the [module](self).
pub(crate) struct Reference {
    env: sys::napi_env,
    raw: sys::napi_ref,
}

impl Reference {
    /// # Safety
    ///
    /// `env` must be the current environment and `value` an object of it. The reference is to
    /// be dropped on its thread, at the latest by a finalizer or a hook of its end.
    pub(crate) unsafe fn new(env: sys::napi_env, value: sys::napi_value) -> Result<Reference> {
        let mut raw = ptr::null_mut();
        // SAFETY: as promised by the caller.
        check_status!(unsafe { sys::napi_create_reference(env, value, 1, &mut raw) })?;
        Ok(Reference { env, raw })
    }

    pub(crate) fn env(&self) -> sys::napi_env {
        self.env
    }

    /// The value; null where none can be had any more.
    ///
    /// # Safety
    ///
    /// The environment must be current, with a scope for the value.
    pub(crate) unsafe fn value(&self) -> sys::napi_value {
        let mut value = ptr::null_mut();
        // SAFETY: as promised by the caller.
        unsafe { sys::napi_get_reference_value(self.env, self.raw, &mut value) };
        value
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        // SAFETY: as promised to `new`: on the thread of the environment, which is there.
        unsafe { sys::napi_delete_reference(self.env, self.raw) };
    }
}

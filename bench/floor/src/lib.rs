//! One empty N-API callback, for the bench: nothing that crosses into native code can
//! cost less. Built and loaded by `bench/floor.js`; no part of the package.

use std::{mem, ptr};

use napi_sys as sys;

/// Gives the module its only export, the function `cross`.
///
/// # Safety
///
/// Called by Node, with the environment that is current.
#[no_mangle]
pub unsafe extern "C" fn napi_register_module_v1(
    env: sys::napi_env,
    exports: sys::napi_value,
) -> sys::napi_value {
    // SAFETY: the environment is current, and the name ends with a zero. A failure
    // leaves the export out, which the bench sees.
    unsafe {
        // The symbols of N-API are looked up at run time, and stay.
        mem::forget(sys::setup());
        let mut function = ptr::null_mut();
        let name = c"cross".as_ptr();
        sys::napi_create_function(env, name, -1, Some(cross), ptr::null_mut(), &mut function);
        sys::napi_set_named_property(env, exports, name, function);
    }
    exports
}

unsafe extern "C" fn cross(_: sys::napi_env, _: sys::napi_callback_info) -> sys::napi_value {
    ptr::null_mut()
}

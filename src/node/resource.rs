//! What Node's async hooks are shown of the way to the loop: an object whose `hasRef()` says
//! whether it keeps the process alive. Test runners ask that of everything that was opened
//! (Jest's `--detectOpenHandles`), and take what cannot answer for a leak.
//!
//! Node keeps the object for as long as the threadsafe function, and whoever follows async
//! hooks as long as they like, so it holds the environment weakly, and the function is not
//! one of JavaScript's: that would keep the context which loaded the module.

use std::cell::OnceCell;
use std::ffi::c_void;
use std::ptr;
use std::rc::{Rc, Weak};

use napi::{check_status, sys, Result};

use super::environment::Environment;

/// See the [module](self): what its function knows. Lives on the loop's thread.
#[derive(Default)]
pub(crate) struct Resource {
    environment: OnceCell<Weak<Environment>>,
}

impl Resource {
    /// One whose `hasRef()` is false until it [shows](Resource::show) an environment, and the
    /// object.
    ///
    /// # Safety
    ///
    /// `env` must be the current environment.
    pub(crate) unsafe fn new(env: sys::napi_env) -> Result<(Rc<Resource>, sys::napi_value)> {
        let resource = Rc::new(Resource::default());
        let (mut object, mut function) = (ptr::null_mut(), ptr::null_mut());
        let name = c"hasRef".as_ptr();
        let data = Rc::into_raw(resource.clone()).cast_mut().cast::<c_void>();
        // SAFETY: `env` is current. The function holds a counted reference, given up when it is
        // collected or its environment ends, after which nobody calls it.
        unsafe {
            check_status!(sys::napi_create_object(env, &mut object))?;
            check_status!(sys::napi_create_function(
                env,
                name,
                -1,
                Some(has_ref),
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
            check_status!(sys::napi_set_named_property(env, object, name, function))?;
        }
        Ok((resource, object))
    }

    /// Speaks for that environment from now on.
    pub(crate) fn show(&self, environment: &Rc<Environment>) {
        // Nobody shows it another one.
        let _ = self.environment.set(Rc::downgrade(environment));
    }

    fn has_ref(&self) -> bool {
        let environment = self.environment.get().and_then(Weak::upgrade);
        environment.is_some_and(|environment| environment.is_waiting())
    }
}

/// # Safety
///
/// Called by Node alone, with an `info` of the function that [`Resource::new`] made.
unsafe extern "C" fn has_ref(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let (mut data, mut result) = (ptr::null_mut(), ptr::null_mut());
    let (count, values, this) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    // SAFETY: the data is the reference that the function holds; both are Node's own.
    unsafe {
        sys::napi_get_cb_info(env, info, count, values, this, &mut data);
        let has_ref = data.cast::<Resource>().as_ref().is_some_and(Resource::has_ref);
        sys::napi_get_boolean(env, has_ref, &mut result);
    }
    result
}

/// # Safety
///
/// Called by Node alone, once, when the function is gone.
unsafe extern "C" fn release(_: sys::napi_env, data: *mut c_void, _: *mut c_void) {
    // SAFETY: `Resource::new` gave up this reference for us to drop.
    drop(unsafe { Rc::from_raw(data.cast::<Resource>()) });
}

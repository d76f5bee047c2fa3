//! The environment, while the process has only one: then a crossing need not ask N-API whose
//! it is, which is a fourth of what N-API takes for it.
//!
//! A process with worker threads that load this module, or a test runner that loads it anew
//! for each file, has several; each crossing asks, then.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use parking_lot::Mutex;

use super::environment::Environment;

/// The only environment there is; null while there are several.
///
/// Whoever is called by a function of an environment that has been [added](add) finds that
/// one here or none, whatever other threads do: its own thread has seen it added, and any
/// other environment is put here only while it is the only one in [`ALL`].
#[inline]
pub(crate) fn get() -> *const Environment {
    SOLE.load(Ordering::Relaxed)
}

/// There is one more.
pub(crate) fn add(environment: &Environment) {
    change(|all| all.push(address(environment)));
}

/// It is gone: from now on no function of its is called.
pub(crate) fn remove(environment: &Environment) {
    change(|all| all.retain(|&other| other != address(environment)));
}

fn change(change: impl FnOnce(&mut Vec<usize>)) {
    let mut all = ALL.lock();
    change(&mut all);
    let single_environment = match all[..] {
        [single_environment] => single_environment as *mut Environment,
        _ => ptr::null_mut(),
    };
    SOLE.store(single_environment, Ordering::Relaxed);
}

fn address(environment: &Environment) -> usize {
    ptr::from_ref(environment) as usize
}

static SOLE: AtomicPtr<Environment> = AtomicPtr::new(ptr::null_mut());

static ALL: Mutex<Vec<usize>> = Mutex::new(Vec::new());

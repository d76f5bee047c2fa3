//! What the host in JavaScript gives. None of it throws.

use didelphis_core::time::Nanos;
use didelphis_host::host_clock::{Failure, Host};

#[link(wasm_import_module = "host")]
extern "C" {
    fn now() -> f64;
    fn set_timer(ms: f64);
    fn hold(holds: i32);
    fn wake();
    fn grown();
    fn clock_now(clock: u32) -> f64;
    fn clock_set_timer(clock: u32, ms: f64) -> i32;
    fn clock_drop(clock: u32);
}

/// The present by the host's monotonic clock, which began long ago.
#[inline]
pub(crate) fn present() -> Nanos {
    // SAFETY: takes and gives a number.
    Nanos::new(BEGINNING + (unsafe { now() } * 1e6) as u64)
}

/// A year before the clock began there was time, too.
const BEGINNING: u64 = 1 << 55;

/// The host is to come in that time, instead of whenever it was asked to before.
pub(crate) fn come_in(wait: Nanos) {
    // SAFETY: takes a number.
    unsafe { set_timer(wait.as_millis_f64()) }
}

/// Whether the timer keeps the process alive.
pub(crate) fn keep_alive(holds: bool) {
    // SAFETY: takes a number.
    unsafe { hold(holds.into()) }
}

/// The host is to fetch wake-ups as soon as nothing of JavaScript's is on the stack.
pub(crate) fn wake_loop() {
    // SAFETY: takes nothing.
    unsafe { wake() }
}

/// The memory has grown: what JavaScript sees of it is to be made anew.
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]
pub(crate) fn on_grown() {
    // SAFETY: takes nothing.
    unsafe { grown() }
}

/// A clock and a timer of JavaScript's, by the number that the host knows them by.
pub(crate) struct JsClock(pub(crate) u32);

impl Host for JsClock {
    fn now(&self) -> Result<f64, Failure> {
        // SAFETY: takes and gives a number.
        Ok(unsafe { clock_now(self.0) })
    }

    fn set_timer(&self, wait: Option<Nanos>) -> Result<(), Failure> {
        let ms = wait.map_or(-1.0, Nanos::as_millis_f64);
        // SAFETY: takes and gives numbers.
        let is_set = unsafe { clock_set_timer(self.0, ms) } != 0;
        is_set.then_some(()).ok_or(Failure::Threw)
    }
}

impl Drop for JsClock {
    fn drop(&mut self) {
        // SAFETY: takes a number.
        unsafe { clock_drop(self.0) }
    }
}

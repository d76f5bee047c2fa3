//! The clock and the timer of JavaScript as a driver: for breakers that are made while
//! a test has its fake timers in place, so that they live by these.

use std::cell::Cell;

use napi::bindgen_prelude::{Function, FunctionRef};
use napi::{Env, Result};

use crate::core::time::Nanos;
use crate::runtime::driver::Host;

/// See the [module](self).
pub(crate) struct JsHost {
    env: Env,
    now: FunctionRef<(), f64>,
    set_timer: FunctionRef<Option<f64>, ()>,
    /// What the clock showed last, for when it fails.
    shown: Cell<Nanos>,
}

impl JsHost {
    /// `now()` gives milliseconds, `set_timer` takes them, or nothing.
    pub(crate) fn new(
        env: Env,
        now: &Function<(), f64>,
        set_timer: &Function<Option<f64>, ()>,
    ) -> Result<Self> {
        Ok(JsHost {
            env,
            now: now.create_ref()?,
            set_timer: set_timer.create_ref()?,
            shown: Cell::new(Nanos::ZERO),
        })
    }
}

impl Host for JsHost {
    fn now(&self) -> Nanos {
        let shown = self.now.borrow_back(&self.env).and_then(|now| now.call(()));
        if let Ok(shown) = shown {
            self.shown.set(Nanos::from_millis_f64(shown));
        }
        self.shown.get()
    }

    fn set_alarm(&self, wait: Option<Nanos>) {
        let set_timer = self.set_timer.borrow_back(&self.env);
        // A timer that cannot be set is one that does not go off: what the breaker
        // does by the clock, it then does when it is asked.
        let _ = set_timer.and_then(|set_timer| set_timer.call(wait.map(Nanos::as_millis_f64)));
    }
}

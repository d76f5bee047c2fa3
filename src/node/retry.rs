//! Trying calls again, for those breakers that do: what their failures ask, and the budget that
//! several of them may share.

use std::cell::RefCell;
use std::rc::Rc;

use napi_derive::napi;

use super::handle::Handle;
use didelphis_core::retry::{RetryBudget, SharedRetryBudget};
use didelphis_core::time::Nanos;
use didelphis_host::commands;

/// What retries are paid from.
#[napi(js_name = "RetryBudget")]
pub struct JsRetryBudget {
    inner: SharedRetryBudget,
}

#[napi]
impl JsRetryBudget {
    /// `ratio` retries for each success, and so many a second besides.
    #[napi(constructor, catch_unwind)]
    pub fn new(ratio: f64, per_second: f64) -> Self {
        JsRetryBudget { inner: Rc::new(RefCell::new(RetryBudget::new(ratio, per_second))) }
    }
}

#[napi]
impl Handle {
    /// Has calls tried again that often, paid from that budget. Durations in ms; no `timeout` is
    /// infinity.
    #[napi(catch_unwind)]
    pub fn set_retry(
        &self,
        attempts: u32,
        initial: f64,
        max: f64,
        factor: f64,
        timeout: f64,
        budget: &JsRetryBudget,
    ) {
        let numbers = [f64::from(attempts), initial, max, factor, timeout];
        let budget = budget.inner.clone();
        commands::set_retry(self.instances(), self.id(), numbers, budget);
    }

    /// Has no call tried again from now on.
    #[napi(catch_unwind)]
    pub fn clear_retry(&self) {
        self.with(|breaker, _| breaker.set_retry(None));
    }

    /// Asks, after a try has failed, for the next one, which is paid for with this: in how many
    /// ms it may begin, -1 if there is to be none. The call has been tried again `attempts` times,
    /// its first try began at `began`, and the service asks for a wait of `retryAfter` ms.
    #[napi(catch_unwind)]
    pub fn retry(&self, attempts: u32, began: f64, retry_after: f64) -> f64 {
        commands::retry(self.instances(), self.id(), attempts, began, retry_after)
    }

    /// Whether the circuit lets a try begin whose wait is over.
    #[napi(catch_unwind)]
    pub fn admits_retry(&self) -> bool {
        self.with(|breaker, now| breaker.admits_retry(now))
    }

    /// The moment so many ms ago, for `retry`.
    #[napi(catch_unwind)]
    pub fn moment_before(&self, ms: f64) -> f64 {
        self.with(|_, now| (now.monotonic - Nanos::from_millis_f64(ms)).as_millis_f64())
    }
}

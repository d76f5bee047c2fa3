//! Whether a call that failed is tried again, and after what wait. Asked by the breaker when a
//! try has ended badly and the host wants another.
//!
//! Which errors are worth it is not decided here: that is known to who sees them.

mod budget;

use std::cell::RefCell;
use std::rc::Rc;

pub use self::budget::{RetryBudget, KEPT};
use crate::time::Nanos;

/// A budget that several breakers of one thread may share.
pub type SharedRetryBudget = Rc<RefCell<RetryBudget>>;

/// How calls that fail are tried again.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryOptions {
    /// How often at the most, the first try not counted.
    pub attempts: u32,
    /// The longest wait before the first attempt.
    pub initial: Nanos,
    /// The longest wait before any.
    pub max: Nanos,
    /// By how much the longest wait grows from one attempt to the next; below one: it stays.
    pub factor: f64,
    /// No attempt begins later (`>`) after the first try did; `None`: as late as may be.
    pub timeout: Option<Nanos>,
}

impl Default for RetryOptions {
    fn default() -> Self {
        RetryOptions {
            attempts: 2,
            initial: Nanos::from_millis(100),
            max: Nanos::from_millis(2000),
            factor: 2.0,
            timeout: None,
        }
    }
}

/// A call whose last try failed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tried {
    /// How often it has been tried again so far.
    pub attempts: u32,
    /// When the first try began.
    pub began: Nanos,
    /// How long it should wait at the least, by what the service has said; rounded up to a
    /// millisecond.
    pub retry_after: Nanos,
}

/// Why a call is not tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoRetry {
    /// No breaker's calls are unless it has [`RetryOptions`].
    NotWanted,
    /// It has been tried as often as it may be.
    Attempts,
    /// The circuit would refuse it.
    Circuit,
    /// It would begin after the timeout, or wait for longer than any attempt may.
    Timeout,
    /// Too many others are, for what succeeds.
    Budget,
}

/// See the [module](self).
#[derive(Clone, Debug)]
pub(crate) struct Retry {
    options: RetryOptions,
    budget: SharedRetryBudget,
}

impl Retry {
    /// By those options, paid from that budget.
    pub(crate) fn new(options: RetryOptions, budget: SharedRetryBudget) -> Self {
        Retry { options, budget }
    }

    /// A call succeeded.
    pub(crate) fn on_success(&mut self, now: Nanos) {
        self.budget.borrow_mut().on_success(now);
    }

    /// How long to wait before the call is tried again. That is paid for with this, before
    /// the wait: who waits is sure to be among those whom the service can bear. `draw`, from 0 to
    /// below 1, says by chance where in its longest wait the call is tried again.
    pub(crate) fn wait(&mut self, tried: &Tried, draw: f64, now: Nanos) -> Result<Nanos, NoRetry> {
        let RetryOptions { attempts, max, timeout, .. } = self.options;
        if tried.attempts >= attempts {
            return Err(NoRetry::Attempts);
        }
        let retry_after = up_to_millis(tried.retry_after);
        let wait = self.delay(tried, draw).max(retry_after);
        if retry_after > max || timeout.is_some_and(|timeout| now + wait > tried.began + timeout) {
            return Err(NoRetry::Timeout);
        }
        if !self.budget.borrow_mut().try_withdraw(now) {
            return Err(NoRetry::Budget);
        }
        Ok(wait)
    }

    /// By "full jitter": anything from none to the whole wait of the attempt. Those who failed
    /// together do not come back together, and the service has the same load all the time
    /// (Brooker, "Exponential Backoff And Jitter", 2015). In whole milliseconds, as timers are.
    fn delay(&self, tried: &Tried, draw: f64) -> Nanos {
        let RetryOptions { initial, max, factor, .. } = self.options;
        let longest = initial.as_millis_f64() * factor.max(1.0).powf(f64::from(tried.attempts));
        let millis = longest.min(max.as_millis_f64()) * draw.clamp(0.0, 1.0);
        Nanos::from_millis(millis as u64)
    }
}

fn up_to_millis(time: Nanos) -> Nanos {
    Nanos::from_millis(time.get().div_ceil(Nanos::from_millis(1).get()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(millis: u64) -> Nanos {
        Nanos::from_millis(millis)
    }

    fn retry(change: impl FnOnce(&mut RetryOptions)) -> Retry {
        let mut options = RetryOptions { attempts: 10, ..RetryOptions::default() };
        change(&mut options);
        let budget = RetryBudget::new(0.1, 1000.0);
        Retry::new(options, Rc::new(RefCell::new(budget)))
    }

    fn tried(attempts: u32) -> Tried {
        Tried { attempts, began: ms(0), retry_after: Nanos::ZERO }
    }

    const NEARLY_ONE: f64 = 1.0 - f64::EPSILON;

    #[test]
    fn waits_grow_by_the_factor_up_to_the_longest() {
        let mut retry = retry(|_| {});
        let waits = [0, 1, 2, 3, 4, 5, 9].map(|attempts| retry.wait(&tried(attempts), 1.0, ms(0)));
        assert_eq!(waits, [100, 200, 400, 800, 1600, 2000, 2000].map(|millis| Ok(ms(millis))));
    }

    #[test]
    fn chance_takes_anything_from_none_to_the_whole_of_a_wait() {
        let mut retry = retry(|_| {});
        let waits = [0.0, 0.5, NEARLY_ONE].map(|draw| retry.wait(&tried(1), draw, ms(0)));
        assert_eq!(waits, [Ok(ms(0)), Ok(ms(100)), Ok(ms(199))]);
    }

    #[test]
    fn waits_do_not_overflow() {
        let mut retry = retry(|options| {
            options.attempts = u32::MAX;
            options.factor = 1e300;
        });
        assert_eq!(retry.wait(&tried(u32::MAX - 1), 1.0, ms(0)), Ok(ms(2000)));
    }

    #[test]
    fn a_factor_below_one_does_not_shorten_waits() {
        let mut retry = retry(|options| options.factor = 0.5);
        assert_eq!(retry.wait(&tried(3), 1.0, ms(0)), Ok(ms(100)));
    }

    #[test]
    fn so_many_attempts_are_made_and_no_more() {
        let mut retry = retry(|options| options.attempts = 2);
        assert!(retry.wait(&tried(0), 0.5, ms(0)).is_ok());
        assert!(retry.wait(&tried(1), 0.5, ms(0)).is_ok());
        assert_eq!(retry.wait(&tried(2), 0.5, ms(0)), Err(NoRetry::Attempts));
    }

    #[test]
    fn no_attempt_begins_after_the_timeout() {
        let mut retry = retry(|options| options.timeout = Some(ms(1_000)));
        let mut wait =
            |began, now| retry.wait(&Tried { began: ms(began), ..tried(0) }, 1.0, ms(now));
        assert_eq!(wait(5_000, 5_900), Ok(ms(100)), "at the timeout");
        assert_eq!(wait(5_000, 5_901), Err(NoRetry::Timeout));
        assert_eq!(wait(0, 5_000), Err(NoRetry::Timeout), "long past it");
    }

    #[test]
    fn what_the_service_asks_for_is_the_least_wait() {
        let mut retry = retry(|options| options.timeout = Some(ms(1_500)));
        let mut wait = |retry_after| retry.wait(&Tried { retry_after, ..tried(0) }, 1.0, ms(0));
        assert_eq!(wait(ms(50)), Ok(ms(100)));
        assert_eq!(wait(ms(700)), Ok(ms(700)));
        assert_eq!(wait(ms(700) + Nanos::new(1)), Ok(ms(701)), "never too early");
        assert_eq!(wait(ms(1_501)), Err(NoRetry::Timeout));
        assert_eq!(wait(Nanos::MAX), Err(NoRetry::Timeout));
    }

    #[test]
    fn a_service_that_asks_for_more_than_the_longest_wait_is_left_alone() {
        let mut retry = retry(|_| {});
        let mut wait = |retry_after| retry.wait(&Tried { retry_after, ..tried(0) }, 1.0, ms(0));
        assert_eq!(wait(ms(2_000)), Ok(ms(2_000)));
        assert_eq!(wait(ms(2_001)), Err(NoRetry::Timeout));
    }

    #[test]
    fn the_budget_is_asked_last_and_pays_for_what_waits_alone() {
        let budget = Rc::new(RefCell::new(RetryBudget::new(0.0, 0.1)));
        let options = RetryOptions { timeout: Some(ms(1_000)), ..RetryOptions::default() };
        let mut retry = Retry::new(options, budget.clone());
        assert_eq!(retry.wait(&tried(2), 0.0, ms(0)), Err(NoRetry::Attempts));
        assert_eq!(retry.wait(&tried(0), 0.0, ms(1_001)), Err(NoRetry::Timeout));
        assert_eq!(budget.borrow_mut().available(ms(1_001)), 1.0, "none of these paid");
        assert!(retry.wait(&tried(0), 0.0, ms(1_000)).is_ok());
        assert_eq!(retry.wait(&tried(0), 0.0, ms(1_000)), Err(NoRetry::Budget));
    }

    #[test]
    fn breakers_may_share_a_budget() {
        let budget = Rc::new(RefCell::new(RetryBudget::new(0.5, 0.0)));
        let [mut one, mut other] =
            [(); 2].map(|()| Retry::new(RetryOptions::default(), budget.clone()));
        [&mut one, &mut other].into_iter().for_each(|retry| retry.on_success(ms(0)));
        assert!(other.wait(&tried(0), 0.0, ms(0)).is_ok());
        assert_eq!(one.wait(&tried(0), 0.0, ms(0)), Err(NoRetry::Budget));
    }

    proptest! {
        /// Whatever the options, the draws and what the service says.
        #[test]
        fn a_wait_keeps_its_bounds(
            attempts in 0_u32..12,
            initial in 0_u64..5_000,
            max in 0_u64..5_000,
            factor in 0.0..10.0_f64,
            timeout in prop::option::of(0_u64..10_000),
            elapsed in 0_u64..10_000,
            retry_after in prop_oneof![4 => Just(0), 1 => 0_u64..10_000],
            draw in 0.0..1.0_f64,
        ) {
            let mut retry = retry(|options| *options = RetryOptions {
                attempts: 10, initial: ms(initial), max: ms(max), factor, timeout: timeout.map(ms),
            });
            let (began, now) = (ms(50_000), ms(50_000 + elapsed));
            let tried = Tried { attempts, began, retry_after: ms(retry_after) };
            match retry.wait(&tried, draw, now) {
                Ok(wait) => {
                    let wait = wait.as_millis();
                    prop_assert!(attempts < 10);
                    prop_assert!(retry_after <= wait && wait <= max);
                    prop_assert!(timeout.is_none_or(|timeout| elapsed + wait <= timeout));
                }
                Err(NoRetry::Attempts) => prop_assert_eq!(attempts >= 10, true),
                Err(NoRetry::Timeout) => {
                    // Nothing that waits for as long as chance may say has been cut off.
                    let longest = retry_after.max(max);
                    let late = timeout.is_some_and(|timeout| elapsed + longest > timeout);
                    prop_assert!(late || retry_after > max);
                }
                Err(other) => prop_assert!(false, "{:?}", other),
            }
        }
    }
}

//! What retries are paid from: each success deposits a little, each retry takes one whole.
//!
//! Without it a service that is ill gets a multiple of its load from callers who all try again.
//! The budget bounds that, whatever the number of attempts: while nothing succeeds nothing is
//! deposited, and what was deposited before is gone after [`KEPT`] seconds. It is the retry
//! budget of Finagle, with the deposits made by successes in place of requests.

use crate::time::Nanos;

/// The account, which several breakers of one thread may draw on. Times are of one clock; when
/// that is replaced by another, what is kept counts as if it had been deposited there.
#[derive(Clone, Debug)]
pub struct RetryBudget {
    /// A success deposits so much.
    deposit: u64,
    /// And so does each second that begins.
    per_second: u64,
    /// What is left of the deposits of the last seconds, from the oldest to the newest.
    seconds: [u64; KEPT],
    /// Which second the newest is.
    newest: u64,
}

impl RetryBudget {
    /// `ratio` retries for each success, and `per_second` more whatever succeeds; negative
    /// values and NaN are none. It begins as if nothing had been tried for long, by whatever clock.
    pub fn new(ratio: f64, per_second: f64) -> Self {
        let per_second = scaled(per_second);
        let seconds = [per_second; KEPT];
        RetryBudget { deposit: scaled(ratio), per_second, seconds, newest: 0 }
    }

    /// A call succeeded.
    pub fn on_success(&mut self, now: Nanos) {
        self.advance(now);
        let [.., newest] = &mut self.seconds;
        *newest = newest.saturating_add(self.deposit);
    }

    /// Takes what a retry costs, from the oldest deposits first. Returns whether there was
    /// enough; if not, nothing is taken.
    pub fn try_withdraw(&mut self, now: Nanos) -> bool {
        self.advance(now);
        if self.balance() < RETRY {
            return false;
        }
        let mut due = RETRY;
        for deposits in &mut self.seconds {
            let taken = due.min(*deposits);
            *deposits -= taken;
            due -= taken;
        }
        true
    }

    /// How many retries may be made now; with their fraction.
    pub fn available(&mut self, now: Nanos) -> f64 {
        self.advance(now);
        self.balance() as f64 / RETRY as f64
    }

    fn balance(&self) -> u64 {
        self.seconds.iter().copied().fold(0, u64::saturating_add)
    }

    fn advance(&mut self, now: Nanos) {
        let second = second_of(now);
        if second != self.newest {
            self.begin_seconds(second);
        }
    }

    #[cold]
    fn begin_seconds(&mut self, second: u64) {
        // Another clock, if it is earlier.
        let begun = second.saturating_sub(self.newest).min(KEPT as u64) as usize;
        self.seconds.rotate_left(begun);
        self.seconds[KEPT - begun..].fill(self.per_second);
        self.newest = second;
    }
}

/// For so many seconds deposits are kept, that of the moment included.
pub const KEPT: usize = 10;

/// What a retry costs. In whole numbers, for ten deposits of a tenth are to be one.
const RETRY: u64 = 1_000_000;

/// So many retries as what is deposited, rounded to a millionth. `as` saturates, and makes zero
/// of NaN.
fn scaled(retries: f64) -> u64 {
    (retries * RETRY as f64).round() as u64
}

fn second_of(now: Nanos) -> u64 {
    now.as_millis() / 1000
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Nanos {
        Nanos::from_millis(millis)
    }

    fn withdrawals(budget: &mut RetryBudget, now: Nanos) -> usize {
        (0..).take_while(|_| budget.try_withdraw(now)).count()
    }

    #[test]
    fn ten_successes_at_a_tenth_pay_for_one_retry() {
        let mut budget = RetryBudget::new(0.1, 0.0);
        (0..9).for_each(|_| budget.on_success(at(0)));
        assert!(!budget.try_withdraw(at(0)));
        budget.on_success(at(0));
        assert!(budget.try_withdraw(at(0)), "what was refused took nothing");
        assert!(!budget.try_withdraw(at(0)));
    }

    #[test]
    fn deposits_are_kept_for_ten_seconds_and_no_longer() {
        let mut budget = RetryBudget::new(1.0, 0.0);
        budget.on_success(at(0));
        assert_eq!(budget.available(at(9_999)), 1.0);
        assert_eq!(budget.available(at(10_000)), 0.0);
        budget.on_success(at(10_999));
        assert_eq!(budget.available(at(19_999)), 1.0);
        assert_eq!(budget.available(at(20_000)), 0.0);
    }

    #[test]
    fn the_oldest_deposits_are_spent_first() {
        let mut budget = RetryBudget::new(1.0, 0.0);
        [0, 5_000].into_iter().for_each(|millis| budget.on_success(at(millis)));
        assert!(budget.try_withdraw(at(5_000)));
        assert_eq!(budget.available(at(14_999)), 1.0, "that of the sixth second is left");
    }

    #[test]
    fn so_many_a_second_may_be_made_when_nothing_succeeds() {
        let mut budget = RetryBudget::new(0.1, 2.0);
        assert_eq!(withdrawals(&mut budget, at(500)), 20, "as if idle for ten seconds");
        assert_eq!(withdrawals(&mut budget, at(999)), 0);
        assert_eq!(withdrawals(&mut budget, at(1_000)), 2);
        assert_eq!(withdrawals(&mut budget, at(4_500)), 6);
        assert_eq!(
            withdrawals(&mut budget, at(3_600_000)),
            20,
            "no more, however long it was idle"
        );
    }

    #[test]
    fn half_a_retry_a_second_is_one_in_two() {
        let mut budget = RetryBudget::new(0.0, 0.5);
        assert_eq!(withdrawals(&mut budget, at(0)), 5);
        assert_eq!(withdrawals(&mut budget, at(1_000)), 0);
        assert_eq!(withdrawals(&mut budget, at(2_000)), 1);
    }

    #[test]
    fn nonsense_is_none() {
        let mut budget = RetryBudget::new(f64::NAN, -1.0);
        budget.on_success(at(0));
        assert!(!budget.try_withdraw(at(5_000)));
    }

    #[test]
    fn riches_saturate() {
        let mut budget = RetryBudget::new(f64::INFINITY, f64::INFINITY);
        (0..3).for_each(|_| budget.on_success(at(0)));
        assert!((0..1000).all(|_| budget.try_withdraw(at(0))));
    }

    #[test]
    fn what_is_kept_goes_over_to_an_earlier_clock() {
        let mut budget = RetryBudget::new(1.0, 0.0);
        budget.on_success(at(1_000_000));
        assert_eq!(budget.available(at(5_000)), 1.0);
        assert_eq!(budget.available(at(14_999)), 1.0);
        assert_eq!(budget.available(at(15_000)), 0.0, "and expires by that");
    }

    /// What can happen to a budget, each so many milliseconds after the one before.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        Success(u64),
        Retry(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let pause = prop_oneof![6 => 0..300_u64, 2 => 300..3_000_u64, 1 => 3_000..30_000_u64];
        let step = (any::<bool>(), pause).prop_map(|(success, pause)| {
            if success {
                Step::Success(pause)
            } else {
                Step::Retry(pause)
            }
        });
        prop::collection::vec(step, 1..400)
    }

    proptest! {
        /// A list of deposits, each with its second.
        #[test]
        fn it_is_a_list_of_deposits(steps in steps(), ratio in 0_u32..15, per_second in 0_u32..3) {
            let (ratio, per_second) = (f64::from(ratio) / 10.0, f64::from(per_second));
            let start = 20_000;
            let mut budget = RetryBudget::new(ratio, per_second);
            let mut millis = start;
            // In tenths of a retry, so that the sums are exact.
            let tenths = |retries: f64| (retries * 10.0).round() as u64;
            let mut deposits: Vec<(u64, u64)> =
                (11..=20).map(|second| (second, tenths(per_second))).collect();
            for step in steps {
                let (Step::Success(pause) | Step::Retry(pause)) = step;
                let begun = millis / 1000 + 1;
                millis += pause;
                let second = millis / 1000;
                deposits.extend((begun..=second).map(|second| (second, tenths(per_second))));
                deposits.retain(|(made, _)| made + 10 > second);
                let balance: u64 = deposits.iter().map(|(_, left)| left).sum();
                prop_assert_eq!(budget.available(at(millis)), balance as f64 / 10.0);
                match step {
                    Step::Success(_) => {
                        budget.on_success(at(millis));
                        deposits.push((second, tenths(ratio)));
                    }
                    Step::Retry(_) => {
                        prop_assert_eq!(budget.try_withdraw(at(millis)), balance >= 10);
                        if balance >= 10 {
                            deposits.sort_by_key(|(made, _)| *made);
                            let mut due = 10;
                            for (_, left) in &mut deposits {
                                let taken = due.min(*left);
                                *left -= taken;
                                due -= taken;
                            }
                        }
                    }
                }
            }
        }

        /// What policies are promised: from the tenth second of an outage on, no more than
        /// `per_second` retries a second, whatever was before and however often it is tried.
        #[test]
        fn an_outage_of_more_than_ten_seconds_is_paid_by_the_second_alone(
            before in prop::collection::vec(0_u64..2_000, 0..300),
            tries in prop::collection::vec(0_u64..500, 1..400),
            per_second in 0_u32..4,
        ) {
            let mut budget = RetryBudget::new(0.2, f64::from(per_second));
            let mut millis = 0;
            for pause in before {
                millis += pause;
                budget.on_success(at(millis));
            }
            let outage = millis;
            let mut retries_after_tenth = 0;
            for pause in tries {
                millis += pause;
                let paid = budget.try_withdraw(at(millis));
                retries_after_tenth += u64::from(paid && millis >= outage + 10_000);
            }
            // Those of ten seconds may not have been asked for before.
            let seconds = (millis - outage) / 1000 + 1;
            prop_assert!(retries_after_tenth <= u64::from(per_second) * seconds);
        }
    }
}

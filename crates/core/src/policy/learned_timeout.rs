//! A timeout that follows the latencies of the calls that succeed.
//!
//! A timeout cuts off what it would have to see: calls that take longer never tell how long. So
//! a timeout that kills more than its quantile allows rises until it does not; and some calls,
//! the explorers, may take as long as the greatest timeout, to see whether the service is slow
//! or gone. An outage is not learned. Once a second the first rule holds that applies
//! ([`LearnedTimeout::begin`]).
//!
//! Used by the breaker where `timeout` is adaptive: asked as a call begins, told how it ended.
//! Stalls of the event loop teach nothing.

use std::array;

use crate::calls::sample::Sample;
use crate::metrics::latency::{Histogram, Latencies, LatencySums};
use crate::time::{Nanos, Shift};

/// How a timeout is learned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LearnedTimeoutOptions {
    /// The least timeout, in loop time; default 50 ms.
    pub min: Nanos,
    /// The greatest; what explorers have, and everybody before anything was learned. Not below
    /// `min`; default 10 s.
    pub max: Nanos,
    /// How many times the quantile a call may take. At least 1; default 1.5.
    pub multiplier: f64,
    /// The share of calls that are to be shorter than the quantile; above 0 and below 1, default
    /// 0.999. A greater share than what is left of 1 (0.1 %) may not time out.
    pub quantile: f64,
}

impl Default for LearnedTimeoutOptions {
    fn default() -> Self {
        LearnedTimeoutOptions {
            min: Nanos::from_millis(50),
            max: Nanos::from_millis(10_000),
            multiplier: 1.5,
            quantile: 0.999,
        }
    }
}

/// What a call that begins may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Its timeout, in loop time.
    pub timeout: Nanos,
    /// Whether it explores. Whoever tells how it ended has to know.
    pub explores: bool,
}

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct LearnedTimeout {
    options: LearnedTimeoutOptions,
    timeout: Nanos,
    learned: Learned,
    samples: Samples,
    seconds: Seconds,
    /// Whether so many calls time out that some are to find out why.
    explores: bool,
    /// The next second begins.
    evaluate_at: Nanos,
}

impl LearnedTimeout {
    /// One that has learned nothing yet.
    pub fn new(options: LearnedTimeoutOptions, now: Nanos) -> Self {
        LearnedTimeout {
            options,
            timeout: options.max,
            learned: Learned::Nothing,
            samples: Samples::beginning(now),
            seconds: Seconds::default(),
            explores: false,
            evaluate_at: now + SECOND,
        }
    }

    /// Goes on by other options.
    pub fn set_options(&mut self, options: LearnedTimeoutOptions) {
        self.options = options;
        let timeout = if self.learned == Learned::Nothing { options.max } else { self.timeout };
        self.set_timeout(timeout);
    }

    /// What a call may take that begins at `now`. `draw` gives a number from 0 (included) to 1
    /// (excluded); it is asked only while some calls explore.
    ///
    /// If a second has begun, the timeout moves before, by the first of these that applies:
    ///
    /// 1. At least 3 explorers, and more than 1 % of them, took longer than the timeout and
    ///    succeeded: it rises by a quarter, as the service is slow and not gone.
    /// 2. More than 10 % of the calls of the last 10 s failed, or of the last second, or the
    ///    circuit is not closed: it stays.
    /// 3. There are fewer than 100 samples: it stays.
    /// 4. More calls time out than the quantile allows: it rises by a quarter.
    /// 5. Otherwise it goes to `multiplier` times the quantile of the samples: up at once, down
    ///    by 2 % a second; as soon as there are 1,000 samples for the first time, at once.
    #[inline]
    pub fn begin(&mut self, closed: bool, draw: impl FnOnce() -> f64, now: Nanos) -> Allowance {
        if now >= self.evaluate_at {
            self.evaluate(closed, now);
        }
        let explores = self.explores && draw() < EXPLORERS;
        let timeout = if explores { self.options.max } else { self.timeout };
        Allowance { timeout, explores }
    }

    /// A call has succeeded.
    #[inline]
    pub fn on_success(&mut self, sample: &Sample, explores: bool) {
        let second = self.seconds.newest();
        second.calls += 1;
        second.fresh += 1;
        if sample.stalled {
            return;
        }
        self.samples.record(sample.latency);
        if explores {
            second.explorers += 1;
            second.late_explorers += u32::from(sample.latency > self.timeout);
        }
    }

    /// A call has failed otherwise than by its timeout.
    pub fn on_failure(&mut self) {
        let second = self.seconds.newest();
        second.calls += 1;
        second.fresh += 1;
        second.failures += 1;
    }

    /// A call has timed out.
    pub fn on_timeout(&mut self, sample: &Sample, explores: bool) {
        let second = self.seconds.newest();
        second.calls += 1;
        second.failures += 1;
        second.timeouts += 1;
        // One that began before the timeout rose says nothing of the timeout there is.
        if sample.latency >= self.timeout {
            second.fresh += 1;
            second.fresh_timeouts += 1;
        }
        second.explorers += u32::from(explores);
        self.samples.record_timeout();
    }

    /// The timeout of calls that do not explore.
    pub fn timeout(&self) -> Nanos {
        self.timeout
    }

    /// Whether it is more than the greatest there may be, with which it begins.
    pub fn has_learned(&self) -> bool {
        self.learned != Learned::Nothing
    }

    /// Goes on from what another has learned: its timeout, if it had learned one.
    pub fn remember(&mut self, timeout: Nanos) {
        self.learned = Learned::Well;
        self.set_timeout(timeout);
    }

    /// Goes on with another clock.
    pub fn change_clocks(&mut self, shift: &Shift) {
        self.evaluate_at = shift.apply(self.evaluate_at);
        self.samples.slice_ends = shift.apply(self.samples.slice_ends);
    }

    #[cold]
    fn evaluate(&mut self, closed: bool, now: Nanos) {
        let recent = self.seconds.sum();
        let allowed = 1.0 - self.options.quantile;
        self.explores = is_above(recent.timeouts, allowed, recent.calls);
        self.apply_rules(&recent, closed, allowed);
        let passed = (now - self.evaluate_at).get() / SECOND.get() + 1;
        self.seconds.advance(passed);
        self.evaluate_at = self.evaluate_at + Nanos::new(SECOND.get().saturating_mul(passed));
        self.samples.advance(now);
    }

    fn apply_rules(&mut self, recent: &Counts, closed: bool, allowed: f64) {
        // An outage that has just begun is seen in its first second, not in its second.
        let last = *self.seconds.newest();
        let fails = |counts: &Counts| is_above(counts.failures, FAILING, counts.calls);
        let late = recent.late_explorers;
        if late >= FEWEST_LATE && is_above(late, LATE_EXPLORERS, recent.explorers) {
            return self.rise();
        }
        if !closed || fails(recent) || fails(&last) {
            return;
        }
        let samples = self.samples.histogram();
        if samples.count() < FEWEST_SAMPLES {
            return;
        }
        if is_above(recent.fresh_timeouts, allowed, recent.fresh) {
            return self.rise();
        }
        let target = self.target(&samples);
        let many = samples.count() >= MANY_SAMPLES;
        let at_once = target > self.timeout || (many && self.learned != Learned::Well);
        let lowest = Nanos::new((self.timeout.get() as f64 * FALL) as u64);
        self.set_timeout(if at_once { target } else { target.max(lowest) });
        if many {
            self.learned = Learned::Well;
        } else if self.learned == Learned::Nothing {
            self.learned = Learned::Little;
        }
    }

    /// What the samples say.
    fn target(&self, samples: &Histogram) -> Nanos {
        // Those that timed out are longer than all others.
        let all = samples.count() + self.samples.timeouts();
        let rank = if samples.count() < MANY_SAMPLES {
            samples.count()
        } else {
            (self.options.quantile * all as f64).ceil() as u64
        };
        match samples.at_rank(rank) {
            Some(quantile) => Nanos::new((quantile.get() as f64 * self.options.multiplier) as u64),
            None => self.timeout,
        }
    }

    fn rise(&mut self) {
        self.set_timeout(Nanos::new((self.timeout.get() as f64 * RISE) as u64));
        self.seconds.forget_fresh();
    }

    fn set_timeout(&mut self, timeout: Nanos) {
        let LearnedTimeoutOptions { min, max, .. } = self.options;
        self.timeout = timeout.min(max).max(min);
    }
}

/// How much is behind a timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Learned {
    Nothing,
    /// From fewer samples than a quantile takes.
    Little,
    Well,
}

/// Latencies of the calls that succeeded, and how many timed out, of the last minute in slices.
#[derive(Clone, Debug)]
struct Samples {
    slices: [Slice; SLICES],
    newest: usize,
    /// What is in all slices but the newest.
    sums: LatencySums,
    slice_ends: Nanos,
}

#[derive(Clone, Debug, Default)]
struct Slice {
    latencies: Latencies,
    timeouts: u64,
}

impl Samples {
    fn beginning(now: Nanos) -> Self {
        let slices = array::from_fn(|_| Slice::default());
        Samples { slices, newest: 0, sums: LatencySums::default(), slice_ends: now + SLICE }
    }

    #[inline]
    fn record(&mut self, latency: Nanos) {
        self.slices[self.newest].latencies.record(latency);
    }

    fn record_timeout(&mut self) {
        self.slices[self.newest].timeouts += 1;
    }

    fn timeouts(&self) -> u64 {
        self.slices.iter().map(|slice| slice.timeouts).sum()
    }

    fn histogram(&self) -> Histogram {
        let older = (1..SLICES).map(|age| &self.slices[(self.newest + age) % SLICES].latencies);
        self.sums.with(&self.slices[self.newest].latencies, older)
    }

    fn advance(&mut self, now: Nanos) {
        if now < self.slice_ends {
            return;
        }
        let passed = (now - self.slice_ends).get() / SLICE.get() + 1;
        for _ in 0..passed.min(SLICES as u64) {
            self.sums.add(&self.slices[self.newest].latencies);
            self.newest = (self.newest + 1) % SLICES;
            let slice = &mut self.slices[self.newest];
            self.sums.subtract(&slice.latencies);
            slice.latencies.clear();
            slice.timeouts = 0;
        }
        self.slice_ends = self.slice_ends + Nanos::new(SLICE.get().saturating_mul(passed));
    }
}

/// How many calls ended how.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    calls: u32,
    /// Timeouts included.
    failures: u32,
    timeouts: u32,
    /// Calls, and timeouts, since the timeout last rose.
    fresh: u32,
    fresh_timeouts: u32,
    explorers: u32,
    late_explorers: u32,
}

/// The same for each of the last ten seconds.
#[derive(Clone, Debug, Default)]
struct Seconds {
    counts: [Counts; SECONDS],
    newest: usize,
}

impl Seconds {
    #[inline]
    fn newest(&mut self) -> &mut Counts {
        &mut self.counts[self.newest]
    }

    fn advance(&mut self, seconds: u64) {
        for _ in 0..seconds.min(SECONDS as u64) {
            self.newest = (self.newest + 1) % SECONDS;
            self.counts[self.newest] = Counts::default();
        }
    }

    fn sum(&self) -> Counts {
        let sum = |of: fn(&Counts) -> u32| self.counts.iter().map(of).fold(0, u32::saturating_add);
        Counts {
            calls: sum(|counts| counts.calls),
            failures: sum(|counts| counts.failures),
            timeouts: sum(|counts| counts.timeouts),
            fresh: sum(|counts| counts.fresh),
            fresh_timeouts: sum(|counts| counts.fresh_timeouts),
            explorers: sum(|counts| counts.explorers),
            late_explorers: sum(|counts| counts.late_explorers),
        }
    }

    /// The timeout has risen: what was seen under the one before is no reason to rise again.
    fn forget_fresh(&mut self) {
        for counts in &mut self.counts {
            counts.fresh = 0;
            counts.fresh_timeouts = 0;
            counts.explorers = 0;
            counts.late_explorers = 0;
        }
    }
}

/// Whether a part is more than a share of the whole.
fn is_above(part: u32, share: f64, whole: u32) -> bool {
    f64::from(part) > share * f64::from(whole)
}

const SECOND: Nanos = Nanos::from_millis(1_000);
const SECONDS: usize = 10;
const SLICE: Nanos = Nanos::from_millis(10_000);
const SLICES: usize = 6;
/// The share of calls that explore, while any do.
const EXPLORERS: f64 = 0.02;
/// So many explorers, and more than this share of them, are late if a service is slow.
const FEWEST_LATE: u32 = 3;
const LATE_EXPLORERS: f64 = 0.01;
/// Above this share of failures there is nothing to learn.
const FAILING: f64 = 0.1;
/// Fewer samples teach nothing; from so many on, they have a quantile.
const FEWEST_SAMPLES: u64 = 100;
const MANY_SAMPLES: u64 = 1_000;
/// By how much the timeout rises at once, and what is left of it after a second in which it falls.
const RISE: f64 = 1.25;
const FALL: f64 = 0.98;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Now;

    fn ms(millis: u64) -> Nanos {
        Nanos::from_millis(millis)
    }

    /// A timeout under seconds of calls.
    struct Player {
        learned: LearnedTimeout,
        now: Nanos,
        closed: bool,
    }

    impl Player {
        fn new() -> Self {
            let learned = LearnedTimeout::new(LearnedTimeoutOptions::default(), Nanos::ZERO);
            Player { learned, now: Nanos::ZERO, closed: true }
        }

        fn answered(&mut self, calls: u32, latency: u64) -> &mut Self {
            self.settled(calls, latency, false)
        }

        fn settled(&mut self, calls: u32, latency: u64, explores: bool) -> &mut Self {
            let sample = self.sample(latency);
            (0..calls).for_each(|_| self.learned.on_success(&sample, explores));
            self
        }

        fn timed_out(&mut self, calls: u32) -> &mut Self {
            let sample = Sample { latency: self.learned.timeout(), ..self.sample(0) };
            (0..calls).for_each(|_| self.learned.on_timeout(&sample, false));
            self
        }

        fn sample(&self, latency: u64) -> Sample {
            Sample { started: self.now, latency: ms(latency), stalled: false }
        }

        /// A second passes. Returns the timeout after it, in milliseconds.
        fn second(&mut self) -> f64 {
            self.now = self.now + SECOND;
            let allowance = self.learned.begin(self.closed, || 1.0, self.now);
            assert!(!allowance.explores);
            allowance.timeout.as_millis_f64()
        }

        fn seconds(&mut self, count: u32) -> f64 {
            (0..count).fold(0.0, |_, _| self.second())
        }

        /// One that has learned from calls of 20 ms.
        fn that_has_learned() -> Self {
            let mut player = Player::new();
            near(player.answered(2_000, 20).second(), 50.0);
            player.answered(20_000, 100).second();
            near(player.answered(1, 100).second(), 150.0);
            player
        }
    }

    #[track_caller]
    fn near(got: f64, expected: f64) {
        assert!((got - expected).abs() <= expected * 0.07, "{got} for {expected}");
    }

    #[test]
    fn the_greatest_holds_until_something_was_learned() {
        let mut player = Player::new();
        assert_eq!(player.second(), 10_000.0);
        assert_eq!(player.answered(99, 20).second(), 10_000.0);
        assert!(!player.learned.has_learned());
        assert_eq!(player.answered(1, 20).second(), 9_800.0, "down slowly: a quantile of little");
        assert!(player.learned.has_learned());
    }

    #[test]
    fn a_thousand_samples_are_a_quantile_and_taken_at_once() {
        let mut player = Player::new();
        player.answered(1_998, 100).answered(2, 400);
        near(player.second(), 1.5 * 100.0);
        let mut player = Player::new();
        player.answered(1_997, 100).answered(3, 400);
        near(player.second(), 1.5 * 400.0);
    }

    #[test]
    fn below_a_thousand_samples_the_longest_counts() {
        let mut player = Player::new();
        player.learned.remember(ms(100));
        near(player.answered(998, 20).answered(1, 400).second(), 600.0);
    }

    #[test]
    fn it_rises_at_once_and_falls_by_2_percent_a_second() {
        let mut player = Player::that_has_learned();
        near(player.answered(1_000, 300).second(), 450.0);
        let before = player.learned.timeout().as_millis_f64();
        // The longer ones are forgotten after a minute.
        player.seconds(70);
        player.answered(2_000, 20);
        assert!((player.second() - before * 0.98).abs() < 0.001);
        player.answered(1, 20);
        near(player.second(), before * 0.98 * 0.98);
    }

    #[test]
    fn it_stays_within_its_bounds() {
        let mut player = Player::new();
        assert_eq!(player.answered(2_000, 1).second(), 50.0);
        assert_eq!(player.answered(2_000, 60_000).second(), 10_000.0);
    }

    #[test]
    fn timeouts_above_what_the_quantile_allows_raise_it() {
        let mut player = Player::that_has_learned();
        let before = player.learned.timeout().as_millis_f64();
        near(player.answered(400, 20).timed_out(10).second(), before);
        near(player.answered(400, 20).timed_out(20).second(), before * 1.25);
        near(player.answered(1_000, 20).second(), before * 1.25);
    }

    #[test]
    fn a_timeout_raises_it_once() {
        let mut player = Player::that_has_learned();
        let before = player.learned.timeout().as_millis_f64();
        near(player.answered(400, 20).timed_out(30).second(), before * 1.25);
        // These began before it rose.
        let early = Sample { latency: Nanos::from_millis_f64(before), ..player.sample(0) };
        player.answered(400, 20);
        (0..30).for_each(|_| player.learned.on_timeout(&early, false));
        assert!(player.seconds(5) <= before * 1.25);
    }

    #[test]
    fn an_outage_is_not_learned() {
        let mut player = Player::that_has_learned();
        let before = player.learned.timeout().as_millis_f64();
        for _ in 0..60 {
            player.timed_out(400);
            assert_eq!(player.second(), before);
        }
        // Nor is a circuit that is open or half open.
        player.seconds(15);
        player.closed = false;
        player.answered(2_000, 900);
        assert_eq!(player.second(), before);
    }

    #[test]
    fn a_tenth_of_failures_is_no_outage() {
        let mut player = Player::that_has_learned();
        player.seconds(20);
        let fail = |player: &mut Player, calls| {
            (0..calls).for_each(|_| player.learned.on_failure());
        };
        fail(&mut player, 100);
        near(player.answered(900, 300).second(), 450.0);
        player.seconds(20);
        fail(&mut player, 101);
        near(player.answered(899, 900).second(), 450.0);
    }

    #[test]
    fn explorers_that_come_back_late_raise_it_whatever_fails() {
        let mut player = Player::that_has_learned();
        player.seconds(15);
        let before = player.learned.timeout().as_millis_f64();
        player.timed_out(100).settled(2, 900, true);
        assert_eq!(player.second(), before, "two are too few");
        player.settled(1, 900, true);
        near(player.second(), before * 1.25);
        player.settled(297, 20, true).settled(3, 900, true);
        near(player.second(), before * 1.25);
    }

    #[test]
    fn a_share_of_calls_explores_while_too_many_time_out() {
        let mut player = Player::that_has_learned();
        let explores = |player: &mut Player, draw: f64| {
            let now = player.now;
            player.learned.begin(true, || draw, now).explores
        };
        assert!(!explores(&mut player, 0.0));
        player.timed_out(1_000);
        player.now = player.now + SECOND;
        assert!(explores(&mut player, 0.0199));
        assert!(!explores(&mut player, 0.02));
        assert_eq!(player.learned.begin(true, || 0.0, player.now).timeout, ms(10_000));
        player.seconds(12);
        let now = player.now;
        player.learned.begin(true, || unreachable!("nobody is to explore"), now);
    }

    #[test]
    fn a_stalling_loop_teaches_nothing() {
        let mut player = Player::that_has_learned();
        let before = player.learned.timeout();
        for explores in [true, false] {
            let sample = Sample { stalled: true, ..player.sample(5_000) };
            (0..5_000).for_each(|_| player.learned.on_success(&sample, explores));
            player.second();
        }
        assert_eq!(player.learned.timeout(), before);
    }

    #[test]
    fn what_another_has_learned_goes_on() {
        let mut player = Player::new();
        player.learned.remember(ms(777));
        assert_eq!(player.second(), 777.0);
        assert_eq!(player.answered(2_000, 20).second(), 777.0 * 0.98);
        player.learned.remember(ms(1));
        assert_eq!(player.learned.timeout(), ms(50), "within these bounds");
    }

    #[test]
    fn seconds_without_a_call_are_one_step() {
        let mut player = Player::new();
        player.learned.remember(ms(1_000));
        player.answered(2_000, 20);
        player.now = ms(9_500);
        let now = player.now;
        assert_eq!(player.learned.begin(true, || 1.0, now).timeout, ms(980));
        assert_eq!(player.learned.begin(true, || 1.0, ms(9_999)).timeout, ms(980));
        assert!(player.learned.begin(true, || 1.0, ms(10_000)).timeout < ms(980));
    }

    #[test]
    fn under_another_clock_the_second_goes_on() {
        let mut player = Player::new();
        player.learned.remember(ms(1_000));
        player.answered(2_000, 20);
        let clock = |at| Now::unstalled(ms(at));
        player.learned.change_clocks(&Shift { from: clock(400), to: clock(50_000) });
        assert_eq!(player.learned.begin(true, || 1.0, ms(50_599)).timeout, ms(1_000));
        assert_eq!(player.learned.begin(true, || 1.0, ms(50_600)).timeout, ms(980));
    }
}

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
pub use crate::config::LearnedTimeoutOptions;
use crate::metrics::latency::{Histogram, Latencies, LatencySums};
use crate::time::{Nanos, Shift};

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
    explorers: Explorers,
    /// Whether so many calls time out that some are to find out why.
    explores: bool,
    /// When the last explorer began.
    explored_at: Nanos,
    /// Since when the circuit is closed, as far as calls have shown; `None`: it is not.
    closed_since: Option<Nanos>,
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
            explorers: Explorers::default(),
            explores: false,
            explored_at: now,
            closed_since: Some(now),
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
    /// 1. At least 3 explorers of the last 10 s, and more than 1 % of them, succeeded and took
    ///    longer than the timeout that there is: it rises by a quarter, as the service is slow
    ///    and not gone.
    /// 2. The circuit is not closed, or more than 10 % of the calls of the last 10 s failed, or of
    ///    the last second: it stays. Unless explorers, 5 of the last 10 s or more, come back, and
    ///    are lost less than half as often as calls time out: then it is not an outage. What came
    ///    before the timeout last rose does not count, here and in 4.
    /// 3. There are fewer than 100 samples: it stays.
    /// 4. More calls time out than the quantile allows: it rises by a quarter.
    /// 5. Otherwise it goes to `multiplier` times the quantile of the samples: up at once, down
    ///    by 2 % a second; as soon as there are 1,000 samples for the first time, at once.
    #[inline]
    pub fn begin(&mut self, closed: bool, draw: impl FnOnce() -> f64, now: Nanos) -> Allowance {
        self.see(closed, now);
        if now >= self.evaluate_at {
            self.evaluate(closed, now);
        }
        let explores = self.explores && (now - self.explored_at >= SECOND || draw() < EXPLORERS);
        if explores {
            self.explored_at = now;
        }
        let timeout = if explores { self.options.max } else { self.timeout };
        Allowance { timeout, explores }
    }

    /// A call has succeeded. How long it took counts if the circuit is closed, and was when the
    /// call began: one that tries whether an outage is over, or began before it, may have taken as
    /// long as what is left of it.
    #[inline]
    pub fn on_success(&mut self, sample: &Sample, explores: bool, closed: bool, now: Nanos) {
        self.see(closed, now);
        let second = self.seconds.newest();
        second.calls += 1;
        second.fresh += 1;
        if sample.stalled {
            return;
        }
        if self.closed_since.is_some_and(|since| sample.started >= since) {
            self.samples.record(sample.latency);
        }
        if explores {
            self.explorers.add(Some(sample.latency), now);
        }
    }

    /// A call has failed otherwise than by its timeout.
    pub fn on_failure(&mut self) {
        let second = self.seconds.newest();
        second.calls += 1;
        second.fresh += 1;
        second.fresh_failures += 1;
    }

    /// A call has timed out.
    pub fn on_timeout(&mut self, sample: &Sample, explores: bool, now: Nanos) {
        let second = self.seconds.newest();
        second.calls += 1;
        second.timeouts += 1;
        // One that began before the timeout rose says nothing of the timeout there is.
        if sample.latency >= self.timeout {
            second.fresh += 1;
            second.fresh_failures += 1;
            second.fresh_timeouts += 1;
        }
        if explores {
            self.explorers.add(None, now);
        }
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
        self.explored_at = shift.apply(self.explored_at);
        self.closed_since = self.closed_since.map(|at| shift.apply(at));
        self.samples.slice_ends = shift.apply(self.samples.slice_ends);
        self.explorers.change_clocks(shift);
    }

    #[inline]
    fn see(&mut self, closed: bool, now: Nanos) {
        self.closed_since = closed.then(|| self.closed_since.unwrap_or(now));
    }

    #[cold]
    fn evaluate(&mut self, closed: bool, now: Nanos) {
        let recent = self.seconds.sum();
        let allowed = 1.0 - self.options.quantile;
        self.explores = is_above(recent.timeouts, allowed, recent.calls);
        self.apply_rules(&recent, closed, allowed, now);
        let passed = (now - self.evaluate_at).get() / SECOND.get() + 1;
        self.seconds.advance(passed);
        self.evaluate_at = self.evaluate_at + Nanos::new(SECOND.get().saturating_mul(passed));
        self.samples.advance(now);
    }

    fn apply_rules(&mut self, recent: &Counts, closed: bool, allowed: f64, now: Nanos) {
        // An outage that has just begun is to be seen in its first second, whatever came before.
        let last = *self.seconds.newest();
        let fails = |counts: &Counts| is_above(counts.fresh_failures, FAILING, counts.fresh);
        let explorers = self.explorers.seen(self.timeout, now);
        if explorers.are_late() {
            return self.rise();
        }
        let is_outage = (fails(recent) || fails(&last)) && !explorers.come_back(recent);
        if !closed || is_outage {
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
    timeouts: u32,
    /// Calls since the timeout last rose; how many failed; and how many of those timed out.
    fresh: u32,
    fresh_failures: u32,
    fresh_timeouts: u32,
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
            timeouts: sum(|counts| counts.timeouts),
            fresh: sum(|counts| counts.fresh),
            fresh_failures: sum(|counts| counts.fresh_failures),
            fresh_timeouts: sum(|counts| counts.fresh_timeouts),
        }
    }

    /// The timeout has risen: what was seen under the one before is no reason to rise again.
    fn forget_fresh(&mut self) {
        for counts in &mut self.counts {
            counts.fresh = 0;
            counts.fresh_failures = 0;
            counts.fresh_timeouts = 0;
        }
    }
}

/// The last calls that might take as long as they liked.
#[derive(Clone, Copy, Debug)]
struct Explorers {
    last: [Explorer; EXPLORERS_KEPT],
    /// The place of the next.
    next: usize,
}

#[derive(Clone, Copy, Debug)]
struct Explorer {
    /// When it ended; `None`: there was none.
    at: Option<Nanos>,
    /// How long it took; `None`: it did not come back.
    latency: Option<Nanos>,
}

impl Explorers {
    fn add(&mut self, latency: Option<Nanos>, now: Nanos) {
        self.last[self.next] = Explorer { at: Some(now), latency };
        self.next = (self.next + 1) % EXPLORERS_KEPT;
    }

    /// What became of those of the last ten seconds.
    fn seen(&self, timeout: Nanos, now: Nanos) -> ExplorersSeen {
        let recent = |explorer: &&Explorer| {
            explorer.at.is_some_and(|at| now - at <= Nanos::new(SECOND.get() * SECONDS as u64))
        };
        let mut seen = ExplorersSeen::default();
        for explorer in self.last.iter().filter(recent) {
            seen.all += 1;
            seen.lost += u32::from(explorer.latency.is_none());
            seen.late += u32::from(explorer.latency.is_some_and(|latency| latency > timeout));
        }
        seen
    }

    fn change_clocks(&mut self, shift: &Shift) {
        for explorer in &mut self.last {
            explorer.at = explorer.at.map(|at| shift.apply(at));
        }
    }
}

/// What became of some explorers.
#[derive(Clone, Copy, Debug, Default)]
struct ExplorersSeen {
    all: u32,
    /// They have timed out.
    lost: u32,
    /// They came back later than the timeout that there is.
    late: u32,
}

impl ExplorersSeen {
    fn are_late(&self) -> bool {
        self.late >= FEWEST_LATE && is_above(self.late, LATE_EXPLORERS, self.all)
    }

    /// Whether they are lost less than half as often as calls that have less time: these would
    /// come back, too, and the service is not gone.
    fn come_back(&self, calls: &Counts) -> bool {
        let share = f64::from(calls.fresh_timeouts) / f64::from(calls.fresh);
        self.all - self.lost >= FEWEST_BACK && !is_above(self.lost, share / 2.0, self.all)
    }
}

impl Default for Explorers {
    fn default() -> Self {
        Explorers { last: [Explorer { at: None, latency: None }; EXPLORERS_KEPT], next: 0 }
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
/// So many of them are remembered.
const EXPLORERS_KEPT: usize = 512;
/// So many explorers, and more than this share of them, are late if a service is slow.
const FEWEST_LATE: u32 = 3;
const LATE_EXPLORERS: f64 = 0.01;
/// So many have to come back to show that others would.
const FEWEST_BACK: u32 = 5;
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
            (0..calls)
                .for_each(|_| self.learned.on_success(&sample, explores, self.closed, self.now));
            self
        }

        fn timed_out(&mut self, calls: u32) -> &mut Self {
            let sample = Sample { latency: self.learned.timeout(), ..self.sample(0) };
            (0..calls).for_each(|_| self.learned.on_timeout(&sample, false, self.now));
            self
        }

        fn sample(&self, latency: u64) -> Sample {
            Sample { started: self.now, latency: ms(latency), stalled: false }
        }

        /// A second passes. Returns the timeout after it, in milliseconds.
        fn second(&mut self) -> f64 {
            self.now = self.now + SECOND;
            self.learned.begin(self.closed, || 1.0, self.now);
            self.learned.timeout().as_millis_f64()
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
        (0..30).for_each(|_| player.learned.on_timeout(&early, false, player.now));
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
    fn a_circuit_that_is_not_closed_teaches_nothing() {
        let mut player = Player::that_has_learned();
        let before = player.learned.timeout().as_millis_f64();
        player.closed = false;
        player.answered(2_000, 900);
        assert_eq!(player.second(), before);
        player.closed = true;
        assert!(player.second() <= before);
        near(player.answered(2_000, 900).second(), 1_350.0);
    }

    #[test]
    fn a_call_that_began_before_the_circuit_closed_teaches_nothing() {
        let mut player = Player::that_has_learned();
        player.seconds(70);
        let before = player.learned.timeout().as_millis_f64();
        player.closed = false;
        // It tries whether an outage is over, and waits for its end.
        let sample = Sample { latency: ms(3_000), ..player.sample(0) };
        player.second();
        player.closed = true;
        player.learned.on_success(&sample, true, true, player.now);
        assert!(player.answered(100, 20).second() <= before);
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
        // The timeout has passed some of them.
        player.learned.remember(ms(901));
        assert!(player.second() <= 901.0, "they are late no longer");
        player.seconds(11);
        let before = player.learned.timeout().as_millis_f64();
        player.settled(297, 20, true).settled(3, 2_000, true);
        assert!(player.second() <= before, "of 300, three are too few");
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
        assert!(explores(&mut player, 0.0));
        assert!(explores(&mut player, 0.0199));
        assert!(!explores(&mut player, 0.02));
        assert_eq!(player.learned.begin(true, || 0.0, player.now).timeout, ms(10_000));
        player.seconds(12);
        let now = player.now;
        player.learned.begin(true, || unreachable!("nobody is to explore"), now);
    }

    #[test]
    fn of_few_calls_one_a_second_explores() {
        let mut player = Player::that_has_learned();
        player.timed_out(1_000);
        let exploring: Vec<u64> = (1_000..5_000)
            .step_by(100)
            .filter(|&after| {
                let now = player.now + ms(after);
                player.learned.begin(true, || 1.0, now).explores
            })
            .collect();
        assert_eq!(exploring, [1_000, 2_000, 3_000, 4_000]);
    }

    #[test]
    fn explorers_that_come_back_show_that_it_is_no_outage() {
        let play = |back: u32, lost: u32| {
            let mut player = Player::that_has_learned();
            player.seconds(15);
            let before = player.learned.timeout().as_millis_f64();
            player.answered(800, 20).timed_out(200).settled(back, 20, true);
            let sample = Sample { latency: ms(10_000), ..player.sample(0) };
            (0..lost).for_each(|_| player.learned.on_timeout(&sample, true, player.now));
            player.second() / before
        };
        assert_eq!(play(0, 0), 1.0);
        assert_eq!(play(4, 0), 1.0, "too few");
        near(play(5, 0), 1.25);
        near(play(95, 5), 1.25);
        assert_eq!(play(80, 20), 1.0, "lost as often as the others: a part of it is gone");
    }

    #[test]
    fn a_stalling_loop_teaches_nothing() {
        let mut player = Player::that_has_learned();
        let before = player.learned.timeout();
        for explores in [true, false] {
            let sample = Sample { stalled: true, ..player.sample(5_000) };
            (0..5_000).for_each(|_| player.learned.on_success(&sample, explores, true, player.now));
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

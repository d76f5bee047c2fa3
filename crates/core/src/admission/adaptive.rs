//! How many calls may be under way, found out from how long they take.
//!
//! More calls than a service can work on at once wait in its queue: the latency rises and no
//! more is done. The limit falls while latencies are longer than they were in the long run, and
//! grows a little while they are not. What is usual moves slowly, and not at all while latencies
//! are far above it, or a queue that stays would be learned as usual. A service that has become
//! slow of its own looks the same; to tell one from the other the limit is halved for a moment
//! (a drain): a queue drains, honest slowness stays.
//!
//! Used by the breaker where `capacity` is adaptive: told of calls that begin and end, asked for
//! the limit. It refuses nobody itself. A window's end costs a walk over some bins of a
//! histogram, all else a few instructions. Source: the gradient limiter of Netflix's
//! concurrency-limits, with a median in place of the mean, and the drain.

use crate::calls::sample::Sample;
pub use crate::config::AdaptiveOptions;
use crate::metrics::latency::Latencies;
use crate::time::{Nanos, Shift};

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct Adaptive {
    options: AdaptiveOptions,
    limit: f64,
    window: Window,
    usual: Usual,
    drain: Drain,
}

impl Adaptive {
    /// A limit that has learned nothing yet.
    pub fn new(options: AdaptiveOptions, now: Nanos) -> Self {
        let window = Window::beginning(now);
        let limit = f64::from(options.initial);
        Adaptive { options, limit, window, usual: Usual::default(), drain: Drain::default() }
    }

    /// Goes on within other bounds: where another limit is to be the first, from that, unless
    /// something was learned.
    pub fn set_options(&mut self, options: AdaptiveOptions) {
        let begins_anew = self.usual.windows == 0 && options.initial != self.options.initial;
        self.options = options;
        self.set_limit(if begins_anew { f64::from(options.initial) } else { self.limit });
    }

    /// Goes on from what another has learned: its limit, and the latency that was usual.
    pub fn remember(&mut self, limit: u32, usual: Option<Nanos>) {
        self.set_limit(f64::from(limit));
        if let Some(usual) = usual.filter(|usual| *usual > Nanos::ZERO) {
            let mean = usual.get() as f64;
            self.usual = Usual { mean, windows: LONG_RUN, least: mean };
        }
    }

    /// A call has begun, the last of so many under way.
    #[inline]
    pub fn on_begin(&mut self, in_flight: u32) {
        self.window.most = self.window.most.max(in_flight);
    }

    /// A call was refused for want of a place.
    #[inline]
    pub fn on_refusal(&mut self) {
        self.window.binds = true;
    }

    /// A call has succeeded.
    #[inline]
    pub fn on_success(&mut self, sample: &Sample, now: Nanos) {
        if sample.stalled || !self.counts(sample) {
            return;
        }
        self.window.latencies.record(sample.latency);
        self.look(now);
    }

    /// A call has told that there are too many: it has timed out, or the service has said so.
    pub fn on_overload(&mut self, sample: &Sample, now: Nanos) {
        if sample.stalled || !self.counts(sample) {
            return;
        }
        self.window.overloads = self.window.overloads.saturating_add(1);
        self.look(now);
    }

    /// The most calls that may be under way.
    #[inline]
    pub fn limit(&self) -> u32 {
        self.limit as u32
    }

    /// The latency that is usual, by what has been learned.
    pub fn usual_latency(&self) -> Option<Nanos> {
        (self.usual.windows > 0).then(|| self.usual.latency())
    }

    /// Goes on with another clock.
    pub fn change_clocks(&mut self, shift: &Shift) {
        self.window.began = shift.apply(self.window.began);
        self.drain.change_clocks(shift);
    }

    /// Whether an outcome is one of those by which the window is judged.
    #[inline]
    fn counts(&self, sample: &Sample) -> bool {
        match self.drain {
            Drain::Draining { from, .. } => sample.started >= from,
            _ => true,
        }
    }

    #[inline]
    fn look(&mut self, now: Nanos) {
        let enough = match self.drain {
            Drain::Draining { .. } => self.window.outcomes() >= DRAINED,
            // Of what the limit has become since, calls that take longer than a window tell later.
            _ => {
                now - self.window.began >= WINDOW.max(self.usual.latency())
                    && self.window.outcomes() >= FEWEST
            }
        };
        if enough {
            self.end_window(now);
        }
    }

    #[cold]
    fn end_window(&mut self, now: Nanos) {
        let binds = self.window.binds || self.window.most >= self.limit();
        match (self.drain, self.window.latencies.median()) {
            (Drain::Draining { full, before, gap, .. }, median) => {
                self.end_drain(full, before, gap, median, now);
            }
            (_, None) => self.set_limit(self.limit * RETREAT),
            // On the clock of a test calls may take no time at all.
            (_, Some(median)) => self.follow((median.get() as f64).max(1.0), binds, now),
        }
        self.window.begin_anew(now);
    }

    /// A window has ended, and that was its median, in nanoseconds.
    fn follow(&mut self, median: f64, binds: bool, now: Nanos) {
        self.usual.see(median);
        let usual = self.usual.mean;
        if self.window.is_overloaded() {
            self.set_limit(self.limit * RETREAT);
        } else {
            let gradient = (TOLERANCE * usual / median).clamp(0.5, 1.0);
            let next = self.limit * (1.0 - SMOOTHING) + SMOOTHING * (self.limit * gradient + ROOM);
            // No queue is seen, and calls are refused: a cold start, or what follows an outage.
            let hurries = binds && median <= SUSPICIOUS * self.usual.least;
            let next = if hurries { next.max(self.limit * HURRY) } else { next };
            // Calls that use half of the limit do not show that there may be more.
            let grows = f64::from(self.window.most) >= self.limit / 2.0;
            self.set_limit(if grows { next } else { next.min(self.limit) });
        }
        let is_suspicious = binds && median > SUSPICIOUS * usual;
        if let Some((before, gap)) = self.drain.see(is_suspicious.then_some(median), now) {
            let from = now + Nanos::new(before as u64);
            self.drain = Drain::Draining { full: self.limit, before, from, gap };
            self.set_limit(self.limit / 2.0);
        }
    }

    /// The calls that began in an empty queue, if there was one, have ended.
    fn end_drain(&mut self, full: f64, before: f64, gap: Nanos, median: Option<Nanos>, now: Nanos) {
        let latency = median.map(|median| median.get() as f64);
        let (limit, gap) = match latency.filter(|_| !self.window.is_overloaded()) {
            // It is worse than a queue of ours.
            None => (full * RETREAT, gap),
            Some(drained) if drained >= HONEST * before => {
                (self.usual.mean, self.usual.least) = (drained, drained);
                (full, FIRST_GAP)
            }
            Some(drained) => {
                self.usual.mean = drained.min(self.usual.mean * MOST_RISE);
                (full, (gap + gap).min(LAST_GAP))
            }
        };
        self.set_limit(limit);
        self.drain = Drain::Watching { since: now, gap, mean: 0.0, windows: 0 };
    }

    fn set_limit(&mut self, limit: f64) {
        let AdaptiveOptions { min, max, .. } = self.options;
        self.limit = limit.clamp(f64::from(min), f64::from(max.max(min)));
    }
}

/// What has been seen since the limit moved last.
#[derive(Clone, Debug)]
struct Window {
    began: Nanos,
    latencies: Latencies,
    /// Outcomes that say that there are too many calls.
    overloads: u64,
    /// The most calls under way.
    most: u32,
    /// Whether somebody was refused.
    binds: bool,
}

impl Window {
    fn beginning(now: Nanos) -> Self {
        Window { began: now, latencies: Latencies::default(), overloads: 0, most: 0, binds: false }
    }

    fn begin_anew(&mut self, now: Nanos) {
        self.latencies.clear();
        (self.began, self.overloads, self.most, self.binds) = (now, 0, 0, false);
    }

    /// Whether it has too many timeouts for a service that has a few slow calls.
    fn is_overloaded(&self) -> bool {
        self.overloads as f64 > OVERLOADED * self.outcomes() as f64
    }

    fn outcomes(&self) -> u64 {
        self.latencies.count() + self.overloads
    }
}

/// The latency in the long run: a mean of medians, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Usual {
    mean: f64,
    windows: u32,
    /// The least median since it was learned to be another.
    least: f64,
}

impl Usual {
    fn latency(&self) -> Nanos {
        Nanos::new(self.mean as u64)
    }

    /// Takes in a window, unless its latency is so far above that it may be a queue's.
    fn see(&mut self, median: f64) {
        self.least = if self.windows == 0 { median } else { self.least.min(median) };
        if self.windows > 0 && median > TOLERANCE * self.mean {
            return;
        }
        // The first windows weigh as much as one another.
        self.windows = (self.windows + 1).min(LONG_RUN);
        self.mean += (median - self.mean) / f64::from(self.windows);
    }
}

/// The question whether latencies are long because calls wait.
#[derive(Clone, Copy, Debug)]
enum Drain {
    /// There is nothing to ask.
    Calm { gap: Nanos },
    /// Latencies are long and the limit binds, since then and in so many windows, with that mean
    /// of medians.
    Watching { since: Nanos, gap: Nanos, mean: f64, windows: u32 },
    /// The limit is half of `full`; calls that began at `from` or later find no queue of ours.
    Draining { full: f64, before: f64, from: Nanos, gap: Nanos },
}

impl Default for Drain {
    fn default() -> Self {
        Drain::Calm { gap: FIRST_GAP }
    }
}

impl Drain {
    /// A window has ended; its median, if that is suspicious. Returns what the latency was since
    /// it is, and the gap that has passed, if a drain is due.
    fn see(&mut self, suspicious: Option<f64>, now: Nanos) -> Option<(f64, Nanos)> {
        let Some(median) = suspicious else {
            *self = Drain::default();
            return None;
        };
        match self {
            Drain::Calm { gap } => {
                *self = Drain::Watching { since: now, gap: *gap, mean: median, windows: 1 };
                None
            }
            Drain::Watching { since, gap, mean, windows } => {
                *windows = windows.saturating_add(1);
                *mean += (median - *mean) / f64::from(*windows);
                (now - *since >= *gap).then_some((*mean, *gap))
            }
            Drain::Draining { .. } => None,
        }
    }

    fn change_clocks(&mut self, shift: &Shift) {
        match self {
            Drain::Calm { .. } => {}
            Drain::Watching { since: at, .. } | Drain::Draining { from: at, .. } => {
                *at = shift.apply(*at);
            }
        }
    }
}

/// For how long a window lasts at least, and how many outcomes it has at least.
const WINDOW: Nanos = Nanos::from_millis(250);
const FEWEST: u64 = 10;
/// How many times the usual latency is no reason to retreat, nor too long to become usual.
const TOLERANCE: f64 = 1.5;
/// The weight of a window's finding in the limit.
const SMOOTHING: f64 = 0.2;
/// So many calls more than the gradient says: a queue that is short keeps the service busy.
const ROOM: f64 = 4.0;
/// How fast the limit grows while calls are refused and no queue is seen.
const HURRY: f64 = 1.2;
/// Above this share of timeouts a window is one of an overload.
const OVERLOADED: f64 = 0.1;
/// What is left of the limit after such a window.
const RETREAT: f64 = 0.9;
/// The mean in the long run is over so many windows: a minute, if calls are many.
const LONG_RUN: u32 = 240;
/// Above so many times the usual latency calls may be waiting.
const SUSPICIOUS: f64 = 1.2;
/// How long suspicion lasts before it is looked into: at first, and where a queue was found
/// again and again.
const FIRST_GAP: Nanos = Nanos::from_millis(5_000);
const LAST_GAP: Nanos = Nanos::from_millis(30_000);
/// How many outcomes end a drain.
const DRAINED: u64 = 20;
/// The share of the latency that is left if it is not a queue's.
const HONEST: f64 = 0.7;
/// How much a drain that found a queue lets the usual latency rise.
const MOST_RISE: f64 = 1.1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Now;

    fn ms(millis: u64) -> Nanos {
        Nanos::from_millis(millis)
    }

    /// A limit under windows of calls that are all alike.
    struct Player {
        adaptive: Adaptive,
        now: Nanos,
    }

    impl Player {
        fn new(options: AdaptiveOptions) -> Self {
            Player { adaptive: Adaptive::new(options, Nanos::ZERO), now: Nanos::ZERO }
        }

        fn sample(&self, latency: u64) -> Sample {
            let latency = ms(latency);
            Sample { started: self.now - latency, latency, stalled: false }
        }

        /// A window of calls, with so many under way.
        fn window(&mut self, latency: u64, in_flight: u32) -> u32 {
            self.now = self.now + WINDOW;
            self.adaptive.on_begin(in_flight);
            for _ in 0..FEWEST {
                self.adaptive.on_success(&self.sample(latency), self.now);
            }
            self.adaptive.limit()
        }

        fn windows(&mut self, count: usize, latency: u64, in_flight: u32) -> u32 {
            (0..count).fold(0, |_, _| self.window(latency, in_flight))
        }

        /// With as many under way as may be, until a drain begins.
        fn until_drained(&mut self, latency: u64) -> u32 {
            for _ in 0..1_000 {
                let before = self.adaptive.limit();
                if self.window(latency, before) < before / 2 + 5 && self.drains() {
                    return before;
                }
            }
            panic!("no drain");
        }

        fn drains(&self) -> bool {
            matches!(self.adaptive.drain, Drain::Draining { .. })
        }

        fn drained(&mut self, latency: u64) {
            self.now = self.now + ms(10_000);
            for _ in 0..DRAINED {
                self.adaptive.on_success(&self.sample(latency), self.now);
            }
        }

        fn usual(&self) -> u64 {
            self.adaptive.usual_latency().unwrap().as_millis()
        }
    }

    #[test]
    fn calls_that_take_no_time_are_no_reason_to_refuse_any() {
        let mut player = Player::new(AdaptiveOptions::default());
        let limit = player.windows(20, 0, 20);
        assert!(limit >= 20, "{limit}");
        assert!(player.windows(100, 0, limit) > limit, "it grows as it is needed");
    }

    #[test]
    fn it_grows_by_a_fifth_of_four_while_latencies_are_usual() {
        let mut player = Player::new(AdaptiveOptions::default());
        assert_eq!(player.windows(5, 20, 19), 24);
        assert_eq!(player.windows(2_000, 20, 900), 1000, "the greatest");
    }

    #[test]
    fn it_grows_by_a_fifth_of_itself_while_it_binds_and_no_queue_is_seen() {
        let mut player = Player::new(AdaptiveOptions::default());
        assert_eq!(player.window(20, 20), 24);
        player.adaptive.on_refusal();
        assert_eq!(player.window(23, 12), 28, "somebody was refused");
        assert_eq!(player.window(25, 28), 29, "there may be a queue");
    }

    #[test]
    fn what_is_usual_by_and_by_does_not_hurry_it() {
        let mut player = Player::new(AdaptiveOptions::default());
        player.windows(10, 20, 2);
        player.windows(1_000, 29, 2);
        assert_eq!(player.usual(), 28);
        assert_eq!(player.window(29, 20), 20, "the least was 20 ms");
    }

    #[test]
    fn it_does_not_grow_while_less_than_half_of_it_is_used() {
        let mut player = Player::new(AdaptiveOptions::default());
        assert_eq!(player.windows(100, 20, 9), 20);
        assert_eq!(player.windows(100, 20, 12), 24, "until 12 are less than half");
    }

    #[test]
    fn it_falls_while_latencies_are_long_and_not_below_the_least() {
        let mut player = Player::new(AdaptiveOptions { min: 3, ..AdaptiveOptions::default() });
        player.windows(10, 20, 2);
        assert!(player.window(29, 2) == 20, "within one and a half");
        assert!(player.window(45, 2) < 20);
        player.windows(100, 500, 2);
        assert!((3..=8).contains(&player.adaptive.limit()), "{}", player.adaptive.limit());
        let mut player = Player::new(AdaptiveOptions { min: 30, ..AdaptiveOptions::default() });
        player.windows(10, 20, 2);
        assert_eq!(player.windows(100, 500, 2), 30);
    }

    #[test]
    fn a_window_with_timeouts_takes_a_tenth_if_they_are_more_than_a_tenth() {
        let mut player = Player::new(AdaptiveOptions::default());
        player.windows(4, 20, 2);
        player.adaptive.on_overload(&player.sample(500), player.now);
        assert_eq!(player.window(20, 2), 20, "there may be a few slow calls");
        player.adaptive.on_overload(&player.sample(500), player.now);
        player.adaptive.on_overload(&player.sample(500), player.now);
        assert_eq!(player.window(20, 20), 18);
    }

    #[test]
    fn a_window_of_nothing_but_timeouts_takes_a_tenth() {
        let mut player = Player::new(AdaptiveOptions::default());
        player.now = ms(300);
        (0..FEWEST).for_each(|_| player.adaptive.on_overload(&player.sample(200), player.now));
        assert_eq!(player.adaptive.limit(), 18);
        assert_eq!(player.adaptive.usual_latency(), None);
    }

    #[test]
    fn samples_that_overlap_a_stall_teach_nothing() {
        let mut player = Player::new(AdaptiveOptions::default());
        player.windows(4, 20, 2);
        for _ in 0..1_000 {
            player.now = player.now + ms(100);
            let sample = Sample { stalled: true, ..player.sample(900) };
            player.adaptive.on_success(&sample, player.now);
            player.adaptive.on_overload(&sample, player.now);
        }
        assert_eq!(player.adaptive.limit(), 20);
        assert_eq!(player.usual(), 20);
    }

    #[test]
    fn a_window_lasts_until_it_has_ten_outcomes() {
        let mut player = Player::new(AdaptiveOptions::default());
        player.now = ms(10_000);
        player.adaptive.on_begin(20);
        (0..9).for_each(|_| player.adaptive.on_success(&player.sample(20), player.now));
        assert_eq!(player.adaptive.usual_latency(), None);
        player.adaptive.on_success(&player.sample(20), player.now);
        assert_eq!(player.usual(), 20);
    }

    #[test]
    fn a_window_of_long_calls_lasts_as_long_as_they_do() {
        let mut player = Player::new(AdaptiveOptions::default());
        assert_eq!(player.window(2_000, 20), 24);
        // Those that began under the new limit have not ended yet.
        assert_eq!(player.windows(7, 2_000, 24), 24);
        assert_eq!(player.window(2_000, 24), 28);
    }

    #[test]
    fn what_is_usual_stands_still_while_latencies_are_far_above_it() {
        let mut player = Player::new(AdaptiveOptions::default());
        player.windows(40, 20, 2);
        player.windows(1_000, 31, 2);
        assert_eq!(player.usual(), 20);
        player.windows(1_000, 29, 2);
        assert_eq!(player.usual(), 28, "nearly there, of what is not far above");
    }

    #[test]
    fn a_drain_halves_the_limit_and_gives_it_back() {
        let mut player = Player::new(AdaptiveOptions::default());
        player.windows(240, 20, 20);
        player.until_drained(60);
        let Drain::Draining { full, .. } = player.adaptive.drain else { panic!("no drain") };
        assert_eq!(player.adaptive.limit(), (full / 2.0) as u32);
        player.drained(20);
        assert_eq!(player.adaptive.limit(), full as u32);
    }

    #[test]
    fn latency_that_stays_in_a_drain_is_the_service_own() {
        let mut player = Player::new(AdaptiveOptions::default());
        player.windows(240, 20, 20);
        player.until_drained(100);
        player.drained(71);
        assert_eq!(player.usual(), 71);
    }

    #[test]
    fn latency_that_goes_in_a_drain_was_a_queue_and_lets_the_usual_rise_a_little() {
        let mut player = Player::new(AdaptiveOptions::default());
        player.windows(240, 20, 20);
        player.until_drained(100);
        player.drained(68);
        assert_eq!(player.usual(), 22, "by a tenth at most");
        player.until_drained(100);
        player.drained(15);
        assert_eq!(player.usual(), 15, "down at once");
    }

    #[test]
    fn a_queue_that_is_found_again_is_looked_for_less_often() {
        let mut player = Player::new(AdaptiveOptions::default());
        player.windows(240, 20, 20);
        let mut gaps = Vec::new();
        for _ in 0..5 {
            let from = player.now;
            player.until_drained(60);
            gaps.push((player.now - from).as_millis().div_ceil(1000));
            player.drained(20);
        }
        // After the first it is watched from the drain on.
        assert_eq!(gaps, [6, 10, 20, 30, 30]);
        player.window(20, 20);
        let from = player.now;
        player.until_drained(60);
        assert_eq!((player.now - from).as_millis().div_ceil(1000), 6, "calm has begun anew");
    }

    #[test]
    fn calls_that_began_before_a_drain_say_nothing_in_it() {
        let mut player = Player::new(AdaptiveOptions::default());
        player.windows(240, 20, 20);
        player.until_drained(60);
        let began = player.now;
        // As old as the drain, or not older than the old median.
        player.now = began + ms(1_000);
        for started in [ms(0), began, began + ms(50)] {
            let sample = Sample { started, latency: ms(400), stalled: false };
            (0..20).for_each(|_| player.adaptive.on_success(&sample, player.now));
            (0..20).for_each(|_| player.adaptive.on_overload(&sample, player.now));
        }
        assert!(player.drains());
        let sample = Sample { started: began + ms(70), latency: ms(20), stalled: false };
        (0..DRAINED).for_each(|_| player.adaptive.on_success(&sample, player.now));
        assert!(!player.drains());
        assert_eq!(player.usual(), 20);
    }

    #[test]
    fn a_drain_in_which_calls_time_out_learns_nothing() {
        let mut player = Player::new(AdaptiveOptions::default());
        player.windows(240, 20, 20);
        player.until_drained(60);
        let Drain::Draining { full, .. } = player.adaptive.drain else { panic!("no drain") };
        player.now = player.now + ms(10_000);
        (3..DRAINED).for_each(|_| player.adaptive.on_success(&player.sample(60), player.now));
        (0..3).for_each(|_| player.adaptive.on_overload(&player.sample(60), player.now));
        assert_eq!(player.adaptive.limit(), (full * RETREAT) as u32);
        assert_eq!(player.usual(), 20);
    }

    #[test]
    fn a_limit_that_does_not_bind_is_not_drained() {
        let mut player = Player::new(AdaptiveOptions::default());
        player.windows(240, 20, 20);
        player.windows(1_000, 60, 1);
        assert!(!player.drains());
    }

    #[test]
    fn other_bounds_hold_at_once() {
        let mut player = Player::new(AdaptiveOptions::default());
        player.window(20, 20);
        player.adaptive.set_options(AdaptiveOptions { min: 1, max: 7, initial: 5 });
        assert_eq!(player.adaptive.limit(), 7);
        player.adaptive.set_options(AdaptiveOptions { min: 9, max: 70, initial: 9 });
        assert_eq!(player.adaptive.limit(), 9);
    }

    #[test]
    fn under_another_clock_windows_and_drains_go_on() {
        let mut player = Player::new(AdaptiveOptions::default());
        player.windows(240, 20, 20);
        player.until_drained(60);
        let clock = |at| Now::unstalled(at);
        player.adaptive.change_clocks(&Shift { from: clock(player.now), to: clock(ms(1_000_000)) });
        player.now = ms(1_000_100);
        player.drained(20);
        assert!(!player.drains());
        let limit = player.adaptive.limit();
        player.windows(20, 20, limit);
        assert!(player.adaptive.limit() > limit);
    }
}

//! When an open circuit is tried again, by how many probes, and for how long those keep others
//! out. Asked by the breaker as the circuit opens and closes, and as a probe begins.
//!
//! Waits grow as those of Finagle's failure accrual; that chance only shortens them keeps
//! `retry_after` true.

use super::patience::Patience;
use super::probes::Probes;
use crate::calls::call_time::CallTime;
use crate::calls::expiry::Observation;
use crate::config::{Backoff, Config, HalfOpenConfig, LiveOptions};
use crate::time::{Nanos, Now, Shift};

/// See the [module](self).
#[derive(Clone, Debug)]
pub(crate) struct Recovery {
    backoff: Backoff,
    half_open: HalfOpenConfig,
    ramp_up: Option<Nanos>,
    /// With the probes that are under way.
    patience: Option<Patience>,
    memory: Memory,
}

/// What [`Recovery`] knows that no option says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    /// How often the circuit has opened without staying closed in between.
    attempt: u32,
    /// For how long it was to stay open the last time; zero: it never was.
    wait: Nanos,
    opened_at: Nanos,
    closed_at: Nanos,
    /// Whether not all calls pass since then.
    is_ramping: bool,
}

impl Recovery {
    /// By those options.
    pub(crate) fn new(config: &Config) -> Self {
        Recovery {
            backoff: config.live.reset_timeout,
            half_open: config.half_open,
            ramp_up: config.ramp_up,
            patience: None,
            memory: Memory::default(),
        }
    }

    /// By those options from now on; a wait that has begun takes as long as it was to, and probes
    /// that try are as many.
    pub(crate) fn update(&mut self, config: &Config) {
        self.set_live_options(&config.live);
        self.half_open = config.half_open;
        self.ramp_up = config.ramp_up;
        self.memory.is_ramping &= self.ramp_up.is_some();
    }

    /// Decides by other options from now on; a wait that has begun takes as long as it was to.
    pub(crate) fn set_live_options(&mut self, live: &LiveOptions) {
        self.backoff = live.reset_timeout;
    }

    /// The circuit opens at `now`: until when it refuses calls. `draw` is what chance says, if it
    /// [has to](Recovery::draws).
    pub(crate) fn on_open(&mut self, was_closed: bool, draw: f64, now: Nanos) -> Nanos {
        let Memory { attempt, wait, closed_at, .. } = self.memory;
        let has_recovered = was_closed && now - closed_at > wait;
        self.memory.attempt = if has_recovered { 1 } else { attempt.saturating_add(1) };
        self.memory.wait = wait_of(&self.backoff, self.memory.attempt, draw);
        self.memory.opened_at = now;
        self.memory.is_ramping = false;
        now + self.memory.wait
    }

    /// The circuit closes at `now`.
    pub(crate) fn on_close(&mut self, now: Nanos) {
        self.memory.closed_at = now;
        self.memory.is_ramping = self.ramp_up.is_some();
    }

    /// Whether the circuit has closed and not all calls pass yet; until the
    /// [end](Recovery::end_ramp) has been said.
    pub(crate) fn is_ramping(&self) -> bool {
        self.memory.is_ramping
    }

    /// The share of calls that pass at `now`; `None`: all do.
    pub(crate) fn ramp_share(&self, now: Nanos) -> Option<f64> {
        let length = self.ramp_up.filter(|_| self.memory.is_ramping)?;
        let passed = now - self.memory.closed_at;
        (passed < length).then(|| {
            FIRST_SHARE + (1.0 - FIRST_SHARE) * (passed.get() as f64 / length.get() as f64)
        })
    }

    /// All calls pass from now on.
    pub(crate) fn end_ramp(&mut self) {
        self.memory.is_ramping = false;
    }

    /// A probe begins at `now`: when to look for it, if it is not waited for as long as it takes.
    pub(crate) fn on_probe(&mut self, now: Now) -> Option<Nanos> {
        self.patience = self.half_open.timeout.map(|timeout| Patience::new(timeout, now));
        self.patience.as_ref().map(Patience::ends_at)
    }

    /// When to look again for the probes that are under way; `None`: they have been waited for.
    pub(crate) fn next_look(
        &mut self,
        time: &CallTime<'_>,
        look: Option<&Observation>,
        now: Now,
    ) -> Option<Nanos> {
        self.patience.as_mut().and_then(|patience| patience.next_look(time, look, now))
    }

    /// Whether the host probes, in place of calls.
    pub(crate) fn is_probed_by_host(&self) -> bool {
        self.half_open.by_host
    }

    /// Whether chance has a say in how long it waits.
    pub(crate) fn draws(&self) -> bool {
        self.backoff.jitter > 0.0
    }

    /// Waits for so long from now on. Until when, if it has opened.
    pub(crate) fn set_wait(&mut self, wait: Nanos) -> Nanos {
        self.backoff = wait.into();
        self.memory.wait = wait_of(&self.backoff, self.memory.attempt, 0.0);
        self.memory.opened_at + self.memory.wait
    }

    /// For how long the circuit waits, or has waited last.
    pub(crate) fn wait(&self) -> Nanos {
        // Always as long: as it is now.
        if self.backoff.factor == 1.0 && !self.draws() || self.memory.wait == Nanos::ZERO {
            wait_of(&self.backoff, 1, 0.0)
        } else {
            self.memory.wait
        }
    }

    /// Goes on from waits that another breaker has had, of which the last was that long.
    pub(crate) fn resume(&mut self, attempt: u32, wait: Nanos, now: Nanos) {
        let opened_at = now;
        self.memory =
            Memory { attempt, wait: wait.max(SHORTEST_RESET), opened_at, ..Memory::default() };
    }

    /// How often it has opened without having recovered.
    pub(crate) fn attempt(&self) -> u32 {
        self.memory.attempt
    }

    /// The probes by which a half-open circuit is tried.
    pub(crate) fn probes(&self) -> Probes {
        Probes::new(&self.half_open)
    }

    /// Until when probes keep others out, of which the last begins at `now`, unless one ends
    /// before. `all_end`: each of them has a deadline.
    pub(crate) fn probe_until(&self, all_end: bool, now: Nanos) -> Nanos {
        if all_end || self.half_open.timeout.is_some() {
            Nanos::MAX
        } else {
            // Nothing else ends a probe that hangs.
            now + self.wait()
        }
    }

    /// What it has learned, for another breaker.
    pub(crate) fn memory(&self) -> Memory {
        self.memory.clone()
    }

    /// Goes on from what another breaker has learned.
    pub(crate) fn remember(&mut self, memory: Memory) {
        self.memory = memory;
    }

    /// Goes on with another clock; `time` is that of calls on the one that is left.
    pub(crate) fn change_clocks(&mut self, shift: &Shift, time: &CallTime<'_>) {
        if let Some(patience) = &mut self.patience {
            patience.change_clocks(time, shift.from, shift.to);
        }
        for at in [&mut self.memory.opened_at, &mut self.memory.closed_at] {
            *at = shift.apply(*at);
        }
    }
}

/// The k-th wait.
fn wait_of(backoff: &Backoff, attempt: u32, draw: f64) -> Nanos {
    let Backoff { initial, max, factor, jitter } = *backoff;
    let initial = initial.max(SHORTEST_RESET);
    let grown = if factor == 1.0 {
        initial
    } else {
        let grown = initial.get() as f64 * factor.powf(f64::from(attempt.saturating_sub(1)));
        // As floats cannot tell whether it was never.
        if initial.is_never() {
            initial
        } else {
            Nanos::new(grown as u64)
        }
    };
    let wait = grown.min(max.max(SHORTEST_RESET));
    if jitter == 0.0 || wait.is_never() {
        return wait;
    }
    Nanos::new((wait.get() as f64 * (1.0 - jitter * draw)) as u64).max(SHORTEST_RESET)
}

/// A timer of JavaScript's takes no less, and a circuit that is open for no time at all would
/// be half open before anybody could see it open.
const SHORTEST_RESET: Nanos = Nanos::from_millis(1);

/// As little as Envoy's slow start lets pass at first.
const FIRST_SHARE: f64 = 0.1;

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Nanos {
        Nanos::from_millis(millis)
    }

    fn growing(initial: u64, max: u64, factor: f64, jitter: f64) -> Recovery {
        let mut config = Config::default();
        config.live.reset_timeout = Backoff { initial: ms(initial), max: ms(max), factor, jitter };
        Recovery::new(&config)
    }

    /// How long the circuit waits each time, when it opens again at once.
    fn waits<const N: usize>(mut recovery: Recovery, draw: f64) -> [u64; N] {
        let mut now = ms(0);
        [(); N].map(|()| {
            let retry_at = recovery.on_open(now == ms(0), draw, now);
            let wait = retry_at - now;
            now = retry_at;
            wait.as_millis()
        })
    }

    #[test]
    fn waits_grow_by_the_factor_up_to_the_greatest() {
        assert_eq!(waits(growing(100, 1000, 2.0, 0.0), 0.9), [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(waits(growing(100, 100_000, 1.5, 0.0), 0.9), [100, 150, 225, 337]);
        assert_eq!(waits(growing(100, 1000, 1.0, 0.0), 0.9), [100; 3]);
    }

    #[test]
    fn jitter_only_shortens() {
        assert_eq!(waits(growing(100, 1000, 2.0, 0.5), 0.0), [100, 200, 400, 800, 1000]);
        assert_eq!(waits(growing(100, 1000, 2.0, 0.5), 0.5), [75, 150, 300, 600, 750]);
        assert_eq!(waits(growing(100, 1000, 2.0, 1.0), 0.999_999), [1; 3], "never to nothing");
    }

    #[test]
    fn however_often_it_opens_a_wait_is_no_longer_than_the_greatest() {
        let mut recovery = growing(1, 500, 10.0, 0.0);
        recovery.memory.attempt = u32::MAX - 1;
        for _ in 0..3 {
            assert_eq!(recovery.on_open(false, 0.0, ms(7)), ms(507));
        }
        let mut endless = growing(1, 0, 10.0, 0.0);
        endless.backoff.max = Nanos::MAX;
        endless.memory.attempt = 400;
        assert!(endless.on_open(false, 0.0, ms(7)).is_never());
    }

    #[test]
    fn one_that_waits_for_ever_does_so_whatever_chance_says() {
        let mut recovery = growing(1, 1, 2.0, 0.5);
        recovery.backoff.initial = Nanos::MAX;
        recovery.backoff.max = Nanos::MAX;
        assert!(recovery.on_open(true, 0.7, ms(3)).is_never());
    }

    #[test]
    fn the_row_starts_over_once_it_was_closed_for_longer_than_the_last_wait() {
        let mut recovery = growing(100, 1000, 2.0, 0.0);
        recovery.on_open(true, 0.0, ms(0));
        recovery.on_open(false, 0.0, ms(100));
        assert_eq!(recovery.attempt(), 2, "and the wait was 200");
        recovery.on_close(ms(300));
        recovery.on_open(true, 0.0, ms(500));
        assert_eq!(recovery.attempt(), 3, "closed for just as long");
        recovery.on_close(ms(900));
        assert_eq!(recovery.on_open(true, 0.0, ms(1_301)), ms(1_401));
        assert_eq!(recovery.attempt(), 1, "closed for longer than 400");
    }

    #[test]
    fn a_wait_that_is_told_holds_from_then_on_and_for_the_one_under_way() {
        let mut recovery = growing(100, 100, 1.0, 0.0);
        recovery.on_open(true, 0.0, ms(1_000));
        assert_eq!(recovery.set_wait(ms(250)), ms(1_250));
        assert_eq!(recovery.wait(), ms(250));
        assert_eq!(recovery.on_open(false, 0.0, ms(2_000)), ms(2_250));
        assert_eq!(recovery.set_wait(ms(0)), ms(2_001), "no less than a millisecond");
    }

    #[test]
    fn a_probe_without_a_timeout_hangs_for_as_long_as_the_circuit_was_open() {
        let mut recovery = growing(100, 1000, 2.0, 0.0);
        assert_eq!(recovery.probe_until(false, ms(5)), ms(105), "restored: the first");
        recovery.on_open(true, 0.0, ms(0));
        recovery.on_open(false, 0.0, ms(100));
        assert_eq!(recovery.probe_until(false, ms(300)), ms(500));
        assert_eq!(recovery.probe_until(true, ms(300)), Nanos::MAX);
    }
}

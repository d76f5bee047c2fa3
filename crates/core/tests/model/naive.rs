//! The model: every call, every count and every latency in a list, every question answered
//! by going through the list. Time is in milliseconds.

use std::num::NonZeroU32;

use didelphis_core::breaker::{Event, Reason};
use didelphis_core::config::{
    Backoff, Config, HalfOpenConfig, LiveOptions, RateOf, Rotation, TimeoutClock, WindowConfig,
};
use didelphis_core::expiry::LoopSample;
use didelphis_core::mode::Mode;
use didelphis_core::stall_log::StallLog;
use didelphis_core::state::State;
use didelphis_core::time::{Nanos, Now};
use didelphis_core::window::Counter;

use super::late::PendingExpiry;
use super::steps::{Judging, Restored, Shape};
use super::window::{Fact, NaiveWindow, INTERVAL};

pub fn ms(millis: u64) -> Nanos {
    Nanos::from_millis(millis)
}

/// When every program begins.
const START: u64 = 1_000;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Phase {
    Pending,
    Expired,
    Notified,
    Locked,
    Failed,
    Gone,
}

#[derive(Clone, Debug)]
pub struct ModelCall {
    pub permit: u32,
    pub started: u64,
    pub timeout: Option<u64>,
    /// How many stalls there were before it.
    pub stalls: usize,
    /// For how long its time stood still on clocks that it has left.
    pub before: u64,
    /// `None`: it was to be a probe, and found no place.
    pub generation: Option<u32>,
    pub phase: Phase,
    /// Once it is late: for how long its time had stood still.
    pub stalled: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    Success,
    Failure,
    /// For want of a place.
    Refusal,
    Close,
}

#[derive(Debug)]
struct Opening {
    wait: Option<u64>,
    attempt: u32,
    closed: Option<u64>,
}

#[derive(Debug)]
pub struct Model {
    pub shape: Shape,
    pub monotonic: u64,
    /// Before that, no clock goes back.
    pub floor: u64,
    /// When each stall ended, and how long it was.
    pub stalls: Vec<(u64, u64)>,
    /// What the loop has done.
    pub turns: u64,
    pub idle: u64,
    pub pending: Vec<PendingExpiry>,
    pub window: NaiveWindow,
    pub calls: Vec<ModelCall>,
    pub state: State,
    pub generation: u32,
    /// Its own mode, and those that go before.
    pub own: Mode,
    pub forced: bool,
    pub bypassed: bool,
    /// It was told that the circuit would open.
    pub told: bool,
    /// How many places were taken by hand and not given back.
    pub taken: i64,
    /// When the circuit opened, for how long it was to wait, and when it closed again.
    openings: Vec<Opening>,
    /// Of the half-open circuit: how many probes may still begin, and which have failed of those
    /// that have settled.
    pub left: u32,
    /// Whether one has begun that has no timeout.
    pub untimed: bool,
    pub failed: Vec<bool>,
    /// How calls of the generation they were admitted in ended, and closings, each with the
    /// bucket in which that was.
    pub ends: Vec<(u64, End)>,
    /// Why it opened last, when, and how many calls of how many spoke for it.
    pub tripped: Option<(Reason, u64, (i64, i64))>,
    warm_until: u64,
    made_at: u64,
    snapshot_at: Option<u64>,
    pub events: Vec<Event>,
    /// The order in which calls turned out to be late.
    pub late: Vec<usize>,
}

impl Model {
    pub fn new(shape: Shape) -> Self {
        let mut model = Model {
            monotonic: START,
            floor: START,
            stalls: Vec::new(),
            turns: 0,
            idle: 0,
            pending: Vec::new(),
            window: NaiveWindow::new(
                shape.buckets,
                (!shape.rotates_by_hand).then_some(START + INTERVAL),
            ),
            calls: Vec::new(),
            state: State::Closed,
            generation: 0,
            own: Mode::by_switch(shape.enabled),
            forced: false,
            bypassed: false,
            told: false,
            taken: 0,
            ends: Vec::new(),
            openings: Vec::new(),
            left: shape.probes.0,
            untimed: false,
            failed: Vec::new(),
            tripped: None,
            warm_until: START + shape.warm_up.unwrap_or(0),
            made_at: START,
            snapshot_at: None,
            events: Vec::new(),
            late: Vec::new(),
            shape,
        };
        match model.shape.restored {
            Restored::No => {}
            Restored::Open(left) => {
                model.state = State::Open { retry_at: ms(START + left) };
                model.window.note(Fact::Circuit(true));
            }
            Restored::HalfOpen => model.state = State::HalfOpen { probing_until: None },
        }
        model
    }

    /// What the breaker is made with that does the same.
    pub fn config(&self) -> Config {
        let Shape { buckets, rotates_by_hand, capacity, volume, warm_up, by_wall, .. } = self.shape;
        let (calls, threshold_percentage) = self.shape.probes;
        let judging = &self.shape.judging;
        let rotation = if rotates_by_hand { Rotation::ByHand } else { Rotation::ByClock };
        let span = ms(INTERVAL * u64::from(buckets));
        let window = WindowConfig::new(span, buckets, rotation, true);
        Config {
            live: self.live(),
            window: window.expect("a sound window"),
            volume_threshold: volume,
            capacity,
            warm_up: warm_up.map(ms),
            enabled: self.shape.enabled,
            timeout_clock: if by_wall { TimeoutClock::Wall } else { TimeoutClock::Loop },
            half_open: HalfOpenConfig {
                calls: NonZeroU32::new(calls).expect("some"),
                threshold_percentage,
                ..HalfOpenConfig::default()
            },
            rate_of: if judging.by_outcomes { RateOf::Outcomes } else { RateOf::Fires },
            last_calls: judging.last_calls.and_then(NonZeroU32::new),
            reset_window_on_close: judging.resets_on_close,
            consecutive_failures: judging.consecutive.and_then(NonZeroU32::new),
            ..Config::default()
        }
    }

    pub fn live(&self) -> LiveOptions {
        let Shape { timeout, reset, longest, threshold, in_a_row, .. } = self.shape;
        LiveOptions {
            timeout: timeout.map(ms),
            learned_timeout: None,
            reset_timeout: match longest {
                Some(longest) => Backoff {
                    initial: reset.map_or(Nanos::MAX, ms),
                    max: ms(longest),
                    factor: 2.0,
                    jitter: 0.0,
                },
                None => reset.map_or(Nanos::MAX, ms).into(),
            },
            error_threshold_percentage: threshold,
            max_failures: in_a_row.and_then(NonZeroU32::new),
        }
    }

    // Time.

    pub fn now(&self) -> Now {
        Now {
            monotonic: ms(self.monotonic),
            stalls: self.stalls.len() as u64,
            stalling: Nanos::ZERO,
        }
    }

    pub fn log(&self) -> StallLog {
        let mut log = StallLog::new();
        self.stalls.iter().for_each(|&(ended, length)| log.push(ms(length), ms(ended)));
        log
    }

    /// The loop as it is, waiting or not.
    pub fn view(&self, waiting: bool) -> LoopSample {
        LoopSample { turns: self.turns, idle: ms(self.idle), waiting }
    }

    /// What the clock alone does.
    pub fn tick(&mut self) {
        self.window.advance(self.monotonic);
        match self.state {
            State::Open { retry_at } if ms(self.monotonic) >= retry_at => {
                self.left = self.shape.probes.0;
                self.untimed = false;
                self.failed.clear();
                self.enter(State::HalfOpen { probing_until: None }, Event::HalfOpened);
            }
            State::HalfOpen { probing_until: Some(until) } if ms(self.monotonic) >= until => {
                self.left = self.unsettled();
                self.state = State::HalfOpen { probing_until: None };
                self.events.push(Event::HalfOpened);
            }
            _ => {}
        }
    }

    /// When the state moves by itself.
    pub fn next_move(&self) -> Option<Nanos> {
        let at = match self.state {
            State::Open { retry_at: at } | State::HalfOpen { probing_until: Some(at) } => at,
            _ => return None,
        };
        (!at.is_never()).then_some(at)
    }

    pub fn is_warming_up(&self) -> bool {
        self.monotonic < self.warm_until
    }

    pub fn change_clocks(&mut self, to: u64, stalls: u64) {
        let from = self.monotonic;
        let shifted = |at: u64| to + at - from;
        let shifted_nanos =
            |at: Nanos| if at.is_never() { at } else { ms(shifted(at.as_millis())) };
        for index in 0..self.calls.len() {
            if self.calls[index].phase == Phase::Pending {
                let still = self.told(&self.calls[index], self.stalls.len());
                self.calls[index].before = still;
            }
            self.calls[index].started = shifted(self.calls[index].started);
            self.calls[index].stalls = stalls as usize;
        }
        match &mut self.state {
            State::Open { retry_at: at } | State::HalfOpen { probing_until: Some(at) } => {
                *at = shifted_nanos(*at);
            }
            _ => {}
        }
        for at in [&mut self.warm_until, &mut self.made_at, &mut self.floor] {
            *at = shifted(*at);
        }
        if let Some((_, at, _)) = &mut self.tripped {
            *at = shifted(*at);
        }
        for opening in &mut self.openings {
            opening.closed = opening.closed.map(shifted);
        }
        self.window.ends = self.window.ends.map(shifted);
        self.snapshot_at = self.snapshot_at.map(shifted);
        self.pending.clear();
        self.monotonic = to;
        // They ended long before.
        self.stalls = vec![(0, 20); stalls as usize];
    }

    // States.

    pub fn enter(&mut self, state: State, event: Event) {
        self.state = state;
        self.generation += 1;
        self.events.push(event);
    }

    pub fn mode(&self) -> Mode {
        match (self.bypassed, self.forced) {
            (true, _) => Mode::Disabled,
            (_, true) => Mode::ForcedOpen,
            _ => self.own,
        }
    }

    /// The mode is another, maybe.
    pub fn change_mode(&mut self) {
        if self.mode() == Mode::MetricsOnly {
            self.told = false;
            self.close();
        }
    }

    pub fn force_open(&mut self) {
        match self.state {
            State::Shutdown => return,
            State::Open { .. } => self.state = State::Open { retry_at: Nanos::MAX },
            _ => {
                self.tripped = Some((Reason::Command, self.monotonic, (0, 0)));
                self.window.note(Fact::Circuit(true));
                self.enter(State::Open { retry_at: Nanos::MAX }, Event::Opened);
            }
        }
        self.forced = true;
    }

    pub fn note_reason(&mut self, reason: bool) {
        if reason && !self.told {
            self.events.push(Event::WouldOpen);
        }
        self.told = reason;
    }

    pub fn open(&mut self, reason: Reason, figures: (i64, i64)) {
        if self.mode() == Mode::MetricsOnly {
            return self.note_reason(true);
        }
        if matches!(self.state, State::Closed | State::HalfOpen { .. }) {
            self.tripped = Some((reason, self.monotonic, figures));
            self.window.note(Fact::Circuit(true));
            let attempt = self.openings.last().map_or(1, |last| match last.closed {
                Some(closed)
                    if last
                        .wait
                        .is_some_and(|wait| self.monotonic.saturating_sub(closed) > wait) =>
                {
                    1
                }
                _ => last.attempt + 1,
            });
            let wait = self.wait_of(attempt);
            self.openings.push(Opening { wait, attempt, closed: None });
            let retry_at = wait.map_or(Nanos::MAX, |wait| ms(self.monotonic + wait));
            self.enter(State::Open { retry_at }, Event::Opened);
        }
    }

    fn wait_of(&self, attempt: u32) -> Option<u64> {
        let reset = self.shape.reset.map(|reset| reset.max(1));
        match self.shape.longest {
            None => reset,
            Some(longest) => {
                let grown =
                    2f64.powf(f64::from(attempt - 1)) * reset.map_or(f64::MAX, |ms| ms as f64);
                Some((grown as u64).min(longest))
            }
        }
    }

    /// How many probes of a half-open circuit have no outcome, those not begun included.
    fn unsettled(&self) -> u32 {
        self.shape.probes.0 - self.failed.len() as u32
    }

    /// A probe has an outcome.
    pub fn settle_probe(&mut self, failed: bool) {
        self.failed.push(failed);
        self.left = self.left.min(self.unsettled());
        let (calls, percentage) = self.shape.probes;
        let bearable = percentage * f64::from(calls) / 100.0;
        let failures = self.failed.iter().filter(|&&failed| failed).count() as f64;
        if failures > bearable {
            self.open(Reason::Probe, (0, 0));
        } else if failures + f64::from(self.unsettled()) <= bearable {
            self.close();
        }
    }

    /// A probe has ended without an outcome: another may try in its place.
    pub fn give_back_probe(&mut self) {
        self.left = (self.left + 1).min(self.unsettled());
        self.state = State::HalfOpen { probing_until: None };
    }

    pub fn close(&mut self) {
        self.forced = false;
        if matches!(self.state, State::Open { .. } | State::HalfOpen { .. }) {
            self.window.note(Fact::Circuit(false));
            self.window.before = self.window.facts.len();
            self.note_end(End::Close);
            if let Some(last) = self.openings.last_mut() {
                last.closed = Some(self.monotonic);
            }
            self.enter(State::Closed, Event::Closed);
        }
    }

    pub fn shutdown(&mut self) {
        if self.state != State::Shutdown {
            self.generation += 1;
        }
        self.state = State::Shutdown;
        self.own = Mode::Disabled;
        (self.forced, self.bypassed, self.told) = (false, false, false);
        self.window.ends = None;
        self.snapshot_at = None;
        self.events.clear();
    }

    /// Until when a probe that hangs keeps others out.
    pub fn after_reset(&self) -> Nanos {
        let last = self.openings.last().filter(|_| self.shape.longest.is_some());
        let wait = last.map_or_else(|| self.wait_of(1), |last| last.wait);
        wait.map_or(Nanos::MAX, |wait| ms(self.monotonic + wait))
    }

    pub fn note_end(&mut self, end: End) {
        self.ends.push((self.window.newest, end));
    }

    /// What reason there is to open, and how many calls of how many speak for it.
    pub fn trips(&self) -> Option<(Reason, (i64, i64))> {
        let Judging { consecutive, .. } = self.shape.judging;
        let ends = || self.ends.iter().rev().map(|(_, end)| *end);
        let row = ends().filter(|end| *end != End::Refusal);
        let row = row.take_while(|end| *end == End::Failure).count();
        if consecutive.is_some_and(|most| row >= most as usize) {
            return Some((Reason::ConsecutiveFailures, (row as i64, 0)));
        }
        let (failures, calls) = self.judged();
        let rate = failures as f64 / calls as f64 * 100.0;
        let rate = if rate > 100.0 { 100.0 } else { rate };
        if calls < self.shape.volume {
            return None;
        }
        if rate > self.shape.threshold {
            return Some((Reason::ErrorRate, (failures, calls)));
        }
        let row = ends().take_while(|end| matches!(end, End::Failure | End::Refusal)).count();
        let too_many = self.shape.in_a_row.is_some_and(|most| row >= most as usize);
        too_many.then_some((Reason::MaxFailures, (row as i64, 0)))
    }

    /// How many calls failed, and of how many.
    fn judged(&self) -> (i64, i64) {
        let Judging { by_outcomes, last_calls, resets_on_close, .. } = self.shape.judging;
        if !by_outcomes && last_calls.is_none() {
            return self.window.failures(resets_on_close);
        }
        let since =
            self.ends.iter().rev().take_while(|(_, end)| !resets_on_close || *end != End::Close);
        let outcomes = since.filter(|(_, end)| matches!(end, End::Success | End::Failure));
        let outcomes: Vec<_> = match last_calls {
            Some(most) => outcomes.take(most as usize).collect(),
            None => outcomes.filter(|(bucket, _)| self.window.is_alive(*bucket)).collect(),
        };
        let failures = outcomes.iter().filter(|(_, end)| *end == End::Failure).count();
        (failures as i64, outcomes.len() as i64)
    }

    // Counting.

    pub fn count(&mut self, kind: Counter) {
        if self.state != State::Shutdown {
            self.window.note(Fact::Counter(kind));
        }
    }

    pub fn record(&mut self, latency: u64) {
        if self.state != State::Shutdown {
            self.window.note(Fact::Latency(latency));
        }
    }

    // Calls.

    /// How many more may begin.
    pub fn available(&self) -> i64 {
        let pending = self.calls.iter().filter(|call| call.phase == Phase::Pending).count();
        self.shape.capacity.saturating_sub(pending as i64).saturating_sub(self.taken)
    }

    // The timer.

    pub fn on_timer(&mut self, look: Option<(LoopSample, LoopSample)>) {
        self.tick();
        match look.filter(|_| !self.shape.by_wall) {
            None => {
                self.pending.clear();
                self.expire(self.monotonic, self.stalls.len());
            }
            Some((seen, here)) => self.suspect(seen, here),
        }
        if self.snapshot_at.is_some_and(|at| at <= self.monotonic) {
            self.events.push(Event::Snapshot);
            self.want_snapshots(true);
        }
    }

    /// When the timer is to go off.
    pub fn next_timer(&self) -> Option<Nanos> {
        let soon = Nanos::new(ms(self.monotonic).get() + 100_000);
        let late = match self.pending.is_empty() {
            true => self.next_deadline().map(ms),
            false => Some(soon),
        };
        [self.next_move(), self.snapshot_at.map(ms), late].into_iter().flatten().min()
    }

    pub fn want_snapshots(&mut self, wanted: bool) {
        let ends = |number: u64| self.made_at + number * INTERVAL;
        let next = (1..).map(ends).find(|end| *end > self.monotonic);
        self.snapshot_at = next.filter(|_| wanted && self.state != State::Shutdown);
    }
}

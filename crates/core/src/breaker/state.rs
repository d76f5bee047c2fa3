//! The states of a circuit and the moves between them.
//!
//! Every move begins a new generation. A call remembers the generation it was
//! admitted in, and a call of an earlier one moves no state: its outcome tells of a
//! time that has been judged already.

use crate::policy::probes::{Probes, Verdict};
use crate::time::{Nanos, Shift};

/// Where a circuit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Calls pass.
    Closed,
    /// Calls are refused until `retry_at`, by the monotonic clock.
    Open {
        /// From when on one call may try; [`Nanos::MAX`]: never by itself.
        retry_at: Nanos,
    },
    /// Some calls, the probes, may try, mostly one; their outcomes close or open the circuit.
    HalfOpen {
        /// `None`: one may begin. Otherwise all are out, and from then on more calls may try, by
        /// the monotonic clock; [`Nanos::MAX`]: not before one has ended.
        probing_until: Option<Nanos>,
    },
    /// Finished: calls are refused for good.
    Shutdown,
}

impl State {
    /// In what time a circuit that refuses calls may answer otherwise; [`Nanos::MAX`]: never by
    /// itself. `None`: when its probe has ended, and not before.
    pub(super) fn retry_after(self, now: Nanos) -> Option<Nanos> {
        match self {
            State::Open { retry_at } if retry_at.is_never() => Some(Nanos::MAX),
            State::Open { retry_at: at } | State::HalfOpen { probing_until: Some(at) }
                if !at.is_never() =>
            {
                Some(at - now)
            }
            _ => None,
        }
    }
}

/// The state with its generation. Each method is a row of the table of moves; it
/// returns whether the state moved.
///
/// | from \ to | closed | open | half open | shutdown |
/// | --- | --- | --- | --- | --- |
/// | closed | | `open` | | `shutdown` |
/// | open | `close` | | `half_open` | `shutdown` |
/// | half open | `close` | `open` | | `shutdown` |
/// | shutdown | | | | |
///
/// A probe that is out for too long is no move: the circuit stays half open, in the same
/// generation, and one more may try. Whichever of them end first decide.
#[derive(Clone, Debug)]
pub struct Machine {
    state: State,
    generation: u32,
    /// Those of the half-open circuit; otherwise what was left of them.
    probes: Probes,
}

impl Machine {
    /// A closed circuit, or whatever state it is restored to: a half-open one with those probes.
    pub fn new(state: State, probes: Probes) -> Self {
        Machine { state, generation: 0, probes }
    }

    /// Lets calls pass.
    pub fn close(&mut self) -> bool {
        matches!(self.state, State::Open { .. } | State::HalfOpen { .. })
            && self.enter(State::Closed)
    }

    /// Whether it can open.
    pub fn is_openable(&self) -> bool {
        matches!(self.state, State::Closed | State::HalfOpen { .. })
    }

    /// Refuses calls until `retry_at`.
    pub fn open(&mut self, retry_at: Nanos) -> bool {
        self.is_openable() && self.enter(State::Open { retry_at })
    }

    /// Refuses calls until then, if it refuses them.
    pub fn retry_at(&mut self, at: Nanos) {
        if let State::Open { retry_at } = &mut self.state {
            *retry_at = at;
        }
    }

    /// Lets those probes try.
    pub fn half_open(&mut self, probes: Probes) -> bool {
        if !matches!(self.state, State::Open { .. }) {
            return false;
        }
        self.probes = probes;
        self.enter(State::HalfOpen { probing_until: None })
    }

    /// Refuses calls until it is closed by hand.
    pub fn hold_open(&mut self) -> bool {
        self.retry_at(Nanos::MAX);
        self.open(Nanos::MAX)
    }

    /// Refuses calls for good.
    pub fn shutdown(&mut self) -> bool {
        self.state != State::Shutdown && self.enter(State::Shutdown)
    }

    /// When the clock alone will do something; [`Nanos::MAX`]: never.
    pub fn next_move(&self) -> Nanos {
        match self.state {
            State::Open { retry_at: at } | State::HalfOpen { probing_until: Some(at) } => at,
            _ => Nanos::MAX,
        }
    }

    /// Whether calls pass.
    #[inline]
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Whether it is finished.
    #[inline]
    pub fn is_shutdown(&self) -> bool {
        matches!(self.state, State::Shutdown)
    }

    /// The moment has come at which the clock [moves](Machine::next_move) the state: an open
    /// circuit lets those probes try, a half-open one more than those that hang. Returns whether
    /// calls may try from now on.
    pub fn let_try(&mut self, probes: Probes) -> bool {
        match &mut self.state {
            State::HalfOpen { probing_until } => {
                self.probes.replace_hung();
                probing_until.take().is_some()
            }
            _ => self.half_open(probes),
        }
    }

    /// Whether the circuit is half open and waits for a probe.
    pub fn awaits_probe(&self) -> bool {
        self.state == State::HalfOpen { probing_until: None }
    }

    /// Whether the circuit is half open.
    pub fn is_half_open(&self) -> bool {
        matches!(self.state, State::HalfOpen { .. })
    }

    /// How many probes of a half-open circuit have begun and not settled.
    pub fn probes_in_flight(&self) -> u32 {
        if self.is_half_open() {
            self.probes.in_flight()
        } else {
            0
        }
    }

    /// Whether all probes of the half-open circuit that have begun have a deadline.
    pub fn probes_are_timed(&self) -> bool {
        self.probes.are_timed()
    }

    /// A probe that a half-open circuit waits for begins, with a deadline or without. If it is the
    /// last, no other may try until then.
    pub fn begin_probe(&mut self, is_timed: bool, until: Nanos) {
        if self.awaits_probe() {
            self.probes.begin(is_timed);
            if !self.probes.has_left() {
                self.state = State::HalfOpen { probing_until: Some(until) };
            }
        }
    }

    /// No probe may begin until then, though there are some left.
    pub fn keep_probes_until(&mut self, at: Nanos) {
        if self.awaits_probe() {
            self.state = State::HalfOpen { probing_until: Some(at) };
        }
    }

    /// A probe of a half-open circuit has settled: what that says, if it is certain.
    pub fn settle_probe(&mut self, failed: bool) -> Option<Verdict> {
        if !self.is_half_open() {
            return None;
        }
        self.probes.settle(failed)
    }

    /// A probe of a half-open circuit has no outcome: another may try in its place.
    pub fn give_back_probe(&mut self) {
        if let State::HalfOpen { probing_until } = &mut self.state {
            self.probes.give_back();
            *probing_until = None;
        }
    }

    /// Goes on with other clocks.
    pub fn change_clocks(&mut self, shift: &Shift) {
        if let State::Open { retry_at: at } | State::HalfOpen { probing_until: Some(at) } =
            &mut self.state
        {
            *at = shift.apply(*at);
        }
    }

    /// Where the circuit stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// How often the state has moved; wraps, and is only compared for equality.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    fn enter(&mut self, state: State) -> bool {
        self.state = state;
        self.generation = self.generation.wrapping_add(1);
        true
    }
}

//! The states of a circuit and the moves between them.
//!
//! Every move begins a new generation. A call remembers the generation it was
//! admitted in, and a call of an earlier one moves no state: its outcome tells of a
//! time that has been judged already.

use super::time::{Nanos, Shift};

/// Where a circuit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Calls pass.
    Closed,
    /// Calls are refused until `retry_at`, by the wall clock.
    Open {
        /// From when on one call may try; [`Nanos::MAX`]: never by itself.
        retry_at: Nanos,
    },
    /// One call, the probe, may try; its outcome closes or opens the circuit.
    HalfOpen {
        /// Whether the probe has been let through.
        probing: bool,
    },
    /// Finished: calls are refused for good.
    Shutdown,
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
#[derive(Clone, Debug)]
pub struct Machine {
    state: State,
    generation: u32,
}

impl Machine {
    /// A closed circuit, or whatever state it is restored to.
    pub fn new(state: State) -> Self {
        Machine { state, generation: 0 }
    }

    /// Lets calls pass.
    pub fn close(&mut self) -> bool {
        matches!(self.state, State::Open { .. } | State::HalfOpen { .. })
            && self.enter(State::Closed)
    }

    /// Refuses calls until `retry_at`.
    pub fn open(&mut self, retry_at: Nanos) -> bool {
        matches!(self.state, State::Closed | State::HalfOpen { .. })
            && self.enter(State::Open { retry_at })
    }

    /// Lets one call try.
    pub fn half_open(&mut self) -> bool {
        matches!(self.state, State::Open { .. }) && self.enter(State::HalfOpen { probing: false })
    }

    /// Refuses calls for good.
    pub fn shutdown(&mut self) -> bool {
        self.state != State::Shutdown && self.enter(State::Shutdown)
    }

    /// Takes the one probe of a half-open circuit; false when it is out, or when the
    /// circuit is not half open.
    pub fn take_probe(&mut self) -> bool {
        match &mut self.state {
            State::HalfOpen { probing: probing @ false } => {
                *probing = true;
                true
            }
            _ => false,
        }
    }

    /// Goes on with other clocks.
    pub fn change_clocks(&mut self, shift: &Shift) {
        if let State::Open { retry_at } = &mut self.state {
            *retry_at = shift.wall(*retry_at);
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

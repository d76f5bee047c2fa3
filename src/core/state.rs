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
        /// `None`: it has not been made yet. Otherwise it is out, and from then on one more
        /// call may try, by the wall clock; [`Nanos::MAX`]: not before it has ended.
        probing_until: Option<Nanos>,
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
///
/// A probe that is out for too long is no move: the circuit stays half open, in the same
/// generation, and one more may try. Whichever of the two ends first decides.
#[derive(Clone, Debug)]
pub struct Machine {
    state: State,
    generation: u32,
    /// When the clock alone will do something; [`Nanos::MAX`]: never. It follows from the
    /// state, and is asked for twice a call.
    next_move: Nanos,
}

impl Machine {
    /// A closed circuit, or whatever state it is restored to.
    pub fn new(state: State) -> Self {
        Machine { state, generation: 0, next_move: next_move(state) }
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
        matches!(self.state, State::Open { .. })
            && self.enter(State::HalfOpen { probing_until: None })
    }

    /// Refuses calls for good.
    pub fn shutdown(&mut self) -> bool {
        self.state != State::Shutdown && self.enter(State::Shutdown)
    }

    /// Does what the clock alone does. Returns whether one call may try from now on.
    #[inline]
    pub fn advance(&mut self, wall: Nanos) -> bool {
        wall >= self.next_move && self.let_one_try()
    }

    /// When the clock alone will do something; [`Nanos::MAX`]: never.
    pub fn next_move(&self) -> Nanos {
        self.next_move
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

    /// Whether the circuit is half open and waits for its probe.
    pub fn awaits_probe(&self) -> bool {
        self.state == State::HalfOpen { probing_until: None }
    }

    /// The probe that a half-open circuit waits for is out, and no other may try until then.
    pub fn begin_probe(&mut self, until: Nanos) {
        if self.awaits_probe() {
            self.put(State::HalfOpen { probing_until: Some(until) });
        }
    }

    /// Goes on with other clocks.
    pub fn change_clocks(&mut self, shift: &Shift) {
        let at = shift.wall(self.next_move);
        match self.state {
            State::Open { .. } => self.put(State::Open { retry_at: at }),
            State::HalfOpen { probing_until: Some(_) } => {
                self.put(State::HalfOpen { probing_until: Some(at) });
            }
            _ => {}
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

    #[cold]
    fn let_one_try(&mut self) -> bool {
        match self.state {
            State::HalfOpen { probing_until: Some(_) } => {
                self.put(State::HalfOpen { probing_until: None });
                true
            }
            _ => self.half_open(),
        }
    }

    fn enter(&mut self, state: State) -> bool {
        self.put(state);
        self.generation = self.generation.wrapping_add(1);
        true
    }

    fn put(&mut self, state: State) {
        self.state = state;
        self.next_move = next_move(state);
    }
}

fn next_move(state: State) -> Nanos {
    match state {
        State::Open { retry_at: at } | State::HalfOpen { probing_until: Some(at) } => at,
        _ => Nanos::MAX,
    }
}

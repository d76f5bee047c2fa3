//! Whether there is room for a call, whatever the state of the circuit.

pub mod adaptive;
mod capacity;
pub mod queue;

pub(crate) use capacity::Capacity;

//! Whether there is room for a call, whatever the state of the circuit.

mod capacity;

pub(crate) use capacity::Capacity;

//! What a process needs around the core: its clocks, its timer thread, and the
//! driver that puts a breaker under them. Knows nothing of JavaScript values.

pub mod clock;
pub mod driver;
mod heartbeat;
pub mod host_clock;
pub mod loop_clock;
mod signals;
mod tally;
pub mod timer;
mod turn;
pub(crate) mod uuid;
mod uv;

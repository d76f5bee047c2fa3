//! What a process needs around the core: its clocks, its timer thread, and the
//! driver that puts a breaker under them. Knows nothing of JavaScript values.

pub mod clock;
pub mod driver;
pub mod loop_clock;
pub mod loops;
pub mod registry;
pub mod timer;
pub(crate) mod uuid;

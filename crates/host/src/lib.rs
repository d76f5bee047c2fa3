//! What every host of the core needs, be it the addon or WebAssembly: how JavaScript crosses, how a
//! breaker is put under a clock, and what is known of the loop by its answers. Knows no thread, no
//! system and nothing of N-API; what a host has of these, it gives by the traits here:
//! [`Memory`](memory::Memory), [`LoopSide`](driver::LoopSide), [`Site`](instances::Site) and
//! [`Environment`](hot::Environment).

#![forbid(unsafe_code)]

pub mod breaker_options;
pub mod commands;
pub mod driver;
pub mod heartbeat;
pub mod history;
pub mod host_clock;
pub mod hot;
pub mod instances;
pub mod memory;
pub mod stall_total;
pub mod untaken;

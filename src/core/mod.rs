//! The circuit breaker itself: pure, without clock, thread, I/O or napi.

pub mod breaker;
pub mod call_time;
pub mod calls;
pub mod config;
mod deadlines;
pub mod lag;
pub mod latency;
pub mod lateness;
mod slab;
pub mod stall_log;
pub mod state;
pub mod time;
pub mod trip;
pub mod window;

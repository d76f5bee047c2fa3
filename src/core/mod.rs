//! The circuit breaker itself: pure, without clock, thread, I/O or napi.

pub mod breaker;
pub mod calls;
pub mod config;
pub mod lag;
pub mod latency;
pub mod lateness;
pub mod state;
pub mod time;
pub mod trip;
pub mod window;

//! The circuit breaker itself: pure, without clock, thread, I/O or napi.
//!
//! Whoever uses it tells it what time it is, in nanoseconds from any beginning, and asks it
//! before each call and after. It tells what came of that in a queue of events.
//!
//! ```
//! use didelphis_core::breaker::{Admission, CircuitBreaker, Settled};
//! use didelphis_core::config::Config;
//! use didelphis_core::state::State;
//! use didelphis_core::time::{Nanos, Now};
//!
//! // By a clock that never stands still.
//! let at = |millis| Now::unstalled(Nanos::from_millis(millis));
//! let mut breaker = CircuitBreaker::new(Config::default(), at(0));
//!
//! let Admission::Admitted(permit) = breaker.try_acquire(false, at(0)) else { panic!("refused") };
//! let Settled::Failed { permit, .. } = breaker.on_failure(permit, at(20)) else { panic!("late") };
//! breaker.evaluate_trip(permit, at(20));
//!
//! assert!(matches!(breaker.state(at(20)), State::Open { .. }));
//! // Its reset timeout has passed.
//! assert!(matches!(breaker.state(at(30_020)), State::HalfOpen { .. }));
//! ```
//!
//! The rooms, each using only what stands below it:
//!
//! - [`breaker`]: what a host drives. Its state and its way from one to the next.
//! - `policy`: what an outcome counts as, whether to open, when to try again. `admission`:
//!   whether there is a place. `timers`: everything that comes due. `chance`: all that is random.
//! - [`calls`]: the calls under way, and which of them are late.
//! - [`metrics`]: what happened, as numbers.
//! - [`config`]: options. [`time`]: moments, which are given. `shared`: words that other
//!   threads read.
//!
//! A breaker belongs to one thread. What others may read of it, and how they command it, is in
//! [`breaker::published`].

#![forbid(unsafe_code)]

mod admission;
pub mod breaker;
pub mod calls;
mod chance;
pub mod config;
pub mod metrics;
mod policy;
mod shared;
pub mod time;
mod timers;

pub use admission::{adaptive, queue};
pub use breaker::{inbox, mode, published, snapshot, state};
pub use calls::{call_time, expiry, sample, stall_log};
pub use metrics::{latency, loop_delay, published_latencies, window};
pub use policy::{learned_timeout, probes, retry, throttle};

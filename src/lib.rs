//! didelphis: a circuit breaker for Node.js whose mind is in Rust.
//!
//! Three layers, each using only those to its right, and beside the second what shows breakers to
//! others:
//!
//! `node` → `serve` → `runtime` → `didelphis_host` → `didelphis_core`
//!
//! - [`didelphis_core`]: what a circuit breaker is. Pure: `now` is an argument. A crate of its
//!   own.
//! - [`didelphis_host`]: what it and the module of WebAssembly have in common. A crate of its own.
//! - [`runtime`]: what a process needs around it: the clock, the timer thread, the
//!   clock of the event loop, what a breaker has of these, and the registry of
//!   all breakers for threads that read and steer them.
//! - `serve`: the server, which reads and steers all breakers by the registry, on a thread of its
//!   own. Nothing of it runs before somebody asks for it.
//! - `node`: the N-API surface. Conversions, no decisions. What it and JavaScript have to know
//!   alike is written once, in [`didelphis_abi`].
//!
//! The JavaScript side (`lib/`) holds what has to hold JavaScript values: the action,
//! the promises, the listeners.

// Under loom, which its tests put in the place of what they need, there is no network.
#[cfg(not(loom))]
mod node;
pub mod runtime;
#[cfg(not(loom))]
mod serve;

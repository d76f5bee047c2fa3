//! The native half as WebAssembly, for where no addon can be: the core behind the same border,
//! driven by a host in JavaScript (`lib/wasm`). One instance of the module is one environment.
//!
//! It has no thread and no clock of its own. The host is asked for the time, sets one timer, and
//! comes [in turn](exports) when that goes off; what the addon's timer thread sees of the loop
//! from outside, the lateness of that timer shows here ([`page_loop`]). Nothing wider than 32
//! bits crosses the border but floats.

mod allocator;
mod environment;
pub mod exports;
pub mod handles;
mod imports;
mod mailbox;
mod page_loop;
mod room;
mod shared;
mod site;

//! What happened, as numbers: the rolling window with its counters and latencies, and how late
//! the loop was. Decides nothing.

pub mod latency;
pub mod loop_delay;
pub(crate) mod published;
pub mod published_latencies;
pub mod window;

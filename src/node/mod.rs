//! The N-API surface: conversions between JavaScript's numbers and the driver's
//! types. Decides nothing.

mod environment;
mod handle;
mod held_by;
mod host;
mod hot;
mod keep_alive;
mod mailbox;
#[cfg(feature = "probe")]
mod probe;
mod readings;
mod reference;
mod resource;
mod retry;
mod server;
mod shared_words;
mod single_environment;
mod site;

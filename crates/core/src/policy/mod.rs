//! What the breaker asks and does not decide itself: what an outcome counts as, whether to open
//! ([`trip`]), when and for how long an open circuit is tried again ([`recovery`]), and whether a
//! call is ([`retry`]).
//!
//! Each keeps what it decides by, and is told of the live options when they change. They move
//! no state: that is the breaker's.

pub mod learned_timeout;
pub(crate) mod outcome;
pub(crate) mod patience;
pub mod probes;
pub(crate) mod recovery;
pub mod retry;
pub mod throttle;
pub(crate) mod trip;

//! What the breaker asks and does not decide itself: what an outcome counts as, whether to open
//! ([`trip`]), and when and for how long to try again ([`recovery`]).
//!
//! Each keeps what it decides by, and is told of the live options when they change. They move
//! no state: that is the breaker's.

pub mod learned_timeout;
pub(crate) mod outcome;
pub(crate) mod recovery;
pub mod throttle;
pub(crate) mod trip;

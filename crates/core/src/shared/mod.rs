//! Words that one thread writes and any thread reads.
//!
//! A breaker belongs to its loop, which is the only one to write here: so a count goes up by a
//! load, an addition and a store, which are plain instructions, and no thread ever waits for
//! another. What is one number is read as it is. What is more than one, and belongs together,
//! is written under a [`Sequence`](sequence::Sequence), so that whoever reads it sees that it
//! was changed meanwhile, and looks again. The loop never waits for a reader.
//!
//! Used by the window and the breaker, which say what the words mean.

pub(crate) mod sequence;
pub(crate) mod words;

/// In one place, so that `tests/seam.rs` can put loom's in the place of these.
pub(crate) mod atomic {
    pub(crate) use core::sync::atomic::{fence, AtomicI64, AtomicU64, Ordering};
}

//! Words that belong together: a sequence lock, on which nobody waits.
//!
//! Its number is odd while the words are written and another one afterwards. Whoever reads
//! them looks at the number before and after: the same even number means that nobody wrote
//! meanwhile. The fences are those of Hans Boehm, "Can seqlocks get along with programming
//! language memory models?" (2012): the words may be read while they are written, so they
//! have to be atomics, and relaxed ones will do.

use crate::shared::atomic::{fence, AtomicU64, Ordering};

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Sequence(AtomicU64);

impl Sequence {
    /// Nothing is being written.
    pub(crate) fn new() -> Self {
        Sequence(AtomicU64::new(0))
    }

    /// The words are about to be written. The loop's alone, as is [`Sequence::end`].
    #[inline]
    pub(crate) fn begin(&self) {
        // Odd already, when whoever wrote last was stopped by a defect.
        self.0.store(self.0.load(Ordering::Relaxed) | 1, Ordering::Relaxed);
        // Whoever sees one of the words to come sees that number, or a later one.
        fence(Ordering::Release);
    }

    /// They are written.
    #[inline]
    pub(crate) fn end(&self) {
        self.0.store(self.0.load(Ordering::Relaxed) + 1, Ordering::Release);
    }

    /// What `read` gives, which only reads the words; `None` when they were written meanwhile.
    pub(crate) fn read<R>(&self, read: impl FnOnce() -> R) -> Option<R> {
        let before = self.0.load(Ordering::Acquire);
        if before & 1 == 1 {
            return None;
        }
        let words = read();
        fence(Ordering::Acquire);
        (self.0.load(Ordering::Relaxed) == before).then_some(words)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_meanwhile_is_seen_to_be() {
        let sequence = Sequence::new();
        assert_eq!(sequence.read(|| 1), Some(1));
        sequence.begin();
        assert_eq!(sequence.read(|| 1), None);
        sequence.end();
        assert_eq!(sequence.read(|| 1), Some(1));
        let written_meanwhile = sequence.read(|| {
            sequence.begin();
            sequence.end();
        });
        assert_eq!(written_meanwhile, None);
    }

    #[test]
    fn one_that_was_stopped_in_writing_goes_on_with_the_next() {
        let sequence = Sequence::new();
        sequence.begin();
        sequence.begin();
        assert_eq!(sequence.read(|| 1), None);
        sequence.end();
        assert_eq!(sequence.read(|| 1), Some(1));
    }
}

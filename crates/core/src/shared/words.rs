//! Single numbers.

use crate::shared::atomic::{AtomicI64, AtomicU64, Ordering};

/// A number that goes up and down.
#[derive(Debug)]
pub(crate) struct Number(AtomicI64);

impl Number {
    /// It begins there.
    pub(crate) fn new(value: i64) -> Self {
        Number(AtomicI64::new(value))
    }

    /// What it is.
    #[inline]
    pub(crate) fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// What it is from now on. The loop's alone, as is [`Number::add`].
    #[inline]
    pub(crate) fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// So many more, or less.
    #[inline]
    pub(crate) fn add(&self, more: i64) {
        self.set(self.get() + more);
    }
}

/// A word with whatever meaning.
#[derive(Debug)]
pub(crate) struct Word(AtomicU64);

impl Word {
    /// It begins as that.
    pub(crate) fn new(value: u64) -> Self {
        Word(AtomicU64::new(value))
    }

    /// What it is.
    #[inline]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// What it is from now on. The loop's alone.
    #[inline]
    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }
}

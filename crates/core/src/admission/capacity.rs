//! How many calls may be under way at once. Asked by the breaker before each call, told after;
//! others may look.

use crate::shared::words::Number;

/// The places that are left. The loop alone takes them and gives them back.
#[derive(Debug)]
pub(crate) struct Capacity {
    /// Below one: none.
    available: Number,
}

impl Capacity {
    /// So many places; none at all below one.
    pub(crate) fn new(places: i64) -> Self {
        Capacity { available: Number::new(places) }
    }

    /// Takes a place. Returns whether there was one.
    #[inline]
    pub(crate) fn take(&self) -> bool {
        let available = self.available.get();
        let free = available > 0;
        self.available.set(available - i64::from(free));
        free
    }

    /// Gives places back; those that were never taken add to them.
    #[inline]
    pub(crate) fn give_back(&self, places: usize) {
        self.available.set(self.available.get().saturating_add(places as i64));
    }

    /// There are so many more of them, or fewer. Calls under way keep theirs.
    pub(crate) fn grow(&self, places: i64) {
        self.available.set(self.available.get().saturating_add(places));
    }

    /// How many are left; below one: none.
    pub(crate) fn available(&self) -> i64 {
        self.available.get()
    }
}

//! How many calls may be under way at once. Asked by the breaker before each call, told after.

/// The places that are left.
#[derive(Clone, Debug)]
pub(crate) struct Capacity {
    /// Below one: none.
    available: i64,
}

impl Capacity {
    /// So many places; none at all below one.
    pub(crate) fn new(places: i64) -> Self {
        Capacity { available: places }
    }

    /// Takes a place. Returns whether there was one.
    #[inline]
    pub(crate) fn take(&mut self) -> bool {
        let free = self.available > 0;
        self.available -= i64::from(free);
        free
    }

    /// Gives places back; those that were never taken add to them.
    #[inline]
    pub(crate) fn give_back(&mut self, places: usize) {
        self.available = self.available.saturating_add(places as i64);
    }

    /// How many are left; below one: none.
    pub(crate) fn available(&self) -> i64 {
        self.available
    }
}

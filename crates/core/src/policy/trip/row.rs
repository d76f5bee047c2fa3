//! Failures in a row, with no success between them.

use std::num::NonZeroU32;

/// See the [module](self).
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// So many (`>=`) are reason to open; `None`: their number alone never is.
    pub(super) most: Option<NonZeroU32>,
    /// Since the last success or closing.
    pub(super) failures: u32,
}

impl Row {
    /// Whether there are too many.
    pub(super) fn trips(&self) -> bool {
        self.most.is_some_and(|most| self.failures >= most.get())
    }
}

//! Failures in a row, with no success between them.

use std::num::NonZeroU32;

use super::tripped::{Reason, Tripped};
use crate::time::Nanos;

/// See the [module](self).
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    /// So many (`>=`) are reason to open; `None`: their number alone never is.
    pub(super) most: Option<NonZeroU32>,
    /// Since the last success or closing.
    pub(super) failures: u32,
}

impl Row {
    /// Whether there are too many, for that reason.
    pub(super) fn trips(&self, reason: Reason, at: Nanos) -> Option<Tripped> {
        let most = self.most.filter(|most| self.failures >= most.get())?;
        let (count, threshold) = (self.failures.into(), most.get().into());
        Some(Tripped { reason, at, count, calls: 0, threshold })
    }
}

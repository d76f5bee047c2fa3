//! What was in the window before the circuit closed, and is to be left out of decisions.

use std::collections::VecDeque;

use crate::metrics::window::{Counted, Moves, Window};

/// See the [module](self).
#[derive(Clone, Debug, Default)]
pub(super) struct Before {
    /// By bucket, as far as something was in it.
    buckets: VecDeque<(u64, Counted)>,
    total: Counted,
}

impl Before {
    /// The circuit closes: all that is in the window now.
    pub(super) fn note(&mut self, window: &Window) {
        *self = Before::default();
        let newest = window.serial();
        for serial in (newest + 1 - window.len() as u64)..=newest {
            let Some(counted) = window.counted_in(serial) else { continue };
            if counted != Counted::default() {
                self.total.add(&counted);
                self.buckets.push_back((serial, counted));
            }
        }
    }

    /// The window has another shape: each goes where its bucket went.
    pub(super) fn on_reshape(&mut self, moves: &Moves) {
        let earlier = std::mem::take(self);
        for (serial, counted) in earlier.buckets {
            let Some(to) = moves.of(serial) else { continue };
            self.total.add(&counted);
            match self.buckets.back_mut().filter(|(serial, _)| *serial == to) {
                Some((_, there)) => there.add(&counted),
                None => self.buckets.push_back((to, counted)),
            }
        }
    }

    /// What of it is there still.
    pub(super) fn total(&mut self, window: &Window) -> &Counted {
        let (newest, len) = (window.serial(), window.len() as u64);
        // The window is another, as one that was handed over is.
        if self.buckets.back().is_some_and(|(serial, _)| *serial > newest) {
            *self = Before::default();
        }
        while self.buckets.front().is_some_and(|(serial, _)| serial + len <= newest) {
            let Some((_, gone)) = self.buckets.pop_front() else { break };
            self.total.subtract(&gone);
        }
        &self.total
    }
}

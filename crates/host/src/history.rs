//! What a loop's turns were like, for other threads: its stalls, and the longest turn of the last
//! second. Written once a turn, under the lock that is held then anyway.

use didelphis_core::loop_delay::Stalls;
use didelphis_core::time::Nanos;

/// See the [module](self).
#[derive(Clone, Copy, Debug, Default)]
pub struct History {
    /// The stalls.
    pub total: Stalls,
    /// When the last stall ended, and its length.
    pub last: Option<(Nanos, Nanos)>,
    /// The longest turn that ended in each of the last slots of time.
    slots: [(u64, Nanos); SLOTS],
}

impl History {
    /// A turn has ended.
    pub fn on_turn(&mut self, busy: Nanos, stalled: bool, ended: Nanos) {
        let slot = ended.get() >> SLOT_BITS;
        let (of, longest) = &mut self.slots[(slot % SLOTS as u64) as usize];
        *longest = if *of == slot { busy.max(*longest) } else { busy };
        *of = slot;
        if stalled {
            self.total.count += 1;
            self.total.time = self.total.time + busy;
            self.total.longest = self.total.longest.max(busy);
            self.last = Some((ended, busy));
        }
    }

    /// The longest turn of those that ended in the last second, about.
    pub fn longest(&self, now: Nanos) -> Nanos {
        let slot = now.get() >> SLOT_BITS;
        let recent = self.slots.iter().filter(|(of, _)| of + SLOTS as u64 > slot);
        recent.map(|&(_, longest)| longest).max().unwrap_or_default()
    }
}

const SLOTS: usize = 8;
/// 2^27 ns = 134 ms.
const SLOT_BITS: u32 = 27;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_turn_is_forgotten_after_a_second() {
        let mut history = History::default();
        let ms = Nanos::from_millis;
        history.on_turn(ms(70), true, ms(10_000));
        history.on_turn(ms(1), false, ms(10_001));
        assert_eq!(history.longest(ms(10_900)), ms(70));
        assert_eq!(history.longest(ms(11_200)), Nanos::ZERO);
        history.on_turn(ms(2), false, ms(11_300));
        assert_eq!(history.longest(ms(11_310)), ms(2));
        assert_eq!(history.total, Stalls { count: 1, time: ms(70), longest: ms(70) });
        assert_eq!(history.last, Some((ms(10_000), ms(70))));
    }
}

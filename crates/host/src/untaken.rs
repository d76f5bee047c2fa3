//! Calls that were admitted and of which nobody has taken charge: when the loop is to be told of them.
//! Kept by an environment.

use std::cell::Cell;

use didelphis_core::time::Nanos;

/// See the [module](self): how many there were when the loop was told last, and when that was.
#[derive(Debug, Default)]
pub struct Untaken {
    told: Cell<(i32, Nanos)>,
}

impl Untaken {
    /// Whether the loop is to be told of so many: when there are others than before, and else now and
    /// then, for an action that makes the loop turn keeps its call untaken for long. The time is asked
    /// for only where there are any.
    pub fn is_news(&self, untaken: i32, now: impl FnOnce() -> Nanos) -> bool {
        let (told, told_at) = self.told.get();
        if untaken == 0 {
            self.told.set((0, told_at));
            return false;
        }
        let now = now();
        let news = untaken != told || now >= told_at + EVERY;
        if news {
            self.told.set((untaken, now));
        }
        news
    }
}

/// How often the loop is told of the same calls.
const EVERY: Nanos = Nanos::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_news_at_once_and_the_same_now_and_then() {
        let untaken = Untaken::default();
        let at = |ms| move || Nanos::from_millis(ms);
        assert!(!untaken.is_news(0, || unreachable!("nobody needs the time")));
        assert!(untaken.is_news(1, at(100)));
        assert!(!untaken.is_news(1, at(109)));
        assert!(untaken.is_news(1, at(110)));
        assert!(untaken.is_news(2, at(111)));
        assert!(!untaken.is_news(0, at(112)));
        assert!(untaken.is_news(2, at(113)));
    }
}

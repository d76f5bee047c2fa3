//! Memory that both sides see: what a crossing takes and gives. JavaScript sees it as an
//! `Int32Array` of words, for the arguments and results of every call, and as a
//! `Float64Array` of numbers, for statistics, which begin behind the words. A store and a
//! load cost a nanosecond or two where converting a JavaScript value costs ten.

use didelphis_abi::counters::{COUNTERS, QUANTILES};
use didelphis_abi::layout::{self, words};
use didelphis_core::latency::{self, BINS};
use didelphis_core::window::Counter;

/// See the [module](self).
pub trait Memory {
    /// A word that JavaScript left.
    fn word(&self, place: usize) -> i32;

    /// Leaves a word for JavaScript.
    fn put_word(&self, place: usize, word: i32);

    /// Leaves numbers, from the beginning of the statistics on. Returns how many.
    fn put_stats(&self, numbers: impl Iterator<Item = f64>) -> usize;

    /// The numbers where the statistics begin.
    fn numbers<const COUNT: usize>(&self) -> [f64; COUNT];

    /// One call more was admitted. Returns how many there were.
    #[inline]
    fn count_untaken(&self) -> i32 {
        let before = self.word(words::UNTAKEN);
        self.put_word(words::UNTAKEN, before.wrapping_add(1));
        before
    }
}

// What the core counts is what the border says.
const _: () = {
    assert!(BINS == layout::BINS);
    assert!(Counter::ALL.len() == COUNTERS.len());
    assert!(latency::QUANTILES.len() == QUANTILES.len());
    let mut place = 0;
    while place < QUANTILES.len() {
        assert!(latency::QUANTILES[place] == QUANTILES[place]);
        place += 1;
    }
};

//! Memory that both sides see: what a crossing takes and gives. JavaScript sees it as an
//! `Int32Array` of words, for the arguments and results of every call, and as a
//! `Float64Array` of numbers, for statistics, which begin behind the words. A store and a
//! load cost a nanosecond or two where converting a JavaScript value costs ten.

use std::ptr;

use napi::{check_status, sys, Error, Result, Status};

use super::reference::Reference;
use didelphis_abi::counters::{COUNTERS, QUANTILES};
use didelphis_abi::layout::{self, words};
use didelphis_core::latency::{self, BINS};
use didelphis_core::window::Counter;

/// See the [module](self).
pub(crate) struct SharedWords {
    memory: *mut f64,
    /// Keeps the memory.
    _array: Reference,
}

impl SharedWords {
    /// How many words there are.
    pub(crate) const WORDS: usize = layout::WORDS;
    /// Where among the numbers the statistics begin: behind the words.
    pub(crate) const STATS: usize = layout::STATS;
    /// Room for what is read at once at the most.
    pub(crate) const NUMBERS: usize = layout::NUMBERS;
    /// How many numbers these are at the most.
    pub(crate) const STATS_LENGTH: usize = Self::NUMBERS - Self::STATS;
    /// The word in which are counted the calls that were admitted and of which JavaScript
    /// has not taken charge.
    pub(crate) const UNTAKEN: usize = words::UNTAKEN;

    /// `array` is a `Float64Array` of a `SharedArrayBuffer`, which nobody can transfer away.
    ///
    /// # Safety
    ///
    /// `env` must be the current environment and `array` a value of it. The words are to be
    /// dropped on its thread, at the latest by a finalizer or a hook of its end.
    pub(crate) unsafe fn new(env: sys::napi_env, array: sys::napi_value) -> Result<SharedWords> {
        let (mut kind, mut length, mut offset) = (0, 0, 0);
        let (mut memory, mut buffer) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: `env` is current.
        unsafe {
            check_status!(sys::napi_get_typedarray_info(
                env,
                array,
                &mut kind,
                &mut length,
                &mut memory,
                &mut buffer,
                &mut offset
            ))?;
            if kind != sys::TypedarrayType::float64_array || length < Self::NUMBERS {
                let expected = format!("expected a Float64Array of {} numbers", Self::NUMBERS);
                return Err(Error::new(Status::InvalidArg, expected));
            }
        }
        // SAFETY: as promised by the caller. The memory of a shared buffer does not move.
        Ok(SharedWords { memory: memory.cast(), _array: unsafe { Reference::new(env, array)? } })
    }

    /// One call more was admitted. Returns how many there were.
    #[inline]
    pub(crate) fn count_untaken(&self) -> i32 {
        let before = self.word(Self::UNTAKEN);
        self.put_word(Self::UNTAKEN, before.wrapping_add(1));
        before
    }

    /// A word that JavaScript left. Read one by one, as they were written: a wider
    /// load would have to wait for the stores.
    #[inline]
    pub(crate) fn word(&self, place: usize) -> i32 {
        assert!(place < Self::WORDS);
        // SAFETY: inside the buffer and aligned; only the loop's thread touches it.
        unsafe { self.memory.cast::<i32>().add(place).read_volatile() }
    }

    /// Leaves a word for JavaScript.
    #[inline]
    pub(crate) fn put_word(&self, place: usize, word: i32) {
        assert!(place < Self::WORDS);
        // SAFETY: as above.
        unsafe { self.memory.cast::<i32>().add(place).write(word) };
    }

    /// Leaves numbers, from the beginning of the statistics on. Returns how many.
    pub(crate) fn put_stats(&self, numbers: impl Iterator<Item = f64>) -> usize {
        let mut place = Self::STATS;
        // Chained iterators are walked by `for_each` in a few instructions a number, and by
        // `for`, or with a `take`, in many.
        numbers.for_each(|number| {
            assert!(place < Self::NUMBERS);
            // SAFETY: as above.
            unsafe { self.memory.add(place).write(number) };
            place += 1;
        });
        place - Self::STATS
    }

    /// The numbers where the statistics begin.
    pub(crate) fn numbers<const COUNT: usize>(&self) -> [f64; COUNT] {
        const { assert!(Self::STATS + COUNT <= Self::NUMBERS) };
        // SAFETY: as above.
        std::array::from_fn(|place| unsafe { self.memory.add(Self::STATS + place).read() })
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

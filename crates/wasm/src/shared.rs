//! The memory that both sides see ([`Memory`]): a place in that of the module.

use std::cell::UnsafeCell;

use super::environment::Environment;
use didelphis_abi::layout::words::UNTAKEN;
use didelphis_abi::layout::{NUMBERS, STATS, WORDS};
use didelphis_host::memory::Memory;

/// See the [module](self). There is one.
pub(crate) struct Shared;

impl Shared {
    /// Where it lies.
    pub(crate) fn address() -> *mut f64 {
        PLACE.0.get().cast()
    }
}

impl Memory for Shared {
    #[inline]
    fn word(&self, place: usize) -> i32 {
        assert!(place < WORDS);
        // SAFETY: inside the place and aligned; there is one thread.
        unsafe { Shared::address().cast::<i32>().add(place).read() }
    }

    #[inline]
    fn put_word(&self, place: usize, word: i32) {
        assert!(place < WORDS);
        // SAFETY: as above.
        unsafe { Shared::address().cast::<i32>().add(place).write(word) };
    }

    #[inline]
    fn count_untaken(&self) -> i32 {
        let before = self.word(UNTAKEN);
        self.put_word(UNTAKEN, before.wrapping_add(1));
        Environment::get().site().page.on_admitted();
        before
    }

    fn put_stats(&self, numbers: impl Iterator<Item = f64>) -> usize {
        let mut place = STATS;
        numbers.for_each(|number| {
            assert!(place < NUMBERS);
            // SAFETY: as above.
            unsafe { Shared::address().add(place).write(number) };
            place += 1;
        });
        place - STATS
    }

    fn numbers<const COUNT: usize>(&self) -> [f64; COUNT] {
        const { assert!(STATS + COUNT <= NUMBERS) };
        // SAFETY: as above.
        std::array::from_fn(|place| unsafe { Shared::address().add(STATS + place).read() })
    }
}

struct Place(UnsafeCell<[f64; NUMBERS]>);

// SAFETY: a module of WebAssembly without shared memory has one thread.
unsafe impl Sync for Place {}

static PLACE: Place = Place(UnsafeCell::new([0.0; NUMBERS]));

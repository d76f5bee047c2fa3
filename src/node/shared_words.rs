//! The memory that both sides see ([`Memory`]), as N-API gives it.

use std::ptr;

use napi::{check_status, sys, Error, Result, Status};

use super::reference::Reference;
use didelphis_abi::layout::{self, words};
use didelphis_host::memory::Memory;

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
}

impl Memory for SharedWords {
    // Read one by one, as they were written: a wider load would have to wait for the stores.
    #[inline]
    fn word(&self, place: usize) -> i32 {
        assert!(place < Self::WORDS);
        // SAFETY: inside the buffer and aligned; only the loop's thread touches it.
        unsafe { self.memory.cast::<i32>().add(place).read_volatile() }
    }

    #[inline]
    fn put_word(&self, place: usize, word: i32) {
        assert!(place < Self::WORDS);
        // SAFETY: as above.
        unsafe { self.memory.cast::<i32>().add(place).write(word) };
    }

    fn put_stats(&self, numbers: impl Iterator<Item = f64>) -> usize {
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

    fn numbers<const COUNT: usize>(&self) -> [f64; COUNT] {
        const { assert!(Self::STATS + COUNT <= Self::NUMBERS) };
        // SAFETY: as above.
        std::array::from_fn(|place| unsafe { self.memory.add(Self::STATS + place).read() })
    }
}

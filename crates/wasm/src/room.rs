//! Room on the stack. JavaScript and WebAssembly share one, and where it ends, an engine throws: in
//! the middle of a crossing, too, whose frames are gone then, and what they had borrowed is
//! borrowed for good. So each crossing asks for room before it begins.
//!
//! An engine looks, as a function begins, whether there is room for its frame, however little of
//! that is used. So there is a function with a frame as large as an engine looks at (V8: above 4
//! KB), which does nothing: that takes a nanosecond or two.

use std::sync::atomic::AtomicU64;

use super::imports;

/// Throws what the engine does where the stack ends, unless there is room for a crossing.
#[inline]
pub(crate) fn ask_for_room() {
    frames(FRAMES);
}

/// So many of the frames are asked for: 12 KB.
const FRAMES: u32 = 3;

/// What the numbers are read from.
static ZERO: AtomicU64 = AtomicU64::new(0);

#[inline(never)]
fn frames(more: u32) -> u32 {
    if more == u32::MAX {
        // Never: numbers that are all there before and after a call are kept in the frame.
        return never();
    }
    if more == 0 {
        return 0;
    }
    // Not the last thing that is done: that would need no frame. Nor by `black_box`: what that keeps lies on a
    // stack that an engine does not unwind.
    frames(more - 1) + read() as u32
}

/// A chunk of numbers that are all there before what is inside, and after.
macro_rules! keeping {
    () => { imports::wake_loop() };
    ($_:tt $($more:tt)*) => {{
        let (a, b, c, d, e, f, g, h) = (read(), read(), read(), read(), read(), read(), read(), read());
        let (i, j, k, l, m, n, o, p) = (read(), read(), read(), read(), read(), read(), read(), read());
        keeping!($($more)*);
        (write(a), write(b), write(c), write(d), write(e), write(f), write(g), write(h));
        (write(i), write(j), write(k), write(l), write(m), write(n), write(o), write(p));
    }};
}

/// With 544 numbers.
#[inline(always)]
fn never() -> u32 {
    keeping!(. . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . .);
    0
}

#[inline(always)]
fn read() -> u64 {
    // SAFETY: it is there, and there is one thread.
    unsafe { ZERO.as_ptr().read_volatile() }
}

#[inline(always)]
fn write(number: u64) {
    // SAFETY: as above.
    unsafe { ZERO.as_ptr().write_volatile(number) }
}

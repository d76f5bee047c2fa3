//! The allocator of the standard library, which tells the host when the memory has grown: it has
//! to make its views anew before it looks at the memory again.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

struct Telling;

#[global_allocator]
static ALLOCATOR: Telling = Telling;

/// How many pages there were when the host was told last.
static PAGES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: hands all on to the system's.
unsafe impl GlobalAlloc for Telling {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as promised by the caller.
        let memory = unsafe { System.alloc(layout) };
        tell();
        memory
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as promised by the caller.
        let memory = unsafe { System.alloc_zeroed(layout) };
        tell();
        memory
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as promised by the caller.
        let memory = unsafe { System.realloc(memory, layout, size) };
        tell();
        memory
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as promised by the caller.
        unsafe { System.dealloc(memory, layout) }
    }
}

fn tell() {
    let pages = pages();
    if pages != PAGES.load(Ordering::Relaxed) {
        PAGES.store(pages, Ordering::Relaxed);
        #[cfg(target_arch = "wasm32")]
        super::imports::on_grown();
    }
}

#[cfg(target_arch = "wasm32")]
fn pages() -> usize {
    core::arch::wasm32::memory_size(0)
}

/// Elsewhere this is compiled to be looked at alone.
#[cfg(not(target_arch = "wasm32"))]
fn pages() -> usize {
    0
}

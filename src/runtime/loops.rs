//! Every event loop of the process that has breakers, as other threads see it.
//!
//! One that ends leaves by itself. Several loads of the module in one thread have one loop, and
//! are one here. For what tells others how late the loops are; nothing on the way of a call
//! knows of it.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::loop_clock::{LoopClock, LoopReading};

/// See the [module](self).
#[derive(Default)]
pub struct Loops(Mutex<Vec<(u32, Weak<LoopClock>)>>);

impl Loops {
    /// Those of this process.
    pub fn global() -> &'static Loops {
        static LOOPS: Loops = Loops(Mutex::new(Vec::new()));
        &LOOPS
    }

    /// A loop enters: that of the thread with that number; zero is the main thread.
    pub fn enter(&self, thread: u32, clock: &Arc<LoopClock>) {
        let mut loops = self.0.lock();
        loops.retain(|(_, clock)| clock.strong_count() > 0);
        loops.push((thread, Arc::downgrade(clock)));
    }

    /// What can be seen of each loop that has not ended, by the number of its thread.
    pub fn read(&self) -> Vec<(u32, LoopReading)> {
        let clocks: Vec<_> = self.0.lock().clone();
        let mut read: Vec<(u32, LoopReading)> = Vec::new();
        for (thread, clock) in clocks {
            let reading = clock.upgrade().and_then(|clock| clock.read());
            let Some(reading) = reading else { continue };
            match read.iter_mut().find(|(other, _)| *other == thread) {
                // It is the same loop; another load of the module may look into its stalls.
                Some((_, known)) => {
                    known.long_stalls = known.long_stalls.take().or(reading.long_stalls);
                }
                None => read.push((thread, reading)),
            }
        }
        read.sort_by_key(|(thread, _)| *thread);
        read
    }
}

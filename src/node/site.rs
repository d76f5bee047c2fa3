//! Where the breakers of an environment live: on a loop of this process, which the timer thread
//! wakes and other threads see.

use std::rc::Rc;
use std::sync::Arc;

use super::keep_alive::KeepAlive;
use super::mailbox::Mailbox;
use super::shared_words::SharedWords;
use crate::runtime::driver::ThreadedLoop;
use crate::runtime::loop_clock::LoopMeter;
use crate::runtime::registry::{Registration, Registry};
use didelphis_core::published::Published;
use didelphis_core::time::Nanos;
use didelphis_host::instances::Site;

/// See the [module](self).
pub(crate) struct NodeSite {
    pub(super) meter: Rc<LoopMeter>,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) words: SharedWords,
    pub(super) keep_alive: KeepAlive,
}

impl Site for NodeSite {
    type Loop = ThreadedLoop;
    type Memory = SharedWords;
    type Registration = Registration;

    #[inline]
    fn memory(&self) -> &SharedWords {
        &self.words
    }

    fn loop_side(&self, id: u32, stall_threshold: Nanos) -> ThreadedLoop {
        ThreadedLoop::new(self.meter.clone(), stall_threshold, self.mailbox.clone(), id)
    }

    fn enter(&self, published: Arc<Published>, id: u32) -> Registration {
        Registry::global().enter(published, self.mailbox.clone(), id)
    }

    #[inline]
    fn on_waiting(&self, waits: bool) {
        let others = if waits { self.keep_alive.take() } else { self.keep_alive.give_back() };
        if others == 0 {
            self.meter.watch(waits);
        }
    }

    fn on_rest(&self) {
        self.mailbox.on_rest();
    }
}

//! Where the breakers of a module live, and all of them, for what is said to all.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use super::mailbox::{Mailbox, Message};
use super::page_loop::{PageLoop, PageSide};
use super::shared::Shared;
use didelphis_core::inbox::Command;
use didelphis_core::published::Published;
use didelphis_core::time::Nanos;
use didelphis_host::instances::Site;

/// See the [module](self).
pub(crate) struct PageSite {
    pub(crate) page: Rc<PageLoop>,
    pub(crate) mailbox: Rc<Mailbox>,
    all: Rc<RefCell<Breakers>>,
    /// Whether those that enter let all calls pass.
    bypassed: Cell<bool>,
}

impl PageSite {
    /// Without breakers.
    pub(crate) fn new() -> Self {
        PageSite {
            page: Rc::new(PageLoop::new()),
            mailbox: Rc::default(),
            all: Rc::default(),
            bypassed: Cell::new(false),
        }
    }

    /// Has every breaker let all calls pass, those that are yet to come as well; or no more of
    /// that.
    pub(crate) fn bypass(&self, bypassed: bool) {
        self.bypassed.set(bypassed);
        let command = if bypassed { Command::Bypass } else { Command::Guard };
        for (id, published) in self.all.borrow().iter() {
            self.command(*id, published, command);
        }
    }

    fn command(&self, id: u32, published: &Published, command: Command) {
        if published.command(command).is_ok_and(|receipt| receipt.is_first()) {
            self.mailbox.leave(Message::Commands(id));
        }
    }
}

impl Site for PageSite {
    type Loop = PageSide;
    type Memory = Shared;
    type Registration = Registration;

    #[inline]
    fn memory(&self) -> &Shared {
        &Shared
    }

    fn loop_side(&self, id: u32, stall_threshold: Nanos) -> PageSide {
        PageSide::new(&self.page, id, stall_threshold)
    }

    fn enter(&self, published: Arc<Published>, id: u32) -> Registration {
        if self.bypassed.get() {
            self.command(id, &published, Command::Bypass);
        }
        self.all.borrow_mut().push((id, published));
        Registration { all: self.all.clone(), id }
    }

    #[inline]
    fn on_waiting(&self, waits: bool) {
        self.page.on_waiting(waits);
    }

    fn on_rest(&self) {
        self.mailbox.leave(Message::Rest);
    }
}

/// Breakers by number.
type Breakers = Vec<(u32, Arc<Published>)>;

/// That a breaker is among all.
pub(crate) struct Registration {
    all: Rc<RefCell<Breakers>>,
    id: u32,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.all.borrow_mut().retain(|(id, published)| {
            if *id == self.id {
                published.close();
            }
            *id != self.id
        });
    }
}

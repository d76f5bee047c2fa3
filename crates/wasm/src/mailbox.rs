//! What waits for the host to come for it. Used by what leaves messages, and by the environment,
//! which hands them out.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use super::imports;
use didelphis_core::time::Nanos;
use didelphis_host::driver::AlarmSample;

/// See the [module](self).
#[derive(Default)]
pub(crate) struct Mailbox {
    messages: RefCell<VecDeque<Message>>,
    hears_stalls: Cell<bool>,
    /// The host has been told, or is here anyway, and has not come to the end.
    woken: Cell<bool>,
}

impl Mailbox {
    /// The next message. To be called until there is none: only then is the host told again.
    pub(crate) fn next(&self) -> Option<Message> {
        let message = self.messages.borrow_mut().pop_front();
        self.woken.set(message.is_some());
        message
    }

    /// Leaves a message.
    pub(crate) fn leave(&self, message: Message) {
        self.messages.borrow_mut().push_back(message);
        if !self.woken.replace(true) {
            imports::wake_loop();
        }
    }

    /// The same while the host is here, which comes for it at once.
    pub(crate) fn leave_here(&self, message: Message) {
        self.woken.set(true);
        self.messages.borrow_mut().push_back(message);
    }

    /// Whether there is any.
    pub(crate) fn has_any(&self) -> bool {
        !self.messages.borrow().is_empty()
    }

    /// Whether stalls are worth a message.
    pub(crate) fn hear_stalls(&self, wanted: bool) {
        self.hears_stalls.set(wanted);
    }

    /// A stall of the loop has ended; the host is here.
    pub(crate) fn on_stall(&self, length: Nanos) {
        if self.hears_stalls.get() {
            self.leave_here(Message::Stall(length));
        }
    }
}

/// What the loop is to hear of.
pub(crate) enum Message {
    /// The alarm of the breaker with that number has gone off.
    Alarm(u32, AlarmSample),
    /// A stall has ended that was so long.
    Stall(Nanos),
    /// Calls were admitted in an earlier turn of which nobody has taken charge.
    Untaken,
    /// The breaker with that number was given commands.
    Commands(u32),
    /// There is more to tell than was told in one piece.
    Rest,
}

//! The one environment of the module.

use std::cell::{Cell, UnsafeCell};

use super::imports;
use super::mailbox::Message;
use super::site::PageSite;
use didelphis_abi::layout::words::UNTAKEN;
use didelphis_host::hot::{self, Wakeup};
use didelphis_host::instances::Instances;
use didelphis_host::memory::Memory;
use didelphis_host::untaken::Untaken;

/// See the [module](self).
pub(crate) struct Environment {
    instances: Instances<PageSite>,
    /// What random numbers follow from.
    seed: Cell<u64>,
    untaken: Untaken,
    /// Whether a crossing is under way.
    pub(crate) crossing: Cell<bool>,
}

impl Environment {
    /// That of this module. It is there once it was [begun](begin).
    #[inline]
    pub(crate) fn get() -> &'static Environment {
        // SAFETY: written once, before anything else is called; there is one thread.
        let environment = unsafe { &*ENVIRONMENT.0.get() };
        let Some(environment) = environment else { unreachable!() };
        environment
    }

    /// Begins it.
    pub(crate) fn begin(seed: u64) {
        let environment = Environment {
            instances: Instances::new(PageSite::new()),
            seed: Cell::new(seed),
            untaken: Untaken::default(),
            crossing: Cell::new(false),
        };
        // SAFETY: called once, before anybody has asked for it.
        unsafe { *ENVIRONMENT.0.get() = Some(environment) };
    }

    /// A random number (SplitMix64). For telling things apart, not for secrets.
    pub(crate) fn random_number(&self) -> u64 {
        let state = self.seed.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.seed.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Where its breakers live.
    #[inline]
    pub(crate) fn site(&self) -> &PageSite {
        self.instances.site()
    }

    /// The timer of the host has gone off. Whether there is something to be fetched.
    pub(crate) fn on_time(&self) -> bool {
        let PageSite { page, mailbox, .. } = self.site();
        if let Some(length) = page.begin_turn(|place| self.instances.oldest_stall(place)) {
            mailbox.on_stall(length);
        }
        self.tell_untaken();
        while let Some((id, sample)) = page.next_due() {
            mailbox.leave_here(Message::Alarm(id, sample));
        }
        page.end_turn();
        mailbox.has_any()
    }

    /// Tells of calls of which nobody has taken charge, and looks again while there are some.
    fn tell_untaken(&self) {
        let untaken = self.site_memory().word(UNTAKEN);
        if untaken != 0 {
            self.site().page.look();
        }
        if self.untaken.is_news(untaken, imports::present) {
            self.site().mailbox.leave_here(Message::Untaken);
        }
    }

    fn site_memory(&self) -> &impl Memory {
        hot::Environment::words(self)
    }
}

impl hot::Environment for Environment {
    type Site = PageSite;

    #[inline]
    fn instances(&self) -> &Instances<PageSite> {
        &self.instances
    }

    fn next_wakeup(&self, _is_first: bool) -> Option<Wakeup> {
        while let Some(message) = self.site().mailbox.next() {
            match message {
                Message::Alarm(id, sample) => {
                    if self.instances.on_alarm(id, &sample) {
                        return Some(Wakeup::Breaker(id));
                    }
                }
                Message::Commands(id) => {
                    if self.instances.on_commands(id) {
                        return Some(Wakeup::Breaker(id));
                    }
                }
                Message::Rest => {
                    self.instances.on_turn_of_rest();
                    return Some(Wakeup::Rest);
                }
                Message::Stall(length) => return Some(Wakeup::Stall(length)),
                Message::Untaken => return Some(Wakeup::Untaken),
            }
        }
        None
    }
}

struct Place(UnsafeCell<Option<Environment>>);

// SAFETY: a module of WebAssembly without shared memory has one thread.
unsafe impl Sync for Place {}

static ENVIRONMENT: Place = Place(UnsafeCell::new(None));

//! What a breaker does with the calls it is asked for, whatever the state of its circuit.
//!
//! A mode is the user's and lasts until the user ends it; a state is the machine's. Disabling
//! does not change the state: a circuit that opened before is open again when the breaker is
//! enabled.
//!
//! Of the modes that are wanted at once, the first in this order is in force:
//!
//! 1. draining, which ends in the shutdown: calls under way go on, and no other begins;
//! 2. bypassed, with all breakers of the process: every call passes, as if disabled;
//! 3. forced open: no call passes until the circuit is closed by hand;
//! 4. the breaker's own, whichever was chosen last: normal, disabled, or metrics only.

use super::answer::Event;
use super::CircuitBreaker;
use crate::policy::trip::tripped::{Reason, Tripped};
use crate::time::{Nanos, Now};

/// See the [module](self).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The state decides which calls pass.
    #[default]
    Normal,
    /// Every call passes, and nothing of it is counted but that it was made.
    Disabled,
    /// Every call passes and is counted; the circuit stays closed, and what would have opened
    /// it is told.
    MetricsOnly,
    /// No call passes; the circuit is open, and no clock moves it.
    ForcedOpen,
    /// No call begins, and those under way are guarded to their end.
    Draining,
}

impl Mode {
    /// The mode by opossum's switch, `enabled`.
    pub fn by_switch(enabled: bool) -> Self {
        if enabled {
            Mode::Normal
        } else {
            Mode::Disabled
        }
    }

    /// As a word that other threads read.
    pub(super) fn code(self) -> u64 {
        self as u64
    }

    /// The mode of that word.
    pub(super) fn from_code(code: u64) -> Self {
        let all =
            [Mode::Normal, Mode::Disabled, Mode::MetricsOnly, Mode::ForcedOpen, Mode::Draining];
        all.into_iter().find(|mode| mode.code() == code).unwrap_or_default()
    }
}

/// The modes that are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted {
    /// The breaker's own.
    pub(super) own: Mode,
    pub(super) forced_open: bool,
    /// As all breakers of the process are.
    pub(super) bypassed: bool,
    /// For good.
    pub(super) draining: bool,
    /// Metrics only: it was told that the circuit would open, and since then nothing has been
    /// found that says otherwise.
    pub(super) told: bool,
}

impl Wanted {
    pub(super) fn by(own: Mode) -> Self {
        Wanted { own, ..Wanted::default() }
    }

    pub(super) fn in_force(self) -> Mode {
        match self {
            Wanted { draining: true, .. } => Mode::Draining,
            Wanted { bypassed: true, .. } => Mode::Disabled,
            Wanted { forced_open: true, .. } => Mode::ForcedOpen,
            Wanted { own, .. } => own,
        }
    }
}

impl CircuitBreaker {
    /// Goes on in that mode of its own: normal, disabled, or metrics only, which closes the
    /// circuit as it comes into force. One that is forced open or bypassed does so as that
    /// ends.
    pub fn set_mode(&mut self, own: Mode, now: Now) {
        debug_assert!(own != Mode::ForcedOpen);
        self.advance(now.monotonic);
        self.change_mode(own, now.monotonic);
    }

    /// Opens the circuit until it is closed by hand. Nothing else closes it or lets a call
    /// try.
    pub fn force_open(&mut self, now: Now) {
        self.advance(now.monotonic);
        if !self.machine.is_shutdown() {
            self.hold_open(now.monotonic);
        }
    }

    /// Lets every call pass, as all breakers of the process are to, or ends that.
    pub fn bypass(&mut self, bypassed: bool, now: Now) {
        self.advance(now.monotonic);
        self.change_bypass(bypassed, now.monotonic);
    }

    /// Refuses calls from now on, for good. Those under way go on as they would.
    pub fn drain(&mut self, now: Now) {
        self.advance(now.monotonic);
        if !self.machine.is_shutdown() {
            self.wanted.draining = true;
            self.enforce_mode(now.monotonic);
        }
    }

    /// What it does with calls.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// What it does with them unless it is forced open or bypassed.
    pub fn own_mode(&self) -> Mode {
        self.wanted.own
    }

    pub(super) fn change_mode(&mut self, own: Mode, monotonic: Nanos) {
        self.wanted.own = own;
        self.enforce_mode(monotonic);
    }

    pub(super) fn hold_open(&mut self, monotonic: Nanos) {
        self.wanted.forced_open = true;
        if self.machine.hold_open() {
            self.note_trip(Tripped::by(Reason::Command, monotonic));
            self.window.mark_circuit(true);
            self.events.push_back(Event::Opened);
        }
        self.dismiss_all();
        self.time_next_move();
        self.enforce_mode(monotonic);
    }

    pub(super) fn change_bypass(&mut self, bypassed: bool, monotonic: Nanos) {
        self.wanted.bypassed = bypassed;
        self.enforce_mode(monotonic);
    }

    pub(super) fn enforce_mode(&mut self, monotonic: Nanos) {
        self.mode = self.wanted.in_force();
        if self.mode == Mode::MetricsOnly {
            self.wanted.told = false;
            self.close_circuit(monotonic);
        }
        if matches!(self.mode, Mode::Disabled | Mode::MetricsOnly) {
            self.call_all();
        }
        self.publish();
    }

    /// Whether there is reason to open, in metrics only: it is told once until a failure finds
    /// none.
    pub(super) fn note_reason(&mut self, reason: bool) {
        if reason && !self.wanted.told {
            self.events.push_back(Event::WouldOpen);
        }
        self.wanted.told = reason;
    }
}

//! A breaker as other threads see it: what they read of it, and how they command it.
//!
//! The loop writes and never waits; any thread reads, at any moment, also while the loop is
//! stalled or idle. What the clock alone does, a reader derives by its own: an open circuit
//! whose time is up is half open, a bucket that has run out is not counted. That takes the
//! clock by which the breaker lives. One that lives by a clock of its host's, which nobody
//! else can read (that of a test with fake timers), shows no [moments](Reading::shows_moments):
//! a reader sees its state and its window as the loop left them last.
//!
//! Each number is whole, those of one transition belong together, and what was counted since
//! the beginning only goes up. Counts and state are read one after the other: a call that ends
//! meanwhile may be in one and not in the other.
//!
//! For what serves and steers breakers from another thread.

use std::hint;
use std::sync::Arc;

use super::inbox::{Command, Fate, Inbox, NotPut, Receipt};
use super::mode::Mode;
use super::state::State;
use crate::admission::Capacity;
use crate::metrics::published::PublishedCounts;
use crate::metrics::window::Counts;
use crate::shared::sequence::Sequence;
use crate::shared::words::{Number, Word};
use crate::time::Nanos;

/// See the [module](self).
#[derive(Debug)]
pub struct Published {
    /// First what every call looks at.
    inbox: Inbox,
    capacity: Capacity,
    counts: Arc<PublishedCounts>,
    places: Number,
    /// Of what follows.
    sequence: Sequence,
    generation: Word,
    state: Word,
    /// When the clock alone moves the state.
    moment: Word,
    mode: Word,
    shows_moments: Word,
}

/// What another thread has read of a breaker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Where the circuit stands.
    pub state: State,
    /// How often that has moved; wraps. What the clock has done and the loop has not seen is
    /// no move yet.
    pub generation: u32,
    /// What the breaker does with calls.
    pub mode: Mode,
    /// Whether the breaker lives by the clock of whoever read it. If not, no moment is known,
    /// and those of the state are [`Nanos::MAX`].
    pub shows_moments: bool,
    /// What was counted in the window, corrections by hand included.
    pub in_window: Counts,
    /// What was counted since the breaker was made, and what users corrected by hand not.
    pub since_beginning: Counts,
    /// How many more calls may begin; below one: none.
    pub available: i64,
    /// How many calls may be under way at once; below one: none.
    pub places: i64,
    /// Whether there are commands that the breaker has not come to.
    pub commands_wait: bool,
}

impl Reading {
    /// How many calls hold a place; those that were given back without having been taken make
    /// it fewer.
    pub fn under_way(&self) -> i64 {
        self.places.saturating_sub(self.available)
    }
}

impl Published {
    /// Of a new breaker with so many places.
    pub(super) fn new(counts: Arc<PublishedCounts>, places: i64, standing: Standing) -> Arc<Self> {
        let published = Published {
            inbox: Inbox::new(),
            capacity: Capacity::new(places),
            counts,
            places: Number::new(places),
            sequence: Sequence::new(),
            generation: Word::new(0),
            state: Word::new(0),
            moment: Word::new(0),
            mode: Word::new(0),
            shows_moments: Word::new(0),
        };
        published.put(standing);
        Arc::new(published)
    }

    // For the loop.

    /// The commands.
    #[inline]
    pub(super) fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// The places for calls.
    #[inline]
    pub(super) fn capacity(&self) -> &Capacity {
        &self.capacity
    }

    /// So many calls may be under way at once from now on.
    pub(super) fn set_places(&self, places: i64) {
        self.capacity.grow(places.saturating_sub(self.places.get()));
        self.places.set(places);
    }

    /// How many of the places are taken.
    pub(super) fn taken(&self) -> i64 {
        self.places.get().saturating_sub(self.capacity.available())
    }

    /// The breaker stands elsewhere.
    pub(super) fn publish(&self, standing: Standing) {
        self.sequence.begin();
        self.put(standing);
        self.sequence.end();
    }

    // For any thread.

    /// What there is to be read at `now`; `None` when the loop was suspended in the middle of
    /// writing, for some nanoseconds mostly: try again later.
    pub fn read(&self, now: Nanos) -> Option<Reading> {
        for _ in 0..ATTEMPTS {
            let reading = self.read_once(now);
            if reading.is_some() {
                return reading;
            }
            hint::spin_loop();
        }
        None
    }

    /// Gives the breaker a command. It is in force for the first call after. Whoever gives it
    /// wakes the loop, if the receipt says that it is the [first](Receipt::is_first).
    ///
    /// # Errors
    ///
    /// [`NotPut`] when the breaker is gone, or too many commands wait.
    pub fn command(&self, command: Command) -> Result<Receipt, NotPut> {
        self.inbox.put(command)
    }

    /// What became of a command that was given.
    pub fn fate(&self, receipt: &Receipt) -> Fate {
        self.inbox.fate(receipt)
    }

    /// The breaker is gone, or nobody asks it any more: it obeys no further command. To be
    /// called on its loop, once the breaker is not asked again.
    pub fn close(&self) {
        self.inbox.close();
    }

    /// Whether that has been called.
    pub fn is_closed(&self) -> bool {
        self.inbox.is_closed()
    }

    // Private.

    fn read_once(&self, now: Nanos) -> Option<Reading> {
        let counts = self.counts.read(now)?;
        let standing = self.sequence.read(|| self.standing())?;
        Some(Reading {
            state: at(standing.state, now),
            generation: standing.generation,
            mode: standing.mode,
            shows_moments: standing.shows_moments,
            in_window: counts.in_window,
            since_beginning: counts.since_beginning,
            available: self.capacity.available(),
            places: self.places.get(),
            commands_wait: self.inbox.has_any(),
        })
    }

    fn put(&self, standing: Standing) {
        let Standing { state, generation, mode, shows_moments } = standing;
        let (code, moment) = match state {
            State::Closed => (CLOSED, Nanos::MAX),
            State::Open { retry_at } => (OPEN, retry_at),
            State::HalfOpen { probing_until: None } => (AWAITS_PROBE, Nanos::MAX),
            State::HalfOpen { probing_until: Some(at) } => (PROBING, at),
            State::Shutdown => (SHUTDOWN, Nanos::MAX),
        };
        let moment = if shows_moments { moment } else { Nanos::MAX };
        self.state.set(code);
        self.moment.set(moment.get());
        self.generation.set(u64::from(generation));
        self.mode.set(mode.code());
        self.shows_moments.set(u64::from(shows_moments));
    }

    fn standing(&self) -> Standing {
        let moment = Nanos::new(self.moment.get());
        Standing {
            state: match self.state.get() {
                CLOSED => State::Closed,
                OPEN => State::Open { retry_at: moment },
                AWAITS_PROBE => State::HalfOpen { probing_until: None },
                PROBING => State::HalfOpen { probing_until: Some(moment) },
                _ => State::Shutdown,
            },
            generation: self.generation.get() as u32,
            mode: Mode::from_code(self.mode.get()),
            shows_moments: self.shows_moments.get() != 0,
        }
    }
}

/// Where a breaker stands: what is written at transitions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) state: State,
    pub(super) generation: u32,
    pub(super) mode: Mode,
    /// Whether others have the clock of its moments.
    pub(super) shows_moments: bool,
}

/// The state at a moment that its breaker may not have seen yet.
fn at(state: State, now: Nanos) -> State {
    match state {
        State::Open { retry_at: at } | State::HalfOpen { probing_until: Some(at) }
            if now >= at && !at.is_never() =>
        {
            State::HalfOpen { probing_until: None }
        }
        state => state,
    }
}

const CLOSED: u64 = 0;
const OPEN: u64 = 1;
const AWAITS_PROBE: u64 = 2;
const PROBING: u64 = 3;
const SHUTDOWN: u64 = 4;

/// How often to look again before somebody else gets a turn.
const ATTEMPTS: usize = 100;

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
use crate::metrics::published_latencies::LatenciesRead;
use crate::metrics::window::Counts;
use crate::policy::trip::tripped::{Reason, Tripped};
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
    moved_at: Word,
    /// Of the last trip. The reason is one more than its place among all, zero: there was none.
    trip_reason: Word,
    trip_at: Word,
    trip_count: Number,
    trip_calls: Number,
    trip_threshold: Word,
    /// How many there were, by reason. Each a number of its own.
    trips: [Number; Reason::ALL.len()],
    /// How many wait for a place: written as the queue changes.
    queued: Number,
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
    /// When the state moved last, by the clock of whoever read it; `None`: it never has, or
    /// nobody knows.
    pub moved_at: Option<Nanos>,
    /// Why the circuit opened last. [`Nanos::MAX`] for a moment that nobody knows.
    pub tripped: Option<Tripped>,
    /// How often it opened, by the order of [`Reason::ALL`].
    pub trips: [i64; Reason::ALL.len()],
    /// How long calls took.
    pub latencies: LatenciesRead,
    /// Whether what is read of these changes as soon as the loop [comes to it](super::CircuitBreaker::on_commands),
    /// which it does by itself with the next call.
    pub latencies_wait: bool,
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
    /// How many calls wait for a place, those for whom one is kept left out.
    pub queued: i64,
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
            moved_at: Word::new(Nanos::MAX.get()),
            trip_reason: Word::new(0),
            trip_at: Word::new(0),
            trip_count: Number::new(0),
            trip_calls: Number::new(0),
            trip_threshold: Word::new(0),
            trips: Reason::ALL.map(|_| Number::new(0)),
            queued: Number::new(0),
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

    /// So many calls wait for a place.
    pub(super) fn set_queued(&self, queued: usize) {
        self.queued.set(queued as i64);
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

    /// The circuit opens, for that reason.
    pub(super) fn count_trip(&self, reason: Reason) {
        self.trips[reason as usize].add(1);
    }

    // For any thread.

    /// Somebody wants to know of the latencies in the window from now on, which costs the loop
    /// some microseconds each time that a bucket ends. Nobody says when that is over: it is by
    /// itself, unless it is said again.
    pub fn watch_latencies(&self) {
        self.counts.watch_latencies();
    }

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
        let state = at(standing.state, now);
        // What the clock has done by now.
        let moved_at = match standing.state {
            State::Open { retry_at } if state != standing.state => retry_at,
            _ => standing.moved_at,
        };
        Some(Reading {
            state,
            generation: standing.generation,
            mode: standing.mode,
            moved_at: (!moved_at.is_never()).then_some(moved_at),
            tripped: standing.tripped,
            trips: std::array::from_fn(|reason| self.trips[reason].get()),
            latencies: counts.latencies,
            latencies_wait: counts.latencies_wait,
            shows_moments: standing.shows_moments,
            in_window: counts.in_window,
            since_beginning: counts.since_beginning,
            available: self.capacity.available(),
            places: self.places.get(),
            queued: self.queued.get(),
            commands_wait: self.inbox.has_any(),
        })
    }

    fn put(&self, standing: Standing) {
        let Standing { state, generation, mode, shows_moments, moved_at, tripped } = standing;
        let shown = |moment: Nanos| if shows_moments { moment } else { Nanos::MAX };
        let (code, moment) = match state {
            State::Closed => (CLOSED, Nanos::MAX),
            State::Open { retry_at } => (OPEN, retry_at),
            State::HalfOpen { probing_until: None } => (AWAITS_PROBE, Nanos::MAX),
            State::HalfOpen { probing_until: Some(at) } => (PROBING, at),
            State::Shutdown => (SHUTDOWN, Nanos::MAX),
        };
        self.state.set(code);
        self.moment.set(shown(moment).get());
        self.moved_at.set(shown(moved_at).get());
        self.generation.set(u64::from(generation));
        self.mode.set(mode.code());
        self.shows_moments.set(u64::from(shows_moments));
        if let Some(Tripped { reason, at, count, calls, threshold }) = tripped {
            self.trip_reason.set(reason as u64 + 1);
            self.trip_at.set(shown(at).get());
            self.trip_count.set(count);
            self.trip_calls.set(calls);
            self.trip_threshold.set(threshold.to_bits());
        }
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
            moved_at: Nanos::new(self.moved_at.get()),
            tripped: self.tripped(),
        }
    }

    fn tripped(&self) -> Option<Tripped> {
        let place = self.trip_reason.get().checked_sub(1)?;
        Some(Tripped {
            reason: *Reason::ALL.get(place as usize)?,
            at: Nanos::new(self.trip_at.get()),
            count: self.trip_count.get(),
            calls: self.trip_calls.get(),
            threshold: f64::from_bits(self.trip_threshold.get()),
        })
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
    /// When the state moved last; [`Nanos::MAX`]: nobody knows.
    pub(super) moved_at: Nanos,
    /// Why it opened last.
    pub(super) tripped: Option<Tripped>,
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

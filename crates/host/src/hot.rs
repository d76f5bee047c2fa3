//! The crossings that every `fire` makes.
//!
//! One function of each kind serves all breakers of an environment. Arguments and results are small integers and go through the shared
//! words, which is cheaper than N-API's conversions: the breaker's number in the first
//! word and what else there is in the next ones; the result in the first. The
//! codes are those of [`didelphis_abi`].

use crate::instances::{Instances, Site};
use crate::memory::Memory;
use didelphis_abi::codes::{again, outcome, reason, refused, settled, state, wait, wakeup};
use didelphis_abi::layout::queued;
use didelphis_abi::layout::words::{LATENCY, LENGTH, POLLED, RETRY_AFTER, STALLED};
use didelphis_core::breaker::{
    Admission, CircuitBreaker, Event, Reason, Refusal, Settled, TimedOut,
};
use didelphis_core::calls::Permit;
use didelphis_core::mode::Mode;
use didelphis_core::queue::Ticket;
use didelphis_core::stall_log::{StallLog, Stalls};
use didelphis_core::state::State;
use didelphis_core::time::{Nanos, Now};
use didelphis_core::window::Counter;
use std::mem;

/// What one load of the module in one JavaScript environment has: its breakers, and what
/// JavaScript is to hear of.
pub trait Environment {
    /// Where the breakers live.
    type Site: Site;

    /// Its breakers.
    fn instances(&self) -> &Instances<Self::Site>;

    /// The next thing that JavaScript has not heard of; `is_first` of a turn of the loop.
    fn next_wakeup(&self, is_first: bool) -> Option<Wakeup>;

    /// The memory that both sides see.
    #[inline]
    fn words(&self) -> &<Self::Site as Site>::Memory {
        self.instances().site().memory()
    }
}

/// What JavaScript is to hear of.
#[derive(Clone, Copy, Debug)]
pub enum Wakeup {
    /// The breaker with that number has something to announce.
    Breaker(u32),
    /// A stall of the loop has ended that was so long.
    Stall(Nanos),
    /// There is no timer thread to be had.
    NoThread,
    /// Calls were admitted in an earlier turn of which nobody has taken charge.
    Untaken,
    /// There is more to tell than was told in one piece.
    Rest,
}

/// A crossing for the breaker with that number. What else JavaScript left is in the
/// shared words.
pub trait Crossing {
    /// Crosses, and gives the result.
    fn cross<E: Environment>(environment: &E, id: u32) -> i32;
}

/// Asks to begin a call.
#[derive(Clone, Copy, Debug)]
pub struct Admit;

impl Crossing for Admit {
    #[inline]
    fn cross<E: Environment>(environment: &E, id: u32) -> i32 {
        admit(environment, id, |breaker, now| breaker.try_acquire(false, now))
    }
}

/// The same on the long way.
#[derive(Clone, Copy, Debug)]
pub struct AdmitAgain;

impl Crossing for AdmitAgain {
    /// With bits of [`again`].
    fn cross<E: Environment>(environment: &E, id: u32) -> i32 {
        let bits = environment.words().word(1);
        let counted = bits & again::COUNTED != 0;
        let ask = |breaker: &mut CircuitBreaker, now| {
            if bits & again::ANYWAY != 0 {
                breaker.try_acquire_anyway(counted, now)
            } else {
                breaker.try_acquire(counted, now)
            }
        };
        admit(environment, id, |breaker, now| waiting_or_not(bits, breaker, |it| ask(it, now)))
    }
}

/// The same for a call with a timeout of its own.
#[derive(Clone, Copy, Debug)]
pub struct AdmitWithin;

impl Crossing for AdmitWithin {
    /// With bits of [`again`], and the timeout of the call in milliseconds as the first number of
    /// the statistics: not finite, none.
    fn cross<E: Environment>(environment: &E, id: u32) -> i32 {
        let words = environment.words();
        let bits = words.word(1);
        let [timeout] = words.numbers();
        let timeout = timeout.is_finite().then(|| Nanos::from_millis_f64(timeout));
        let (counted, anyway) = (bits & again::COUNTED != 0, bits & again::ANYWAY != 0);
        admit(environment, id, |breaker, now| {
            waiting_or_not(bits, breaker, |breaker| {
                breaker.try_acquire_within(timeout, counted, anyway, now)
            })
        })
    }
}

/// Asks for a call that can wait for a place, or, by bits of [`again`], for one that cannot.
fn waiting_or_not(
    bits: i32,
    breaker: &mut CircuitBreaker,
    ask: impl FnOnce(&mut CircuitBreaker) -> Admission,
) -> Admission {
    if bits & again::AT_ONCE != 0 {
        breaker.at_once(ask)
    } else {
        ask(breaker)
    }
}

/// A call that has waited begins.
#[derive(Clone, Copy, Debug)]
pub struct Enter;

impl Crossing for Enter {
    /// Begins a call that has waited, by its ticket. What it returns is that of `admit`.
    fn cross<E: Environment>(environment: &E, id: u32) -> i32 {
        let numbers = environment.words().numbers::<2>();
        let ticket = Ticket::from_raw(numbers[queued::TICKET] as u64);
        let timeout = numbers[queued::TIME];
        let own = timeout.is_finite().then(|| Nanos::from_millis_f64(timeout));
        let timeout = (!timeout.is_nan()).then_some(own);
        let enter = |breaker: &mut CircuitBreaker, now| breaker.enter(ticket, timeout, now);
        let Some((admission, idle)) = environment.instances().with_calls(id, enter) else {
            return refused::SHUTDOWN;
        };
        environment.words().put_stats([0.0, 0.0, f64::from(idle)].into_iter());
        match admission {
            None => refused::NOT_CALLED,
            admission => admission_code(environment.words(), admission),
        }
    }
}

/// A call waits no longer.
#[derive(Clone, Copy, Debug)]
pub struct Leave;

impl Crossing for Leave {
    /// A call waits no longer: bits of [`settled`].
    fn cross<E: Environment>(environment: &E, id: u32) -> i32 {
        let [ticket] = environment.words().numbers();
        let ticket = Ticket::from_raw(ticket as u64);
        let left = environment.instances().with_calls(id, |breaker, now| {
            breaker.leave(ticket, now);
            breaker.has_events()
        });
        let Some((has_events, idle)) = left else { return 0 };
        let bits = if has_events { settled::EVENTS } else { 0 };
        bits | if idle { settled::IDLE } else { 0 }
    }
}

#[inline]
fn admit<E: Environment>(
    environment: &E,
    id: u32,
    ask: impl FnOnce(&mut CircuitBreaker, Now) -> Admission,
) -> i32 {
    let admitted = environment.instances().with_calls(id, ask);
    admission_code(environment.words(), admitted.map(|(admission, _)| admission))
}

/// What JavaScript is told of an answer; without one, the breaker is gone.
#[inline]
fn admission_code(words: &impl Memory, admission: Option<Admission>) -> i32 {
    match admission {
        Some(Admission::Admitted(permit)) => {
            let permit = permit.into_raw() as i32;
            if words.count_untaken() == 0 {
                permit
            } else {
                refused::NESTED - permit
            }
        }
        Some(Admission::EventsFirst) => refused::EVENTS_FIRST,
        Some(Admission::Unguarded) => refused::UNGUARDED,
        Some(Admission::Refused(Refusal::Open { retry_after })) => {
            words.put_word(RETRY_AFTER, wait_word(retry_after));
            refused::OPEN
        }
        Some(Admission::Refused(Refusal::RampUp)) => refused::RAMP_UP,
        Some(Admission::Refused(Refusal::Throttled)) => refused::THROTTLED,
        Some(Admission::Refused(Refusal::QueueFull)) => refused::QUEUE_FULL,
        Some(Admission::Queued(ticket)) => {
            words.put_stats([ticket.raw() as f64].into_iter());
            refused::QUEUED
        }
        Some(Admission::Refused(Refusal::Capacity(permit))) => {
            words.count_untaken();
            refused::CAPACITY - permit.into_raw() as i32
        }
        Some(Admission::Refused(Refusal::Shutdown)) | None => refused::SHUTDOWN,
    }
}

/// A wait in milliseconds, rounded up: who waits for so long is not too early.
fn wait_word(retry_after: Option<Nanos>) -> i32 {
    match retry_after {
        None => wait::UNKNOWN,
        Some(Nanos::MAX) => wait::NEVER,
        Some(retry_after) => retry_after.as_millis_f64().ceil().min(f64::from(i32::MAX)) as i32,
    }
}

/// A call has ended.
#[derive(Clone, Copy, Debug)]
pub struct Settle;

impl Crossing for Settle {
    #[inline]
    fn cross<E: Environment>(environment: &E, id: u32) -> i32 {
        let words = environment.words();
        let (permit, outcome) = (words.word(1), words.word(2));
        end_call(environment, id, permit as u32, |breaker, now| {
            let permit = Permit::from_raw(permit as u32);
            let stalls = LoopStalls { environment, id };
            let (settled, bits) = match outcome {
                outcome::SUCCESS => (breaker.on_success_in(permit, stalls, now), 0),
                _ => settle_otherwise(breaker, permit, outcome, stalls, now),
            };
            match settled {
                Settled::Done { latency } | Settled::Failed { latency, .. } => {
                    words.put_word(LATENCY, latency as i32);
                    bits
                }
                Settled::Late(_) => settled::LATE,
                Settled::Unknown => 0,
            }
        })
    }
}

/// The same for a call that did not end well, with bits of [`settled`].
#[inline(never)]
fn settle_otherwise<E: Environment>(
    breaker: &mut CircuitBreaker,
    permit: Permit,
    outcome: i32,
    stalls: LoopStalls<'_, E>,
    now: Now,
) -> (Settled, i32) {
    match outcome {
        outcome::UNHEARD_FAILURE => {
            let settled = fail_unheard(breaker, permit, stalls, now);
            (settled, question(breaker))
        }
        outcome::IGNORED => (breaker.on_ignored(permit, now), 0),
        _ => (breaker.on_failure_in(permit, stalls, now), 0),
    }
}

/// A call has failed: decides at once what follows, for nobody hears of it before.
fn fail_unheard<E: Environment>(
    breaker: &mut CircuitBreaker,
    permit: Permit,
    stalls: LoopStalls<'_, E>,
    now: Now,
) -> Settled {
    match breaker.on_failure_in(permit, stalls, now) {
        Settled::Failed { permit, latency } => {
            breaker.evaluate_trip(permit, now);
            Settled::Done { latency }
        }
        settled => settled,
    }
}

/// Whether the user's function is to say if there is reason to open, in bits of [`settled`].
fn question(breaker: &mut CircuitBreaker) -> i32 {
    if breaker.take_question() {
        settled::ASK
    } else {
        0
    }
}

/// The stalls that a breaker knows of its loop.
struct LoopStalls<'a, E> {
    environment: &'a E,
    id: u32,
}

impl<E> Clone for LoopStalls<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for LoopStalls<'_, E> {}

impl<E: Environment> Stalls for LoopStalls<'_, E> {
    fn with<R>(self, ask: impl FnOnce(&StallLog) -> R) -> R {
        self.environment.instances().with_stalls_of(self.id, ask)
    }
}

/// A call has timed out.
#[derive(Clone, Copy, Debug)]
pub struct Expire;

impl Crossing for Expire {
    /// Counts the timeout of a call. One of which somebody hears ends by `settle`, as any
    /// other; the failure of another ends with this.
    fn cross<E: Environment>(environment: &E, id: u32) -> i32 {
        let words = environment.words();
        let (permit, outcome) = (words.word(1) as u32, words.word(2));
        end_call(environment, id, permit, |breaker, now| {
            let permit = Permit::from_raw(permit);
            let Some(TimedOut { latency, stalled }) = breaker.on_timeout(&permit, now) else {
                return settled::LATE | settled::GONE;
            };
            let mut bits = 0;
            if outcome == outcome::UNHEARD_FAILURE {
                // It was late, and is so no more.
                let stalls = LoopStalls { environment, id };
                let _: Settled = fail_unheard(breaker, permit, stalls, now);
                bits = question(breaker);
            }
            words.put_word(LATENCY, latency as i32);
            words.put_word(STALLED, stalled as i32);
            bits
        })
    }
}

/// Decides what follows from a failure.
#[derive(Clone, Copy, Debug)]
pub struct EvaluateTrip;

impl Crossing for EvaluateTrip {
    fn cross<E: Environment>(environment: &E, id: u32) -> i32 {
        let permit = environment.words().word(1);
        end_call(environment, id, permit as u32, |breaker, now| {
            breaker.evaluate_trip(Permit::from_raw(permit as u32), now);
            question(breaker)
        })
    }
}

/// Nobody holds a permit any more.
#[derive(Clone, Copy, Debug)]
pub struct Abandon;

impl Crossing for Abandon {
    fn cross<E: Environment>(environment: &E, id: u32) -> i32 {
        let permit = environment.words().word(1);
        end_call(environment, id, permit as u32, |breaker, now| {
            breaker.abandon(Permit::from_raw(permit as u32), now);
            question(breaker)
        })
    }
}

/// Permits that are out.
#[derive(Clone, Copy, Debug)]
pub struct NextOut;

impl Crossing for NextOut {
    /// The next permit that is out, from one on, or `NONE`.
    fn cross<E: Environment>(environment: &E, id: u32) -> i32 {
        let from = environment.words().word(1) as u32;
        let permit =
            environment.instances().with(id, |breaker, _| breaker.next_out(from)).flatten();
        permit.map_or(wakeup::NONE, |permit| permit.into_raw() as i32)
    }
}

/// Calls that have not ended.
#[derive(Clone, Copy, Debug)]
pub struct NextUnderWay;

impl Crossing for NextUnderWay {
    /// The next permit of a call that has not ended, from one on, or `NONE`.
    fn cross<E: Environment>(environment: &E, id: u32) -> i32 {
        let from = environment.words().word(1) as u32;
        let next = environment.instances().with(id, |breaker, _| breaker.next_under_way(from));
        next.flatten().map_or(wakeup::NONE, |permit| permit.into_raw() as i32)
    }
}

/// Lets `act` end a call, and adds to its bits what came of it.
#[inline]
fn end_call<E: Environment>(
    environment: &E,
    id: u32,
    permit: u32,
    act: impl FnOnce(&mut CircuitBreaker, Now) -> i32,
) -> i32 {
    let ended = environment.instances().with_call_that_ends(id, permit, |breaker, now| {
        let bits = act(breaker, now);
        if breaker.has_events() {
            bits | settled::EVENTS
        } else {
            bits
        }
    });
    let Some((mut bits, idle, wants_timer)) = ended else { return settled::LATE | settled::GONE };
    if idle {
        bits |= settled::IDLE;
    }
    // Whoever asks for events sets the timer of the host by that.
    if wants_timer {
        bits |= settled::EVENTS;
    }
    bits
}

/// Counts one of a kind.
#[derive(Clone, Copy, Debug)]
pub struct CountOne;

impl Crossing for CountOne {
    /// 1 when it was counted, 0 when events are to be announced first; never that when the
    /// second word says that it is to be counted anyway.
    fn cross<E: Environment>(environment: &E, id: u32) -> i32 {
        let (kind, anyway) = (environment.words().word(1), environment.words().word(2) != 0);
        let Some(kind) = Counter::from_index(kind as usize) else { return 1 };
        let counted =
            environment.instances().with(id, |breaker, now| breaker.count(kind, anyway, now));
        i32::from(counted.unwrap_or(true))
    }
}

/// What the loop was woken for.
#[derive(Clone, Copy, Debug)]
pub struct NextWakeup;

impl Crossing for NextWakeup {
    /// The next breaker that has something to tell, and what; or a stall. A breaker that has
    /// been told of goes on until it has nothing more.
    fn cross<E: Environment>(environment: &E, told: u32) -> i32 {
        let words = environment.words();
        let mut is_first = words.word(1) != 0;
        let mut id = told;
        loop {
            if let Some(polled) = poll(environment, id, false) {
                words.put_word(POLLED, polled);
                return id as i32;
            }
            id = match environment.next_wakeup(mem::take(&mut is_first)) {
                Some(Wakeup::Breaker(id)) => id,
                Some(Wakeup::NoThread) => return wakeup::NO_THREAD,
                Some(Wakeup::Untaken) => return wakeup::UNTAKEN,
                Some(Wakeup::Rest) => return wakeup::REST,
                Some(Wakeup::Stall(length)) => {
                    words.put_word(LENGTH, length.as_millis() as i32);
                    return wakeup::STALL;
                }
                None => return wakeup::NONE,
            };
        }
    }
}

/// What a breaker has to tell.
#[derive(Clone, Copy, Debug)]
pub struct Poll;

impl Crossing for Poll {
    /// The next event, or, unless only events are asked for, the next late call.
    fn cross<E: Environment>(environment: &E, id: u32) -> i32 {
        let events_only = environment.words().word(1) != 0;
        poll(environment, id, events_only).unwrap_or(wakeup::NONE)
    }
}

/// There is more to tell than is told in one piece.
#[derive(Clone, Copy, Debug)]
pub struct Delay;

impl Crossing for Delay {
    /// The loop comes for the rest by a wake-up.
    fn cross<E: Environment>(environment: &E, _: u32) -> i32 {
        environment.instances().delay();
        0
    }
}

/// What a breaker has to tell: a code of [`wakeup`], or the permit of a call.
fn poll<E: Environment>(environment: &E, id: u32, events_only: bool) -> Option<i32> {
    let mut of_queue = None;
    let poll = |breaker: &mut CircuitBreaker, _| {
        let Some(event) = breaker.poll_event() else {
            return if events_only { None } else { breaker.poll_expired().map(late_code) };
        };
        of_queue = numbers_of(event);
        Some(event_code(event))
    };
    // Those who have waited in vain are held no longer as they are told.
    let (polled, idle) = environment.instances().with_calls(id, poll)?;
    if let Some([ticket, time]) = of_queue {
        environment.words().put_stats([ticket, time, f64::from(idle)].into_iter());
    }
    polled
}

fn late_code(permit: Permit) -> i32 {
    permit.into_raw() as i32
}

fn event_code(event: Event) -> i32 {
    match event {
        Event::Opened => wakeup::OPENED,
        Event::Closed => wakeup::CLOSED,
        Event::HalfOpened => wakeup::HALF_OPENED,
        Event::WouldOpen => wakeup::WOULD_OPEN,
        Event::Snapshot => wakeup::SNAPSHOT,
        Event::Draw => wakeup::DRAW,
        Event::Probe => wakeup::PROBE,
        Event::Steered => wakeup::STEERED,
        Event::Turn(_) => wakeup::TURN,
        Event::Waited { .. } => wakeup::WAITED,
        Event::Dismissed { .. } => wakeup::DISMISSED,
    }
}

/// The ticket of a call that waits, and for how long it was to.
fn numbers_of(event: Event) -> Option<[f64; 2]> {
    match event {
        Event::Turn(ticket) | Event::Dismissed { before: ticket, .. } => {
            Some([ticket.raw() as f64, 0.0])
        }
        Event::Waited { ticket, patience } => Some([ticket.raw() as f64, patience.as_millis_f64()]),
        _ => None,
    }
}

/// Where the circuit stands, in bits of [`state`].
#[derive(Clone, Copy, Debug)]
pub struct ReadState;

impl Crossing for ReadState {
    fn cross<E: Environment>(environment: &E, id: u32) -> i32 {
        environment.instances().with(id, state_bits).unwrap_or(state::SHUTDOWN)
    }
}

/// Where the circuit of a breaker stands, in bits of [`state`].
pub fn state_bits(breaker: &mut CircuitBreaker, now: Now) -> i32 {
    let mut bits = match breaker.state(now) {
        State::Closed => state::CLOSED,
        State::Open { .. } => state::OPEN,
        State::HalfOpen { probing_until: Some(_) } => state::HALF_OPEN,
        State::HalfOpen { probing_until: None } => state::HALF_OPEN | state::PENDING_CLOSE,
        State::Shutdown => state::SHUTDOWN,
    };
    bits |= match breaker.mode() {
        Mode::Normal => state::ENABLED,
        Mode::Disabled => 0,
        Mode::MetricsOnly => state::ENABLED | state::METRICS_ONLY,
        Mode::ForcedOpen => state::ENABLED | state::FORCED_OPEN,
        Mode::Draining if breaker.own_mode() == Mode::Disabled => state::DRAINING,
        Mode::Draining => state::ENABLED | state::DRAINING,
    };
    if breaker.own_mode() != Mode::Disabled {
        bits |= state::SWITCHED_ON;
    }
    if breaker.is_warming_up(now) {
        bits |= state::WARM_UP;
    }
    bits
}

/// The code of a reason to open.
pub fn reason_code(reason: Reason) -> i32 {
    match reason {
        Reason::ErrorRate => reason::ERROR_RATE,
        Reason::SlowCalls => reason::SLOW_CALLS,
        Reason::ConsecutiveFailures => reason::CONSECUTIVE_FAILURES,
        Reason::MaxFailures => reason::MAX_FAILURES,
        Reason::Host => reason::HOST,
        Reason::Probe => reason::PROBE,
        Reason::Command => reason::COMMAND,
    }
}

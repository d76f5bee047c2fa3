//! What is asked of a breaker beside the way of a call, by its number: as the addon's `Handle`,
//! whose documentation is in `src/node/handle.rs`. Nothing is NaN; lists go through the
//! [`Scratch`].

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::environment::Environment;
use super::imports::JsClock;
use super::room::ask_for_room;
use super::shared::Shared;
use didelphis_core::breaker::CircuitBreaker;
use didelphis_core::calls::Permit;
use didelphis_core::mode::Mode;
use didelphis_core::retry::{RetryBudget, SharedRetryBudget};
use didelphis_core::state::State;
use didelphis_core::time::{Nanos, Now};
use didelphis_host::breaker_options::BreakerOptions;
use didelphis_host::commands;
use didelphis_host::hot::Environment as _;
use didelphis_host::instances::{Instances, TimeSource};

use super::site::PageSite;

/// The breakers; for what is about to be done there is room.
fn instances() -> &'static Instances<PageSite> {
    ask_for_room();
    Environment::get().instances()
}

fn with<R>(id: u32, act: impl FnOnce(&mut CircuitBreaker, Now) -> R) -> R {
    commands::with(instances(), id, act)
}

fn or_nan(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

/// Makes a breaker with the options in the shared memory: its number, or -1 if these make no
/// sense. `clock` is that of JavaScript's by which it lives; below zero: the loop's.
#[no_mangle]
pub extern "C" fn create(clock: i32) -> i32 {
    ask_for_room();
    let options = BreakerOptions::left_in(&Shared);
    let stall_threshold = Nanos::from_millis_f64(options.stall_threshold);
    let Ok(config) = options.into_config(Environment::get().random_number()) else { return -1 };
    let time = time_source(clock, stall_threshold);
    instances().add(|now| CircuitBreaker::new(config, now), &time) as i32
}

fn time_source(clock: i32, stall_threshold: Nanos) -> TimeSource {
    match u32::try_from(clock) {
        Ok(clock) => instances().host_clock(JsClock(clock)),
        Err(_) => TimeSource::Loop { stall_threshold },
    }
}

/// Forgets a breaker.
#[no_mangle]
pub extern "C" fn remove(id: u32) {
    instances().remove(id);
}

/// Lives by a clock of JavaScript's from now on, or, below zero, by the loop's.
#[no_mangle]
pub extern "C" fn follow(id: u32, clock: i32, stall_threshold: f64) {
    let stall_threshold = Nanos::from_millis_f64(stall_threshold);
    instances().change_clocks(id, || time_source(clock, stall_threshold));
}

/// The timer of a clock of JavaScript's has gone off.
#[no_mangle]
pub extern "C" fn on_timer(id: u32) -> bool {
    instances().on_host_alarm(id)
}

/// Changes the live options.
#[no_mangle]
pub extern "C" fn set_live_options(id: u32) {
    let live = BreakerOptions::left_in(&Shared).live();
    with(id, |breaker, now| breaker.set_live_options(live, now));
}

/// Goes on with other options. False if these make no sense.
#[no_mangle]
pub extern "C" fn update(id: u32) -> bool {
    let options = BreakerOptions::left_in(&Shared);
    let Ok(config) = options.into_config(Environment::get().random_number()) else { return false };
    with(id, |breaker, now| breaker.update(&config, now));
    true
}

macro_rules! commands {
    ($($name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?: |$breaker:pat_param, $now:pat_param| $act:expr;)*) => {
        $(
            /// As of the addon's handle.
            #[no_mangle]
            pub extern "C" fn $name(id: u32 $(, $argument: $type)*) $(-> $result)? {
                with(id, |$breaker, $now| $act)
            }
        )*
    };
}

commands! {
    open(): |breaker, now| breaker.open(now);
    close(): |breaker, now| breaker.close(now);
    set_enabled(enabled: bool): |breaker, now| breaker.set_mode(Mode::by_switch(enabled), now);
    force_open(): |breaker, now| breaker.force_open(now);
    count_only(): |breaker, now| breaker.set_mode(Mode::MetricsOnly, now);
    drain(): |breaker, now| breaker.drain(now);
    restore_open(remaining: f64): |breaker, now| {
        let remaining = Nanos::from_millis_f64(remaining);
        breaker.restore(State::Open { retry_at: now.monotonic + remaining });
    };
    restore_half_open(): |breaker, _| breaker.restore(State::HalfOpen { probing_until: None });
    wait() -> f64: |breaker, _| commands::ms_or_never(breaker.wait());
    set_wait(wait: f64): |breaker, now| breaker.set_wait(Nanos::from_millis_f64(wait), now);
    resume_waits(attempt: u32, wait: f64): |breaker, now| {
        breaker.resume_waits(attempt, Nanos::from_millis_f64(wait), now);
    };
    attempt() -> u32: |breaker, _| breaker.attempt();
    timeout_given(permit: u32) -> f64: |breaker, _| {
        let given = breaker.timeout_given(&Permit::from_raw(permit));
        or_nan(given.map(Nanos::as_millis_f64))
    };
    remember_timeout(timeout: f64): |breaker, _| {
        breaker.remember_timeout(Nanos::from_millis_f64(timeout));
    };
    remember_capacity(limit: u32, usual: f64): |breaker, _| {
        let usual = (!usual.is_nan()).then(|| Nanos::from_millis_f64(usual));
        breaker.remember_capacity(limit, usual);
    };
    give_draw(draw: f64): |breaker, _| breaker.give_draw(draw);
    retry_after() -> f64: |breaker, now| {
        or_nan(breaker.retry_after(now).map(commands::ms_or_never))
    };
    set_snapshots(wanted: bool): |breaker, now| breaker.set_snapshots(wanted, now);
    available() -> f64: |breaker, _| breaker.available() as f64;
    take_capacity() -> bool: |breaker, _| breaker.take_capacity();
    release_capacity() -> bool: |breaker, _| {
        breaker.release_capacity();
        breaker.has_events()
    };
    queued() -> f64: |breaker, _| or_nan(breaker.queued().map(|queued| queued as f64));
    is_waiting() -> bool: |breaker, _| breaker.is_waiting();
    rotate(): |breaker, now| breaker.window(now).rotate();
    rejection() -> f64: |breaker, now| or_nan(breaker.rejection(now));
    answer(trips: bool): |breaker, now| breaker.on_answer(trips, now);
    mark_circuit(open: bool): |breaker, now| breaker.window(now).mark_circuit(open);
    admits_retry() -> bool: |breaker, now| breaker.admits_retry(now);
    moment_before(ms: f64) -> f64: |_, now| {
        (now.monotonic - Nanos::from_millis_f64(ms)).as_millis_f64()
    };
    clear_retry(): |breaker, _| breaker.set_retry(None);
}

/// Refuses every call from now on.
#[no_mangle]
pub extern "C" fn shutdown(id: u32) {
    commands::with_calls(instances(), id, |breaker, now| breaker.shutdown(now));
}

/// Begins a probe of JavaScript's: its permit, or -1.
#[no_mangle]
pub extern "C" fn begin_probe(id: u32) -> i32 {
    let begin = |breaker: &mut CircuitBreaker, now| breaker.begin_probe(now);
    let begun = commands::with_calls(instances(), id, begin);
    begun.map_or(-1, |permit| permit.into_raw() as i32)
}

/// A probe of JavaScript's has ended.
#[no_mangle]
pub extern "C" fn end_probe(id: u32, permit: u32, succeeded: bool) -> bool {
    commands::with_calls(instances(), id, |breaker, now| {
        breaker.end_probe(Permit::from_raw(permit), succeeded, now);
        breaker.is_waiting()
    })
}

/// Takes over the window of another breaker.
#[no_mangle]
pub extern "C" fn copy_window(id: u32, other: u32) {
    commands::copy_window(instances(), id, other);
}

/// Leaves the statistics in the shared memory.
#[no_mangle]
pub extern "C" fn read_stats(id: u32) -> u32 {
    commands::read_stats(instances(), id)
}

/// Leaves the last trip in the shared memory.
#[no_mangle]
pub extern "C" fn read_trip(id: u32) -> bool {
    commands::read_trip(instances(), id)
}

/// Leaves what the circuit is judged by in the scratch.
#[no_mangle]
pub extern "C" fn judged(id: u32) {
    let (failures, calls, share) = commands::judged(instances(), id);
    Scratch::fill([failures, calls, share]);
}

/// Leaves the serials of the oldest and the newest bucket in the scratch.
#[no_mangle]
pub extern "C" fn window_range(id: u32) {
    let (oldest, newest) = commands::window_range(instances(), id);
    Scratch::fill([oldest as f64, newest as f64]);
}

/// Leaves a bucket in the shared memory.
#[no_mangle]
pub extern "C" fn read_bucket(id: u32, serial: f64) -> bool {
    commands::read_bucket(instances(), id, serial as i64)
}

/// Sets a count of a bucket.
#[no_mangle]
pub extern "C" fn write_bucket(id: u32, serial: f64, kind: u32, value: f64) {
    commands::write_bucket(instances(), id, serial as i64, kind, value);
}

/// Leaves the latencies of a bucket in the shared memory.
#[no_mangle]
pub extern "C" fn read_bucket_latencies(id: u32, serial: f64) -> u32 {
    commands::read_bucket_latencies(instances(), id, serial as i64)
}

/// Replaces the latencies of a bucket by those of the scratch.
#[no_mangle]
pub extern "C" fn set_latencies(id: u32, serial: f64) {
    commands::set_latencies(instances(), id, serial as i64, Scratch::take());
}

/// Counts something, below zero nothing, and records the latencies of the scratch.
#[no_mangle]
pub extern "C" fn record(id: u32, kind: i32) {
    commands::record(instances(), id, u32::try_from(kind).ok(), Scratch::take());
}

/// Has calls tried again, paid from the budget with that number.
#[no_mangle]
pub extern "C" fn set_retry(
    id: u32,
    attempts: f64,
    initial: f64,
    max: f64,
    factor: f64,
    timeout: f64,
    budget: u32,
) {
    let numbers = [attempts, initial, max, factor, timeout];
    let budget = BUDGETS.with_borrow(|budgets| budgets.of.get(&budget).cloned());
    if let Some(budget) = budget {
        commands::set_retry(instances(), id, numbers, budget);
    }
}

/// Asks for the next try.
#[no_mangle]
pub extern "C" fn retry(id: u32, attempts: u32, began: f64, retry_after: f64) -> f64 {
    commands::retry(instances(), id, attempts, began, retry_after)
}

/// Makes a budget for retries: its number.
#[no_mangle]
pub extern "C" fn create_budget(ratio: f64, per_second: f64) -> u32 {
    ask_for_room();
    let budget = Rc::new(RefCell::new(RetryBudget::new(ratio, per_second)));
    BUDGETS.with_borrow_mut(|budgets| {
        budgets.made += 1;
        budgets.of.insert(budgets.made, budget);
        budgets.made
    })
}

/// JavaScript has it no more; those that pay from it may.
#[no_mangle]
pub extern "C" fn remove_budget(budget: u32) {
    BUDGETS.with_borrow_mut(|budgets| budgets.of.remove(&budget));
}

#[derive(Default)]
struct Budgets {
    of: HashMap<u32, SharedRetryBudget>,
    made: u32,
}

thread_local! {
    static BUDGETS: RefCell<Budgets> = RefCell::default();
    /// On their way in.
    static LIST: RefCell<Vec<f64>> = const { RefCell::new(Vec::new()) };
    /// On their way out.
    static SCRATCH: RefCell<Vec<f64>> = const { RefCell::new(Vec::new()) };
}

/// Lists of numbers, on their way in or out.
struct Scratch;

impl Scratch {
    fn fill<const COUNT: usize>(numbers: [f64; COUNT]) {
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.clear();
            scratch.extend(numbers);
        });
    }

    fn take() -> Vec<f64> {
        LIST.with_borrow_mut(std::mem::take)
    }
}

/// Begins a list of numbers for what is called next.
#[no_mangle]
pub extern "C" fn begin_list() {
    ask_for_room();
    LIST.with_borrow_mut(Vec::clear);
}

/// Puts a number at its end.
#[no_mangle]
pub extern "C" fn push(number: f64) {
    ask_for_room();
    LIST.with_borrow_mut(|list| list.push(number));
}

/// The number in a place of the scratch.
#[no_mangle]
pub extern "C" fn scratch(place: u32) -> f64 {
    SCRATCH.with_borrow(|scratch| or_nan(scratch.get(place as usize).copied()))
}

//! Asking the timer thread while it goes to sleep: a wake-up that is lost is a moment
//! slept through.
//!
//! In a process of its own, and one thing after another: whoever else asks wakes the
//! thread too, and hides what was lost. `tests/timer.rs` has the crowd.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use didelphis::runtime::clock;
use didelphis::runtime::timer::{Task, Timer};
use didelphis_core::time::Nanos;

/// Far more than a machine is suspended; a wake-up that is lost takes for ever.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Default)]
struct Counter {
    times: AtomicU64,
    early: AtomicU64,
}

impl Counter {
    fn times(&self) -> u64 {
        self.times.load(Ordering::SeqCst)
    }
}

impl Task for Counter {
    fn on_time(&self, at: Nanos) {
        self.early.fetch_add(u64::from(clock::now() < at), Ordering::SeqCst);
        self.times.fetch_add(1, Ordering::SeqCst);
    }
}

fn ask(counter: &Arc<Counter>, ahead: Nanos) {
    let task: Weak<dyn Task> = Arc::downgrade(&(counter.clone() as Arc<dyn Task>));
    Timer::global().call_at(clock::now() + ahead, task);
}

#[test]
fn no_moment_is_slept_through() {
    let near = Arc::new(Counter::default());
    // With nothing to come the thread sleeps until it is woken.
    asked_as_it_goes_to_sleep(&near, "for good");
    asked_while_it_sleeps_for_longer();
    let far = Arc::new(Counter::default());
    ask(&far, Nanos::from_millis(3_600_000));
    asked_as_it_goes_to_sleep(&near, "for an hour");
    assert_eq!(near.early.load(Ordering::SeqCst), 0, "moments that came too early");
    assert_eq!(far.times(), 0, "an hour was skipped");
}

/// As soon as a moment has come, the thread goes to sleep; the next is asked for at any
/// point of its way there.
fn asked_as_it_goes_to_sleep(near: &Arc<Counter>, how_long: &str) {
    const ROUNDS: u64 = 40_000;
    let before = near.times();
    let mut random = 0x9E37_79B9_7F4A_7C15u64;
    for round in 1..=ROUNDS {
        ask(near, Nanos::ZERO);
        let patience = Instant::now() + PATIENCE;
        while near.times() < before + round {
            assert!(Instant::now() < patience, "slept {how_long} through moment {round}");
            spin_loop();
        }
        // The way is short, and there may be a gap anywhere: a few spins mostly.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        for _ in 0..(random >> 8) % (1 << (random % 9)) {
            spin_loop();
        }
    }
}

/// A moment that comes before the one the thread sleeps for, by little or by much, comes
/// by itself, and not with that.
fn asked_while_it_sleeps_for_longer() {
    const FAR: f64 = 320.0;
    // A machine that others use may be slow to wake the thread, once.
    let missed = |share: f64| (0..2).all(|_| is_missed(FAR, FAR * share));
    let shares = (0..4).flat_map(|halved| {
        (0..6).map(move |step| (7.0 + f64::from(step)) / 12.5 / f64::from(1 << halved))
    });
    let missed: Vec<_> = shares.filter(|share| missed(*share)).collect();
    assert!(missed.len() <= 2, "of a sleep for {FAR} ms, slept through its {missed:.2?}");
}

/// Whether a moment has not come, some milliseconds after it was due.
fn is_missed(far_ms: f64, near_ms: f64) -> bool {
    const SLACK: Duration = Duration::from_millis(8);
    let (far, near) = (Arc::new(Counter::default()), Arc::new(Counter::default()));
    ask(&far, Nanos::from_millis_f64(far_ms));
    thread::sleep(Duration::from_millis(1));
    ask(&near, Nanos::from_millis_f64(near_ms));
    thread::sleep(Duration::from_secs_f64(near_ms / 1e3) + SLACK);
    let missed = near.times() == 0;
    let patience = Instant::now() + PATIENCE;
    while far.times() + near.times() < 2 {
        assert!(Instant::now() < patience, "moments that never came");
        thread::sleep(Duration::from_millis(1));
    }
    missed
}

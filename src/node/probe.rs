//! What tests in JavaScript have another thread do with the breakers of the process: read and
//! steer them, as a server will. Only in a build with the feature `probe`, which `.ci/probe`
//! makes; what is published has nothing of it.

// `#[napi]` asks for functions that are.
#![allow(unreachable_pub)]
// napi exports nothing of a unit test.
#![cfg_attr(test, allow(dead_code))]

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use napi_derive::napi;

use crate::runtime::registry::Registry;
use didelphis_core::inbox::Command;
use didelphis_core::state::State;
use didelphis_core::window::Counter;

static READS: AtomicBool = AtomicBool::new(false);
static READINGS: AtomicU32 = AtomicU32::new(0);

/// Begins to read all breakers again and again on a thread of its own.
#[napi(catch_unwind)]
pub fn probe_read() {
    READS.store(true, Ordering::Relaxed);
    thread::spawn(|| {
        while READS.load(Ordering::Relaxed) {
            for entry in Registry::global().all() {
                // Those that are gone are read as well.
                thread::yield_now();
                if entry.read().is_some() {
                    READINGS.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    });
}

/// Ends that. Returns how many readings there were.
#[napi(catch_unwind)]
pub fn probe_stop() -> u32 {
    READS.store(false, Ordering::Relaxed);
    READINGS.load(Ordering::Relaxed)
}

/// How many breakers there are.
#[napi(catch_unwind)]
pub fn probe_count() -> u32 {
    Registry::global().len() as u32
}

/// Gives the youngest breaker a command, on another thread and in so many milliseconds.
#[napi(catch_unwind)]
pub fn probe_command(opens: bool, delay: u32) {
    let entry = Registry::global().all().pop().expect("a breaker");
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(u64::from(delay)));
        let _ = entry.command(if opens { Command::Open } else { Command::Close });
    });
}

/// The state of the youngest breaker, and how many calls of it succeeded.
#[napi(catch_unwind)]
pub fn probe_reading() -> (String, i64) {
    let entry = Registry::global().all().pop().expect("a breaker");
    let reading = entry.read().expect("nobody writes");
    let state = match reading.state {
        State::Closed => "closed",
        State::Open { .. } => "open",
        State::HalfOpen { .. } => "half open",
        State::Shutdown => "shut down",
    };
    (state.into(), reading.since_beginning[Counter::Successes as usize])
}

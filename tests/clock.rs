//! A processor's counter that jumps, as after a suspension or when a virtual machine is
//! moved: nothing that waits comes early for it, and nothing waits for longer than the
//! system's clock says. The jumps are the tests' own; debug builds have a counter that can.
#![cfg(debug_assertions)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use didelphis::runtime::clock::{self, jumps};
use didelphis::runtime::driver::{self, AlarmSample, Driver, LoopWaker};
use didelphis::runtime::loop_clock::{LoopHost, LoopMeter, STALL};
use didelphis_core::breaker::{Admission, CircuitBreaker};
use didelphis_core::config::Config;
use didelphis_core::state::State;
use didelphis_core::time::Nanos;

const AN_HOUR: i64 = 3_600 * 1_000_000_000;

/// The counter is that of the whole process: one test at a time.
static COUNTER: Mutex<()> = Mutex::new(());

#[derive(Default)]
struct Inbox(Mutex<VecDeque<AlarmSample>>);

impl LoopWaker for Inbox {
    fn announce(&self, _: u32, sample: AlarmSample) {
        self.0.lock().expect("nobody panics").push_back(sample);
    }

    fn report_no_thread(&self) {
        panic!("there are threads to be had here");
    }
}

struct Nobody;

impl LoopHost for Nobody {
    fn on_turn(&self, _: Option<Nanos>) {}

    fn oldest_stall(&self, _: usize) -> Option<u64> {
        None
    }
}

/// A breaker on a loop of which no turn is seen, so that each look is a closer one.
fn driven(timeout_ms: u64, reset_ms: u64) -> (Driver, Arc<Inbox>) {
    // SAFETY: no loop is named.
    let meter = unsafe { LoopMeter::start(std::ptr::null_mut(), None, Box::new(Nobody)) };
    let inbox = Arc::new(Inbox::default());
    let mut config = Config::default();
    config.live.timeout = Some(Nanos::from_millis(timeout_ms));
    config.live.reset_timeout = Nanos::from_millis(reset_ms).into();
    let make = |now| CircuitBreaker::new(config, now);
    (driver::native(make, meter, STALL, inbox.clone(), 0), inbox)
}

/// Plays the loop until a call has expired; after how long it had.
fn time_to_expire(driver: &Driver, inbox: &Inbox) -> Duration {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(20) {
        let sample = inbox.0.lock().expect("nobody panics").pop_front();
        if sample.is_some_and(|sample| driver.on_alarm(&sample)) {
            return began.elapsed();
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("the call has not timed out in 20 s");
}

#[test]
fn time_goes_on_as_the_system_says() {
    let _alone = COUNTER.lock().unwrap_or_else(PoisonError::into_inner);
    let began = clock::checked_now();
    for hours in [1, -1, 40_000, -80_000] {
        jumps::jump(hours * AN_HOUR);
        let passed = clock::checked_now() - began;
        assert!(clock::checked_now() + Nanos::from_millis(1) >= began, "after {hours} h");
        assert!(passed < Nanos::from_millis(60_000), "after {hours} h: {passed:?}");
    }
}

#[test]
fn a_deadline_comes_when_it_is_due_whichever_way_the_counter_jumps() {
    let _alone = COUNTER.lock().unwrap_or_else(PoisonError::into_inner);
    for jump in [AN_HOUR, -AN_HOUR] {
        let (driver, inbox) = driven(300, 30_000);
        let admitted = driver.with(|breaker, now| breaker.try_acquire(false, now));
        assert!(matches!(admitted, Admission::Admitted(_)));
        jumps::jump(jump);
        let after = time_to_expire(&driver, &inbox);
        assert!(after >= Duration::from_millis(290), "early, after {after:?}");
        assert!(after < Duration::from_secs(10), "late, after {after:?}");
    }
}

#[test]
fn an_open_circuit_stays_open_when_the_counter_jumps() {
    let _alone = COUNTER.lock().unwrap_or_else(PoisonError::into_inner);
    let (driver, _inbox) = driven(300, 60_000);
    driver.with(|breaker, now| breaker.open(now));
    for jump in [AN_HOUR, -2 * AN_HOUR, AN_HOUR] {
        jumps::jump(jump);
        let state = driver.with(|breaker, now| breaker.state(now));
        assert!(matches!(state, State::Open { .. }), "{state:?}");
    }
}

#[test]
fn a_circuit_is_half_open_on_time_when_the_counter_falls_back() {
    let _alone = COUNTER.lock().unwrap_or_else(PoisonError::into_inner);
    let (driver, inbox) = driven(300, 200);
    driver.with(|breaker, now| breaker.open(now));
    jumps::jump(-AN_HOUR);
    assert!(time_to_expire(&driver, &inbox) >= Duration::from_millis(190));
    let state = driver.with(|breaker, now| breaker.state(now));
    assert!(matches!(state, State::HalfOpen { .. }), "{state:?}");
}

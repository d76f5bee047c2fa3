//! The breakers of a process as other threads see them, with real loops: each a thread that
//! drives its breakers as the addon does, while others read and steer.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use didelphis::runtime::driver::{self, AlarmSample, Driver, LoopWaker};
use didelphis::runtime::loop_clock::{LoopHost, LoopMeter, STALL};
use didelphis::runtime::registry::{Entry, Registration, Registry, WakeForCommands};
use didelphis_core::breaker::{Admission, CircuitBreaker, Refusal, Settled};
use didelphis_core::config::Config;
use didelphis_core::inbox::{Command, Fate, NotPut};
use didelphis_core::state::State;
use didelphis_core::time::Nanos;
use didelphis_core::window::Counter;
use didelphis_host::host_clock::{Failure, Host, HostClock};

/// A loop's way from other threads.
struct Way(Mutex<Sender<u32>>);

impl LoopWaker for Way {
    fn announce(&self, _: u32, _: AlarmSample) {}

    fn report_no_thread(&self) {
        panic!("there are threads to be had here");
    }
}

impl WakeForCommands for Way {
    fn wake_for_commands(&self, number: u32) {
        // A loop that has ended hears nothing.
        let _ = self.0.lock().expect("nobody panics").send(number);
    }
}

struct Nobody;

impl LoopHost for Nobody {
    fn on_turn(&self, _: Option<Nanos>) {}

    fn oldest_stall(&self, _: usize) -> Option<u64> {
        None
    }
}

/// A loop with one breaker.
struct Loop {
    driver: Driver,
    registration: Registration,
    woken: Receiver<u32>,
}

impl Loop {
    fn new(registry: &'static Registry, number: u32, config: Config) -> Loop {
        // SAFETY: no loop is named.
        let meter = unsafe { LoopMeter::start(std::ptr::null_mut(), None, Box::new(Nobody)) };
        let (way, woken) = way();
        let make = |now| CircuitBreaker::new(config, now);
        let driver = driver::native(make, meter, STALL, way.clone(), number);
        let registration = registry.enter(driver.published(), way, number);
        Loop { driver, registration, woken }
    }

    fn entry(&self) -> Arc<Entry> {
        self.registration.entry().clone()
    }

    /// A call that succeeds. Whether it was let through; what there was to announce is.
    fn call(&self) -> bool {
        self.driver.with(|breaker, now| loop {
            match breaker.try_acquire(false, now) {
                Admission::Admitted(permit) => {
                    assert!(matches!(breaker.on_success(permit, now), Settled::Done { .. }));
                    return true;
                }
                Admission::EventsFirst => while breaker.poll_event().is_some() {},
                Admission::Refused(Refusal::Open { .. }) => return false,
                other => panic!("{other:?}"),
            }
        })
    }
}

fn way() -> (Arc<Way>, Receiver<u32>) {
    let (sender, receiver) = mpsc::channel();
    (Arc::new(Way(Mutex::new(sender))), receiver)
}

/// One apart from those of other tests, for as long as the process.
fn registry() -> &'static Registry {
    Box::leak(Box::default())
}

fn is_listed(registry: &Registry, entry: &Entry) -> bool {
    registry.all().iter().any(|other| other.id() == entry.id())
}

#[test]
fn a_breaker_leaves_as_it_is_dropped() {
    let registry = registry();
    let of_loop = Loop::new(registry, 0, Config::default());
    let entry = of_loop.entry();
    assert!(is_listed(registry, &entry) && !entry.is_gone());
    assert_eq!(registry.get(entry.id()).map(|found| found.id()), Some(entry.id()));
    assert!(of_loop.call());
    drop(of_loop);
    assert!(!is_listed(registry, &entry) && entry.is_gone());
    assert!(registry.get(entry.id()).is_none());
    assert_eq!(entry.command(Command::Open), Err(NotPut::Gone));
    let reading = entry.read().expect("nobody writes any more");
    assert_eq!(reading.since_beginning[Counter::Successes as usize], 1, "as it was last");
}

#[test]
fn no_id_is_given_twice() {
    let registry = registry();
    let mut ids: Vec<_> =
        (0..100).map(|_| Loop::new(registry, 7, Config::default()).entry().id()).collect();
    assert!(ids.is_sorted());
    ids.dedup();
    assert_eq!(ids.len(), 100);
}

#[test]
fn a_command_is_in_force_for_the_first_call_though_the_loop_was_stalled() {
    let (tell, told) = mpsc::channel();
    let commanded = Arc::new(AtomicBool::new(false));
    let of_loop = thread::spawn({
        let commanded = commanded.clone();
        move || {
            let of_loop = Loop::new(registry(), 3, Config::default());
            assert!(of_loop.call());
            tell.send(of_loop.entry()).expect("somebody listens");
            // Stalled: no turn ends, and nothing is heard.
            while !commanded.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
            assert!(!of_loop.call(), "let through");
            assert_eq!(of_loop.woken.try_iter().collect::<Vec<_>>(), [3], "woken once");
        }
    });
    let entry = told.recv().expect("a loop");
    let first = entry.command(Command::Close).expect("it is there");
    let last = entry.command(Command::Open).expect("it is there");
    assert_eq!((entry.fate(&first), entry.fate(&last)), (Fate::Waits, Fate::Waits));
    let reading = entry.read().expect("nobody writes");
    assert!(reading.commands_wait && reading.state == State::Closed);
    commanded.store(true, Ordering::Relaxed);
    of_loop.join().expect("the loop");
    assert_eq!((entry.fate(&first), entry.fate(&last)), (Fate::Obeyed, Fate::Obeyed));
}

#[test]
fn half_open_is_seen_while_the_loop_is_stalled() {
    let mut config = Config::default();
    config.live.reset_timeout = Nanos::from_millis(30).into();
    let of_loop = Loop::new(registry(), 0, config);
    let entry = of_loop.entry();
    of_loop.driver.with(|breaker, now| breaker.open(now));
    // Nobody touches the breaker from here on.
    let began = Instant::now();
    let state = || entry.read().expect("nobody writes").state;
    assert!(matches!(state(), State::Open { .. }) || began.elapsed() > Duration::from_millis(30));
    while state() != (State::HalfOpen { probing_until: None }) {
        assert!(began.elapsed() < Duration::from_secs(10));
        thread::sleep(Duration::from_millis(1));
    }
    assert!(began.elapsed() >= Duration::from_millis(29), "too early");
}

/// A clock that only its host can read.
#[derive(Clone, Default)]
struct Fake(Rc<Cell<f64>>);

impl Host for Fake {
    fn now(&self) -> Result<f64, Failure> {
        Ok(self.0.get())
    }

    fn set_timer(&self, _: Option<Nanos>) -> Result<(), Failure> {
        Ok(())
    }
}

#[test]
fn a_breaker_on_the_clock_of_a_host_shows_its_state_and_no_moment() {
    let fake = Fake::default();
    let host = Rc::new(HostClock::new(Box::new(fake.clone()), Rc::default()));
    host.read();
    let make = |now| CircuitBreaker::new(Config::default(), now);
    let driver = Driver::hosted(make, host.clone());
    let registration = registry().enter(driver.published(), way().0, 0);
    let entry = registration.entry();
    driver.with(|breaker, now| breaker.open(now));
    let open = State::Open { retry_at: Nanos::MAX };
    let reading = entry.read().expect("nobody writes");
    assert!(!reading.shows_moments);
    assert_eq!(reading.state, open);
    // Its time is up by the host's clock, which the loop alone sees.
    fake.0.set(40_000.0);
    host.read();
    assert_eq!(entry.read().map(|reading| reading.state), Some(open));
    driver.with(|breaker, now| breaker.on_commands(now));
    let half_open = State::HalfOpen { probing_until: None };
    assert_eq!(entry.read().map(|reading| reading.state), Some(half_open));

    // On the loop's clock it shows them.
    // SAFETY: no loop is named.
    let meter = unsafe { LoopMeter::start(std::ptr::null_mut(), None, Box::new(Nobody)) };
    let driver = driver::native(driver.leave(), meter, STALL, way().0, 0);
    driver.with(|breaker, now| {
        breaker.close(now);
        breaker.open(now);
    });
    let reading = entry.read().expect("nobody writes");
    assert!(reading.shows_moments);
    assert!(matches!(reading.state, State::Open { retry_at } if !retry_at.is_never()));
}

/// Environments begin and end in the middle of calls, breakers are made and dropped, and other
/// threads go on reading and steering whatever there is, with no regard for it.
#[test]
fn readers_and_steerers_outlive_environments_that_end_in_mid_call() {
    const LOAD: Duration = Duration::from_secs(3);
    /// How long a machine that is busy with other things may take for what is asked below.
    const AT_MOST: Duration = Duration::from_secs(60);
    let registry = registry();
    let began = Instant::now();
    let (readings, obeyed) = (AtomicU64::new(0), AtomicU64::new(0));
    let has_had_enough =
        || readings.load(Ordering::Relaxed) > 1_000 && obeyed.load(Ordering::Relaxed) > 100;
    let goes_on = || {
        let passed = began.elapsed();
        passed < LOAD || !has_had_enough() && passed < AT_MOST
    };
    let ended = AtomicBool::new(false);
    let environment = || {
        let mut made = 0u32;
        while goes_on() {
            let loops: Vec<_> =
                (0..3).map(|number| Loop::new(registry, number, Config::default())).collect();
            made += 3;
            for turn in 0..200 {
                let of_loop = &loops[turn % loops.len()];
                of_loop.call();
                for _ in of_loop.woken.try_iter() {
                    of_loop.driver.with(|breaker, now| breaker.on_commands(now));
                }
            }
            // One more call is under way as all of it ends.
            let last = loops[0].driver.with(|breaker, now| breaker.try_acquire(true, now));
            assert_ne!(last, Admission::Refused(Refusal::Shutdown));
        }
        made
    };
    let reader = || {
        let mut seen: Vec<(u64, i64)> = Vec::new();
        while !ended.load(Ordering::Relaxed) {
            for entry in registry.all() {
                let Some(reading) = entry.read() else { continue };
                let fires = reading.since_beginning[Counter::Fires as usize];
                match seen.iter_mut().find(|(id, _)| *id == entry.id()) {
                    Some((_, before)) => {
                        assert!(fires >= *before, "{fires} after {before}");
                        *before = fires;
                    }
                    None => seen.push((entry.id(), fires)),
                }
                readings.fetch_add(1, Ordering::Relaxed);
            }
            seen.retain(|(id, _)| registry.get(*id).is_some());
        }
    };
    let steerer = || {
        while !ended.load(Ordering::Relaxed) {
            for entry in registry.all() {
                for command in [Command::Open, Command::Close] {
                    let receipt = match entry.command(command) {
                        Ok(receipt) => receipt,
                        Err(refused) => {
                            assert!(refused == NotPut::Full || entry.is_gone());
                            continue;
                        }
                    };
                    // Each is obeyed, or its breaker goes.
                    while entry.fate(&receipt) == Fate::Waits {
                        thread::yield_now();
                    }
                    if entry.fate(&receipt) == Fate::Obeyed {
                        obeyed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        }
    };
    thread::scope(|scope| {
        let environments = [(); 2].map(|()| scope.spawn(environment));
        let readers = [(); 2].map(|()| scope.spawn(reader));
        let steerer = scope.spawn(steerer);
        let made: u32 = environments.map(|it| it.join().expect("an environment")).iter().sum();
        ended.store(true, Ordering::Relaxed);
        for reader in readers {
            reader.join().expect("a reader");
        }
        steerer.join().expect("the steerer");
        assert!(
            made > 100 && has_had_enough(),
            "{made} breakers, {readings:?} readings, {obeyed:?} obeyed"
        );
    });
}

//! The clock and the timer of a host: in tests, those that a test has put in place.
//!
//! A host's clock may jump and run backwards, be set to any date, and fail; it is anybody's
//! code. Here it becomes a present that never runs backwards, counted from the moment at
//! which the host was taken. The host's code runs in [`HostClock::read`] and
//! [`HostClock::set_timer`] alone, and may do anything, so whoever calls these holds nothing
//! borrowed. Used by the driver.

use std::cell::Cell;
use std::rc::Rc;

use didelphis_core::time::Nanos;

/// A clock and a timer that are not ours.
pub trait Host {
    /// The milliseconds that the clock shows; what is not finite says nothing.
    fn now(&self) -> Result<f64, Failure>;

    /// Asks for [`Driver::on_host_alarm`](crate::driver::Driver::on_host_alarm) after that
    /// time, or not at all, instead of whenever it was asked for before.
    fn set_timer(&self, wait: Option<Nanos>) -> Result<(), Failure>;
}

/// Why the code of a host gave nothing.
#[derive(Clone, Copy, Debug)]
pub enum Failure {
    /// It has thrown.
    Threw,
    /// The engine has stopped it, and goes on with that when the crossing has ended. It forgets that
    /// if code of JavaScript's is called before, so that what it was to stop has no end.
    Stopped,
}

/// Whether the code of a host was stopped in the crossing under way, so that none runs any more
/// until the next one. Shared by the clocks of an environment.
#[derive(Debug, Default)]
pub struct Stop {
    has_come: Cell<bool>,
    /// A crossing is under way that runs the code of hosts more than once.
    is_within: Cell<bool>,
}

impl Stop {
    /// A crossing begins, or goes on where it is inside one that runs the code of hosts more than
    /// once.
    pub(crate) fn begin(&self) {
        if !self.is_within.get() {
            self.has_come.set(false);
        }
    }

    /// Until what this gives is dropped, all is one crossing.
    pub(crate) fn begin_long(&self) -> Long<'_> {
        self.begin();
        Long { stop: self, outer: self.is_within.replace(true) }
    }
}

/// See [`Stop::begin_long`].
pub(crate) struct Long<'a> {
    stop: &'a Stop,
    outer: bool,
}

impl Drop for Long<'_> {
    fn drop(&mut self) {
        self.stop.is_within.set(self.outer);
    }
}

/// See the [module](self).
pub struct HostClock {
    host: Box<dyn Host>,
    stop: Rc<Stop>,
    /// What the clock has shown last.
    shown: Cell<f64>,
    /// The moment of that: no time passes when a clock is set back.
    shown_at: Cell<Nanos>,
    /// The latest moment that is known to have come.
    present: Cell<Nanos>,
    /// Whether it has been read for what is done next.
    is_read: Cell<bool>,
    /// The timer that is to be set: in how much time, or none.
    wanted: Cell<Option<Option<Nanos>>>,
}

impl HostClock {
    /// Takes a host. Runs its code, as [`HostClock::read`] does.
    pub fn new(host: Box<dyn Host>, stop: Rc<Stop>) -> Self {
        let clock = HostClock {
            host,
            stop,
            shown: Cell::new(f64::NEG_INFINITY),
            shown_at: Cell::new(BEGINNING),
            present: Cell::new(BEGINNING),
            is_read: Cell::new(false),
            wanted: Cell::new(None),
        };
        clock.read();
        clock
    }

    /// Looks at the host's clock, before anything else is done in a crossing.
    pub fn read(&self) {
        self.stop.begin();
        let shown = self.run(|host| host.now()).filter(|shown| shown.is_finite());
        let Some(shown) = shown else { return };
        // The first that a clock shows which has failed until now says nothing.
        let before = self.shown.replace(shown);
        let passed = if before.is_finite() { shown - before } else { 0.0 };
        // A clock may be set to any date: a jump takes half of what is left of time, so that
        // time never comes to its end.
        let left = Nanos::new((END - self.shown_at.get()).get() / 2);
        self.shown_at.set(self.shown_at.get() + Nanos::from_millis_f64(passed).min(left));
        self.reach(self.shown_at.get());
    }

    pub(crate) fn take_reading(&self) -> bool {
        self.is_read.replace(false)
    }

    pub(crate) fn mark_read(&self) {
        self.is_read.set(true);
    }

    /// The present, as it was read last.
    #[inline]
    pub fn present(&self) -> Nanos {
        self.present.get()
    }

    /// That moment is known to have come.
    pub(crate) fn reach(&self, at: Nanos) {
        self.present.set(self.present.get().max(at));
    }

    /// The timer is to go off at `at`, or never. Returns when it will.
    pub(crate) fn want_timer(&self, at: Nanos, now: Nanos) -> Nanos {
        let wait = (!at.is_never()).then(|| (at - now).min(LONGEST_WAIT));
        // JavaScript's timers leave out a fraction of a millisecond, and would be too early.
        self.wanted.set(Some(wait.map(|wait| Nanos::from_millis(wait.get().div_ceil(MS)))));
        wait.map_or(Nanos::MAX, |wait| now + wait)
    }

    /// Whether the timer is to be set.
    pub fn wants_timer(&self) -> bool {
        self.wanted.get().is_some()
    }

    /// Sets the timer as it is wanted. If that fails, for there is no more stack or the code of the
    /// host was stopped, it is to be set by whoever does this next.
    pub fn set_timer(&self) {
        let Some(wait) = self.wanted.take() else { return };
        if self.run(|host| host.set_timer(wait)).is_none() && !self.wants_timer() {
            self.wanted.set(Some(wait));
        }
    }

    /// The breaker lives by something else from now on: the timer must not go off. Another
    /// clock may be the same one with something around its functions.
    pub fn leave(&self) {
        self.wanted.set(None);
        self.run(|host| host.set_timer(None));
    }

    /// Runs code of the host's, unless some was stopped in this crossing.
    fn run<R>(&self, code: impl FnOnce(&dyn Host) -> Result<R, Failure>) -> Option<R> {
        if self.stop.has_come.get() {
            return None;
        }
        let result = code(&*self.host);
        if matches!(result, Err(Failure::Stopped)) {
            self.stop.has_come.set(true);
        }
        result.ok()
    }
}

/// Far from both ends of time: what was before the host was taken must be there.
const BEGINNING: Nanos = Nanos::new(u64::MAX / 4);

/// Before [`Nanos::MAX`], which is never, with room for what is still to come.
const END: Nanos = Nanos::new(u64::MAX / 4 * 3);

/// A millisecond in nanoseconds.
const MS: u64 = 1_000_000;

/// The longest time that JavaScript's `setTimeout` takes: it keeps milliseconds in 31
/// bits, and makes one millisecond of more.
const LONGEST_WAIT: Nanos = Nanos::from_millis((1 << 31) - 1);

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Wall(Cell<f64>);

    impl Host for Rc<Wall> {
        fn now(&self) -> Result<f64, Failure> {
            Ok(self.0.get())
        }

        fn set_timer(&self, _: Option<Nanos>) -> Result<(), Failure> {
            Ok(())
        }
    }

    const YEAR: f64 = 365.0 * 24.0 * 3_600_000.0;

    #[test]
    fn time_passes_at_any_date_and_after_any_jump() {
        let monotonic = Rc::new(Wall::default());
        let clock = HostClock::new(Box::new(monotonic.clone()), Rc::default());
        let mut date = 0.0;
        for jump in [0.0, 600.0 * YEAR, 8_000.0 * YEAR, 1e300, 1.0, 9_000.0 * YEAR] {
            date += jump;
            monotonic.0.set(date);
            clock.read();
            let before = clock.present();
            monotonic.0.set(date + 1_000.0);
            clock.read();
            // A date may be so far away that its clock shows nothing as short as a second.
            if monotonic.0.get() > date {
                assert_eq!((clock.present() - before).as_millis(), 1_000, "after {jump} ms");
            }
            assert!(clock.present() < END);
        }
    }

    #[derive(Default)]
    struct Stoppable {
        is_stopped: Cell<bool>,
        runs: Cell<u32>,
    }

    impl Stoppable {
        fn run(&self) -> Result<f64, Failure> {
            self.runs.set(self.runs.get() + 1);
            if self.is_stopped.get() {
                Err(Failure::Stopped)
            } else {
                Ok(0.0)
            }
        }
    }

    impl Host for Rc<Stoppable> {
        fn now(&self) -> Result<f64, Failure> {
            self.run()
        }

        fn set_timer(&self, _: Option<Nanos>) -> Result<(), Failure> {
            self.run().map(|_| ())
        }
    }

    #[test]
    fn where_a_host_was_stopped_no_code_of_any_runs_until_the_next_crossing() {
        let stop = Rc::new(Stop::default());
        let hosts = [(); 2].map(|()| Rc::new(Stoppable::default()));
        let [clock, other] =
            [0, 1].map(|one| HostClock::new(Box::new(hosts[one].clone()), stop.clone()));
        let runs = || [0, 1].map(|one: usize| hosts[one].runs.get());
        assert_eq!(runs(), [1, 1]);

        hosts[0].is_stopped.set(true);
        let long = stop.begin_long();
        clock.read();
        clock.want_timer(clock.present() + Nanos::from_millis(5), clock.present());
        clock.set_timer();
        // What is inside the crossing is the same one.
        drop(stop.begin_long());
        other.read();
        other.leave();
        drop(long);
        assert_eq!((runs(), clock.wants_timer()), ([2, 1], true));

        hosts[0].is_stopped.set(false);
        clock.read();
        clock.set_timer();
        assert_eq!((runs(), clock.wants_timer()), ([4, 1], false));
    }

    #[test]
    fn a_clock_that_is_set_back_goes_on_from_there() {
        let monotonic = Rc::new(Wall::default());
        monotonic.0.set(5_000.0);
        let clock = HostClock::new(Box::new(monotonic.clone()), Rc::default());
        for shown in [4_000.0, f64::NAN, f64::INFINITY, 3_000.0] {
            monotonic.0.set(shown);
            clock.read();
            assert_eq!(clock.present(), BEGINNING);
        }
        monotonic.0.set(3_001.0);
        clock.read();
        assert_eq!(clock.present(), BEGINNING + Nanos::from_millis(1));
    }
}

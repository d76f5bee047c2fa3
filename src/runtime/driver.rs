//! Breakers on a loop with a timer thread: when the moment has come that a breaker named, the
//! thread takes a look at the loop and sends what it saw ([`AlarmSample`]) there; the loop
//! decides by it. That costs a call nothing, where a lock that both take costs two atomic
//! operations for each crossing; and a call whose answer is read before the loop comes to
//! decide has been answered.

use std::rc::Rc;
use std::sync::{Arc, Weak};

use super::loop_clock::{LoopClock, LoopMeter};
use super::timer::{Task, Timer};
use didelphis_core::breaker::CircuitBreaker;
use didelphis_core::expiry::LoopSample;
use didelphis_core::stall_log::StallLog;
use didelphis_core::time::{Nanos, Now};
pub use didelphis_host::driver::AlarmSample;
use didelphis_host::driver::{self, LoopSide};
use didelphis_host::stall_total::StallTotal;

/// A breaker, and what drives it.
pub type Driver = driver::Driver<ThreadedLoop>;

/// The way from the timer thread to a loop.
pub trait LoopWaker: Send + Sync {
    /// The alarm of breaker `id` has gone off; its loop is to call
    /// [`Driver::on_alarm`](driver::Driver::on_alarm). Called on the timer thread.
    fn announce(&self, id: u32, sample: AlarmSample);

    /// There is no timer thread to be had: the loop is to see to the
    /// [timer](Timer::work) itself. Called on the loop's thread.
    fn report_no_thread(&self);
}

/// Takes a breaker to its loop: `make` makes it, given the present. `waker` is
/// the loop's way from the timer thread. A turn of the loop that is busy for longer
/// than `stall_threshold` does not count for its timeouts.
pub fn native(
    make: impl FnOnce(Now) -> CircuitBreaker,
    meter: Rc<LoopMeter>,
    stall_threshold: Nanos,
    waker: Arc<dyn LoopWaker>,
    id: u32,
) -> Driver {
    Driver::on_loop(make, ThreadedLoop::new(meter, stall_threshold, waker, id))
}

/// What a breaker has of a loop that the timer thread wakes.
pub struct ThreadedLoop {
    meter: Rc<LoopMeter>,
    stall_total: Rc<StallTotal>,
    alarm: Arc<Alarm>,
}

impl ThreadedLoop {
    /// For the breaker with that number; as of [`native`].
    pub fn new(
        meter: Rc<LoopMeter>,
        stall_threshold: Nanos,
        waker: Arc<dyn LoopWaker>,
        id: u32,
    ) -> Self {
        let stall_total = meter.stall_total(stall_threshold);
        let alarm = Arc::new(Alarm { clock: meter.clock().clone(), waker, id });
        ThreadedLoop { meter, stall_total, alarm }
    }
}

impl LoopSide for ThreadedLoop {
    #[inline]
    fn now(&self) -> Now {
        self.meter.now(&self.stall_total)
    }

    fn view(&self) -> LoopSample {
        self.meter.view()
    }

    fn with_stalls<R>(&self, ask: impl FnOnce(&StallLog) -> R) -> R {
        ask(&self.stall_total.log())
    }

    fn total_place(&self) -> usize {
        self.stall_total.place()
    }

    fn call_at(&self, at: Nanos) {
        let task: Weak<Alarm> = Arc::downgrade(&self.alarm);
        if !Timer::global().call_at(at, task) {
            self.alarm.waker.report_no_thread();
        }
    }
}

/// What the timer thread knows of a breaker.
struct Alarm {
    clock: Arc<LoopClock>,
    waker: Arc<dyn LoopWaker>,
    id: u32,
}

impl Task for Alarm {
    fn on_time(&self, at: Nanos) {
        self.waker.announce(self.id, AlarmSample { at, view: self.clock.view() });
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        Timer::global().on_task_dropped();
    }
}

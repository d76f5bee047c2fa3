//! Everything that is not on the way of every call, with `#[napi]`: making and
//! dropping a breaker, the user's commands, reading the window.

use std::rc::Rc;
use std::sync::Arc;

use napi::bindgen_prelude::{FromNapiValue, Function, JsValue, Object, Unknown};
use napi::{Env, Error, Result, Status};
use napi_derive::napi;

use super::environment::Environment;
use super::held_by::HeldBy;
use super::host::JsHost;
use super::hot;
use super::site::NodeSite;
use crate::runtime::clock;
use crate::runtime::registry::{About, Names, Registration, Registry};
use crate::runtime::timer::Timer;
use crate::runtime::uuid;
use didelphis_abi::fingerprint::FINGERPRINT;
use didelphis_core::breaker::CircuitBreaker;
use didelphis_core::calls::Permit;
use didelphis_core::latency::{self, BINS};
use didelphis_core::mode::Mode;
use didelphis_core::state::State;
use didelphis_core::time::{Nanos, Now};
use didelphis_host::breaker_options::BreakerOptions;
use didelphis_host::commands;
use didelphis_host::hot::Environment as _;
use didelphis_host::instances::{Instances, TimeSource};
use didelphis_host::memory::Memory;

/// One load of the module: what all its breakers share.
#[napi(js_name = "Environment")]
pub struct JsEnvironment {
    inner: Rc<Environment>,
}

#[napi]
impl JsEnvironment {
    /// `onWakeup()` is called on the loop when `nextWakeup()` has something to say; it must be
    /// kept alive by the caller. `withLibuv`: whether this runtime
    /// lets addons use its libuv. `memory`: a `Float64Array` of a `SharedArrayBuffer`,
    /// through which the raw functions take and give. `fingerprint`: of the border, as
    /// JavaScript knows it. `thread`: the number of this thread, zero, or none, that of the main thread.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: Env,
        on_wakeup: Function<(), ()>,
        with_libuv: bool,
        #[napi(ts_arg_type = "Float64Array")] memory: Unknown,
        fingerprint: u32,
        thread: Option<u32>,
    ) -> Result<Self> {
        if fingerprint != FINGERPRINT {
            return Err(Error::new(
                Status::GenericFailure,
                "didelphis: its native binary is of another version than its JavaScript",
            ));
        }
        // SAFETY: napi gives the current environment and values of it.
        let inner = unsafe {
            Environment::open(
                env.raw(),
                on_wakeup.raw(),
                with_libuv,
                memory.raw(),
                thread.unwrap_or(0),
            )?
        };
        Ok(JsEnvironment { inner })
    }

    /// The raw functions.
    #[napi(
        catch_unwind,
        ts_return_type = "Record<'admit' | 'admitAgain' | 'admitWithin' | 'enter' | 'leave' | 'settle' | 'expire' | 'evaluateTrip' | 'abandon' | 'nextOut' | 'nextUnderWay' | 'count' | 'delay' | 'nextWakeup' | 'poll' | 'state', () => void>"
    )]
    pub fn hot<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        // SAFETY: napi gives the current environment, which is the one this was made
        // in: its objects cannot leave it.
        unsafe {
            let object = hot::functions(env.raw(), &self.inner)?;
            Object::from_napi_value(env.raw(), object)
        }
    }

    /// Makes a breaker with the options in the shared words, and leaves its number in the first
    /// word.
    #[napi(catch_unwind)]
    pub fn create(&self) -> Result<Handle> {
        let options = BreakerOptions::left_in(self.inner.words());
        let stall_threshold = Nanos::from_millis_f64(options.stall_threshold);
        self.add(options, TimeSource::Loop { stall_threshold })
    }

    /// Makes one that lives by a clock of JavaScript's: `now()` gives the milliseconds
    /// that it shows, and `setTimer(ms)` sees to it that `onTimer()` of the breaker is
    /// called in so many milliseconds, or not at all, instead of whenever it was set
    /// to before.
    #[napi(catch_unwind)]
    pub fn create_hosted(
        &self,
        env: Env,
        now: Function<(), f64>,
        set_timer: Function<Option<f64>, ()>,
    ) -> Result<Handle> {
        let options = BreakerOptions::left_in(self.inner.words());
        let host = JsHost::new(env, &now, &set_timer)?;
        self.add(options, self.inner.instances().host_clock(host))
    }

    /// Does the work of the timer thread, if there is still none to be had. Returns in how
    /// many milliseconds there is more to do, -1 when there is nothing for the caller.
    #[napi(catch_unwind)]
    pub fn work(&self) -> f64 {
        Timer::global().work().map_or(-1.0, Nanos::as_millis_f64)
    }

    /// Whether stalls of the loop are to be among the wake-ups.
    #[napi(catch_unwind)]
    pub fn hear_stalls(&self, wanted: bool) {
        self.inner.hear_stalls(wanted);
    }

    /// Stalls of the loop from so many milliseconds on are looked into from now on; without:
    /// no more.
    #[napi(catch_unwind)]
    pub fn look_into_stalls(&self, above: Option<f64>) {
        self.inner.look_into_stalls(above.map(Nanos::from_millis_f64));
    }

    /// How many milliseconds ago the stall of the last wake-up ended.
    #[napi(catch_unwind)]
    pub fn stall_ended_ago(&self) -> f64 {
        self.inner.stall_ended_ago().as_millis_f64()
    }

    /// What held the loop in the stall of the last wake-up, which was long; without: nobody
    /// knows.
    #[napi(catch_unwind)]
    pub fn on_long_stall(&self, held_by: Option<HeldBy>) {
        self.inner.on_long_stall(held_by.map(Into::into));
    }

    /// Leaves in the shared words, in ms where they are times: how long the turn under way has
    /// been busy; of the window, the number of stalls, their length and that of the
    /// longest, the mean of the turns' busy times and their quantiles; and the stalls since
    /// the beginning.
    #[napi(catch_unwind)]
    pub fn read_lag(&self) {
        let (mut loop_delay, busy) = self.inner.meter().loop_delay();
        commands::put_lag(self.inner.words(), &mut loop_delay, busy, clock::now());
    }

    /// Lets every call of every breaker of the process pass, or ends that.
    #[napi(catch_unwind)]
    pub fn bypass_all(&self, bypassed: bool) {
        // Makes room for the command.
        self.inner.instances().obey_commands();
        Registry::global().bypass(bypassed);
    }

    /// A random UUID.
    #[napi(catch_unwind)]
    pub fn uuid(&self) -> String {
        uuid::random()
    }

    /// For each bin of a histogram the latency that it stands for, in ms.
    #[napi(catch_unwind)]
    pub fn midpoints(&self) -> Vec<f64> {
        (0..BINS).map(|bin| latency::midpoint_of(bin).as_millis_f64()).collect()
    }

    fn add(&self, options: BreakerOptions, time: TimeSource) -> Result<Handle> {
        let shown = options.shown.clone();
        let config = options.into_config(uuid::random_number()).map_err(invalid)?;
        let id = self.inner.instances().add(|now| CircuitBreaker::new(config, now), &time);
        self.inner.words().put_word(0, id as i32);
        let handle = Handle { environment: self.inner.clone(), id };
        handle.show_options(shown);
        Ok(handle)
    }
}

impl Drop for JsEnvironment {
    fn drop(&mut self) {
        self.inner.close();
    }
}

/// A breaker; dropped with the JavaScript object that owns it.
#[napi]
pub struct Handle {
    environment: Rc<Environment>,
    id: u32,
}

#[napi]
impl Handle {
    /// Its number, the first argument of the raw functions.
    #[napi(getter, catch_unwind)]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Opens the circuit.
    #[napi(catch_unwind)]
    pub fn open(&self) {
        self.with(|breaker, now| breaker.open(now));
    }

    /// Closes the circuit.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.with(|breaker, now| breaker.close(now));
    }

    /// Guards calls, or does not.
    #[napi(catch_unwind)]
    pub fn set_enabled(&self, enabled: bool) {
        self.with(|breaker, now| breaker.set_mode(Mode::by_switch(enabled), now));
    }

    /// Refuses every call until the circuit is closed by hand.
    #[napi(catch_unwind)]
    pub fn force_open(&self) {
        self.with(|breaker, now| breaker.force_open(now));
    }

    /// Lets every call pass, and counts.
    #[napi(catch_unwind)]
    pub fn count_only(&self) {
        self.with(|breaker, now| breaker.set_mode(Mode::MetricsOnly, now));
    }

    /// Refuses every call from now on, while those under way go on.
    #[napi(catch_unwind)]
    pub fn drain(&self) {
        self.with(|breaker, now| breaker.drain(now));
    }

    /// Refuses every call from now on.
    #[napi(catch_unwind)]
    pub fn shutdown(&self) {
        self.with_calls(|breaker, now| breaker.shutdown(now));
    }

    /// An open circuit that may be tried in `remaining` ms, without announcing it.
    #[napi(catch_unwind)]
    pub fn restore_open(&self, remaining: f64) {
        let remaining = Nanos::from_millis_f64(remaining);
        self.with(|breaker, now| {
            breaker.restore(State::Open { retry_at: now.monotonic + remaining })
        });
    }

    /// A half-open circuit, without announcing it.
    #[napi(catch_unwind)]
    pub fn restore_half_open(&self) {
        self.with(|breaker, _| breaker.restore(State::HalfOpen { probing_until: None }));
    }

    /// Changes the live options for what comes to those in the shared words, where they lie as for `create`.
    #[napi(catch_unwind)]
    pub fn set_live_options(&self) {
        let options = BreakerOptions::left_in(self.environment.words());
        let live = options.live();
        self.with(|breaker, now| breaker.set_live_options(live, now));
        self.show_options(options.shown);
    }

    /// Says to whoever sees it from other threads what it is called: its name, its group, and what
    /// else is said of it, one label after the other, each with its value.
    #[napi(catch_unwind)]
    pub fn describe(&self, name: String, group: String, labels: Option<Vec<String>>) {
        let mut rest = labels.unwrap_or_default().into_iter();
        let labels = std::iter::from_fn(|| Some((rest.next()?, rest.next()?))).collect();
        let names = Arc::new(Names { name, group, labels });
        self.describe_as(|about| about.names = Some(names));
    }

    /// Goes on with the options in the shared words, where they lie as for `create`.
    #[napi(catch_unwind)]
    pub fn update(&self) -> Result<()> {
        let options = BreakerOptions::left_in(self.environment.words());
        let shown = options.shown.clone();
        let config = options.into_config(uuid::random_number()).map_err(invalid)?;
        self.with(|breaker, now| breaker.update(&config, now));
        self.show_options(shown);
        Ok(())
    }

    /// For how many ms the circuit stays open, or stayed so last; infinity: for ever.
    #[napi(catch_unwind)]
    pub fn wait(&self) -> f64 {
        self.with(|breaker, _| commands::ms_or_never(breaker.wait()))
    }

    /// The circuit stays open for so many ms, each time that it opens and, if it is open, this
    /// time, too; counted from when it opened.
    #[napi(catch_unwind)]
    pub fn set_wait(&self, wait: f64) {
        self.with(|breaker, now| breaker.set_wait(Nanos::from_millis_f64(wait), now));
    }

    /// Goes on from the waits of an earlier breaker: how many there were, and the last, in ms.
    #[napi(catch_unwind)]
    pub fn resume_waits(&self, attempt: u32, wait: f64) {
        let wait = Nanos::from_millis_f64(wait);
        self.with(|breaker, now| breaker.resume_waits(attempt, wait, now));
    }

    /// How often the circuit has opened without having recovered.
    #[napi(catch_unwind)]
    pub fn attempt(&self) -> u32 {
        self.with(|breaker, _| breaker.attempt())
    }

    /// How many ms a call was given whose timeout is learned, or those before it was; nothing,
    /// where it is not.
    #[napi(catch_unwind)]
    pub fn timeout_given(&self, permit: u32) -> Option<f64> {
        let permit = Permit::from_raw(permit);
        self.with(|breaker, _| breaker.timeout_given(&permit).map(Nanos::as_millis_f64))
    }

    /// Goes on from the timeout that an earlier breaker has learned, in ms.
    #[napi(catch_unwind)]
    pub fn remember_timeout(&self, timeout: f64) {
        self.with(|breaker, _| breaker.remember_timeout(Nanos::from_millis_f64(timeout)));
    }

    /// Goes on from the limit that the capacity of an earlier breaker had come to, and the
    /// latency that was usual, in ms.
    #[napi(catch_unwind)]
    pub fn remember_capacity(&self, limit: u32, usual: Option<f64>) {
        let usual = usual.map(Nanos::from_millis_f64);
        self.with(|breaker, _| breaker.remember_capacity(limit, usual));
    }

    /// Gives what is drawn next: from 0 up to 1; anything else leaves it to the breaker.
    #[napi(catch_unwind)]
    pub fn give_draw(&self, draw: f64) {
        self.with(|breaker, _| breaker.give_draw(draw));
    }

    /// Begins a probe of JavaScript's: its permit; nothing, where none is to begin.
    #[napi(catch_unwind)]
    pub fn begin_probe(&self) -> Option<u32> {
        self.with_calls(|breaker, now| breaker.begin_probe(now).map(Permit::into_raw))
    }

    /// A probe of JavaScript's has ended; whether calls with a timeout are still under way.
    #[napi(catch_unwind)]
    pub fn end_probe(&self, permit: u32, succeeded: bool) -> bool {
        self.with_calls(|breaker, now| {
            breaker.end_probe(Permit::from_raw(permit), succeeded, now);
            breaker.is_waiting()
        })
    }

    /// In how many ms a circuit that refuses calls may let one try; infinity: never by itself;
    /// nothing: nobody knows, or it refuses none.
    #[napi(catch_unwind)]
    pub fn retry_after(&self) -> Option<f64> {
        self.with(|breaker, now| breaker.retry_after(now).map(commands::ms_or_never))
    }

    /// Asks for a snapshot at the end of every bucket, or for none.
    #[napi(catch_unwind)]
    pub fn set_snapshots(&self, wanted: bool) {
        self.with(|breaker, now| breaker.set_snapshots(wanted, now));
    }

    /// Places left of the capacity.
    #[napi(catch_unwind)]
    pub fn available(&self) -> i64 {
        self.with(|breaker, _| breaker.available())
    }

    /// Takes a place of the capacity by hand.
    #[napi(catch_unwind)]
    pub fn take_capacity(&self) -> bool {
        self.with(|breaker, _| breaker.take_capacity())
    }

    /// Gives one back. Whether there is something to announce: it may be for a call that waits.
    #[napi(catch_unwind)]
    pub fn release_capacity(&self) -> bool {
        self.with(|breaker, _| {
            breaker.release_capacity();
            breaker.has_events()
        })
    }

    /// How many calls wait for a place; nothing: none may.
    #[napi(catch_unwind)]
    pub fn queued(&self) -> Option<u32> {
        self.with(|breaker, _| breaker.queued().map(|queued| queued as u32))
    }

    /// Whether calls are under way that have a timeout, or wait for a place.
    #[napi(catch_unwind)]
    pub fn is_waiting(&self) -> bool {
        self.with(|breaker, _| breaker.is_waiting())
    }

    /// Takes over the window of another breaker as it stands: counts and shape.
    #[napi(catch_unwind)]
    pub fn copy_window(&self, other: &Handle) {
        commands::copy_window(self.instances(), self.id, other.id);
    }

    /// Begins a new bucket.
    #[napi(catch_unwind)]
    pub fn rotate(&self) {
        self.with(|breaker, now| breaker.window(now).rotate());
    }

    /// Leaves in the shared words, in this order: the totals; the mean and the quantiles in ms, -1
    /// when latencies are not kept; the state, in bits; what was learned; and the histogram of the
    /// latencies, as of `read_bucket_latencies`. Returns how many numbers there are.
    #[napi(catch_unwind)]
    pub fn read_stats(&self) -> u32 {
        commands::read_stats(self.instances(), self.id)
    }

    /// Leaves in the shared words why the circuit opened last, and when; see the layout. Whether it
    /// ever has.
    #[napi(catch_unwind)]
    pub fn read_trip(&self) -> bool {
        commands::read_trip(self.instances(), self.id)
    }

    /// How many calls failed and of how many, as the circuit is judged by them, and what share of
    /// them passes while it is closed.
    #[napi(catch_unwind)]
    pub fn judged(&self) -> (f64, f64, f64) {
        commands::judged(self.instances(), self.id)
    }

    /// What share of the calls a throttle refuses; nothing: there is none.
    #[napi(catch_unwind)]
    pub fn rejection(&self) -> Option<f64> {
        self.with(|breaker, now| breaker.rejection(now))
    }

    /// What the user's function said when it was asked for a reason to open the circuit.
    #[napi(catch_unwind)]
    pub fn answer(&self, trips: bool) {
        self.with(|breaker, now| breaker.on_answer(trips, now));
    }

    /// The serials of the oldest and the newest bucket.
    #[napi(catch_unwind)]
    pub fn window_range(&self) -> (i64, i64) {
        commands::window_range(self.instances(), self.id)
    }

    /// Leaves a bucket's counts in the shared words, and after them 1 when the circuit
    /// opened in it, 0 when it closed, -1 when it did neither. Whether there is such
    /// a bucket.
    #[napi(catch_unwind)]
    pub fn read_bucket(&self, serial: i64) -> bool {
        commands::read_bucket(self.instances(), self.id, serial)
    }

    /// Sets a count of a bucket.
    #[napi(catch_unwind)]
    pub fn write_bucket(&self, serial: i64, kind: u32, value: f64) {
        commands::write_bucket(self.instances(), self.id, serial, kind, value);
    }

    /// Notes in the newest bucket that the circuit opened or closed.
    #[napi(catch_unwind)]
    pub fn mark_circuit(&self, open: bool) {
        self.with(|breaker, now| breaker.window(now).mark_circuit(open));
    }

    /// Leaves the histogram of a bucket in the shared words: the shortest latency and the longest,
    /// in ms, and for each bin that is not empty how many are in it, times the number of bins
    /// that there are, plus which one it is. Returns how many numbers these are: none without a
    /// latency.
    #[napi(catch_unwind)]
    pub fn read_bucket_latencies(&self, serial: i64) -> u32 {
        commands::read_bucket_latencies(self.instances(), self.id, serial)
    }

    /// Replaces the latencies of a bucket.
    #[napi(catch_unwind)]
    pub fn set_latencies(&self, serial: i64, latencies: Vec<f64>) {
        commands::set_latencies(self.instances(), self.id, serial, latencies);
    }

    /// Counts something and records latencies in the newest bucket by hand.
    #[napi(catch_unwind)]
    pub fn record(&self, kind: Option<u32>, latencies: Vec<f64>) {
        commands::record(self.instances(), self.id, kind, latencies);
    }

    /// The timer of a breaker that lives by JavaScript's clock has gone off. Whether
    /// there is something to announce.
    #[napi(catch_unwind)]
    pub fn on_timer(&self) -> bool {
        self.instances().on_host_alarm(self.id)
    }

    /// Lives by a clock of JavaScript's from now on; see `createHosted`.
    #[napi(catch_unwind)]
    pub fn follow_host(
        &self,
        env: Env,
        now: Function<(), f64>,
        set_timer: Function<Option<f64>, ()>,
    ) -> Result<()> {
        let host = JsHost::new(env, &now, &set_timer)?;
        self.instances().change_clocks(self.id, || self.instances().host_clock(host));
        Ok(())
    }

    /// Lives by the loop's clock from now on.
    #[napi(catch_unwind)]
    pub fn follow_loop(&self, stall_threshold: f64) {
        let stall_threshold = Nanos::from_millis_f64(stall_threshold);
        self.instances().change_clocks(self.id, || TimeSource::Loop { stall_threshold });
    }

    /// Others see these options.
    fn show_options(&self, options: Arc<[f64]>) {
        self.describe_as(|about| about.options = options);
    }

    /// Others see something else of it from now on.
    fn describe_as(&self, change: impl FnOnce(&mut About)) {
        let describe = |it: &Registration| it.entry().describe(change);
        self.instances().with_registration(self.id, describe);
    }

    /// For what may begin or end a call with a timeout.
    fn with_calls<R>(&self, act: impl FnOnce(&mut CircuitBreaker, Now) -> R) -> R {
        commands::with_calls(self.instances(), self.id, act)
    }

    pub(super) fn instances(&self) -> &Instances<NodeSite> {
        self.environment.instances()
    }

    pub(super) fn with<R>(&self, act: impl FnOnce(&mut CircuitBreaker, Now) -> R) -> R {
        commands::with(self.instances(), self.id, act)
    }
}

fn invalid(reason: String) -> Error {
    Error::new(Status::InvalidArg, reason)
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.instances().remove(self.id);
    }
}

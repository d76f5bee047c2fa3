//! Everything that is not on the way of every call, with `#[napi]`: making and
//! dropping a breaker, the user's commands, reading the window.

use std::rc::Rc;
use std::sync::Arc;

use napi::bindgen_prelude::{FromNapiValue, Function, JsValue, Object, Unknown};
use napi::{Env, Error, Result, Status};
use napi_derive::napi;

use super::breaker_options::BreakerOptions;
use super::environment::Environment;
use super::host::JsHost;
use super::hot;
use super::instances::TimeSource;
use crate::runtime::clock;
use crate::runtime::registry::{Names, Registry};
use crate::runtime::timer::Timer;
use crate::runtime::uuid;
use didelphis_abi::fingerprint::FINGERPRINT;
use didelphis_core::breaker::{CircuitBreaker, Tripped};
use didelphis_core::calls::Permit;
use didelphis_core::latency::{self, Histogram, BINS, QUANTILES};
use didelphis_core::loop_delay::Stalls;
use didelphis_core::mode::Mode;
use didelphis_core::state::State;
use didelphis_core::time::{Nanos, Now, Shift};
use didelphis_core::window::Counter;

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
        ts_return_type = "Record<'admit' | 'admitAgain' | 'admitWithin' | 'enter' | 'leave' | 'settle' | 'expire' | 'evaluateTrip' | 'abandon' | 'nextOut' | 'nextUnderWay' | 'count' | 'nextWakeup' | 'poll' | 'state', () => void>"
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
        self.add(options, TimeSource::hosted(JsHost::new(env, &now, &set_timer)?))
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

    /// Leaves in the shared words, in ms where they are times: how long the turn under way has
    /// been busy; of the window, the number of stalls, their length and that of the
    /// longest, the mean of the turns' busy times and their quantiles; and the stalls since
    /// the beginning.
    #[napi(catch_unwind)]
    pub fn read_lag(&self) {
        let (mut loop_delay, busy) = self.inner.meter().loop_delay();
        let now = clock::now();
        let turns = loop_delay.turns(now);
        let of = |stalls: Stalls| {
            let Stalls { count, time, longest } = stalls;
            [count as f64, time.as_millis_f64(), longest.as_millis_f64()]
        };
        let quantiles = turns.quantiles.into_iter().map(Nanos::as_millis_f64);
        let window = [busy.as_millis_f64()].into_iter().chain(of(loop_delay.stalls(now)));
        let numbers = window.chain([turns.mean_nanos / 1e6]).chain(quantiles);
        self.inner.words().put_stats(numbers.chain(of(loop_delay.total())));
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
        let config = options.into_config()?;
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
        self.environment.instances().describe(self.id, |about| about.names = Some(names));
    }

    /// Goes on with the options in the shared words, where they lie as for `create`.
    #[napi(catch_unwind)]
    pub fn update(&self) -> Result<()> {
        let options = BreakerOptions::left_in(self.environment.words());
        let shown = options.shown.clone();
        let config = options.into_config()?;
        self.with(|breaker, now| breaker.update(&config, now));
        self.show_options(shown);
        Ok(())
    }

    /// For how many ms the circuit stays open, or stayed so last; infinity: for ever.
    #[napi(catch_unwind)]
    pub fn wait(&self) -> f64 {
        self.with(|breaker, _| ms_or_never(breaker.wait()))
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
        self.with(|breaker, now| breaker.retry_after(now).map(ms_or_never))
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
        let (mut window, from) = other.with(|breaker, now| (breaker.window(now).clone(), now));
        self.with(|breaker, to| {
            window.change_clocks(&Shift { from, to });
            breaker.set_window(window);
        });
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
        self.with(|breaker, now| {
            let state = f64::from(hot::state_bits(breaker, now));
            let learned = learned_by(breaker);
            let queued = breaker.queued().map_or(-1.0, |queued| queued as f64);
            let window = breaker.window(now);
            let (counts, latencies) = (window.totals(), window.latencies());
            let summary = latencies.as_ref().map(Histogram::summary);
            let ms = |nanos: f64| nanos / 1e6;
            let mean = summary.as_ref().map_or(-1.0, |summary| ms(summary.mean_nanos));
            let quantiles = (0..QUANTILES.len()).map(|place| {
                summary.as_ref().map_or(-1.0, |summary| summary.quantiles[place].as_millis_f64())
            });
            let counts = counts.iter().map(|&count| count as f64);
            let histogram = latencies.iter().flat_map(numbers_of);
            let numbers = counts.chain([mean]).chain(quantiles).chain([state]).chain(learned);
            let numbers = numbers.chain([queued]).chain(histogram);
            self.environment.words().put_stats(numbers) as u32
        })
    }

    /// Leaves in the shared words why the circuit opened last, and when; see the layout. Whether it
    /// ever has.
    #[napi(catch_unwind)]
    pub fn read_trip(&self) -> bool {
        let trip = self.with(|breaker, now| {
            breaker.state(now);
            breaker.last_trip().map(|trip| (*trip, now.monotonic - trip.at))
        });
        let Some((Tripped { reason, at, count, calls, threshold }, ago)) = trip else {
            return false;
        };
        let times = [at, ago].map(Nanos::as_millis_f64);
        let figures = [count as f64, calls as f64, threshold];
        let reason = f64::from(hot::reason_code(reason));
        self.environment.words().put_stats([reason].into_iter().chain(times).chain(figures));
        true
    }

    /// How many calls failed and of how many, as the circuit is judged by them, and what share of
    /// them passes while it is closed.
    #[napi(catch_unwind)]
    pub fn judged(&self) -> (f64, f64, f64) {
        self.with(|breaker, now| {
            let (failures, calls) = breaker.judged(now);
            (failures as f64, calls as f64, breaker.ramp_share(now).unwrap_or(1.0))
        })
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
        self.with(|breaker, now| {
            let window = breaker.window(now);
            let newest = window.serial() as i64;
            (newest + 1 - window.len() as i64, newest)
        })
    }

    /// Leaves a bucket's counts in the shared words, and after them 1 when the circuit
    /// opened in it, 0 when it closed, -1 when it did neither. Whether there is such
    /// a bucket.
    #[napi(catch_unwind)]
    pub fn read_bucket(&self, serial: i64) -> bool {
        let bucket = self.with(|breaker, now| {
            let bucket = breaker.window(now).bucket(to_serial(serial));
            bucket.map(|bucket| (bucket.counts, bucket.circuit_open))
        });
        let Some((counts, circuit_open)) = bucket else { return false };
        let counts = counts.iter().map(|&count| count as f64);
        let circuit_open = circuit_open.map_or(-1.0, f64::from);
        self.environment.words().put_stats(counts.chain([circuit_open]));
        true
    }

    /// Sets a count of a bucket.
    #[napi(catch_unwind)]
    pub fn write_bucket(&self, serial: i64, kind: u32, value: f64) {
        if let Some(kind) = Counter::from_index(kind as usize) {
            self.with(|breaker, now| {
                breaker.window(now).set_count(to_serial(serial), kind, value as i64);
            });
        }
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
        self.with(|breaker, now| {
            let bucket = breaker.window(now).bucket(to_serial(serial));
            let histogram = bucket.map(|bucket| bucket.latencies.histogram());
            self.environment.words().put_stats(histogram.iter().flat_map(numbers_of)) as u32
        })
    }

    /// Replaces the latencies of a bucket.
    #[napi(catch_unwind)]
    pub fn set_latencies(&self, serial: i64, latencies: Vec<f64>) {
        let latencies = latencies.into_iter().map(Nanos::from_millis_f64);
        self.with(|breaker, now| {
            breaker.window(now).set_latencies(to_serial(serial), latencies);
        });
    }

    /// Counts something and records latencies in the newest bucket by hand.
    #[napi(catch_unwind)]
    pub fn record(&self, kind: Option<u32>, latencies: Vec<f64>) {
        self.with(|breaker, now| {
            let window = breaker.window(now);
            if let Some(kind) = kind.and_then(|kind| Counter::from_index(kind as usize)) {
                window.count_by_hand(kind);
            }
            for latency in latencies {
                window.record(Nanos::from_millis_f64(latency));
            }
        });
    }

    /// The timer of a breaker that lives by JavaScript's clock has gone off. Whether
    /// there is something to announce.
    #[napi(catch_unwind)]
    pub fn on_timer(&self) -> bool {
        self.environment.instances().on_host_alarm(self.id)
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
        self.environment.instances().change_clocks(self.id, TimeSource::hosted(host));
        Ok(())
    }

    /// Lives by the loop's clock from now on.
    #[napi(catch_unwind)]
    pub fn follow_loop(&self, stall_threshold: f64) {
        let stall_threshold = Nanos::from_millis_f64(stall_threshold);
        self.environment.instances().change_clocks(self.id, TimeSource::Loop { stall_threshold });
    }

    /// Others see these options.
    fn show_options(&self, options: Arc<[f64]>) {
        self.environment.instances().describe(self.id, |about| about.options = options);
    }

    /// For what may begin or end a call with a timeout.
    fn with_calls<R>(&self, act: impl FnOnce(&mut CircuitBreaker, Now) -> R) -> R {
        let done = self.environment.instances().with_calls(self.id, act);
        done.expect("a breaker lives as long as its handle").0
    }

    pub(super) fn with<R>(&self, act: impl FnOnce(&mut CircuitBreaker, Now) -> R) -> R {
        self.environment
            .instances()
            .with(self.id, act)
            .expect("a breaker lives as long as its handle")
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.environment.instances().remove(self.id);
    }
}

/// What a breaker has learned, as it is laid out for `read_stats`.
fn learned_by(breaker: &CircuitBreaker) -> [f64; 4] {
    let timeout = breaker.learned_timeout().map_or(-1.0, Nanos::as_millis_f64);
    let has_learned = f64::from(breaker.timeout_to_remember().is_some());
    let (limit, usual) = match breaker.adaptive_capacity() {
        Some((limit, usual)) => (f64::from(limit), usual.map_or(-1.0, Nanos::as_millis_f64)),
        None => (-1.0, -1.0),
    };
    [timeout, has_learned, limit, usual]
}

fn numbers_of(histogram: &Histogram) -> impl Iterator<Item = f64> + '_ {
    let ends = histogram.ends().map(|ends| ends.map(Nanos::as_millis_f64));
    // Signed, as processors turn them into floats: that is room for more than there are.
    let number = |(bin, count)| (count as i64 * BINS as i64 + bin as i64) as f64;
    ends.into_iter().flatten().chain(histogram.bins().map(number))
}

fn ms_or_never(span: Nanos) -> f64 {
    if span.is_never() {
        f64::INFINITY
    } else {
        span.as_millis_f64()
    }
}

/// A serial from JavaScript; there is no bucket with a negative one.
fn to_serial(serial: i64) -> u64 {
    u64::try_from(serial).unwrap_or(u64::MAX)
}

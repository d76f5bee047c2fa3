//! Breakers and loops as the server tells them: read at one moment, and as JSON.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

use super::json::Json;
use crate::runtime::clock;
use crate::runtime::loop_clock::{HeldBy, LongStalls, LoopReading, Stall, STALL};
use crate::runtime::loops::Loops;
use crate::runtime::registry::{Entry, Names, Registry};
use didelphis_abi::counters::COUNTERS;
use didelphis_abi::layout::native_options;
use didelphis_abi::metrics::{REASONS, STATES};
use didelphis_abi::options::{Default, OptionSpec, FIELDS, MAX_SAFE_INTEGER, OPTIONS};
use didelphis_core::breaker::{Reason, Tripped};
use didelphis_core::mode::Mode;
use didelphis_core::published::Reading;
use didelphis_core::state::State;
use didelphis_core::time::Nanos;
use didelphis_core::window::{Counter, Counts};

/// A moment, by the clock of loops and by that of the day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) monotonic: Nanos,
    /// Milliseconds since the epoch.
    day: f64,
}

impl Moment {
    /// The present.
    pub(super) fn now() -> Self {
        let day = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let (monotonic, day) = (clock::now(), day.as_secs_f64() * 1e3);
        // The same moment has the same day each time, unless somebody sets the date.
        let mut ahead = AHEAD.lock();
        if (monotonic.as_millis_f64() + *ahead - day).abs() > 5.0 {
            *ahead = day - monotonic.as_millis_f64();
        }
        Moment { monotonic, day: monotonic.as_millis_f64() + *ahead }
    }

    /// In milliseconds since the epoch.
    pub(super) fn as_day(self) -> i64 {
        self.day as i64
    }

    /// The same of another moment by the clock of loops; `None` of never.
    pub(super) fn day_of(self, at: Nanos) -> Option<i64> {
        let ahead = (at - self.monotonic).as_millis_f64() - (self.monotonic - at).as_millis_f64();
        (!at.is_never()).then_some((self.day + ahead).round() as i64)
    }
}

/// How far the day is ahead of the clock of loops, in ms.
static AHEAD: Mutex<f64> = Mutex::new(0.0);

/// A breaker, as it was read.
pub(super) struct View {
    pub(super) id: u64,
    pub(super) names: Arc<Names>,
    pub(super) thread: u32,
    pub(super) reading: Reading,
    options: Arc<[f64]>,
}

/// All that there are, and what has them do something.
pub(super) fn breakers(watched: Watched) -> Vec<View> {
    Registry::global().all().iter().filter_map(|entry| View::of(entry, watched)).collect()
}

/// Whether whoever reads wants to know of latencies in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watched {
    Yes,
    No,
}

impl View {
    /// `None` of one that is none that users know, or no more.
    pub(super) fn of(entry: &Arc<Entry>, watched: Watched) -> Option<View> {
        let about = entry.about();
        let names = about.names?;
        if watched == Watched::Yes {
            entry.watch_latencies();
        }
        let reading = entry.read()?;
        if entry.is_gone() || reading.state == State::Shutdown {
            return None;
        }
        if reading.latencies_wait {
            entry.wake_now_and_then();
        }
        let (id, thread) = (entry.id(), entry.thread());
        Some(View { id, names, thread, reading, options: about.options })
    }

    /// Its place among [`STATES`].
    pub(super) fn state(&self) -> usize {
        state_of(&self.reading)
    }

    /// Places for calls; `None`: no limit.
    pub(super) fn capacity(&self) -> Option<i64> {
        let places = self.reading.places;
        ((places as f64) < MAX_SAFE_INTEGER).then_some(places)
    }

    /// As JSON.
    pub(super) fn put(&self, json: &mut Json, moment: Moment, with_options: bool) {
        let Reading { moved_at, generation, in_window, since_beginning, tripped, trips, .. } =
            self.reading;
        let window = self.window();
        json.object(|json| {
            json.key("id").whole(self.id as i64);
            json.key("name").string(&self.names.name);
            json.key("group").string(&self.names.group);
            json.key("labels").object(|json| {
                self.names.labels.iter().for_each(|(name, value)| json.key(name).string(value));
            });
            json.key("thread").string(&thread_name(self.thread));
            json.key("state").string(STATES[self.state()]);
            json.key("draining").bool(self.reading.mode == Mode::Draining);
            json.key("since").maybe(moved_at.and_then(|at| moment.day_of(at)), Json::whole);
            json.key("moves").whole(generation.into());
            json.key("nextAttemptAt").maybe(self.retry_at(moment), Json::whole);
            json.key("inFlight").whole(self.reading.under_way().max(0));
            json.key("queued").whole(self.reading.queued);
            json.key("capacity").maybe(self.capacity(), Json::whole);
            json.key("window").number(window);
            json.key("stats").object(|json| put_counts(json, &in_window));
            json.key("total").object(|json| put_counts(json, &since_beginning));
            json.key("callRate").number(of(&in_window, Counter::Fires) / (window / 1e3));
            json.key("failureRate").number(failure_rate(&in_window));
            json.key("latency").maybe(self.latency(), |json, fields| {
                json.object(|json| {
                    fields.into_iter().for_each(|(name, value)| json.key(name).number(value));
                });
            });
            json.key("lastTrip").maybe(tripped, |json, tripped| put_trip(json, &tripped, moment));
            json.key("trips").object(|json| {
                let all = REASONS.iter().zip(trips).filter(|(_, count)| *count > 0);
                all.for_each(|(reason, count)| json.key(reason).whole(count));
            });
            json.key("commandsWait").bool(self.reading.commands_wait);
            if with_options {
                json.key("options").object(|json| put_options(json, &self.options));
            }
        });
    }

    /// The same as a text.
    pub(super) fn written(&self, moment: Moment) -> String {
        let mut json = Json::default();
        self.put(&mut json, moment, false);
        json.text()
    }

    fn window(&self) -> f64 {
        self.options.get(native_options::ROLLING_COUNT_TIMEOUT).copied().unwrap_or(f64::NAN)
    }

    fn retry_at(&self, moment: Moment) -> Option<i64> {
        match self.reading.state {
            State::Open { retry_at } if self.reading.mode != Mode::ForcedOpen => {
                moment.day_of(retry_at)
            }
            _ => None,
        }
    }

    fn latency(&self) -> Option<[(&'static str, f64); 7]> {
        let summary = self.reading.latencies.in_window;
        let [.., p50, _, p90, p95, p99, _, max] = summary.quantiles.map(Nanos::as_millis_f64);
        (summary.count > 0).then_some([
            ("count", summary.count as f64),
            ("mean", summary.mean_nanos / 1e6),
            ("p50", p50),
            ("p90", p90),
            ("p95", p95),
            ("p99", p99),
            ("max", max),
        ])
    }
}

/// A loop, as JSON.
pub(super) fn put_loop(json: &mut Json, thread: u32, reading: &LoopReading, moment: Moment) {
    let LoopReading { lag, longest, total, last_stall, long_stalls } = reading;
    json.object(|json| {
        json.key("thread").string(&thread_name(thread));
        json.key("lag").number(lag.as_millis_f64());
        json.key("longest").number(longest.as_millis_f64());
        json.key("stalled").bool(*lag > STALL);
        json.key("total").object(|json| {
            json.key("stalls").whole(total.count as i64);
            json.key("stalled").number(total.time.as_millis_f64());
            json.key("longestStall").number(total.longest.as_millis_f64());
        });
        json.key("lastStall").maybe(*last_stall, |json, (at, length)| {
            json.object(|json| {
                json.key("at").maybe(moment.day_of(at), Json::whole);
                json.key("length").number(length.as_millis_f64());
            });
        });
        json.key("profile").maybe(long_stalls.as_ref(), |json, LongStalls { above, newest }| {
            json.object(|json| {
                json.key("above").number(above.as_millis_f64());
                json.key("stalls").array(newest, |json, (stall, held_by)| {
                    put_long_stall(json, stall, held_by.as_deref(), moment);
                });
            });
        });
    });
}

fn put_long_stall(json: &mut Json, stall: &Stall, held_by: Option<&HeldBy>, moment: Moment) {
    json.object(|json| {
        json.key("at").maybe(moment.day_of(stall.ended), Json::whole);
        json.key("length").number(stall.length.as_millis_f64());
        json.key("heldBy").maybe(held_by, |json, held_by| {
            json.object(|json| {
                json.key("function").string(&held_by.function);
                json.key("url").string(&held_by.url);
                json.key("line").whole(held_by.line.into());
                json.key("column").whole(held_by.column.into());
                json.key("share").number(held_by.share);
            });
        });
    });
}

/// All loops, as the field of an object.
pub(super) fn put_loops(json: &mut Json, moment: Moment) {
    json.key("loops").array(Loops::global().read(), |json, (thread, reading)| {
        put_loop(json, thread, &reading, moment);
    });
}

/// Why a circuit opened, in the words of `lastTrip`.
pub(super) fn put_trip(json: &mut Json, tripped: &Tripped, moment: Moment) {
    let Tripped { reason, at, count, calls, threshold } = *tripped;
    json.object(|json| {
        json.key("reason").string(REASONS[reason as usize]);
        json.key("at").maybe(moment.day_of(at), Json::whole);
        let counted = match reason {
            Reason::SlowCalls => "slowCalls",
            Reason::ErrorRate | Reason::ConsecutiveFailures | Reason::MaxFailures => "failures",
            Reason::Host | Reason::Probe | Reason::Command => return,
        };
        json.key(counted).whole(count);
        if matches!(reason, Reason::ErrorRate | Reason::SlowCalls) {
            json.key("calls").whole(calls);
            json.key("percentage").number((count as f64 / calls as f64 * 100.0).min(100.0));
        }
        json.key("threshold").number(threshold);
    });
}

/// What users call a thread.
pub(super) fn thread_name(number: u32) -> String {
    match number {
        0 => "main".into(),
        number => format!("worker-{number}"),
    }
}

/// The place among [`STATES`] of a breaker's that lives.
pub(super) fn state_of(reading: &Reading) -> usize {
    let word = match (reading.mode, reading.state) {
        (Mode::Disabled, _) => "disabled",
        (Mode::ForcedOpen, _) => "forcedOpen",
        (Mode::MetricsOnly, _) => "metricsOnly",
        (_, State::Open { .. }) => "open",
        (_, State::HalfOpen { .. }) => "halfOpen",
        (_, State::Closed | State::Shutdown) => "closed",
    };
    STATES.iter().position(|state| *state == word).unwrap_or_default()
}

fn of(counts: &Counts, kind: Counter) -> f64 {
    counts[kind as usize] as f64
}

fn failure_rate(counts: &Counts) -> f64 {
    let (failures, successes) = (of(counts, Counter::Failures), of(counts, Counter::Successes));
    if failures + successes > 0.0 {
        (failures / (failures + successes) * 100.0).clamp(0.0, 100.0)
    } else {
        0.0
    }
}

fn put_counts(json: &mut Json, counts: &Counts) {
    COUNTERS.iter().zip(counts).for_each(|(name, &count)| json.key(name).whole(count));
}

fn put_options(json: &mut Json, numbers: &[f64]) {
    for OptionSpec { name, default, native, .. } in OPTIONS.iter().chain(FIELDS) {
        let Some(&number) = native.and_then(|place| numbers.get(place)) else { continue };
        let json = json.key(name);
        match default {
            Default::Switch(_) => json.bool(number != 0.0),
            Default::Word(_) if *name == "timeoutClock" => {
                json.string(if number == 0.0 { "loop" } else { "wall" });
            }
            Default::Word(_) if *name == "rateOf" => {
                json.string(if number == 0.0 { "fires" } else { "outcomes" });
            }
            // What none is, as a number.
            _ if number >= MAX_SAFE_INTEGER => json.null(),
            _ if *name == "window" && number == 0.0 => json.null(),
            // Functions and objects: whether there is one.
            Default::Said(_) if IS_GIVEN.contains(name) => json.bool(number != 0.0),
            _ => json.number(number),
        }
    }
}

/// Options of which the native half knows alone whether they are given.
const IS_GIVEN: [&str; 4] = ["shouldTrip", "probe", "random", "rotateBucketController"];

#[cfg(test)]
mod tests {
    use super::super::json::object;
    use super::*;
    use didelphis_core::window::Counter;

    #[test]
    fn the_day_of_a_moment_is_as_far_away_as_it_is() {
        let moment = Moment { monotonic: Nanos::from_millis(5_000), day: 1_000_000.0 };
        assert_eq!(moment.day_of(Nanos::from_millis(5_250)), Some(1_000_250));
        assert_eq!(moment.day_of(Nanos::from_millis(4_000)), Some(999_000));
        assert_eq!(moment.day_of(Nanos::MAX), None);
    }

    #[test]
    fn rates_are_of_outcomes() {
        let mut counts = Counts::default();
        assert_eq!(failure_rate(&counts), 0.0);
        counts[Counter::Failures as usize] = 1;
        counts[Counter::Successes as usize] = 3;
        counts[Counter::Fires as usize] = 100;
        assert_eq!(failure_rate(&counts), 25.0);
        counts[Counter::Failures as usize] = -1;
        assert_eq!(failure_rate(&counts), 0.0, "corrected by hand");
    }

    #[test]
    fn every_option_that_is_a_number_is_told() {
        let numbers = vec![1.0; didelphis_abi::layout::NATIVE_OPTIONS];
        let text = object(|json| put_options(json, &numbers));
        for name in [
            "\"timeout\":1",
            "\"window\":1",
            "\"enabled\":true",
            "\"rateOf\":\"outcomes\"",
            "\"shouldTrip\":true",
        ] {
            assert!(text.contains(name), "{name}: {text}");
        }
        let none = vec![f64::INFINITY; didelphis_abi::layout::NATIVE_OPTIONS];
        let text = object(|json| put_options(json, &none));
        assert!(text.contains("\"timeout\":null"), "{text}");
    }

    #[test]
    fn reasons_are_told_in_the_words_of_the_options() {
        let words = Reason::ALL.map(|reason| REASONS[reason as usize]);
        assert_eq!(words[0], "errorThresholdPercentage");
        assert_eq!(
            REASONS.map(|word| REASONS.iter().position(|other| *other == word)),
            [0, 1, 2, 3, 4, 5, 6].map(Some)
        );
        assert_eq!(Reason::Command as usize, REASONS.len() - 1);
    }
}

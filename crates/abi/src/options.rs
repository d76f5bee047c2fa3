//! The options of a breaker: what each is called, counted in and worth where it is left out, and
//! what it is for. Whether a value makes sense is decided in JavaScript, which has the value.

use crate::layout::native_options;

/// What is known of an option.
#[derive(Clone, Copy, Debug)]
pub struct OptionSpec {
    /// What users call it.
    pub name: &'static str,
    /// What its number counts.
    pub unit: Unit,
    /// What it is where it is left out.
    pub default: Default,
    /// What would make sense, in the words of the error where something does not; `None` where
    /// nothing is refused.
    pub expected: Option<&'static str>,
    /// Whether a change on a living breaker is looked for, and checked.
    pub live: bool,
    /// Where it is handed to the addon, if it is: by itself, or what follows from it.
    pub native: Option<usize>,
    /// What it means, for the reference.
    pub doc: &'static str,
}

/// What the number of an option counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// It is no number.
    None,
    /// Time.
    Milliseconds,
    /// A share.
    Percent,
    /// Calls.
    Calls,
    /// Buckets of a window.
    Buckets,
    /// Entries of a cache.
    Entries,
    /// Nothing: one number is so many times another.
    Ratio,
}

/// What an option is where it is left out.
#[derive(Clone, Copy, Debug)]
pub enum Default {
    /// That number; infinity is none.
    Number(f64),
    /// On, or off.
    Switch(bool),
    /// That word.
    Word(&'static str),
    /// A list without words.
    NoWords,
    /// A function: as the reference shows it, and as code.
    Function {
        /// In words.
        shown: &'static str,
        /// In TypeScript.
        code: &'static str,
    },
    /// Nothing that is always the same: what the reference says.
    Said(&'static str),
}

/// The greatest of JavaScript's numbers with whole neighbours.
pub const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;
/// As many as a `Map` can hold.
pub const MOST_ENTRIES: f64 = 16_777_215.0;

/// All options, in the order of the reference.
pub const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        name: "timeout",
        unit: Unit::Milliseconds,
        default: Default::Number(10_000.0),
        expected: Some(
            "a number of milliseconds above 0, false for none, or \
             { adaptive: true, min, max, multiplier, quantile }",
        ),
        live: true,
        native: Some(native_options::TIMEOUT),
        doc: "ms a call may take, in loop time, before it fails with `ETIMEDOUT`; `false`, `0` \
              or `Infinity`: as long as it likes. \
              `{ adaptive: true, min, max, multiplier, quantile }`: as is learned from the calls \
              that succeed",
    },
    OptionSpec {
        name: "timeoutClock",
        unit: Unit::None,
        default: Default::Word("loop"),
        expected: Some("'loop' or 'wall'"),
        live: false,
        native: Some(native_options::BY_WALL_CLOCK),
        doc: "the clock of `timeout`: `'loop'` stands still while the event loop is stalled; \
              `'wall'` does not, as in opossum",
    },
    OptionSpec {
        name: "stallThreshold",
        unit: Unit::Milliseconds,
        default: Default::Number(50.0),
        expected: Some("a number of milliseconds, 1 or more"),
        live: false,
        native: Some(native_options::STALL_THRESHOLD),
        doc: "ms for which a turn of the event loop may be busy before it is a stall. Lower: \
              shorter stalls are forgiven, too. A call forgives the first four stalls of its \
              life, so a loop that never rests tells a timeout at most that much and five turns \
              late",
    },
    OptionSpec {
        name: "errorThresholdPercentage",
        unit: Unit::Percent,
        default: Default::Number(50.0),
        expected: Some("a number (of percent)"),
        live: true,
        native: Some(native_options::ERROR_THRESHOLD_PERCENTAGE),
        doc: "the circuit opens when failures are more than (`>`) this share of the calls in \
              the window: those that began in it or those that ended in it, whichever are more; \
              below 0: at any failure; 100 or more: never",
    },
    OptionSpec {
        name: "volumeThreshold",
        unit: Unit::Calls,
        default: Default::Number(0.0),
        expected: Some("a whole number of calls"),
        live: false,
        native: Some(native_options::VOLUME_THRESHOLD),
        doc: "the fewest calls in the window for which the circuit may open",
    },
    OptionSpec {
        name: "rateOf",
        unit: Unit::None,
        default: Default::Word("fires"),
        expected: Some("'fires' or 'outcomes'"),
        live: false,
        native: Some(native_options::RATE_OF_OUTCOMES),
        doc: "what failures are a share of, and what `volumeThreshold` counts: `'fires'`, the \
              calls in the window, or `'outcomes'`, of these only successes and failures that \
              came back from the service: no refusals, cached answers, joined calls or calls \
              under way (as in resilience4j and Polly)",
    },
    OptionSpec {
        name: "window",
        unit: Unit::None,
        default: Default::Said("the calls in `rollingCountTimeout`"),
        expected: Some("an object { calls }"),
        live: false,
        native: Some(native_options::LAST_CALLS),
        doc: "`{ calls: n }`: the last n outcomes are judged, 1 to 100000, whenever they were, \
              from `volumeThreshold` (here n where it is left out) on. `stats` keep their time. \
              Implies `rateOf: 'outcomes'` (as resilience4j's COUNT_BASED)",
    },
    OptionSpec {
        name: "resetWindowOnClose",
        unit: Unit::None,
        default: Default::Switch(false),
        expected: None,
        live: false,
        native: Some(native_options::RESET_WINDOW_ON_CLOSE),
        doc: "decisions begin with an empty window when the circuit closes, so that what failed \
              before does not open it again; `stats` keep theirs",
    },
    OptionSpec {
        name: "consecutiveFailures",
        unit: Unit::Calls,
        default: Default::Number(f64::INFINITY),
        expected: Some("a whole number of failures in a row, 1 or more, or false for any"),
        live: false,
        native: Some(native_options::CONSECUTIVE_FAILURES),
        doc: "the circuit opens at this many failures in a row (`>=`), whatever \
              `volumeThreshold`; refusals by `capacity` are no failures here, and no successes \
              (as in Finagle and Envoy)",
    },
    OptionSpec {
        name: "slowCallDuration",
        unit: Unit::Milliseconds,
        default: Default::Number(f64::INFINITY),
        expected: Some("a number of milliseconds, 0 or more"),
        live: false,
        native: Some(native_options::SLOW_CALL_DURATION),
        doc: "a call is slow that took more ms (`>`) than this, in loop time, whether it \
              succeeded or failed. A slow call that tries a half-open circuit has failed for it \
              (as in resilience4j)",
    },
    OptionSpec {
        name: "slowCallThresholdPercentage",
        unit: Unit::Percent,
        default: Default::Number(50.0),
        expected: Some("a number from 0 to 100 (percent)"),
        live: false,
        native: Some(native_options::SLOW_CALL_THRESHOLD_PERCENTAGE),
        doc: "the circuit opens when slow calls are more than (`>`) this share of the outcomes, \
              and these are at least `volumeThreshold`; 100: when all are slow. Judged after \
              each call that is slow, and each failure",
    },
    OptionSpec {
        name: "shouldTrip",
        unit: Unit::None,
        default: Default::Said("none"),
        expected: Some("a function"),
        live: false,
        native: Some(native_options::SHOULD_TRIP),
        doc: "`(stats) => boolean`, asked after a failure of a closed circuit, from \
              `volumeThreshold` on, if nothing else opens it; `true` does. A promise is no \
              answer, and what it throws is an uncaught exception (as gobreaker's ReadyToTrip)",
    },
    OptionSpec {
        name: "classify",
        unit: Unit::None,
        default: Default::Said("errors are failures"),
        expected: Some("a function"),
        live: false,
        native: None,
        doc: "`({ error, result, args }) => 'success' | 'failure' | 'ignore' | undefined`: what a \
              call counts as that ended so; undefined: as usual. A result that is a failure is \
              given all the same, without a fallback; `failure` is emitted with an `ERESULT` \
              error. `'ignore'` leaves no trace in rates and rows, and a half-open circuit waits \
              for another call. Not together with `errorFilter`",
    },
    OptionSpec {
        name: "maxFailures",
        unit: Unit::Calls,
        default: Default::Number(f64::INFINITY),
        expected: Some("a number of failures in a row, or false for any"),
        live: true,
        native: Some(native_options::MAX_FAILURES),
        doc: "the circuit opens at this many failures in a row too, whatever the rate; below 1: \
              at the first. opossum's deprecation message is printed: prefer the rate",
    },
    OptionSpec {
        name: "resetTimeout",
        unit: Unit::Milliseconds,
        default: Default::Number(30_000.0),
        expected: Some(
            "a number of milliseconds, 0 or more, { initial, max, factor, jitter }, or a function",
        ),
        live: true,
        native: Some(native_options::RESET_TIMEOUT),
        doc: "ms the circuit stays open before one call may try; one more after as long again, \
              where that call has no timeout and hangs; `Infinity`: until `close()`. \
              `{ initial, max, factor, jitter }`: ever longer, each time that it opens again. \
              `(attempt, { error, stats }) => ms`: as it says, asked each time that it opens",
    },
    OptionSpec {
        name: "halfOpenCalls",
        unit: Unit::Calls,
        default: Default::Number(1.0),
        expected: Some("a whole number of calls, 1 or more"),
        live: false,
        native: Some(native_options::HALF_OPEN_CALLS),
        doc: "how many calls may try while the circuit is half open, and the most that do so at \
              once; 1 to 1000000. The others are refused",
    },
    OptionSpec {
        name: "halfOpenThresholdPercentage",
        unit: Unit::Percent,
        default: Default::Number(0.0),
        expected: Some("a number of percent, from 0 to 100"),
        live: false,
        native: Some(native_options::HALF_OPEN_THRESHOLD_PERCENTAGE),
        doc: "the circuit opens again as soon as more (`>`) than this share of `halfOpenCalls` \
              have failed, and closes as soon as no more can; 0: none may fail; 100: it closes \
              after the first, whatever comes of it",
    },
    OptionSpec {
        name: "halfOpenTimeout",
        unit: Unit::Milliseconds,
        default: Default::Number(f64::INFINITY),
        expected: Some("a number of milliseconds above 0, or false for none"),
        live: false,
        native: Some(native_options::HALF_OPEN_TIMEOUT),
        doc: "ms, in loop time, after which the circuit opens again where calls that try have not \
              settled; from the last that began. Without it those without a timeout are waited \
              for as `resetTimeout` says",
    },
    OptionSpec {
        name: "probe",
        unit: Unit::None,
        default: Default::Said("none"),
        expected: Some("a function"),
        live: false,
        native: Some(native_options::PROBED_BY_HOST),
        doc: "`signal => promise`: tried in place of calls, as soon as the circuit is half open; \
              all calls are refused until it has closed. `signal` is aborted when `timeout` is \
              over or nobody asks any more",
    },
    OptionSpec {
        name: "throttle",
        unit: Unit::None,
        default: Default::Switch(false),
        expected: Some("true, false or an object { k, maxRejection }"),
        live: false,
        native: Some(native_options::THROTTLE_K),
        doc: "in place of a circuit that opens: while too many calls fail, a share of them is \
              refused with `ETHROTTLED`, by chance. Of n calls that have ended in the window \
              (refusals of the throttle among them), of which some succeeded, the next one is \
              refused with a probability of `min(maxRejection, (n - k * succeeded) / (n + 8))`; \
              below 10 calls none is, and one a second always passes. `open()` opens all the \
              same (client-side throttling of Google's *Site Reliability Engineering*)",
    },
    OptionSpec {
        name: "rampUp",
        unit: Unit::Milliseconds,
        default: Default::Number(0.0),
        expected: Some("a number of milliseconds, 0 or more"),
        live: false,
        native: Some(native_options::RAMP_UP),
        doc: "ms after the circuit has closed in which not all calls pass: a tenth of them at \
              first, and more from moment to moment. The others are refused with `ERAMPUP`",
    },
    OptionSpec {
        name: "random",
        unit: Unit::None,
        default: Default::Said("chance of the breaker's own"),
        expected: Some("a function"),
        live: false,
        native: Some(native_options::DRAWS_ARE_GIVEN),
        doc: "`() => number`, from 0 up to 1: what jitter, `rampUp` and `throttle` draw, for tests that are \
              to be repeatable. Called when the breaker is made, and after each draw for the next",
    },
    OptionSpec {
        name: "rollingCountTimeout",
        unit: Unit::Milliseconds,
        default: Default::Number(10_000.0),
        expected: Some("a number of milliseconds above 0"),
        live: false,
        native: Some(native_options::ROLLING_COUNT_TIMEOUT),
        doc: "length of the rolling window, ms",
    },
    OptionSpec {
        name: "rollingCountBuckets",
        unit: Unit::Buckets,
        default: Default::Number(10.0),
        expected: Some("a whole number from 1 to 100000"),
        live: false,
        native: Some(native_options::ROLLING_COUNT_BUCKETS),
        doc: "how many buckets the window moves by, 1 to 100000",
    },
    OptionSpec {
        name: "capacity",
        unit: Unit::Calls,
        default: Default::Number(MAX_SAFE_INTEGER),
        expected: Some("a whole number of calls, or { adaptive: true, min, max, initial }"),
        live: false,
        native: Some(native_options::CAPACITY),
        doc: "calls under way at once; more are refused with `ESEMLOCKED` and count as \
              failures. `{ adaptive: true, min, max, initial }`: as many as latencies allow; \
              implies `rateOf: 'outcomes'`, so that refusals do not open the circuit, unless \
              `rateOf` says otherwise",
    },
    OptionSpec {
        name: "queue",
        unit: Unit::None,
        default: Default::Said("none"),
        expected: Some("an object { size, timeout }, or false"),
        live: false,
        native: Some(native_options::QUEUE_SIZE),
        doc: "calls over `capacity` wait for a place, first in, first out, and are refused with \
              `EQUEUE` where none comes free in time or too many wait: they are no failures. Not \
              without a `capacity`. Best with one that adapts: bursts of a healthy load wait, \
              and are not refused",
    },
    OptionSpec {
        name: "errorFilter",
        unit: Unit::None,
        default: Default::Function { shown: "none", code: "() => false" },
        expected: Some("a function"),
        live: true,
        native: None,
        doc: "`(error, ...args) => boolean`; `true`: the error is the caller's business, and \
              counts as a success",
    },
    OptionSpec {
        name: "allowWarmUp",
        unit: Unit::None,
        default: Default::Switch(false),
        expected: None,
        live: false,
        native: Some(native_options::WARM_UP),
        doc: "do not open in the first `rollingCountTimeout` ms",
    },
    OptionSpec {
        name: "enabled",
        unit: Unit::None,
        default: Default::Switch(true),
        expected: None,
        live: false,
        native: Some(native_options::ENABLED),
        doc: "`false`: let every call through unguarded until `enable()`",
    },
    OptionSpec {
        name: "metricsOnly",
        unit: Unit::None,
        default: Default::Switch(false),
        expected: None,
        live: false,
        native: None,
        doc: "refuse nobody and count all the same: the circuit stays closed, and the event \
              `wouldOpen` says when it would not. To try a breaker out, until `enable()`",
    },
    OptionSpec {
        name: "stackTraces",
        unit: Unit::None,
        default: Default::Switch(false),
        expected: None,
        live: false,
        native: None,
        doc: "give the breaker's own errors a stack trace. It leads to the caller of `fire` at \
              best, and costs more than all the rest of a refusal. Errors of the action have \
              theirs in any case",
    },
    OptionSpec {
        name: "preset",
        unit: Unit::None,
        default: Default::Said("none"),
        expected: Some("the name of a preset: 'modern'"),
        live: false,
        native: None,
        doc: "defaults that need not be opossum's. `'modern'`: `rateOf: 'outcomes'`, \
              `volumeThreshold: 20` (unless there is a `window`), `resetWindowOnClose: true`, \
              `resetTimeout: { initial: 1000, max: 60000 }`, and as `halfOpenTimeout` the `timeout`. \
              Options that are given go before it",
    },
    OptionSpec {
        name: "name",
        unit: Unit::None,
        default: Default::Said("the action's name, or a UUID"),
        expected: None,
        live: false,
        native: None,
        doc: "for reporting",
    },
    OptionSpec {
        name: "group",
        unit: Unit::None,
        default: Default::Said("`name`"),
        expected: None,
        live: false,
        native: None,
        doc: "for reporting",
    },
    OptionSpec {
        name: "labels",
        unit: Unit::None,
        default: Default::Said("none"),
        expected: Some("an object with up to 10 strings of up to 200 characters, by names of letters, digits and _ that are none of the server's own"),
        live: false,
        native: None,
        doc: "further labels of the breaker's metrics, as `{ zone: 'a' }`; see \
              [server.md](server.md#labels)",
    },
    OptionSpec {
        name: "rollingPercentilesEnabled",
        unit: Unit::None,
        default: Default::Switch(true),
        expected: None,
        live: false,
        native: Some(native_options::LATENCIES),
        doc: "keep latencies; `false`: mean and percentiles are `-1`",
    },
    OptionSpec {
        name: "enableSnapshots",
        unit: Unit::None,
        default: Default::Switch(true),
        expected: None,
        live: false,
        native: None,
        doc: "emit `snapshot` on `breaker.status` at the end of every bucket, to whoever \
              listens",
    },
    OptionSpec {
        name: "rotateBucketController",
        unit: Unit::None,
        default: Default::Said("none"),
        expected: Some("an EventEmitter"),
        live: false,
        native: Some(native_options::ROTATED_BY_HAND),
        doc: "an `EventEmitter` whose `rotate` events begin new buckets, instead of the clock",
    },
    OptionSpec {
        name: "retry",
        unit: Unit::None,
        default: Default::Said("none"),
        expected: Some("an object { attempts, delay, when, budget, timeout }, or false"),
        live: false,
        native: None,
        doc: "try calls again that fail, as far as the circuit and a budget let them: each try is a call to the circuit, and the fallback comes after the last. `{}`: with these defaults",
    },
    OptionSpec {
        name: "cache",
        unit: Unit::None,
        default: Default::Switch(false),
        expected: None,
        live: false,
        native: None,
        doc: "keep the result of a call and give it to later calls with the same key, whatever \
              the state of the circuit",
    },
    OptionSpec {
        name: "cacheTTL",
        unit: Unit::Milliseconds,
        default: Default::Number(0.0),
        expected: Some("a number of milliseconds, or 0 for ever"),
        live: false,
        native: None,
        doc: "how long a result is kept, ms; `0`: until `clearCache()`",
    },
    OptionSpec {
        name: "cacheSize",
        unit: Unit::Entries,
        default: Default::Number(MOST_ENTRIES),
        expected: Some("a whole number of entries, 0 or more"),
        live: false,
        native: None,
        doc: "results kept in memory; the oldest goes first",
    },
    OptionSpec {
        name: "cacheGetKey",
        unit: Unit::None,
        default: Default::Function {
            shown: "the arguments as JSON",
            code: "(...args) => JSON.stringify(args)",
        },
        expected: Some("a function"),
        live: false,
        native: None,
        doc: "`(...args) => key`, for `cache` and `coalesce`; `this` is the breaker",
    },
    OptionSpec {
        name: "cacheTransport",
        unit: Unit::None,
        default: Default::Said("memory of the breaker's own"),
        expected: None,
        live: false,
        native: None,
        doc: "where results are kept: an object with `get(key)`, `set(key, promise, expiresAt)` \
              and `flush()`. Each may give a promise: `get` is waited for, for as long as \
              `timeout` (10 s without one), before the call begins; what is falsy, late or \
              rejects is a miss",
    },
    OptionSpec {
        name: "coalesce",
        unit: Unit::None,
        default: Default::Switch(false),
        expected: None,
        live: false,
        native: None,
        doc: "calls with the key of a call that was made less than `coalesceTTL` ago get its \
              promise",
    },
    OptionSpec {
        name: "coalesceTTL",
        unit: Unit::Milliseconds,
        default: Default::Said("`timeout`"),
        expected: Some("a number of milliseconds, or 0 for ever"),
        live: false,
        native: None,
        doc: "for how long others may join a call, ms; `0`: until `clearCache()`",
    },
    OptionSpec {
        name: "coalesceSize",
        unit: Unit::Entries,
        default: Default::Number(MOST_ENTRIES),
        expected: Some("a whole number of entries, 0 or more"),
        live: false,
        native: None,
        doc: "calls kept to be joined; the oldest goes first",
    },
    OptionSpec {
        name: "coalesceResetOn",
        unit: Unit::None,
        default: Default::NoWords,
        expected: Some("an array"),
        live: false,
        native: None,
        doc: "which outcomes end the joining sooner: `'error'`, `'success'`, `'timeout'`",
    },
    OptionSpec {
        name: "abortController",
        unit: Unit::None,
        default: Default::Said("none"),
        expected: None,
        live: false,
        native: None,
        doc: "an `AbortController` for all calls of the breaker, aborted when one times out; \
              the action gets its signal from `getSignal()`",
    },
    OptionSpec {
        name: "autoRenewAbortController",
        unit: Unit::None,
        default: Default::Switch(false),
        expected: None,
        live: false,
        native: None,
        doc: "make a new controller, and one to begin with, when the circuit half opens or \
              closes and the old one is spent",
    },
    OptionSpec {
        name: "state",
        unit: Unit::None,
        default: Default::Said("none"),
        expected: Some("the `state` of a toJSON()"),
        live: false,
        native: None,
        doc: "the `state` of an earlier breaker's `toJSON()`, to go on from; an open one waits \
              what is left of its reset timeout",
    },
    OptionSpec {
        name: "status",
        unit: Unit::None,
        default: Default::Said("none"),
        expected: Some("a Status or the `status` of a toJSON()"),
        live: false,
        native: None,
        doc: "a `CircuitBreaker.newStatus({ stats })`, or the `status` of a `toJSON()`, to \
              begin with",
    },
    OptionSpec {
        name: "stats",
        unit: Unit::None,
        default: Default::Said("none"),
        expected: None,
        live: false,
        native: None,
        doc: "the `stats` of an earlier breaker, to begin with; where there is a `status`, that \
              one",
    },
];

/// What options that are objects have in them, each with the name of its option before its own.
/// None is looked for by itself: whoever changes one gives another object.
pub const FIELDS: &[OptionSpec] = &[
    OptionSpec {
        name: "timeout.adaptive",
        unit: Unit::None,
        default: Default::Said("must be given"),
        expected: Some("true (a timeout that is not learned is a number)"),
        live: false,
        native: Some(native_options::TIMEOUT_ADAPTS),
        doc: "`true`: how long a call may take is learned, once a second, from the calls of the \
              last minute that succeeded. Calls that a stall of the event loop overlapped teach \
              nothing, nor do those with a `timeout` of their own",
    },
    OptionSpec {
        name: "timeout.min",
        unit: Unit::Milliseconds,
        default: Default::Said("`50`, or `max` if that is less"),
        expected: Some("a number of milliseconds above 0, up to 2147483647"),
        live: false,
        native: Some(native_options::TIMEOUT_MIN),
        doc: "ms, the least timeout that is learned",
    },
    OptionSpec {
        name: "timeout.max",
        unit: Unit::Milliseconds,
        default: Default::Said("`10000`, or `min` if that is longer"),
        expected: Some("a number of milliseconds above 0, up to 2147483647"),
        live: false,
        native: Some(native_options::TIMEOUT_MAX),
        doc: "ms, the greatest; what every call may take until something was learned, and of \
              many that time out a few, to see whether the service is slow or gone",
    },
    OptionSpec {
        name: "timeout.multiplier",
        unit: Unit::Ratio,
        default: Default::Number(1.5),
        expected: Some("a number, 1 or more"),
        live: false,
        native: Some(native_options::TIMEOUT_MULTIPLIER),
        doc: "a call may take so many times the quantile of the latencies",
    },
    OptionSpec {
        name: "timeout.quantile",
        unit: Unit::Ratio,
        default: Default::Number(0.999),
        expected: Some("a number above 0 and below 1"),
        live: false,
        native: Some(native_options::TIMEOUT_QUANTILE),
        doc: "the share of calls that are shorter than it. Where more than the rest of them time \
              out, the timeout rises. Of fewer than 1,000 calls it is the longest",
    },
    OptionSpec {
        name: "capacity.adaptive",
        unit: Unit::None,
        default: Default::Said("must be given"),
        expected: Some("true (a capacity that does not adapt is a number)"),
        live: false,
        native: Some(native_options::CAPACITY_ADAPTS),
        doc: "`true`: as many calls may be under way as keep latencies what they usually are \
              (as Netflix's gradient limiter). Calls that a stall of the event loop overlapped \
              teach nothing",
    },
    OptionSpec {
        name: "capacity.min",
        unit: Unit::Calls,
        default: Default::Number(1.0),
        expected: Some("a whole number of calls, from 1 to 1000000"),
        live: false,
        native: Some(native_options::CAPACITY_MIN),
        doc: "the fewest calls that may be under way at once",
    },
    OptionSpec {
        name: "capacity.max",
        unit: Unit::Calls,
        default: Default::Said("`1000`, or `min` or `initial` if that is more"),
        expected: Some("a whole number of calls, from 1 to 1000000"),
        live: false,
        native: Some(native_options::CAPACITY_MAX),
        doc: "the most",
    },
    OptionSpec {
        name: "capacity.initial",
        unit: Unit::Calls,
        default: Default::Said("`20`, as far as `min` and `max` allow"),
        expected: Some("a whole number of calls, from 1 to 1000000"),
        live: false,
        native: Some(native_options::CAPACITY_INITIAL),
        doc: "how many to begin with",
    },
    OptionSpec {
        name: "window.calls",
        unit: Unit::Calls,
        default: Default::Said("must be given"),
        expected: Some("a whole number from 1 to 100000"),
        live: false,
        native: None,
        doc: "so many outcomes are judged, the last ones",
    },
    OptionSpec {
        name: "resetTimeout.initial",
        unit: Unit::Milliseconds,
        default: Default::Said("must be given"),
        expected: Some("a number of milliseconds, 0 or more"),
        live: false,
        native: None,
        doc: "ms the circuit stays open the first time; 0 is 1",
    },
    OptionSpec {
        name: "resetTimeout.max",
        unit: Unit::Milliseconds,
        default: Default::Said("`300000`, or `initial` if that is longer"),
        expected: Some("a number of milliseconds, not below initial"),
        live: false,
        native: Some(native_options::RESET_TIMEOUT_MAX),
        doc: "ms it stays open at the most",
    },
    OptionSpec {
        name: "resetTimeout.factor",
        unit: Unit::Ratio,
        default: Default::Number(2.0),
        expected: Some("a number, 1 or more"),
        live: false,
        native: Some(native_options::RESET_TIMEOUT_FACTOR),
        doc: "by how much each wait is longer than the one before. The first comes again once the \
              circuit has been closed for longer (`>`) than it was to wait last",
    },
    OptionSpec {
        name: "resetTimeout.jitter",
        unit: Unit::Ratio,
        default: Default::Number(0.5),
        expected: Some("a number from 0 to 1"),
        live: false,
        native: Some(native_options::RESET_TIMEOUT_JITTER),
        doc: "the share by which chance shortens a wait at the most, so that those who opened \
              together do not try together. It never makes one longer: `retryAfter` stays true",
    },
    OptionSpec {
        name: "throttle.k",
        unit: Unit::Ratio,
        default: Default::Number(2.0),
        expected: Some("a number, 1 or more"),
        live: false,
        native: None,
        doc: "how many calls may be made for each that succeeds; 1: each that fails counts. Less \
              refuses more, and takes longer to recover",
    },
    OptionSpec {
        name: "throttle.maxRejection",
        unit: Unit::Ratio,
        default: Default::Number(0.9),
        expected: Some("a number from 0 to 1"),
        live: false,
        native: Some(native_options::THROTTLE_MAX_REJECTION),
        doc: "the greatest share of calls that is refused; 1: all but one a second",
    },
    OptionSpec {
        name: "queue.size",
        unit: Unit::Calls,
        default: Default::Number(100.0),
        expected: Some("a whole number of calls, from 1 to 1000000"),
        live: false,
        native: None,
        doc: "how many calls may wait",
    },
    OptionSpec {
        name: "queue.timeout",
        unit: Unit::Milliseconds,
        default: Default::Number(100.0),
        expected: Some("a number of milliseconds above 0, or false for none"),
        live: false,
        native: Some(native_options::QUEUE_TIMEOUT),
        doc: "for how long a call may wait, ms in loop time. A tenth of it while somebody has been \
              waiting for as long: in a flood a long wait helps nobody (as Facebook's adaptive \
              queues)",
    },
    OptionSpec {
        name: "retry.attempts",
        unit: Unit::Calls,
        default: Default::Number(2.0),
        expected: Some("a whole number of attempts, from 0 to 1000"),
        live: false,
        native: None,
        doc: "how often a call is tried again at the most, the first try not counted",
    },
    OptionSpec {
        name: "retry.delay",
        unit: Unit::None,
        default: Default::Said("`{}`"),
        expected: Some("an object { initial, max, factor }"),
        live: false,
        native: None,
        doc: "how long to wait before each attempt: by chance anything from 0 to a longest wait, which grows from one to the next (\"full jitter\")",
    },
    OptionSpec {
        name: "retry.delay.initial",
        unit: Unit::Milliseconds,
        default: Default::Number(100.0),
        expected: Some("a number of milliseconds, from 0 to 2147483647"),
        live: false,
        native: None,
        doc: "ms; the longest wait before the first attempt",
    },
    OptionSpec {
        name: "retry.delay.max",
        unit: Unit::Milliseconds,
        default: Default::Number(2000.0),
        expected: Some("a number of milliseconds, from delay.initial to 2147483647"),
        live: false,
        native: None,
        doc: "ms; the longest wait before any, `initial` if that is more. An error whose `retryAfter` is more (`>`) is not tried again",
    },
    OptionSpec {
        name: "retry.delay.factor",
        unit: Unit::Ratio,
        default: Default::Number(2.0),
        expected: Some("a number, 1 or more"),
        live: false,
        native: None,
        doc: "by how much the longest wait grows from one attempt to the next",
    },
    OptionSpec {
        name: "retry.when",
        unit: Unit::None,
        default: Default::Said("each is"),
        expected: Some("a function"),
        live: false,
        native: None,
        doc: "`(error, attempt) => boolean`: whether a call that failed so is worth attempt number `attempt`, 1 for the first. Not asked about refusals, aborts and filtered errors, which never are",
    },
    OptionSpec {
        name: "retry.budget",
        unit: Unit::None,
        default: Default::Said("`{}`"),
        expected: Some("an object { ratio, minPerSecond } or a CircuitBreaker.retryBudget()"),
        live: false,
        native: None,
        doc: "what attempts are paid from. `CircuitBreaker.retryBudget({ ratio, minPerSecond })` is one for several breakers",
    },
    OptionSpec {
        name: "retry.budget.ratio",
        unit: Unit::Ratio,
        default: Default::Number(0.1),
        expected: Some("a number, 0 or more"),
        live: false,
        native: None,
        doc: "attempts for each call that succeeds. What is not used is kept for 10 s",
    },
    OptionSpec {
        name: "retry.budget.minPerSecond",
        unit: Unit::Ratio,
        default: Default::Number(1.0),
        expected: Some("a number of attempts, 0 or more"),
        live: false,
        native: None,
        doc: "attempts a second whatever succeeds. What is not used is kept for 10 s; it begins with that of 10 s",
    },
    OptionSpec {
        name: "retry.timeout",
        unit: Unit::Milliseconds,
        default: Default::Number(f64::INFINITY),
        expected: Some("a number of milliseconds above 0, or false for none"),
        live: false,
        native: None,
        doc: "ms after which, counted from the beginning of the first try, no attempt begins (`>`); a wait that would end later is not begun. Does not end a try that has begun: `timeout` of the breaker does",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::NATIVE_OPTIONS;

    #[test]
    fn each_native_option_is_of_one_option() {
        let all = OPTIONS.iter().chain(FIELDS);
        let mut places: Vec<_> = all.filter_map(|option| option.native).collect();
        places.sort_unstable();
        assert!(places.into_iter().eq(0..NATIVE_OPTIONS));
        assert!(native_options::ALL.iter().map(|one| one.value as usize).eq(0..NATIVE_OPTIONS));
    }

    #[test]
    fn each_field_is_of_an_option() {
        for field in FIELDS {
            let (option, _) = field.name.split_once('.').unwrap();
            assert!(OPTIONS.iter().any(|one| one.name == option), "{}", field.name);
            assert!(!field.live, "{}", field.name);
        }
    }

    #[test]
    fn numbers_have_a_unit() {
        for option in OPTIONS.iter().chain(FIELDS) {
            let is_number = option.expected.is_some_and(|expected| expected.contains("number "));
            let is_number = is_number || matches!(option.default, Default::Number(_));
            assert_eq!(option.unit != Unit::None, is_number, "{}", option.name);
            let in_ms = option.doc.contains("ms") && option.unit == Unit::Milliseconds;
            assert!(in_ms || option.unit != Unit::Milliseconds, "{}", option.name);
        }
    }
}

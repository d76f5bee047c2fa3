//! What a random program may do to a breaker, and what kinds of breakers there are.

use didelphis_core::window::Counter;
use proptest::prelude::*;

#[derive(Clone, Debug)]
pub enum Step {
    // Inputs. Calls are chosen among those that are out.
    Fire {
        /// The caller has counted it.
        counted: bool,
        anyway: bool,
    },
    Succeed(usize),
    Ignore(usize),
    Fail {
        call: usize,
        /// It is judged by a later step.
        later: bool,
    },
    EvaluateTrip(usize),
    Abandon(usize),
    /// The maker of a late call hears of it.
    Hear(usize),
    /// The timer goes off, where the loop shows nothing of itself.
    Timer,
    /// The same, with a look at the loop: whether it waits, and for how long it goes on to
    /// until it hears of that.
    Observation {
        waiting: bool,
        slept: u64,
    },
    Counter {
        kind: Counter,
        anyway: bool,
    },

    // What goes on meanwhile.
    Forward(u64),
    Backward(u64),
    /// The loop is busy for so long.
    Stall(u64),
    /// It has had nothing to do for so long.
    Idle(u64),
    Turn,

    // Commands.
    Open,
    Close,
    Enable(bool),
    CountOnly,
    Bypass(bool),
    ForceOpen,
    Timeout(Option<u64>),
    Reset(Option<u64>),
    Threshold(f64),
    /// All options anew, of which these are others.
    Update {
        capacity: i64,
        volume: i64,
        in_a_row: Option<u32>,
        threshold: f64,
    },
    Take,
    Release,
    Rotate,
    Snapshots(bool),
    /// Another clock, on which it is so late, and on which there were so many stalls.
    ChangeClocks {
        to: u64,
        stalls: u64,
    },
    Shutdown,

    // By hand, in the bucket that is so many before the newest, or in the newest.
    Set {
        back: u64,
        kind: Counter,
        value: i64,
    },
    SetLatencies {
        back: u64,
        latencies: Vec<u64>,
    },
    Record {
        kind: Counter,
        latency: u64,
    },
}

/// Not more of them than there are queues: each is a queue to the model.
const TIMEOUTS: [u64; 8] = [1, 40, 100, 170, 300, 301, 450, 600];

pub fn step() -> impl Strategy<Value = Step> {
    let call = any::<usize>;
    let seldom = || proptest::bool::weighted(0.2);
    prop_oneof![
        24 => (seldom(), seldom()).prop_map(|(counted, anyway)| Step::Fire { counted, anyway }),
        12 => call().prop_map(Step::Succeed),
        4 => call().prop_map(Step::Ignore),
        14 => (call(), seldom()).prop_map(|(call, later)| Step::Fail { call, later }),
        3 => call().prop_map(Step::EvaluateTrip),
        2 => call().prop_map(Step::Abandon),
        6 => call().prop_map(Step::Hear),
        8 => Just(Step::Timer),
        12 => (seldom(), prop_oneof![2 => Just(0), 1 => 1u64..30])
            .prop_map(|(waiting, slept)| Step::Observation { waiting, slept }),
        3 => (kind(), seldom()).prop_map(|(kind, anyway)| Step::Counter { kind, anyway }),
        12 => (0u64..400).prop_map(Step::Forward),
        2 => (400u64..20_000).prop_map(Step::Forward),
        2 => (0u64..500).prop_map(Step::Backward),
        6 => (1u64..500).prop_map(Step::Stall),
        2 => (1u64..100).prop_map(Step::Idle),
        8 => Just(Step::Turn),
        3 => Just(Step::Open),
        3 => Just(Step::Close),
        3 => proptest::bool::weighted(0.7).prop_map(Step::Enable),
        1 => Just(Step::CountOnly),
        1 => proptest::bool::weighted(0.4).prop_map(Step::Bypass),
        1 => Just(Step::ForceOpen),
        3 => timeout().prop_map(Step::Timeout),
        2 => reset().prop_map(Step::Reset),
        2 => threshold().prop_map(Step::Threshold),
        2 => (0i64..5, 0i64..6, proptest::option::of(1u32..5), threshold()).prop_map(
            |(capacity, volume, in_a_row, threshold)| {
                Step::Update { capacity, volume, in_a_row, threshold }
            }
        ),
        3 => Just(Step::Take),
        3 => Just(Step::Release),
        3 => Just(Step::Rotate),
        2 => any::<bool>().prop_map(Step::Snapshots),
        2 => (50_000_000u64..60_000_000, 0u64..3)
            .prop_map(|(to, stalls)| Step::ChangeClocks { to, stalls }),
        1 => Just(Step::Shutdown),
        3 => (0u64..7, kind(), -3i64..6)
            .prop_map(|(back, kind, value)| Step::Set { back, kind, value }),
        1 => (0u64..7, proptest::collection::vec(0u64..900, 0..3))
            .prop_map(|(back, latencies)| Step::SetLatencies { back, latencies }),
        1 => (kind(), 0u64..900).prop_map(|(kind, latency)| Step::Record { kind, latency }),
    ]
}

#[derive(Clone, Debug)]
pub struct Shape {
    pub buckets: u32,
    pub rotates_by_hand: bool,
    pub capacity: i64,
    pub volume: i64,
    pub threshold: f64,
    pub in_a_row: Option<u32>,
    pub judging: Judging,
    pub warm_up: Option<u64>,
    pub enabled: bool,
    pub timeout: Option<u64>,
    pub reset: Option<u64>,
    /// Waits double up to that; `None`: they are all the same.
    pub longest: Option<u64>,
    /// How many calls try a half-open circuit, and the share of them that may fail.
    pub probes: (u32, f64),
    pub by_wall: bool,
    /// Whether its clock runs backwards now and then.
    pub runs_back: bool,
    pub restored: Restored,
}

/// What opossum does not know of when to open.
#[derive(Clone, Debug)]
pub struct Judging {
    pub by_outcomes: bool,
    pub last_calls: Option<u32>,
    pub resets_on_close: bool,
    pub consecutive: Option<u32>,
}

/// The state in which it begins.
#[derive(Clone, Debug)]
pub enum Restored {
    No,
    /// For so long still.
    Open(u64),
    HalfOpen,
}

pub fn shape() -> impl Strategy<Value = Shape> {
    let window = (1u32..6, proptest::bool::weighted(0.2));
    let guards = (
        prop_oneof![Just(i64::MAX), 0i64..5],
        0i64..6,
        threshold(),
        proptest::option::of(1u32..5),
        proptest::option::of(0u64..900),
        proptest::bool::weighted(0.9),
    );
    let times = (timeout(), reset(), any::<bool>(), proptest::bool::weighted(0.3));
    let share = prop_oneof![2 => Just(0.0), 1 => Just(50.0), 1 => 0.0f64..100.0];
    let recovery = (
        proptest::option::weighted(0.3, 250u64..3_000),
        prop_oneof![2 => Just((1, 0.0)), 1 => (1u32..5, share)],
    );
    let restored = prop_oneof![
        4 => Just(Restored::No),
        1 => (0u64..300).prop_map(Restored::Open),
        2 => Just(Restored::HalfOpen),
    ];
    (window, guards, judging(), times, recovery, restored).prop_map(|parts| {
        let (window, guards, judging, times, recovery, restored) = parts;
        let (buckets, rotates_by_hand) = window;
        let (capacity, volume, threshold, in_a_row, warm_up, enabled) = guards;
        let (timeout, reset, by_wall, runs_back) = times;
        let (longest, probes) = recovery;
        Shape {
            buckets,
            rotates_by_hand,
            capacity,
            volume,
            threshold,
            in_a_row,
            judging,
            warm_up,
            enabled,
            timeout,
            reset,
            longest,
            probes,
            by_wall,
            runs_back,
            restored,
        }
    })
}

fn judging() -> impl Strategy<Value = Judging> {
    let seldom = || proptest::bool::weighted(0.3);
    let last_calls = proptest::option::weighted(0.2, 1u32..7);
    let consecutive = proptest::option::weighted(0.3, 1u32..5);
    (seldom(), last_calls, seldom(), consecutive).prop_map(
        |(by_outcomes, last_calls, resets_on_close, consecutive)| Judging {
            by_outcomes,
            last_calls,
            resets_on_close,
            consecutive,
        },
    )
}

fn kind() -> impl Strategy<Value = Counter> {
    (0..Counter::ALL.len()).prop_map(|place| Counter::ALL[place])
}

fn timeout() -> impl Strategy<Value = Option<u64>> {
    let timeout = (0..TIMEOUTS.len()).prop_map(|place| TIMEOUTS[place]);
    proptest::option::weighted(0.7, timeout)
}

fn reset() -> impl Strategy<Value = Option<u64>> {
    let reset = prop_oneof![1 => Just(0u64), 6 => Just(250), 2 => 1u64..600];
    proptest::option::weighted(0.9, reset)
}

fn threshold() -> impl Strategy<Value = f64> {
    prop_oneof![4 => -1f64..101.0, 1 => Just(50.0), 1 => Just(100.0)]
}

//! What happens to the service, and how much is asked of it: phases, one after the other.

/// A course of events.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub title: &'static str,
    pub phases: &'static [Phase],
    /// The phase of which the figures tell most.
    pub about: usize,
    pub work: Work,
    /// How many calls come at once, on average; 1: each on its own.
    pub burst: f64,
    /// For how long the caller's event loop is stalled, and how often, in milliseconds.
    pub stalls: Option<(u64, u64)>,
}

/// One condition for a while.
#[derive(Clone, Copy, Debug)]
pub struct Phase {
    pub name: &'static str,
    pub seconds: u64,
    /// Calls a second, on average.
    pub offered: f64,
    pub slots: u32,
    pub slowness: f64,
    pub hangs: bool,
}

/// How long a slot works on a call, in milliseconds: lognormal with that mean and deviation, but
/// for a share of calls that take longer.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    pub mean: f64,
    pub sigma: f64,
    pub slow_share: f64,
    pub slow_mean: f64,
    pub slow_sigma: f64,
}

const PHASE: Phase =
    Phase { name: "before", seconds: 60, offered: 400.0, slots: 16, slowness: 1.0, hangs: false };
/// 16 slots that take 20 ms: 800 calls a second.
const USUAL: Work =
    Work { mean: 20.0, sigma: 0.5, slow_share: 0.0, slow_mean: 0.0, slow_sigma: 0.0 };
const LOAD: Load = Load { title: "", phases: &[], about: 1, work: USUAL, burst: 1.0, stalls: None };

/// Ten minutes of twice what the service can do.
pub const OVERLOAD: Load = Load {
    title: "Ten minutes of twice what it can do",
    phases: &[
        PHASE,
        Phase { name: "overload", seconds: 600, offered: 1600.0, ..PHASE },
        Phase { name: "after", ..PHASE },
    ],
    ..LOAD
};

/// The same, for a debug build.
pub const SHORT_OVERLOAD: Load = Load {
    title: "A minute of twice what it can do",
    phases: &[
        PHASE,
        Phase { name: "overload", seconds: 60, offered: 1600.0, ..PHASE },
        Phase { name: "after", ..PHASE },
    ],
    ..LOAD
};

/// Three quarters of the slots are gone, half as much is offered as before was possible.
pub const BROWNOUT: Load = Load {
    title: "A quarter of the slots is left",
    phases: &[
        PHASE,
        Phase { name: "brownout", seconds: 120, slots: 4, ..PHASE },
        Phase { name: "after", ..PHASE },
    ],
    ..LOAD
};

/// Everything takes five times as long, and the service can do it: 160 a second.
pub const SLOWDOWN: Load = Load {
    title: "Five times slower, and it keeps up",
    phases: &[
        Phase { offered: 100.0, ..PHASE },
        Phase { name: "slow", seconds: 120, offered: 100.0, slowness: 5.0, ..PHASE },
        Phase { name: "after", offered: 100.0, ..PHASE },
    ],
    ..LOAD
};

/// Nothing is answered for a minute; then the queue of that minute is.
pub const HANG: Load = Load {
    title: "A hang of a minute",
    phases: &[
        PHASE,
        Phase { name: "hang", hangs: true, ..PHASE },
        Phase { name: "after", seconds: 120, ..PHASE },
    ],
    ..LOAD
};

/// All is well, and a few calls always take a hundred times as long as the others.
pub const SLOW_CLASS: Load = Load {
    title: "0.5 % of the calls take 300 ms, the rest 3",
    phases: &[PHASE, Phase { name: "later", seconds: 120, ..PHASE }],
    work: Work { mean: 3.0, sigma: 0.5, slow_share: 0.005, slow_mean: 300.0, slow_sigma: 0.2 },
    ..LOAD
};

/// All is well, and calls come in bursts.
pub const BURSTS: Load = Load {
    title: "Healthy, in bursts of 20",
    phases: &[PHASE, Phase { name: "later", seconds: 120, ..PHASE }],
    burst: 20.0,
    ..LOAD
};

/// Latencies shift, then nothing is answered, and a few calls always take 300 ms.
pub const SHIFT: Load = Load {
    title: "Latencies of 20, 60, 20 ms, then a hang; 0.5 % take 300",
    phases: &[
        Phase { offered: 200.0, ..PHASE },
        Phase { name: "60 ms", seconds: 120, offered: 200.0, slowness: 3.0, ..PHASE },
        Phase { name: "20 ms", seconds: 120, offered: 200.0, ..PHASE },
        Phase { name: "hang", offered: 200.0, hangs: true, ..PHASE },
        Phase { name: "after", offered: 200.0, ..PHASE },
    ],
    work: Work { mean: 20.0, sigma: 0.5, slow_share: 0.005, slow_mean: 300.0, slow_sigma: 0.2 },
    ..LOAD
};

/// All is well with the service; the loop of the caller stalls.
pub const STALLS: Load = Load {
    title: "Healthy, and the loop of the callers stalls",
    phases: &[PHASE, Phase { name: "later", seconds: 120, ..PHASE }],
    stalls: Some((300, 2_000)),
    ..LOAD
};

/// Ten times as many calls, for ten times as many slots: from a cold start, then a hang.
pub const LARGE: Load = Load {
    title: "Ten times as large, a cold start",
    about: 0,
    phases: &[
        Phase { offered: 4000.0, slots: 160, ..PHASE },
        Phase { name: "hang", seconds: 20, offered: 4000.0, slots: 160, hangs: true, ..PHASE },
        Phase { name: "after", offered: 4000.0, slots: 160, ..PHASE },
    ],
    ..LOAD
};

/// All of them, in the order of the table.
pub const ALL: [Load; 9] =
    [OVERLOAD, BROWNOUT, SLOWDOWN, HANG, BURSTS, SLOW_CLASS, SHIFT, STALLS, LARGE];

//! What is counted, by opossum's names, in the order in which the core counts; and the quantiles
//! of latencies, in theirs.

/// The counters.
pub const COUNTERS: [&str; 11] = [
    "failures",
    "fallbacks",
    "successes",
    "rejects",
    "fires",
    "timeouts",
    "cacheHits",
    "cacheMisses",
    "coalesceCacheHits",
    "coalesceCacheMisses",
    "semaphoreRejections",
];

/// The quantiles, from least to greatest.
pub const QUANTILES: [f64; 9] = [0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 1.0];

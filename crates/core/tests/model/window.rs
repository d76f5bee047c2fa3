//! The window of the model: all that ever happened, and in which bucket.

use didelphis_core::window::{Counter, Counts};

/// What happened.
#[derive(Clone, Copy, Debug)]
pub enum Fact {
    Counter(Counter),
    /// Counted by hand.
    Correction(Counter, i64),
    Latency(u64),
    Circuit(bool),
}

/// See the [module](self).
#[derive(Debug)]
pub struct NaiveWindow {
    pub newest: u64,
    /// When the newest bucket has run out; `None`: never by the clock.
    pub ends: Option<u64>,
    pub facts: Vec<(u64, Fact)>,
    buckets: u64,
}

impl NaiveWindow {
    /// An empty one, the first bucket of which ends then.
    pub fn new(buckets: u32, ends: Option<u64>) -> Self {
        let buckets = u64::from(buckets);
        NaiveWindow { newest: buckets - 1, ends, facts: Vec::new(), buckets }
    }

    pub fn advance(&mut self, monotonic: u64) {
        while let Some(ends) = self.ends.filter(|ends| *ends <= monotonic) {
            self.newest += 1;
            self.ends = Some(ends + INTERVAL);
        }
    }

    pub fn note(&mut self, fact: Fact) {
        self.facts.push((self.newest, fact));
    }

    /// The bucket that is so many before the newest, if it has not run out.
    pub fn bucket_before(&self, back: u64) -> Option<u64> {
        (back < self.buckets).then(|| self.newest - back)
    }

    /// What one bucket counts, and whether the circuit opened or closed in it.
    pub fn in_bucket(&self, bucket: u64) -> (Counts, Option<bool>) {
        let facts = || self.facts.iter().filter(|(of, _)| *of == bucket).map(|(_, fact)| *fact);
        let circuit = |fact| match fact {
            Fact::Circuit(open) => Some(open),
            _ => None,
        };
        (counts(facts()), facts().filter_map(circuit).next_back())
    }

    pub fn totals(&self) -> Counts {
        counts(self.in_window())
    }

    /// As many as began in the window, or as many as ended in it, whichever are more; and what
    /// was corrected by hand.
    pub fn calls(&self) -> i64 {
        let counted = |kinds: &[Counter]| {
            let of_kind = |fact: &Fact| matches!(fact, Fact::Counter(kind) if kinds.contains(kind));
            self.in_window().filter(of_kind).count() as i64
        };
        let (began, ended) = (counted(&[Counter::Fires]), counted(&ENDS));
        let corrected = self.totals()[Counter::Fires as usize] - began;
        began.max(ended) + corrected
    }

    pub fn latencies(&self) -> Vec<u64> {
        let latency = |fact| match fact {
            Fact::Latency(latency) => Some(latency),
            _ => None,
        };
        let mut latencies: Vec<_> = self.in_window().filter_map(latency).collect();
        latencies.sort_unstable();
        latencies
    }

    fn in_window(&self) -> impl Iterator<Item = Fact> + '_ {
        let buckets = self.buckets;
        let alive = move |bucket: u64| bucket + buckets > self.newest;
        self.facts.iter().filter(move |(bucket, _)| alive(*bucket)).map(|(_, fact)| *fact)
    }
}

/// How long a bucket is the newest.
pub const INTERVAL: u64 = 100;

/// How a fire ends.
const ENDS: [Counter; 5] = [
    Counter::Failures,
    Counter::Successes,
    Counter::Rejects,
    Counter::CacheHits,
    Counter::CoalesceCacheHits,
];

fn counts(facts: impl Iterator<Item = Fact>) -> Counts {
    let mut counts = Counts::default();
    for fact in facts {
        match fact {
            Fact::Counter(kind) => counts[kind as usize] += 1,
            Fact::Correction(kind, by) => counts[kind as usize] += by,
            Fact::Latency(_) | Fact::Circuit(_) => {}
        }
    }
    counts
}

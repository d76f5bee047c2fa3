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
    /// A call that says nothing has ended.
    Ignored,
}

/// See the [module](self).
#[derive(Debug)]
pub struct NaiveWindow {
    pub newest: u64,
    /// When the newest bucket has run out; `None`: never by the clock.
    pub ends: Option<u64>,
    pub facts: Vec<(u64, Fact)>,
    /// How many of them there were when the circuit closed last.
    pub before: usize,
    buckets: u64,
}

impl NaiveWindow {
    /// An empty one, the first bucket of which ends then.
    pub fn new(buckets: u32, ends: Option<u64>) -> Self {
        let buckets = u64::from(buckets);
        NaiveWindow { newest: buckets - 1, ends, facts: Vec::new(), before: 0, buckets }
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
        calls(&self.in_window().collect::<Vec<_>>(), 0)
    }

    /// How many calls failed, and of how many, of all or of those since the circuit closed.
    pub fn failures(&self, since_close: bool) -> (i64, i64) {
        let skipped = if since_close { self.before } else { 0 };
        let facts = self.facts[skipped..].iter().filter(|(bucket, _)| self.is_alive(*bucket));
        let facts: Vec<_> = facts.map(|(_, fact)| *fact).collect();
        let ignored = facts.iter().filter(|fact| matches!(fact, Fact::Ignored)).count();
        let failures = counts(facts.iter().copied())[Counter::Failures as usize];
        (failures, calls(&facts, ignored as i64))
    }

    /// Whether a bucket has not run out.
    pub fn is_alive(&self, bucket: u64) -> bool {
        bucket + self.buckets > self.newest
    }

    /// Forgets facts of a kind.
    pub fn forget(&mut self, is_gone: impl Fn(&(u64, Fact)) -> bool) {
        self.before -= self.facts[..self.before].iter().filter(|fact| is_gone(fact)).count();
        self.facts.retain(|fact| !is_gone(fact));
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
        self.facts.iter().filter(|(bucket, _)| self.is_alive(*bucket)).map(|(_, fact)| *fact)
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

/// Those that began, but for some that are none, or those that ended, whichever are more.
fn calls(facts: &[Fact], none: i64) -> i64 {
    let counted = |kinds: &[Counter]| {
        let of_kind = |fact: &&Fact| matches!(fact, Fact::Counter(kind) if kinds.contains(kind));
        facts.iter().filter(of_kind).count() as i64
    };
    let (began, ended) = (counted(&[Counter::Fires]), counted(&ENDS));
    let corrected = counts(facts.iter().copied())[Counter::Fires as usize] - began;
    (began - none).max(ended) + corrected
}

fn counts(facts: impl Iterator<Item = Fact>) -> Counts {
    let mut counts = Counts::default();
    for fact in facts {
        match fact {
            Fact::Counter(kind) => counts[kind as usize] += 1,
            Fact::Correction(kind, by) => counts[kind as usize] += by,
            Fact::Latency(_) | Fact::Circuit(_) | Fact::Ignored => {}
        }
    }
    counts
}

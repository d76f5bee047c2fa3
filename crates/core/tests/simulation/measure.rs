//! What came of it, by second and by phase.

use didelphis_core::latency::Latencies;
use didelphis_core::time::Nanos;

/// What happened in a second, or in a phase.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    pub seconds: u64,
    pub offered: u64,
    pub good: u64,
    pub refused: u64,
    pub timed_out: u64,
    /// Those of the slow class that were answered in time, and that were not.
    pub slow_good: u64,
    pub slow_timed_out: u64,
    /// Of calls that were answered in time, as the caller has them: with the time in the queue.
    pub latencies: Latencies,
    /// As it was at the end.
    pub timeout: Nanos,
    pub limit: Option<u32>,
}

impl Figures {
    /// Calls answered in time, a second.
    pub fn goodput(&self) -> f64 {
        self.rate(self.good)
    }

    pub fn refusals(&self) -> f64 {
        self.rate(self.refused)
    }

    pub fn timeouts(&self) -> f64 {
        self.rate(self.timed_out)
    }

    pub fn p50(&self) -> f64 {
        self.quantile(0.5)
    }

    pub fn p99(&self) -> f64 {
        self.quantile(0.99)
    }

    /// The share of the calls of the slow class that was answered in time.
    pub fn slow_share(&self) -> f64 {
        self.slow_good as f64 / (self.slow_good + self.slow_timed_out) as f64
    }

    fn rate(&self, count: u64) -> f64 {
        count as f64 / self.seconds as f64
    }

    /// In milliseconds; not a number where there is none.
    fn quantile(&self, quantile: f64) -> f64 {
        let rank = (quantile * self.latencies.count() as f64).ceil() as u64;
        self.latencies.histogram().at_rank(rank).map_or(f64::NAN, Nanos::as_millis_f64)
    }
}

/// All that came of one load under one policy.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub phases: Vec<Figures>,
    pub seconds: Vec<Figures>,
}

impl Outcome {
    pub fn phase(&self, index: usize) -> &Figures {
        &self.phases[index]
    }

    /// The seconds of a phase.
    pub fn seconds_of(&self, index: usize) -> &[Figures] {
        let lengths: Vec<usize> = self.phases.iter().map(|phase| phase.seconds as usize).collect();
        let from: usize = lengths[..index].iter().sum();
        &self.seconds[from..from + lengths[index]]
    }

    /// How many seconds of a phase passed until nearly all that was offered (95 % over three
    /// seconds) was answered in time; `None`: not in that phase.
    pub fn recovery(&self, index: usize) -> Option<usize> {
        let sum = |of: &[Figures], what: fn(&Figures) -> u64| of.iter().map(what).sum::<u64>();
        self.seconds_of(index).windows(3).position(|three| {
            sum(three, |second| second.good) * 100 >= sum(three, |second| second.offered) * 95
        })
    }
}

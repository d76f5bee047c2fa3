//! Chance: the one source of all that is random in a breaker. Asked for jitter and for who gets in
//! while a circuit ramps up.
//!
//! The numbers are of a generator of its own ([`SplitMix64`]), which the host seeds: good enough
//! to spread callers, and no secret. A host whose user wants to say what is drawn gives each draw
//! beforehand, for nothing asks the host in the middle of a decision: when one has been used, the
//! breaker [asks for the next](crate::breaker::Event::Draw).
//!
//! [`SplitMix64`]: https://doi.org/10.1145/2660193.2660195

use crate::config::ChanceConfig;

/// See the [module](self).
#[derive(Clone, Debug)]
pub(crate) struct Chance {
    state: u64,
    source: Source,
}

impl Chance {
    /// By that seed; or by the host, which gives its draws.
    pub(crate) fn new(config: ChanceConfig) -> Self {
        let source = if config.is_given { Source::Host(None) } else { Source::Own };
        Chance { state: config.seed, source }
    }

    /// A number from zero up to, and without, one. What the host has given is used again until it
    /// gives another one.
    pub(crate) fn draw(&mut self) -> f64 {
        match self.source {
            Source::Host(Some(draw)) => draw,
            _ => self.next(),
        }
    }

    /// Whether the host is to give one more when one has been used.
    pub(crate) fn is_given(&self) -> bool {
        matches!(self.source, Source::Host(_))
    }

    /// What the host gives for the next draw. One that is no share makes that draw one's own.
    pub(crate) fn give(&mut self, draw: f64) {
        self.source = Source::Host((0.0..1.0).contains(&draw).then_some(draw));
    }

    /// Draws from the other source from now on, if it is another.
    pub(crate) fn update(&mut self, is_given: bool) {
        if is_given != self.is_given() {
            self.source = if is_given { Source::Host(None) } else { Source::Own };
        }
    }

    fn next(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        // As many bits as a float has: none rounds up to one.
        (mixed >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Where the draws come from.
#[derive(Clone, Copy, Debug)]
enum Source {
    Own,
    /// `None`: nothing sensible has been given; then one of its own.
    Host(Option<f64>),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(seed: u64) -> Chance {
        Chance::new(ChanceConfig { seed, is_given: false })
    }

    fn given(draw: f64) -> Chance {
        let mut chance = Chance::new(ChanceConfig { seed: 1, is_given: true });
        chance.give(draw);
        chance
    }

    #[test]
    fn draws_are_shares_spread_evenly() {
        let mut chance = own(7);
        let mut tenths = [0; 10];
        for _ in 0..100_000 {
            let draw = chance.draw();
            assert!((0.0..1.0).contains(&draw));
            tenths[(draw * 10.0) as usize] += 1;
        }
        assert!(tenths.iter().all(|&count| (9_600..10_400).contains(&count)), "{tenths:?}");
    }

    #[test]
    fn the_same_seed_draws_the_same_and_another_draws_others() {
        let draws = |mut chance: Chance| [(); 4].map(|()| chance.draw());
        assert_eq!(draws(own(3)), draws(own(3)));
        assert_ne!(draws(own(3)), draws(own(4)));
    }

    #[test]
    fn what_is_given_is_drawn_until_there_is_another() {
        let mut chance = given(0.25);
        assert_eq!([chance.draw(), chance.draw()], [0.25, 0.25]);
        chance.give(0.0);
        assert_eq!(chance.draw(), 0.0);
    }

    #[test]
    fn what_is_no_share_is_not_drawn() {
        for nonsense in [1.0, -0.1, f64::NAN, f64::INFINITY] {
            let mut chance = given(nonsense);
            assert!((0.0..1.0).contains(&chance.draw()), "{nonsense}");
            assert!(chance.is_given(), "the next is asked for all the same");
        }
    }
}

//! Stalls of a loop whose libuv cannot be asked, as the loop's answers show them.
//!
//! While calls with a timeout are under way, the timer thread sends the loop a message
//! every [`BEAT`], and the next one only when that has been answered. A loop that has not
//! answered is busy; how long it was is known when it does. Whatever else the loop hears
//! from the thread is answered in the same way. Used by the loop clock alone.

use didelphis_core::time::Nanos;

/// What is known of the loop by its answers.
#[derive(Debug, Default)]
pub struct Heartbeat {
    /// Whether anybody needs to know.
    wanted: bool,
    /// Whether the timer thread is going to ask.
    running: bool,
    /// Since when the loop owes an answer.
    asked: Option<Nanos>,
    /// When it answered last.
    answered: Nanos,
    answers: u64,
}

impl Heartbeat {
    /// Somebody needs to know from now on, or nobody does. Returns whether the timer
    /// thread is to begin.
    pub fn want(&mut self, wanted: bool, now: Nanos) -> bool {
        self.wanted = wanted;
        let begins = wanted && !self.running;
        if begins {
            self.running = true;
            self.asked = None;
            self.answered = now;
        }
        begins
    }

    /// It is time to ask. Returns whether to go on, and whether to send a message.
    pub fn on_time(&mut self, now: Nanos) -> (bool, bool) {
        self.running = self.wanted;
        let asks = self.running && self.asked.is_none();
        if asks {
            self.asked = Some(now);
        }
        (self.running, asks)
    }

    /// The loop has heard from the timer thread. Returns what it owed an answer for: how
    /// long it may have been busy, and for how long it surely was.
    pub fn on_answer(&mut self, now: Nanos) -> Option<(Nanos, Nanos)> {
        let asked = self.asked.take();
        let owed = asked.map(|asked| (now - self.answered, now - asked));
        self.answered = now;
        self.answers += 1;
        owed
    }

    /// How long the loop may have been busy by now. It began to be some time after its
    /// last answer; to say at that is to forgive too much rather than too little.
    pub fn busy(&self, now: Nanos) -> Nanos {
        self.asked.map_or(Nanos::ZERO, |_| now - self.answered)
    }

    /// How many turns the loop has surely gone through, as its answers show it.
    pub fn turns(&self) -> u64 {
        self.answers / ANSWERS_A_TURN
    }
}

/// Between two answers a loop has had its look at the sockets; but Deno hands on what it
/// has read by way of queues of its own, and takes a little more to do it.
const ANSWERS_A_TURN: u64 = 2;

/// How often the loop is asked.
pub const BEAT: Nanos = Nanos::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Nanos {
        Nanos::from_millis(millis)
    }

    #[test]
    fn a_loop_that_does_not_answer_is_busy() {
        let mut heart = Heartbeat::default();
        assert!(heart.want(true, ms(100)));
        assert_eq!(heart.on_time(ms(110)), (true, true));
        assert_eq!(heart.on_time(ms(120)), (true, false), "it owes an answer already");
        assert_eq!(heart.busy(ms(170)), ms(70));
        assert_eq!(heart.on_answer(ms(200)), Some((ms(100), ms(90))));
        assert_eq!(heart.busy(ms(205)), Nanos::ZERO);
        assert_eq!(heart.on_answer(ms(206)), None, "it was not asked again");
        assert_eq!(heart.turns(), 1);
    }

    #[test]
    fn nobody_is_asked_while_nobody_needs_to_know() {
        let mut heart = Heartbeat::default();
        assert!(heart.want(true, ms(100)));
        assert!(!heart.want(false, ms(101)));
        assert!(!heart.want(true, ms(102)), "the thread is still going to ask");
        assert!(!heart.want(false, ms(103)));
        assert_eq!(heart.on_time(ms(110)), (false, false));
        assert!(heart.want(true, ms(900)));
        assert_eq!(heart.busy(ms(905)), Nanos::ZERO, "it was not busy while nobody asked");
    }
}

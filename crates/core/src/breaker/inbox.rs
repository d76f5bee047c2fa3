//! Commands to a breaker from any thread.
//!
//! One word holds all that wait, so that putting one is one atomic operation, taking all of
//! them is another, and that there are none is seen by looking at the word: that look, a load
//! and a branch, is what the inbox costs a call. Nobody waits for anybody.
//!
//! The loop obeys what waits before it does anything else with the breaker, so a command is in
//! force for the first call after it was put, though the loop was stalled as it came; and it
//! obeys when it is [told](super::CircuitBreaker::on_commands) that there are some. The order
//! of commands is kept, none is lost and none obeyed twice. What all breakers of the process are
//! told has a place of its own: there is always room for it, and the last word holds.

use crate::shared::atomic::{AtomicU64, Ordering};

/// What any thread may have a breaker do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(u8)]
pub enum Command {
    /// Open the circuit, for the reset timeout.
    Open = 1,
    /// Close the circuit.
    Close = 2,
    /// Let all calls pass.
    Disable = 3,
    /// Guard calls again.
    Enable = 4,
    /// Let all calls pass, as every breaker of the process does.
    Bypass = 5,
    /// No more of that.
    Guard = 6,
    /// Open the circuit until it is closed by hand.
    ForceOpen = 7,
}

impl Command {
    /// Whether it is given to every breaker of the process.
    fn is_of_all(self) -> bool {
        matches!(self, Command::Bypass | Command::Guard)
    }

    fn from_code(code: u64) -> Option<Command> {
        let all = [Command::Open, Command::Close, Command::Disable, Command::Enable];
        all.into_iter()
            .chain([Command::Bypass, Command::Guard, Command::ForceOpen])
            .find(|command| *command as u64 == code)
    }
}

/// What a command that was put is asked after by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The number of the command among all that were put.
    number: u64,
    /// Whether none waited before it: then somebody has to tell the loop.
    pub(super) is_first: bool,
}

impl Receipt {
    /// Whether no command waited as it was put. Whoever put it has to wake the loop; for those
    /// that find others waiting, that is being done.
    pub fn is_first(&self) -> bool {
        self.is_first
    }
}

/// Why a command was not put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotPut {
    /// The breaker is gone.
    Gone,
    /// [`MOST`] commands wait: its loop is stalled. Put it again later.
    Full,
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// The loop has not come to it. It is in force for the first call.
    Waits,
    /// The breaker has obeyed.
    Obeyed,
    /// The breaker is gone, and has not.
    Gone,
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Inbox {
    /// From the lowest bit on: how many commands were ever put, of which only the [`NUMBER`]
    /// is kept; whether the inbox is [`CLOSED`]; the commands that wait, the oldest lowest, in
    /// [`CODE_BITS`] each; in the last place the one that is for all breakers, the last of them.
    word: AtomicU64,
    /// The number of the last command that was obeyed. The loop's alone to write.
    obeyed: AtomicU64,
}

impl Inbox {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Inbox { word: AtomicU64::new(0), obeyed: AtomicU64::new(0) }
    }

    /// Puts a command. Any thread.
    pub(crate) fn put(&self, command: Command) -> Result<Receipt, NotPut> {
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            if word & CLOSED != 0 {
                return Err(NotPut::Gone);
            }
            let place = if command.is_of_all() { PLACE_OF_ALL } else { free_place(word) };
            if place == MOST && !command.is_of_all() {
                return Err(NotPut::Full);
            }
            // After the word, which stays as it is until the command is put: so what is obeyed is
            // what was by then, a few commands before this one.
            let number = after(self.obeyed.load(Ordering::Acquire), word + 1);
            let bit = WAITING_FROM + CODE_BITS * place;
            // Of those that switch all, one may be there: the last one holds.
            let others = word & !NUMBER & !(CODE << bit);
            let more = others | (command as u64) << bit | (number & NUMBER);
            match self.word.compare_exchange(word, more, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(Receipt { number, is_first: word >> WAITING_FROM == 0 }),
                Err(other) => word = other,
            }
        }
    }

    /// Whether commands wait.
    #[inline]
    pub(crate) fn has_any(&self) -> bool {
        self.word.load(Ordering::Relaxed) >= 1 << WAITING_FROM
    }

    /// Takes all commands that wait. The loop's alone; it says when they are
    /// [obeyed](Inbox::on_obeyed).
    pub(crate) fn take(&self) -> Taken {
        let word = self.word.fetch_and(NUMBER | CLOSED, Ordering::AcqRel);
        Taken { codes: word >> WAITING_FROM, number: word & NUMBER }
    }

    /// What was taken is in force.
    pub(crate) fn on_obeyed(&self, taken: Taken) {
        let number = after(self.obeyed.load(Ordering::Relaxed), taken.number);
        self.obeyed.store(number, Ordering::Release);
    }

    /// What became of a command. Any thread.
    pub(crate) fn fate(&self, receipt: &Receipt) -> Fate {
        // In this order: the inbox is closed after the last command was obeyed.
        let closed = self.word.load(Ordering::Acquire) & CLOSED != 0;
        if self.obeyed.load(Ordering::Acquire) >= receipt.number {
            Fate::Obeyed
        } else if closed {
            Fate::Gone
        } else {
            Fate::Waits
        }
    }

    /// Takes no more commands. The loop's alone.
    pub(crate) fn close(&self) {
        self.word.fetch_or(CLOSED, Ordering::AcqRel);
    }

    /// Whether it takes none any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.word.load(Ordering::Acquire) & CLOSED != 0
    }
}

/// Commands that the loop has taken, the oldest first.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    codes: u64,
    number: u64,
}

impl Iterator for Taken {
    type Item = Command;

    fn next(&mut self) -> Option<Command> {
        while self.codes != 0 {
            let command = Command::from_code(self.codes & CODE);
            self.codes >>= CODE_BITS;
            // Before the last place there may be some that are free.
            if command.is_some() {
                return command;
            }
        }
        None
    }
}

/// How many commands may wait, besides one that is for all breakers of the process: for that
/// there is always a place.
pub const MOST: u32 = PLACE_OF_ALL;

const PLACE_OF_ALL: u32 = (64 - WAITING_FROM) / CODE_BITS - 1;

/// The first number from `least` on that has the [`NUMBER`] bits of `word`.
fn after(least: u64, word: u64) -> u64 {
    least + (word.wrapping_sub(least) & NUMBER)
}

/// The bits of a number of a command that the word has room for.
const NUMBER: u64 = CLOSED - 1;

const CLOSED: u64 = 1 << (WAITING_FROM - 1);

/// The bit from which on the word holds commands that wait.
const WAITING_FROM: u32 = 16;

/// Room for fifteen kinds of commands. One that carries more than its kind would leave that
/// beside the inbox.
const CODE_BITS: u32 = 4;

/// The bits of a command.
const CODE: u64 = (1 << CODE_BITS) - 1;

/// The place behind the commands that wait in a word, but for one that is for all breakers.
fn free_place(word: u64) -> u32 {
    let own = word & !(CODE << (WAITING_FROM + CODE_BITS * PLACE_OF_ALL));
    let bits = 64 - (own >> WAITING_FROM).leading_zeros();
    bits.div_ceil(CODE_BITS)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn commands_are_taken_once_and_in_order() {
        let inbox = Inbox::new();
        assert!(!inbox.has_any());
        let all = [Command::Enable, Command::Open, Command::Close, Command::Open, Command::Disable];
        for (place, command) in all.into_iter().enumerate() {
            assert_eq!(inbox.put(command).map(|receipt| receipt.is_first()), Ok(place == 0));
        }
        assert!(inbox.has_any());
        assert_eq!(inbox.take().collect::<Vec<_>>(), all);
        assert!(!inbox.has_any());
        assert_eq!(inbox.take().next(), None);
    }

    #[test]
    fn there_is_room_for_eleven() {
        let inbox = Inbox::new();
        (0..MOST).for_each(|_| assert!(inbox.put(Command::Disable).is_ok()));
        assert_eq!(MOST, 11);
        assert_eq!(inbox.put(Command::Open), Err(NotPut::Full));
        assert_eq!(inbox.take().count(), 11);
        assert!(inbox.put(Command::Open).is_ok());
    }

    #[test]
    fn for_what_is_said_to_all_breakers_there_is_always_room_and_the_last_word_holds() {
        let inbox = Inbox::new();
        let first = inbox.put(Command::Bypass).expect("room");
        assert!(first.is_first());
        (0..MOST).for_each(|_| assert!(!inbox.put(Command::Open).expect("room").is_first()));
        assert!(!inbox.put(Command::Guard).expect("room").is_first());
        let last = inbox.put(Command::Bypass).expect("room");
        assert_eq!(inbox.put(Command::Open), Err(NotPut::Full));
        let taken = inbox.take();
        let commands: Vec<_> = taken.clone().collect();
        assert_eq!(commands.len(), 12);
        assert_eq!(commands.last(), Some(&Command::Bypass));
        inbox.on_obeyed(taken);
        assert_eq!([inbox.fate(&first), inbox.fate(&last)], [Fate::Obeyed; 2]);
        // Where nothing else waits, too.
        inbox.put(Command::Guard).expect("room");
        assert_eq!(inbox.take().collect::<Vec<_>>(), [Command::Guard]);
    }

    #[test]
    fn whoever_put_a_command_learns_what_became_of_it_however_many_there_were() {
        let inbox = Inbox::new();
        for round in 0..40_000 {
            let first = inbox.put(Command::Open).expect("room");
            let taken = inbox.take();
            let second = inbox.put(Command::Close).expect("room");
            assert_eq!(inbox.fate(&first), Fate::Waits, "taken, and not in force yet: {round}");
            inbox.on_obeyed(taken);
            assert_eq!(inbox.fate(&first), Fate::Obeyed, "{round}");
            assert_eq!(inbox.fate(&second), Fate::Waits, "{round}");
            let taken = inbox.take();
            inbox.on_obeyed(taken);
            assert_eq!(inbox.fate(&second), Fate::Obeyed, "{round}");
        }
    }

    #[test]
    fn what_became_of_a_command_is_known_for_good() {
        let inbox = Inbox::new();
        let early = inbox.put(Command::Open).expect("room");
        for _ in 0..40_000 {
            let taken = inbox.take();
            inbox.on_obeyed(taken);
            assert_eq!(inbox.fate(&early), Fate::Obeyed);
            inbox.put(Command::Close).expect("room");
        }
    }

    #[test]
    fn nothing_is_put_for_one_that_is_gone() {
        let inbox = Inbox::new();
        let obeyed = inbox.put(Command::Open).expect("room");
        let taken = inbox.take();
        inbox.on_obeyed(taken);
        let waits = inbox.put(Command::Close).expect("room");
        inbox.close();
        assert!(inbox.is_closed());
        assert_eq!(inbox.put(Command::Open), Err(NotPut::Gone));
        assert_eq!(inbox.fate(&obeyed), Fate::Obeyed);
        assert_eq!(inbox.fate(&waits), Fate::Gone);
    }
}

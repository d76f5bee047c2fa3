//! What a breaker shows other threads and how they command it, in every order in which
//! threads can take the steps of it, and with every value that a processor may let them see:
//! the files of the core themselves, with loom's atomics in the place of theirs.
//!
//! Not part of `cargo test`, as loom comes with two dozen crates; `.ci/full` runs it, as it
//! does `mailbox.rs`, which says how this is done.
#![cfg(loom)]

use loom::sync::Arc;
use loom::thread;

#[path = "../crates/core/src/breaker/inbox.rs"]
#[allow(dead_code, unreachable_pub)]
mod inbox;
#[path = "../crates/core/src/shared/sequence.rs"]
mod sequence;
#[path = "../crates/core/src/shared/words.rs"]
mod words;

/// What the files under test name `crate::shared::…`.
mod shared {
    pub(crate) mod atomic {
        pub(crate) use loom::sync::atomic::{fence, AtomicI64, AtomicU64, Ordering};
    }
}

use inbox::{Command, Fate, Inbox, NotPut};
use sequence::Sequence;
use words::{Number, Word};

/// As the counts of a window are published: one that goes up by itself, and as a bucket begins
/// is added to another.
struct Counts {
    sequence: Sequence,
    newest: Number,
    before: Number,
    serial: Word,
}

impl Counts {
    fn new() -> Arc<Counts> {
        let (newest, before) = (Number::new(0), Number::new(0));
        Arc::new(Counts { sequence: Sequence::new(), newest, before, serial: Word::new(0) })
    }

    fn begin_bucket(&self) {
        self.sequence.begin();
        self.before.add(self.newest.get());
        self.newest.set(0);
        self.serial.set(self.serial.get() + 1);
        self.sequence.end();
    }

    /// All that was counted, and the serial.
    fn read(&self) -> Option<(i64, u64)> {
        let read = || (self.before.get(), self.newest.get(), self.serial.get());
        self.sequence.read(read).map(|(before, newest, serial)| (before + newest, serial))
    }
}

#[test]
fn nothing_is_counted_twice_or_runs_backwards_as_a_bucket_begins() {
    loom::model(|| {
        let counts = Counts::new();
        let reader = thread::spawn({
            let counts = counts.clone();
            move || {
                let first = counts.read();
                let second = counts.read();
                if let (Some(first), Some(second)) = (first, second) {
                    assert!(second.0 >= first.0 && second.1 >= first.1, "{first:?} {second:?}");
                }
                for (count, serial) in first.into_iter().chain(second) {
                    // One before the bucket began, one after.
                    assert!((serial as i64..=serial as i64 + 1).contains(&count));
                }
            }
        });
        counts.newest.add(1);
        counts.begin_bucket();
        counts.newest.add(1);
        reader.join().expect("the reader");
        assert_eq!(counts.read(), Some((2, 1)));
    });
}

#[test]
fn words_that_belong_together_are_read_together() {
    loom::model(|| {
        let counts = Counts::new();
        let reader = thread::spawn({
            let counts = counts.clone();
            move || {
                let read = || (counts.newest.get(), counts.before.get());
                if let Some((one, other)) = counts.sequence.read(read) {
                    assert_eq!(one, other);
                }
            }
        });
        for value in 1..=2 {
            counts.sequence.begin();
            counts.newest.set(value);
            counts.before.set(value);
            counts.sequence.end();
        }
        reader.join().expect("the reader");
    });
}

/// What the loop does.
fn obey(inbox: &Inbox, obeyed: &mut Vec<Command>) {
    if inbox.has_any() {
        let taken = inbox.take();
        obeyed.extend(taken.clone());
        inbox.on_obeyed(taken);
    }
}

#[test]
fn commands_are_obeyed_once_in_the_order_of_whoever_gave_them() {
    loom::model(|| {
        let inbox = Arc::new(Inbox::new());
        let givers = [[Command::Open, Command::Close], [Command::Disable, Command::Enable]];
        let threads = givers.map(|commands| {
            let inbox = inbox.clone();
            thread::spawn(move || {
                commands.map(|command| inbox.put(command).expect("there is room").is_first())
            })
        });
        let mut obeyed = Vec::new();
        obey(&inbox, &mut obeyed);
        let mut wakes = 0;
        for thread in threads {
            wakes += thread.join().expect("a giver").into_iter().filter(|first| *first).count();
        }
        obey(&inbox, &mut obeyed);
        assert_eq!(obeyed.len(), 4);
        for commands in givers {
            let of_one: Vec<_> = obeyed.iter().filter(|it| commands.contains(it)).collect();
            assert_eq!(of_one, [&commands[0], &commands[1]]);
        }
        assert!(wakes >= 1, "nobody wakes the loop");
    });
}

#[test]
fn what_has_been_obeyed_is_in_force() {
    loom::model(|| {
        let inbox = Arc::new(Inbox::new());
        let state = Arc::new(Word::new(0));
        let giver = thread::spawn({
            let (inbox, state) = (inbox.clone(), state.clone());
            move || {
                let receipt = inbox.put(Command::Open).expect("there is room");
                while inbox.fate(&receipt) == Fate::Waits {
                    thread::yield_now();
                }
                assert_eq!(state.get(), 1);
            }
        });
        while !inbox.has_any() {
            thread::yield_now();
        }
        let taken = inbox.take();
        state.set(1);
        inbox.on_obeyed(taken);
        giver.join().expect("the giver");
    });
}

#[test]
fn a_command_to_one_that_goes_is_obeyed_or_said_to_be_gone() {
    loom::model(|| {
        let inbox = Arc::new(Inbox::new());
        let giver = thread::spawn({
            let inbox = inbox.clone();
            move || inbox.put(Command::Open)
        });
        let mut obeyed = Vec::new();
        obey(&inbox, &mut obeyed);
        inbox.close();
        let put = giver.join().expect("the giver");
        match put {
            Ok(receipt) if obeyed.is_empty() => assert_eq!(inbox.fate(&receipt), Fate::Gone),
            Ok(receipt) => assert_eq!(inbox.fate(&receipt), Fate::Obeyed),
            Err(refused) => {
                assert_eq!(refused, NotPut::Gone);
                assert!(obeyed.is_empty());
            }
        }
    });
}

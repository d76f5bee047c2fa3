//! Every breaker of the process, as other threads see it.
//!
//! Whoever drives a breaker [enters](Registry::enter) it here and keeps its [`Registration`]:
//! as that is dropped, because the breaker was collected or its environment ended, the breaker
//! leaves. An [`Entry`] that somebody still holds shows then what was published last, and takes
//! no command.
//!
//! What users call a breaker, and the options it was given, its loop [writes](Entry::describe)
//! here: as it is made, and when they change.
//!
//! The lock is taken as a breaker enters or leaves and as somebody asks for a list. A call
//! knows nothing of it. For what serves and steers breakers from threads of its own, and for the
//! switch that lets all calls of the process pass.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use parking_lot::Mutex;

use super::clock;
use didelphis_core::inbox::{Command, Fate, NotPut, Receipt};
use didelphis_core::published::{Published, Reading};
use didelphis_core::time::Nanos;

/// See the [module](self).
#[derive(Default)]
pub struct Registry {
    entries: Mutex<Entries>,
    /// Held while all are told, so that the last word is the same to each.
    bypasses: Mutex<()>,
}

impl Registry {
    /// That of this process.
    pub fn global() -> &'static Registry {
        static REGISTRY: OnceLock<Registry> = OnceLock::new();
        REGISTRY.get_or_init(Registry::default)
    }

    /// Enters a breaker. `number` is what its loop knows it by, and `wakes` the way there.
    pub fn enter(
        &'static self,
        published: Arc<Published>,
        wakes: Arc<dyn WakeForCommands>,
        number: u32,
    ) -> Registration {
        let mut entries = self.entries.lock();
        let id = entries.next_id;
        entries.next_id += 1;
        let entry = Arc::new(Entry {
            id,
            published,
            wakes,
            number,
            about: Mutex::default(),
            woken_at: AtomicU64::new(0),
        });
        entries.by_id.insert(id, entry.clone());
        // With the lock, so that whoever ends the bypass finds it told before.
        let bypassed = entries.bypassed.then(|| entry.published.command(Command::Bypass));
        drop(entries);
        if bypassed.is_some_and(|put| put.is_ok_and(|receipt| receipt.is_first())) {
            entry.wakes.wake_for_commands(number);
        }
        Registration { registry: self, entry }
    }

    /// Has every breaker of the process let all calls pass, those that are yet to come as well;
    /// or no more of that. One whose loop is stalled and has as many commands waiting as there
    /// is room for misses it.
    pub fn bypass(&self, bypassed: bool) {
        let _one_after_the_other = self.bypasses.lock();
        self.entries.lock().bypassed = bypassed;
        let command = if bypassed { Command::Bypass } else { Command::Guard };
        for entry in self.all() {
            // One that has left needs none.
            let _ = entry.command(command);
        }
    }

    /// All breakers that there are, the oldest first.
    pub fn all(&self) -> Vec<Arc<Entry>> {
        let mut all: Vec<_> = self.entries.lock().by_id.values().cloned().collect();
        all.sort_unstable_by_key(|entry| entry.id);
        all
    }

    /// The one with that id, if it has not left.
    pub fn get(&self, id: u64) -> Option<Arc<Entry>> {
        self.entries.lock().by_id.get(&id).cloned()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.lock().by_id.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// To enter, to leave and to be found cost the same however many there are.
#[derive(Default)]
struct Entries {
    by_id: HashMap<u64, Arc<Entry>>,
    next_id: u64,
    /// Whether those that enter let all calls pass.
    bypassed: bool,
}

/// The way to a loop whose breaker was given a command.
pub trait WakeForCommands: Send + Sync {
    /// The loop is to call [`on_commands`](didelphis_core::breaker::CircuitBreaker::on_commands)
    /// of the breaker that it knows by that number, and to announce what came of it. Called on
    /// any thread.
    fn wake_for_commands(&self, number: u32);

    /// The number of the loop's thread; zero: the main thread.
    fn thread(&self) -> u32 {
        0
    }
}

/// A breaker, as other threads see it.
pub struct Entry {
    id: u64,
    published: Arc<Published>,
    wakes: Arc<dyn WakeForCommands>,
    number: u32,
    about: Mutex<About>,
    /// When somebody had the loop come to it last.
    woken_at: AtomicU64,
}

/// What its users say of a breaker.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// What it is called, and who else it belongs to; `None`: nobody has said so, and it is none
    /// that users know.
    pub names: Option<Arc<Names>>,
    /// Its options as numbers, in the order of the border.
    pub options: Arc<[f64]>,
}

/// What a breaker is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Names {
    /// For itself.
    pub name: String,
    /// As one of several.
    pub group: String,
    /// What else is said of it, by name.
    pub labels: Vec<(String, String)>,
}

impl Entry {
    /// What names it: no other breaker of the process ever has the same.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// What there is to be read by the clock of this moment. `None` when the breaker's loop is
    /// suspended in the few instructions in which it publishes something; try again later.
    pub fn read(&self) -> Option<Reading> {
        for _ in 0..ATTEMPTS {
            let reading = self.published.read(clock::now());
            if reading.is_some() {
                return reading;
            }
            // With fewer processors than threads the loop may wait for this one's.
            thread::yield_now();
        }
        None
    }

    /// Gives the breaker a command, which is in force for the first call after, and has its
    /// loop announce what comes of it when it is free.
    ///
    /// # Errors
    ///
    /// [`NotPut`] when the breaker has left, or too many commands wait.
    pub fn command(&self, command: Command) -> Result<Receipt, NotPut> {
        let receipt = self.published.command(command)?;
        if receipt.is_first() {
            self.wakes.wake_for_commands(self.number);
        }
        Ok(receipt)
    }

    /// Has the loop come to the breaker when it is free, as with a command; not more than twice
    /// a second, however often this is called.
    pub fn wake_now_and_then(&self) {
        let now = clock::now().get();
        let woken_at = self.woken_at.load(Ordering::Relaxed);
        if now.saturating_sub(woken_at) < WAKE_EVERY.get() || self.is_gone() {
            return;
        }
        let order = (Ordering::Relaxed, Ordering::Relaxed);
        if self.woken_at.compare_exchange(woken_at, now, order.0, order.1).is_ok() {
            self.wakes.wake_for_commands(self.number);
        }
    }

    /// Somebody watches the latencies in the window of the breaker for some time.
    pub fn watch_latencies(&self) {
        self.published.watch_latencies();
    }

    /// The number of its loop's thread; zero: the main thread.
    pub fn thread(&self) -> u32 {
        self.wakes.thread()
    }

    /// What its users say of it.
    pub fn about(&self) -> About {
        self.about.lock().clone()
    }

    /// They say something else from now on.
    pub fn describe(&self, change: impl FnOnce(&mut About)) {
        change(&mut self.about.lock());
    }

    /// What became of a command that was given.
    pub fn fate(&self, receipt: &Receipt) -> Fate {
        self.published.fate(receipt)
    }

    /// Whether the breaker has left.
    pub fn is_gone(&self) -> bool {
        self.published.is_closed()
    }
}

/// That a breaker is entered: it leaves with this, on its loop's thread.
pub struct Registration {
    registry: &'static Registry,
    entry: Arc<Entry>,
}

impl Registration {
    /// The breaker, as other threads see it.
    pub fn entry(&self) -> &Arc<Entry> {
        &self.entry
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // In this order: what is in the list takes commands, or is about to leave it.
        self.entry.published.close();
        self.registry.entries.lock().by_id.remove(&self.entry.id);
    }
}

/// How often a loop is woken for nothing but a look.
const WAKE_EVERY: Nanos = Nanos::from_millis(500);

/// How often to look again, with some hundred looks and a turn for other threads each time.
const ATTEMPTS: usize = 1_000;

//! What those hear who listen: transitions, changes, and how late the loops are.
//!
//! Breakers and loops are looked at some times a second, while somebody listens and not longer;
//! their loops do nothing for it. One that does not take what it is sent is let go: it asks anew,
//! and begins with a snapshot.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use parking_lot::Mutex;
use tokio::sync::mpsc::{channel, Receiver, Sender};
use tokio::time::{interval, MissedTickBehavior};

use super::json::object;
use super::view::{self, put_loops, put_trip, thread_name, Moment, View, Watched};
use didelphis_abi::metrics::STATES;
use didelphis_core::time::Nanos;

/// See the [module](self).
#[derive(Default)]
pub(super) struct Hub(Mutex<Listeners>);

#[derive(Default)]
struct Listeners {
    all: Vec<Sender<Bytes>>,
    /// Whether somebody looks.
    looked_for: bool,
}

impl Hub {
    /// One more listens; `None` when there are enough.
    pub(super) fn join(self: &Arc<Self>, steering: bool) -> Option<Receiver<Bytes>> {
        let mut listeners = self.0.lock();
        listeners.all.retain(|listener| !listener.is_closed());
        if listeners.all.len() >= MOST_LISTENERS {
            return None;
        }
        let (listener, events) = channel(MOST_WAITING);
        // There is room.
        let _ = listener.try_send(snapshot(steering));
        listeners.all.push(listener);
        if !std::mem::replace(&mut listeners.looked_for, true) {
            tokio::spawn(look(self.clone()));
        }
        Some(events)
    }

    /// Whether anybody listens still.
    fn tell(&self, event: &Bytes) -> bool {
        let mut listeners = self.0.lock();
        listeners.all.retain(|listener| listener.try_send(event.clone()).is_ok());
        !listeners.all.is_empty()
    }

    /// Whether that is the end of looking.
    fn is_over(&self) -> bool {
        let mut listeners = self.0.lock();
        listeners.all.retain(|listener| !listener.is_closed());
        listeners.looked_for = !listeners.all.is_empty();
        !listeners.looked_for
    }
}

async fn look(hub: Arc<Hub>) {
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = Seen::default();
    for tick in 0u32.. {
        ticks.tick().await;
        if hub.is_over() {
            return;
        }
        if tick % TRANSITIONS == 0 {
            let moment = Moment::now();
            let views = view::breakers(Watched::Yes);
            for event in seen.transitions(&views, moment) {
                hub.tell(&event);
            }
            if tick % CHANGES == 0 {
                seen.changes(&views, moment).map(|event| hub.tell(&event));
            }
        }
        if tick % LOOPS == 0 {
            let moment = Moment::now();
            hub.tell(&event("loop", |json| {
                json.key("now").whole(moment.as_day());
                put_loops(json, moment);
            }));
        }
    }
}

/// What was seen last.
#[derive(Default)]
struct Seen {
    /// Places among [`STATES`] and moves, by id.
    states: HashMap<u64, (usize, u32)>,
    /// As they were told, by id.
    told: HashMap<u64, String>,
}

impl Seen {
    fn transitions(&mut self, views: &[View], moment: Moment) -> Vec<Bytes> {
        let states = views.iter().map(|view| (view.id, (view.state(), view.reading.generation)));
        let earlier = std::mem::replace(&mut self.states, states.collect());
        views.iter().filter_map(|view| transition(view, *earlier.get(&view.id)?, moment)).collect()
    }

    fn changes(&mut self, views: &[View], moment: Moment) -> Option<Bytes> {
        let mut told = HashMap::with_capacity(views.len());
        let mut changed = Vec::new();
        for view in views {
            let text = view.written(moment);
            if self.told.get(&view.id) != Some(&text) {
                changed.push(view.id);
            }
            told.insert(view.id, text);
        }
        let gone: Vec<_> = self.told.keys().filter(|id| !told.contains_key(id)).copied().collect();
        self.told = told;
        if changed.is_empty() && gone.is_empty() {
            return None;
        }
        Some(event("breakers", |json| {
            json.key("now").whole(moment.as_day());
            json.key("changed").array(changed, |json, id| json.written(&self.told[&id]));
            json.key("gone").array(gone, |json, id| json.whole(id as i64));
        }))
    }
}

fn transition(view: &View, earlier: (usize, u32), moment: Moment) -> Option<Bytes> {
    let (state, moves) = (view.state(), view.reading.generation);
    // By way of other states it may have come to where it was.
    if (state, moves) == earlier {
        return None;
    }
    let (from, to) = (STATES[earlier.0], STATES[state]);
    // What the clock has done and the loop has not seen is no move yet; what mode it is in, no
    // move at all.
    let has_moved = moves != earlier.1 || to == "halfOpen";
    let moved_at = view.reading.moved_at.filter(|_| has_moved).unwrap_or(Nanos::MAX);
    Some(event("transition", |json| {
        json.key("at").whole(moment.day_of(moved_at).unwrap_or(moment.as_day()));
        json.key("id").whole(view.id as i64);
        json.key("name").string(&view.names.name);
        json.key("thread").string(&thread_name(view.thread));
        json.key("from").string(from);
        json.key("to").string(to);
        let tripped = view.reading.tripped.filter(|_| matches!(to, "open" | "forcedOpen"));
        json.key("trip").maybe(tripped, |json, tripped| put_trip(json, &tripped, moment));
        json.key("moves").whole(moves.into());
    }))
}

fn snapshot(steering: bool) -> Bytes {
    let moment = Moment::now();
    event("snapshot", |json| {
        json.key("now").whole(moment.as_day());
        json.key("steering").bool(steering);
        json.key("breakers")
            .array(view::breakers(Watched::Yes), |json, view| view.put(json, moment, false));
        put_loops(json, moment);
    })
}

fn event(name: &str, fill: impl FnOnce(&mut super::json::Json)) -> Bytes {
    format!("event: {name}\ndata: {}\n\n", object(fill)).into()
}

/// How many may listen.
const MOST_LISTENERS: usize = 32;
/// How many events may wait for one that listens.
const MOST_WAITING: usize = 64;

/// How often to look, and at every how many looks for what.
const LOOK_EVERY: Duration = Duration::from_millis(50);
const TRANSITIONS: u32 = 2;
const LOOPS: u32 = 5;
const CHANGES: u32 = 20;

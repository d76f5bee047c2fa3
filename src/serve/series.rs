//! Breakers by their labels, added up: one series for each set of labels, whose counts never go
//! back.
//!
//! A name may belong to several breakers, one after the other or at the same time. Prometheus
//! takes a count that is less than before for one that began anew, so what breakers had counted
//! that left stays in their series, for as long as there is one of these labels. The first sets of
//! labels have series of their own, up to a limit, and keep them; the rest is added up.

use std::collections::{BTreeMap, HashMap};
use std::iter;
use std::sync::Arc;

use super::view::View;
use crate::runtime::registry::Names;
use didelphis_abi::metrics::{MOST_CHARACTERS, REASONS, STATES};
use didelphis_core::published_latencies::BOUNDS;
use didelphis_core::window::{Counter, Counts};

/// See the [module](self). It remembers what it was asked for last.
#[derive(Debug)]
pub(super) struct Series {
    slots: BTreeMap<Labels, Slot>,
    /// How many have series of their own.
    own: usize,
    most: usize,
    /// What slots had counted that were among the rest.
    gone: Sums,
}

/// What a series is told by.
pub(super) type Labels = Vec<(String, String)>;

/// What only goes up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sums {
    pub(super) counts: Counts,
    pub(super) trips: [i64; REASONS.len()],
    pub(super) by_bound: [i64; BOUNDS.len() + 1],
    pub(super) nanos: u64,
}

/// What goes up and down.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Gauges {
    /// How many breakers are in each state.
    pub(super) states: [i64; STATES.len()],
    pub(super) in_flight: i64,
    pub(super) queued: i64,
    /// Infinity: no limit.
    pub(super) capacity: f64,
}

/// A breaker's part.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) id: u64,
    pub(super) names: Arc<Names>,
    pub(super) sums: Sums,
    pub(super) gauges: Gauges,
}

/// What there is to be told.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Page {
    /// By labels.
    pub(super) rows: Vec<(Labels, Sums, Gauges)>,
    pub(super) breakers: usize,
    /// How many of these have no series of their own.
    pub(super) in_other: usize,
}

#[derive(Debug, Default)]
struct Slot {
    is_own: bool,
    living: HashMap<u64, (Sums, Gauges)>,
    gone: Sums,
}

impl Series {
    /// None yet, and not more of their own than that.
    pub(super) fn new(most: usize) -> Self {
        Series { slots: BTreeMap::new(), own: 0, most, gone: Sums::default() }
    }

    /// The series of all breakers that there are.
    pub(super) fn update(&mut self, parts: impl IntoIterator<Item = Part>) -> Page {
        let mut now: BTreeMap<Labels, HashMap<u64, (Sums, Gauges)>> = BTreeMap::new();
        for Part { id, names, sums, gauges } in parts {
            now.entry(labels_of(&names)).or_default().insert(id, (sums, gauges));
        }
        self.leave(&now);
        for (labels, living) in now {
            let has_room = self.own < self.most && labels != other();
            let slot = self.slots.entry(labels).or_insert_with(|| {
                self.own += usize::from(has_room);
                Slot { is_own: has_room, ..Slot::default() }
            });
            for (id, (sums, _)) in &slot.living {
                if !living.contains_key(id) {
                    slot.gone.add(sums);
                }
            }
            slot.living = living;
        }
        self.page()
    }

    /// Those leave of whose labels there is none any more.
    fn leave(&mut self, now: &BTreeMap<Labels, HashMap<u64, (Sums, Gauges)>>) {
        let (own, gone) = (&mut self.own, &mut self.gone);
        self.slots.retain(|labels, slot| {
            let stays = now.contains_key(labels);
            if !stays && slot.is_own {
                *own -= 1;
            } else if !stays {
                gone.add(&slot.total().0);
            }
            stays
        });
    }

    fn page(&mut self) -> Page {
        let mut page = Page::default();
        let mut rest = (self.gone, Gauges::default());
        for (labels, slot) in &self.slots {
            let (sums, gauges) = slot.total();
            page.breakers += slot.living.len();
            if slot.is_own {
                page.rows.push((labels.clone(), sums, gauges));
            } else {
                page.in_other += slot.living.len();
                rest.0.add(&sums);
                rest.1.add(&gauges);
            }
        }
        if page.in_other > 0 {
            page.rows.push((other(), rest.0, rest.1));
        } else {
            self.gone = Sums::default();
        }
        page
    }
}

impl Slot {
    fn total(&self) -> (Sums, Gauges) {
        let (mut sums, mut gauges) = (self.gone, Gauges::default());
        for (more, also) in self.living.values() {
            sums.add(more);
            gauges.add(also);
        }
        (sums, gauges)
    }
}

impl Sums {
    fn add(&mut self, more: &Sums) {
        let Sums { counts, trips, by_bound, nanos } = more;
        iter::zip(&mut self.counts, counts).for_each(|(sum, more)| *sum += more);
        iter::zip(&mut self.trips, trips).for_each(|(sum, more)| *sum += more);
        iter::zip(&mut self.by_bound, by_bound).for_each(|(sum, more)| *sum += more);
        self.nanos += nanos;
    }

    /// One of the counts.
    pub(super) fn of(&self, kind: Counter) -> i64 {
        self.counts[kind as usize]
    }
}

impl Gauges {
    fn add(&mut self, more: &Gauges) {
        iter::zip(&mut self.states, more.states).for_each(|(sum, more)| *sum += more);
        self.in_flight += more.in_flight;
        self.queued += more.queued;
        self.capacity += more.capacity;
    }
}

impl From<&View> for Part {
    fn from(view: &View) -> Part {
        let reading = &view.reading;
        let mut states = [0; STATES.len()];
        states[view.state()] = 1;
        Part {
            id: view.id,
            names: view.names.clone(),
            sums: Sums {
                counts: reading.since_beginning,
                trips: reading.trips,
                by_bound: reading.latencies.by_bound,
                nanos: reading.latencies.sum.get(),
            },
            gauges: Gauges {
                states,
                in_flight: reading.under_way().max(0),
                queued: reading.queued,
                capacity: view.capacity().map_or(f64::INFINITY, |places| places.max(0) as f64),
            },
        }
    }
}

fn labels_of(names: &Names) -> Labels {
    let name = ("name".to_owned(), names.name.chars().take(MOST_CHARACTERS).collect());
    iter::once(name).chain(names.labels.iter().cloned()).collect()
}

/// The labels of the rest.
fn other() -> Labels {
    vec![("name".into(), "other".into())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(id: u64, name: &str, fires: i64) -> Part {
        let mut sums = Sums { nanos: fires as u64, ..Sums::default() };
        sums.counts[Counter::Fires as usize] = fires;
        let gauges = Gauges { in_flight: 1, queued: 3, capacity: 10.0, ..Gauges::default() };
        let names = Arc::new(Names { name: name.into(), ..Names::default() });
        Part { id, names, sums, gauges }
    }

    /// Names with fires.
    fn told(page: &Page) -> Vec<(&str, i64)> {
        let rows = page.rows.iter();
        rows.map(|(labels, sums, _)| (labels[0].1.as_str(), sums.of(Counter::Fires))).collect()
    }

    #[test]
    fn breakers_of_one_name_are_one_series() {
        let mut series = Series::new(10);
        let page = series.update([part(1, "a", 5), part(2, "b", 7), part(3, "a", 10)]);
        assert_eq!(told(&page), [("a", 15), ("b", 7)]);
        let gauges = Gauges { in_flight: 2, queued: 6, capacity: 20.0, ..Gauges::default() };
        assert_eq!(page.rows[0].2, gauges);
        assert_eq!((page.breakers, page.in_other), (3, 0));
    }

    #[test]
    fn what_one_had_counted_that_left_stays_while_there_is_another() {
        let mut series = Series::new(10);
        series.update([part(1, "a", 5), part(2, "a", 7)]);
        assert_eq!(told(&series.update([part(2, "a", 8)])), [("a", 13)]);
        assert_eq!(told(&series.update([part(2, "a", 9), part(3, "a", 1)])), [("a", 15)]);
        assert_eq!(told(&series.update([])), []);
        assert_eq!(told(&series.update([part(4, "a", 2)])), [("a", 2)], "it began anew");
    }

    #[test]
    fn the_rest_is_added_up_and_never_goes_back() {
        let mut series = Series::new(2);
        let all = |more: &[(u64, &str, i64)]| -> Vec<Part> {
            more.iter().map(|&(id, name, fires)| part(id, name, fires)).collect()
        };
        let page = series.update(all(&[(1, "a", 1), (2, "b", 2), (3, "c", 3), (4, "d", 4)]));
        assert_eq!(told(&page), [("a", 1), ("b", 2), ("other", 7)]);
        assert_eq!((page.breakers, page.in_other), (4, 2));
        let page = series.update(all(&[(2, "b", 2), (3, "c", 5), (5, "e", 1)]));
        assert_eq!(told(&page), [("b", 2), ("e", 1), ("other", 9)], "c stays where it was");
        let page = series.update(all(&[(2, "b", 2), (5, "e", 1), (6, "f", 1)]));
        assert_eq!(told(&page), [("b", 2), ("e", 1), ("other", 10)]);
        let page = series.update(all(&[(2, "b", 2), (6, "f", 1)]));
        assert_eq!(told(&page), [("b", 2), ("other", 10)]);
    }

    #[test]
    fn a_breaker_that_is_called_as_the_rest_is_part_of_it() {
        let mut series = Series::new(5);
        let page = series.update([part(1, "other", 1), part(2, "x", 2)]);
        assert_eq!(told(&page), [("x", 2), ("other", 1)]);
        assert_eq!(page.in_other, 1);
    }

    #[test]
    fn a_long_name_is_cut_off() {
        let long = "ä".repeat(1_000);
        let page = Series::new(5).update([part(1, &long, 1)]);
        assert_eq!(page.rows[0].0[0].1, "ä".repeat(MOST_CHARACTERS));
    }
}

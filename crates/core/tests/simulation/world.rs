//! Callers, guard and service, from event to event: no time passes but what they say.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use didelphis_core::queue::Ticket;
use didelphis_core::sample::Sample;
use didelphis_core::time::Nanos;

use crate::guard::{Begun, Guard, Policy, Verdict};
use crate::load::Load;
use crate::measure::{Figures, Outcome};
use crate::random::Random;
use crate::service::{Job, Service};

/// What comes of a load under a policy. The calls that are offered depend on load and seed alone.
pub fn play(load: &Load, policy: &Policy, seed: u64) -> Outcome {
    let mut world = World::new(load, policy, seed);
    while let Some(Reverse((at, event))) = world.events.pop() {
        world.now = at;
        if event == Event::End {
            break;
        }
        world.happen(event);
    }
    world.outcome
}

/// What happens. Of what happens at once, the first of these first: after a stall, the loop sees
/// the answers before it looks at deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// Another phase begins.
    Phase(usize),
    StallBegins,
    /// A slot of the service is done with a call.
    Done(u64),
    /// The caller sees the answer.
    Answer(u64),
    /// The time of a call is up.
    Deadline(u64),
    /// The time of somebody in the queue is up.
    QueueDeadline,
    /// Calls are to be made.
    Arrival,
    /// So many are made; later, if the loop was stalled.
    Asked(u64),
    /// A second has passed.
    Second,
    End,
}

/// A call that was made, or waits to be.
#[derive(Debug)]
struct Call {
    /// When it was asked for.
    asked: Nanos,
    work: Nanos,
    slow: bool,
    started: Nanos,
    /// How long the loop had been stalled when it began.
    stalled: Nanos,
    begun: Option<Begun>,
    /// In the queue of the guard.
    waits: bool,
}

struct World<'a> {
    load: &'a Load,
    guard: Guard,
    service: Service,
    arrivals: Random,
    now: Nanos,
    events: BinaryHeap<Reverse<(Nanos, Event)>>,
    /// From the first that its caller has not heard of.
    calls: VecDeque<Call>,
    first: u64,
    waiting: HashMap<Ticket, u64>,
    /// Whether the time of the first of them is among the events.
    watches_queue: bool,
    phase: usize,
    /// Until when the loop of the callers is stalled; when it last was; for how long in all.
    stalled_until: Nanos,
    stalled: Nanos,
    outcome: Outcome,
}

impl<'a> World<'a> {
    fn new(load: &'a Load, policy: &Policy, seed: u64) -> Self {
        let mut events = BinaryHeap::new();
        let mut at = 0;
        for (index, phase) in load.phases.iter().enumerate() {
            events.push(Reverse((Nanos::from_millis(at * 1000), Event::Phase(index))));
            for second in at..at + phase.seconds {
                let end = Nanos::from_millis((second + 1) * 1000 - 1);
                events.push(Reverse((end, Event::Second)));
            }
            at += phase.seconds;
        }
        events.push(Reverse((Nanos::from_millis(at * 1000), Event::End)));
        events.push(Reverse((Nanos::ZERO, Event::Arrival)));
        if let Some((_, every)) = load.stalls {
            events.push(Reverse((Nanos::from_millis(every), Event::StallBegins)));
        }
        World {
            load,
            guard: Guard::new(policy, seed ^ 0x5eed),
            service: Service::new(),
            arrivals: Random::new(seed),
            now: Nanos::ZERO,
            events,
            calls: VecDeque::new(),
            first: 0,
            waiting: HashMap::new(),
            watches_queue: false,
            phase: 0,
            stalled_until: Nanos::ZERO,
            stalled: Nanos::ZERO,
            outcome: Outcome { phases: Vec::new(), seconds: vec![Figures::default()] },
        }
    }

    fn happen(&mut self, event: Event) {
        let is_seen_by_the_loop = matches!(
            event,
            Event::Answer(_) | Event::Deadline(_) | Event::QueueDeadline | Event::Asked(_)
        );
        if is_seen_by_the_loop && self.now < self.stalled_until {
            return self.at(self.stalled_until, event);
        }
        match event {
            Event::Phase(index) => self.begin_phase(index),
            Event::StallBegins => self.stall(),
            Event::Done(call) => {
                self.service.end();
                self.at(self.now, Event::Answer(call));
                self.work();
            }
            Event::Answer(call) => self.answer(call),
            Event::Deadline(call) => self.deadline(call),
            Event::QueueDeadline => self.queue_deadline(),
            Event::Arrival => self.arrive(),
            Event::Asked(calls) => (0..calls).for_each(|_| self.ask()),
            Event::Second => self.end_second(),
            Event::End => {}
        }
    }

    fn begin_phase(&mut self, index: usize) {
        let phase = &self.load.phases[index];
        self.phase = index;
        self.service.set_condition(phase.slots, phase.slowness, phase.hangs);
        self.outcome.phases.push(Figures::default());
        self.work();
    }

    fn stall(&mut self) {
        if let Some((length, every)) = self.load.stalls {
            let length = Nanos::from_millis(length);
            self.stalled_until = self.now + length;
            self.stalled = self.stalled + length;
            self.at(self.now + Nanos::from_millis(every), Event::StallBegins);
        }
    }

    fn arrive(&mut self) {
        let size = 1 + self.arrivals.exponential(self.load.burst - 1.0) as u64;
        self.at(self.now, Event::Asked(size));
        let mean = 1e9 * self.load.burst / self.load.phases[self.phase].offered;
        let next = Nanos::new(self.arrivals.exponential(mean) as u64 + 1);
        self.at(self.now + next, Event::Arrival);
    }

    fn ask(&mut self) {
        let work = self.load.work;
        let slow = self.arrivals.uniform() < work.slow_share;
        let (mean, sigma) =
            if slow { (work.slow_mean, work.slow_sigma) } else { (work.mean, work.sigma) };
        let work = Nanos::from_millis_f64(self.arrivals.lognormal(mean, sigma));
        self.count(|figures| figures.offered += 1);
        let call = self.first + self.calls.len() as u64;
        let (now, stalled) = (self.now, self.stalled);
        let new = Call { asked: now, work, slow, started: now, stalled, begun: None, waits: false };
        match self.guard.ask(now) {
            Verdict::Refused => self.count(|figures| figures.refused += 1),
            Verdict::Begins(begun) => {
                self.calls.push_back(new);
                self.begin(call, begun);
            }
            Verdict::Waits(ticket) => {
                self.calls.push_back(Call { waits: true, ..new });
                self.waiting.insert(ticket, call);
                self.watch_queue();
            }
        }
    }

    fn begin(&mut self, id: u64, begun: Begun) {
        let (now, stalled) = (self.now, self.stalled);
        self.at(now + begun.allowance.timeout, Event::Deadline(id));
        let call = self.call(id).expect("a call that waits has not ended");
        (call.started, call.stalled, call.begun) = (now, stalled, Some(begun));
        let work = call.work;
        self.service.take(Job { call: id, work });
        self.work();
    }

    /// Slots that are free take what there is.
    fn work(&mut self) {
        while let Some((call, time)) = self.service.begin() {
            self.at(self.now + time, Event::Done(call));
        }
    }

    fn answer(&mut self, id: u64) {
        let now = self.now;
        let Some((begun, sample)) = self.end(id) else { return };
        self.guard.on_success(begun, &sample, now);
        let call = self.call(id).expect("dropped below");
        let (latency, slow) = (now - call.asked, call.slow);
        self.count(|figures| {
            figures.good += 1;
            figures.slow_good += u64::from(slow);
            figures.latencies.record(latency);
        });
        self.go_on();
    }

    fn deadline(&mut self, id: u64) {
        let (now, stalled) = (self.now, self.stalled);
        // The time of a call stands still while the loop is stalled.
        match self.call(id) {
            Some(Call { stalled: at, begun: Some(_), .. }) if stalled > *at => {
                let more = stalled - *at;
                *at = stalled;
                return self.at(now + more, Event::Deadline(id));
            }
            _ => {}
        }
        let Some((begun, sample)) = self.end(id) else { return };
        self.guard.on_timeout(begun, &sample, now);
        let slow = self.call(id).expect("dropped below").slow;
        self.count(|figures| {
            figures.timed_out += 1;
            figures.slow_timed_out += u64::from(slow);
        });
        self.go_on();
    }

    /// A call that its caller has not heard of ends.
    fn end(&mut self, id: u64) -> Option<(Begun, Sample)> {
        let (now, stalled_until) = (self.now, self.stalled_until);
        let call = self.call(id)?;
        let begun = call.begun.take()?;
        let started = call.started;
        Some((begun, Sample { started, latency: now - started, stalled: started < stalled_until }))
    }

    /// Somebody has ended: others may begin.
    fn go_on(&mut self) {
        while let Some((ticket, begun)) = self.guard.next(self.now) {
            let call = self.leave_queue(ticket);
            match begun {
                Some(begun) => self.begin(call, begun),
                None => self.count(|figures| figures.refused += 1),
            }
        }
        self.forget();
    }

    fn leave_queue(&mut self, ticket: Ticket) -> u64 {
        let id = self.waiting.remove(&ticket).expect("who waits has a ticket");
        self.call(id).expect("a call that waits has not ended").waits = false;
        id
    }

    fn queue_deadline(&mut self) {
        self.watches_queue = false;
        self.go_on();
        while let Some(ticket) = self.guard.poll_expired(self.now) {
            self.leave_queue(ticket);
            self.count(|figures| figures.refused += 1);
        }
        self.watch_queue();
    }

    fn watch_queue(&mut self) {
        let at = self.guard.next_deadline();
        if !at.is_never() && !self.watches_queue {
            self.watches_queue = true;
            self.at(at.max(self.now), Event::QueueDeadline);
        }
    }

    /// Drops calls that have ended, so that memory is for those that have not.
    fn forget(&mut self) {
        while self.calls.front().is_some_and(|call| !call.waits && call.begun.is_none()) {
            self.calls.pop_front();
            self.first += 1;
        }
    }

    fn end_second(&mut self) {
        let (timeout, limit) = (self.guard.timeout(), self.guard.limit());
        let phase = self.outcome.phases.last_mut().expect("the first begins at once");
        let second = self.outcome.seconds.last_mut().expect("there is always one");
        for figures in [phase, second] {
            figures.seconds += 1;
            (figures.timeout, figures.limit) = (timeout, limit);
        }
        self.outcome.seconds.push(Figures::default());
    }

    fn count(&mut self, count: impl Fn(&mut Figures)) {
        self.outcome.phases.last_mut().map(&count);
        self.outcome.seconds.last_mut().map(&count);
    }

    fn call(&mut self, id: u64) -> Option<&mut Call> {
        let place = id.checked_sub(self.first)?;
        self.calls.get_mut(place as usize)
    }

    fn at(&mut self, at: Nanos, event: Event) {
        self.events.push(Reverse((at, event)));
    }
}

//! Puts the actors' requests in time order, in lanes that may run side by side.
//!
//! A lane holds all actors of its clients, and hands out one request at a time:
//! the earliest, and of two at the same time the one of the lower actor. So the
//! order of each client's requests is exact, whatever the number of lanes.
//! Between clients it is as exact as the driver's slices are short: it advances
//! every lane to the end of a slice of simulated time before any begins the next.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::IpAddr;

use tidegate_rules::Time;

use super::dice::mix;
use super::{Actor, Answer, Scenario, Shot};

/// All visitors of a scenario, parted into lanes.
pub struct Schedule {
    lanes: Vec<Lane>,
}

impl Schedule {
    /// Everybody of `scenario` in that many lanes (at least one).
    #[must_use]
    pub fn new(scenario: &Scenario, lanes: usize) -> Self {
        Self::of(scenario.actors(), scenario.end(), lanes)
    }

    /// These actors in that many lanes; requests at or after `end` are not made.
    #[must_use]
    pub fn of(actors: Vec<Box<dyn Actor>>, end: Time, lanes: usize) -> Self {
        let count = lanes.max(1);
        let mut lanes: Vec<Lane> =
            (0..count).map(|_| Lane { waiting: BinaryHeap::new(), end }).collect();
        for mut actor in actors {
            let Some(shot) = actor.next() else { continue };
            let lane = (client_number(shot.client) % count as u64) as usize;
            if let Some(lane) = lanes.get_mut(lane) {
                lane.wait(Turn { shot, actor });
            }
        }
        Self { lanes }
    }

    /// The lanes, to be advanced by the caller.
    #[must_use]
    pub fn into_lanes(self) -> Vec<Lane> {
        self.lanes
    }
}

/// The actors of some clients, in simulated time.
pub struct Lane {
    waiting: BinaryHeap<Reverse<Waiting>>,
    end: Time,
}

impl Lane {
    /// When the next request of this lane is due; `None` when all are done.
    #[must_use]
    pub fn due(&self) -> Option<Time> {
        self.waiting.peek().map(|Reverse(Waiting(turn))| turn.shot.at)
    }

    /// Takes the earliest request before `until`. Give it back with its answer
    /// to [`Lane::answered`]; an actor whose turn is dropped is gone.
    pub fn next_before(&mut self, until: Time) -> Option<Turn> {
        if self.due()? >= until {
            return None;
        }
        self.waiting.pop().map(|Reverse(Waiting(turn))| turn)
    }

    /// Tells the actor its answer, queues its next request, and hands back the
    /// one that was answered.
    pub fn answered(&mut self, turn: Turn, answer: &Answer) -> Shot {
        let Turn { shot, mut actor } = turn;
        actor.answered(answer);
        if let Some(next) = actor.next() {
            self.wait(Turn { shot: next, actor });
        }
        shot
    }

    fn wait(&mut self, turn: Turn) {
        if turn.shot.at < self.end {
            self.waiting.push(Reverse(Waiting(turn)));
        }
    }
}

/// A request that is due, with the actor that waits for its answer.
pub struct Turn {
    /// The request.
    pub shot: Shot,
    actor: Box<dyn Actor>,
}

/// A turn, ordered by time and then by actor.
struct Waiting(Turn);

impl Waiting {
    fn key(&self) -> (Time, u32) {
        (self.0.shot.at, self.0.shot.actor)
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// A number for one client: an IPv4 address or an IPv6 /64.
fn client_number(client: IpAddr) -> u64 {
    match client {
        IpAddr::V4(address) => mix(u64::from(address.to_bits()), 4),
        IpAddr::V6(address) => mix((address.to_bits() >> 64) as u64, 6),
    }
}

//! Plays a scenario through anything that answers requests, and keeps score.
//!
//! Simulated time advances in slices: all lanes run side by side to the end of a
//! slice, then all begin the next. So a client's requests keep their order
//! exactly, and no two requests more than [`SLICE_MS`] apart change theirs. How
//! long an answer takes on this machine changes nothing.
//!
//! It must not judge: a [`Tally`] counts what the clients got, by what they are.

use std::future::Future;
use std::sync::Arc;

use anyhow::{Context, Result};
use tidegate_rules::Time;
use tokio::task::JoinSet;

use crate::traffic::{Answer, Lane, Scenario, Schedule, Shot};

mod tally;

pub use tally::{ActorTally, ClassTally, Minute, STARVED_MS, Tally};

/// Length of a slice of simulated time, in milliseconds.
pub const SLICE_MS: u64 = 250;

/// What answers requests: the edge on this machine, a model of it, a fake.
pub trait Target: Send + Sync {
    /// Sends one request, at its simulated time, and waits for the answer.
    ///
    /// # Errors
    /// Where no answer came. The replay counts it as a failed send, which a CDN
    /// answers with 500, and goes on.
    fn send(&self, shot: &Shot) -> impl Future<Output = Result<Answer>> + Send;
}

/// What happened in one slice of simulated time.
#[derive(Debug)]
pub struct Slice {
    /// The end of the slice.
    pub until: Time,
    /// How much of the scenario's time is over, from 0 to 1.
    pub done: f64,
    /// Each request and its answer, in time order.
    pub answers: Vec<(Shot, Answer)>,
    /// The first failed send, if any.
    pub failure: Option<String>,
    /// How many sends failed.
    pub failed: u64,
}

/// Plays `scenario` through `target`, in that many lanes side by side, and tells
/// `on_slice` about every slice in which something happened.
///
/// # Errors
/// Where `on_slice` fails, or the target panics.
pub async fn replay<T: Target + 'static>(
    target: Arc<T>,
    scenario: &Scenario,
    lanes: usize,
    on_slice: impl FnMut(&Slice) -> Result<()>,
) -> Result<Tally> {
    let lanes = Schedule::new(scenario, lanes).into_lanes();
    play(target, lanes, scenario, on_slice).await
}

async fn play<T: Target + 'static>(
    target: Arc<T>,
    mut lanes: Vec<Lane>,
    scenario: &Scenario,
    mut on_slice: impl FnMut(&Slice) -> Result<()>,
) -> Result<Tally> {
    let mut tally = Tally::new(scenario);
    let start = scenario.start.unix_millis();
    let length = scenario.end().millis_since(scenario.start).max(1);
    // Slices without a request are left out.
    while let Some(due) = lanes.iter().filter_map(Lane::due).min() {
        let number = due.millis_since(scenario.start) / SLICE_MS + 1;
        let until = Time::from_unix_millis(start + number * SLICE_MS);
        let mut slice = advance(&target, &mut lanes, until).await?;
        slice.done = (until.millis_since(scenario.start) as f64 / length as f64).min(1.0);
        tally.add(&slice);
        on_slice(&slice)?;
    }
    Ok(tally)
}

/// Runs every lane to the end of a slice.
async fn advance<T: Target + 'static>(
    target: &Arc<T>,
    lanes: &mut Vec<Lane>,
    until: Time,
) -> Result<Slice> {
    let mut running = JoinSet::new();
    let mut rest = Vec::with_capacity(lanes.len());
    for lane in lanes.drain(..) {
        if lane.due().is_some_and(|due| due < until) {
            running.spawn(run(Arc::clone(target), lane, until));
        } else {
            rest.push(lane);
        }
    }
    let mut slice = Slice { until, done: 0.0, answers: Vec::new(), failure: None, failed: 0 };
    while let Some(ended) = running.join_next().await {
        let part = ended.context("a lane of the replay panicked")?;
        rest.push(part.lane);
        slice.answers.extend(part.answers);
        slice.failed += part.failed;
        slice.failure = slice.failure.or(part.failure);
    }
    *lanes = rest;
    slice.answers.sort_by_key(|(shot, _)| (shot.at, shot.actor));
    Ok(slice)
}

/// A lane at the end of a slice, and what it did.
struct Part {
    lane: Lane,
    answers: Vec<(Shot, Answer)>,
    failure: Option<String>,
    failed: u64,
}

async fn run<T: Target>(target: Arc<T>, lane: Lane, until: Time) -> Part {
    let mut part = Part { lane, answers: Vec::new(), failure: None, failed: 0 };
    while let Some(turn) = part.lane.next_before(until) {
        let answer = match target.send(&turn.shot).await {
            Ok(answer) => answer,
            Err(error) => {
                part.failed += 1;
                let path = &turn.shot.path_and_query;
                part.failure.get_or_insert_with(|| format!("no answer for `{path}`: {error:#}"));
                Answer::status(500)
            }
        };
        let shot = part.lane.answered(turn, &answer);
        part.answers.push((shot, answer));
    }
    part
}

#[cfg(test)]
mod tests;

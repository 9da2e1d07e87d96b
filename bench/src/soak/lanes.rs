//! Requests on their way: one every so often, whatever becomes of those before it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use hyper::{Body, Request};
use tidegate_local::{Runtime, runtime};
use tokio::time::{sleep_until, timeout};

use super::crowd::Ask;
use super::faults::Fault;
use super::ledger::Ledger;

/// Requests that may be under way at once: enough for an origin that is slow.
const LANES: usize = 96;
/// How long somebody waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// A crawler's burst, and the calm after it, take this long together.
const BURSTS: Duration = Duration::from_secs(20);

/// Sends so many requests at that rate, and enters each into the ledger. Whoever
/// falls behind catches up.
pub(super) async fn send(
    runtime: Arc<Runtime>,
    ledger: Arc<Ledger>,
    start: Instant,
    requests: u64,
    rate: u32,
) -> Result<()> {
    let next = Arc::new(AtomicU64::new(0));
    let lane = || {
        let (runtime, ledger, next) =
            (Arc::clone(&runtime), Arc::clone(&ledger), Arc::clone(&next));
        tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= requests {
                    return;
                }
                let due = Duration::from_secs_f64(number as f64 / f64::from(rate));
                sleep_until((start + due).into()).await;
                one(&runtime, &ledger, number, &Ask::number(number, crawler(due))).await;
            }
        })
    };
    let lanes: Vec<_> = (0..LANES).map(|_| lane()).collect();
    for lane in lanes {
        lane.await?;
    }
    Ok(())
}

/// The crawler of this time; none in the second half of each period.
fn crawler(since: Duration) -> Option<u32> {
    let periods = since.as_secs_f64() / BURSTS.as_secs_f64();
    (periods.fract() < 0.5).then_some(periods as u32)
}

async fn one(runtime: &Runtime, ledger: &Ledger, number: u64, ask: &Ask) {
    let fault = ledger.spans.now();
    let sent = ledger.sends(number, ask);
    let got = match timeout(PATIENCE, answer(runtime, ledger, number, ask, fault)).await {
        Ok(got) => got,
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    };
    ledger.answered(number, ask, fault, sent, got);
}

async fn answer(
    runtime: &Runtime,
    ledger: &Ledger,
    number: u64,
    ask: &Ask,
    fault: Option<Fault>,
) -> Result<u16, String> {
    let mut request = Request::get(format!("http://docs.rs{}", ask.path))
        .header("x-tidegate-door-request-id", number.to_string());
    for (name, value) in ask.headers() {
        request = request.header(name, value);
    }
    if let Some(fault) = fault.and_then(Fault::door) {
        request = request.header("x-tidegate-door-fault", fault);
    }
    let request = request.body(Body::empty()).map_err(|error| error.to_string())?;
    let answered = runtime.request(request, ask.address()).await;
    let answer = runtime::read(answered.map_err(|failure| failure.to_string())?).await;
    let answer = answer.map_err(|failure| failure.to_string())?;
    let memory = answer.headers().get("x-tidegate-door-memory-mib");
    if let Some(mib) = memory.and_then(|mib| mib.to_str().ok()?.parse().ok()) {
        ledger.saw_memory(mib);
    }
    Ok(answer.status().as_u16())
}

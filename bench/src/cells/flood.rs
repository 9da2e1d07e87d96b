//! A flood on one key.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use hyper::{Body, Request};
use tidegate_local::{Failure, Runtime, runtime};
use tokio::time::{Instant, sleep_until};

/// Requests that may be under way at once.
const LANES: u64 = 32;

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Who {
    /// One client, each time for another page.
    One,
    /// Another client with every request.
    Everybody,
}

/// What came of a flood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flooded {
    pub(super) asked: u64,
    pub(super) passed: u64,
    /// From the first request to the last answer.
    pub(super) took: Duration,
}

/// Sends so many requests, one after each gap or as fast as they are answered.
/// Whoever falls behind catches up, so that the rate is held on average.
pub(super) async fn flood(
    runtime: &Arc<Runtime>,
    who: Who,
    requests: u64,
    gap: Option<Duration>,
) -> Result<Flooded> {
    let next = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let lane = || {
        let (runtime, next) = (Arc::clone(runtime), Arc::clone(&next));
        tokio::spawn(async move {
            let mut passed = 0;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= requests {
                    return Ok::<u64, anyhow::Error>(passed);
                }
                if let Some(gap) = gap {
                    sleep_until(start + gap * u32::try_from(number)?).await;
                }
                passed += u64::from(passes(&runtime, who, number).await?);
            }
        })
    };
    let lanes: Vec<_> = (0..LANES).map(|_| lane()).collect();
    let mut passed = 0;
    for lane in lanes {
        passed += lane.await??;
    }
    Ok(Flooded { asked: requests, passed, took: start.elapsed() })
}

async fn passes(runtime: &Runtime, who: Who, number: u64) -> Result<bool> {
    let client = match who {
        Who::One => 1,
        Who::Everybody => u32::try_from(number)?,
    };
    let client = IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 | client));
    let request = Request::get(format!("http://docs.rs/{number}")).body(Body::empty())?;
    let answered = runtime.request(request, client).await;
    let answer = runtime::read(answered?).await.map_err(|failure: Failure| anyhow!(failure))?;
    let status = answer.status().as_u16();
    ensure!(status == 429 || status < 500, "the module answered {status}");
    Ok(status != 429)
}

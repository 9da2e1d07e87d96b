//! The same traffic for every module: half of it for pages that the cache has, a
//! quarter for pages that it has not yet, a quarter for searches, which it may
//! not keep.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use hyper::{Body, Request};
use tidegate_local::{Failure, Runtime, runtime};

/// Requests that may be under way at once.
const LANES: usize = 4;

/// Pages that the cache has, once each was asked for.
pub(super) const PAGES: u32 = 50;

/// What a browser sends.
const HEADERS: [(&str, &str); 8] = [
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("accept-language", "en-US,en;q=0.5"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("upgrade-insecure-requests", "1"),
    ("sec-fetch-dest", "document"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-site", "same-origin"),
];

/// What a load took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    /// From the first request to the last answer.
    pub(crate) wall: Duration,
    /// Of both cores, by all that takes part: clients, runtime, module, origin.
    pub(crate) cpu: Duration,
}

/// Sends so many requests by clients that take turns, the first of which is number
/// `first`.
pub(crate) async fn load(
    runtime: &Arc<Runtime>,
    clients: u32,
    first: u32,
    requests: u32,
) -> Result<Took> {
    let next = Arc::new(AtomicU32::new(first));
    let (start, before) = (Instant::now(), cpu_time()?);
    let lane = || {
        let (runtime, next) = (Arc::clone(runtime), Arc::clone(&next));
        tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= first + requests {
                    return Ok::<_, anyhow::Error>(());
                }
                ask(&runtime, clients, number).await?;
            }
        })
    };
    let lanes: Vec<_> = (0..LANES).map(|_| lane()).collect();
    for lane in lanes {
        lane.await??;
    }
    Ok(Took { wall: start.elapsed(), cpu: cpu_time()?.saturating_sub(before) })
}

/// Sends the request of a number, and waits for its answer.
pub(super) async fn ask(runtime: &Runtime, clients: u32, number: u32) -> Result<()> {
    let client = IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 | (number % clients)));
    let path = match number % 4 {
        0 | 2 => format!("/serde/latest/serde/trait.T{}.html", number / 2 % PAGES),
        1 => format!("/a{number}/latest/a{number}/struct.S.html"),
        _ => format!("/releases/search?query=q{number}"),
    };
    let mut request = Request::get(format!("http://docs.rs{path}"));
    for (name, value) in HEADERS {
        request = request.header(name, value);
    }
    let answered = runtime.request(request.body(Body::empty())?, client).await;
    let answer = runtime::read(answered?).await.map_err(|failure: Failure| anyhow!(failure))?;
    let status = answer.status();
    ensure!(status == 200, "the module answered {status} to `{path}`");
    Ok(())
}

/// CPU time of this process.
fn cpu_time() -> Result<Duration> {
    /// Of the kernel's clock, which is the same on every Linux of our days.
    const TICKS_PER_SECOND: u64 = 100;

    let stat = std::fs::read_to_string("/proc/self/stat").context("cannot read the CPU time")?;
    // The name of the program, which may have spaces, ends with the last bracket.
    let (_, fields) = stat.rsplit_once(')').context("a strange `/proc/self/stat`")?;
    let field = |at: usize| fields.split_whitespace().nth(at)?.parse::<u64>().ok();
    let ticks = field(11).zip(field(12)).map(|(user, system)| user + system);
    let ticks = ticks.context("no CPU time in `/proc/self/stat`")?;
    Ok(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND))
}

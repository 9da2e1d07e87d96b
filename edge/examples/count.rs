//! A module that only counts requests per address, a minute at a time, as a limit
//! per IP does: what the cost of Tidegate is measured against.
//!
//! It keeps its counters where Tidegate keeps its cells, in the cache of the POP,
//! and counts every request, those for cached pages too.

use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fastly::cache::core;
use fastly::http::serve::Serve;
use fastly::{Request, Response};
#[cfg(feature = "harness")]
use tidegate_edge::HarnessCache as Cache;
#[cfg(not(feature = "harness"))]
use tidegate_edge::ReadThrough as Cache;
use tidegate_edge::Upstream;

/// Requests a minute: docs.rs's limit of 2026.
const LIMIT: u64 = 700;
const MINUTE: Duration = Duration::from_secs(60);

fn main() {
    let summary = Serve::new().run(handle);
    if let Some(never) = summary.error() {
        match *never {}
    }
}

fn handle(request: Request) -> Response {
    // What cannot be counted passes, as with Tidegate.
    if request.get_client_ip_addr().is_some_and(|client| count(client).is_some_and(is_over)) {
        return Response::from_status(429);
    }
    let sent = Cache("origin").forward(request);
    sent.unwrap_or_else(|error| Response::from_status(503).with_body(error.to_string()))
}

const fn is_over(count: u64) -> bool {
    count > LIMIT
}

/// How many requests the client has sent in this minute, this one included.
fn count(client: IpAddr) -> Option<u64> {
    let minute = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs() / MINUTE.as_secs();
    let key = format!("count-{minute}-{client}");
    let found = core::lookup(key.clone().into()).execute().ok()?;
    let before = found.and_then(|found| {
        let bytes = found.user_metadata();
        Some(u64::from_le_bytes(bytes.as_ref().try_into().ok()?))
    });
    let count = before.unwrap_or_default() + 1;
    let body = core::insert(key.into(), MINUTE)
        .deliver_node_max_age(Duration::ZERO)
        .known_length(0)
        .user_metadata(count.to_le_bytes().to_vec().into())
        .execute()
        .ok()?;
    body.finish().ok()?;
    Some(count)
}

//! A module that only forwards: what the cost of Tidegate is measured against.

use fastly::http::serve::Serve;
use fastly::{Request, Response};
#[cfg(feature = "harness")]
use tidegate_edge::HarnessCache as Cache;
#[cfg(not(feature = "harness"))]
use tidegate_edge::ReadThrough as Cache;
use tidegate_edge::Upstream;

fn main() {
    let summary = Serve::new().run(forward);
    if let Some(never) = summary.error() {
        match *never {}
    }
}

fn forward(request: Request) -> Response {
    let sent = Cache("origin").forward(request);
    sent.unwrap_or_else(|error| Response::from_status(503).with_body(error.to_string()))
}

//! A small reference service: Tidegate in front of the backend `origin`, for a
//! site that has no Compute service of its own.

mod shield;

use std::mem::ManuallyDrop;

use fastly::http::serve::Serve;
use fastly::{Request, Response};
use shield::Way;
use tidegate_edge::{Tidegate, Upstream, strip_imitations};

const ORIGIN: &str = "origin";

#[cfg(feature = "harness")]
use tidegate_edge::HarnessCache as Cache;
#[cfg(not(feature = "harness"))]
use tidegate_edge::ReadThrough as Cache;

fn main() {
    // A sandbox's memory goes as a whole; to free its rules piece by piece
    // first would be work for nothing.
    let mut tidegate = ManuallyDrop::new(Tidegate::new());
    let way = Way::to(ORIGIN);
    let summary = Serve::new().run(|request| handle(&mut tidegate, &way, request));
    if let Some(never) = summary.error() {
        match *never {}
    }
}

fn handle(tidegate: &mut Tidegate, way: &Way, mut request: Request) {
    // Fastly purges its cache for whoever's PURGE a service sends on.
    if request.get_method_str() == "PURGE" {
        return purge_refused().send_to_client();
    }
    if way.is_inspected(&mut request) {
        return match Cache(ORIGIN).forward(request) {
            Ok(response) => response.send_to_client(),
            Err(error) => unreachable_origin(&error).send_to_client(),
        };
    }
    let client = request.get_client_ip_addr();
    strip_imitations(&mut request);
    let pass = match tidegate.inspect(&mut request) {
        Ok(pass) => pass,
        Err(refused) => return refused.send_to_client(),
    };
    if let Some(client) = client {
        request.set_header("fastly-client-ip", client.to_string());
    }
    let backend = way.backend(&mut request);
    let sent = Cache(backend).send(request, &pass);
    match pass.settle(sent) {
        Ok(answer) => answer.send_to_client(),
        Err(error) => unreachable_origin(&error).send_to_client(),
    }
}

fn purge_refused() -> Response {
    Response::from_status(405)
        .with_header("allow", "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE")
        .with_body_text_plain("purges go to Fastly's API\n")
}

fn unreachable_origin(error: &impl std::fmt::Display) -> Response {
    Response::from_status(503)
        .with_header("retry-after", "5")
        .with_body_text_plain(&format!("the origin could not be reached: {error}\n"))
}

//! A service that hands over facts instead of its request, as one on another
//! version of the `fastly` crate does.

use std::time::{SystemTime, UNIX_EPOCH};

use fastly::http::serve::Serve;
use fastly::{Request, Response};
use tidegate_edge::{Parts, Tidegate};
use tidegate_rules::{CacheState, Client, Outcome, Time};

fn main() {
    let mut tidegate = Tidegate::new();
    let summary = Serve::new().run(|request| handle(&mut tidegate, request));
    if let Some(never) = summary.error() {
        match *never {}
    }
}

fn handle(tidegate: &mut Tidegate, request: Request) -> Response {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Time::from_unix_millis(u64::try_from(now.as_millis()).unwrap_or_default());
    let url = request.get_url().clone();
    let facts = tidegate_rules::Request {
        host: url.host_str(),
        query: url.query(),
        client: request.get_client_ip_addr().map(Client::Address),
        user_agent: request.get_header_str("user-agent"),
        request_id: request.get_client_request_id(),
        ..tidegate_rules::Request::new(now, request.get_method_str(), url.path())
    };
    let accept = request.get_header_str("accept").unwrap_or_default();
    let pass = match tidegate.inspect_facts(&facts, accept) {
        Ok(pass) => pass,
        Err((parts, _after)) => return response(parts),
    };
    let mut request = request;
    if let Some(tags) = pass.tags() {
        request.set_header("tidegate-tag", tags);
    }
    // This host has no cache, so the origin is about to be asked.
    if pass.admit().is_err() {
        let (parts, _after) = pass.refused();
        return response(parts);
    }
    let sent = request.with_pass(true).send("origin");
    let status = sent.as_ref().ok().map(|response| response.get_status().as_u16());
    let _after =
        pass.settle_facts(&Outcome { status, cache: Some(CacheState::Pass), ..Outcome::default() });
    sent.unwrap_or_else(|error| Response::from_status(503).with_body(error.to_string()))
}

fn response(parts: Parts) -> Response {
    let mut response = Response::from_status(parts.status).with_body(parts.body);
    for (name, value) in parts.headers {
        response.append_header(name, value);
    }
    response
}

//! From a Fastly request to the facts that the engine takes.
//!
//! Facts come from the platform, never from a header that a client could have
//! written; only `User-Agent`, `Accept` and the order of header names are the
//! client's own word. Nothing is decided here.

use std::net::IpAddr;

use fastly::Request;
use tidegate_rules::{Client, Protocol, Signals, Time, Vouched, fingerprint};

use crate::door::Door;

/// Headers by which a client could pass itself off as the edge. None of them
/// changes a decision, and [`strip_imitations`] keeps them from the origin. A
/// name that ends in `-` stands for every name that starts so.
pub const IMITATIONS: [&str; 10] = [
    "fastly-client-ip",
    "fastly-ff",
    "forwarded",
    "tidegate-tag",
    "x-cache",
    "x-fastly-bot-",
    "x-forwarded-for",
    "x-real-ip",
    "x-request-id",
    "x-tidegate-",
];

/// Removes the headers that imitate facts of the edge. To be called before the
/// service sets any of them itself.
pub fn strip_imitations(request: &mut Request) {
    remove(request, |name| {
        // Under test the door's headers are read later, by `inspect`.
        let door = cfg!(feature = "harness") && name.starts_with("x-tidegate-door-");
        !door
            && IMITATIONS.iter().any(|imitation| {
                name == *imitation || (imitation.ends_with('-') && name.starts_with(imitation))
            })
    });
}

fn remove(request: &mut Request, unwanted: impl Fn(&str) -> bool) {
    let names: Vec<String> = request
        .get_header_names_str()
        .into_iter()
        .filter(|name| unwanted(&name.to_ascii_lowercase()))
        .map(str::to_owned)
        .collect();
    for name in names {
        request.remove_header(name);
    }
}

/// The facts of one request, owned: the request itself is gone once it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Observed {
    pub(crate) time: Time,
    pub(crate) method: String,
    pub(crate) accept: String,
    host: Option<String>,
    path: String,
    query: Option<String>,
    client: Option<IpAddr>,
    user_agent: String,
    protocol: Option<Protocol>,
    ja4: Option<String>,
    h2: Option<String>,
    header_order: Option<u64>,
    headers: Option<String>,
    asn: Option<u32>,
    country: Option<String>,
    pop: Option<String>,
    credentials: bool,
    vouched: Option<Vouched>,
    pub(crate) request_id: Option<String>,
}

impl Observed {
    pub(crate) fn of(request: &Request, door: &Door) -> Self {
        let client = request.get_client_ip_addr();
        let (asn, country) = geo(client, door);
        let url = request.get_url();
        let names = request.get_original_header_names().ok().flatten();
        let each = names.unwrap_or_default().iter().map(String::as_str);
        Self {
            time: door.now(),
            method: request.get_method_str().to_owned(),
            accept: header(request, "accept"),
            host: url.host_str().map(str::to_owned),
            path: url.path().to_owned(),
            query: url.query().map(str::to_owned),
            client,
            user_agent: header(request, "user-agent"),
            protocol: protocol(request),
            ja4: request.get_tls_ja4().map(str::to_owned).or_else(|| door.fact("ja4")),
            h2: request.get_client_h2_fingerprint().map(str::to_owned).or_else(|| door.fact("h2")),
            header_order: fingerprint::header_order(each),
            headers: names.as_ref().map(|names| names.join(",")),
            asn,
            country,
            pop: door.fact("pop").or_else(|| Some(fastly::compute_runtime::pop().to_owned())),
            credentials: ["authorization", "cookie"]
                .into_iter()
                .any(|name| request.contains_header(name)),
            vouched: vouched(request),
            request_id: request.get_client_request_id().map(str::to_owned),
        }
    }

    pub(crate) fn request(&self) -> tidegate_rules::Request<'_> {
        tidegate_rules::Request {
            time: self.time,
            method: &self.method,
            host: self.host.as_deref(),
            path: &self.path,
            query: self.query.as_deref(),
            client: self.client.map(Client::Address),
            user_agent: Some(&self.user_agent),
            signals: Signals {
                protocol: self.protocol,
                ja4: self.ja4.as_deref(),
                h2: self.h2.as_deref(),
                header_order: self.header_order,
                headers: self.headers.as_deref(),
                fingerprint: None,
            },
            asn: self.asn,
            country: self.country.as_deref(),
            pop: self.pop.as_deref(),
            credentials: Some(self.credentials),
            vouched: self.vouched,
            request_id: self.request_id.as_deref(),
        }
    }
}

fn header(request: &Request, name: &str) -> String {
    request.get_header_str_lossy(name).map(|text| text.into_owned()).unwrap_or_default()
}

fn protocol(request: &Request) -> Option<Protocol> {
    let version = request.get_version();
    if version == fastly::http::Version::HTTP_2 {
        Some(Protocol::H2)
    } else if version == fastly::http::Version::HTTP_3 {
        Some(Protocol::H3)
    } else {
        Some(Protocol::H1)
    }
}

fn geo(client: Option<IpAddr>, door: &Door) -> (Option<u32>, Option<String>) {
    let told = (door.fact("asn").and_then(|asn| asn.parse().ok()), door.fact("country"));
    if told.0.is_some() {
        return told;
    }
    let Some(found) = client.and_then(fastly::geo::geo_lookup) else { return told };
    // The platform says 0 and "**" where it does not know.
    let asn = Some(found.as_number()).filter(|asn| *asn != 0);
    let country = Some(found.country_code()).filter(|code| code.len() == 2 && *code != "**");
    (asn, country.map(str::to_owned))
}

/// What Fastly's bot management says, where the service has it.
fn vouched(request: &Request) -> Option<Vouched> {
    (request.get_bot_analyzed() && request.get_bot_verified() == Some(true))
        .then_some(Vouched::Verified)
}

/// Removes what only Tidegate may say, and the harness door's headers.
pub(crate) fn strip_own(request: &mut Request) {
    remove(request, |name| name == "tidegate-tag" || name.starts_with("x-tidegate-"));
}

//! From a Fastly request to the facts that the engine takes.
//!
//! Facts come from the platform, never from a header that a client could have
//! written; only `User-Agent`, `Accept`, the order of header names and signatures,
//! which prove themselves, are the client's own word. Whatever the platform does
//! not say is unknown. Nothing is decided here.

mod place;
mod signed;

use fastly::Request;
use tidegate_rules::{Client, Protocol, Signals, Time, Vouched, fingerprint, request};

use crate::door::Door;
use place::Place;
use signed::Signed;

/// Removes the headers that imitate facts of the edge. To be called before the
/// service sets any of them itself.
pub fn strip_imitations(request: &mut Request) {
    remove(request, |name| {
        // Under test the door's headers are read later, by `inspect`.
        let door = cfg!(feature = "harness") && name.starts_with("x-tidegate-door-");
        !door && request::imitates_edge(name)
    });
}

fn remove(request: &mut Request, unwanted: impl Fn(&str) -> bool) {
    // What the client sent is at hand, and hardly ever has such a name.
    let sent = request.get_original_header_names().ok().flatten();
    if sent.is_some_and(|sent| !sent.iter().any(|name| unwanted(&name.to_ascii_lowercase()))) {
        return;
    }
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
    client: Option<Client>,
    user_agent: Option<String>,
    protocol: Option<Protocol>,
    ja4: Option<String>,
    ja3: Option<String>,
    h2: Option<String>,
    tls: Option<String>,
    cipher: Option<String>,
    header_order: Option<u64>,
    headers: Option<String>,
    place: Place,
    pop: Option<String>,
    credentials: Option<bool>,
    vouched: Option<Vouched>,
    bot: Option<String>,
    signed: Option<Signed>,
    pub(crate) request_id: Option<String>,
}

impl Observed {
    pub(crate) fn of(request: &Request, door: &Door) -> Self {
        let client = request.get_client_ip_addr();
        let url = request.get_url();
        let names = request.get_original_header_names().ok().flatten();
        let each = names.unwrap_or_default().iter().map(String::as_str);
        // Each header that is asked for is a call out of the sandbox.
        let sent = |name: &str| match names {
            Some(names) => names.iter().any(|sent| sent.eq_ignore_ascii_case(name)),
            None => request.contains_header(name),
        };
        let told = |fact: Option<&str>, name| fact.map(str::to_owned).or_else(|| door.fact(name));
        Self {
            time: door.now(),
            method: request.get_method_str().to_owned(),
            accept: header(request, "accept"),
            host: url.host_str().map(str::to_owned),
            path: url.path().to_owned(),
            query: url.query().map(str::to_owned),
            client: client.map(Client::Address),
            user_agent: Some(header(request, "user-agent")),
            protocol: Some(protocol(request, door)),
            ja4: told(request.get_tls_ja4(), "ja4"),
            ja3: request.get_tls_ja3_md5().map(hex).or_else(|| door.fact("ja3")),
            h2: told(request.get_client_h2_fingerprint(), "h2"),
            tls: told(request.get_tls_protocol().ok().flatten(), "tls"),
            cipher: told(request.get_tls_cipher_openssl_name().ok().flatten(), "cipher"),
            header_order: fingerprint::header_order(each),
            headers: names.as_ref().map(|names| names.join(",")),
            place: Place::of(request, client, door),
            // Fastly's own function for it panics where it is not said.
            pop: door.fact("pop").or_else(|| std::env::var("FASTLY_POP").ok()),
            credentials: Some(["authorization", "cookie"].into_iter().any(sent)),
            vouched: vouched(request),
            bot: bot(request),
            signed: sent("signature-input").then(|| Signed::of(request)).flatten(),
            request_id: door
                .fact("request-id")
                .or_else(|| request.get_client_request_id().map(str::to_owned)),
        }
    }

    /// The facts that somebody else observed.
    pub(crate) fn told(facts: &tidegate_rules::Request<'_>, accept: &str) -> Self {
        let signals = &facts.signals;
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            time: facts.time,
            method: facts.method.to_owned(),
            accept: accept.to_owned(),
            host: owned(facts.host),
            path: facts.path.to_owned(),
            query: owned(facts.query),
            client: facts.client,
            user_agent: owned(facts.user_agent),
            protocol: signals.protocol,
            ja4: owned(signals.ja4),
            ja3: owned(signals.ja3),
            h2: owned(signals.h2),
            tls: owned(signals.tls),
            cipher: owned(signals.cipher),
            header_order: signals.header_order,
            headers: owned(signals.headers),
            place: Place {
                asn: facts.asn,
                country: owned(facts.country),
                proxy: owned(facts.proxy),
            },
            pop: owned(facts.pop),
            credentials: facts.credentials,
            vouched: facts.vouched,
            bot: owned(facts.bot),
            signed: facts.signature.as_ref().and_then(Signed::told),
            request_id: owned(facts.request_id),
        }
    }

    pub(crate) fn request(&self) -> tidegate_rules::Request<'_> {
        tidegate_rules::Request {
            time: self.time,
            method: &self.method,
            host: self.host.as_deref(),
            path: &self.path,
            query: self.query.as_deref(),
            client: self.client,
            user_agent: self.user_agent.as_deref(),
            signals: Signals {
                protocol: self.protocol,
                ja4: self.ja4.as_deref(),
                ja3: self.ja3.as_deref(),
                h2: self.h2.as_deref(),
                tls: self.tls.as_deref(),
                cipher: self.cipher.as_deref(),
                header_order: self.header_order,
                headers: self.headers.as_deref(),
                fingerprint: None,
            },
            asn: self.place.asn,
            country: self.place.country.as_deref(),
            pop: self.pop.as_deref(),
            credentials: self.credentials,
            vouched: self.vouched,
            signature: self.signed.as_ref().map(Signed::headers),
            bot: self.bot.as_deref(),
            proxy: self.place.proxy.as_deref(),
            request_id: self.request_id.as_deref(),
        }
    }
}

fn header(request: &Request, name: &str) -> String {
    request.get_header_str_lossy(name).map(|text| text.into_owned()).unwrap_or_default()
}

fn protocol(request: &Request, door: &Door) -> Protocol {
    let version = request.get_version();
    let told = door.fact("protocol");
    if let Some(told) = Protocol::ALL.iter().find(|one| told.as_deref() == Some(one.name())) {
        *told
    } else if version == fastly::http::Version::HTTP_2 {
        Protocol::H2
    } else if version == fastly::http::Version::HTTP_3 {
        Protocol::H3
    } else {
        Protocol::H1
    }
}

fn hex(hash: [u8; 16]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What Fastly's bot management says, where the service has it.
fn vouched(request: &Request) -> Option<Vouched> {
    (request.get_bot_analyzed() && request.get_bot_verified() == Some(true))
        .then_some(Vouched::Verified)
}

/// What it takes the client for: the name, or else the kind.
fn bot(request: &Request) -> Option<String> {
    let named = request.get_bot_name_bytes().or_else(|| request.get_bot_category_bytes());
    let named = named.filter(|_| request.get_bot_detected())?;
    Some(String::from_utf8_lossy(named).into_owned())
}

/// Removes what only Tidegate may say, and the harness door's headers.
pub(crate) fn strip_own(request: &mut Request) {
    remove(request, |name| name == "tidegate-tag" || name.starts_with("x-tidegate-"));
}

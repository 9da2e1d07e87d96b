//! A line of a log as a person compares it.

use std::fmt::Write as _;

use tidegate::ingest::Line;
use tidegate_rules::Client;

/// One fact a row, absent ones left out.
pub(crate) fn shown(line: &Line<'_>) -> String {
    let request = &line.request;
    let mut text = format!("{} {} {}", request.time.unix_millis(), request.method, request.path);
    let mut fact = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            write!(text, "\n  {name}: {value}").unwrap();
        }
    };
    let owned = |value: Option<&str>| value.map(|value| format!("{value:?}"));
    fact("host", owned(request.host));
    fact("query", owned(request.query));
    fact(
        "client",
        request.client.map(|client| match client {
            Client::Address(address) => address.to_string(),
            Client::Hashed { client, network } => format!("{client:016x} in {network:016x}"),
        }),
    );
    fact("user agent", owned(request.user_agent));
    fact("referer", owned(line.referer));
    fact("protocol", request.signals.protocol.map(|protocol| format!("{protocol:?}")));
    fact("fingerprint", request.signals.fingerprint.map(|hash| hash.to_string()));
    fact("asn", request.asn.map(|asn| asn.to_string()));
    fact("country", owned(request.country));
    fact("pop", owned(request.pop));
    fact("credentials", request.credentials.map(|has| has.to_string()));
    fact("request id", owned(request.request_id));
    fact("status", line.outcome.status.map(|status| status.to_string()));
    fact("cache", line.outcome.cache.map(|cache| format!("{cache:?}")));
    fact("origin ms", line.outcome.origin_ms.map(|millis| millis.to_string()));
    fact("bytes", line.bytes.map(|bytes| bytes.to_string()));
    fact("on shield", line.on_shield.then(|| "yes".to_owned()));
    fact(
        "decided",
        line.decided.map(|record| format!("{:?} by {:?}", record.decision, record.rule)),
    );
    fact("sampled", (line.sampled != 100).then(|| line.sampled.to_string()));
    text
}

//! Tidegate's own decision records, as the edge writes them.
//!
//! A record carries hashes where an access log has an address, and its path may
//! be cut; see [`tidegate_rules::record`].

use tidegate_rules::record::RECORD_FORMAT;
use tidegate_rules::{Client, Outcome, Record, Request, Time};

use super::parser::{BadReason, Format, Parsed};
use super::{Line, syslog, text};

/// What a record begins with.
const START: &str = "{\"tidegate\":";

pub(super) fn recognises(line: &str) -> bool {
    json_of(line).is_some()
}

fn json_of(line: &str) -> Option<(usize, &str)> {
    let json = syslog::split(line).text;
    json.starts_with(START).then(|| (line.len() - json.len(), json))
}

pub(super) fn parse(line: &str, sink: &mut dyn FnMut(&Line<'_>)) -> Result<Parsed, BadReason> {
    let (start, json) = json_of(line)
        .ok_or(BadReason::new("not a record: it does not begin with `{\"tidegate\":`"))?;
    let record: Record<'_> =
        serde_json::from_str(json).map_err(|error| why_unreadable(json, start, &error))?;
    if record.tidegate != RECORD_FORMAT {
        return Err(unknown_format(record.tidegate));
    }
    if record.sampled > 100 {
        return Err(BadReason::of(format!(
            "`sampled` is `{}`, more than 100 percent",
            record.sampled
        )));
    }
    sink(&as_line(&record)?);
    Ok(Parsed::Request)
}

fn as_line<'r>(record: &'r Record<'_>) -> Result<Line<'r>, BadReason> {
    let time = Time::from_unix_millis(record.time);
    let mut request = Request::new(time, &record.method, &record.path);
    request.host = record.host.as_deref();
    // That there was a query is all that a record keeps of it.
    request.query = record.query.then_some("");
    request.client = record
        .client
        .zip(record.network)
        .map(|(client, network)| Client::Hashed { client, network });
    request.user_agent = record.user_agent.as_deref();
    request.signals.fingerprint = record.fingerprint;
    request.asn = record.asn;
    request.country = record.country.as_deref();
    request.pop = record.pop.as_deref();
    request.request_id = record.request_id.as_deref();

    let mut line = Line::new(request, Format::Record);
    let status = record.status.map_or(Ok(None), text::checked_status)?;
    line.outcome = Outcome { status, cache: record.cache, origin_ms: record.origin_ms };
    line.decided = Some(record);
    line.sampled = record.sampled;
    Ok(line)
}

fn why_unreadable(json: &str, start: usize, error: &serde_json::Error) -> BadReason {
    #[derive(serde::Deserialize)]
    struct FormatOnly {
        tidegate: u8,
    }
    match serde_json::from_str::<FormatOnly>(json) {
        Ok(other) if other.tidegate != RECORD_FORMAT => unknown_format(other.tidegate),
        _ => text::bad_json(error, start),
    }
}

fn unknown_format(format: u8) -> BadReason {
    BadReason::of(format!("unknown record format `{format}`"))
}

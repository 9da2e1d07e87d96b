//! From TOML to cases, every mistake of a file at once.

use std::net::IpAddr;

use super::{CASES_FORMAT, Case, CaseFile, Expect, Expected, Facts, Step, TIMES_BOUND, Traffic};
use crate::compile::{duration, hex_fingerprint};
use crate::diagnostic::{Diagnostics, Source};
use crate::parse::{Context, Spot, Table, document, each, format};
use crate::request::Time;
use crate::strain::OriginState;

/// The client of a request that names none: an address for documentation.
const SOMEBODY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

/// Reads a file of cases.
///
/// # Errors
///
/// Every mistake of the file.
pub fn read(source: Source) -> Result<CaseFile, Diagnostics> {
    let mut context = Context::default();
    let file = document(&mut context, source, "a file of cases", |table| {
        format(table, CASES_FORMAT);
        let site = table.demand("site", table.string("site"));
        let cases = each(table.tables("case", "a case"), case);
        CaseFile { site: site.map(|site| site.value).unwrap_or_default(), cases }
    });
    match file {
        Some(file) if context.is_clean() => Ok(file),
        _ => Err(Diagnostics(context.into_found())),
    }
}

/// Reads requests without a judge: a case whose `name`, `why` and `expect` may be
/// missing, written at the top of a file. `start` is the time of the first, in
/// RFC 3339.
///
/// # Errors
///
/// Every mistake of the file.
pub fn read_traffic(source: Source) -> Result<Traffic, Diagnostics> {
    let mut context = Context::default();
    let traffic = document(&mut context, source, "a file of requests", |table| {
        if table.has("format") {
            format(table, CASES_FORMAT);
        }
        // What a case that was copied here says for people and for `check`.
        let _copied = ["site", "name", "why"].map(|key| table.has(key));
        let steps = match table.has("step") {
            true => each(table.tables("step", "a step"), |table| step(table, false)),
            false => vec![step(table, false)],
        };
        Traffic { start: start(table), steps }
    });
    match traffic {
        Some(traffic) if context.is_clean() => Ok(traffic),
        _ => Err(Diagnostics(context.into_found())),
    }
}

fn start(table: &Table<'_, '_, '_>) -> Option<Time> {
    let spot = table.string("start")?;
    let millis = spot.value.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond);
    let start = millis.and_then(|millis| u64::try_from(millis).ok());
    if start.is_none() {
        let message = format!("`{}` is no time", spot.value);
        let help = "write it in UTC: `2026-11-24T10:00:00Z`".to_owned();
        table.context.report(Some(&spot.at), "bad-time", message, Some(help));
    }
    start.map(Time::from_unix_millis)
}

fn case(table: &Table<'_, '_, '_>) -> Case {
    let name = table.demand("name", table.string("name"));
    // The reason is for people: where it was seen, and who was hurt.
    let _why = table.demand("why", table.string("why"));
    let steps = match table.has("step") {
        true => each(table.tables("step", "a step"), |table| step(table, true)),
        false => vec![step(table, true)],
    };
    Case { name: name.map(|name| name.value).unwrap_or_default(), steps }
}

/// A step; one that is `judged` must say what is expected of it.
fn step(table: &Table<'_, '_, '_>, judged: bool) -> Step {
    let expect = table.table("expect", "`expect`");
    let expect = if judged { table.demand("expect", expect) } else { expect };
    let request = table.demand("request", table.table("request", "a request"));
    let times = table.integer("times");
    if let Some(times) = times.as_ref().filter(|times| !(1..=TIMES_BOUND).contains(&times.value)) {
        let message = format!("a step cannot stand for {} requests", times.value);
        let help = format!("from 1 to {TIMES_BOUND}");
        table.context.report(Some(&times.at), "bad-times", message, Some(help));
    }
    Step {
        place: table.context.place(expect.as_ref().map_or(&table.at, |expect| &expect.at)),
        facts: facts(request),
        times: times.map_or(1, |times| times.value),
        every_ms: millis(table, "every"),
        after_ms: millis(table, "after"),
        expect: expect.map(expectation).unwrap_or_default(),
    }
}

fn facts(table: Option<Table<'_, '_, '_>>) -> Facts {
    let mut facts = Facts {
        method: "GET".to_owned(),
        host: None,
        path: "/".to_owned(),
        query: None,
        client: SOMEBODY,
        user_agent: None,
        asn: None,
        country: None,
        credentials: None,
        fingerprint: None,
        headers: None,
        signed_by: None,
        origin: OriginState::Calm,
        cached: false,
    };
    let Some(table) = table else { return facts };
    let text = |key| table.string(key).map(|spot| spot.value);
    if let Some(method) = text("method") {
        facts.method = method;
    }
    if let Some(path) = table.demand("path", text("path")) {
        facts.path = path;
    }
    if let Some(spot) = table.string("client") {
        match spot.value.parse() {
            Ok(client) => facts.client = client,
            Err(_) => {
                let message = format!("`{}` is no address", spot.value);
                let help = "write one IPv4 or IPv6 address: `192.0.2.7`".to_owned();
                table.context.report(Some(&spot.at), "bad-address", message, Some(help));
            }
        }
    }
    facts.host = text("host");
    facts.query = text("query");
    facts.user_agent = text("user_agent");
    facts.country = text("country");
    facts.asn = table.integer("asn").map(|spot| spot.value);
    facts.credentials = table.boolean("credentials").map(|spot| spot.value);
    facts.fingerprint = table.string("fingerprint").and_then(|spot| fingerprint(&table, &spot));
    facts.headers = table.has("headers").then(|| {
        let names: Vec<_> = table.strings("headers").into_iter().map(|spot| spot.value).collect();
        names.join(",")
    });
    facts.signed_by = table.string("signed_by").map(|spot| expected(table.context, spot));
    facts.origin = table.word("origin").unwrap_or(OriginState::Calm);
    facts.cached = table.boolean("cached").is_some_and(|spot| spot.value);
    table.finish();
    facts
}

fn fingerprint(table: &Table<'_, '_, '_>, spot: &Spot<String>) -> Option<u64> {
    let found = hex_fingerprint(&spot.value);
    if found.is_none() {
        let message = format!("`{}` is no fingerprint", spot.value);
        let help = "write it as records carry it: 16 hex digits".to_owned();
        table.context.report(Some(&spot.at), "bad-fingerprint", message, Some(help));
    }
    found
}

fn expectation(table: Table<'_, '_, '_>) -> Expect {
    let name = |spot| expected(table.context, spot);
    let shadow = table.has("shadow").then(|| {
        let none = table.is_empty_list("shadow");
        if none { Vec::new() } else { table.strings("shadow").into_iter().map(name).collect() }
    });
    let throttled = table.table("throttled", "`throttled`");
    let bound = |key| Some(throttled.as_ref()?.integer(key)?.value);
    let expect = Expect {
        action: table.word("action"),
        rule: table.string("rule").map(name),
        shadow,
        route: table.string("route").map(name),
        agent: table.string("agent").map(name),
        verification: table.word("verification"),
        throttled_at_least: bound("at_least"),
        throttled_at_most: bound("at_most"),
    };
    if let Some(throttled) = throttled {
        throttled.finish();
    }
    table.finish();
    expect
}

fn expected(context: &Context, spot: Spot<String>) -> Expected {
    Expected { place: context.place(&spot.at), name: spot.value }
}

fn millis(table: &Table<'_, '_, '_>, key: &'static str) -> u64 {
    let Some(spot) = table.string(key) else { return 0 };
    let millis = match spot.value.strip_suffix("ms") {
        Some(digits) => digits.parse().ok(),
        None => duration(&spot.value),
    };
    millis.map_or_else(
        || {
            let message = format!("`{}` is no duration", spot.value);
            let help = "write a whole number and `ms`, `s`, `m` or `h`, at most `24h`".to_owned();
            table.context.report(Some(&spot.at), "bad-duration", message, Some(help));
            0
        },
        u64::from,
    )
}

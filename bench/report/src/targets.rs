//! Each target, what was found, and whether that is enough.

use serde_json::Value;

/// A bench's kept figures, by its name; nothing where it never ran.
pub(crate) type Kept<'k> = dyn FnMut(&str) -> anyhow::Result<Option<Value>> + 'k;

/// A row of the page.
pub(crate) struct Row {
    pub(crate) what: &'static str,
    pub(crate) target: &'static str,
    /// What was found; nothing where the bench never ran, or not that part of it.
    pub(crate) found: Option<Found>,
    pub(crate) command: &'static str,
    /// Why a missed one is missed, as far as that is known.
    pub(crate) why: &'static str,
}

/// What was found.
pub(crate) struct Found {
    pub(crate) figure: String,
    pub(crate) is_met: bool,
}

/// Every target, in the order of a request's way and then of a log's.
pub(crate) fn rows(kept: &mut Kept<'_>) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut add = |command, what, target, why, found| {
        rows.push(Row { what, target, found, command, why });
    };
    let engine = kept("engine")?.unwrap_or_default();
    let (run, why) = ("cargo bench-engine", "");
    let decide = "decide/1000-rules/50000-networks";
    let what = "a decision, 1,000 rules and 50,000 networks";
    add(run, what, "at most 2 µs", why, nanos(&engine, "native", decide).map(below(2_000.0)));
    let there = nanos(&engine, "wasm", decide).zip(nanos(&engine, "native", decide));
    let found = there.map(|(wasm, native)| at_most(wasm / native, 3.0));
    add(run, "the same in WebAssembly, beside native", "at most 3×", why, found);
    let few = nanos(&engine, "native", "decide/10-rules/50000-networks");
    let found = nanos(&engine, "native", decide).zip(few).map(|(many, few)| many / few);
    let found = found.map(|ratio| at_most(ratio, 1.5));
    add(run, "1,000 rules beside 10", "at most 1.5×", why, found);
    let decode = nanos(&engine, "native", "decode/1000-rules/50000-networks");
    let found = decode.map(below(200_000.0));
    add(run, "a pack of 1,000 rules, decoded", "at most 200 µs", why, found);

    let cost = kept("cost")?.unwrap_or_default();
    let run = "cargo bench-cost";
    let ratio = |part| beside(&cost, part, "forwards all to the origin");
    let why = "Calls out of the sandbox take the local runtime a microsecond each.";
    let found = ratio("decides by docs.rs's rules").map(|ratio| at_least(ratio, 0.85));
    add(run, "the module, beside one that only forwards", "at least 0.85×", why, found);
    let found = ratio("records every request").map(|ratio| at_least(ratio, 0.85));
    add(run, "the same, a record of every request", "at least 0.85×", why, found);
    let bytes = cost.get("module_bytes").and_then(Value::as_f64);
    let found = bytes
        .map(|bytes| Found { figure: format!("{:.2} MB", bytes / 1e6), is_met: bytes <= 1.5e6 });
    add(run, "size of the module", "at most 1.5 MB", "", found);

    let soak = kept("soak")?.unwrap_or_default();
    let breaches = soak.get("breaches").and_then(Value::as_object);
    let breaches = breaches.map(|each| each.values().filter_map(Value::as_u64).sum::<u64>());
    let requests = soak.get("requests").and_then(Value::as_u64).unwrap_or_default();
    let found = breaches.map(|breaches| Found {
        figure: format!("{breaches} of {requests}"),
        is_met: breaches == 0 && requests > 0,
    });
    let what = "requests through faults and new rules that were refused or recorded wrongly";
    add("cargo bench-soak", what, "none", "", found);

    analyzer(kept, &mut add)?;
    outcome(kept, &mut add)?;
    Ok(rows)
}

/// Takes command, what is measured, the target, why it may be missed, and what was
/// found.
type Add<'a> =
    dyn FnMut(&'static str, &'static str, &'static str, &'static str, Option<Found>) + 'a;

fn analyzer(kept: &mut Kept<'_>, add: &mut Add<'_>) -> anyhow::Result<()> {
    let analyze = kept("analyze")?.unwrap_or_default();
    let rate = |name: &str, of: &str| rate(&analyze, name, of);
    let run = "cargo bench-analyze";
    let why = "A line takes 9,500 instructions, and 41 reads and writes that a cache of 1 MB has \
               not: what is known of clients, networks and pages is all over memory. A third of \
               the time goes to read and parse it.";
    let found = rate("pass/fastly", "cpu").map(|rate| lines_per_second(rate, 1e6));
    add(run, "`analyze`, Fastly JSON, lines per CPU-second", "at least 1,000,000", why, found);
    let why = "A line takes 8,400 instructions, and 35 reads and writes that a cache of 1 MB has \
               not. To read and parse it takes 0.4 of the 0.67 µs that the target leaves.";
    let found = rate("pass/combined", "cpu").map(|rate| lines_per_second(rate, 1.5e6));
    add(run, "`analyze`, combined log, lines per CPU-second", "at least 1,500,000", why, found);
    let of = |own, other, of: &str| Some(rate(own, of)? / rate(other, of)?);
    let why = "It reads slower than `zcat` unpacks.";
    let found = of("pass/fastly.gz", "zcat/fastly.gz", "wall").map(|ratio| at_least(ratio, 0.9));
    add(run, "`analyze` of gz, beside `zcat`, wall", "at least 0.9×", why, found);
    let found = of("pass/fastly.zst", "pass/fastly", "wall").map(|ratio| at_least(ratio, 0.9));
    add(run, "`analyze` of zstd, beside plain, wall", "at least 0.9×", "", found);
    for (what, own, peer) in [
        ("beside goaccess, combined, per CPU-second", "pass/combined", "goaccess/combined"),
        ("beside goaccess, Fastly JSON, per CPU-second", "pass/fastly", "goaccess/fastly"),
    ] {
        let found = of(own, peer, "cpu").map(|ratio| at_least(ratio, 10.0));
        add(run, what, "at least 10×", "What a line takes is said above.", found);
    }
    let found = of("pass/combined", "crowdsec/combined", "cpu").map(|ratio| at_least(ratio, 100.0));
    add(run, "beside CrowdSec's replay, combined, per CPU-second", "at least 100×", "", found);
    // A shorter run has fewer clients, and says nothing of these targets.
    let peak = |name, lines| {
        let turn = analyze.pointer(&pointer(name))?.get(0)?;
        let is_of = |told: &Value| told.as_u64() == Some(lines);
        turn.get("lines").is_none_or(is_of).then(|| turn.get("peak_mb")?.as_f64())?
    };
    let (once, tenfold) = (peak("memory/1", 5_000_000), peak("memory/10", 50_000_000));
    let found = once.map(|mb| Found { figure: format!("{mb:.0} MB"), is_met: mb <= 400.0 });
    add(run, "memory of a pass at 5 M clients", "at most 400 MB", "", found);
    let growth = tenfold.zip(once).map(|(ten, one)| ten / one);
    let found = growth.map(|ratio| at_most(ratio, 1.1));
    add(run, "memory of a pass at 50 M lines, beside 5 M", "at most 1.1×", "", found);
    let backtest = kept("backtest")?.unwrap_or_default();
    let rate = numbers(backtest.get("decisions_per_second"));
    let found = middle(rate)
        .map(|rate| Found { figure: format!("{:.2} M", rate / 1e6), is_met: rate >= 1e6 });
    let why = "Besides deciding, it keeps accounts of every client, visitor and cohort.";
    add("cargo bench-backtest", "`backtest`, decisions per CPU-second", "at least 1 M", why, found);
    Ok(())
}

fn outcome(kept: &mut Kept<'_>, add: &mut Add<'_>) -> anyhow::Result<()> {
    let outcome = kept("outcome")?.unwrap_or_default();
    let nights = |name: &'static str| {
        let all = outcome.get("nights").and_then(Value::as_array);
        let all = all.into_iter().flatten();
        all.filter(move |night| night.get("scenario").and_then(Value::as_str) == Some(name))
    };
    let run = "cargo bench-outcome";
    let removed = |name, side| {
        let shares = nights(name).filter_map(|night| removed(night, side));
        middle(shares.collect())
    };
    let found = removed("march-2025", 0).map(|share| share_at_least(share, 0.95));
    add(run, "March 2025: the crawl's cost removed", "at least 95 %", "", found);
    let people = nights("march-2025").filter_map(|night| {
        refused(night, &["/sides/0/classes/person", "/sides/0/classes/nat-person"])
    });
    let found = most(people).map(|share| share_at_most(share, 0.001));
    add(run, "March 2025: people's requests refused", "at most 0.1 %", "", found);
    let found = removed("distributed", 0).map(|share| share_at_least(share, 0.8));
    add(run, "distributed crawl: its cost removed", "at least 80 %", "", found);
    let part = |part: &'static str| {
        let both = nights("distributed").chain(nights("residential"));
        most(both.filter_map(move |night| refused(night, &[part])))
    };
    let found = part("/sides/0/outside").map(|share| share_at_most(share, 0.001));
    add(run, "people outside attacked crowds, refused", "at most 0.1 %", "", found);
    let found = part("/sides/0/inside").map(|share| share_at_most(share, 0.05));
    add(run, "people inside attacked crowds, refused", "at most 5 %", "", found);
    let crawls = [
        "march-2025",
        "distributed",
        "residential",
        "impolite-ai",
        "rotating-v4",
        "rotating-v6",
        "mimic",
        "api-sweep",
    ];
    let better = crawls.map(|name| {
        let own = removed(name, 0)?;
        let presets = (1..4).map(|side| removed(name, side).unwrap_or_default());
        Some(presets.into_iter().all(|preset| own > preset))
    });
    let found = better.iter().copied().collect::<Option<Vec<_>>>().map(|better| {
        let number = better.iter().filter(|better| **better).count();
        Found { figure: format!("{number} of {}", better.len()), is_met: number == better.len() }
    });
    let what = "crawls of which more cost is removed than by any limit of today";
    add(run, what, "all", "", found);
    Ok(())
}

/// The share of the crawl's cost that a side removed.
fn removed(night: &Value, side: usize) -> Option<f64> {
    let crawler = night.pointer(&format!("/sides/{side}/classes/crawler"))?;
    let number = |key| crawler.get(key).and_then(Value::as_f64);
    let units = number("units").filter(|units| *units > 0.0)?;
    Some(1.0 - number("units_admitted")? / units)
}

/// The share of requests that was refused of all these.
fn refused(night: &Value, who: &[&str]) -> Option<f64> {
    let got = who.iter().filter_map(|pointer| night.pointer(pointer));
    let (requests, refused) = got.fold((0.0, 0.0), |(requests, refused), got| {
        let number = |key| got.get(key).and_then(Value::as_f64).unwrap_or_default();
        (requests + number("requests"), refused + number("requests_refused"))
    });
    (requests > 0.0).then(|| refused / requests)
}

fn most(shares: impl Iterator<Item = f64>) -> Option<f64> {
    shares.reduce(f64::max)
}

fn nanos(engine: &Value, where_: &str, name: &str) -> Option<f64> {
    middle(numbers(engine.get(where_)?.get(name)))
}

/// Requests a second of a part, over those of another one; the median of the turns.
fn beside(cost: &Value, part: &str, other: &str) -> Option<f64> {
    let of = |part| {
        let turns = cost.pointer("/figures")?.get(part)?.as_array()?.iter();
        Some(turns.filter_map(|turn| turn.get("per_second")?.as_f64()).collect::<Vec<_>>())
    };
    let (own, other) = (of(part)?, of(other)?);
    middle(own.iter().zip(&other).map(|(own, other)| own / other).collect())
}

/// Lines a second that something read, of `cpu` or of `wall`; the median of the turns.
pub(crate) fn rate(analyze: &Value, name: &str, of: &str) -> Option<f64> {
    let turns = analyze.pointer(&pointer(name))?.as_array()?.iter();
    let rates = turns.filter_map(|turn| {
        let lines = turn.get("lines").or_else(|| analyze.get("lines"))?;
        Some(lines.as_f64()? / turn.get(of)?.as_f64()?)
    });
    middle(rates.collect())
}

fn pointer(name: &str) -> String {
    format!("/figures/{}", name.replace('/', "~1"))
}

fn numbers(list: Option<&Value>) -> Vec<f64> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_f64).collect()
}

/// The middle one; of an even number the lower one of two.
fn middle(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len().checked_sub(1)? / 2).copied()
}

fn below(nanoseconds: f64) -> impl Fn(f64) -> Found {
    move |took| Found { figure: format!("{:.2} µs", took / 1e3), is_met: took <= nanoseconds }
}

fn at_most(ratio: f64, target: f64) -> Found {
    Found { figure: format!("{ratio:.2}×"), is_met: ratio <= target }
}

fn at_least(ratio: f64, target: f64) -> Found {
    let decimals = if ratio < 100.0 { 2 } else { 0 };
    Found { figure: format!("{ratio:.decimals$}×"), is_met: ratio >= target }
}

fn lines_per_second(rate: f64, target: f64) -> Found {
    Found { figure: format!("{:.0} k", rate / 1e3), is_met: rate >= target }
}

fn share_at_least(share: f64, target: f64) -> Found {
    Found { figure: format!("{:.1} %", share * 100.0), is_met: share >= target }
}

fn share_at_most(share: f64, target: f64) -> Found {
    Found { figure: format!("{:.2} %", share * 100.0), is_met: share <= target }
}

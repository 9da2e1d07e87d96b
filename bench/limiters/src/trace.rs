//! Who asks when. Times are whole milliseconds, the finest that any of the
//! limiters counts in.

/// One request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Milliseconds after the start.
    pub at_ms: u64,
    /// Whose it is.
    pub key: u32,
    /// Whether its sender keeps to the limit for now, so that nothing is gained by
    /// refusing it.
    pub modest: bool,
}

/// Requests in the order of their times.
#[derive(Debug, Clone)]
pub struct Trace {
    /// Its name.
    pub name: &'static str,
    /// What happens in it.
    pub told: &'static str,
    /// The requests.
    pub arrivals: Vec<Arrival>,
}

/// Every trace, in the order of the tables.
#[must_use]
pub fn all() -> Vec<Trace> {
    vec![below(), twice(), tenfold(), bursts(), edge(), calm_after(), crowd(), idle()]
}

/// Whether a trace takes so long that only simulated limiters can be asked.
#[must_use]
pub fn is_long(trace: &Trace) -> bool {
    trace.arrivals.last().is_some_and(|last| last.at_ms > 10_000)
}

/// Requests of one key, evenly, from a time on.
fn evenly(key: u32, from_ms: u64, every_ms: u64, count: u64, modest: bool) -> Vec<Arrival> {
    (0..count).map(|n| Arrival { at_ms: from_ms + n * every_ms, key, modest }).collect()
}

fn trace(name: &'static str, told: &'static str, parts: Vec<Vec<Arrival>>) -> Trace {
    let mut arrivals = parts.concat();
    arrivals.sort_by_key(|arrival| arrival.at_ms);
    Trace { name, told, arrivals }
}

fn below() -> Trace {
    trace("below", "40 a second, evenly", vec![evenly(0, 0, 25, 80, true)])
}

fn twice() -> Trace {
    trace("twice", "100 a second, evenly", vec![evenly(0, 0, 10, 200, false)])
}

fn tenfold() -> Trace {
    trace("tenfold", "500 a second, evenly", vec![evenly(0, 0, 2, 1_000, false)])
}

fn bursts() -> Trace {
    let bursts = (0..4).map(|n| evenly(0, n * 600, 0, 25, true)).collect();
    trace("bursts", "25 at once, every 0.6 s", bursts)
}

/// What a limiter lets through that forgets at the end of each second. The first
/// request opens the window of those that begin with one.
fn edge() -> Trace {
    let parts = vec![evenly(0, 0, 0, 1, false), evenly(0, 900, 2, 100, false)];
    trace("edge", "50 before a second's end, 50 after it", parts)
}

fn calm_after() -> Trace {
    let parts = vec![evenly(0, 0, 2, 500, false), evenly(0, 1_025, 25, 60, true)];
    trace("calm-after", "500 a second, then 40 a second", parts)
}

fn crowd() -> Trace {
    let modest = (1..40).map(|key| evenly(key, u64::from(key) * 2, 100, 15, true));
    let flood = evenly(0, 0, 5, 300, false);
    let told = "39 keys with 10 a second, one with 200";
    trace("crowd", told, modest.chain([flood]).collect())
}

fn idle() -> Trace {
    let hour = 3_600_000;
    let parts =
        vec![evenly(0, 0, 0, 1, true), evenly(0, hour, 0, 25, true), evenly(0, hour, 0, 25, false)];
    trace("idle", "one, an hour of nothing, 50 at once", parts)
}

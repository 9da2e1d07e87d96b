//! What a decision and the decoding of a pack cost, measured by one program on
//! two machines: this one, and a WebAssembly engine on it. Another program measures
//! how that grows with rules, networks and keys.
//!
//! Only the engine is measured: state is in memory, and no platform is asked
//! anything. The programs print one figure a line, as `name nanoseconds`.

pub mod growth;
#[cfg(not(target_family = "wasm"))]
pub mod guest;
mod requests;
pub mod site;

use std::hint::black_box;
use std::time::{Duration, Instant};

use tidegate_rules::{Engine, HashKey, Memory, Mode, Ruleset, Stored, Time, pack};

/// How large the rule sets of one run are: rules, and networks that they and
/// their agents name.
pub const SIZES: [(usize, usize); 4] = [(10, 0), (1_000, 0), (10, 50_000), (1_000, 50_000)];

/// Decisions of one measurement.
const DECISIONS: usize = 40_000;
/// Packs decoded in one measurement.
const PACKS: usize = 40;

/// A figure: what was measured, and how long one of it took.
pub type Figure = (String, f64);

/// Measures everything once.
#[must_use]
pub fn measure() -> Vec<Figure> {
    SIZES
        .iter()
        .flat_map(|(rules, networks)| {
            let built = site::rules(*rules, *networks);
            let name = |what: &str| format!("{what}/{rules}-rules/{networks}-networks");
            let decode = (name("decode"), decode(&built));
            [(name("decide"), decide(built)), decode]
        })
        .collect()
}

/// `screen` and `admit` over a mix of requests, each of which would reach the
/// origin, so that every one of them charges its cells.
fn decide(rules: Ruleset) -> f64 {
    let (version, secret) = (String::new(), HashKey::default());
    let engine = Engine { rules, version, secret, switch: Mode::Enforce };
    let mut cells = Stored(Memory::default());
    let requests = requests::mix();
    let mut now = 1_700_000_000_000_u64;
    let mut run = |count: usize| {
        for request in requests.iter().cycle().take(count) {
            now += 1;
            let time = Time::from_unix_millis(now);
            let request = request.at(time);
            let mut admission = engine.screen(&request).into_admission();
            black_box(engine.admit(&mut admission, &mut cells, time));
        }
    };
    run(DECISIONS / 4);
    let start = Instant::now();
    run(DECISIONS);
    per(start.elapsed(), DECISIONS)
}

/// A rules pack decoded, its addresses taken as they are.
fn decode(rules: &Ruleset) -> f64 {
    let packs = pack::encode(rules).unwrap_or_else(|error| panic!("{error}"));
    // As compiled in: what lies in the module is never freed.
    let addresses: &'static [u8] = packs.addresses.leak();
    let mut took = Duration::ZERO;
    for turn in 0..PACKS + PACKS / 4 {
        let start = Instant::now();
        let decoded = pack::decode(black_box(&packs.rules), addresses);
        // Freed after the clock has stopped: a sandbox never frees its rules.
        took += if turn < PACKS / 4 { Duration::ZERO } else { start.elapsed() };
        assert!(decoded.is_ok(), "a pack just made decodes");
    }
    per(took, PACKS)
}

#[expect(clippy::cast_precision_loss, reason = "figures with a handful of digits")]
fn per(took: Duration, count: usize) -> f64 {
    took.as_nanos() as f64 / count as f64
}

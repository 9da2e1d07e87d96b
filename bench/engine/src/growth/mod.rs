//! How the cost of a decision and of a pack grows with rules, with networks and with
//! the keys that have a cell.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use tidegate_rules::pack::{self, PackError};
use tidegate_rules::{Client, Engine, HashKey, Memory, Mode, Ruleset, Stored, Time};

use crate::requests::{self, Sample};
use crate::{Figure, decode, per, site};

/// Rules beside docs.rs's own.
pub const RULES: [usize; 4] = [10, 100, 1_000, 10_000];
/// Networks that agents name.
pub const NETWORKS: [usize; 3] = [0, 50_000, 500_000];
/// Visitors that have a cell.
pub const KEYS: [u32; 3] = [1, 10_000, 1_000_000];

/// Decisions of one measurement.
const DECISIONS: usize = 20_000;
/// Milliseconds between two requests of one visitor: so many that nobody is refused,
/// however few there are.
const PAUSE: u64 = 10_000;

/// Measures every size and hands over its figures: `decide` for each number of keys,
/// `decode`, and the pack's `bytes` and `entries` in a Config Store. Where it is to be
/// quick, it leaves out the larger sizes.
pub fn measure(is_quick: bool, mut found: impl FnMut(Figure)) {
    let [rules, networks, keys] = if is_quick { [2, 1, 2] } else { [4, 3, 3] };
    for rules in RULES.into_iter().take(rules) {
        for networks in NETWORKS.into_iter().take(networks) {
            let built = site::rules(rules, networks);
            let size = format!("{rules}-rules/{networks}-networks");
            let (bytes, entries) = stored(&built);
            found((format!("bytes/{size}"), bytes));
            found((format!("entries/{size}"), entries));
            found((format!("decode/{size}"), decode(&built)));
            let (version, secret) = (String::new(), HashKey::default());
            let engine = Engine { rules: built, version, secret, switch: Mode::Enforce };
            for keys in KEYS.into_iter().take(keys) {
                found((format!("decide/{size}/{keys}-keys"), decide(&engine, keys)));
            }
        }
    }
}

/// Bytes of both packs, and the entries of a Config Store that they need.
fn stored(rules: &Ruleset) -> (f64, f64) {
    let packs = pack::encode(rules).unwrap_or_else(|error| panic!("{error}"));
    let entries = match pack::to_entries(&packs) {
        Ok(entries) => entries.entries.len(),
        Err(PackError::TooLarge { rules, addresses }) => rules + addresses,
        Err(error) => panic!("{error}"),
    };
    let bytes = packs.rules.len() + packs.addresses.len();
    (number(bytes), number(entries))
}

/// A decision about a request that reaches the origin, while so many visitors have a
/// cell.
fn decide(engine: &Engine, keys: u32) -> f64 {
    let mut cells = Stored(Memory::default());
    let mix = requests::mix();
    let mut asked = 0_u64;
    let mut run = |count: usize| {
        for sample in mix.iter().cycle().take(count) {
            let time = Time::from_unix_millis(1_700_000_000_000 + asked * PAUSE / u64::from(keys));
            let request = visit(sample, asked, keys, time);
            asked += 1;
            let mut admission = engine.screen(&request).into_admission();
            black_box(engine.admit(&mut admission, &mut cells, time));
        }
    };
    run(DECISIONS.max(keys as usize));
    let start = Instant::now();
    run(DECISIONS);
    per(start.elapsed(), DECISIONS)
}

/// A request by one of so many visitors, who come in turn.
fn visit(sample: &Sample, asked: u64, keys: u32, time: Time) -> tidegate_rules::Request<'_> {
    let visitor = u32::try_from(asked % u64::from(keys)).unwrap_or_default();
    let mut request = sample.at(time);
    request.client = Some(Client::Address(IpAddr::V4(Ipv4Addr::from_bits(0x1400_0000 | visitor))));
    request.signals.fingerprint = Some(u64::from(visitor % 64) * 7_919);
    request
}

#[expect(clippy::cast_precision_loss, reason = "figures with a handful of digits")]
const fn number(count: usize) -> f64 {
    count as f64
}

//! A log for the measurement: a day of docs.rs as its Fastly service logs it, the
//! same each time. A few of its clients ask for much, and a few of its crates are
//! asked for much.

use std::fmt::Write as _;

/// Its lines.
pub(crate) const LINES: u32 = 1_000_000;

/// Chance that is the same each time: Knuth's generator, of which the upper half is
/// good.
struct Chance(u64);

impl Chance {
    /// A number below `most`; the higher the power, the more small ones.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "far below 2^53")]
    fn below(&mut self, most: f64, power: f64) -> u64 {
        let Self(state) = self;
        *state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (most * (f64::from((*state >> 32) as u32) / f64::from(u32::MAX)).powf(power)) as u64
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        let at = self.below(1e9, 1.0) % all.len() as u64;
        all[usize::try_from(at).unwrap_or_default()]
    }
}

/// The log.
pub(crate) fn log() -> String {
    let mut chance = Chance(7);
    let mut log = String::new();
    for line in 0..LINES {
        let millis = u64::from(line) * 86_400_000 / u64::from(LINES);
        push(&mut log, &mut chance, millis);
    }
    log
}

/// One line, so many milliseconds after midnight.
fn push(log: &mut String, chance: &mut Chance, millis: u64) {
    let client = chance.below(37_000.0, 2.5);
    let name = format!("crate-{}", chance.below(20_000.0, 3.0));
    let path = path(chance, &name);
    let referer = match chance.below(10.0, 1.0) {
        0..4 => String::new(),
        _ => format!("https://docs.rs/{name}/"),
    };
    // Spread over the addresses, and the same each time.
    let [a, b, c, d, ..] = (client + 1).wrapping_mul(2_654_435_761).to_le_bytes();
    let (hour, minute) = (millis / 3_600_000, millis / 60_000 % 60);
    let (second, millis) = (millis / 1_000 % 60, millis % 1_000);
    let _ = writeln!(
        log,
        "{{\"version\":\"1\",\"date_time\":\
         \"2025-03-11T{hour:02}:{minute:02}:{second:02}.{millis:03}Z\",\
         \"url\":\"https://docs.rs{path}\",\"method\":\"GET\",\"bytes\":{},\"ip\":\"{}.{b}.{c}.{d}\",\
         \"status\":{},\"edge_location\":\"{}\",\"cache_hit\":{},\"on_shield\":false,\
         \"request_id\":\"{:08x}{:08x}{:08x}{:08x}\",\"http\":{{\"protocol\":\"HTTP/2\",\
         \"referer\":\"{referer}\",\"useragent\":\"Mozilla/5.0 (X11; Linux x86_64) \
         AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.{}.0 Safari/537.36\"}}}}",
        chance.below(90_000.0, 1.0),
        a & 0x7f | 1,
        chance.one_of(&[200, 200, 200, 200, 200, 200, 200, 200, 304, 404]),
        ["FRA", "AMS", "IAD", "SJC"][usize::from(a % 4)],
        chance.below(10.0, 1.0) < 6,
        chance.below(4e9, 1.0),
        chance.below(4e9, 1.0),
        chance.below(4e9, 1.0),
        chance.below(4e9, 1.0),
        90 + client % 44,
        client % 31 * 70,
    );
}

fn path(chance: &mut Chance, name: &str) -> String {
    let version = format!("{}.{}.0", name.len() % 3, chance.below(5.0, 2.0));
    match chance.below(20.0, 1.0) {
        0..5 => format!("/-/static/{}", chance.one_of(&["style.css", "menu.js", "index.js"])),
        5..15 => format!("/{name}/{version}/docs/struct.Item{}.html", chance.below(60.0, 1.0)),
        15..17 => format!("/crate/{name}/{version}/source/src/lib.rs"),
        17..19 => format!("/{name}/latest/docs/"),
        _ => format!("/releases/search?query={name}"),
    }
}

//! What must hold of any bytes at all: run by the fuzzers in `rules/fuzz`, and on
//! stable over the inputs that they kept.

use std::borrow::Cow;

use tidegate_rules::cell::{Cell, Layout, Window};
use tidegate_rules::diagnostic::Source;
use tidegate_rules::gcra::{self, Charged};
use tidegate_rules::glob::Glob;
use tidegate_rules::signature::{self, Headers, Signed};
use tidegate_rules::{Quota, Request, Signature, Time, case, compile, pack};

/// One function for each kind of input, by the name of its corpus.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// All of them.
pub(crate) const TARGETS: [Target; 5] =
    [("toml", toml), ("pack", packs), ("cell", cells), ("glob", globs), ("signature", signatures)];

/// Any text is a rule file, a file of cases and one of requests, or has mistakes that can be
/// printed; what compiles can be packed and comes out again as it was.
pub(crate) fn toml(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut read = |name: &str| match name {
        "site.toml" => Ok(text.to_owned()),
        _ => Err("no such file".to_owned()),
    };
    match compile("site.toml", &mut read) {
        Ok(compiled) => {
            let packs = pack::encode(&compiled.rules).unwrap();
            assert_eq!(pack::decode(&packs.rules, packs.addresses).unwrap(), compiled.rules);
        }
        Err(mistakes) => assert!(!mistakes.to_string().is_empty()),
    }
    let source = Source { name: "cases.toml".to_owned(), text: text.to_owned() };
    for mistakes in [case::read(source.clone()).err(), case::read_traffic(source).err()] {
        assert!(mistakes.is_none_or(|mistakes| !mistakes.to_string().is_empty()));
    }
}

/// No bytes are harmful as packs, and a body with its right checksum is not
/// either: its rules may be nonsense, but they decide, and can be explained.
pub(crate) fn packs(data: &[u8]) {
    let _ = pack::decode(data, Cow::default());
    let _ = pack::addresses_of(data);
    let mut whole = [b"TGPK".as_slice(), &[pack::PACK_FORMAT]].concat();
    whole.extend(crc32fast::hash(data).to_le_bytes());
    whole.extend(data);
    let addresses = [b"TGAD", [pack::PACK_FORMAT].as_slice(), data].concat();
    if let Ok(rules) = pack::decode(&whole, addresses) {
        decide(rules);
    }
}

fn decide(rules: tidegate_rules::Ruleset) {
    use tidegate_rules::explain::{Addresses, Watched};
    use tidegate_rules::{Client, Engine, HashKey, Memory, Mode, Outcome, Stored};

    let version = String::new();
    let engine = Engine { rules, version, secret: HashKey::default(), switch: Mode::Enforce };
    let time = Time::from_unix_millis(1_700_000_000_000);
    let request = Request {
        client: Some(Client::Address([192, 0, 2, 7].into())),
        user_agent: Some("curl/8.20.0"),
        asn: Some(64_496),
        ..Request::new(time, "GET", "/serde/latest/serde/")
    };
    let mut admission = engine.screen(&request).into_admission();
    let mut stored = Stored(Memory::default());
    let mut cells = Watched::new(&mut stored);
    let _ = engine.admit(&mut admission, &mut cells, time);
    let explained = engine.explain(&request, &admission, &Outcome::default(), &cells.account);
    assert!(!explained.text(Addresses::Masked).is_empty());
}

/// Whatever a cell holds, a page counts in it, and its budget refuses nobody for
/// longer than it takes to fill.
pub(crate) fn cells(data: &[u8]) {
    let quota = Quota::new(60, 60_000, 10).unwrap();
    let windows = vec![Window { period_ms: 600_000, bits: 128 }];
    let layout = Layout::new(vec![quota, quota], windows).with_history();
    let now = Time::from_unix_millis(1_700_000_000_000);
    // The layout's own id, so that the bytes are read and not thrown away.
    let mut bytes = Cell::open(&layout, None).into_bytes();
    let size = bytes.len();
    bytes.truncate(4);
    bytes.extend(data.iter().copied().chain(std::iter::repeat(0)).take(size - 4));
    for stored in [bytes, data.to_vec()] {
        let mut cell = Cell::open(&layout, Some(stored));
        let counts = cell.mark(7, now);
        assert!(counts.len() == 1 && counts[0] >= 1);
        cell.remember(now, true);
        assert!(cell.has_history(now));
        for slot in 0..3 {
            let mut tat = cell.arrival(slot);
            if let Charged::Refused { retry_ms } =
                gcra::charge(&quota, &mut tat, 1.try_into().unwrap(), now)
            {
                assert!(retry_ms * 1_000_000 <= quota.span_nanos() + 1_000_000);
            }
        }
    }
}

/// A glob and a text, apart by the first line break: matched, and a path glob
/// means what its pieces say.
pub(crate) fn globs(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (glob, asked) = text.split_once('\n').unwrap_or((text, ""));
    let plain = Glob::text(glob);
    let matched = plain.matches(asked);
    if !glob.contains('*') && asked.len() <= tidegate_rules::glob::TEXT_BOUND {
        assert_eq!(matched, glob == asked);
    }
    if let Ok(path) = Glob::path(glob) {
        // Where `*` stays inside a segment, less is matched than where it does not.
        assert!(!path.matches(asked) || glob.contains('{') || matched);
        let index =
            [(3, &plain), (5, &path)].into_iter().collect::<tidegate_rules::glob::GlobIndex>();
        let owners: Vec<u16> = index.owners(asked).collect();
        let wanted = [(3, matched), (5, path.matches(asked))];
        let wanted: Vec<u16> = wanted.iter().filter(|(_, is)| *is).map(|(at, _)| *at).collect();
        assert_eq!(owners, wanted);
    }
}

/// Three headers, apart by line breaks: whatever they say, nobody has signed them,
/// since the signatures that were kept are for another site.
pub(crate) fn signatures(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.splitn(3, '\n');
    let (input, signature) = (lines.next().unwrap_or(""), lines.next().unwrap_or(""));
    let agent = lines.next();
    let mut rules =
        compile("site.toml", &mut |_| Ok("format = 1\nsite = \"x\"".to_owned())).unwrap();
    // `test-key-ed25519` of RFC 9421.
    let key = "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs".parse().unwrap();
    rules.rules.keys.add(key, 0).unwrap();
    let headers = Headers { input, signature, agent, scheme: "https", authority: "fuzz.example" };
    let request = Request {
        signature: Some(Signature::Headers(headers)),
        ..Request::new(Time::from_unix_millis(1_743_000_000_000), "GET", "/")
    };
    let signed = signature::check(&rules.rules, &request);
    assert!(matches!(signed, Some(Signed::NotBy(0) | Signed::Unverifiable)), "{signed:?}");
}

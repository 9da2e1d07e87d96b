//! Web Bot Auth as a caller of the engine sees it: what a signature proves, what
//! it disproves, and everything that it leaves open.

mod signer;

use proptest::prelude::*;
use signer::{KEY, KEY_ID, Signed, parameters};
use tidegate_rules::signature::{AHEAD_S, COMPONENTS_BOUND, HEADER_BOUND, Headers};
use tidegate_rules::{
    Engine, HashKey, JudgedBy, Mode, Outcome, Request, Signature, Time, Verification, compile,
};

const NOON: u64 = 1_743_000_000;

const SITE: &str = r#"
format = 1
site   = "docs.example"

[[agent]]
name        = "browser"
category    = "browser"
user_agents = ["Mozilla/*"]

[[agent]]
name        = "fetcher"
category    = "ai-fetcher"
user_agents = ["Fetcher/*"]
"#;

const AUTHORITY: (&str, &str) = ("\"@authority\"", "docs.example");

fn engine(keys: &str) -> Engine {
    let text = format!("{SITE}{keys}");
    let rules = compile("site.toml", &mut |_| Ok(text.clone())).unwrap().rules;
    Engine { rules, version: String::new(), secret: HashKey::default(), switch: Mode::Enforce }
}

/// What the record of a browser's request says: the agent, what became of its
/// claim, and by what.
fn told(signature: Option<Signature<'_>>) -> (String, Verification, Option<JudgedBy>) {
    let engine = engine(&format!("keys = [\"{KEY}\"]"));
    let time = Time::from_unix_millis(NOON * 1000);
    let request = Request {
        host: Some("docs.example"),
        query: Some("a=b"),
        user_agent: Some("Mozilla/5.0 Chrome/138.0"),
        signature,
        ..Request::new(time, "GET", "/serde/")
    };
    let admission = engine.screen(&request).into_admission();
    let record = engine.record(&request, &admission, &Outcome::default()).unwrap();
    (record.agent.unwrap().into_owned(), record.verification, record.judged_by)
}

fn headers<'h>(signed: &'h Signed, agent: Option<&'h str>) -> Signature<'h> {
    let Signed { input, signature } = signed;
    let (scheme, authority) = ("https", "docs.example");
    Signature::Headers(Headers { input, signature, agent, scheme, authority })
}

fn of(signed: &Signed, agent: Option<&str>) -> (String, Verification, Option<JudgedBy>) {
    told(Some(headers(signed, agent)))
}

fn judged(agent: &str, verification: Verification) -> (String, Verification, Option<JudgedBy>) {
    (agent.to_owned(), verification, Some(JudgedBy::Signature))
}

/// Parameters of a signature that holds at noon.
fn current() -> String {
    parameters(NOON - 10, NOON + 50)
}

fn true_one() -> Signed {
    Signed::over(&[AUTHORITY], &current())
}

/// Over another host.
fn false_one() -> Signed {
    Signed::over(&[("\"@authority\"", "other.example")], &current())
}

#[test]
fn who_does_not_sign_is_judged_as_ever() {
    assert_eq!(told(None), ("browser".to_owned(), Verification::None, None));
}

#[test]
fn a_true_signature_verifies_the_owner_of_its_key() {
    let verified = judged("fetcher", Verification::Verified);
    assert_eq!(of(&true_one(), None), verified);
    let dictionary = "sig1=\"https://fetcher.example\";type=jwks_uri";
    let (_, member) = dictionary.split_once('=').unwrap();
    let signed =
        Signed::over(&[AUTHORITY, ("\"signature-agent\";key=\"sig1\"", member)], &current());
    assert_eq!(of(&signed, Some(dictionary)), verified);
    let bare = "\"https://fetcher.example\"";
    let signed = Signed::over(&[AUTHORITY, ("\"signature-agent\"", bare)], &current());
    assert_eq!(of(&signed, Some(bare)), verified, "the older form");
}

#[test]
fn a_signature_may_cover_what_the_edge_sees_of_a_request() {
    let components = [
        ("\"@method\"", "GET"),
        ("\"@target-uri\"", "https://docs.example/serde/?a=b"),
        ("\"@scheme\"", "https"),
        ("\"@request-target\"", "/serde/?a=b"),
        ("\"@path\"", "/serde/"),
        ("\"@query\"", "?a=b"),
        ("\"user-agent\"", "Mozilla/5.0 Chrome/138.0"),
    ];
    let signed = Signed::over(&components, &format!("{};alg=\"ed25519\"", current()));
    assert_eq!(of(&signed, None), judged("fetcher", Verification::Verified));
}

/// Headers may be written in more ways than one, and signed is what they mean.
#[test]
fn the_headers_may_be_written_otherwise_than_they_were_signed() {
    let signed = true_one();
    let input = signed.input.replace('(', "(  ").replace(';', ";  ");
    let signed = Signed { input: format!("other=(\"date\");tag=\"x\", {input}"), ..signed };
    assert_eq!(of(&signed, None), judged("fetcher", Verification::Verified));
}

#[test]
fn a_false_signature_contradicts_the_owner_of_its_key() {
    let contradicted = judged("fetcher", Verification::Contradicted);
    assert_eq!(of(&false_one(), None), contradicted, "made for another site");
    let path = [AUTHORITY, ("\"@path\"", "/tokio/")];
    assert_eq!(of(&Signed::over(&path, &current()), None), contradicted);
    let agent = [AUTHORITY, ("\"signature-agent\"", "\"https://fetcher.example\"")];
    let signed = Signed::over(&agent, &current());
    assert_eq!(of(&signed, Some("\"https://other.example\"")), contradicted);
}

#[test]
fn what_cannot_be_checked_counts_against_nobody() {
    let with = |from: &str, to: &str| Signed::over(&[AUTHORITY], &current().replace(from, to));
    let over = |components: &[(&str, &str)]| Signed::over(components, &current());
    let ahead = NOON + AHEAD_S.unsigned_abs();
    let date = ("\"date\"", "Tue, 20 Apr 2021 02:07:55 GMT");
    let many: Vec<(String, &str)> = (0..COMPONENTS_BOUND)
        .map(|at| (format!("\"signature-agent\";key=\"a{at}\""), "1"))
        .collect();
    let mut many: Vec<(&str, &str)> =
        many.iter().map(|(name, one)| (name.as_str(), *one)).collect();
    let members: String = (0..COMPONENTS_BOUND).map(|at| format!("a{at}=1, ")).collect();
    let members = members.trim_end_matches(", ");
    many.push(AUTHORITY);
    let unlabelled =
        Signed { signature: true_one().signature.replace("sig1", "sig2"), ..true_one() };
    let short = Signed { signature: "sig1=:AAAA:".to_owned(), ..true_one() };
    let padded = format!("\"{}\"", "x".repeat(HEADER_BOUND));
    for (what, signed, agent) in [
        ("an unknown key", with(KEY_ID, &KEY_ID.replace('p', "q")), None),
        ("a key by its own name", with(KEY_ID, "test-key-ed25519"), None),
        ("expired", Signed::over(&[AUTHORITY], &parameters(NOON - 60, NOON)), None),
        ("not yet valid", Signed::over(&[AUTHORITY], &parameters(ahead + 1, ahead + 60)), None),
        ("made at no time", with(&format!(";created={}", NOON - 10), ""), None),
        ("without an end", with(&format!(";expires={}", NOON + 50), ""), None),
        ("another tag", with("web-bot-auth", "web-bot-test"), None),
        ("no tag", with(";tag=\"web-bot-auth\"", ""), None),
        ("a tag that is no text", with("\"web-bot-auth\"", "web-bot-auth"), None),
        ("another algorithm", with(";tag", ";alg=\"rsa-pss-sha512\";tag"), None),
        ("for any site", over(&[("\"@path\"", "/serde/")]), None),
        ("over a header that did not come", over(&[AUTHORITY, ("\"signature-agent\"", "")]), None),
        ("over a header that we do not keep", over(&[AUTHORITY, date]), None),
        ("over a part of another request", over(&[AUTHORITY, ("\"@path\";req", "/")]), None),
        ("over a thing twice", over(&[AUTHORITY, AUTHORITY]), None),
        ("over too many things", over(&many), Some(members)),
        ("a header too long", true_one(), Some(&*padded)),
        ("no signature of that name", unlabelled, None),
        ("too short a signature", short, None),
        ("no header at all", Signed { input: String::new(), signature: String::new() }, None),
    ] {
        assert_eq!(of(&signed, agent), judged("browser", Verification::Unverifiable), "{what}");
    }
    many.swap_remove(0);
    assert_eq!(of(&over(&many), Some(members)), judged("fetcher", Verification::Verified));
}

#[test]
fn a_clock_may_run_a_little_ahead() {
    let ahead = NOON + AHEAD_S.unsigned_abs();
    let signed = Signed::over(&[AUTHORITY], &parameters(ahead, ahead + 60));
    assert_eq!(of(&signed, None), judged("fetcher", Verification::Verified));
}

#[test]
fn the_first_two_that_can_be_checked_are() {
    let all = |signed: &[Signed]| {
        let named = |text: &str, at: usize| text.replacen("sig1", &format!("s{at}"), 1);
        let join = |texts: Vec<String>| texts.join(", ");
        Signed {
            input: join((0..).zip(signed).map(|(at, one)| named(&one.input, at)).collect()),
            signature: join((0..).zip(signed).map(|(at, one)| named(&one.signature, at)).collect()),
        }
    };
    let [yes, no] = [true_one(), false_one()];
    let other = Signed::over(&[AUTHORITY], ";tag=\"other\"");
    let verified = judged("fetcher", Verification::Verified);
    assert_eq!(of(&all(&[no.clone(), yes.clone()]), None), verified);
    assert_eq!(of(&all(&[other.clone(), other.clone(), no.clone(), yes.clone()]), None), verified);
    let contradicted = judged("fetcher", Verification::Contradicted);
    assert_eq!(of(&all(&[no.clone(), no, yes.clone()]), None), contradicted);
    let unverifiable = judged("browser", Verification::Unverifiable);
    let many = [other.clone(), other.clone(), other.clone(), other, yes];
    assert_eq!(of(&all(&many), None), unverifiable);
}

#[test]
fn without_keys_no_signature_says_anything() {
    let engine = engine("");
    let signed = true_one();
    let request = Request {
        user_agent: Some("Mozilla/5.0"),
        signature: Some(headers(&signed, None)),
        ..Request::new(Time::from_unix_millis(NOON * 1000), "GET", "/")
    };
    let claim = engine.screen(&request).into_admission().derived.claim.unwrap();
    assert_eq!(claim.verification, Verification::Unverifiable);
}

/// A log replays: what the edge found out is taken as it stands in the record.
#[test]
fn what_a_record_says_of_a_signature_is_taken_over() {
    use Verification::{Contradicted, None as Nothing, Unverifiable, Verified};

    let recorded = |agent, verification| told(Some(Signature::Checked { agent, verification }));
    for verification in [Verified, Contradicted] {
        assert_eq!(recorded(Some("fetcher"), verification), judged("fetcher", verification));
        let gone = recorded(Some("an agent that is gone"), verification);
        assert_eq!(gone, judged("browser", Unverifiable));
    }
    assert_eq!(recorded(Some("browser"), Unverifiable), judged("browser", Unverifiable));
    assert_eq!(recorded(None, Nothing), ("browser".to_owned(), Nothing, None));
}

/// Headers that have the parts of signatures, in any order.
fn parts() -> impl Strategy<Value = String> {
    let key = format!(";keyid=\"{KEY_ID}\"");
    let part = prop_oneof![
        Just("sig1=".to_owned()),
        Just("(\"@authority\")".to_owned()),
        Just("(\"@authority\" \"signature-agent\";key=\"sig1\")".to_owned()),
        Just(current()),
        Just(key),
        Just(";created=1742999990;expires=1743000050;tag=\"web-bot-auth\"".to_owned()),
        Just(format!(":{}A==:", "A".repeat(85))),
        Just(true_one().signature.replace('=', "")),
        Just(", ".to_owned()),
        "[ -~]{0,4}",
    ];
    proptest::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn no_headers_are_harmful_and_none_verify_by_chance(
        input in prop_oneof![any::<String>(), parts()],
        signature in prop_oneof![any::<String>(), parts()],
        agent in proptest::option::of(prop_oneof![any::<String>(), parts()]),
    ) {
        let (_, verification, _) = of(&Signed { input, signature }, agent.as_deref());
        prop_assert_ne!(verification, Verification::Verified);
    }
}

/// One bit turned anywhere, in the signature or in what is said of it, and it is
/// no longer true.
#[test]
fn one_bit_is_enough() {
    let whole = true_one();
    let turned = |text: &str, at: usize| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[at / 7] ^= 1 << (at % 7);
        String::from_utf8(bytes).unwrap()
    };
    for at in 0..whole.input.len() * 7 {
        let signed = Signed { input: turned(&whole.input, at), ..whole.clone() };
        assert_ne!(of(&signed, None).1, Verification::Verified, "{}", signed.input);
    }
    // Bits of the last digit of base64 say nothing.
    for at in 0..(whole.signature.len() - "A==:".len()) * 7 {
        let signed = Signed { signature: turned(&whole.signature, at), ..whole.clone() };
        assert_ne!(of(&signed, None).1, Verification::Verified, "{}", signed.signature);
    }
}

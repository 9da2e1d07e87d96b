//! Precedence, what rules in shadow say, and the account of a request: as a
//! caller of the engine sees them, over rules as people write them.

use tidegate_rules::{
    Action, Admission, Admit, CacheState, Client, Decision, Engine, HashKey, Memory, Mode, Outcome,
    Request, Stored, Time, compile,
};

const START: u64 = 1_700_000_000_000;

/// Pages cost 40, and `loose` has units for ten of them, `tight` for two; a page
/// is earned back in 4 s and in 20 s.
const SITE: &str = r#"
format = 1
site   = "docs.example"
hosts  = ["docs.example"]

[[route]]
name  = "free"
paths = ["/free/**"]
cost  = 0
cache = "long"

[[route]]
name  = "page"
paths = ["/**"]
cost  = 40
cache = "long"

[[quota]]
name  = "loose"
units = 600
per   = "1m"
burst = 400

[[quota]]
name  = "tight"
units = 120
per   = "1m"
burst = 80
"#;

fn rule(id: &str, mode: &str, effect: &str) -> String {
    format!(
        "[[rule]]\nid = \"{id}\"\nwhy = \"a test\"\nmatch = {{ host = \"*\" }}\n\
         mode = \"{mode}\"\n{effect}\n"
    )
}

fn verdict(verdict: &str, mode: &str) -> String {
    rule(&format!("{verdict}-{mode}"), mode, &format!("verdict = \"{verdict}\""))
}

fn budget(quota: &str, mode: &str) -> String {
    rule(&format!("{quota}-{mode}"), mode, &format!("key = \"visitor\"\nquota = \"{quota}\""))
}

/// An engine, its cells and the time.
struct House {
    engine: Engine,
    cells: Stored<Memory>,
    now: Time,
}

impl House {
    fn of(rules: &[String]) -> Self {
        let text = format!("{SITE}{}", rules.concat());
        let compiled = compile("site.toml", &mut |_| Ok(text.clone()));
        let rules = compiled.unwrap_or_else(|mistakes| panic!("{mistakes}")).rules;
        let (version, secret) = (String::new(), HashKey::default());
        let engine = Engine { rules, version, secret, switch: Mode::Enforce };
        Self { engine, cells: Stored::default(), now: Time::from_unix_millis(START) }
    }

    fn under(mut self, switch: Mode) -> Self {
        self.engine.switch = switch;
        self
    }

    fn request<'r>(&self, method: &'r str, path: &'r str) -> Request<'r> {
        Request {
            host: Some("docs.example"),
            client: Some(Client::Address([192, 0, 2, 7].into())),
            user_agent: Some("curl/8.20.0"),
            ..Request::new(self.now, method, path)
        }
    }

    fn screen(&self, path: &str) -> Admission {
        self.engine.screen(&self.request("GET", path)).into_admission()
    }

    /// A request that nothing has cached.
    fn ask(&mut self, path: &str) -> Admission {
        let mut admission = self.screen(path);
        self.engine.admit(&mut admission, &mut self.cells, self.now);
        admission
    }

    fn settle(&mut self, admission: &mut Admission, cache: CacheState) {
        let outcome = Outcome { cache: Some(cache), ..Outcome::default() };
        self.engine.settle(admission, &outcome, &mut self.cells, self.now);
    }

    /// What became of a request: the action, the rule that decided, and the
    /// rules that were hits in shadow.
    fn told(&self, decision: &Decision) -> String {
        let id = |at: &u16| self.engine.rules.rule(*at).unwrap().id().to_owned();
        let action = match decision.action {
            Action::Pass => "pass",
            Action::Allow => "allow",
            Action::Throttle => "throttle",
            Action::Block => "block",
        };
        let rule = decision.rule.iter().map(id).map(|id| format!(" by {id}"));
        let shadow: Vec<_> = decision.shadow.iter().map(id).collect();
        let hits = (!shadow.is_empty()).then(|| format!("; in shadow {}", shadow.join(", ")));
        std::iter::once(action.to_owned()).chain(rule).chain(hits).collect()
    }

    /// The last of so many requests in one moment.
    fn nth(&mut self, count: usize) -> String {
        let answers: Vec<_> = (0..count).map(|_| self.ask("/a").decision).collect();
        self.told(answers.last().unwrap())
    }

    /// How many pages pass in one moment.
    fn left(&mut self) -> usize {
        let passes = (0..100).take_while(|_| self.ask("/a").decision.action == Action::Pass);
        passes.count()
    }
}

#[test]
fn an_allow_wins_over_a_block_and_a_block_over_a_budget() {
    let (allow, block) = (verdict("allow", "enforce"), verdict("block", "enforce"));
    let tight = budget("tight", "enforce");
    let all = [tight.clone(), block.clone(), allow];
    assert_eq!(House::of(&all).nth(9), "allow by allow-enforce");
    assert_eq!(House::of(&[tight.clone(), block]).nth(9), "block by block-enforce");
    assert_eq!(House::of(&[tight]).nth(9), "throttle by tight-enforce");
}

#[test]
fn the_longest_wait_answers() {
    for rules in [["tight", "loose"], ["loose", "tight"]] {
        let mut house = House::of(&rules.map(|quota| budget(quota, "enforce")));
        assert_eq!(house.nth(2), "pass");
        assert_eq!(house.nth(20), "throttle by tight-enforce");
    }
}

/// What README.md says of precedence, and of a block in shadow.
#[test]
fn a_block_in_shadow_is_a_hit_where_it_would_have_decided() {
    let (enforce, shadow) = ("enforce", "shadow");
    for (rules, told) in [
        (&[("block", shadow)][..], "pass; in shadow block-shadow"),
        (&[("block", shadow), ("allow", enforce)], "allow by allow-enforce"),
        (&[("allow", enforce), ("block", shadow)], "allow by allow-enforce"),
        (&[("block", enforce), ("block", shadow)], "block by block-enforce"),
        (
            &[("block", shadow), ("block", enforce)],
            "block by block-enforce; in shadow block-shadow",
        ),
        (&[("allow", shadow), ("block", shadow)], "pass; in shadow block-shadow"),
        (&[("allow", shadow), ("block", enforce)], "block by block-enforce"),
        (&[("block", "off"), ("tag", shadow)], "pass"),
    ] {
        let rules: Vec<_> = rules.iter().map(|(word, mode)| verdict(word, mode)).collect();
        assert_eq!(House::of(&rules).nth(1), told, "{rules:?}");
    }
}

#[test]
fn a_block_in_shadow_would_have_decided_before_any_budget() {
    let mut house = House::of(&[budget("tight", "enforce"), verdict("block", "shadow")]);
    assert_eq!(house.nth(3), "throttle by tight-enforce; in shadow block-shadow");
}

#[test]
fn a_budget_in_shadow_is_a_hit_where_it_would_have_answered() {
    let mut alone = House::of(&[budget("tight", "shadow")]);
    assert_eq!(alone.nth(2), "pass");
    assert_eq!(alone.nth(1), "pass; in shadow tight-shadow");

    let mut longer = House::of(&[budget("tight", "shadow"), budget("loose", "enforce")]);
    assert_eq!(longer.nth(3), "pass; in shadow tight-shadow");
    assert_eq!(longer.nth(8), "throttle by loose-enforce; in shadow tight-shadow");

    let mut other = House::of(&[budget("loose", "shadow"), budget("tight", "enforce")]);
    assert_eq!(other.nth(20), "throttle by tight-enforce", "the loose one has units");

    let both = [budget("tight", "shadow"), rule("other", "shadow", TIGHT_AGAIN)];
    assert_eq!(House::of(&both).nth(3), "pass; in shadow tight-shadow, other", "each alone");
}

const TIGHT_AGAIN: &str = "key = \"visitor\"\nquota = \"tight\"";

/// Of two budgets that are exhausted, one in shadow with the shorter wait.
#[test]
fn a_shorter_wait_in_shadow_would_have_changed_nothing() {
    let mut house = House::of(&[budget("loose", "shadow"), budget("tight", "enforce")]);
    house.engine.rules.rules[1].mode = Mode::Shadow;
    assert_eq!(house.nth(11), "pass; in shadow loose-shadow, tight-enforce");
    house.engine.rules.rules[1].mode = Mode::Enforce;
    assert_eq!(house.nth(1), "throttle by tight-enforce");
}

#[test]
fn a_switch_in_shadow_says_what_the_rule_set_would_do() {
    let (allow, block) = (verdict("allow", "enforce"), verdict("block", "enforce"));
    let shadow = |rules: &[&String]| {
        let rules: Vec<_> = rules.iter().map(|rule| (*rule).clone()).collect();
        House::of(&rules).under(Mode::Shadow).nth(3)
    };
    let (tight, loose) = (budget("tight", "enforce"), budget("loose", "enforce"));
    assert_eq!(shadow(&[&block]), "pass; in shadow block-enforce");
    assert_eq!(shadow(&[&block, &allow, &tight]), "pass");
    assert_eq!(shadow(&[&tight, &block]), "pass; in shadow block-enforce");
    assert_eq!(shadow(&[&loose, &tight]), "pass; in shadow tight-enforce");
    let off = [verdict("block", "enforce"), budget("tight", "enforce")];
    assert_eq!(House::of(&off).under(Mode::Off).nth(3), "pass");
}

#[test]
fn only_get_and_head_are_refused_unless_a_rule_names_a_method() {
    let named = verdict("block", "enforce").replace("host = \"*\"", "method = \"POST\"");
    for (rule, method, action) in [
        (verdict("block", "enforce"), "GET", Action::Block),
        (verdict("block", "enforce"), "HEAD", Action::Block),
        (verdict("block", "enforce"), "POST", Action::Pass),
        (named.clone(), "POST", Action::Block),
        (named, "GET", Action::Pass),
        (verdict("allow", "enforce"), "POST", Action::Allow),
    ] {
        let house = House::of(&[rule]);
        let screened = house.engine.screen(&house.request(method, "/a"));
        assert_eq!(screened.into_admission().decision.action, action, "{method}");
    }
}

/// Fastly calls no hook for another method, so there is no later moment to ask.
#[test]
fn what_no_cache_answers_is_known_before_it_is_sent() {
    let house = House::of(&[]);
    for (method, known) in
        [("GET", false), ("HEAD", false), ("POST", true), ("OPTIONS", true), ("get", true)]
    {
        let screened = house.engine.screen(&house.request(method, "/a"));
        assert_eq!(screened.into_admission().reaches_origin(), known, "{method}");
    }
}

#[test]
fn what_is_exempt_or_blocked_is_never_counted() {
    let tight = budget("tight", "enforce");
    for word in ["allow", "block"] {
        let mut house = House::of(&[tight.clone(), verdict(word, "enforce")]);
        for _ in 0..9 {
            let mut admission = house.ask("/a");
            let decided = admission.decision.clone();
            house.settle(&mut admission, CacheState::Miss);
            assert_eq!(admission.decision, decided);
        }
        house.engine.rules.rules[1].mode = Mode::Off;
        assert_eq!(house.left(), 2, "{word}");
    }
}

#[test]
fn the_answer_is_given_once_and_repeated() {
    let mut house = House::of(&[budget("tight", "enforce")]);
    let mut first = house.ask("/a");
    for _ in 0..9 {
        assert_eq!(house.engine.admit(&mut first, &mut house.cells, house.now), Admit::Pass);
    }
    assert_eq!(house.left(), 1);
    let mut refused = house.ask("/a");
    for _ in 0..2 {
        let again = house.engine.admit(&mut refused, &mut house.cells, house.now);
        assert_eq!(again, Admit::Throttle { retry_ms: 20_000 });
    }
}

#[test]
fn what_escaped_is_charged_once_and_a_hit_never() {
    let mut house = House::of(&[budget("tight", "enforce")]);
    for (cache, left) in [
        (CacheState::Hit, 2),
        (CacheState::Stale, 2),
        (CacheState::ShieldHit, 2),
        (CacheState::Refused, 2),
        (CacheState::Miss, 1),
        (CacheState::Pass, 1),
    ] {
        let mut admission = house.screen("/a");
        house.settle(&mut admission, cache);
        house.settle(&mut admission, cache);
        assert_eq!(house.left(), left, "{cache:?}");
        house.now = Time::from_unix_millis(house.now.unix_millis() + 60_000);
    }
}

#[test]
fn what_a_shield_answered_is_given_back_once() {
    let client = rule("client", "enforce", "key = \"client\"\nquota = \"loose\"");
    let mut house = House::of(&[budget("tight", "enforce"), client, budget("loose", "shadow")]);
    for _ in 0..50 {
        let mut admission = house.ask("/a");
        assert_eq!(house.told(&admission.decision), "pass");
        house.settle(&mut admission, CacheState::ShieldHit);
        house.settle(&mut admission, CacheState::ShieldHit);
    }
    assert_eq!(house.left(), 2);
    let mut refused = house.ask("/a");
    house.settle(&mut refused, CacheState::ShieldHit);
    assert_eq!(house.left(), 0, "a refusal cost nothing");
    for cache in [CacheState::Hit, CacheState::Stale, CacheState::Miss, CacheState::Pass] {
        house.now = Time::from_unix_millis(house.now.unix_millis() + 60_000);
        let mut admission = house.ask("/a");
        house.settle(&mut admission, cache);
        assert_eq!(house.left(), 1, "{cache:?}");
    }
}

#[test]
fn a_page_counts_for_breadth_whatever_rules_there_are() {
    let walk = rule("walk", "enforce", "key = \"visitor\"\nquota = \"tight\"")
        .replace("host = \"*\"", "path = \"/docs/**\", breadth = { over = 6, per = \"10m\" }");
    let passes = |house: &mut House| {
        for n in 0..12 {
            house.ask(&format!("/other/{n}"));
        }
        (0..9).filter(|_| house.ask("/docs/a").decision.action == Action::Pass).count()
    };
    let alone = passes(&mut House::of(std::slice::from_ref(&walk)));
    let beside = passes(&mut House::of(&[walk.clone(), budget("loose", "shadow")]));
    assert_eq!((alone, beside), (2, 2), "no rule is about the other pages");
    let mut free = House::of(&[walk]);
    for n in 0..9 {
        free.ask(&format!("/free/{n}"));
    }
    assert_eq!((0..9).filter(|_| free.ask("/docs/a").decision.action == Action::Pass).count(), 9);
}

#[test]
fn other_hosts_are_left_alone() {
    let house = House::of(&[verdict("block", "enforce"), budget("tight", "enforce")]);
    let request = Request { host: Some("other.example"), ..house.request("GET", "/a") };
    let mut cells = Stored::<Memory>::default();
    for _ in 0..9 {
        let mut admission = house.engine.screen(&request).into_admission();
        assert_eq!(house.engine.admit(&mut admission, &mut cells, house.now), Admit::Pass);
        assert_eq!(admission.decision, Decision::default());
    }
}

//! From TOML to what its author wrote, with the place of each value.
//!
//! Nothing is looked up here: names of routes, quotas and agents are resolved
//! by [`crate::compile`], which sees all the files of a site.

mod context;
mod raw;
mod reader;

use toml::de::DeTable;

pub(crate) use context::{At, Context, Spot};
pub(crate) use raw::{
    RawAgent, RawBreadth, RawCohort, RawCondition, RawEvidence, RawFile, RawQuota, RawRoute,
    RawRule, RawSends, RawStore, RawStrain,
};
pub(crate) use reader::Table;

use crate::diagnostic::Source;
use crate::key::KeyKind;

/// The rule format read by this version.
pub const RULES_FORMAT: u32 = 1;

/// Reads one source into the context, where it becomes the next file. `None`
/// where it is no TOML, so that nothing can be said of what is in it.
pub(crate) fn parse(context: &mut Context, source: Source) -> Option<RawFile> {
    document(context, source, "a rule file", read_file)
}

/// Reads one source by `read`, which is handed its top table.
pub(crate) fn document<T>(
    context: &mut Context,
    source: Source,
    what: &'static str,
    read: impl FnOnce(&Table<'_, '_, '_>) -> T,
) -> Option<T> {
    let file = context.sources.len();
    let text = source.text.clone();
    context.sources.push(source);
    let (document, errors) = DeTable::parse_recoverable(&text);
    for error in &errors {
        let at = At { file, span: error.span().unwrap_or(0..0) };
        let message = error.message().trim().replace('\n', ", ");
        context.report(Some(&at), "toml-syntax", message, None);
    }
    if !errors.is_empty() {
        return None;
    }
    let start = At { file, span: 0..0 };
    let table = Table::new(context, start, document.get_ref(), what);
    let raw = read(&table);
    table.finish();
    Some(raw)
}

/// Reads `format` and reports any other than `known`.
pub(crate) fn format(table: &Table<'_, '_, '_>, known: u32) {
    if let Some(format) = table.demand("format", table.integer("format"))
        && format.value != known
    {
        let message = format!("format {} is not known", format.value);
        let help = format!("this version reads `format = {known}`");
        table.context.report(Some(&format.at), "unknown-format", message, Some(help));
    }
}

fn read_file(table: &Table<'_, '_, '_>) -> RawFile {
    format(table, RULES_FORMAT);
    RawFile {
        site: table.string("site"),
        hosts: optional_list(table, "hosts"),
        policy: table.string("policy"),
        bulk: table.string("bulk"),
        sampled: table.string("sampled"),
        include: table.strings("include"),
        strain: table.table("strain", "strain").map(read_strain),
        store: table.table("store", "`[store]`").map(read_store),
        routes: each(table.tables("route", "a route"), read_route),
        quotas: each(table.tables("quota", "a quota"), read_quota),
        rules: each(table.tables("rule", "a rule"), read_rule),
        cohorts: each(table.tables("cohort", "a cohort"), read_cohort),
        agents: each(table.tables("agent", "an agent"), read_agent),
    }
}

/// `hosts = []` says something: any host.
fn optional_list(table: &Table<'_, '_, '_>, key: &'static str) -> Vec<Spot<String>> {
    if table.is_empty_list(key) { Vec::new() } else { table.strings(key) }
}

pub(crate) fn each<'c, 'v, 'i, T>(
    tables: Vec<Table<'c, 'v, 'i>>,
    read: impl Fn(&Table<'c, 'v, 'i>) -> T,
) -> Vec<T> {
    tables
        .into_iter()
        .map(|table| {
            let value = read(&table);
            table.finish();
            value
        })
        .collect()
}

fn read_strain(table: Table<'_, '_, '_>) -> RawStrain {
    let raw = RawStrain {
        at: table.at.clone(),
        slow: table.integer("slow"),
        over: table.string("over"),
        per: table.string("per"),
    };
    table.finish();
    raw
}

fn read_store(table: Table<'_, '_, '_>) -> RawStore {
    let place = |kind: &KeyKind| Some((*kind, table.string(kind.name())?));
    let raw =
        RawStore { at: table.at.clone(), kinds: KeyKind::ALL.iter().filter_map(place).collect() };
    table.finish();
    raw
}

fn read_route(table: &Table<'_, '_, '_>) -> RawRoute {
    RawRoute {
        name: table.demand("name", table.string("name")),
        paths: {
            let paths = table.strings("paths");
            table.demand("paths", paths.first());
            paths
        },
        cost: table.demand("cost", table.integer("cost")),
        cache: table.demand("cache", table.string("cache")),
        asset: table.boolean("asset"),
        errors: table.string("errors"),
    }
}

fn read_quota(table: &Table<'_, '_, '_>) -> RawQuota {
    RawQuota {
        at: table.at.clone(),
        name: table.demand("name", table.string("name")),
        units: table.demand("units", table.integer("units")),
        per: table.demand("per", table.string("per")),
        burst: table.demand("burst", table.integer("burst")),
    }
}

fn read_rule(table: &Table<'_, '_, '_>) -> RawRule {
    RawRule {
        at: table.at.clone(),
        id: table.demand("id", table.string("id")),
        why: table.demand("why", table.string("why")),
        advice: table.string("advice"),
        condition: condition(table, "match"),
        key: table.string("key"),
        quota: table.string("quota"),
        floor: table.string("floor"),
        verdict: table.string("verdict"),
        mode: table.string("mode"),
        rollout: table.integer("rollout"),
        starts: table.string("starts"),
        expires: table.string("expires"),
        reviewed: table.string("reviewed"),
        owner: table.string("owner"),
        evidence: read_evidence(table),
    }
}

/// The evidence makes a rule a learned one; it changes nothing that the rule does.
fn read_evidence(table: &Table<'_, '_, '_>) -> Option<RawEvidence> {
    let evidence = table.table("evidence", "evidence")?;
    for key in ["finding", "window", "samples"] {
        evidence.strings(key);
    }
    for key in ["clients", "requests", "units"] {
        evidence.integer(key);
    }
    let raw = RawEvidence { predicted: evidence.strings("predicted") };
    evidence.finish();
    Some(raw)
}

fn read_cohort(table: &Table<'_, '_, '_>) -> RawCohort {
    let harm = table.demand("harm", table.table("harm", "harm"));
    let share = |key| harm.as_ref().and_then(|harm| harm.demand(key, harm.string(key)));
    let raw = RawCohort {
        name: table.demand("name", table.string("name")),
        condition: condition(table, "match"),
        throttled: share("throttled_clients"),
        starved: share("starved_clients"),
        blocked: share("blocked_clients"),
    };
    if let Some(harm) = harm {
        harm.finish();
    }
    raw
}

fn read_agent(table: &Table<'_, '_, '_>) -> RawAgent {
    let _source = table.string("source");
    RawAgent {
        name: table.demand("name", table.string("name")),
        category: table.demand("category", table.string("category")),
        user_agents: {
            let globs = table.strings("user_agents");
            table.demand("user_agents", globs.first());
            globs
        },
        networks: table.strings("networks"),
        exhaustive: table.boolean("exhaustive"),
        keys: table.strings("keys"),
        sends: each(table.tables("sends", "`sends`"), read_sends),
    }
}

fn read_sends(table: &Table<'_, '_, '_>) -> RawSends {
    let _source = table.string("source");
    let headers = table.strings("headers");
    table.demand("headers", headers.first());
    RawSends {
        product: table.demand("product", table.string("product")),
        since: table.demand("since", table.integer("since")),
        headers,
    }
}

fn condition(parent: &Table<'_, '_, '_>, key: &'static str) -> RawCondition {
    let Some(table) = parent.table(key, "a condition") else { return RawCondition::default() };
    let mut raw = RawCondition {
        at: table.at.clone(),
        hosts: table.strings("host"),
        methods: table.strings("method"),
        routes: table.strings("route"),
        paths: table.strings("path"),
        query: table.boolean("query"),
        networks: table.strings("network"),
        asns: table.integers("asn"),
        countries: table.strings("country"),
        credentials: table.boolean("credentials"),
        fingerprints: table.strings("fingerprint"),
        caches: table.strings("cache"),
        hours: table.strings("hours"),
        origin: table.string("origin"),
        breadth: table.table("breadth", "breadth").map(read_breadth),
        ..RawCondition::default()
    };
    if let Some(agent) = table.table("agent", "agent") {
        raw.agents = agent.strings("name");
        raw.categories = agent.strings("category");
        raw.verifications = agent.strings("verification");
        raw.headers = agent.strings("headers");
        agent.finish();
    }
    if table.has("not") {
        raw.not = Some(Box::new(condition(&table, "not")));
    }
    table.finish();
    raw
}

fn read_breadth(table: Table<'_, '_, '_>) -> RawBreadth {
    let raw = RawBreadth {
        at: table.at.clone(),
        over: table.integer("over"),
        under: table.integer("under"),
        per: table.demand("per", table.string("per")),
    };
    table.finish();
    raw
}

//! The rule set put together: the site, its routes, its agents, its quotas.

use super::Compiler;
use super::names::text;
use crate::agent::{Agent, Category, Sends};
use crate::glob::{Glob, GlobIndex};
use crate::index::RuleIndex;
use crate::networks::Networks;
use crate::parse::{At, RawAgent, RawFile, RawQuota, RawRoute, RawSends, Spot};
use crate::quota::Quota;
use crate::route::Route;
use crate::rule::Rule;
use crate::ruleset::{Ruleset, placed};
use crate::strain::Strain;

impl Compiler<'_> {
    pub(super) fn ruleset(&mut self, files: &[RawFile]) -> Ruleset {
        let routes = files.iter().flat_map(|file| &file.routes);
        let (routes, paths): (Vec<Route>, Vec<_>) =
            routes.map(|raw| (self.route(raw), self.globs(&raw.paths))).unzip();
        self.stores = self.stores(files);
        self.costs = routes.iter().map(|route| route.cost).collect();
        let agents = files.iter().flat_map(|file| &file.agents);
        let (agents, user_agents): (_, Vec<_>) =
            agents.map(|raw| (self.agent(raw), texts(&raw.user_agents))).unzip();
        let (rules, layouts) = self.rules(files.iter().flat_map(|file| &file.rules));
        let cohorts =
            files.iter().flat_map(|file| &file.cohorts).map(|raw| self.cohort(raw)).collect();
        let mut ruleset = Ruleset {
            site: String::new(),
            hosts: Vec::new(),
            policy: None,
            bulk: None,
            sampled: 100,
            routes,
            paths: index(&paths),
            agents,
            user_agents: index(&user_agents),
            keys: self.keys(files),
            rules,
            cohorts,
            index: RuleIndex::default(),
            networks: Networks::default(),
            strain: None,
            layouts,
            stores: self.stores.clone(),
        };
        let strain = self.strain(files);
        ruleset.strain = ruleset.rules.iter().any(Rule::asks_origin).then_some(strain);
        ruleset.index = RuleIndex::new(&ruleset.rules);
        ruleset.networks = Networks::new(&self.lists.borrow()).unwrap_or_else(|| {
            let message = "the networks overlap in more than 65,535 ways".to_owned();
            let help = "merge lists that name the same addresses".to_owned();
            self.context.report(None, "too-many", message, Some(help));
            Networks::default()
        });
        self.site(files, &mut ruleset);
        ruleset
    }

    fn site(&self, files: &[RawFile], ruleset: &mut Ruleset) {
        let Some((own, included)) = files.split_first() else { return };
        match &own.site {
            Some(site) => ruleset.site.clone_from(&site.value),
            None => {
                let help =
                    "the file named on the command line is a site's own: `site = \"docs.rs\"`";
                let message = "the file has no `site`".to_owned();
                let start = At { file: 0, span: 0..0 };
                self.context.report(Some(&start), "missing-key", message, Some(help.into()));
            }
        }
        ruleset.hosts = texts(&own.hosts);
        ruleset.policy = own.policy.as_ref().and_then(|policy| self.page(policy));
        ruleset.bulk = own.bulk.as_ref().and_then(|bulk| self.page(bulk));
        ruleset.sampled = own.sampled.as_ref().and_then(|share| self.percent(share)).unwrap_or(100);
        for file in included {
            let hosts = file.hosts.first();
            let texts = [&file.site, &file.policy, &file.bulk, &file.sampled].map(Option::as_ref);
            let texts = texts.into_iter().chain([hosts]).map(|spot| spot.map(|spot| &spot.at));
            let strain = file.strain.as_ref().map(|strain| &strain.at);
            let store = file.store.as_ref().map(|store| &store.at);
            for at in texts.chain([strain, store]).flatten() {
                let message = "only a site's own file may say this, not an included one".to_owned();
                self.context.report(Some(at), "misplaced-key", message, None);
            }
        }
    }

    /// A page that refused people are pointed at, in text, HTML and JSON.
    fn page(&self, spot: &Spot<String>) -> Option<String> {
        let plain = spot.value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
        if plain && spot.value.starts_with("https://") {
            return Some(spot.value.clone());
        }
        let message = format!("`{}` is no page to point people at", spot.value);
        let help = "write its whole address: `https://docs.rs/about`".to_owned();
        self.context.report(Some(&spot.at), "bad-page", message, Some(help));
        None
    }

    fn strain(&self, files: &[RawFile]) -> Strain {
        let usual = Strain::default();
        let Some(raw) = files.first().and_then(|own| own.strain.as_ref()) else { return usual };
        // Nothing was said, or a mistake was reported.
        let percent = raw.over.as_ref().and_then(|over| self.percent(over));
        let percent = percent.unwrap_or(usual.over_percent);
        let slow = raw.slow.as_ref().map_or(usual.slow, |slow| slow.value);
        let per = raw.per.as_ref().map_or(Some(usual.period_ms), |per| self.duration(per));
        if !(1..=99).contains(&percent) || slow == 0 || per.is_some_and(|per| per < 10_000) {
            let message = "the origin would be strained always or never".to_owned();
            let help = "`slow` is at least 1, `over` from `1%` to `99%`, `per` at least `10s`";
            self.context.report(Some(&raw.at), "bad-strain", message, Some(help.to_owned()));
        }
        Strain { slow, over_percent: percent, period_ms: per.unwrap_or(usual.period_ms) }
    }

    fn route(&self, raw: &RawRoute) -> Route {
        let cache = raw.cache.as_ref().and_then(|word| self.context.word("cache class", word));
        let errors = raw.errors.as_ref().and_then(|word| self.context.word("error form", word));
        Route {
            name: text(raw.name.as_ref()),
            cost: raw.cost.as_ref().map_or(0, |cost| cost.value),
            cache: cache.unwrap_or_default(),
            asset: raw.asset.as_ref().is_some_and(|asset| asset.value),
            errors: errors.unwrap_or_default(),
        }
    }

    fn agent(&self, raw: &RawAgent) -> Agent {
        let category = raw.category.as_ref().and_then(|word| self.context.word("category", word));
        Agent {
            name: text(raw.name.as_ref()),
            category: category.unwrap_or(Category::Service),
            networks: self.list(&raw.networks),
            exhaustive: raw.exhaustive.as_ref().is_some_and(|exhaustive| exhaustive.value),
            sends: raw.sends.iter().map(sends).collect(),
        }
    }

    pub(super) fn quota(&mut self, raw: &RawQuota) {
        let quota = self.possible_quota(raw);
        if let Some(name) = &raw.name
            && self.quotas.insert(name.value.clone(), quota).is_some()
        {
            self.duplicate("quota", name);
        }
    }

    fn possible_quota(&self, raw: &RawQuota) -> Option<Quota> {
        let per = raw.per.as_ref().and_then(|per| self.duration(per));
        let (units, burst) = (raw.units.as_ref()?, raw.burst.as_ref()?);
        match Quota::new(units.value, per?, burst.value) {
            Ok(quota) => Some(quota),
            Err(why) => {
                let message = format!("quota `{}` is impossible: {why}", text(raw.name.as_ref()));
                self.context.report(Some(&raw.at), "bad-quota", message, None);
                None
            }
        }
    }
}

fn sends(raw: &RawSends) -> Sends {
    Sends {
        product: text(raw.product.as_ref()),
        since: raw.since.as_ref().map_or(0, |since| since.value),
        headers: raw.headers.iter().map(|name| name.value.clone()).collect(),
    }
}

pub(super) fn texts(spots: &[Spot<String>]) -> Vec<Glob> {
    spots.iter().map(|spot| Glob::text(&spot.value)).collect()
}

/// The globs of each route or agent, as one index over all of them.
fn index(globs: &[Vec<Glob>]) -> GlobIndex {
    placed(globs).flat_map(|(owner, globs)| globs.iter().map(move |glob| (owner, glob))).collect()
}

//! From a site's files to a rule set: names resolved, values checked, cells
//! laid out. Reports every mistake of every file in one run.

mod condition;
mod layout;
mod rules;
mod values;

use std::collections::BTreeMap;

use crate::agent::{Agent, Category};
use crate::cell::Layout;
use crate::diagnostic::{Diagnostics, Source, near_miss};
use crate::glob::Glob;
use crate::parse::{Context, RawAgent, RawFile, RawQuota, RawRoute, Spot, parse};
use crate::quota::Quota;
use crate::route::{CacheClass, ErrorForm, Route};
use crate::ruleset::Ruleset;

/// Most routes, agents or rules that a site may have.
const COUNT_BOUND: usize = u16::MAX as usize;

/// A compiled site and the names of the files that it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    /// The rules.
    pub rules: Ruleset,
    /// Every file read, the site's own first.
    pub files: Vec<String>,
}

/// Compiles the site whose own file is called `entry`. `read` gives the text of
/// a file by its name; files named in `include` are looked for beside the file
/// that names them.
///
/// # Errors
///
/// Every mistake of every file.
///
/// ```
/// let text = r#"
/// format = 1
/// site = "docs.rs"
/// "#;
/// let compiled = tidegate_rules::compile("docs-rs.toml", &mut |_| Ok(text.to_owned())).unwrap();
/// assert_eq!(compiled.rules.site, "docs.rs");
/// ```
pub fn compile(
    entry: &str,
    read: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Result<Compiled, Diagnostics> {
    compile_with(entry, &[], read)
}

/// Compiles a site as if its own file included `extra` files too, whose names
/// are taken as they are: proposals on trial.
///
/// # Errors
///
/// Every mistake of every file.
pub fn compile_with(
    entry: &str,
    extra: &[String],
    read: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Result<Compiled, Diagnostics> {
    let mut context = Context::default();
    let files = gather(&mut context, entry, extra, read);
    let rules = Compiler::new(&context, &files).ruleset(&files);
    if context.is_clean() {
        let files = context.sources.into_iter().map(|source| source.name).collect();
        Ok(Compiled { rules, files })
    } else {
        Err(Diagnostics(context.into_found()))
    }
}

fn gather(
    context: &mut Context,
    entry: &str,
    extra: &[String],
    read: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Vec<RawFile> {
    let mut files = Vec::new();
    let mut waiting: Vec<(String, Option<crate::parse::At>)> =
        extra.iter().rev().map(|name| (name.clone(), None)).collect();
    waiting.push((entry.to_owned(), None));
    while let Some((name, at)) = waiting.pop() {
        if context.sources.iter().any(|source| source.name == name) {
            continue;
        }
        match read(&name) {
            Ok(text) => {
                let raw = parse(context, Source { name: name.clone(), text });
                let included = raw.include.iter().rev();
                waiting.extend(
                    included.map(|spot| (beside(&name, &spot.value), Some(spot.at.clone()))),
                );
                files.push(raw);
            }
            Err(why) => {
                let message = format!("cannot read `{name}`: {why}");
                context.report(at.as_ref(), "unreadable-file", message, None);
            }
        }
    }
    files
}

fn beside(file: &str, included: &str) -> String {
    match file.rfind('/') {
        Some(at) => format!("{}{included}", file.get(..=at).unwrap_or_default()),
        None => included.to_owned(),
    }
}

/// What names mean, across all the files of a site.
pub(crate) struct Compiler<'c> {
    pub(crate) context: &'c Context,
    pub(crate) routes: BTreeMap<String, u16>,
    pub(crate) agents: BTreeMap<String, u16>,
    pub(crate) quotas: BTreeMap<String, Quota>,
    pub(crate) costs: Vec<u32>,
}

impl<'c> Compiler<'c> {
    fn new(context: &'c Context, files: &[RawFile]) -> Self {
        let routes = files.iter().flat_map(|file| &file.routes).map(|route| &route.name);
        let agents = files.iter().flat_map(|file| &file.agents).map(|agent| &agent.name);
        let mut compiler = Self {
            context,
            routes: BTreeMap::new(),
            agents: BTreeMap::new(),
            quotas: BTreeMap::new(),
            costs: Vec::new(),
        };
        compiler.routes = compiler.places("route", routes);
        compiler.agents = compiler.places("agent", agents);
        for quota in files.iter().flat_map(|file| &file.quotas) {
            compiler.quota(quota);
        }
        compiler
    }

    fn ruleset(mut self, files: &[RawFile]) -> Ruleset {
        let routes: Vec<Route> =
            files.iter().flat_map(|file| &file.routes).map(|raw| self.route(raw)).collect();
        self.costs = routes.iter().map(|route| route.cost).collect();
        let agents =
            files.iter().flat_map(|file| &file.agents).map(|raw| self.agent(raw)).collect();
        let (rules, layouts) = self.rules(files.iter().flat_map(|file| &file.rules));
        let cohorts =
            files.iter().flat_map(|file| &file.cohorts).map(|raw| self.cohort(raw)).collect();
        let mut ruleset = Ruleset {
            site: String::new(),
            hosts: Vec::new(),
            policy: None,
            routes,
            agents,
            rules,
            cohorts,
            layouts,
        };
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
                let start = crate::parse::At { file: 0, span: 0..0 };
                self.context.report(Some(&start), "missing-key", message, Some(help.into()));
            }
        }
        ruleset.hosts = own.hosts.iter().map(|host| Glob::text(&host.value)).collect();
        ruleset.policy = own.policy.as_ref().map(|policy| policy.value.clone());
        for file in included {
            let hosts = file.hosts.first();
            for spot in [file.site.as_ref(), file.policy.as_ref(), hosts].into_iter().flatten() {
                let message = "only a site's own file may say this, not an included one".to_owned();
                self.context.report(Some(&spot.at), "misplaced-key", message, None);
            }
        }
    }

    /// Gives each name its place and reports those given twice.
    fn places<'n>(
        &self,
        what: &'static str,
        names: impl Iterator<Item = &'n Option<Spot<String>>>,
    ) -> BTreeMap<String, u16> {
        let mut places = BTreeMap::new();
        for (at, name) in names.enumerate() {
            let Some(name) = name else { continue };
            let Ok(place) = u16::try_from(at) else {
                let message = format!("a site may have at most {COUNT_BOUND} {what}s");
                self.context.report(Some(&name.at), "too-many", message, None);
                break;
            };
            if places.insert(name.value.clone(), place).is_some() {
                self.duplicate(what, name);
            }
        }
        places
    }

    pub(crate) fn duplicate(&self, what: &str, name: &Spot<String>) {
        let message = format!("a second {what} `{}`", name.value);
        let help = format!("give each {what} a name of its own");
        self.context.report(Some(&name.at), "duplicate-name", message, Some(help));
    }

    /// Looks a word up among those known, and reports a miss.
    pub(crate) fn known<T: Copy>(
        &self,
        what: &str,
        word: &Spot<String>,
        known: &[(&str, T)],
    ) -> Option<T> {
        let found = known.iter().find(|(name, _)| *name == word.value).map(|(_, value)| *value);
        if found.is_none() {
            self.unknown_name(what, word, known.iter().map(|(name, _)| *name));
        }
        found
    }

    pub(crate) fn unknown_name<'k>(
        &self,
        what: &str,
        word: &Spot<String>,
        known: impl Iterator<Item = &'k str> + Clone,
    ) {
        let message = format!("no {what} is called `{}`", word.value);
        let help = near_miss(&word.value, known.clone()).map_or_else(
            || {
                let all: Vec<_> = known.map(|name| format!("`{name}`")).collect();
                match all.len() {
                    0 => format!("this site has no {what}"),
                    1..=12 => format!("known are {}", all.join(", ")),
                    _ => format!("{} are known; see the site's files", all.len()),
                }
            },
            |near| format!("did you mean `{near}`?"),
        );
        self.context.report(Some(&word.at), "unknown-name", message, Some(help));
    }

    fn route(&self, raw: &RawRoute) -> Route {
        const CACHE: [(&str, CacheClass); 3] = [
            ("never", CacheClass::Never),
            ("short", CacheClass::Short),
            ("long", CacheClass::Long),
        ];
        let cache = raw.cache.as_ref().and_then(|word| self.known("cache class", word, &CACHE));
        let errors = raw
            .errors
            .as_ref()
            .and_then(|word| self.known("error form", word, &[("api-json", ErrorForm::ApiJson)]));
        Route {
            name: text(raw.name.as_ref()),
            paths: self.globs(&raw.paths),
            cost: raw.cost.as_ref().map_or(0, |cost| cost.value),
            cache: cache.unwrap_or_default(),
            asset: raw.asset.as_ref().is_some_and(|asset| asset.value),
            errors: errors.unwrap_or_default(),
        }
    }

    fn agent(&self, raw: &RawAgent) -> Agent {
        let category =
            raw.category.as_ref().and_then(|word| self.known("category", word, Category::ALL));
        Agent {
            name: text(raw.name.as_ref()),
            category: category.unwrap_or(Category::Service),
            user_agents: raw.user_agents.iter().map(|glob| Glob::text(&glob.value)).collect(),
            networks: self.networks(&raw.networks),
            exhaustive: raw.exhaustive.as_ref().is_some_and(|exhaustive| exhaustive.value),
        }
    }

    fn quota(&mut self, raw: &RawQuota) {
        let per = raw.per.as_ref().and_then(|per| self.duration(per));
        let (Some(name), Some(units), Some(per), Some(burst)) =
            (&raw.name, &raw.units, per, &raw.burst)
        else {
            return;
        };
        match Quota::new(units.value, per, burst.value) {
            Ok(quota) => {
                if self.quotas.insert(name.value.clone(), quota).is_some() {
                    self.duplicate("quota", name);
                }
            }
            Err(why) => {
                let message = format!("quota `{}` is impossible: {why}", name.value);
                self.context.report(Some(&raw.at), "bad-quota", message, None);
            }
        }
    }
}

pub(crate) fn text(spot: Option<&Spot<String>>) -> String {
    spot.map(|spot| spot.value.clone()).unwrap_or_default()
}

/// The layouts of cells, one for each kind of key.
pub(crate) type Layouts = Vec<Layout>;

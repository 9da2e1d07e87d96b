//! Names and the places that they stand for, across all the files of a site.

use std::cell::RefCell;
use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::key::KeyKind;
use crate::parse::{At, Context, RawFile, Spot};
use crate::quota::Quota;
use crate::store::StoreKind;

/// Most routes, agents or rules that a site may have.
pub(super) const COUNT_BOUND: usize = u16::MAX as usize;

/// What names mean, across all the files of a site.
pub(super) struct Compiler<'c> {
    pub(super) context: &'c Context,
    pub(super) routes: BTreeMap<String, u16>,
    pub(super) agents: BTreeMap<String, u16>,
    /// `None`: declared, but wrong, which was reported there.
    pub(super) quotas: BTreeMap<String, Option<Quota>>,
    pub(super) costs: Vec<u32>,
    /// Where cells live, of the kinds that live elsewhere than in the cache.
    pub(super) stores: Vec<(KeyKind, StoreKind)>,
    /// Lists of networks, each once.
    pub(super) lists: RefCell<Vec<Vec<IpNet>>>,
}

impl<'c> Compiler<'c> {
    pub(super) fn new(context: &'c Context, files: &[RawFile]) -> Self {
        let routes = files.iter().flat_map(|file| &file.routes).map(|route| &route.name);
        let agents = files.iter().flat_map(|file| &file.agents).map(|agent| &agent.name);
        let mut compiler = Self {
            context,
            routes: BTreeMap::new(),
            agents: BTreeMap::new(),
            quotas: BTreeMap::new(),
            costs: Vec::new(),
            stores: Vec::new(),
            lists: RefCell::default(),
        };
        compiler.routes = compiler.places("route", routes);
        compiler.agents = compiler.places("agent", agents);
        for quota in files.iter().flat_map(|file| &file.quotas) {
            compiler.quota(quota);
        }
        compiler
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
            let place = u16::try_from(at).ok().filter(|_| at < COUNT_BOUND);
            let Some(place) = place else {
                self.too_many(what, &name.at);
                break;
            };
            if places.insert(name.value.clone(), place).is_some() {
                self.duplicate(what, name);
            }
        }
        places
    }

    pub(super) fn too_many(&self, what: &str, at: &At) {
        let message = format!("a site may have at most {COUNT_BOUND} {what}s");
        self.context.report(Some(at), "too-many", message, None);
    }

    pub(super) fn duplicate(&self, what: &str, name: &Spot<String>) {
        let message = format!("a second {what} `{}`", name.value);
        let help = format!("give each {what} a name of its own");
        self.context.report(Some(&name.at), "duplicate-name", message, Some(help));
    }
}

pub(super) fn text(spot: Option<&Spot<String>>) -> String {
    spot.map(|spot| spot.value.clone()).unwrap_or_default()
}

//! What is certain of two conditions: that one holds wherever the other does, or
//! that they never hold together. Where that would take more than a look at each
//! field, the answer is that it is not certain.

use ipnet::IpNet;

use crate::condition::{Condition, Hours};
use crate::glob::Glob;
use crate::parse::RawFile;
use crate::ruleset::Ruleset;

/// What conditions are about.
pub(in crate::compile) struct World<'w> {
    pub(super) rules: &'w Ruleset,
    /// Lists of networks, by their places.
    lists: &'w [Vec<IpNet>],
    /// The globs of each route.
    paths: Vec<Vec<Glob>>,
}

impl<'w> World<'w> {
    pub(super) fn new(files: &[RawFile], rules: &'w Ruleset, lists: &'w [Vec<IpNet>]) -> Self {
        let routes = files.iter().flat_map(|file| &file.routes);
        let globs = routes
            .map(|raw| raw.paths.iter().filter_map(|spot| Glob::path(&spot.value).ok()).collect());
        Self { rules, lists, paths: globs.collect() }
    }

    /// Whether it is certain that `wide` holds wherever `narrow` does.
    pub(super) fn covers(&self, wide: &Condition, narrow: &Condition) -> bool {
        self.positively_covers(wide, narrow) && self.leaves_out_as_much(wide, narrow)
    }

    /// Whether what `wide` leaves out, `narrow` does not have.
    fn leaves_out_as_much(&self, wide: &Condition, narrow: &Condition) -> bool {
        let Some(out) = wide.not() else { return true };
        let left_out = narrow.not().is_some_and(|other| {
            let plain = out.not().is_none() && other.not().is_none();
            // What fails the larger one fails the smaller one within it.
            out == other || (plain && self.positively_covers(other, out))
        });
        left_out || self.differ(narrow, out)
    }

    /// [`World::covers`], whatever the two leave out.
    pub(super) fn positively_covers(&self, wide: &Condition, narrow: &Condition) -> bool {
        within(wide.methods(), narrow.methods())
            && within(wide.routes(), narrow.routes())
            && matched(wide.hosts(), narrow.hosts())
            && (matched(wide.paths(), narrow.paths()) || self.on_routes(wide.paths(), narrow))
            && (wide.query().is_none() || wide.query() == narrow.query())
            && within(wide.agents(), narrow.agents())
            && (within(wide.categories(), narrow.categories()) || self.of_agents(wide, narrow))
            && within(wide.verifications(), narrow.verifications())
            && self.surround(wide.networks(), narrow.networks())
            && within(wide.asns(), narrow.asns())
            && within(wide.countries(), narrow.countries())
            && (wide.credentials().is_none() || wide.credentials() == narrow.credentials())
            && within(wide.fingerprints(), narrow.fingerprints())
            && within(wide.headers(), narrow.headers())
            && (within(wide.caches(), narrow.caches()) || self.of_routes(wide, narrow))
            && during(wide.hours(), narrow.hours())
    }

    /// Whether it is certain that the two never hold together.
    pub(super) fn apart(&self, one: &Condition, other: &Condition) -> bool {
        let left_out = |condition: &Condition, of: &Condition| {
            of.not().is_some_and(|not| self.covers(not, condition))
        };
        self.differ(one, other) || left_out(one, other) || left_out(other, one)
    }

    /// Whether a field of one is certainly known and wrong wherever the other
    /// holds, whatever the two leave out.
    fn differ(&self, one: &Condition, other: &Condition) -> bool {
        distinct(one.methods(), other.methods())
            || distinct(one.routes(), other.routes())
            || strangers(one.hosts(), other.hosts())
            || strangers(one.paths(), other.paths())
            || opposite(one.query(), other.query())
            || distinct(one.agents(), other.agents())
            || distinct(one.categories(), other.categories())
            || distinct(one.verifications(), other.verifications())
            || self.elsewhere(one.networks(), other.networks())
            || distinct(one.asns(), other.asns())
            || distinct(one.countries(), other.countries())
            || opposite(one.credentials(), other.credentials())
            || distinct(one.fingerprints(), other.fingerprints())
            || distinct(one.headers(), other.headers())
            || distinct(one.caches(), other.caches())
            || (!one.hours().is_empty()
                && !other.hours().is_empty()
                && !meet(one.hours(), other.hours()))
            || [(one, other), (other, one)].into_iter().any(|(one, other)| {
                self.not_of_category(one, other)
                    || self.not_of_class(one, other)
                    || self.off_route(one, other)
            })
    }

    /// Whether no agent that `one` names is of a category that `other` names.
    pub(super) fn not_of_category(&self, one: &Condition, other: &Condition) -> bool {
        let category = |at: &u16| self.rules.agent(*at).map(|agent| agent.category);
        let is_of = |at| category(at).is_some_and(|found| other.categories().contains(&found));
        !one.agents().is_empty()
            && !other.categories().is_empty()
            && !one.agents().iter().any(is_of)
    }

    /// Whether no route that `one` names has a cache class that `other` names.
    pub(super) fn not_of_class(&self, one: &Condition, other: &Condition) -> bool {
        let class = |at: &u16| self.rules.route(*at).map(|route| route.cache);
        let is_of = |at| class(at).is_some_and(|found| other.caches().contains(&found));
        !one.routes().is_empty() && !other.caches().is_empty() && !one.routes().iter().any(is_of)
    }

    /// Whether no path that `other` names is on a route that `one` names.
    pub(super) fn off_route(&self, one: &Condition, other: &Condition) -> bool {
        let mut globs = self.globs_of(one.routes());
        let met = globs.any(|glob| other.paths().iter().any(|path| path.meets(glob)));
        !one.routes().is_empty() && !other.paths().is_empty() && !met
    }

    fn globs_of<'s>(&'s self, routes: &'s [u16]) -> impl Iterator<Item = &'s Glob> {
        routes.iter().filter_map(|at| self.paths.get(usize::from(*at))).flatten()
    }

    fn on_routes(&self, paths: &[Glob], narrow: &Condition) -> bool {
        let matched = |glob: &Glob| paths.iter().any(|path| path.covers(glob));
        !narrow.routes().is_empty() && self.globs_of(narrow.routes()).all(matched)
    }

    fn of_agents(&self, wide: &Condition, narrow: &Condition) -> bool {
        let agent = |at: &u16| self.rules.agent(*at);
        let is_of = |at| agent(at).is_some_and(|found| wide.categories().contains(&found.category));
        !narrow.agents().is_empty() && narrow.agents().iter().all(is_of)
    }

    fn of_routes(&self, wide: &Condition, narrow: &Condition) -> bool {
        let route = |at: &u16| self.rules.route(*at);
        let is_of = |at| route(at).is_some_and(|found| wide.caches().contains(&found.cache));
        !narrow.routes().is_empty() && narrow.routes().iter().all(is_of)
    }

    fn nets<'s>(&'s self, places: &'s [u16]) -> impl Iterator<Item = &'s IpNet> {
        places.iter().filter_map(|at| self.lists.get(usize::from(*at))).flatten()
    }

    fn surround(&self, wide: &[u16], narrow: &[u16]) -> bool {
        let inside = |net: &IpNet| self.nets(wide).any(|around| around.contains(net));
        wide.is_empty() || (!narrow.is_empty() && self.nets(narrow).all(inside))
    }

    fn elsewhere(&self, one: &[u16], other: &[u16]) -> bool {
        let touches =
            |net: &IpNet| self.nets(other).any(|their| their.contains(net) || net.contains(their));
        !one.is_empty() && !other.is_empty() && !self.nets(one).any(touches)
    }
}

fn within<T: PartialEq>(wide: &[T], narrow: &[T]) -> bool {
    wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(|one| wide.contains(one)))
}

fn distinct<T: PartialEq>(one: &[T], other: &[T]) -> bool {
    !one.is_empty() && !other.is_empty() && !one.iter().any(|entry| other.contains(entry))
}

fn opposite(one: Option<bool>, other: Option<bool>) -> bool {
    one.is_some() && other.is_some() && one != other
}

fn matched(wide: &[Glob], narrow: &[Glob]) -> bool {
    let inside = |glob: &Glob| wide.iter().any(|around| around.covers(glob));
    wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(inside))
}

/// Whether no text matches a glob of both.
pub(super) fn strangers(one: &[Glob], other: &[Glob]) -> bool {
    let met = |glob: &Glob| other.iter().any(|their| their.meets(glob));
    !one.is_empty() && !other.is_empty() && !one.iter().any(met)
}

fn hold(hours: &[Hours], minute: u64) -> bool {
    hours.iter().any(|hours| hours.hold_at(minute))
}

fn during(wide: &[Hours], narrow: &[Hours]) -> bool {
    let outside = |minute| hold(narrow, minute) && !hold(wide, minute);
    wide.is_empty() || (!narrow.is_empty() && !(0..24 * 60).any(outside))
}

fn meet(one: &[Hours], other: &[Hours]) -> bool {
    (0..24 * 60).any(|minute| hold(one, minute) && hold(other, minute))
}

#[cfg(test)]
mod tests;

//! The first look: rules that need no counter.

use super::{Admission, Decision, Engine, Screened};
use crate::features::{Derived, derive};
use crate::record::Action;
use crate::request::{Request, reads};
use crate::route::CacheClass;
use crate::rule::{Effect, Mode};

impl Engine {
    /// Looks at a request without asking any counter.
    #[must_use]
    pub fn screen(&self, request: &Request<'_>) -> Screened {
        self.screen_derived(request, derive(&self.rules, &self.secret, request))
    }

    /// As [`Engine::screen`], for whoever has derived the request by the same
    /// routes, agents, networks and secret already: many rule sets of one site
    /// are tried side by side.
    #[must_use]
    pub fn screen_derived(&self, request: &Request<'_>, derived: Derived) -> Screened {
        let reads = reads(request.method);
        let mut admission = Admission {
            early: !reads || self.never_cached(&derived),
            reads,
            derived,
            decision: Decision::default(),
            candidates: Vec::new(),
            counted: false,
            asked: false,
            strained_since: None,
            charged: Vec::new(),
        };
        if self.switch != Mode::Off && self.rules.answers_for(request.host) {
            self.match_rules(request, &mut admission);
        }
        match admission.decision.action {
            Action::Allow => Screened::Allow(admission),
            Action::Block => Screened::Block(admission),
            Action::Pass | Action::Throttle => Screened::Pass(admission),
        }
    }

    fn never_cached(&self, derived: &Derived) -> bool {
        let route = derived.route.and_then(|at| self.rules.route(at));
        route.is_some_and(|route| route.cache == CacheClass::Never)
    }

    /// Takes every rule that matches into account, in file order.
    ///
    /// An enforced `allow` decides before any `block`, and the first `block` in
    /// the file before the others. So a `block` in shadow is a hit only where no
    /// enforced `allow` matches, nor an enforced `block` above it: elsewhere it
    /// would have done nothing, were it enforced.
    fn match_rules(&self, request: &Request<'_>, admission: &mut Admission) {
        let (mut allow, mut block) = (None, None);
        let Admission { derived, decision, candidates, counted, .. } = admission;
        for at in self.rules.index.candidates(&self.rules, request, derived) {
            let Some(rule) = self.rules.rule(at) else { continue };
            if !rule.matches(&self.rules, request, derived) {
                continue;
            }
            match (&rule.effect, self.enforces(rule, derived)) {
                (Effect::Throttle(_), _) => candidates.push(at),
                (Effect::Allow, true) => allow = allow.or(Some(at)),
                (Effect::Block, true) => block = block.or(Some(at)),
                (Effect::Block, false) if block.is_none() => decision.shadow.push(at),
                (Effect::Tag, true) => decision.tags.push(at),
                (Effect::Allow | Effect::Block | Effect::Tag, false) => {}
            }
        }
        *counted = allow.is_none() && block.is_none();
        if allow.is_some() {
            decision.shadow.clear();
            block = None;
        }
        if self.switch == Mode::Shadow {
            decision.tags.clear();
            decision.shadow.extend(block);
        } else if let Some(at) = allow {
            (decision.action, decision.rule) = (Action::Allow, Some(at));
        } else if let Some(at) = block {
            (decision.action, decision.rule) = (Action::Block, Some(at));
        }
    }
}

//! What the edge would have done with each request: the engine, asked as the edge
//! asks it, with counters of its own for each POP.

use hashbrown::HashMap;
use tidegate_rules::explain::{Account, Watched};
use tidegate_rules::{Admission, Cells, Engine, Memory, Screened, Stored};

use crate::night::Seen;

/// The POPs of a trial; a request without one shares the counters of `""`.
pub(crate) struct Pops<'e> {
    trial: &'e Engine,
    cells: HashMap<String, Stored<Memory>>,
}

impl<'e> Pops<'e> {
    pub(crate) fn new(trial: &'e Engine) -> Self {
        Self { trial, cells: HashMap::new() }
    }

    /// What the edge would have done with the request.
    pub(crate) fn decide(&mut self, seen: &Seen<'_>) -> Admission {
        let screened = self.trial.screen(&seen.request);
        through(self.trial, screened, seen, self.of(seen))
    }

    /// The same, where the trial has the night's own routes, agents and networks.
    pub(crate) fn decide_derived(&mut self, seen: &Seen<'_>) -> Admission {
        let screened = self.trial.screen_derived(&seen.request, seen.derived);
        through(self.trial, screened, seen, self.of(seen))
    }

    /// The same, with what the cells were asked.
    pub(crate) fn watch(&mut self, seen: &Seen<'_>) -> (Admission, Account) {
        let trial = self.trial;
        let mut cells = Watched::new(self.of(seen));
        let admission = through(trial, trial.screen(&seen.request), seen, &mut cells);
        (admission, cells.account)
    }

    fn of(&mut self, seen: &Seen<'_>) -> &mut Stored<Memory> {
        // Only a POP's first request copies its name.
        self.cells.entry_ref(seen.request.pop.unwrap_or_default()).or_default()
    }
}

fn through(
    trial: &Engine,
    screened: Screened,
    seen: &Seen<'_>,
    cells: &mut dyn Cells,
) -> Admission {
    let mut admission = match screened {
        Screened::Pass(admission) => admission,
        decided => return decided.into_admission(),
    };
    let now = seen.request.time;
    if seen.cache.reached_origin() {
        trial.admit(&mut admission, cells, now);
    }
    // What the log says of the answer, the trial would have seen.
    trial.settle(&mut admission, &seen.answer(), cells, now);
    admission
}

//! The site's mode: one entry, set whether or not anything else can be read or
//! remembered.

use tidegate_rules::{Mode, Time};

use super::api::Api;
use super::error::ApiError;
use super::history::{Deed, Event};
use super::store::{HISTORY, MODE, Switches};
use crate::text::plain;

/// What became of the mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switched {
    /// What it is now.
    pub mode: Mode,
    /// What it was, as far as anybody could tell.
    pub before: Result<Option<String>, ApiError>,
    /// Why the history does not tell.
    pub unrecorded: Option<ApiError>,
}

/// Sets the mode of the site with the store of switches `store`.
///
/// # Errors
///
/// Where the API does not set it. What it was, and the history, are told where
/// they can be, and never stand in the way.
pub fn set_mode(
    api: &Api,
    store: &str,
    mode: Mode,
    note: Option<&str>,
    now: Time,
) -> Result<Switched, ApiError> {
    let known = Switches::read(api, store);
    api.put(store, MODE, mode.name())?;
    let before = known.as_ref().map(|known| known.mode.clone()).map_err(Clone::clone);
    let unrecorded = match known {
        Err(error) => Some(error),
        Ok(known) => {
            let (to, note) = (mode.name().to_owned(), note.map(str::to_owned));
            let event = Event { time: now, deed: Deed::Switch, to, before: known.mode, note };
            api.put(store, HISTORY, &known.history.with(event).text()).err()
        }
    };
    Ok(Switched { mode, before, unrecorded })
}

impl Switched {
    /// What became of it, for people.
    #[must_use]
    pub fn told(&self) -> String {
        let mode = self.mode.name();
        let was = match &self.before {
            Ok(Some(before)) if before == mode => " as before".to_owned(),
            Ok(Some(before)) => format!("; it was `{}`", plain(before)),
            Ok(None) => "; none was set".to_owned(),
            Err(_) => "; what it was is not known".to_owned(),
        };
        let recorded = match &self.unrecorded {
            Some(error) => format!("\nThe history does not tell of it: {error}."),
            None => String::new(),
        };
        format!("Mode: {mode}{was}. The edge follows within about half a minute.{recorded}")
    }
}

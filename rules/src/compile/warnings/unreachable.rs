//! Globs that are never asked: the first route or agent that matches wins, and a
//! wide one above takes everything from a narrow one below.

use crate::compile::names::text;
use crate::glob::Glob;
use crate::parse::{Context, RawFile, Spot};

/// One glob of a route or an agent, in the order in which they are asked.
struct Asked<'f> {
    owner: usize,
    name: String,
    spot: &'f Spot<String>,
    glob: Glob,
}

/// Reports the globs that an earlier route or agent leaves nothing to match.
pub(super) fn warn(context: &Context, files: &[RawFile]) {
    let routes = files.iter().flat_map(|file| &file.routes);
    let routes = routes.enumerate().flat_map(|(owner, raw)| {
        raw.paths.iter().filter_map(move |spot| {
            let (name, glob) = (text(raw.name.as_ref()), Glob::path(&spot.value).ok()?);
            Some(Asked { owner, name, spot, glob })
        })
    });
    unreachable(context, "route", &routes.collect::<Vec<_>>());
    let agents = files.iter().flat_map(|file| &file.agents);
    let agents = agents.enumerate().flat_map(|(owner, raw)| {
        raw.user_agents.iter().map(move |spot| {
            let (name, glob) = (text(raw.name.as_ref()), Glob::text(&spot.value));
            Asked { owner, name, spot, glob }
        })
    });
    unreachable(context, "agent", &agents.collect::<Vec<_>>());
}

fn unreachable(context: &Context, what: &str, asked: &[Asked<'_>]) {
    for (at, later) in asked.iter().enumerate() {
        let sample = later.glob.sample();
        let earlier = asked.iter().take(at).find(|earlier| {
            let other = earlier.owner != later.owner;
            other && earlier.glob.matches(&sample) && earlier.glob.covers(&later.glob)
        });
        let Some(earlier) = earlier else { continue };
        let message = format!(
            "`{}` of {what} `{}` is never asked: all that it matches is {what} `{}` before",
            later.spot.value, later.name, earlier.name
        );
        let help = format!(
            "the first {what} that matches wins: put `{}` above `{}`, or take the glob away",
            later.name, earlier.name
        );
        context.warn(&later.spot.at, "unreachable", message, help);
    }
}

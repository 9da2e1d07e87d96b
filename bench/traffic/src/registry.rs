//! crates.io as its visitors know it: pages that ask the API for what they
//! show, and the API itself. Nearly nothing that a cache may keep.

use super::dice::mix;
use super::site::Crate;

/// Scripts and styles of the site's pages, kept for good.
const ASSETS: [&str; 5] = ["start.js", "app.js", "vendor.js", "app.css", "fonts.css"];

/// What every page loads and a browser then keeps.
pub(super) fn assets() -> impl Iterator<Item = String> {
    ASSETS.iter().map(|file| format!("/_app/immutable/{file}"))
}

/// A crate's page.
pub(super) fn page_of(krate: &Crate) -> String {
    format!("/crates/{}", krate.name)
}

/// One crate with its versions.
pub(super) fn look_up(krate: &Crate) -> String {
    format!("/api/v1/crates/{}", krate.name)
}

/// Something else about a crate: `/versions`, `/owners`, `/downloads`.
pub(super) fn about(krate: &Crate, rest: &str) -> String {
    format!("/api/v1/crates/{}{rest}", krate.name)
}

/// The file of a crate's newest version, or a redirect to it.
pub(super) fn download(krate: &Crate) -> String {
    format!("/api/v1/crates/{}/{}/download", krate.name, krate.newest())
}

/// What a crate's page asks the API for.
pub(super) fn calls(krate: &Crate) -> Vec<String> {
    let readme = format!("/{}/readme", krate.newest());
    let rest = ["", "/versions", "/owners", "/downloads", &readme];
    rest.map(|rest| about(krate, rest)).into()
}

/// Whether a cache may keep a path, and what it costs in milliseconds of the
/// origin's time: from half to one and a half times the mean.
pub(super) fn page(path: &str) -> (bool, u32) {
    if path.starts_with("/_app/") || path.starts_with("/assets/") {
        return (true, 0);
    }
    let mean = match path.strip_prefix("/api/v1/crates") {
        None if path.starts_with("/api/") => 10,
        None => 3,
        Some("") => 100,
        Some(rest) if rest.ends_with("/download") || rest.ends_with("/readme") => 2,
        Some(rest) if rest.ends_with("/downloads") => 30,
        Some(rest) if rest.ends_with("/owners") => 5,
        Some(rest) if rest.ends_with("/reverse_dependencies") => 80,
        Some(rest) if rest.ends_with("/versions") => 20,
        Some(_) => 25,
    };
    let chance = mix(path.len() as u64, path.bytes().map(u64::from).sum()) as u32;
    (false, mean / 2 + chance % (mean + 1))
}

/// The status of an answer.
pub(super) fn status(path: &str) -> u16 {
    if path.ends_with("/download") || path.ends_with("/readme") { 302 } else { 200 }
}

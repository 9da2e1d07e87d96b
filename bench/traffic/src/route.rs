//! What kind of page a path is, how docs.rs lets it be cached, and what it costs.

/// A class of pages of the origin. The names are the origin's own: what rules
/// call a route is theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Route {
    /// `/-/static/*`, `/-/rustdoc.static/*`, `robots.txt`.
    Static,
    /// `/{crate}/badge.svg`, a redirect.
    Badge,
    /// A crate's documentation.
    Rustdoc,
    /// `/{crate}`, `/{crate}/latest`: redirects into the documentation.
    Short,
    /// The source browser.
    Source,
    /// A page about a crate.
    CratePage,
    /// A list or log of builds.
    Builds,
    /// `/crate/{name}/{version}/status.json`.
    StatusJson,
    /// `/releases/search`.
    Search,
    /// Other lists of releases.
    Releases,
    /// Sitemaps.
    Sitemap,
    /// `/`, `/about/*`.
    Home,
    /// What does not exist.
    NotFound,
}

const IMMUTABLE: &str = "public, max-age=31104000, immutable";

impl Route {
    /// All routes, in the order of tables.
    pub const ALL: [Self; 13] = [
        Self::Static,
        Self::Badge,
        Self::Rustdoc,
        Self::Short,
        Self::Source,
        Self::CratePage,
        Self::Builds,
        Self::StatusJson,
        Self::Search,
        Self::Releases,
        Self::Sitemap,
        Self::Home,
        Self::NotFound,
    ];

    /// The route of a path, which comes without its query.
    #[must_use]
    pub fn of(path: &str) -> Self {
        let mut parts = path.trim_start_matches('/').split('/');
        let first = parts.next().unwrap_or_default();
        let second = parts.next().filter(|part| !part.is_empty());
        match (first, second) {
            ("", _) | ("about", _) => Self::Home,
            ("-", Some("static" | "rustdoc.static"))
            | ("robots.txt" | "favicon.ico" | "opensearch.xml", None) => Self::Static,
            ("-", Some("sitemap")) | ("sitemap.xml", None) => Self::Sitemap,
            ("-", _) => Self::NotFound,
            ("releases", Some("search")) => Self::Search,
            ("releases", _) => Self::Releases,
            (name, _) if name.starts_with("nonexistent") => Self::NotFound,
            ("crate", Some(name)) if name.starts_with("nonexistent") => Self::NotFound,
            ("crate", None) => Self::NotFound,
            // After the name comes the version, and then what is asked about it.
            ("crate", Some(_)) => match parts.nth(1) {
                Some("builds") => Self::Builds,
                Some("source") => Self::Source,
                Some("status.json") => Self::StatusJson,
                _ => Self::CratePage,
            },
            (_, None) => Self::Short,
            (_, Some("badge.svg")) => Self::Badge,
            (_, Some(_)) if parts.next().is_none() => Self::Short,
            _ => Self::Rustdoc,
        }
    }

    /// `Cache-Control`. Where docs.rs sends none, its edge code makes the answer
    /// uncacheable; here the origin says so itself, for an edge without that code.
    #[must_use]
    pub const fn cache_control(self) -> Option<&'static str> {
        Some(match self {
            Self::Static | Self::Badge => IMMUTABLE,
            Self::Rustdoc | Self::Short | Self::Source | Self::CratePage | Self::NotFound => {
                "max-age=0"
            }
            Self::Builds | Self::Search | Self::Releases | Self::Sitemap => "no-store",
            Self::StatusJson => "no-cache, no-store, must-revalidate, max-age=0",
            Self::Home => "public, max-age=60",
        })
    }

    /// `Surrogate-Control`: what only the CDN may keep.
    #[must_use]
    pub const fn surrogate_control(self) -> Option<&'static str> {
        match self {
            Self::Rustdoc | Self::Short | Self::Source | Self::CratePage => {
                Some("max-age=31536000")
            }
            _ => None,
        }
    }

    /// The status of its answers.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Badge => 301,
            Self::Short => 302,
            Self::NotFound => 404,
            _ => 200,
        }
    }

    /// Where a redirect leads.
    #[must_use]
    pub fn location(self, path: &str) -> Option<String> {
        let name = path.trim_start_matches('/').split('/').next()?;
        match self {
            Self::Badge => Some(format!("https://img.shields.io/docsrs/{name}/latest")),
            Self::Short => Some(format!("/{name}/latest/{}/", name.replace('-', "_"))),
            _ => None,
        }
    }

    /// What one answer for `path` costs, in milliseconds of the origin's time:
    /// the same for each request, from half to one and a half times the route's
    /// mean, as some pages are larger than others.
    #[must_use]
    pub fn cost_ms(self, path: &str) -> u32 {
        // FNV-1a, then its upper half: even over neighbouring names.
        let hash = path.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let chance = ((hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 32) as u32;
        let mean = match self {
            Self::Static | Self::Badge => return chance % 2,
            Self::Rustdoc => 40,
            Self::Source => 30,
            Self::CratePage => 20,
            Self::Short => 6,
            Self::Builds => 25,
            Self::StatusJson => 8,
            Self::Search => 120,
            Self::Releases => 60,
            Self::Sitemap => 200,
            Self::Home => 10,
            Self::NotFound => 12,
        };
        mean / 2 + chance % (mean + 1)
    }

    /// The `Content-Type` of its answers.
    #[must_use]
    pub fn content_type(self, path: &str) -> &'static str {
        match (self, path.rsplit('.').next()) {
            (Self::StatusJson, _) => "application/json",
            (Self::Sitemap, _) => "application/xml",
            (Self::Static, Some("css")) => "text/css",
            (Self::Static, Some("js")) | (Self::Rustdoc, Some("js")) => "text/javascript",
            (Self::Static, Some("woff2")) => "font/woff2",
            (Self::Static, Some("svg")) => "image/svg+xml",
            (Self::Static, Some("txt")) => "text/plain",
            _ => "text/html; charset=utf-8",
        }
    }

    /// A small page that names its path, escaped, cut at a hundred bytes.
    #[must_use]
    pub fn body(self, path: &str) -> String {
        const FILL: &str = "This page stands for a larger one. Its cost is a figure in a header, \
            so that a quarter of an hour of traffic can be replayed in seconds.";
        if self == Self::StatusJson {
            return r#"{"doc_status":true,"version":"1.0.0"}"#.to_owned();
        }
        let cut = path.get(..100).unwrap_or(path);
        let name = cut.replace('&', "&amp;").replace('<', "&lt;");
        format!(
            "<!DOCTYPE html><html><head><title>{name}</title></head><body><p>{FILL}</p></body></html>\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_stable_and_spread_around_their_mean() {
        let costs: Vec<u32> = (0..1_000)
            .map(|n| Route::Rustdoc.cost_ms(&format!("/a/latest/a/fn.f{n}.html")))
            .collect();
        let again: Vec<u32> = (0..1_000)
            .map(|n| Route::Rustdoc.cost_ms(&format!("/a/latest/a/fn.f{n}.html")))
            .collect();
        assert_eq!(costs, again);
        assert!(costs.iter().all(|cost| (20..=60).contains(cost)), "{costs:?}");
        let mean = costs.iter().sum::<u32>() / 1_000;
        assert!((37..=43).contains(&mean), "mean {mean}");
    }

    #[test]
    fn assets_cost_next_to_nothing() {
        for n in 0..100 {
            assert!(Route::Static.cost_ms(&format!("/-/static/{n}.js")) <= 1);
        }
    }

    #[test]
    fn knows_the_shapes_of_docs_rs_paths() {
        for (path, route) in [
            ("/", Route::Home),
            ("/about/builds", Route::Home),
            ("/robots.txt", Route::Static),
            ("/serde", Route::Short),
            ("/serde/latest", Route::Short),
            ("/serde/latest/serde/", Route::Rustdoc),
            ("/serde/latest/src/serde/lib.rs.html", Route::Rustdoc),
            ("/crate/serde/latest", Route::CratePage),
            ("/crate/serde/latest/features", Route::CratePage),
            ("/crate/serde/latest/builds/12/log.txt", Route::Builds),
            ("/crate/nonexistent-x/latest/builds", Route::NotFound),
            ("/releases/recent/2", Route::Releases),
            ("/sitemap.xml", Route::Sitemap),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }
}

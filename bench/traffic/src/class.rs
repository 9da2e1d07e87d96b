//! What visitors really are.

/// What a visitor really is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Somebody who reads in a browser.
    Person,
    /// The same, behind one address with many others.
    NatPerson,
    /// A link checker in a CI run: many links, once each.
    LinkChecker,
    /// A job in CI: a handful of requests from an address that many jobs share.
    CiJob,
    /// A feed reader.
    FeedReader,
    /// A build that fetches what it needs: nixpkgs, Arch, Yocto, Bazel.
    Build,
    /// Cargo.
    Cargo,
    /// Git.
    Git,
    /// A service that keeps dependencies up to date.
    UpdateService,
    /// Something that asks for the state of a build every few seconds.
    BadgePoller,
    /// A curl in a loop on one page that is never cached, deaf to 429.
    CurlLoop,
    /// A curl that fetches a list and honours `Retry-After`.
    CurlPolite,
    /// `wget -r` over one version of one crate.
    WgetRecursive,
    /// A script that sends no `User-Agent`.
    NoUserAgent,
    /// A search engine that reads `robots.txt` and `/latest/` pages.
    SearchEngine,
    /// A crawler that says who it is, keeps to `robots.txt` and to a second
    /// between two requests, and waits when it is told to.
    PoliteCrawler,
    /// The crawl that takes the site down.
    Crawler,
}

/// What a class is to those who run the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Somebody at a screen.
    Person,
    /// A program that somebody runs, and that behaves.
    Tool,
    /// A program that somebody runs, and that is set up badly: deaf, endless, or
    /// without a name. It may be paced, and must not be starved.
    Misconfigured,
    /// A robot that behaves.
    Bot,
    /// A robot that hurts.
    Crawler,
}

impl Class {
    /// All classes, in the order of tables.
    pub const ALL: [Self; 17] = [
        Self::Person,
        Self::NatPerson,
        Self::LinkChecker,
        Self::CiJob,
        Self::FeedReader,
        Self::Build,
        Self::Cargo,
        Self::Git,
        Self::UpdateService,
        Self::BadgePoller,
        Self::CurlLoop,
        Self::CurlPolite,
        Self::WgetRecursive,
        Self::NoUserAgent,
        Self::SearchEngine,
        Self::PoliteCrawler,
        Self::Crawler,
    ];

    /// The name for tables, logs and the [`TRUTH`](crate::TRUTH) header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::NatPerson => "nat-person",
            Self::LinkChecker => "link-checker",
            Self::CiJob => "ci-job",
            Self::FeedReader => "feed-reader",
            Self::Build => "build",
            Self::Cargo => "cargo",
            Self::Git => "git",
            Self::UpdateService => "update-service",
            Self::BadgePoller => "badge-poller",
            Self::CurlLoop => "curl-loop",
            Self::CurlPolite => "curl-polite",
            Self::WgetRecursive => "wget-recursive",
            Self::NoUserAgent => "no-user-agent",
            Self::SearchEngine => "search-engine",
            Self::PoliteCrawler => "polite-crawler",
            Self::Crawler => "crawler",
        }
    }

    /// What it is to those who run the site.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Person | Self::NatPerson => Kind::Person,
            Self::LinkChecker
            | Self::CiJob
            | Self::FeedReader
            | Self::Build
            | Self::Cargo
            | Self::Git
            | Self::UpdateService
            | Self::CurlPolite => Kind::Tool,
            Self::BadgePoller | Self::CurlLoop | Self::WgetRecursive | Self::NoUserAgent => {
                Kind::Misconfigured
            }
            Self::SearchEngine | Self::PoliteCrawler => Kind::Bot,
            Self::Crawler => Kind::Crawler,
        }
    }

    /// The class of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// Its place in [`Class::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl Kind {
    /// The name for tables and truth files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Tool => "tool",
            Self::Misconfigured => "misconfigured",
            Self::Bot => "bot",
            Self::Crawler => "crawler",
        }
    }
}

//! What each client's software shows without saying it: User-Agent, the order of
//! its headers, JA4, HTTP/2 settings.
//!
//! The strings have the shape of real ones; a replay needs only that they are
//! alike where the software is alike, and differ where it differs.

/// How a client fetches something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The thing itself: what a person, a tool or a crawler came for.
    Page,
    /// What a page needs to be shown.
    Asset,
}

/// Where a header's value comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Field {
    /// Always the same.
    Text(&'static str),
    /// The software's `User-Agent`; left out where it has none.
    Agent,
    /// Chromium's `sec-ch-ua`.
    Brands,
    /// Chromium's `sec-ch-ua-platform`.
    Platform,
    /// The person's languages.
    Languages,
    /// The page that led here; left out where there is none.
    Referer,
    /// `sec-fetch-site`, which follows from the referer.
    FetchSite,
    /// `sec-fetch-dest` of an asset, which follows from its name.
    Destination,
}

/// Headers in order.
pub(super) type Template = &'static [(&'static str, Field)];

/// One version of one program on one system.
#[derive(Debug)]
pub(super) struct Software {
    pub(super) user_agent: Option<&'static str>,
    pub(super) brands: &'static str,
    pub(super) platform: &'static str,
    pub(super) ja4: Option<&'static str>,
    /// `None`: it speaks HTTP/1.1.
    pub(super) h2: Option<&'static str>,
    /// Its headers for a page, in order.
    pub(super) page: Template,
    /// Its headers for an asset, in order.
    pub(super) asset: Template,
}

use Field::{Agent, Brands, Destination, FetchSite, Languages, Platform, Referer, Text};

const CHROMIUM_PAGE: Template = &[
    ("sec-ch-ua", Brands),
    ("sec-ch-ua-mobile", Text("?0")),
    ("sec-ch-ua-platform", Platform),
    ("upgrade-insecure-requests", Text("1")),
    ("user-agent", Agent),
    (
        "accept",
        Text(
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
        ),
    ),
    ("sec-fetch-site", FetchSite),
    ("sec-fetch-mode", Text("navigate")),
    ("sec-fetch-user", Text("?1")),
    ("sec-fetch-dest", Text("document")),
    ("referer", Referer),
    ("accept-encoding", Text("gzip, deflate, br, zstd")),
    ("accept-language", Languages),
    ("priority", Text("u=0, i")),
];
const CHROMIUM_ASSET: Template = &[
    ("sec-ch-ua-platform", Platform),
    ("user-agent", Agent),
    ("sec-ch-ua", Brands),
    ("sec-ch-ua-mobile", Text("?0")),
    ("accept", Text("*/*")),
    ("sec-fetch-site", FetchSite),
    ("sec-fetch-mode", Text("no-cors")),
    ("sec-fetch-dest", Destination),
    ("referer", Referer),
    ("accept-encoding", Text("gzip, deflate, br, zstd")),
    ("accept-language", Languages),
];
const FIREFOX_PAGE: Template = &[
    ("user-agent", Agent),
    ("accept", Text("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")),
    ("accept-language", Languages),
    ("accept-encoding", Text("gzip, deflate, br, zstd")),
    ("referer", Referer),
    ("upgrade-insecure-requests", Text("1")),
    ("sec-fetch-dest", Text("document")),
    ("sec-fetch-mode", Text("navigate")),
    ("sec-fetch-site", FetchSite),
    ("sec-fetch-user", Text("?1")),
    ("priority", Text("u=0, i")),
    ("te", Text("trailers")),
];
const FIREFOX_ASSET: Template = &[
    ("user-agent", Agent),
    ("accept", Text("*/*")),
    ("accept-language", Languages),
    ("accept-encoding", Text("gzip, deflate, br, zstd")),
    ("referer", Referer),
    ("sec-fetch-dest", Destination),
    ("sec-fetch-mode", Text("no-cors")),
    ("sec-fetch-site", FetchSite),
    ("priority", Text("u=2")),
    ("te", Text("trailers")),
];
const SAFARI_PAGE: Template = &[
    ("sec-fetch-dest", Text("document")),
    ("user-agent", Agent),
    ("accept", Text("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")),
    ("sec-fetch-site", FetchSite),
    ("sec-fetch-mode", Text("navigate")),
    ("referer", Referer),
    ("accept-language", Languages),
    ("priority", Text("u=0, i")),
    ("accept-encoding", Text("gzip, deflate, br")),
];
const SAFARI_ASSET: Template = &[
    ("accept", Text("*/*")),
    ("sec-fetch-site", FetchSite),
    ("sec-fetch-dest", Destination),
    ("accept-language", Languages),
    ("sec-fetch-mode", Text("no-cors")),
    ("user-agent", Agent),
    ("referer", Referer),
    ("accept-encoding", Text("gzip, deflate, br")),
];

const CHROMIUM_JA4: &str = "t13d1516h2_8daaf6152771_d8a2da3f94cd";
const CHROMIUM_H2: &str = "1:65536;2:0;4:6291456;6:262144|15663105|0|m,a,s,p";
const FIREFOX_JA4: &str = "t13d1717h2_5b57614c22b0_3cbfd9057e0d";
const FIREFOX_H2: &str = "1:65536;2:0;4:131072;5:16384|12517377|0|m,p,a,s";

const fn chromium(
    user_agent: &'static str,
    brands: &'static str,
    platform: &'static str,
) -> Software {
    Software {
        user_agent: Some(user_agent),
        brands,
        platform,
        ja4: Some(CHROMIUM_JA4),
        h2: Some(CHROMIUM_H2),
        page: CHROMIUM_PAGE,
        asset: CHROMIUM_ASSET,
    }
}

const fn firefox(user_agent: &'static str, ja4: &'static str, h2: &'static str) -> Software {
    Software {
        user_agent: Some(user_agent),
        brands: "",
        platform: "",
        ja4: Some(ja4),
        h2: Some(h2),
        page: FIREFOX_PAGE,
        asset: FIREFOX_ASSET,
    }
}

const fn safari(user_agent: &'static str, ja4: &'static str, h2: &'static str) -> Software {
    Software {
        user_agent: Some(user_agent),
        brands: "",
        platform: "",
        ja4: Some(ja4),
        h2: Some(h2),
        page: SAFARI_PAGE,
        asset: SAFARI_ASSET,
    }
}

/// The people's browsers, each as often as its share in twentieths.
pub(super) static BROWSERS: [(usize, Software); 10] = [
    (
        5,
        chromium(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Safari/537.36",
            r#""Chromium";v="134", "Not:A-Brand";v="24", "Google Chrome";v="134""#,
            r#""Windows""#,
        ),
    ),
    (
        3,
        chromium(
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Safari/537.36",
            r#""Chromium";v="134", "Not:A-Brand";v="24", "Google Chrome";v="134""#,
            r#""macOS""#,
        ),
    ),
    (
        2,
        chromium(
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36",
            r#""Not(A:Brand";v="99", "Google Chrome";v="133", "Chromium";v="133""#,
            r#""Linux""#,
        ),
    ),
    (
        1,
        chromium(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Safari/537.36 Edg/134.0.0.0",
            r#""Chromium";v="134", "Not:A-Brand";v="24", "Microsoft Edge";v="134""#,
            r#""Windows""#,
        ),
    ),
    (
        1,
        chromium(
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Mobile Safari/537.36",
            r#""Chromium";v="134", "Not:A-Brand";v="24", "Google Chrome";v="134""#,
            r#""Android""#,
        ),
    ),
    (
        2,
        firefox(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:136.0) Gecko/20100101 Firefox/136.0",
            FIREFOX_JA4,
            FIREFOX_H2,
        ),
    ),
    (
        3,
        firefox(
            "Mozilla/5.0 (X11; Linux x86_64; rv:136.0) Gecko/20100101 Firefox/136.0",
            FIREFOX_JA4,
            FIREFOX_H2,
        ),
    ),
    (
        1,
        firefox(
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "t13d1715h2_5b57614c22b0_5c2c66f702b0",
            "1:65536;4:131072;5:16384|12517377|3:0:0:201,5:0:0:101|m,p,a,s",
        ),
    ),
    (
        1,
        safari(
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15",
            "t13d2014h2_a09f3c656075_14788d8d241b",
            "2:0;3:100;4:2097152;9:1|10420225|0|m,s,a,p",
        ),
    ),
    (
        1,
        safari(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Mobile/15E148 Safari/604.1",
            "t13d2014h2_a09f3c656075_e42f34c56612",
            "2:0;3:100;4:2097152;9:1|10485760|0|m,s,a,p",
        ),
    ),
];

/// A host that sends Chrome's headers to the letter, over a TLS library that is
/// not Chrome's.
pub(super) static MIMIC: Software = Software {
    user_agent: Some(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Safari/537.36",
    ),
    brands: r#""Chromium";v="134", "Not:A-Brand";v="24", "Google Chrome";v="134""#,
    platform: r#""Windows""#,
    ja4: Some("t13d1715h2_9b887d9acb0b_97f8aa674fd9"),
    h2: Some("1:65536;2:0;4:6291456;6:262144|15663105|0|m,p,a,s"),
    page: CHROMIUM_PAGE,
    asset: CHROMIUM_ASSET,
};

/// What people say they can read.
pub(super) const LANGUAGES: [&str; 7] = [
    "en-US,en;q=0.9",
    "en-US,en;q=0.5",
    "en-GB,en;q=0.9",
    "de-DE,de;q=0.9,en;q=0.8",
    "ja-JP,ja;q=0.9,en;q=0.7",
    "fr-FR,fr;q=0.8,en-US;q=0.5,en;q=0.3",
    "zh-CN,zh;q=0.9,en;q=0.8",
];

//! What programs show of themselves: the tools, the search engine, and the crawl
//! where it has a fingerprint of its own. The people's browsers are in `software`.

use super::software::Field::{Agent, Referer, Text};
use super::software::{Software, Template};

const fn tool(
    user_agent: Option<&'static str>,
    ja4: &'static str,
    h2: Option<&'static str>,
    page: Template,
) -> Software {
    Software { user_agent, brands: "", platform: "", ja4: Some(ja4), h2, page, asset: page }
}

const CURL_HEADERS: Template = &[("user-agent", Agent), ("accept", Text("*/*"))];

/// curl with its defaults.
pub(super) static CURL: Software = tool(
    Some("curl/8.12.1"),
    "t13d3112h2_e8f1e7e78f70_b26ce05bbdd6",
    Some("3:100;4:10485760;2:0|1048510465|0|m,s,a,p"),
    CURL_HEADERS,
);
/// An older curl, linked to another TLS library.
pub(super) static CURL_OLD: Software = tool(
    Some("curl/7.88.1"),
    "t13d4907h2_0d8feac7bc37_7395dae3b2f3",
    Some("3:100;4:33554432;2:0|33488897|0|m,p,s,a"),
    CURL_HEADERS,
);
/// GNU Wget.
pub(super) static WGET: Software = tool(
    Some("Wget/1.21.4"),
    "t13d751100_479067518aa3_1da50ec048a3",
    None,
    &[
        ("user-agent", Agent),
        ("accept", Text("*/*")),
        ("accept-encoding", Text("identity")),
        ("referer", Referer),
        ("connection", Text("Keep-Alive")),
    ],
);
/// The lychee link checker.
pub(super) static LYCHEE: Software = tool(
    Some("lychee/0.18.1"),
    "t13d1011h2_61a7ad8aa9b6_3a8073edd8ef",
    Some("2:0;4:2097152;5:16384;6:16384|5177345|0|m,s,a,p"),
    &[("user-agent", Agent), ("accept", Text("*/*")), ("accept-encoding", Text("gzip"))],
);
/// The badge service that docs.rs itself redirects to.
pub(super) static SHIELDS: Software = tool(
    Some("Shields.io/server-2025-03-01"),
    "t13d591000_a33745022dd6_1f22a2ca17c4",
    None,
    &[
        ("user-agent", Agent),
        ("accept", Text("application/json")),
        ("accept-encoding", Text("gzip, deflate, br")),
    ],
);
/// A dashboard that polls badges.
pub(super) static DASHBOARD: Software = tool(
    Some("python-requests/2.32.3"),
    "t13d1812h1_85036bcba153_375ca2c5e164",
    None,
    &[
        ("user-agent", Agent),
        ("accept-encoding", Text("gzip, deflate")),
        ("accept", Text("*/*")),
        ("connection", Text("keep-alive")),
    ],
);
/// A script whose library sends no `User-Agent` by default.
pub(super) static SILENT: Software =
    tool(None, "t13i170900_5b57614c22b0_97f8aa674fd9", None, &[("accept", Text("*/*"))]);
const LIBCURL: &str = "t13d3112h2_e8f1e7e78f70_b26ce05bbdd6";
const LIBCURL_H2: &str = "3:100;4:10485760;2:0|1048510465|0|m,s,a,p";

const fn curl_of(user_agent: &'static str) -> Software {
    tool(Some(user_agent), LIBCURL, Some(LIBCURL_H2), CURL_HEADERS)
}

const fn python(user_agent: &'static str) -> Software {
    tool(Some(user_agent), "t13d1812h1_85036bcba153_375ca2c5e164", None, PYTHON_HEADERS)
}

const PYTHON_HEADERS: Template = &[
    ("user-agent", Agent),
    ("accept-encoding", Text("gzip, deflate")),
    ("accept", Text("*/*")),
    ("connection", Text("keep-alive")),
];

/// What builds fetch with: nixpkgs' two ways, Arch's, Yocto's, Bazel's. Two of
/// them were blocked by name in 2026.
pub(super) static BUILDS: [Software; 6] = [
    curl_of("curl/8.17.0 Nixpkgs/26.05"),
    python("nixpkgs fetchCargoVendor/2 (https://github.com/NixOS/nixpkgs)"),
    curl_of("curl/8.16.0"),
    python("python-requests/2.32.5"),
    tool(
        Some("Wget/1.21.4"),
        "t13d751100_479067518aa3_1da50ec048a3",
        None,
        &[("user-agent", Agent), ("accept", Text("*/*")), ("connection", Text("Keep-Alive"))],
    ),
    tool(
        Some("Bazel/release 7.6.2"),
        "t13d491100_bd868743f55c_fa269c3d986d",
        None,
        &[("user-agent", Agent), ("accept", Text("text/html, */*; q=.2"))],
    ),
];
/// Cargo, two versions of it.
pub(super) static CARGOS: [Software; 2] = [
    curl_of("cargo/1.90.0 (840b83a10 2025-07-30)"),
    curl_of("cargo/1.88.0 (873a06493 2025-05-10)"),
];
/// Git.
pub(super) static GIT: Software = tool(
    Some("git/2.49.0"),
    LIBCURL,
    Some(LIBCURL_H2),
    &[
        ("user-agent", Agent),
        ("accept", Text("*/*")),
        ("accept-encoding", Text("deflate, gzip, br, zstd")),
        ("pragma", Text("no-cache")),
    ],
);
/// Feed readers.
pub(super) static FEED_READERS: [Software; 3] = [
    tool(
        Some("Mozilla/5.0 (compatible; Miniflux/2.2.9; +https://miniflux.app)"),
        "t13d1311h2_f57a46bbacb6_ab7e3b40a677",
        Some("2:0;4:4194304;6:10485760|1073741824|0|a,m,p,s"),
        &[("user-agent", Agent), ("accept", Text("application/atom+xml, */*;q=0.9"))],
    ),
    python("FreshRSS/1.26.2 (Linux; https://freshrss.org)"),
    tool(
        Some("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.10.0"),
        "t13d1717h2_5b57614c22b0_3cbfd9057e0d",
        Some("1:65536;2:0;4:131072;5:16384|12517377|0|m,p,a,s"),
        &[("user-agent", Agent), ("accept", Text("*/*")), ("te", Text("trailers"))],
    ),
];
/// Services that keep dependencies up to date.
pub(super) static UPDATE_SERVICES: [Software; 2] = [
    tool(
        Some("RenovateBot/39.58.1 (https://github.com/renovatebot/renovate)"),
        "t13d591000_a33745022dd6_1f22a2ca17c4",
        None,
        &[("user-agent", Agent), ("accept", Text("application/json"))],
    ),
    tool(
        Some("dependabot-core/0.305.0 excon/1.2.5 ruby/3.4.3 (x86_64-linux)"),
        "t13d311100_e8f1e7e78f70_375ca2c5e164",
        None,
        &[("user-agent", Agent), ("accept", Text("*/*"))],
    ),
];
/// What jobs in CI ask with.
pub(super) static CI_JOBS: [Software; 4] = [
    python("python-requests/2.32.3"),
    curl_of("curl/8.5.0"),
    tool(
        Some("Wget/1.20.3"),
        "t13d751100_479067518aa3_1da50ec048a3",
        None,
        &[("user-agent", Agent), ("accept", Text("*/*")), ("connection", Text("Keep-Alive"))],
    ),
    tool(
        Some("reqwest/0.12.15"),
        "t13d1011h2_61a7ad8aa9b6_3a8073edd8ef",
        Some("2:0;4:2097152;5:16384;6:16384|5177345|0|m,s,a,p"),
        &[("accept", Text("*/*")), ("user-agent", Agent)],
    ),
];
/// An AI crawler that keeps to the rules.
pub(super) static GPTBOT: Software = tool(
    Some(
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    ),
    "t13d1812h2_85036bcba153_b26ce05bbdd6",
    Some("3:100;4:65535|16711681|0|m,s,a,p"),
    &[("user-agent", Agent), ("accept", Text("*/*")), ("accept-encoding", Text("gzip, br"))],
);
/// An AI crawler that keeps to nothing.
pub(super) static BYTESPIDER: Software = tool(
    Some(
        "Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; Bytespider; spider-feedback@bytedance.com)",
    ),
    "t13d4312h2_c7886603b240_b26ce05bbdd6",
    Some("2:0;4:4194304;6:10485760|1073741824|0|a,m,p,s"),
    &[("user-agent", Agent), ("accept", Text("*/*")), ("accept-encoding", Text("gzip"))],
);
/// A scanner of dependencies that asks about every crate.
pub(super) static SWEEPER: Software = tool(
    Some("xeol/0.10.8"),
    "t13d1312h2_f57a46bbacb6_9e7b989ebec8",
    Some("2:0;4:4194304;6:10485760|1073741824|0|a,m,p,s"),
    &[("user-agent", Agent), ("accept-encoding", Text("gzip"))],
);
/// Googlebot.
pub(super) static GOOGLEBOT: Software = tool(
    Some(
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Googlebot/2.1; +http://www.google.com/bot.html) Chrome/134.0.6998.88 Safari/537.36",
    ),
    "t13d171300_9f6ca5b4a2d5_eeeea6562960",
    None,
    &[
        ("connection", Text("keep-alive")),
        (
            "accept",
            Text(
                "text/html,application/xhtml+xml,application/signed-exchange;v=b3,application/xml;q=0.9,*/*;q=0.8",
            ),
        ),
        ("from", Text("googlebot(at)googlebot.com")),
        ("user-agent", Agent),
        ("accept-encoding", Text("gzip, deflate, br")),
    ],
);
const DISGUISED_HEADERS: Template = &[
    ("user-agent", Agent),
    ("accept", Text("text/html,application/xhtml+xml,*/*;q=0.8")),
    ("accept-encoding", Text("gzip")),
];

const fn disguised(user_agent: &'static str) -> Software {
    tool(
        Some(user_agent),
        "t13d1312h2_f57a46bbacb6_ab7e3b40a677",
        Some("2:0;4:4194304;6:10485760|1073741824|0|a,m,p,s"),
        DISGUISED_HEADERS,
    )
}

/// A crawler that only says it is Chrome: TLS, HTTP/2 and headers are Go's.
pub(super) static DISGUISED: Software = disguised(
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/117.0.0.0 Safari/537.36",
);
/// The same under many names.
pub(super) static DISGUISES: [Software; 6] = [
    disguised(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/117.0.0.0 Safari/537.36",
    ),
    disguised(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Safari/537.36",
    ),
    disguised(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    ),
    disguised(
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Safari/537.36",
    ),
    disguised("Mozilla/5.0 (Windows NT 6.1; WOW64; rv:115.0) Gecko/20100101 Firefox/115.0"),
    disguised(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    ),
];
/// Part of a distributed crawl that claims to be no browser.
pub(super) static NAMELESS: [Software; 2] = [
    disguised("Mozilla/5.0 (compatible; redditbot/1.0)"),
    disguised("Scrapy/2.12.0 (+https://scrapy.org)"),
];

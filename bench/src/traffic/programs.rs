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
/// A crawler that only says it is Chrome: TLS, HTTP/2 and headers are Go's.
pub(super) static DISGUISED: Software = tool(
    Some(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/117.0.0.0 Safari/537.36",
    ),
    "t13d1312h2_f57a46bbacb6_ab7e3b40a677",
    Some("2:0;4:4194304;6:10485760|1073741824|0|a,m,p,s"),
    &[
        ("user-agent", Agent),
        ("accept", Text("text/html,application/xhtml+xml,*/*;q=0.8")),
        ("accept-encoding", Text("gzip")),
    ],
);

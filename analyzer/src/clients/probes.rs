//! Paths that nobody asks for but who looks for weaknesses: secrets left lying
//! about, and the entrances of software that sites of ours are not.
//!
//! A list of what public logs have seen most, not of all there is. A site that
//! has one of these pages answers it, and only refused requests are asked about.

/// What such a path has in it, in lower case.
pub(crate) const PARTS: [&str; 25] = [
    "/.env",
    "/.git/",
    "/.aws/",
    "/.ssh/",
    "/.htaccess",
    "/.ds_store",
    "/wp-login",
    "/wp-admin",
    "/wp-content",
    "/wp-includes",
    "/xmlrpc.php",
    "/phpmyadmin",
    "/phpinfo",
    "/eval-stdin.php",
    "/cgi-bin/",
    "/administrator/",
    "/actuator",
    "/vendor/phpunit",
    "/boaform",
    "/hnap1",
    "/etc/passwd",
    "/server-status",
    // Out of the folder that is served.
    "/../",
    "..%2f",
    "%2e%2e%2f",
];

/// Longest path that is looked at; a longer one is no probe of these.
pub(crate) const LONGEST: usize = 512;

/// Whether a path is one of them.
pub(super) fn is_probe(path: &str) -> bool {
    if path.len() > LONGEST {
        return false;
    }
    let path = path.to_ascii_lowercase();
    PARTS.iter().any(|part| path.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_are_told_from_pages() {
        for probe in
            ["/.env", "/a/.git/config", "/WP-login.php", "/x/../../etc/passwd", "/cgi-bin/test.cgi"]
        {
            assert!(is_probe(probe), "{probe}");
        }
        for page in ["/serde/latest/serde/", "/crate/dotenv/0.15.0", "/environment", "/gitea/x"] {
            assert!(!is_probe(page), "{page}");
        }
    }
}

//! The site's robots.txt, read as Google's parser reads it (`robotstxt`, a port
//! of it), so that "obeyed" means what crawlers were told.

use robotstxt::DefaultMatcher;

/// A robots.txt.
#[derive(Debug, Clone)]
pub struct Robots(String);

impl Robots {
    /// From its text. Whatever a text says, it is some robots.txt.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// Whether the agent is told to keep off a path. Of a User-Agent the first
    /// product is taken. To read robots.txt is always allowed.
    #[must_use]
    pub fn forbids(&self, agent: &str, path: &str, query: Option<&str>) -> bool {
        let is_plain = |c: char| c.is_ascii_alphabetic() || c == '-' || c == '_';
        let product = agent.split(|c| !is_plain(c)).next().unwrap_or_default();
        // A group for everybody is for those without a name, too.
        let product = if product.is_empty() { "unknown" } else { product };
        let url = match query {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        path != "/robots.txt"
            && !DefaultMatcher::default().one_agent_allowed_by_robots(&self.0, product, &url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_line_of_ones_own_group_counts() {
        let text = "User-agent: *\nDisallow: /*/^\nDisallow: /private\n\n\
                    User-agent: greedybot\nDisallow: /\nAllow: /about$\n";
        let robots = Robots::new(text.to_owned());
        let forbidden = |agent: &str, path: &str| robots.forbids(agent, path, None);
        assert!(forbidden("firefox", "/private/x"));
        assert!(forbidden("curl/8.5.0", "/serde/^1.0"));
        assert!(!forbidden("firefox", "/serde/1.0/serde"));
        assert!(forbidden("greedybot", "/serde"));
        assert!(forbidden("GreedyBot/1.0 (+mailto:someone)", "/serde"));
        assert!(!forbidden("greedybot", "/about"));
        assert!(!forbidden("greedybot", "/robots.txt"));
        assert!(forbidden("", "/private"), "nobody in particular is everybody");
    }

    #[test]
    fn without_lines_everything_is_allowed() {
        assert!(!Robots::new(String::new()).forbids("anybot", "/", Some("q=1")));
    }
}

//! CrowdSec's replay of an nginx log (`crowdsec -dsn`), from what Debian's package
//! holds alone: its usual set-up fetches parsers and scenarios from a hub.
//!
//! What it gets is its own collection for nginx, with the lists that the package
//! has. The databases of networks it has not, so it does without their look-ups.

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

/// Where the package has parsers and scenarios, and lists.
const SHARE: &str = "/usr/share/crowdsec";
/// The patterns of its parsers.
const PATTERNS: &str = "/etc/crowdsec/patterns";

/// What is done about an alert: without one the program does not start.
const PROFILE: &str = "name: bench\nfilters: [\"Alert.Remediation == true\"]\n\
                       decisions: [{ type: ban, duration: 4h }]\non_success: break\n";

/// What every log goes through.
const COMMON: [&str; 2] = ["crowdsecurity/syslog-logs", "crowdsecurity/dateparse-enrich"];

/// A list that a scenario of the package wants under another name than it has.
const RENAMED: [&str; 2] = ["path_traversal.txt", "http_path_traversal.txt"];

/// A set-up of its own, in a folder that goes with it.
pub(crate) struct CrowdSec {
    folder: TempDir,
}

impl CrowdSec {
    pub(crate) fn set_up() -> Result<Self> {
        let own = Self { folder: tempfile::tempdir()? };
        let share = Path::new(SHARE);
        for part in ["parsers/s00-raw", "parsers/s01-parse", "parsers/s02-enrich", "scenarios"] {
            fs::create_dir_all(own.at(part))?;
        }
        copy(&share.join("data"), &own.at("data"))?;
        fs::copy(own.at("data").join(RENAMED[0]), own.at("data").join(RENAMED[1]))?;
        copy(Path::new(PATTERNS), &own.at("patterns"))?;
        let mut items: BTreeSet<String> = COMMON.map(str::to_owned).into();
        collect(&share.join("hub"), "crowdsecurity/nginx", &mut items)?;
        for item in items {
            own.link(&share.join("hub"), &item)?;
        }
        fs::write(own.at("simulation.yaml"), "simulation: false\n")?;
        fs::write(own.at("profiles.yaml"), PROFILE)?;
        fs::write(own.at("credentials.yaml"), "")?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        fs::write(own.at("config.yaml"), own.config(port))?;
        let mut machine = Command::new("cscli");
        machine.arg("-c").arg(own.at("config.yaml")).args(["machines", "add", "bench"]);
        machine.args(["--password", "bench", "--force", "-f"]).arg(own.at("credentials.yaml"));
        let said = machine.output()?;
        let complaint = String::from_utf8_lossy(&said.stderr);
        ensure!(said.status.success(), "`cscli` cannot add a machine: {complaint}");
        Ok(own)
    }

    /// The replay of a log.
    pub(crate) fn replay(&self, log: &Path) -> Command {
        let mut command = Command::new("crowdsec");
        command.arg("-c").arg(self.at("config.yaml"));
        command.arg("-dsn").arg(format!("file://{}", log.display()));
        command.args(["-type", "nginx", "-no-capi"]);
        // It says each time what its folder lacks.
        command.stderr(Stdio::null());
        command
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn config(&self, port: u16) -> String {
        let own = self.folder.path().display();
        format!(
            "common: {{ daemonize: false, log_media: stdout, log_level: error }}\n\
             config_paths:\n  config_dir: {own}/\n  data_dir: {own}/data/\n  \
             simulation_path: {own}/simulation.yaml\n  hub_dir: {SHARE}/hub/\n  \
             index_path: {SHARE}/hub/.index.json\n\
             crowdsec_service: {{ parser_routines: 1 }}\n\
             db_config: {{ type: sqlite, db_path: {own}/crowdsec.db, use_wal: false }}\n\
             api:\n  client: {{ credentials_path: {own}/credentials.yaml }}\n  \
             server: {{ listen_uri: \"127.0.0.1:{port}\", profiles_path: {own}/profiles.yaml }}\n\
             prometheus: {{ enabled: false }}\n"
        )
    }

    /// Links an item to where CrowdSec looks for its kind.
    fn link(&self, hub: &Path, item: &str) -> Result<()> {
        let (kind, file) = item_file(hub, item)?;
        let name = file.file_name().context("an item is a file")?;
        Ok(symlink(&file, self.at(&kind).join(name))?)
    }
}

/// Every parser and scenario of a collection, and of those that it names.
fn collect(hub: &Path, collection: &str, items: &mut BTreeSet<String>) -> Result<()> {
    let file = hub.join("collections").join(collection).with_extension("yaml");
    let text = fs::read_to_string(&file)
        .with_context(|| format!("the package holds no `{}`", file.display()))?;
    let mut part = "";
    for line in text.lines() {
        if let Some((key, _)) = line.split_once(':') {
            part = key;
        }
        let Some(item) = line.trim().strip_prefix("- ") else { continue };
        match part {
            "collections" => collect(hub, item, items)?,
            "parsers" | "scenarios" => drop(items.insert(item.to_owned())),
            _ => {}
        }
    }
    Ok(())
}

/// The folder of an item's kind, and its file.
fn item_file(hub: &Path, item: &str) -> Result<(String, PathBuf)> {
    let kinds = ["parsers/s00-raw", "parsers/s01-parse", "parsers/s02-enrich", "scenarios"];
    let files = kinds.into_iter().flat_map(|kind| {
        ["yaml", "yml"].map(|end| (kind.to_owned(), hub.join(kind).join(format!("{item}.{end}"))))
    });
    let mut files = files.filter(|(_, file)| file.is_file());
    files.next().with_context(|| format!("the package holds no `{item}`"))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("no `{}`", from.display()))? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

//! Builds the edge module, by asking cargo for it.
//!
//! A test that runs a stale module tests nothing, so whoever needs the module
//! builds it first; cargo knows when there is nothing to do. The child must not
//! inherit what the outer `cargo test` or `cargo run` put into the environment,
//! or the two would rebuild each other's work.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

const PACKAGE: &str = "tidegate-edge";
const TARGET: &str = "wasm32-wasip1";
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Which build of the module, or which module beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// Takes the time, and the signals that Viceroy lacks, from
    /// `x-tidegate-door-*` request headers, and caches without Fastly's
    /// read-through cache. For tests and this machine only.
    Harness,
    /// What is deployed.
    Production,
    /// Only forwards, and all of it to the origin: what the cost of Tidegate is
    /// measured against.
    Forward,
    /// The harness build, compiled as what is deployed is: slow to build, for
    /// measurements.
    Measured,
    /// Only forwards, through the cache of the harness build and compiled as
    /// [`Flavour::Measured`] is.
    ForwardCached,
    /// As [`Flavour::ForwardCached`], and counts requests per address.
    Count,
    /// A service that hands over facts instead of its request.
    Plain,
}

impl Flavour {
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Harness => &["--profile", "harness", "--features", "harness"],
            Self::Measured | Self::ForwardCached | Self::Count => {
                &["--profile", "measured", "--features", "harness"]
            }
            Self::Production | Self::Forward | Self::Plain => &["--profile", "edge"],
        }
    }

    /// Cargo's kind and name of what is built.
    fn target(self) -> (&'static str, &'static str) {
        match self {
            Self::Harness | Self::Measured | Self::Production => ("bin", PACKAGE),
            Self::Forward | Self::ForwardCached => ("example", "forward"),
            Self::Count => ("example", "count"),
            Self::Plain => ("example", "plain"),
        }
    }
}

/// Builds the module and says where it is. Cargo's progress goes to the
/// standard error; two builds at a time wait for each other.
///
/// # Errors
///
/// When the WebAssembly target cannot be added, cargo cannot be run, or the
/// module does not compile.
pub fn build(flavour: Flavour) -> Result<PathBuf> {
    ensure_target()?;
    let mut cargo = command("CARGO", "cargo");
    let (kind, name) = flavour.target();
    cargo
        .args(["build", "-p", PACKAGE, &format!("--{kind}"), name])
        .args(["--target", TARGET])
        .args(["--message-format", "json-render-diagnostics"])
        .args(flavour.arguments());
    let mut child = cargo
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run `cargo` to build the edge module")?;

    let mut module = None;
    if let Some(messages) = child.stdout.take() {
        for message in BufReader::new(messages).lines() {
            module = artifact(&message?, flavour).or(module);
        }
    }
    let status = child.wait()?;
    ensure!(
        status.success(),
        "the edge module does not build ({status}); cargo's messages are above"
    );
    module.context("cargo built the edge module and did not say where it is")
}

/// The module's path, where a message of cargo's names it.
fn artifact(message: &str, flavour: Flavour) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let (kind, name) = flavour.target();
    let is_module = message.get("reason")? == "compiler-artifact"
        && message.pointer("/target/name")? == name
        && message.pointer("/target/kind/0")? == kind;
    let files = message.get("filenames")?.as_array()?;
    let module = files.iter().filter_map(Value::as_str).find(|file| file.ends_with(".wasm"))?;
    is_module.then(|| PathBuf::from(module))
}

/// Adds the WebAssembly target to the toolchain if it is missing.
fn ensure_target() -> Result<()> {
    let asked = command("RUSTC", "rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .context("cannot run `rustc` to ask for its targets")?;
    let libraries = String::from_utf8_lossy(&asked.stdout);
    let libraries = libraries.trim();
    if asked.status.success() && !libraries.is_empty() && Path::new(libraries).is_dir() {
        return Ok(());
    }
    let advice = format!("add the target `{TARGET}` to this toolchain by hand");
    let added =
        command("RUSTUP", "rustup").args(["target", "add", TARGET]).stdout(Stdio::null()).status();
    match added {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => bail!("`rustup target add {TARGET}` failed ({status}); {advice}"),
        Err(error) => bail!("cannot run `rustup` to add a target ({error}); {advice}"),
    }
}

/// The tool that `variable` names, or `name`, in the workspace's root.
fn command(variable: &str, name: &str) -> Command {
    let tool = env::var_os(variable).unwrap_or_else(|| OsString::from(name));
    let mut command = Command::new(tool);
    command.current_dir(WORKSPACE);
    for (variable, _) in env::vars_os() {
        if is_from_outer_cargo(&variable) {
            command.env_remove(variable);
        }
    }
    command
}

/// Whether a variable describes the package or the flags of the cargo that
/// runs us, and not what the user wants of every cargo.
fn is_from_outer_cargo(variable: &OsStr) -> bool {
    const WHOLE: [&str; 9] = [
        "CARGO_CRATE_NAME",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_MAKEFLAGS",
        "CARGO_PRIMARY_PACKAGE",
        "LLVM_PROFILE_FILE",
        "MAKEFLAGS",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTDOCFLAGS",
        "RUSTFLAGS",
    ];
    const BEGINNINGS: [&str; 6] = [
        "CARGO_BIN_",
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_CFG_",
        "CARGO_FEATURE_",
        "CARGO_MANIFEST_",
        "CARGO_PKG_",
    ];
    let variable = variable.to_string_lossy();
    WHOLE.contains(&&*variable)
        || BEGINNINGS.iter().any(|beginning| variable.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_artifact_is_the_binary_of_the_edge() {
        let message = |name: &str, kind: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","target":{{"name":"{name}","kind":["{kind}"]}},
                    "filenames":["/t/x.d","/t/x.wasm"]}}"#
            )
        };
        let found = Some(PathBuf::from("/t/x.wasm"));
        let artifact = |message: &str| artifact(message, Flavour::Production);
        assert_eq!(artifact(&message(PACKAGE, "bin")), found);
        assert_eq!(artifact(&message(PACKAGE, "custom-build")), None);
        assert_eq!(artifact(&message("fastly", "bin")), None);
        assert_eq!(artifact(r#"{"reason":"build-finished","success":true}"#), None);
        assert_eq!(artifact("Compiling"), None);
    }

    #[test]
    fn the_outer_cargo_is_forgotten_and_the_user_is_not() {
        for gone in ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "RUSTFLAGS"] {
            assert!(is_from_outer_cargo(OsStr::new(gone)), "{gone}");
        }
        for kept in [
            "CARGO",
            "CARGO_HOME",
            "CARGO_TARGET_DIR",
            "CARGO_NET_OFFLINE",
            "CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS",
            "RUSTUP_TOOLCHAIN",
            "PATH",
        ] {
            assert!(!is_from_outer_cargo(OsStr::new(kept)), "{kept}");
        }
    }
}

//! `cargo playground`: the engine compiled for the browser, the glue between it and
//! the page, and the page itself, in one folder that any web server can serve.
//!
//! Needs nothing but Rust's own `wasm32-unknown-unknown` target. The glue is written
//! by the library of the very wasm-bindgen that the engine was compiled with: both
//! are in one lock file.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser;
use flate2::Compression;
use flate2::write::GzEncoder;
use wasm_bindgen_cli_support::Bindgen;

const TARGET: &str = "wasm32-unknown-unknown";

/// The edge's own: small, and optimised as a whole.
const PROFILE: &str = "edge";

/// Most bytes of the compressed module: what a phone loads in a second or two.
const COMPRESSED_BOUND: usize = 1 << 20;

/// Builds the playground into a folder of static files.
#[derive(Debug, Parser)]
struct Arguments {
    /// The folder; it is made where it is missing. Below the target directory where
    /// it is left out.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = target_directory(&here);
    let out = arguments.out.unwrap_or_else(|| target.join("playground"));
    let module = compile(&here, &target)?;
    fs::create_dir_all(&out).with_context(|| format!("cannot make `{}`", out.display()))?;
    Bindgen::new()
        .input_path(&module)
        .web(true)?
        .typescript(false)
        .out_name("engine")
        .generate(&out)
        .context("cannot write the glue between the page and the engine")?;
    for entry in fs::read_dir(here.join("page")).context("cannot read the page's folder")? {
        let entry = entry?;
        let to = out.join(entry.file_name());
        fs::copy(entry.path(), &to).with_context(|| format!("cannot write `{}`", to.display()))?;
    }
    let (size, compressed) = sizes(&out.join("engine_bg.wasm"))?;
    println!("engine: {size} bytes, {compressed} compressed");
    println!("serve it: python3 -m http.server --directory {}", out.display());
    ensure!(
        compressed <= COMPRESSED_BOUND,
        "the compressed engine has more than {COMPRESSED_BOUND} bytes"
    );
    Ok(())
}

/// Where cargo builds, by the variable or beside the workspace.
fn target_directory(here: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| here.join("../../target"), PathBuf::from)
}

fn compile(here: &Path, target: &Path) -> Result<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "-p", "tidegate-playground", "--lib"])
        .args(["--target", TARGET, "--profile", PROFILE])
        .arg("--target-dir")
        .arg(target)
        .current_dir(here)
        .status()
        .context("cannot run cargo")?;
    if !status.success() {
        bail!("the engine does not build; is its target there? `rustup target add {TARGET}`");
    }
    Ok(target.join(TARGET).join(PROFILE).join("tidegate_playground.wasm"))
}

/// Bytes of a file, as they are and compressed as web servers do.
#[expect(clippy::disallowed_methods, reason = "it builds the engine, and is no part of it")]
fn sizes(file: &Path) -> Result<(usize, usize)> {
    let bytes = fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(&bytes)?;
    Ok((bytes.len(), gzip.finish()?.len()))
}

//! `tidegate-local`: the edge module on this machine.

use std::process::ExitCode;

use clap::Parser;
use tidegate_local::serve;

/// Runs the Tidegate edge module on this machine.
#[derive(Parser)]
#[command(name = "tidegate-local", version)]
enum Command {
    /// The module on a real port, in front of any HTTP origin.
    Serve(serve::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Serve(options) = Command::parse();
    match serve::run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

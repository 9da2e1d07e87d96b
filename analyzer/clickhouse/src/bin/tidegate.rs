//! The program `tidegate`, for tests of what it does with a store.

use std::process::ExitCode;

fn main() -> ExitCode {
    tidegate::cli::main()
}

//! Serves a ClickHouse engine on a folder: `clickhouse-engine FOLDER [PORT]`.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let (folder, port) = match arguments.as_slice() {
        [folder] => (folder, Ok(0)),
        [folder, port] => (folder, port.parse()),
        _ => {
            eprintln!("usage: clickhouse-engine FOLDER [PORT]");
            return ExitCode::FAILURE;
        }
    };
    let Ok(port) = port else {
        eprintln!("error: no such port");
        return ExitCode::FAILURE;
    };
    match tidegate_clickhouse::serve(Path::new(folder), port) {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

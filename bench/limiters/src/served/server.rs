//! A server that runs for as long as it is held.

use std::fs::Permissions;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running server; stopped when it is let go.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    /// What stops it better than a kill, which would leave its workers behind.
    stop: Option<Command>,
    _folder: TempDir,
}

impl Server {
    pub(super) fn nginx(program: &Path, config: &str, port: u16) -> Result<Self> {
        let folder = folder("nginx.conf", config)?;
        for name in ["nodelay", "queue", "plain"] {
            std::fs::write(folder.path().join(name), "ok")?;
        }
        let command = || {
            let mut command = Command::new(program);
            command.arg("-p").arg(folder.path()).args(["-c", "nginx.conf"]);
            // Until it has read where its errors go.
            command.args(["-e", "stderr"]);
            command
        };
        let mut stop = command();
        stop.args(["-s", "stop"]).stderr(Stdio::null());
        Self::start(command(), Some(stop), folder, port)
    }

    pub(super) fn haproxy(program: &Path, config: &str, port: u16) -> Result<Self> {
        let folder = folder("haproxy.cfg", config)?;
        let mut command = Command::new(program);
        command.args(["-db", "-f"]).arg(folder.path().join("haproxy.cfg"));
        Self::start(command, None, folder, port)
    }

    fn start(
        mut command: Command,
        stop: Option<Command>,
        folder: TempDir,
        port: u16,
    ) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let mut server = Self { child, stop, _folder: folder };
        let started = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if let Some(status) = server.child.try_wait()? {
                bail!("{command:?} ended: {status}");
            }
            if started.elapsed() > PATIENCE {
                bail!("{command:?} does not listen at port {port}");
            }
            sleep(Duration::from_millis(10));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let stopped = self
            .stop
            .as_mut()
            .is_some_and(|stop| stop.status().is_ok_and(|status| status.success()));
        // Nobody is left to be told of a failure.
        let _ = if stopped { Ok(()) } else { self.child.kill() };
        let _ = self.child.wait();
    }
}

/// A folder with a configuration. Workers run as somebody else where nginx is
/// started by root, and must be able to read it.
fn folder(name: &str, config: &str) -> Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    let folder = builder.permissions(Permissions::from_mode(0o755)).tempdir()?;
    std::fs::write(folder.path().join(name), config)?;
    Ok(folder)
}

//! The time between two looks, which somebody may end: whoever ends a watch
//! wants its lines of the window gone, and no file half written.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

/// Waits, and hears when it is time to end.
pub struct Pause {
    runtime: Runtime,
    /// Is there once somebody has asked to end.
    asked: Pin<Box<dyn Future<Output = ()>>>,
}

impl Pause {
    /// From here on, what asks this process to end (Ctrl-C; `SIGTERM` on Unix) is
    /// heard by [`Pause::wait`] alone, however much later.
    ///
    /// # Errors
    ///
    /// Where the system does not let us listen.
    pub fn new() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let within = runtime.enter();
        let asked = Box::pin(asked()?);
        drop(within);
        Ok(Self { runtime, asked })
    }

    /// Waits for so long; whether somebody has asked to end, meanwhile or since the
    /// last time. It must not be called again then.
    pub fn wait(&mut self, time: Duration) -> bool {
        // To hear takes the runtime a moment.
        let time = time.max(Duration::from_millis(1));
        let asked = self.asked.as_mut();
        self.runtime.block_on(async { timeout(time, asked).await.is_ok() })
    }
}

#[cfg(unix)]
fn asked() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn asked() -> io::Result<impl Future<Output = ()>> {
    // One that cannot be heard is none.
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}

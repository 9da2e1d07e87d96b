//! The way to the origin, which may be cut off, slow, or break off.
//!
//! It passes connections on as they are: what the origin answers is not its
//! business. The local runtime opens a connection for every request to the origin,
//! so what happens to a connection happens to one request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// By how much a slow origin answers later.
pub(super) const LATE: Duration = Duration::from_millis(200);

/// What becomes of those who connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// They reach the origin.
    Open = 0,
    /// They reach it [`LATE`].
    Slow = 1,
    /// They may ask, and are then hung up on.
    Resets = 2,
    /// Nobody listens.
    Down = 3,
}

/// A port of this machine that leads to the origin.
pub(super) struct Gate {
    address: SocketAddr,
    origin: SocketAddr,
    way: Arc<AtomicU8>,
    listening: Option<JoinHandle<()>>,
}

impl Gate {
    /// Opens the way to `origin`.
    ///
    /// # Errors
    ///
    /// Where no port can be had.
    pub(super) async fn open(origin: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.context("cannot listen on a port of 127.0.0.1")?;
        let address = listener.local_addr()?;
        let way = Arc::new(AtomicU8::new(Way::Open as u8));
        let listening = Some(tokio::spawn(accept(listener, origin, Arc::clone(&way))));
        Ok(Self { address, origin, way, listening })
    }

    /// Its address as an origin's.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Changes what becomes of those who connect from now on. It is in force when
    /// this returns.
    ///
    /// # Errors
    ///
    /// Where the port was taken by somebody else meanwhile.
    pub(super) async fn set(&mut self, way: Way) -> Result<()> {
        self.way.store(way as u8, Ordering::SeqCst);
        if way == Way::Down {
            if let Some(listening) = self.listening.take() {
                listening.abort();
                // It ends as cancelled, and its port is closed by then.
                let _ = listening.await;
            }
        } else if self.listening.is_none() {
            let listener = self.listen_again().await?;
            let accepting = accept(listener, self.origin, Arc::clone(&self.way));
            self.listening = Some(tokio::spawn(accepting));
        }
        Ok(())
    }

    async fn listen_again(&self) -> Result<TcpListener> {
        const TRIES: u32 = 50;

        let mut last = None;
        for _ in 0..TRIES {
            match TcpListener::bind(self.address).await {
                Ok(listener) => return Ok(listener),
                // Somebody's outgoing connection has the port for a moment.
                Err(error) => last = Some(error),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let what = || format!("cannot listen on {} again", self.address);
        Err(last.map_or_else(|| anyhow::anyhow!("no try"), Into::into)).with_context(what)
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if let Some(listening) = &self.listening {
            listening.abort();
        }
    }
}

async fn accept(listener: TcpListener, origin: SocketAddr, way: Arc<AtomicU8>) {
    loop {
        // Too many open files, say: the next one may fare better.
        let Ok((client, _)) = listener.accept().await else { continue };
        let way = way.load(Ordering::SeqCst);
        tokio::spawn(async move {
            // Whoever hangs up has hung up: the module sees it.
            let _ = pass(client, origin, way).await;
        });
    }
}

async fn pass(mut client: TcpStream, origin: SocketAddr, way: u8) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    if way == Way::Resets as u8 {
        client.readable().await?;
        return client.set_zero_linger();
    }
    if way == Way::Slow as u8 {
        tokio::time::sleep(LATE).await;
    }
    let mut origin = TcpStream::connect(origin).await?;
    origin.set_nodelay(true)?;
    copy_bidirectional(&mut client, &mut origin).await?;
    Ok(())
}

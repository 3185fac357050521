//! A way to a server that can be shut: what a client sees of a network that fails.

use std::io::Result;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What becomes of what is sent through a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// It arrives.
    Open,
    /// Connections break, and new ones break at once.
    Shut,
    /// It is held back, without a word to either side, and arrives when the gate is opened: packets are dropped and sent again.
    Held,
    /// Connections that are there, and new ones, stay up and carry nothing any more, whatever the gate is set to later: a
    /// device on the way has forgotten them.
    Lost,
}

/// Passes connections on to one address. Ends when it is dropped.
#[derive(Debug)]
pub struct Gate {
    addr: SocketAddr,
    passage: watch::Sender<Passage>,
    task: JoinHandle<()>,
}

impl Gate {
    /// An open gate before `target`.
    pub async fn start(target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let (passage, state) = watch::channel(Passage::Open);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *state.borrow() != Passage::Shut {
                    tokio::spawn(connection(client, target, state.clone()));
                }
            }
        });
        Ok(Self { addr, passage, task })
    }

    /// The address to connect to.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Sets what becomes of what is sent from now on.
    pub fn set(&self, passage: Passage) {
        self.passage.send_replace(passage);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn connection(client: TcpStream, target: SocketAddr, mut state: watch::Receiver<Passage>) {
    let Ok(server) = TcpStream::connect(target).await else { return };
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let (up, down) = (pass(from_client, to_server, state.clone()), pass(from_server, to_client, state.clone()));
    tokio::select! {
        _ = async { tokio::join!(up, down) } => {}
        () = until(&mut state, |s| s == Passage::Shut) => {}
    }
}

/// Passes on what comes, for as long as the gate lets it.
async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut state: watch::Receiver<Passage>) -> Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read?,
            () = until(&mut state, |s| s == Passage::Lost) => std::future::pending().await,
        };
        until(&mut state, |s| matches!(s, Passage::Open | Passage::Lost)).await;
        if *state.borrow() == Passage::Lost {
            std::future::pending::<()>().await;
        }
        if read == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..read]).await?;
    }
}

async fn until(state: &mut watch::Receiver<Passage>, is: impl Fn(Passage) -> bool) {
    // An error means that the gate is gone, and with it whoever looks.
    let _ = state.wait_for(|s| is(*s)).await;
}

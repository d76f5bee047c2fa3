//! The server: every breaker of the process, shown and steered from a thread of its own.
//!
//! Nothing of it runs, and there is no thread, before somebody calls [`start`]. What it tells it
//! reads by the registry, from memory that loops write anyway; so it answers while they are
//! stalled. It decides nothing about breakers: commands go to their inboxes.
//!
//! - `guard`, `routes`: who may, and what is asked for, by the words of a request.
//! - `view`: breakers and loops, read and as JSON. `series`, `prometheus`: the same as metrics.
//! - `answer`: a request's answer. `events`: what those hear who listen.
//! - `connection`: one client, and what is not waited for. `thread`: all of them.
//!
//! - `collector`: the series as numbers, for who collects them in JavaScript. Needs no thread.
//!
//! `docs/server.md` is what it promises. Used by `node/server.rs` and `node/readings.rs` alone.

mod answer;
mod collector;
mod connection;
mod events;
mod guard;
mod json;
mod prometheus;
mod routes;
mod series;
mod thread;
mod view;

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::time::Duration;

pub(crate) use self::collector::Collector;
pub(crate) use self::guard::Guard;
pub(crate) use self::thread::Serving;

/// What a server is to be like.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// Where to listen.
    pub(crate) address: SocketAddr,
    /// Whom it answers.
    pub(crate) guard: Guard,
    /// For how long a loop may be stalled before it is told to be unhealthy.
    pub(crate) stall_limit: Duration,
}

/// Begins to listen. The way in is closed again when what this gives is dropped.
///
/// # Errors
///
/// Those of binding the address, and of starting the thread.
pub(crate) fn start(config: Config) -> io::Result<(String, Serving)> {
    let listener = TcpListener::bind(config.address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((url_of(address), thread::listen(listener, config)?))
}

/// Where a client of this machine finds a server that listens there.
fn url_of(address: SocketAddr) -> String {
    let shown = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::from(([127, 0, 0, 1], address.port())),
        IpAddr::V6(ip) if ip.is_unspecified() => {
            SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], address.port()))
        }
        _ => address,
    };
    format!("http://{shown}/")
}

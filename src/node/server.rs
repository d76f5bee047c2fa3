//! The server, as JavaScript has it: begun, and ended.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use napi::{Error, Result, Status};
use napi_derive::napi;

use crate::serve::{self, Config, Guard, Serving};

/// A server that listens until it is closed, or nobody has it any more.
#[napi]
pub struct Server {
    url: String,
    serving: Option<Serving>,
}

#[napi]
impl Server {
    /// Listens at an IP address. The reason of an error is Node's code for it.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        host: String,
        port: u16,
        token: Option<String>,
        hosts: Vec<String>,
        stall_limit: f64,
    ) -> Result<Self> {
        let host: IpAddr = host.parse().map_err(|_| failed("EINVAL"))?;
        let config = Config {
            address: SocketAddr::new(host, port),
            guard: Guard { token, is_public: !host.is_loopback(), hosts },
            stall_limit: Duration::try_from_secs_f64(stall_limit / 1e3).unwrap_or(Duration::MAX),
        };
        let (url, serving) = serve::start(config).map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => failed("EADDRINUSE"),
            ErrorKind::AddrNotAvailable => failed("EADDRNOTAVAIL"),
            ErrorKind::PermissionDenied => failed("EACCES"),
            _ => failed(error.to_string()),
        })?;
        Ok(Server { url, serving: Some(serving) })
    }

    /// Where it is found.
    #[napi(getter, catch_unwind)]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Ends it. Its port is free when this returns.
    #[napi(catch_unwind)]
    pub fn close(&mut self) {
        self.serving = None;
    }
}

fn failed(reason: impl Into<String>) -> Error {
    Error::new(Status::GenericFailure, reason.into())
}

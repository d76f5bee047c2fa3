//! The server's thread: one a process, for any number of servers; it begins with the first and
//! ends with the last.

use std::io;
use std::net::TcpListener;
use std::sync::mpsc;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;
use tokio::runtime::Builder;
use tokio::sync::mpsc::{unbounded_channel, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinHandle as Task;

use super::answer::Server;
use super::connection;
use super::Config;

/// A server that listens, until this is dropped: then its port is free and all its clients are
/// gone.
#[derive(Debug)]
pub(crate) struct Serving {
    number: u64,
}

/// Hands a listener to the thread.
pub(super) fn listen(listener: TcpListener, config: Config) -> io::Result<Serving> {
    let mut running = RUNNING.lock();
    let thread = match &mut *running {
        Some(thread) => thread,
        None => running.insert(Thread::start()?),
    };
    thread.last += 1;
    thread.servers += 1;
    let (number, (done, began)) = (thread.last, mpsc::channel());
    let order = Order::Listen { number, listener, config: Box::new(config), done };
    // Whether it took it: it does not once it has ended by a defect.
    if thread.orders.send(order).is_ok() {
        if let Ok(result) = began.recv() {
            return result.map(|()| Serving { number });
        }
    }
    thread.servers -= 1;
    Err(io::Error::other("the server's thread has ended"))
}

impl Drop for Serving {
    fn drop(&mut self) {
        let mut running = RUNNING.lock();
        let Some(thread) = &mut *running else { return };
        let (done, closed) = mpsc::channel();
        if thread.orders.send(Order::Close { number: self.number, done }).is_ok() {
            // It holds no lock and waits for nobody.
            let _ = closed.recv();
        }
        thread.servers -= 1;
        if thread.servers == 0 {
            let thread = running.take();
            if let Some(Thread { orders, handle, .. }) = thread {
                drop(orders);
                let _ = handle.join();
            }
        }
    }
}

static RUNNING: Mutex<Option<Thread>> = Mutex::new(None);

#[derive(Debug)]
struct Thread {
    orders: UnboundedSender<Order>,
    handle: JoinHandle<()>,
    servers: usize,
    last: u64,
}

enum Order {
    Listen {
        number: u64,
        listener: TcpListener,
        config: Box<Config>,
        done: mpsc::Sender<io::Result<()>>,
    },
    Close {
        number: u64,
        done: mpsc::Sender<()>,
    },
}

impl Thread {
    fn start() -> io::Result<Thread> {
        let (orders, taken) = unbounded_channel();
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        let run = move || runtime.block_on(obey(taken));
        let handle = thread::Builder::new().name("didelphis-serve".into()).spawn(run)?;
        Ok(Thread { orders, handle, servers: 0, last: 0 })
    }
}

/// Does what it is told until there is nobody left to tell it.
async fn obey(mut orders: UnboundedReceiver<Order>) {
    let mut servers: Vec<(u64, Task<()>)> = Vec::new();
    while let Some(order) = orders.recv().await {
        match order {
            Order::Listen { number, listener, config, done } => {
                let listener = tokio::net::TcpListener::from_std(listener);
                let _ = done.send(listener.map(|listener| {
                    let server = Arc::new(Server::new(*config));
                    servers.push((number, tokio::spawn(connection::accept(listener, server))));
                }));
            }
            Order::Close { number, done } => {
                let place = servers.iter().position(|(other, _)| *other == number);
                if let Some((_, task)) = place.map(|place| servers.swap_remove(place)) {
                    // With it go the connections, which are its own.
                    task.abort();
                    let _ = task.await;
                }
                let _ = done.send(());
            }
        }
    }
}

//! A network between a store and etcd that fails.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Passes connections on to a port of this machine.
pub struct Proxy {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    to: u16,
    /// Nobody gets through.
    is_cut: AtomicBool,
    /// Requests get through, answers do not.
    is_deaf: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    pub fn new(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared { to, is_cut: false.into(), is_deaf: false.into(), open: Mutex::default() });
        let all = Arc::clone(&shared);
        // It ends with the tests.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                all.accept(stream);
            }
        });
        Self { port, shared }
    }

    pub fn url(&self, prefix: &str) -> String {
        format!("etcd://127.0.0.1:{}{prefix}", self.port)
    }

    /// Ends all connections, and lets nobody through any more.
    pub fn cut(&self) {
        self.shared.is_cut.store(true, Ordering::SeqCst);
        self.close();
    }

    /// Loses all answers from now on.
    pub fn lose_answers(&self) {
        self.shared.is_deaf.store(true, Ordering::SeqCst);
    }

    /// Ends all connections; the next ones work.
    pub fn mend(&self) {
        self.close();
        self.shared.is_deaf.store(false, Ordering::SeqCst);
        self.shared.is_cut.store(false, Ordering::SeqCst);
    }

    fn close(&self) {
        for stream in self.shared.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, from: TcpStream) {
        if self.is_cut.load(Ordering::SeqCst) {
            return;
        }
        let Ok(to) = TcpStream::connect(("127.0.0.1", self.to)) else { return };
        for stream in [&from, &to] {
            stream.set_nodelay(true).unwrap();
            self.open.lock().unwrap().push(stream.try_clone().unwrap());
        }
        let (back, forth) = (to.try_clone().unwrap(), from.try_clone().unwrap());
        thread::spawn(move || pass(from, to, || false));
        let all = Arc::clone(self);
        thread::spawn(move || pass(back, forth, || all.is_deaf.load(Ordering::SeqCst)));
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, is_lost: impl Fn() -> bool) {
    let mut part = [0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut part) {
        if !is_lost() && to.write_all(&part[..count]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

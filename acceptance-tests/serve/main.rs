//! The engine over HTTP: the real binary on a free port, and a client that knows nothing
//! but HTTP.
//!
//! | module | what it holds |
//! |---|---|
//! | `lab` | a server with an engine of its own, and the client |
//! | `objects` | reading, writing and listing objects |
//! | `users` | who may do what |
//! | `seed` | the requests and answers of seed 002 |
//! | `hierarchy` | many objects in one body, search, realized state |
//! | `hostile` | what no client should send |
//! | `neutron` | the APIs of OpenStack |
//! | `netmaster` | packet traces |
//! | `compute_agent` | the API of a compute agent |
//! | `clients` | clients that nobody here wrote |
//! | `tls` | certificates of the server and of clients, HTTP/2 |
//! | `life` | how the server begins and ends |
//! | `live_traces` | live traces, by both APIs of NSX |
//! | `live` | commands that look at a server instead of a file |

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::pedantic, missing_docs)]

mod lab;

mod clients;
mod compute_agent;
mod hierarchy;
mod hostile;
mod life;
mod live;
mod live_traces;
mod netmaster;
mod neutron;
mod objects;
mod seed;
mod tls;
mod users;

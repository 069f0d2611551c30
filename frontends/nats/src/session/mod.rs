//! # A conversation with one client
//!
//! **What.** [`Session`] is what one connection remembers: what CONNECT said, its
//! subscriptions, where its subjects lead. `wire` moves bytes, `perform` carries out an
//! operation, `outbound` holds what waits for the client, `ear` is a subscription on the bus.
//!
//! **Why.** Every operation is carried out where its bytes are, without waiting, so that the
//! order of one publisher is the order of each of its subscribers.
//!
//! **How.**
//! ```text
//!   socket -> buffer -> scan -> perform -> bus -> ear -> outbound of each subscriber
//!   outbound -> socket, all that waits in one write
//! ```
//!
//! **Limits.** What waits for a client is bounded: beyond it the client is cut off. A client
//! whose messages fill other buffers, or a stream's intake, is read more slowly.
//!
//! **Further reading.** `crate::wire::scan` for the operations.

mod auth;
mod ear;
mod outbound;
mod perform;
mod wire;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use stele_core::node::{Bus, Routes, Subscribed};

use crate::server::{Auth, Server};
use crate::wire::scan::Limits;
use ear::ClientEar;
use outbound::Outbound;

pub use wire::serve;

/// One subscription of a client.
struct Held {
    ear: Arc<ClientEar>,
    subject: Bytes,
    is_grouped: bool,
    /// Ends the subscription when it is dropped.
    _subscribed: Subscribed,
}

/// What one connection remembers.
struct Session {
    server: Arc<Server>,
    bus: Bus,
    client_id: u64,
    client_ip: String,
    outbound: Arc<Outbound>,
    routes: Routes,
    subscriptions: HashMap<Bytes, Held>,
    limits: Limits,
    /// May it do anything but say who it is?
    is_known: bool,
    verbose: bool,
    pedantic: bool,
    no_responders: bool,
    protocol: i64,
    /// Has the INFO that answers CONNECT been sent?
    is_introduced: bool,
    is_connected: bool,
    is_closing: bool,
    /// Somebody who hears this client asks it to go slower.
    is_slowed: bool,
}

impl Session {
    fn new(server: Arc<Server>, client_id: u64, addr: SocketAddr) -> Self {
        let bus = server.db.bus().clone();
        let now_ns = server.db.now_us() * 1000;
        let seen = server.clients.enter(client_id, addr, now_ns);
        let pending_max = server.options.pending_bytes_max;
        let outbound = Arc::new(Outbound::new(bus.name(), pending_max, seen));
        let limits = Limits {
            payload_bytes_max: server.options.payload_bytes_max,
            headers: false,
        };
        Self {
            is_known: server.options.auth == Auth::Nobody,
            server,
            bus,
            client_id,
            client_ip: addr.ip().to_string(),
            outbound,
            routes: Routes::default(),
            subscriptions: HashMap::new(),
            limits,
            // Who never says CONNECT is told everything.
            verbose: true,
            pedantic: true,
            no_responders: false,
            protocol: 0,
            is_introduced: false,
            is_connected: false,
            is_closing: false,
            is_slowed: false,
        }
    }

    /// Ends its subscriptions: nobody hears through it any more.
    fn leave(&mut self) {
        self.subscriptions.clear();
        self.server.clients.leave(self.client_id);
    }

    /// Says why, and ends the conversation.
    fn end_with(&mut self, text: &str) {
        self.outbound.write(&crate::wire::frame::error(text));
        self.is_closing = true;
    }
}

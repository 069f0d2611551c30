//! # A door of one's own
//!
//! **What.** Each test opens a node in memory with a postgres door on a free port, and talks
//! to it through tokio-postgres.
//!
//! **Why.** What a client library makes of the answers is what counts.
//!
//! **How.** [`Door::open`], then [`Door::client`] for each client; [`shown`] prints an answer as
//! one would read it in psql's unaligned mode.
//!
//! **Limits.** tokio-postgres tells how many rows a command touched, not its tag.
#![allow(dead_code)] // each test binary uses its part

use std::fmt::Write;

use stele_core::{Database, Node};
use stele_kit::{Limits, Opened};
use stele_postgres::Postgres;
use stele_search::Search;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, Client, Error, NoTls, SimpleQueryMessage};

/// A node in memory and its door.
pub struct Door {
    opened: Opened,
    db: Database,
    _node: Node,
    _folder: Option<tempfile::TempDir>,
}

impl Door {
    /// Opens a node and its door.
    pub async fn open() -> Self {
        let node = Node::in_memory().await.expect("a node");
        let postgres = Postgres::new(&node.database());
        Self::onto(node, postgres, None).await
    }

    /// Opens a node whose statements may search, and its door.
    pub async fn open_with_search() -> Self {
        let node = Node::in_memory().await.expect("a node");
        let folder = tempfile::tempdir().expect("a folder");
        let search = Search::open(node.database(), folder.path()).expect("a search");
        Self::onto(node, Postgres::with_search(&search), Some(folder)).await
    }

    async fn onto(node: Node, postgres: Postgres, folder: Option<tempfile::TempDir>) -> Self {
        let db = node.database();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let opened = stele_kit::open(postgres, listener, db.clone(), Limits::default());
        Self {
            opened: opened.expect("a door"),
            db,
            _node: node,
            _folder: folder,
        }
    }

    /// How many transactions wait for a lock.
    pub fn waiting(&self) -> usize {
        self.db.engine().locks().waiting().len()
    }

    /// A client as the default user.
    pub async fn client(&self) -> Client {
        self.connect("user=stele dbname=stele")
            .await
            .expect("a connection")
    }

    /// A client who comes in as these parameters say.
    pub async fn connect(&self, parameters: &str) -> Result<Client, Error> {
        let config = format!(
            "host=127.0.0.1 port={} {parameters}",
            self.opened.address().port()
        );
        let (client, connection) = tokio_postgres::connect(&config, NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// A client, and what it is told without asking.
    pub async fn listener(&self) -> (Client, mpsc::Receiver<AsyncMessage>) {
        let config = format!(
            "host=127.0.0.1 port={} user=stele dbname=stele",
            self.opened.address().port()
        );
        let (client, mut connection) = tokio_postgres::connect(&config, NoTls)
            .await
            .expect("a connection");
        let (sender, receiver) = mpsc::channel(16);
        tokio::spawn(async move {
            while let Some(Ok(message)) =
                std::future::poll_fn(|cx| connection.poll_message(cx)).await
            {
                if sender.send(message).await.is_err() {
                    break;
                }
            }
        });
        (client, receiver)
    }
}

/// An answer, a line per row and per command.
pub fn shown(answer: Result<Vec<SimpleQueryMessage>, Error>) -> String {
    match answer {
        Ok(messages) => messages
            .iter()
            .filter_map(line)
            .collect::<Vec<_>>()
            .join("\n"),
        Err(error) => refused(&error),
    }
}

fn line(message: &SimpleQueryMessage) -> Option<String> {
    match message {
        SimpleQueryMessage::Row(row) => {
            let cells = (0..row.len()).map(|at| row.get(at).unwrap_or("NULL"));
            Some(cells.collect::<Vec<_>>().join("|"))
        }
        SimpleQueryMessage::CommandComplete(count) => Some(format!("({count})")),
        _ => None,
    }
}

fn refused(error: &Error) -> String {
    let Some(error) = error.as_db_error() else {
        return format!("ERROR: {error}");
    };
    let mut text = format!(
        "{} {}: {}",
        error.severity(),
        error.code().code(),
        error.message()
    );
    let extras = [
        ("DETAIL", error.detail()),
        ("constraint", error.constraint()),
        ("column", error.column()),
    ];
    for (name, extra) in extras {
        if let Some(extra) = extra {
            let _ = write!(text, "\n  {name}: {extra}");
        }
    }
    text
}

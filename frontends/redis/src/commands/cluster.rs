//! The little of CLUSTER that means something on one node, and the modes of cluster clients.

use bytes::Bytes;
use stele_core::record::Key;

use super::{Command, Group, Run, word};
use crate::fault::Fault;
use crate::session::Session;

/// This file's rows of the table.
pub const COMMANDS: &[Command] = &[
    row("cluster", -2, Run::Parent(CLUSTER), "Asks about slots."),
    row(
        "readonly",
        1,
        Run::Here(accept),
        "Accepted: any node answers any key.",
    )
    .fast(),
    row(
        "readwrite",
        1,
        Run::Here(accept),
        "Accepted: any node answers any key.",
    )
    .fast(),
    row(
        "asking",
        1,
        Run::Here(accept),
        "Accepted: any node answers any key.",
    )
    .fast(),
];

const CLUSTER: &[Command] = &[
    row("keyslot", 3, Run::Here(slot), "Computes a key's slot."),
    row(
        "info",
        2,
        Run::Here(info),
        "Says that all slots are served.",
    ),
    row(
        "help",
        2,
        Run::Here(super::describe::help),
        "Lists the subcommands.",
    ),
];

const fn row(name: &'static str, arity: i32, run: Run, summary: &'static str) -> Command {
    Command::new(Group::Cluster, name, arity, run, summary)
}

fn accept(session: &mut Session, _args: &[Bytes]) -> Result<(), Fault> {
    session.out.ok();
    Ok(())
}

fn slot(session: &mut Session, args: &[Bytes]) -> Result<(), Fault> {
    let key = Key::keyspace(0, word(args, 2)?.clone());
    session.out.int(i64::from(key.slot));
    Ok(())
}

fn info(session: &mut Session, _args: &[Bytes]) -> Result<(), Fault> {
    let text = "cluster_enabled:0\r\ncluster_state:ok\r\ncluster_slots_assigned:16384\r\n\
                cluster_slots_ok:16384\r\ncluster_slots_pfail:0\r\ncluster_slots_fail:0\r\n\
                cluster_known_nodes:1\r\ncluster_size:1\r\n";
    session.out.verbatim("txt", text.as_bytes());
    Ok(())
}

//! Carries out one request.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use stele_core::op::Reply;
use stele_core::record::{CollectionId, Key};

use super::{Replies, Session};
use crate::commands::command::{Clear, Run};
use crate::commands::plan::{Plan, Writing};
use crate::commands::registry::{self, Found};
use crate::commands::{Command, Flags, Reading};
use crate::fault::{Fault, said};
use crate::rows::Place;

const NO_AUTH: Fault = said("NOAUTH Authentication required.");

impl Session {
    /// Carries out one request and writes its answer, now or with the batch it joins.
    pub async fn perform(&mut self, args: &[Bytes]) {
        let is_skipped = self.replies == Replies::Skip;
        let found = registry::resolve(args);
        if is_skipped || !self.join_batch(&found, args).await {
            self.settle().await;
            let mark = self.out.len();
            self.perform_alone(found, args).await;
            self.hush(mark);
        }
        // Unless the request itself changed the mode, it was the one to skip.
        if is_skipped && self.replies == Replies::Skip {
            self.replies = Replies::On;
        }
    }

    /// Puts a plain write into the batch; false: the request is something else.
    async fn join_batch(&mut self, found: &Result<Found, Fault>, args: &[Bytes]) -> bool {
        let Ok(found) = found else {
            return false;
        };
        let Run::Write(plan) = found.leaf.run else {
            return false;
        };
        let is_plain = self.queue.is_none()
            && self.forbids(found).is_none()
            && !self.touches_rows(found.leaf, args);
        if !is_plain {
            return false;
        }
        match plan(&self.writing(), args) {
            Ok(Plan::One(key, op, shape)) => {
                self.note(found);
                self.enqueue(key, op, shape).await;
                true
            }
            _ => false,
        }
    }

    /// Carries out a request that cannot join a batch.
    async fn perform_alone(&mut self, found: Result<Found, Fault>, args: &[Bytes]) {
        let found = match found {
            Ok(found) => found,
            Err(fault) => return self.reject(None, &fault),
        };
        if let Some(fault) = self.forbids(&found) {
            return self.reject(Some(&found), &fault);
        }
        if let Some(queue) = self
            .queue
            .as_mut()
            .filter(|_| !found.leaf.flags.has(Flags::NO_MULTI))
        {
            queue.push(found, args);
            self.out.simple("QUEUED");
            return;
        }
        self.note(&found);
        let mark = self.out.len();
        if let Err(fault) = self.outcome(found.leaf, args).await {
            self.out.cut(mark);
            self.fail(&found, &fault);
        }
    }

    /// Takes back what the client does not want to hear.
    fn hush(&mut self, mark: usize) {
        if !self.out.take_pushed() && self.replies != Replies::On {
            self.out.cut(mark);
        }
    }

    async fn outcome(&mut self, leaf: &Command, args: &[Bytes]) -> Result<(), Fault> {
        match leaf.run {
            Run::Here(run) => run(self, args),
            Run::Wait(run) => run(self, args).await,
            Run::Read(run) => {
                let keys = self.places(leaf, args);
                let view = match &keys[..] {
                    [key] if leaf.flags.has(Flags::HEAD) => {
                        self.db.read_head(key, &self.level).await?
                    }
                    keys => self.db.read(keys, &self.level).await?,
                };
                let reading = Reading {
                    rows: &view,
                    now_ms: view.now_ms(),
                    database: self.database,
                    tables: &self.tables,
                    seed: self.db.random(),
                    server: &self.server,
                    counts: None,
                };
                run(&reading, args, &mut self.out)
            }
            Run::Survey(run) => {
                let view = self.db.read_all(&self.level).await?;
                let reading = Reading {
                    rows: &view,
                    now_ms: view.now_ms(),
                    database: self.database,
                    tables: &self.tables,
                    seed: self.db.random(),
                    server: &self.server,
                    counts: Some(&self.db),
                };
                run(&reading, args, &mut self.out)
            }
            Run::Write(plan) if !self.touches_rows(leaf, args) => {
                match plan(&self.writing(), args)? {
                    Plan::One(key, op, shape) => {
                        let reply = self.write_together(vec![(key, op)]).await?.pop();
                        shape(reply.unwrap_or(Reply::None), &mut self.out);
                        Ok(())
                    }
                    Plan::Together(ops, shape) => {
                        let replies = self.write_together(ops).await?;
                        shape(replies, &mut self.out);
                        Ok(())
                    }
                }
            }
            Run::Write(_) | Run::Decide(_) => self.decide(leaf, args).await,
            Run::Clear(which) => {
                let which = which(args)?;
                self.clear(which).await?;
                self.out.ok();
                Ok(())
            }
            Run::Signal => {
                let (channel, payload) = (
                    crate::commands::word(args, 1)?,
                    crate::commands::word(args, 2)?,
                );
                let heard = self.db.signal(channel, payload);
                self.out.count(heard);
                Ok(())
            }
            Run::Parent(_) => Err(crate::fault::SYNTAX),
        }
    }

    /// Empties databases, and in database 0 the tables whose rows are its keys.
    async fn clear(&mut self, which: Clear) -> Result<(), Fault> {
        for collection in self.cleared(which) {
            self.db.clear(collection).await?;
        }
        Ok(())
    }

    /// The collections a FLUSH empties. Tables are not among them: what SQL created, SQL drops.
    pub(super) fn cleared(&self, which: Clear) -> Vec<CollectionId> {
        let databases = match which {
            Clear::Selected => self.database..self.database + 1,
            Clear::All => 0..16,
        };
        databases
            .map(|database| CollectionId(u32::from(database)))
            .collect()
    }

    /// What a plan may depend on.
    pub(super) fn writing(&self) -> Writing {
        Writing {
            database: self.database,
            now_ms: self.db.now_ms(),
            seed: self.db.random(),
        }
    }

    /// The addresses of a request's keys, those that can be addressed.
    pub(super) fn places(&self, leaf: &Command, args: &[Bytes]) -> Vec<Key> {
        self.places_in(self.database, leaf, args)
    }

    /// The same in another database.
    pub(super) fn places_in(&self, database: u8, leaf: &Command, args: &[Bytes]) -> Vec<Key> {
        let positions = leaf.key_positions(args);
        let names = positions.into_iter().filter_map(|at| args.get(at));
        let places = names.filter_map(|name| match self.tables.place(database, name) {
            Place::Keyspace(key) | Place::Row { key, .. } => Some(key),
            Place::NoRow { .. } => None,
        });
        places.collect()
    }

    /// Whether one of a request's keys is a row's.
    pub(super) fn touches_rows(&self, leaf: &Command, args: &[Bytes]) -> bool {
        if self.database != 0 || self.tables.all().next().is_none() {
            return false;
        }
        let positions = leaf.key_positions(args);
        let mut names = positions.into_iter().filter_map(|at| args.get(at));
        names.any(|name| self.tables.owns(self.database, name))
    }

    /// Why a request is turned away before it is carried out.
    fn forbids(&self, found: &Found) -> Option<Fault> {
        let flags = found.leaf.flags;
        if !self.is_known && !flags.has(Flags::NO_AUTH) {
            return Some(NO_AUTH);
        }
        let is_subscribed = !self.out.is_resp3() && self.subscriptions.count() > 0;
        if is_subscribed && !flags.has(Flags::SUBSCRIBED) {
            let name = found.command.name;
            let text = format!(
                "ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / \
                 RESET are allowed in this context"
            );
            return Some(text.into());
        }
        None
    }

    fn reject(&mut self, found: Option<&Found>, fault: &Fault) {
        if let Some(queue) = &mut self.queue {
            queue.spoil();
        }
        if let Some(calls) = found.and_then(|found| self.server.stats.calls(found.index)) {
            calls.rejected.fetch_add(1, Ordering::Relaxed);
        }
        self.refuse(fault);
    }

    /// Answers with an error and counts the call as failed.
    pub(super) fn fail(&mut self, found: &Found, fault: &Fault) {
        if let Some(calls) = self.server.stats.calls(found.index) {
            calls.failed.fetch_add(1, Ordering::Relaxed);
        }
        self.refuse(fault);
    }
}

//! Plain writes of one buffer, gathered into one batch.

use stele_core::op::{Op, OpError, Reply};
use stele_core::record::Key;
use stele_core::{Batch, Written};

use super::{Replies, Session};
use crate::commands::plan::Shape;
use crate::fault::{Fault, said};

/// A batch is sent when it has so many ops.
const OP_COUNT_MAX: usize = 4096;

/// What an increment says that would leave the numbers, where that is a score.
pub const NOT_A_NUMBER: Fault = said("ERR resulting score is not a number (NaN)");

/// Writes that have not been sent, and how their answers are shown.
#[derive(Default)]
pub struct Waiting {
    ops: Vec<(Key, Op)>,
    shapes: Vec<Shape>,
}

impl Session {
    /// Adds a plain write to the batch.
    pub(super) async fn enqueue(&mut self, key: Key, op: Op, shape: Shape) {
        self.waiting.ops.push((key, op));
        self.waiting.shapes.push(shape);
        if self.waiting.ops.len() >= OP_COUNT_MAX {
            self.settle().await;
        }
    }

    /// Sends the batch and writes its answers.
    pub async fn settle(&mut self) {
        if self.waiting.ops.is_empty() {
            return;
        }
        let ops = std::mem::take(&mut self.waiting.ops);
        let shapes = std::mem::take(&mut self.waiting.shapes);
        let scores: Vec<bool> = ops.iter().map(|(_, op)| is_score(op)).collect();
        let mark = self.out.len();
        match self
            .db
            .write(Batch { ops, atomic: false }, &self.level)
            .await
        {
            Ok(written) => {
                self.remember(&written);
                let answers = written.replies.into_iter().zip(shapes).zip(scores);
                for ((reply, shape), is_score) in answers {
                    match reply {
                        Ok(reply) => shape(reply, &mut self.out),
                        Err(refusal) => self.refuse(&refused(refusal, is_score)),
                    }
                }
            }
            Err(error) => {
                let fault = Fault::from(error);
                shapes.iter().for_each(|_| self.refuse(&fault));
            }
        }
        if self.replies != Replies::On {
            self.out.cut(mark);
        }
    }

    /// Writes ops that happen together.
    ///
    /// # Errors
    /// When one is refused, and then none happened.
    pub(super) async fn write_together(
        &mut self,
        ops: Vec<(Key, Op)>,
    ) -> Result<Vec<Reply>, Fault> {
        let scores = ops.iter().any(|(_, op)| is_score(op));
        let written = self
            .db
            .write(Batch { ops, atomic: true }, &self.level)
            .await?;
        self.remember(&written);
        let replies: Result<Vec<Reply>, OpError> = written.replies.into_iter().collect();
        replies.map_err(|refusal| refused(refusal, scores))
    }

    fn remember(&mut self, written: &Written) {
        self.seen.merge(&written.token);
    }

    /// Answers with an error and counts it.
    pub(super) fn refuse(&mut self, fault: &Fault) {
        let text = fault.text();
        self.server.stats.error(&text);
        self.out.error(&text);
    }
}

/// Whether an op changes scores, whose overflow has words of its own.
pub(super) fn is_score(op: &Op) -> bool {
    matches!(op, Op::ZsetAdd { .. })
}

/// A refusal in the words of the command's family.
pub(super) fn refused(refusal: OpError, is_score: bool) -> Fault {
    if is_score && refusal == OpError::NotFinite {
        NOT_A_NUMBER
    } else {
        refusal.into()
    }
}

//! Nested loops: every pair, or a right side opened for each left row.

use std::sync::Arc;

use stele_core::record::expr::Expr;
use stele_core::record::value::Value;

use super::budget::Held;
use super::join::{nulls, paired};
use super::run::Outer;
use super::{Row, RowStream, Run};
use crate::error::Result;
use crate::sql::plan::{Join, JoinKind, Plan};

/// For each left row, opens `right` with `args` and pairs it with what comes.
pub(super) fn lateral<'a>(
    run: &Arc<Run<'a>>,
    join: &'a Join,
    left: RowStream<'a>,
    right: &'a Plan,
    args: &'a [Expr],
    outer: &Outer,
) -> RowStream<'a> {
    Box::new(Lateral {
        run: run.clone(),
        join,
        left,
        right,
        args,
        outer: outer.clone(),
        current: None,
    })
}

struct Lateral<'a> {
    run: Arc<Run<'a>>,
    join: &'a Join,
    left: RowStream<'a>,
    right: &'a Plan,
    args: &'a [Expr],
    outer: Outer,
    current: Option<Current<'a>>,
}

/// A left row, its right rows, and whether one of them fitted.
struct Current<'a> {
    left: Row,
    right: RowStream<'a>,
    matched: bool,
}

impl Lateral<'_> {
    fn advance(&mut self) -> Result<Option<Row>> {
        loop {
            if self.current.is_none() {
                let Some(left) = self.left.next().transpose()? else {
                    return Ok(None);
                };
                let args = self.run.eval_all(self.args, &left, &self.outer)?;
                let right = self.run.open(self.right, &Arc::new(args))?;
                self.current = Some(Current {
                    left,
                    right,
                    matched: false,
                });
            }
            if let Some(row) = self.step()? {
                return Ok(Some(row));
            }
        }
    }

    /// The next pair of the current left row; `None` ends it.
    fn step(&mut self) -> Result<Option<Row>> {
        let Some(current) = &mut self.current else {
            return Ok(None);
        };
        let kind = self.join.kind;
        for right in current.right.by_ref() {
            self.run.tick()?;
            let row = paired(&current.left, &right?);
            if !self.run.holds(&self.join.filter, &row, &self.outer)? {
                continue;
            }
            current.matched = true;
            if kind.keeps_right() {
                return Ok(Some(row));
            }
            break;
        }
        let Some(Current { left, matched, .. }) = self.current.take() else {
            return Ok(None);
        };
        Ok(match (kind, matched) {
            (JoinKind::Left | JoinKind::Full, false) => {
                Some(paired(&left, &nulls(self.right.width())))
            }
            (JoinKind::Semi, true) | (JoinKind::Anti | JoinKind::NotIn, false) => Some(left),
            _ => None,
        })
    }
}

impl Iterator for Lateral<'_> {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        self.advance().transpose()
    }
}

/// Compares every left row with every right row, which are kept.
pub(super) fn every_pair<'a>(
    run: &Arc<Run<'a>>,
    join: &'a Join,
    left: RowStream<'a>,
    outer: &Outer,
) -> Result<RowStream<'a>> {
    let mut held = Held::new(run);
    let mut right = Vec::new();
    for row in run.open(&join.right, outer)? {
        let row = row?;
        held.add(&row)?;
        right.push(row);
    }
    let unmatched = vec![false; right.len()];
    Ok(Box::new(EveryPair {
        run: run.clone(),
        join,
        left,
        left_width: join.left.width(),
        right,
        used: unmatched,
        outer: outer.clone(),
        current: None,
        rest: 0,
        _held: held,
    }))
}

struct EveryPair<'a> {
    run: Arc<Run<'a>>,
    join: &'a Join,
    left: RowStream<'a>,
    left_width: usize,
    right: Vec<Row>,
    used: Vec<bool>,
    outer: Outer,
    /// The left row, the next right row to compare it with, and whether one fitted.
    current: Option<(Row, usize, bool)>,
    /// Right rows looked at for being without a partner.
    rest: usize,
    _held: Held<'a>,
}

impl EveryPair<'_> {
    fn advance(&mut self) -> Result<Option<Row>> {
        loop {
            if self.current.is_none() {
                match self.left.next().transpose()? {
                    Some(left) => self.current = Some((left, 0, false)),
                    None => return Ok(self.unused()),
                }
            }
            if let Some(row) = self.step()? {
                return Ok(Some(row));
            }
        }
    }

    fn step(&mut self) -> Result<Option<Row>> {
        let Some((left, at, matched)) = &mut self.current else {
            return Ok(None);
        };
        let kind = self.join.kind;
        let mut unknown = false;
        while let Some(right) = self.right.get(*at) {
            *at += 1;
            self.run.tick()?;
            let row = paired(left, right);
            if kind == JoinKind::NotIn {
                unknown |= is_unknown(&self.run, self.join, &row, &self.outer)?;
            }
            if !self.run.holds(&self.join.filter, &row, &self.outer)? {
                continue;
            }
            *matched = true;
            if let Some(used) = self.used.get_mut(*at - 1) {
                *used = true;
            }
            if kind.keeps_right() {
                return Ok(Some(row));
            }
            break;
        }
        let Some((left, _, matched)) = self.current.take() else {
            return Ok(None);
        };
        Ok(match (kind, matched) {
            (JoinKind::Left | JoinKind::Full, false) => {
                Some(paired(&left, &nulls(self.join.right.width())))
            }
            (JoinKind::Semi, true) | (JoinKind::Anti, false) => Some(left),
            (JoinKind::NotIn, false) if !unknown => Some(left),
            _ => None,
        })
    }

    /// Right rows without a partner.
    fn unused(&mut self) -> Option<Row> {
        if !matches!(self.join.kind, JoinKind::Right | JoinKind::Full) {
            return None;
        }
        while let (Some(right), Some(used)) = (self.right.get(self.rest), self.used.get(self.rest))
        {
            self.rest += 1;
            if !used {
                return Some(paired(&nulls(self.left_width), right));
            }
        }
        None
    }
}

impl Iterator for EveryPair<'_> {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        self.advance().transpose()
    }
}

/// `x NOT IN (...)` with a comparison that is NULL is not true.
fn is_unknown(run: &Run<'_>, join: &Join, row: &[Value], outer: &Outer) -> Result<bool> {
    for condition in &join.filter {
        if run.eval(condition, row, outer)?.is_null() {
            return Ok(true);
        }
    }
    Ok(false)
}

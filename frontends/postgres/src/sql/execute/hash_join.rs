//! Hash joins: the right side by its keys in memory, the left side as it comes.

use std::collections::HashMap;
use std::sync::Arc;

use stele_core::record::value::Value;

use super::budget::Held;
use super::join::{nulls, paired};
use super::run::Outer;
use super::{Row, RowStream, Run};
use crate::error::Result;
use crate::sql::plan::{Join, JoinKind};

/// Opens a hash join: reads the whole right side first.
pub(super) fn open<'a>(
    run: &Arc<Run<'a>>,
    join: &'a Join,
    left: RowStream<'a>,
    outer: &Outer,
) -> Result<RowStream<'a>> {
    let table = Table::build(run, join, outer)?;
    Ok(Box::new(HashJoin {
        run: run.clone(),
        join,
        left,
        left_width: join.left.width(),
        table,
        outer: outer.clone(),
        current: None,
        rest: 0,
    }))
}

/// The right rows and where each key's are.
struct Table<'a> {
    rows: Vec<Row>,
    used: Vec<bool>,
    by_key: HashMap<Vec<Value>, Vec<u32>>,
    /// A right row with a NULL key was seen: NOT IN is never true.
    has_null: bool,
    _held: Held<'a>,
}

impl<'a> Table<'a> {
    fn build(run: &Arc<Run<'a>>, join: &'a Join, outer: &Outer) -> Result<Self> {
        let keeps_unmatched = matches!(join.kind, JoinKind::Right | JoinKind::Full);
        let mut table = Self {
            rows: Vec::new(),
            used: Vec::new(),
            by_key: HashMap::new(),
            has_null: false,
            _held: Held::new(run),
        };
        for row in run.open(&join.right, outer)? {
            let row = row?;
            let key = key_of(run, join.keys.iter().map(|(_, right)| right), &row, outer)?;
            let at = u32::try_from(table.rows.len()).unwrap_or(u32::MAX);
            match key {
                Some(key) => table.by_key.entry(key).or_default().push(at),
                None => {
                    table.has_null = true;
                    if !keeps_unmatched {
                        continue;
                    }
                }
            }
            table._held.add(&row)?;
            table.rows.push(row);
            table.used.push(false);
        }
        Ok(table)
    }
}

/// A key's values; `None` when one is NULL, which equals nothing.
fn key_of<'e>(
    run: &Run<'_>,
    exprs: impl Iterator<Item = &'e stele_core::record::expr::Expr>,
    row: &[Value],
    outer: &Outer,
) -> Result<Option<Vec<Value>>> {
    run.with_cx(outer, |cx| {
        let mut key = Vec::new();
        for expr in exprs {
            let value = expr.eval(row, cx)?;
            if value.is_null() {
                return Ok(None);
            }
            key.push(value);
        }
        Ok(Some(key))
    })
}

struct HashJoin<'a> {
    run: Arc<Run<'a>>,
    join: &'a Join,
    left: RowStream<'a>,
    left_width: usize,
    table: Table<'a>,
    outer: Outer,
    current: Option<Current>,
    /// Right rows looked at for being without a partner.
    rest: usize,
}

/// A left row, the right rows with its key, the next of them, and whether one fitted.
struct Current {
    left: Row,
    partners: Vec<u32>,
    next: usize,
    matched: bool,
    null_key: bool,
}

impl HashJoin<'_> {
    fn advance(&mut self) -> Result<Option<Row>> {
        loop {
            if self.current.is_none() {
                match self.left.next().transpose()? {
                    Some(left) => self.current = Some(self.start(left)?),
                    None => return Ok(self.unused()),
                }
            }
            if let Some(row) = self.step()? {
                return Ok(Some(row));
            }
        }
    }

    fn start(&self, left: Row) -> Result<Current> {
        let key = key_of(
            &self.run,
            self.join.keys.iter().map(|(left, _)| left),
            &left,
            &self.outer,
        )?;
        let null_key = key.is_none();
        let partners = key
            .and_then(|key| self.table.by_key.get(&key).cloned())
            .unwrap_or_default();
        Ok(Current {
            left,
            partners,
            next: 0,
            matched: false,
            null_key,
        })
    }

    fn step(&mut self) -> Result<Option<Row>> {
        let Some(current) = &mut self.current else {
            return Ok(None);
        };
        let kind = self.join.kind;
        while let Some(at) = current.partners.get(current.next) {
            current.next += 1;
            self.run.tick()?;
            let at = *at as usize;
            let Some(right) = self.table.rows.get(at) else {
                continue;
            };
            if !kind.keeps_right() && self.join.filter.is_empty() {
                current.matched = true;
                break;
            }
            let row = paired(&current.left, right);
            if !self.run.holds(&self.join.filter, &row, &self.outer)? {
                continue;
            }
            current.matched = true;
            if let Some(used) = self.table.used.get_mut(at) {
                *used = true;
            }
            if kind.keeps_right() {
                return Ok(Some(row));
            }
            break;
        }
        let Some(Current {
            left,
            matched,
            null_key,
            ..
        }) = self.current.take()
        else {
            return Ok(None);
        };
        let nothing_to_be_in = self.table.rows.is_empty() && !self.table.has_null;
        Ok(match (kind, matched) {
            (JoinKind::Left | JoinKind::Full, false) => {
                Some(paired(&left, &nulls(self.join.right.width())))
            }
            (JoinKind::Semi, true) | (JoinKind::Anti, false) => Some(left),
            // A NULL on either side makes NOT IN unknown, unless there is nothing to be in.
            (JoinKind::NotIn, false) if nothing_to_be_in || (!null_key && !self.table.has_null) => {
                Some(left)
            }
            _ => None,
        })
    }

    /// Right rows without a partner.
    fn unused(&mut self) -> Option<Row> {
        if !matches!(self.join.kind, JoinKind::Right | JoinKind::Full) {
            return None;
        }
        while let (Some(right), Some(used)) = (
            self.table.rows.get(self.rest),
            self.table.used.get(self.rest),
        ) {
            self.rest += 1;
            if !used {
                return Some(paired(&nulls(self.left_width), right));
            }
        }
        None
    }
}

impl Iterator for HashJoin<'_> {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        self.advance().transpose()
    }
}

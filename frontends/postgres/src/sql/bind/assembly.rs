//! Assembling a SELECT's plan: what was set aside while binding gets its place.

use stele_core::record::expr::Expr;
use stele_core::record::value::{Type, Value};

use super::group::Grouping;
use super::order::Ordering;
use super::output::Target;
use super::scope::{Binder, Level};
use crate::error::{Result, SqlError};
use crate::sql::plan::{Aggregate, Plan, SetCall, SortKey, Window};

/// A plan under construction: calls set aside get their places.
pub(super) struct Assembly {
    pub plan: Plan,
    pub aside: super::scope::SetAside,
    pub windows_at: Vec<usize>,
    pub sets_at: Vec<usize>,
}

impl Assembly {
    pub fn group(
        &mut self,
        binder: &mut Binder<'_>,
        grouping: &mut Option<Grouping>,
        targets: &mut [Target],
        having: Option<Expr>,
    ) -> Result<()> {
        let calls = std::mem::take(&mut self.aside.aggregates);
        if grouping.is_none()
            && calls.is_empty()
            && having.is_none()
            && self.aside.groupings.is_empty()
        {
            return Ok(());
        }
        let mut groups = grouping.take().unwrap_or_else(Grouping::whole);
        groups.settle_markers(std::mem::take(&mut self.aside.groupings))?;
        let mut having = having;
        for expr in self.exprs_above(targets).chain(having.as_mut()) {
            groups.regroup(expr, binder.level()?)?;
        }
        for expr in self.exprs_above(targets).chain(having.as_mut()) {
            groups.place(expr, calls.len());
        }
        let input = std::mem::replace(&mut self.plan, Plan::OneRow);
        self.plan = Plan::Aggregate(Box::new(Aggregate {
            input,
            groups: groups.exprs,
            sets: groups.sets,
            calls,
        }));
        if let Some(predicate) = having {
            let input = Box::new(std::mem::replace(&mut self.plan, Plan::OneRow));
            self.plan = Plan::Filter { input, predicate };
        }
        Ok(())
    }

    /// Every expression evaluated after grouping.
    fn exprs_above<'t>(
        &'t mut self,
        targets: &'t mut [Target],
    ) -> impl Iterator<Item = &'t mut Expr> {
        let windows = self.aside.windows.iter_mut().flat_map(|window| {
            let order = window.order.iter_mut().map(|key| &mut key.expr);
            let call = window
                .call
                .args
                .iter_mut()
                .chain(window.call.filter.iter_mut());
            window.partition.iter_mut().chain(order).chain(call)
        });
        let sets = self
            .aside
            .sets
            .iter_mut()
            .flat_map(|call| call.args.iter_mut());
        targets
            .iter_mut()
            .map(|target| &mut target.expr)
            .chain(windows)
            .chain(sets)
    }

    /// Window functions over the same partitions and order share a node.
    pub fn windows(&mut self, targets: &mut [Target]) {
        let windows = std::mem::take(&mut self.aside.windows);
        if windows.is_empty() {
            return;
        }
        let mut nodes: Vec<(Vec<Expr>, Vec<SortKey>, Vec<usize>)> = Vec::new();
        for (index, window) in windows.iter().enumerate() {
            let same = |node: &&mut (Vec<Expr>, Vec<SortKey>, Vec<usize>)| {
                node.0 == window.partition && node.1 == window.order
            };
            match nodes.iter_mut().find(same) {
                Some(node) => node.2.push(index),
                None => nodes.push((window.partition.clone(), window.order.clone(), vec![index])),
            }
        }
        self.windows_at = vec![0; windows.len()];
        for (partition, order, members) in nodes {
            let input = std::mem::replace(&mut self.plan, Plan::OneRow);
            let width = input.width();
            let mut calls = Vec::with_capacity(members.len());
            for (offset, member) in members.into_iter().enumerate() {
                if let (Some(place), Some(window)) =
                    (self.windows_at.get_mut(member), windows.get(member))
                {
                    *place = width + offset;
                    calls.push(window.call.clone());
                }
            }
            self.plan = Plan::Window(Box::new(Window {
                input,
                partition,
                order,
                calls,
            }));
        }
        let places = std::mem::take(&mut self.windows_at);
        for expr in self.exprs_above(targets) {
            place(expr, super::scope::WINDOW_AT, &places);
        }
    }

    /// Set-returning functions, those in arguments of others first.
    pub fn sets(&mut self, targets: &mut [Target]) -> Result<()> {
        let mut waiting: Vec<(usize, SetCall)> = std::mem::take(&mut self.aside.sets)
            .into_iter()
            .enumerate()
            .collect();
        self.sets_at = vec![usize::MAX; waiting.len()];
        while !waiting.is_empty() {
            let ready = |call: &SetCall| call.args.iter().all(|arg| !mentions_set(arg));
            let (now, later): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|(_, call)| ready(call));
            if now.is_empty() {
                return Err(SqlError::internal(
                    "set-returning functions wait for each other",
                ));
            }
            let input = Box::new(std::mem::replace(&mut self.plan, Plan::OneRow));
            let width = input.width();
            for (offset, (index, _)) in now.iter().enumerate() {
                if let Some(at) = self.sets_at.get_mut(*index) {
                    *at = width + offset;
                }
            }
            let calls = now.into_iter().map(|(_, call)| call).collect();
            self.plan = Plan::ProjectSet { input, calls };
            waiting = later;
            for (_, call) in &mut waiting {
                call.args
                    .iter_mut()
                    .for_each(|arg| place(arg, super::scope::SET_AT, &self.sets_at));
            }
        }
        for target in targets {
            place(&mut target.expr, super::scope::SET_AT, &self.sets_at);
        }
        Ok(())
    }

    /// Outputs, DISTINCT and ORDER BY.
    pub fn outputs(self, targets: &[Target], distinct: Distinctness, ordering: &Ordering) -> Plan {
        let exprs = targets.iter().map(|target| target.expr.clone()).collect();
        let mut plan = Plan::Project {
            input: Box::new(self.plan),
            exprs,
        };
        if matches!(distinct, Distinctness::Rows) {
            plan = Plan::Distinct {
                input: Box::new(plan),
                on: None,
            };
        }
        if !ordering.keys.is_empty() {
            plan = Plan::Sort {
                input: Box::new(plan),
                keys: ordering.keys.clone(),
                top: None,
            };
        }
        if let Distinctness::On(on) = distinct {
            plan = Plan::Distinct {
                input: Box::new(plan),
                on: Some(on),
            };
        }
        plan
    }
}

/// What DISTINCT asks for.
pub(super) enum Distinctness {
    All,
    Rows,
    On(Vec<Expr>),
}

fn mentions_set(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |part| {
        if let Expr::Column { index, .. } = part {
            found |= (super::scope::SET_AT..super::aggregate::GROUPING_AT).contains(index);
        }
    });
    found
}

/// Gives calls set aside from `from` on their places in the row.
fn place(expr: &mut Expr, from: usize, places: &[usize]) {
    expr.rewrite(&mut |part| {
        if let Expr::Column { index, .. } = part
            && let Some(offset) = index.checked_sub(from)
            && let Some(at) = places.get(offset)
            && *at != usize::MAX
        {
            *index = *at;
        }
    });
}

/// Level-wide helpers of the assembly.
impl Level {
    /// The name of a column of the level's row, for messages.
    pub(super) fn column_name(&self, index: usize) -> String {
        let named = self
            .items
            .iter()
            .flat_map(|item| item.columns.iter().map(move |column| (item, column)));
        let mut found = named.filter(
            |(_, column)| matches!(column.expr, Expr::Column { index: at, .. } if at == index),
        );
        match found.next() {
            Some((item, column)) if !item.name.is_empty() => {
                format!("{}.{}", item.name, column.name)
            }
            Some((_, column)) => column.name.clone(),
            None => "?column?".to_owned(),
        }
    }
}

/// A constant of a grouping marker.
pub(super) fn marker(value: i32) -> Expr {
    Expr::constant(Value::Int4(value), Type::Int4)
}

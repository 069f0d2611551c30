//! GROUP BY and aggregates.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use stele_core::record::expr::Accumulator;
use stele_core::record::value::{Settings, Value};

use super::budget::Held;
use super::row::compare_keys;
use super::run::Outer;
use super::{Row, RowStream, Run, ordered_set, sort};
use crate::error::Result;
use crate::sql::plan::{Aggregate, AggregateCall};

/// Opens an aggregate: reads all of its input first.
pub(super) fn open<'a>(
    run: &Arc<Run<'a>>,
    node: &'a Aggregate,
    outer: &Outer,
) -> Result<RowStream<'a>> {
    let mut grouped = Grouped::new(run, node, outer);
    for row in run.open(&node.input, outer)? {
        grouped.add(&row?)?;
    }
    grouped.finish()
}

/// The groups so far, in the order they were first seen.
struct Grouped<'a> {
    run: Arc<Run<'a>>,
    node: &'a Aggregate,
    outer: Outer,
    /// By grouping set and key values.
    places: HashMap<(usize, Vec<Value>), usize>,
    groups: Vec<Group>,
    held: Held<'a>,
}

struct Group {
    set: usize,
    key: Vec<Value>,
    states: Vec<State>,
}

impl<'a> Grouped<'a> {
    fn new(run: &Arc<Run<'a>>, node: &'a Aggregate, outer: &Outer) -> Self {
        let mut grouped = Self {
            run: run.clone(),
            node,
            outer: outer.clone(),
            places: HashMap::new(),
            groups: Vec::new(),
            held: Held::new(run),
        };
        // A set without keys has its one group even when there are no rows.
        for (set, keys) in node.sets.iter().enumerate() {
            if keys.is_empty() {
                let key = vec![Value::Null; node.groups.len()];
                grouped
                    .places
                    .insert((set, key.clone()), grouped.groups.len());
                grouped.groups.push(Group::new(set, key, node));
            }
        }
        grouped
    }

    fn add(&mut self, row: &[Value]) -> Result<()> {
        self.run.tick()?;
        if let (true, [_]) = (self.node.groups.is_empty(), self.node.sets.as_slice()) {
            // One group, which is there already.
            return self.update(0, row);
        }
        let mut key = self.run.eval_all(&self.node.groups, row, &self.outer)?;
        let count = self.node.sets.len();
        for (set, keys) in self.node.sets.iter().enumerate() {
            let key = match keys.len() == key.len() {
                true if set + 1 == count => std::mem::take(&mut key),
                true => key.clone(),
                false => masked(&key, keys),
            };
            let at = self.place(set, key)?;
            self.update(at, row)?;
        }
        Ok(())
    }

    fn update(&mut self, group: usize, row: &[Value]) -> Result<()> {
        let Some(group) = self.groups.get_mut(group) else {
            return Ok(());
        };
        for (state, call) in group.states.iter_mut().zip(&self.node.calls) {
            state.add(&self.run, call, row, &self.outer, &mut self.held)?;
        }
        Ok(())
    }

    fn place(&mut self, set: usize, key: Vec<Value>) -> Result<usize> {
        let key = (set, key);
        if let Some(at) = self.places.get(&key) {
            return Ok(*at);
        }
        self.held.add(&key.1)?;
        self.held.add_bytes(128 * (1 + self.node.calls.len()))?;
        let at = self.groups.len();
        self.groups.push(Group::new(set, key.1.clone(), self.node));
        self.places.insert(key, at);
        Ok(at)
    }

    fn finish(self) -> Result<RowStream<'a>> {
        let Self {
            run,
            node,
            mut groups,
            held,
            ..
        } = self;
        let settings = run.cx.eval.settings;
        // Sets one after another, as they were written.
        groups.sort_by_key(|group| group.set);
        Ok(Box::new(groups.into_iter().map(move |group| {
            let _ = &held;
            let mut row = group.key;
            for (state, call) in group.states.into_iter().zip(&node.calls) {
                row.push(state.finish(call, settings)?);
            }
            row.push(Value::Int4(i32::try_from(group.set).unwrap_or(i32::MAX)));
            Ok(row)
        })))
    }
}

impl Group {
    fn new(set: usize, key: Vec<Value>, node: &Aggregate) -> Self {
        Self {
            set,
            key,
            states: node.calls.iter().map(State::new).collect(),
        }
    }
}

/// The key of a grouping set: what is not part of it is NULL.
fn masked(key: &[Value], keys: &[usize]) -> Vec<Value> {
    let each = key.iter().enumerate();
    each.map(|(index, value)| {
        if keys.contains(&index) {
            value.clone()
        } else {
            Value::Null
        }
    })
    .collect()
}

/// One aggregate over one group.
pub(super) enum State {
    /// Arguments go straight in.
    Direct(Accumulator),
    /// Each list of arguments once, kept until all are there.
    Distinct(HashSet<Vec<Value>>),
    /// Kept until all are there: sort keys and arguments.
    Ordered(Vec<(Vec<Value>, Row)>),
}

impl State {
    pub fn new(call: &AggregateCall) -> Self {
        if !call.order.is_empty() {
            return Self::Ordered(Vec::new());
        }
        match call.distinct {
            true => Self::Distinct(HashSet::new()),
            false => Self::Direct(call.aggregate.accumulator()),
        }
    }

    fn add(
        &mut self,
        run: &Run<'_>,
        call: &AggregateCall,
        row: &[Value],
        outer: &Outer,
        held: &mut Held<'_>,
    ) -> Result<()> {
        if let Some(filter) = &call.filter
            && !run.holds(std::slice::from_ref(filter), row, outer)?
        {
            return Ok(());
        }
        let args = run.eval_all(&call.args, row, outer)?;
        let settings = run.cx.eval.settings;
        match self {
            Self::Direct(accumulator) => accumulator.update(&args, settings)?,
            Self::Distinct(seen) => {
                if !seen.contains(&args) {
                    held.add(&args)?;
                    seen.insert(args);
                }
            }
            Self::Ordered(rows) => {
                let keys = sort::key_values(run, &call.order, row, outer)?;
                held.add(&keys)?;
                held.add(&args)?;
                rows.push((keys, args));
            }
        }
        Ok(())
    }

    fn finish(self, call: &AggregateCall, settings: &Settings) -> Result<Value> {
        match self {
            Self::Direct(accumulator) => Ok(accumulator.finish()?),
            Self::Distinct(seen) => {
                // In order, as PostgreSQL finds duplicates by sorting: array_agg shows it.
                let mut rows: Vec<Row> = seen.into_iter().collect();
                rows.sort();
                let mut accumulator = call.aggregate.accumulator();
                for args in rows {
                    accumulator.update(&args, settings)?;
                }
                Ok(accumulator.finish()?)
            }
            Self::Ordered(mut rows) => {
                rows.sort_by(|a, b| compare_keys(&call.order, &a.0, &b.0));
                let rows: Vec<Row> = rows.into_iter().map(|(_, args)| args).collect();
                if let Some(value) = ordered_set::finish(&call.aggregate.name, &rows) {
                    return value;
                }
                let mut accumulator = call.aggregate.accumulator();
                let mut seen = HashSet::new();
                for args in rows {
                    if !call.distinct || seen.insert(args.clone()) {
                        accumulator.update(&args, settings)?;
                    }
                }
                Ok(accumulator.finish()?)
            }
        }
    }
}

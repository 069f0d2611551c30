//! EXPLAIN: a plan as text, in the shape PostgreSQL prints.

use super::{Access, Join, JoinKind, Plan, Scan, SetOp, search};
use crate::sql::bind::BoundQuery;

/// The lines of `EXPLAIN`, subplans after the plan.
pub fn explain(query: &BoundQuery) -> Vec<String> {
    let mut lines = Vec::new();
    node(&query.plan, 0, "", &mut lines);
    for (slot, subplan) in query.subplans.iter().enumerate() {
        lines.push(format!("  SubPlan {}", slot + 1));
        node(&subplan.plan, 1, "", &mut lines);
    }
    lines
}

fn line(depth: usize, text: &str, lines: &mut Vec<String>) {
    match depth {
        0 => lines.push(text.to_owned()),
        _ => lines.push(format!("{}->  {text}", " ".repeat(depth * 6 - 4))),
    }
}

fn detail(depth: usize, text: String, lines: &mut Vec<String>) {
    lines.push(format!("{}{text}", " ".repeat(depth * 6 + 2)));
}

fn node(plan: &Plan, depth: usize, note: &str, lines: &mut Vec<String>) {
    let name = match plan {
        Plan::Scan(scan) => return scan_node(scan, depth, lines),
        Plan::Join(join) => return join_node(join, depth, lines),
        // A projection is not shown, as in PostgreSQL.
        Plan::Project { input, .. } => return node(input, depth, note, lines),
        Plan::With { ctes, body } => {
            node(body, depth, note, lines);
            for cte in ctes {
                detail(depth, format!("CTE {}", cte.name), lines);
                node(&cte.plan, depth + 1, "", lines);
            }
            return;
        }
        Plan::OneRow | Plan::NoRows(_) => "Result".to_owned(),
        Plan::Filter { .. } => "Filter".to_owned(),
        Plan::ProjectSet { .. } => "ProjectSet".to_owned(),
        Plan::Aggregate(aggregate) if aggregate.groups.is_empty() => "Aggregate".to_owned(),
        Plan::Aggregate(_) => "HashAggregate".to_owned(),
        Plan::Window(_) => "WindowAgg".to_owned(),
        Plan::Sort { top: Some(_), .. } => "Sort (top-N heapsort)".to_owned(),
        Plan::Sort { .. } => "Sort".to_owned(),
        Plan::Limit(_) => "Limit".to_owned(),
        Plan::Distinct { on: Some(_), .. } => "Unique".to_owned(),
        Plan::Distinct { on: None, .. } => "HashAggregate (distinct)".to_owned(),
        Plan::SetOp {
            op: SetOp::Union,
            all: true,
            ..
        } => "Append".to_owned(),
        Plan::SetOp {
            op: SetOp::Union, ..
        } => "HashAggregate (union)".to_owned(),
        Plan::SetOp { op, all, .. } => {
            format!("HashSetOp {op:?}{}", if *all { " All" } else { "" })
        }
        Plan::Values { .. } => "Values Scan".to_owned(),
        Plan::Function(function) => format!("Function Scan on {}", function.alias),
        Plan::CteScan { name, .. } => format!("CTE Scan on {name}"),
        Plan::Recursive(_) => "Recursive Union".to_owned(),
    };
    line(depth, &format!("{name}{note}"), lines);
    for child in children(plan) {
        node(child, depth + 1, "", lines);
    }
}

fn children(plan: &Plan) -> Vec<&Plan> {
    match plan {
        Plan::Filter { input, .. }
        | Plan::ProjectSet { input, .. }
        | Plan::Sort { input, .. }
        | Plan::Distinct { input, .. } => vec![input],
        Plan::Aggregate(aggregate) => vec![&aggregate.input],
        Plan::Window(window) => vec![&window.input],
        Plan::Limit(limit) => vec![&limit.input],
        Plan::SetOp { left, right, .. } => vec![left, right],
        Plan::Recursive(recursive) => vec![&recursive.base, &recursive.step],
        _ => vec![],
    }
}

fn scan_node(scan: &Scan, depth: usize, lines: &mut Vec<String>) {
    let name = scan.source.name();
    let shown = match name == scan.alias {
        true => name.to_owned(),
        false => format!("{name} {}", scan.alias),
    };
    let text = match &scan.access {
        Access::Full => format!("Seq Scan on {shown}"),
        Access::Primary(_) => format!("Index Scan using {} on {shown}", key_name(scan)),
        Access::Keys(_) => format!("Index Scan using key on {shown}"),
        Access::Messages { .. } => format!("Stream Scan on {shown}"),
        Access::Index { index, .. } => format!("Index Scan using {} on {shown}", index.name),
        Access::Search(search) => {
            let top = search.top.as_ref().map(search::top_text);
            let top = top.unwrap_or_default();
            format!("Search Scan using {} on {shown}{top}", search.index.name)
        }
    };
    line(depth, &text, lines);
    match &scan.access {
        Access::Index { equal, range, .. } => {
            let ranged = if range.is_some() { " and a range" } else { "" };
            detail(
                depth,
                format!("Index Cond: {} equal{ranged}", equal.len()),
                lines,
            );
        }
        Access::Primary(parts) | Access::Keys(parts) => {
            detail(depth, format!("Index Cond: {} equal", parts.len()), lines);
        }
        Access::Search(search) => {
            let count = search.queries.len();
            let text = format!(
                "Search Cond: {count} quer{}",
                if count == 1 { "y" } else { "ies" }
            );
            detail(depth, text, lines);
        }
        Access::Full | Access::Messages { .. } => {}
    }
    if !scan.filter.is_empty() {
        detail(
            depth,
            format!(
                "Filter: {} condition{}",
                scan.filter.len(),
                plural(scan.filter.len())
            ),
            lines,
        );
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn key_name(scan: &Scan) -> String {
    let key = scan
        .source
        .table()
        .and_then(|table| table.primary_key.as_ref());
    key.map_or_else(|| "key".to_owned(), |key| key.name.clone())
}

fn join_node(join: &Join, depth: usize, lines: &mut Vec<String>) {
    let kind = match join.kind {
        JoinKind::Inner => "",
        JoinKind::Left => " Left",
        JoinKind::Right => " Right",
        JoinKind::Full => " Full",
        JoinKind::Semi => " Semi",
        JoinKind::Anti => " Anti",
        JoinKind::NotIn => " Anti (NOT IN)",
    };
    let keyed = !join.keys.is_empty();
    let name = match (keyed, join.kind) {
        (true, JoinKind::Inner) => "Hash Join".to_owned(),
        (true, _) => format!("Hash{kind} Join"),
        (false, JoinKind::Inner) => "Nested Loop".to_owned(),
        (false, _) => format!("Nested Loop{kind} Join"),
    };
    line(depth, &name, lines);
    if keyed {
        detail(
            depth,
            format!(
                "Hash Cond: {} key{}",
                join.keys.len(),
                plural(join.keys.len())
            ),
            lines,
        );
    }
    if !join.filter.is_empty() {
        detail(
            depth,
            format!(
                "Join Filter: {} condition{}",
                join.filter.len(),
                plural(join.filter.len())
            ),
            lines,
        );
    }
    node(&join.left, depth + 1, "", lines);
    node(&join.right, depth + 1, "", lines);
    if let Some(probe) = &join.probe {
        detail(
            depth,
            "While few rows come from the left:".to_owned(),
            lines,
        );
        node(&probe.right, depth + 1, "", lines);
    }
}

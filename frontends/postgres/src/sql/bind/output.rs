//! Outputs: the select list, its names, and what FOR UPDATE adds to it.

use sqlparser::ast::{self, SelectItem, SelectItemQualifiedWildcardKind};
use stele_core::record::expr::Expr;
use stele_core::record::value::Type;

use super::group::Grouping;
use super::query::{Tail, Unknowns, lock_name};
use super::scope::{Binder, Clause, Item};
use super::{LockPolicy, LockTarget, Locks, OutputColumn, names, types};
use crate::error::{Result, SqlError};

/// One output of a SELECT, visible or not.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub expr: Expr,
    pub name: String,
    pub origin: Option<(u32, i16)>,
}

impl Target {
    pub fn output(self) -> OutputColumn {
        OutputColumn {
            name: self.name,
            ty: self.expr.column_type(),
            origin: self.origin,
        }
    }
}

impl Binder<'_> {
    /// Binds the select list.
    pub(super) fn targets(
        &mut self,
        items: &[SelectItem],
        unknowns: Unknowns<'_>,
    ) -> Result<Vec<Target>> {
        let mut targets = Vec::with_capacity(items.len());
        for item in items {
            self.target_item(item, Clause::Select, &mut targets)?;
        }
        for (index, target) in targets.iter_mut().enumerate() {
            let want = match unknowns {
                Unknowns::Keep => continue,
                Unknowns::Want(types) => types.get(index),
                Unknowns::Text => None,
            };
            let expr = std::mem::replace(&mut target.expr, Expr::null());
            target.expr = self.settle(expr, want)?;
        }
        Ok(targets)
    }

    /// Binds RETURNING over the innermost level's row.
    pub(crate) fn returning(
        &mut self,
        items: &[SelectItem],
    ) -> Result<(Vec<Expr>, Vec<OutputColumn>)> {
        let mut targets = Vec::with_capacity(items.len());
        for item in items {
            self.target_item(item, Clause::Returning, &mut targets)?;
        }
        let mut exprs = Vec::with_capacity(targets.len());
        let mut columns = Vec::with_capacity(targets.len());
        for mut target in targets {
            target.expr = self.settle(target.expr, None)?;
            exprs.push(target.expr.clone());
            columns.push(target.output());
        }
        Ok((exprs, columns))
    }

    fn target_item(
        &mut self,
        item: &SelectItem,
        clause: Clause,
        targets: &mut Vec<Target>,
    ) -> Result<()> {
        match item {
            SelectItem::UnnamedExpr(expr) => {
                let bound = self.expr_in(expr, clause)?;
                targets.push(self.target(bound, output_name(expr))?);
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                let bound = self.expr_in(expr, clause)?;
                targets.push(self.target(bound, names::fold(alias))?);
            }
            SelectItem::Wildcard(options) => {
                refuse_options(options)?;
                let stars = star_columns(&self.level()?.items, |item| item.bare);
                if self.level()?.items.is_empty() {
                    return Err(SqlError::syntax(
                        "SELECT * with no tables specified is not valid",
                    ));
                }
                targets.extend(stars);
            }
            SelectItem::QualifiedWildcard(
                SelectItemQualifiedWildcardKind::ObjectName(name),
                options,
            ) => {
                refuse_options(options)?;
                self.qualified_star(name, targets)?;
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(expr), options) => {
                refuse_options(options)?;
                let Expr::Row { fields, names } = self.expr_in(expr, clause)? else {
                    return Err(SqlError::new(
                        "42809",
                        "row expansion via \"*\" needs a composite value",
                    ));
                };
                for (index, field) in fields.into_iter().enumerate() {
                    let name = names
                        .get(index)
                        .cloned()
                        .unwrap_or_else(|| format!("f{}", index + 1));
                    targets.push(self.target(field, name)?);
                }
            }
            SelectItem::ExprWithAliases { .. } => {
                return Err(SqlError::syntax("syntax error at or near \"(\""));
            }
        }
        Ok(())
    }

    fn qualified_star(&mut self, name: &ast::ObjectName, targets: &mut Vec<Target>) -> Result<()> {
        let qualified = names::qualified(name)?;
        let found = self.item(qualified.schema.as_deref(), &qualified.name);
        let (item, frame) = match found {
            Ok(found) => found,
            Err(error) => return Err(self.place(error, names::span(name))),
        };
        let stars = star_columns(std::slice::from_ref(item), |_| true);
        for mut target in stars {
            target.expr = self.lift(target.expr, frame);
            targets.push(target);
        }
        Ok(())
    }

    fn target(&mut self, expr: Expr, name: String) -> Result<Target> {
        let items = &self.level()?.items;
        let columns = items.iter().flat_map(|item| &item.columns);
        let origin = match &expr {
            Expr::Column { .. } => columns
                .filter(|column| column.expr == expr)
                .find_map(|column| column.origin),
            _ => None,
        };
        Ok(Target { expr, name, origin })
    }

    /// FOR UPDATE and FOR SHARE: an address per locked relation, after all other targets.
    pub(super) fn locks(
        &mut self,
        select: &ast::Select,
        tail: &Tail<'_>,
        grouping: &Option<Grouping>,
        targets: &mut Vec<Target>,
    ) -> Result<Option<Locks>> {
        if tail.locks.is_empty() {
            return Ok(None);
        }
        let aside = &self.level()?.aside;
        let refused = [
            (grouping.is_some(), "GROUP BY clause"),
            (select.having.is_some(), "HAVING clause"),
            (select.distinct.is_some(), "DISTINCT clause"),
            (!aside.aggregates.is_empty(), "aggregate functions"),
            (!aside.windows.is_empty(), "window functions"),
            (
                !aside.sets.is_empty(),
                "set-returning functions in the target list",
            ),
        ];
        if let Some((_, what)) = refused.iter().find(|(is, _)| *is) {
            let message = format!("{} is not allowed with {what}", lock_name(tail.locks));
            return Err(SqlError::unsupported(message));
        }
        if tail.fetch.is_some_and(|fetch| fetch.with_ties) {
            return Err(SqlError::unsupported(
                "FOR UPDATE is not supported with WITH TIES",
            ));
        }
        let mut locked: Vec<LockTarget> = Vec::new();
        let mut addresses = Vec::new();
        for clause in tail.locks {
            for (target, address) in self.lock_targets(clause, lock_name(tail.locks))? {
                if !locked.iter().any(|other| other.rel == target.rel) {
                    locked.push(target);
                    addresses.push(address);
                }
            }
        }
        let addresses = addresses.into_iter().map(|at| Target {
            expr: Expr::column(at, Type::Bytea),
            name: String::new(),
            origin: None,
        });
        targets.extend(addresses);
        Ok(Some(Locks {
            targets: locked,
            limit: None,
        }))
    }

    fn lock_targets(
        &mut self,
        clause: &ast::LockClause,
        name: &str,
    ) -> Result<Vec<(LockTarget, usize)>> {
        let of = clause.of.as_ref().map(names::qualified).transpose()?;
        let items = &self.level()?.items;
        if let Some(of) = &of
            && !items.iter().any(|item| item.name == of.name)
        {
            let message = format!(
                "relation \"{}\" in {name} clause not found in FROM clause",
                of.name
            );
            return Err(SqlError::new("42P01", message));
        }
        let chosen = items
            .iter()
            .filter(|item| of.as_ref().is_none_or(|of| of.name == item.name));
        let targets = chosen.filter_map(|item| {
            let (Some(table), Some(rel), Some(address)) = (&item.table, item.rel, item.address)
            else {
                return None;
            };
            let wait = match clause.nonblock {
                None => LockPolicy::Wait,
                Some(ast::NonBlock::Nowait) => LockPolicy::NoWait,
                Some(ast::NonBlock::SkipLocked) => LockPolicy::SkipLocked,
            };
            let exclusive = matches!(clause.lock_type, ast::LockType::Update);
            Some((
                LockTarget {
                    rel,
                    table: table.clone(),
                    exclusive,
                    wait,
                },
                address,
            ))
        });
        Ok(targets.collect())
    }
}

fn star_columns(items: &[Item], chosen: impl Fn(&Item) -> bool) -> Vec<Target> {
    let columns = items
        .iter()
        .filter(|item| chosen(item))
        .flat_map(|item| &item.columns);
    let visible = columns.filter(|column| !column.hidden);
    let targets = visible.map(|column| Target {
        expr: column.expr.clone(),
        name: column.name.clone(),
        origin: column.origin,
    });
    targets.collect()
}

fn refuse_options(options: &ast::WildcardAdditionalOptions) -> Result<()> {
    let extended = options.opt_ilike.is_some()
        || options.opt_exclude.is_some()
        || options.opt_except.is_some()
        || options.opt_replace.is_some()
        || options.opt_rename.is_some();
    match extended {
        true => Err(SqlError::syntax("syntax error after \"*\"")),
        false => Ok(()),
    }
}

/// The name PostgreSQL gives an output without an alias.
pub(super) fn output_name(expr: &ast::Expr) -> String {
    match figure(expr) {
        Some((name, _)) => name,
        None => "?column?".to_owned(),
    }
}

/// A name, and whether it is a good one: a cast's type or `case` yields to a better name.
fn figure(expr: &ast::Expr) -> Option<(String, bool)> {
    use ast::Expr as E;
    let good = |name: &str| Some((name.to_owned(), true));
    match expr {
        E::Identifier(ident) => Some((names::fold(ident), true)),
        E::CompoundIdentifier(parts) => parts.last().map(|ident| (names::fold(ident), true)),
        E::CompoundFieldAccess { root, access_chain } => {
            let field = access_chain.iter().rev().find_map(|access| match access {
                ast::AccessExpr::Dot(E::Identifier(ident)) => Some((names::fold(ident), true)),
                _ => None,
            });
            field.or_else(|| figure(root))
        }
        E::Nested(inner) | E::Collate { expr: inner, .. } => figure(inner),
        E::Function(function) => {
            let name = names::qualified(&function.name).ok()?.name;
            Some((name, true))
        }
        E::Cast {
            expr, data_type, ..
        } => match figure(expr) {
            Some((name, true)) => Some((name, true)),
            _ => Some((type_name(data_type), false)),
        },
        E::TypedString(typed) => Some((type_name(&typed.data_type), false)),
        E::Interval(_) => Some(("interval".to_owned(), false)),
        E::Case { else_result, .. } => match else_result.as_deref().and_then(figure) {
            Some((name, true)) => Some((name, true)),
            _ => Some(("case".to_owned(), false)),
        },
        E::Array(_) => good("array"),
        E::Tuple(_) => good("row"),
        E::Exists { negated: false, .. } => good("exists"),
        E::Extract { .. } => good("extract"),
        E::Substring { shorthand, .. } => good(if *shorthand { "substr" } else { "substring" }),
        E::Position { .. } => good("position"),
        E::Overlay { .. } => good("overlay"),
        E::Ceil { .. } => good("ceil"),
        E::Floor { .. } => good("floor"),
        E::AtTimeZone { .. } => good("timezone"),
        E::Trim { trim_where, .. } => good(super::special::trim_name(*trim_where)),
        E::Subquery(query) => first_output(&query.body),
        _ => None,
    }
}

fn first_output(body: &ast::SetExpr) -> Option<(String, bool)> {
    match body {
        ast::SetExpr::Select(select) => match select.projection.first()? {
            SelectItem::UnnamedExpr(expr) => figure(expr).map(|(name, _)| (name, true)),
            SelectItem::ExprWithAlias { alias, .. } => Some((names::fold(alias), true)),
            _ => None,
        },
        ast::SetExpr::Query(query) => first_output(&query.body),
        ast::SetExpr::SetOperation { left, .. } => first_output(left),
        ast::SetExpr::Values(_) => Some(("column1".to_owned(), true)),
        _ => None,
    }
}

/// `int4` for `int`; an array's is its element's.
fn type_name(data_type: &ast::DataType) -> String {
    match types::column_type(data_type) {
        Ok(ty) => ty
            .ty
            .element()
            .filter(|_| matches!(ty.ty, Type::Array(_)))
            .unwrap_or(&ty.ty)
            .name(),
        Err(_) => "?column?".to_owned(),
    }
}

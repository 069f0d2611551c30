//! `pg_type`: every built-in type this database has, and its array.

use stele_core::record::value::{TYPES, Type, TypeInfo};

use super::super::owner::owner;
use super::super::schema::PG_CATALOG;
use super::super::table::{NULL, virtual_table};
use super::type_function::type_function;
use crate::sql::virtual_table::SystemContext;

virtual_table!(PG_TYPE = pg_catalog.pg_type, 1247, (ty, owner) in cx: types(cx) => {
    oid "oid" = ty.oid(),
    typname "name" = ty.name(),
    typnamespace "oid" = PG_CATALOG.oid,
    typowner "oid" = owner,
    typlen "int2" = ty.length(),
    typbyval "bool" = by_value(&ty),
    typtype "\"char\"" = if is_pseudo(&ty) { 'p' } else { 'b' },
    typcategory "\"char\"" = ty.category(),
    typispreferred "bool" = ty.is_preferred(),
    typisdefined "bool" = true,
    typdelim "\"char\"" = ',',
    typrelid "oid" = 0_u32,
    typsubscript "regproc" = type_function(&ty, "subscript"),
    typelem "oid" = element(&ty),
    typarray "oid" = ty.array_oid(),
    typinput "regproc" = type_function(&ty, "in"),
    typoutput "regproc" = type_function(&ty, "out"),
    typreceive "regproc" = type_function(&ty, "recv"),
    typsend "regproc" = type_function(&ty, "send"),
    typmodin "regproc" = type_function(&ty, "typmodin"),
    typmodout "regproc" = type_function(&ty, "typmodout"),
    typanalyze "regproc" = type_function(&ty, "analyze"),
    typalign "\"char\"" = align(&ty),
    typstorage "\"char\"" = storage(&ty),
    typnotnull "bool" = false,
    typbasetype "oid" = 0_u32,
    typtypmod "int4" = -1_i32,
    typndims "int4" = 0_i32,
    typcollation "oid" = collation(&ty),
    typdefaultbin "text" = NULL,
    typdefault "text" = NULL,
    typacl "text[]" = NULL,
});

/// Every type: scalars, then their arrays.
pub(in super::super) fn all() -> impl Iterator<Item = Type> {
    let array = |info: &TypeInfo| (info.array_oid != 0).then(|| Type::array_of(info.ty.clone()));
    TYPES
        .iter()
        .map(|info| info.ty.clone())
        .chain(TYPES.iter().filter_map(array))
}

fn types(cx: &SystemContext<'_>) -> Vec<(Type, u32)> {
    let owner = owner(cx);
    all().map(|ty| (ty, owner)).collect()
}

fn is_pseudo(ty: &Type) -> bool {
    ty.is_polymorphic()
        || matches!(ty, Type::Void | Type::Record | Type::Unknown)
        || *ty == Type::array_of(Type::Record)
}

fn element(ty: &Type) -> u32 {
    match ty {
        Type::Name => Type::Char.oid(),
        other => other.element().map_or(0, Type::oid),
    }
}

/// `typbyval`: whether PostgreSQL passes the value in a register.
pub(in super::super) fn by_value(ty: &Type) -> bool {
    matches!(ty.length(), 1 | 2 | 4 | 8)
}

/// `typalign`: `c`, `s`, `i` or `d` for 1, 2, 4 or 8 bytes.
pub(in super::super) fn align(ty: &Type) -> char {
    let wide = |ty: &Type| matches!(ty.length(), 8 | 16) && *ty != Type::Uuid;
    match ty {
        Type::Array(element) if wide(element) || **element == Type::Record => 'd',
        Type::Array(_) => 'i',
        Type::Record | Type::AnyArray | Type::Interval => 'd',
        Type::Name | Type::Uuid | Type::Unknown => 'c',
        other => match other.length() {
            1 => 'c',
            2 => 's',
            8 => 'd',
            _ => 'i',
        },
    }
}

/// `typstorage`: plain, main or extended.
pub(in super::super) fn storage(ty: &Type) -> char {
    match ty {
        Type::Numeric => 'm',
        Type::Int2vector | Type::Oidvector | Type::Unknown => 'p',
        other if other.length() > 0 => 'p',
        _ => 'x',
    }
}

/// `pg_collation.oid` of the type's own collation: `default`, or `C` for names.
pub(in super::super) fn collation(ty: &Type) -> u32 {
    match ty {
        Type::Array(element) => collation(element),
        Type::Text | Type::Varchar | Type::Bpchar => 100,
        Type::Name => 950,
        _ => 0,
    }
}

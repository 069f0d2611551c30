//! `pg_authid` and the views of it: who may log in. Passwords never show.

use super::super::owner::roles;
use super::super::table::{NULL, empty_table, virtual_table};

virtual_table!(PG_AUTHID = pg_catalog.pg_authid, 1260, role in cx: roles(cx) => {
    oid "oid" = role.oid,
    rolname "name" = role.name,
    rolsuper "bool" = role.superuser,
    rolinherit "bool" = true,
    rolcreaterole "bool" = role.superuser,
    rolcreatedb "bool" = role.superuser,
    rolcanlogin "bool" = role.login,
    rolreplication "bool" = role.superuser,
    rolbypassrls "bool" = role.superuser,
    rolconnlimit "int4" = -1_i32,
    rolpassword "text" = NULL,
    rolvaliduntil "timestamptz" = NULL,
});

virtual_table!(PG_ROLES = pg_catalog.pg_roles, 12000, role in cx: roles(cx) => {
    rolname "name" = role.name,
    rolsuper "bool" = role.superuser,
    rolinherit "bool" = true,
    rolcreaterole "bool" = role.superuser,
    rolcreatedb "bool" = role.superuser,
    rolcanlogin "bool" = role.login,
    rolreplication "bool" = role.superuser,
    rolconnlimit "int4" = -1_i32,
    rolpassword "text" = "********",
    rolvaliduntil "timestamptz" = NULL,
    rolbypassrls "bool" = role.superuser,
    rolconfig "text[]" = NULL,
    oid "oid" = role.oid,
});

virtual_table!(PG_USER = pg_catalog.pg_user, 12014, role in cx: roles(cx).into_iter().filter(|role| role.login) => {
    usename "name" = role.name,
    usesysid "oid" = role.oid,
    usecreatedb "bool" = role.superuser,
    usesuper "bool" = role.superuser,
    userepl "bool" = role.superuser,
    usebypassrls "bool" = role.superuser,
    passwd "text" = "********",
    valuntil "timestamptz" = NULL,
    useconfig "text[]" = NULL,
});

virtual_table!(PG_SHADOW = pg_catalog.pg_shadow, 12005, role in cx: roles(cx).into_iter().filter(|role| role.login) => {
    usename "name" = role.name,
    usesysid "oid" = role.oid,
    usecreatedb "bool" = role.superuser,
    usesuper "bool" = role.superuser,
    userepl "bool" = role.superuser,
    usebypassrls "bool" = role.superuser,
    passwd "text" = NULL,
    valuntil "timestamptz" = NULL,
    useconfig "text[]" = NULL,
});

virtual_table!(PG_GROUP = pg_catalog.pg_group, 12010, role in cx: roles(cx).into_iter().filter(|role| !role.login) => {
    groname "name" = role.name,
    grosysid "oid" = role.oid,
    grolist "oid[]" = super::super::table::array(stele_core::record::value::Type::Oid, Vec::<u32>::new()),
});

empty_table!(PG_AUTH_MEMBERS = pg_catalog.pg_auth_members, 1261 => {
    roleid "oid", member "oid", grantor "oid", admin_option "bool",
});

empty_table!(PG_DB_ROLE_SETTING = pg_catalog.pg_db_role_setting, 2964 => {
    setdatabase "oid", setrole "oid", setconfig "text[]",
});

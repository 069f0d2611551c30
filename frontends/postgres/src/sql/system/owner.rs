//! Roles: those the catalogue has, and the one that owns everything.

use stele_core::record::table::Role;

use crate::sql::virtual_table::SystemContext;

/// The role of a node on which nobody created one, and the owner of built-in objects.
const BOOTSTRAP_OID: u32 = 10;
const BOOTSTRAP_NAME: &str = "stele";

/// A role as the catalogue shows it.
pub(super) struct RoleInfo {
    /// `pg_authid.oid`.
    pub oid: u32,
    /// The name users see.
    pub name: String,
    /// May log in.
    pub login: bool,
    /// May do anything.
    pub superuser: bool,
}

impl From<&Role> for RoleInfo {
    fn from(role: &Role) -> RoleInfo {
        RoleInfo {
            oid: role.id.0,
            name: role.name.clone(),
            login: role.login,
            superuser: role.superuser,
        }
    }
}

/// Every role, with the bootstrap one even where the catalogue has no record of it.
pub(super) fn roles(cx: &SystemContext<'_>) -> Vec<RoleInfo> {
    let mut roles: Vec<RoleInfo> = cx
        .catalog
        .roles()
        .map(|role| RoleInfo::from(&**role))
        .collect();
    if cx.catalog.role(BOOTSTRAP_NAME).is_none() {
        let name = BOOTSTRAP_NAME.to_string();
        roles.push(RoleInfo {
            oid: BOOTSTRAP_OID,
            name,
            login: true,
            superuser: true,
        });
    }
    roles
}

/// The OID of the role that owns every object.
pub(super) fn owner(cx: &SystemContext<'_>) -> u32 {
    cx.catalog
        .role(BOOTSTRAP_NAME)
        .map_or(BOOTSTRAP_OID, |role| role.id.0)
}

/// The owner's name.
pub(super) fn owner_name() -> &'static str {
    BOOTSTRAP_NAME
}

/// The role of this OID.
pub(super) fn role_name(cx: &SystemContext<'_>, oid: u32) -> Option<String> {
    roles(cx)
        .into_iter()
        .find(|role| role.oid == oid)
        .map(|role| role.name)
}

/// The OID of the role of this name.
pub(super) fn role_oid(cx: &SystemContext<'_>, name: &str) -> Option<u32> {
    roles(cx)
        .into_iter()
        .find(|role| role.name == name)
        .map(|role| role.oid)
}

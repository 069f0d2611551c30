//! Roles: records of the catalogue, with a verifier in the place of a password.

use stele_core::record::CollectionId;
use stele_core::record::table::{Definition, Role};

use super::Session;
use crate::door::DEFAULT_USER;
use crate::error::SqlError;
use crate::sql::dml::refused;
use crate::sql::parse::{RoleOptions, RoleStatement};
use crate::wire::scram;

impl Session {
    /// CREATE, ALTER and DROP ROLE, inside the transaction at hand.
    pub(super) async fn change_roles(
        &mut self,
        statement: &RoleStatement,
    ) -> Result<&'static str, SqlError> {
        self.txn().lock_schema().await?;
        match statement {
            RoleStatement::Create { name, options } => {
                if self.catalog()?.role(name).is_some() || name == DEFAULT_USER {
                    return Err(SqlError::new(
                        "42710",
                        format!("role \"{name}\" already exists"),
                    ));
                }
                let id = self.db.engine().new_id().await?;
                let role = Role {
                    id,
                    name: name.clone(),
                    login: false,
                    superuser: false,
                    verifier: None,
                };
                self.define_role(role, options).await?;
                Ok("CREATE ROLE")
            }
            RoleStatement::Alter { name, options } => {
                let found = self.catalog()?.role(name).map(|role| Role::clone(role));
                let role = match found {
                    Some(role) => role,
                    // The default user has no record until it is changed.
                    None if name == DEFAULT_USER => Role {
                        id: self.db.engine().new_id().await?,
                        name: name.clone(),
                        login: true,
                        superuser: true,
                        verifier: None,
                    },
                    None => return Err(missing(name)),
                };
                self.define_role(role, options).await?;
                Ok("ALTER ROLE")
            }
            RoleStatement::Drop { names, if_exists } => {
                for name in names {
                    self.drop_role(name, *if_exists).await?;
                }
                Ok("DROP ROLE")
            }
        }
    }

    async fn define_role(&mut self, mut role: Role, options: &RoleOptions) -> Result<(), SqlError> {
        role.login = options.login.unwrap_or(role.login);
        role.superuser = options.superuser.unwrap_or(role.superuser);
        if let Some(password) = &options.password {
            role.verifier = password.as_deref().map(scram::verifier);
        }
        let definition = Definition::Role(role);
        self.txn().define(&definition).await.map_err(refused)
    }

    async fn drop_role(&mut self, name: &str, if_exists: bool) -> Result<(), SqlError> {
        let found: Option<CollectionId> = self.catalog()?.role(name).map(|role| role.id);
        match found {
            _ if name == DEFAULT_USER || *name == *self.user => {
                Err(SqlError::new("55006", "current user cannot be dropped"))
            }
            Some(id) => self.txn().undefine(id).await.map_err(refused),
            None if if_exists => {
                self.notice("00000", format!("role \"{name}\" does not exist, skipping"));
                Ok(())
            }
            None => Err(missing(name)),
        }
    }
}

fn missing(name: &str) -> SqlError {
    SqlError::new("42704", format!("role \"{name}\" does not exist"))
}

//! CREATE, ALTER and DROP of roles and users.

use super::cursor::Cursor;
use crate::error::SqlError;
use sqlparser::tokenizer::Token;

/// A statement about roles.
#[derive(Clone, Debug)]
pub enum RoleStatement {
    /// CREATE ROLE / USER.
    Create {
        /// The role's name.
        name: String,
        /// What it may do.
        options: RoleOptions,
    },
    /// ALTER ROLE / USER.
    Alter {
        /// The role's name.
        name: String,
        /// What changes.
        options: RoleOptions,
    },
    /// DROP ROLE / USER.
    Drop {
        /// The roles' names.
        names: Vec<String>,
        /// Missing ones are no error.
        if_exists: bool,
    },
}

/// What a role statement says; `None` = nothing about it.
#[derive(Clone, Default)]
pub struct RoleOptions {
    /// May log in.
    pub login: Option<bool>,
    /// May do anything.
    pub superuser: Option<bool>,
    /// A password, or `Some(None)` for none at all.
    pub password: Option<Option<String>>,
}

impl std::fmt::Debug for RoleOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A password must not reach a log.
        f.debug_struct("RoleOptions")
            .field("login", &self.login)
            .field("superuser", &self.superuser)
            .finish_non_exhaustive()
    }
}

impl Cursor<'_> {
    /// The role statement here, if it is one.
    pub(super) fn role(&mut self) -> Result<Option<RoleStatement>, SqlError> {
        let verb = self.word();
        let noun = self.word_at(1);
        let is_verb = matches!(verb.as_str(), "create" | "alter" | "drop");
        if !is_verb
            || !matches!(noun.as_str(), "role" | "user" | "group")
            || self.word_at(2) == "mapping"
        {
            return Ok(None);
        }
        self.skip(2);
        if verb == "drop" {
            let if_exists = self.take_all(&["if", "exists"]);
            let mut names = vec![self.name()?];
            while self.take_token(&Token::Comma) {
                names.push(self.name()?);
            }
            return Ok(Some(RoleStatement::Drop { names, if_exists }));
        }
        let name = self.name()?;
        if self.word() == "set" || self.word() == "reset" || self.word() == "rename" {
            return Err(SqlError::unsupported(format!(
                "ALTER ROLE ... {} is not supported",
                self.word().to_uppercase()
            )));
        }
        let mut options = self.role_options()?;
        Ok(Some(match verb.as_str() {
            "create" => {
                options.login = options.login.or(Some(noun == "user"));
                RoleStatement::Create { name, options }
            }
            _ => RoleStatement::Alter { name, options },
        }))
    }

    fn role_options(&mut self) -> Result<RoleOptions, SqlError> {
        let mut options = RoleOptions::default();
        self.take("with");
        while self.token().is_some() {
            let option = self.name()?;
            match option.as_str() {
                "login" => options.login = Some(true),
                "nologin" => options.login = Some(false),
                "superuser" => options.superuser = Some(true),
                "nosuperuser" => options.superuser = Some(false),
                "encrypted" => {}
                "password" => {
                    options.password = Some(match self.take("null") {
                        true => None,
                        false => Some(self.string()?),
                    });
                }
                // The defaults: saying them changes nothing.
                "inherit" | "nocreatedb" | "nocreaterole" | "noreplication" | "nobypassrls" => {}
                _ => {
                    return Err(SqlError::unsupported(format!(
                        "role option \"{}\" is not supported",
                        option.to_uppercase()
                    )));
                }
            }
        }
        Ok(options)
    }
}

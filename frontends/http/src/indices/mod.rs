//! Indexes: a table and its search index, under one name.

pub mod create;
pub mod grow;
pub mod mapping;
pub mod properties;
pub mod resolve;
pub mod show;

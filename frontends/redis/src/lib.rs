//! The door that speaks Redis.

pub mod resp;

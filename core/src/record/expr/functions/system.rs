//! Placeholder.

use super::registry::Register;

pub(super) fn register(_register: &mut Register) {}

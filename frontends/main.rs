//! The composition root: reads the settings, opens the store, opens the doors, waits.

fn main() {}

//! Turns any stored row into a line of text.

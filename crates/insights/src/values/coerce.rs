//! Coercion between values.

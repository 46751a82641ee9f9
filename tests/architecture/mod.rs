//! What the sources and the dependencies must keep to: read from the files themselves.

mod imports;
mod supply_chain;

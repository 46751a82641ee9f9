//! Rules for sources, dependencies and pages, checked on the files themselves.

mod glossary;
mod imports;
mod supply_chain;
mod pages;

//! The usage plan and the customer of each API key.
//!
//! Owns the table, and its form as CSV. INVARIANT: a customer is a property of the key alone, and a plan of API, stage and key, as in API
//! Gateway. The table belongs to the operator: values are only looked up, never listed, so a report shows what belongs to its own rows.

use std::collections::HashMap;
use std::sync::Arc;

use super::csv::{self, Record};

/// The columns of the file.
const COLUMNS: [&str; 5] = ["apiId", "stage", "keyId", "planName", "customer"];
/// Lines of the file at most.
const MAX_LINES: usize = 1_000_000;
/// Errors of one file at most.
const MAX_ERRORS: usize = 20;

/// Plans and customers by API key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlanTable {
    /// By API, stage and key.
    plans: HashMap<String, Arc<str>>,
    /// By key.
    customers: HashMap<String, Arc<str>>,
}

/// A line of the file that is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct InvalidLine {
    /// From 1.
    pub line: usize,
    what: String,
}

impl PlanTable {
    /// The name of the usage plan.
    #[must_use]
    pub fn plan(&self, api: &str, stage: &str, key: &str) -> Option<&str> {
        self.plans.get(&joined(api, stage, key)).map(AsRef::as_ref)
    }

    /// The name of the customer.
    #[must_use]
    pub fn customer(&self, key: &str) -> Option<&str> {
        self.customers.get(key).map(AsRef::as_ref)
    }

    /// How many keys have a customer.
    #[must_use]
    pub fn customers(&self) -> usize {
        self.customers.len()
    }

    /// Sets the plan of a key. Returns the former plan if it is another one.
    pub fn set_plan(&mut self, (api, stage, key): (&str, &str, &str), plan: &Arc<str>) -> Option<Arc<str>> {
        self.plans.insert(joined(api, stage, key), Arc::clone(plan)).filter(|former| former != plan)
    }

    /// Sets the customer of a key. Returns the former customer if it is another one.
    pub fn set_customer(&mut self, key: &str, customer: &str) -> Option<Arc<str>> {
        self.customers.insert(key.to_owned(), customer.into()).filter(|former| **former != *customer)
    }

    /// Reads a file: a header with the columns `apiId`, `stage`, `keyId`, `planName` and `customer` in any order, then a line for each
    /// key and stage. `planName` or `customer` may be empty.
    ///
    /// # Errors
    /// The first errors, with their lines.
    pub fn from_csv(text: &str) -> Result<Self, Vec<InvalidLine>> {
        let mut records = csv::records(text.trim_start_matches('\u{feff}'));
        let invalid = |line: usize, what: String| InvalidLine { line, what };
        let header = match records.next() {
            Some(Ok(header)) => header,
            Some(Err(error)) => return Err(vec![invalid(error.line, error.to_string())]),
            None => return Err(vec![invalid(1, format!("the file is empty: write the header `{}`", COLUMNS.join(",")))]),
        };
        let order = order(&header).map_err(|what| vec![invalid(header.line, what)])?;
        let (mut table, mut errors) = (Self::default(), Vec::new());
        for (index, record) in records.enumerate() {
            let added = match record {
                _ if index >= MAX_LINES => Err(invalid(index + 2, format!("the file has more than {MAX_LINES} lines"))),
                Ok(record) => table.add(&record, &order).map_err(|what| invalid(record.line, what)),
                Err(error) => Err(invalid(error.line, error.to_string())),
            };
            errors.extend(added.err());
            if errors.len() >= MAX_ERRORS || index >= MAX_LINES {
                break;
            }
        }
        if errors.is_empty() { Ok(table) } else { Err(errors) }
    }

    fn add(&mut self, record: &Record, order: &[usize; 5]) -> Result<(), String> {
        if record.cells.len() != COLUMNS.len() {
            return Err(format!("has {} columns, and the header has {}", record.cells.len(), COLUMNS.len()));
        }
        let [api, stage, key, plan, customer] = order.map(|place| record.cells.get(place).map_or("", |cell| cell.trim()));
        if key.is_empty() {
            return Err("has no `keyId`".to_owned());
        }
        if !plan.is_empty() {
            if api.is_empty() || stage.is_empty() {
                return Err("has a `planName` without `apiId` and `stage`: a plan belongs to a stage of an API".to_owned());
            }
            if let Some(former) = self.set_plan((api, stage, key), &plan.into()) {
                return Err(format!("the key `{key}` has the plan `{former}` at this stage in an earlier line"));
            }
        }
        if !customer.is_empty()
            && let Some(former) = self.set_customer(key, customer)
        {
            return Err(format!("the key `{key}` has the customer `{former}` in an earlier line"));
        }
        Ok(())
    }
}

/// The place of each column.
fn order(header: &Record) -> Result<[usize; 5], String> {
    let names: Vec<&str> = header.cells.iter().map(|name| name.trim()).collect();
    if let Some(other) = names.iter().find(|name| !COLUMNS.contains(name)) {
        return Err(format!("the header has the unknown column `{other}`: write `{}`", COLUMNS.join(",")));
    }
    let mut order = [0; 5];
    for (place, column) in order.iter_mut().zip(COLUMNS) {
        let mut places = names.iter().enumerate().filter(|(_, name)| **name == column).map(|(place, _)| place);
        *place = places.next().ok_or_else(|| format!("the header lacks the column `{column}`"))?;
        if places.next().is_some() {
            return Err(format!("the header has the column `{column}` twice"));
        }
    }
    Ok(order)
}

/// None of the three contains a line break in API Gateway.
fn joined(api: &str, stage: &str, key: &str) -> String {
    format!("{api}\n{stage}\n{key}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> Vec<String> {
        PlanTable::from_csv(text).err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn plans_and_customers_are_found_by_key() {
        let table = PlanTable::from_csv(
            "\u{feff}keyId,customer,apiId,stage,planName\r\nk1,\"Ann, \"\"Inc\"\"\",a1,prod,Gold\r\nk1,\"Ann, \"\"Inc\"\"\",a1,test,Free\r\nk2,,a1,prod,Free\r\nk3,Bob,,,\r\n",
        )
        .unwrap();
        assert_eq!((table.plan("a1", "prod", "k1"), table.customer("k1")), (Some("Gold"), Some("Ann, \"Inc\"")));
        assert_eq!((table.plan("a1", "test", "k1"), table.plan("a2", "prod", "k1")), (Some("Free"), None));
        assert_eq!((table.plan("a1", "prod", "k2"), table.customer("k2")), (Some("Free"), None));
        assert_eq!((table.plan("", "", "k3"), table.customer("k3")), (None, Some("Bob")));
        assert_eq!((table.customer("K1"), table.customers()), (None, 2));
    }

    #[test]
    fn errors_name_their_lines() {
        let header = "apiId,stage,keyId,planName,customer\n";
        for (text, expected) in [
            ("", "line 1: the file is empty: write the header `apiId,stage,keyId,planName,customer`"),
            ("apiId,stage,keyId,planName\n", "line 1: the header lacks the column `customer`"),
            ("apiId,stage,keyId,planName,customer,customer\n", "line 1: the header has the column `customer` twice"),
            (
                "apiId,stage,key,planName,customer\n",
                "line 1: the header has the unknown column `key`: write `apiId,stage,keyId,planName,customer`",
            ),
        ] {
            assert_eq!(errors(text), [expected]);
        }
        for (lines, expected) in [
            ("a,prod,k1,Gold\n", "line 2: has 4 columns, and the header has 5"),
            ("a,prod,,Gold,Ann\n", "line 2: has no `keyId`"),
            (",,k1,Gold,Ann\n", "line 2: has a `planName` without `apiId` and `stage`: a plan belongs to a stage of an API"),
            ("a,p,k1,Gold,Ann\na,p,k1,Free,Ann\n", "line 3: the key `k1` has the plan `Gold` at this stage in an earlier line"),
            ("a,p,k1,Gold,Ann\na,q,k1,Gold,Bob\n", "line 3: the key `k1` has the customer `Ann` in an earlier line"),
            ("a,p,k1,\"Go\nld\",Ann\na,p,,Gold,\n", "line 4: has no `keyId`"),
            ("a,p,k1,\"Gold,Ann\n", "line 2: the quote is not closed"),
            ("a,p,k1,\"Gold\"x,Ann\n", "line 2: has text after a closing quote"),
        ] {
            assert_eq!(errors(&format!("{header}{lines}")), [expected]);
        }
        assert_eq!(errors(&format!("{header}{}", "x\n".repeat(100))).len(), MAX_ERRORS);
    }
}

//! Lookup tables: CSV files in the source's folder `lookup`.
//!
//! Maps names to files: `lookup/TENANT/NAME.csv` is a table of one tenant, `lookup/NAME.csv` a table of every tenant with a query
//! grant for the source; the tenant's own table has priority. INVARIANT: a name never leaves these two folders.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use logmark_engine::error::InputError;
use logmark_engine::input::Table;

use crate::domain::name::TenantId;

/// CloudWatch's limit for the file of a table (10 MiB).
pub(super) const MAX_BYTES: u64 = 10 * 1024 * 1024;

/// The tables of one tenant.
#[derive(Debug)]
pub(super) struct TableFolder {
    shared: PathBuf,
    own: Option<PathBuf>,
}

impl TableFolder {
    pub(super) fn new(folder: PathBuf, tenant: &TenantId) -> Self {
        // A tenant's id may be `..`.
        let own = (!tenant.as_str().starts_with('.')).then(|| folder.join(tenant.as_str()));
        Self { shared: folder, own }
    }

    /// The table of this name; `None` if no such file exists.
    ///
    /// # Errors If its file cannot be read, or is not a table.
    pub(super) fn read(&self, name: &str) -> Result<Option<Table>, InputError> {
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if !is_name {
            return Ok(None);
        }
        for folder in self.own.iter().chain([&self.shared]) {
            if let Some(text) = read_file(&folder.join(format!("{name}.csv")))? {
                return table(name, &text).map(Some);
            }
        }
        Ok(None)
    }
}

pub(super) fn read_file(path: &Path) -> Result<Option<String>, InputError> {
    let failed = |error: std::io::Error| InputError::Failed(Box::new(error));
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(failed(std::io::Error::new(ErrorKind::FileTooLarge, "a lookup table is larger than 10 MiB")));
    }
    String::from_utf8(bytes).map(Some).map_err(|error| InputError::Failed(Box::new(error)))
}

pub(super) fn table(name: &str, text: &str) -> Result<Table, InputError> {
    let mut records = records(text.strip_prefix('\u{feff}').unwrap_or(text)).into_iter();
    let columns = records.next().unwrap_or_default();
    let width = columns.len();
    let rows: Vec<Vec<String>> = records.collect();
    if let Some(index) = rows.iter().position(|row| row.len() != width) {
        let text = format!("record {} of the lookup table `{name}` has another number of columns than its header", index + 2);
        return Err(InputError::Failed(text.into()));
    }
    Ok(Table { columns, rows })
}

/// The records of a CSV text (RFC 4180). Empty lines are skipped.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut records = Vec::new();
    let (mut record, mut cell, mut is_quoted, mut was_quoted) = (Vec::new(), String::new(), false, false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' if is_quoted => is_quoted = false,
            '"' if cell.is_empty() && !was_quoted => (is_quoted, was_quoted) = (true, true),
            ',' if !is_quoted => {
                record.push(std::mem::take(&mut cell));
                was_quoted = false;
            }
            '\r' if !is_quoted && characters.peek().is_none_or(|next| *next == '\n') => {}
            '\n' if !is_quoted => {
                if !(record.is_empty() && cell.is_empty() && !was_quoted) {
                    record.push(std::mem::take(&mut cell));
                    records.push(std::mem::take(&mut record));
                }
                was_quoted = false;
            }
            character => cell.push(character),
        }
    }
    if !(record.is_empty() && cell.is_empty() && !was_quoted) {
        record.push(cell);
        records.push(record);
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_as_rfc_4180_writes_them() {
        let text = "id,name\r\n1,\"a, \"\"b\"\"\"\r\n\r\n2,\"two\nlines\"\n3,\n\"\",x";
        assert_eq!(
            records(text),
            [vec!["id", "name"], vec!["1", "a, \"b\""], vec!["2", "two\nlines"], vec!["3", ""], vec!["", "x"]]
        );
        assert!(records("").is_empty());
    }

    #[test]
    fn a_tenants_own_table_comes_first_and_no_name_leads_out_of_the_folder() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("lookup");
        std::fs::create_dir_all(folder.join("acme")).unwrap();
        std::fs::create_dir_all(folder.join("globex")).unwrap();
        std::fs::write(root.path().join("secret.csv"), "k\nsecret").unwrap();
        std::fs::write(folder.join("users.csv"), "k\nshared").unwrap();
        std::fs::write(folder.join("acme/users.csv"), "k\nown").unwrap();
        std::fs::write(folder.join("globex/plans.csv"), "k\nglobex").unwrap();
        std::fs::write(folder.join("bad.csv"), "a,b\n1").unwrap();
        let tables = |tenant: &str| TableFolder::new(folder.clone(), &TenantId::try_from(tenant).unwrap());
        let first = |tenant: &str, name: &str| tables(tenant).read(name).unwrap().map(|table| table.rows[0][0].clone());
        assert_eq!(first("acme", "users").as_deref(), Some("own"));
        assert_eq!(first("globex", "users").as_deref(), Some("shared"));
        for (tenant, name) in [("acme", "plans"), ("acme", "../secret"), ("acme", "globex/plans"), ("acme", ""), ("..", "secret")]
        {
            assert_eq!(first(tenant, name), None, "{tenant} {name}");
        }
        assert!(tables("acme").read("bad").is_err());
    }
}

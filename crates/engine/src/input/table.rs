//! Lookup tables.

use std::fmt;

/// A lookup table: the header of its CSV file, and its rows.
///
/// The cells lie behind each other in one text: a table of many short cells takes little more than its file.
///
/// ```
/// use logmark_engine::input::Table;
///
/// let mut table = Table::new(["id", "name"].map(String::from));
/// table.push(["7", "Ann"])?;
/// assert!(table.push(["8"]).is_err());
/// assert_eq!((table.rows(), table.cell(0, 1), table.cell(1, 0)), (1, Some("Ann"), None));
/// # Ok::<(), logmark_engine::input::RowError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    columns: Vec<String>,
    text: String,
    /// The end of each cell in the text, row after row.
    ends: Vec<u32>,
}

/// A row that the table cannot have: it has another number of cells than the table has columns, or the table has 4 GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowError;

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row has another number of cells than the table has columns, or the table is too large")
    }
}

impl std::error::Error for RowError {}

impl Table {
    /// A table of these columns, without rows.
    pub fn new(columns: impl IntoIterator<Item = String>) -> Self {
        Self { columns: columns.into_iter().collect(), text: String::new(), ends: Vec::new() }
    }

    /// Appends a row.
    ///
    /// # Errors
    /// When the number of cells differs from the number of columns. The table is unchanged then.
    pub fn push<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) -> Result<(), RowError> {
        let before = (self.text.len(), self.ends.len());
        let mut is_short = true;
        for cell in cells {
            self.text.push_str(cell.as_ref());
            let end = u32::try_from(self.text.len());
            is_short &= end.is_ok();
            self.ends.push(end.unwrap_or(u32::MAX));
        }
        if is_short && self.ends.len() - before.1 == self.columns.len() && !self.columns.is_empty() {
            return Ok(());
        }
        self.text.truncate(before.0);
        self.ends.truncate(before.1);
        Err(RowError)
    }

    /// Releases the memory for further rows.
    pub fn shrink_to_fit(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    /// The names of the columns.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.ends.len().checked_div(self.columns.len()).unwrap_or_default()
    }

    /// A cell; `None` beyond the last row or column.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> Option<&str> {
        let index = row * self.columns.len() + column;
        let end = self.ends.get(index).filter(|_| column < self.columns.len())?;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        self.text.get(start as usize..*end as usize)
    }

    /// The bytes that the table takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let names: usize = self.columns.iter().map(|name| size_of::<String>() + name.capacity()).sum();
        size_of::<Self>() + names + self.text.capacity() + self.ends.capacity() * size_of::<u32>()
    }
}

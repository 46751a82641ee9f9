//! The columns of a plan's result: how commands name, list and replace them.

use logmark_insights::ast::{Column as ColumnTree, Expression};

use super::{Builder, Column, Rows, Shown};
use crate::plan::written;
use crate::row::{Access, Slot, System};

impl Builder<'_> {
    /// Defines a computed column `(expression, alias)` by its alias or its text; returns its slot.
    pub(crate) fn define_column(&mut self, column: &ColumnTree) -> (String, Slot) {
        let slot = self.slot();
        let (name, printed) = self.column_name(column);
        self.scope.define(name.clone(), slot, printed);
        (name, slot)
    }

    /// The name of a column, and its printed text if that is the name.
    pub(crate) fn column_name(&self, column: &ColumnTree) -> (String, Option<String>) {
        match (&column.alias, &column.expression.node) {
            (Some(alias), _) => (alias.node.flat_name(), None),
            (None, Expression::Field(path)) => (path.flat_name(), None),
            (None, expression) => {
                let printed = expression.to_string();
                let name = written(self.options.text, column.expression.span).map_or_else(|| printed.clone(), str::to_owned);
                (name, Some(printed))
            }
        }
    }

    /// Adds a column to the result, unless `display` has fixed the columns; a column of the same name is replaced at its
    /// position.
    pub fn show(&mut self, name: impl Into<String>, access: Access) {
        if self.shown != Shown::Fixed {
            self.show_always(name.into(), access);
        }
    }

    /// Defines a name for a new slot, and adds it to the result. A column of this name now has the values of the new slot, also
    /// when `display` has fixed the columns.
    pub(crate) fn define_shown(&mut self, name: &str) -> Slot {
        let slot = self.define(name);
        self.show(name, Access::Slot(slot));
        self.replace_shown(name, Access::Slot(slot));
        slot
    }

    /// A command has changed the values of a column: the result uses the new ones.
    pub(crate) fn replace_shown(&mut self, name: &str, access: Access) {
        let columns = self.columns.iter_mut().chain(&mut self.defaults);
        columns.filter(|column| column.name == name).for_each(|column| column.access = access.clone());
    }

    fn show_always(&mut self, name: String, access: Access) {
        match self.columns.iter_mut().find(|column| column.name == name) {
            Some(column) => column.access = access,
            None => self.columns.push(Column { name, access }),
        }
    }

    /// `fields`: from now on the query lists the columns.
    pub(crate) fn list_columns(&mut self) {
        if self.shown == Shown::Default {
            self.shown = Shown::Listed;
        }
    }

    /// `display`: sets the columns.
    pub(crate) fn fix_columns(&mut self, columns: Vec<Column>) {
        self.columns.clear();
        for column in columns {
            self.show_always(column.name, column.access);
        }
        self.shown = Shown::Fixed;
    }

    /// The columns of the result if the query ended here.
    pub fn columns(&mut self) -> Vec<Column> {
        let mut columns = Vec::new();
        match (self.shown, self.rows) {
            (Shown::Default, Rows::Computed) => columns.extend_from_slice(&self.defaults),
            (Shown::Default, Rows::Events | Rows::Detached) => {
                for system in [System::Timestamp, System::Message] {
                    columns.push(Column { name: system.name().to_owned(), access: self.system_access(system) });
                }
            }
            (Shown::Listed | Shown::Fixed, _) => {}
        }
        for column in self.columns.clone() {
            let access = match column.access {
                Access::Event(system) => self.system_access(system),
                access => access,
            };
            let column = Column { name: column.name, access };
            match columns.iter_mut().find(|known| known.name == column.name) {
                Some(known) => *known = column,
                None => columns.push(column),
            }
        }
        columns
    }
}

//! The state of a plan during compilation: the meaning of names, the places of values, the operators.

mod columns;

use std::sync::Arc;

use logmark_diagnostics::{Diagnostic, Kind, Span, Spanned};
use logmark_insights::ast::{Command, Expression, FieldPath, Query, Selector};

use super::join::Right;
use super::scope::{Found, Scope};
use super::steps::{Detach, Keep, Load, Matched};
use super::{MOST_ROWS, Plan, PlanOptions, Subquery};
use crate::commands;
use crate::expression::{self, Compiled, Fields};
use crate::input::{Groups, Order, Scan, Wanted};
use crate::operator::Operator;
use crate::row::{Access, Slot, System};
use crate::values::call::QueryTimes;

/// A column of the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The access to its value.
    pub access: Access,
}

/// The kind of rows that the next operator receives: see [`super`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rows {
    Events,
    Detached,
    Computed,
}

/// What the query says about the columns of its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// Nothing: events show `@timestamp` and `@message`, computed rows the columns of their command.
    Default,
    /// `fields` lists them; later commands add theirs.
    Listed,
    /// `display` lists them, and no other command adds any.
    Fixed,
}

/// A plan during compilation.
#[derive(Debug)]
pub struct Builder<'q> {
    options: PlanOptions<'q>,
    is_inner: bool,
    groups: Groups,
    steps: Vec<Box<dyn Operator>>,
    subqueries: Vec<(Arc<Subquery>, Plan)>,
    pub(super) joins: Vec<Right<'q>>,
    scope: Scope,
    /// The columns of computed rows, which are shown by default.
    defaults: Vec<Column>,
    /// The columns that commands list or add.
    columns: Vec<Column>,
    shown: Shown,
    rows: Rows,
    /// The next free slot.
    pub(super) width: usize,
    wanted: Wanted,
    is_loaded: bool,
    load: Load,
    keep: Keep,
    detached: Vec<(System, Slot)>,
}

impl<'q> Builder<'q> {
    pub(super) fn new(options: PlanOptions<'q>) -> Self {
        Self {
            options,
            is_inner: false,
            groups: Groups::OfQuery,
            steps: Vec::new(),
            subqueries: Vec::new(),
            joins: Vec::new(),
            scope: Scope::default(),
            defaults: Vec::new(),
            columns: Vec::new(),
            shown: Shown::Default,
            rows: Rows::Events,
            width: 0,
            wanted: Wanted::default(),
            is_loaded: false,
            load: Load::default(),
            keep: Keep::default(),
            detached: Vec::new(),
        }
    }

    /// The query's options.
    #[must_use]
    pub const fn options(&self) -> &PlanOptions<'q> {
        &self.options
    }

    /// Whether the query is inside another one.
    pub(crate) const fn is_inner(&self) -> bool {
        self.is_inner
    }

    /// Adds the operator of a command.
    pub fn add(&mut self, operator: impl Operator + 'static) {
        self.steps.push(Box::new(operator));
    }

    /// Counts the events that match the query at this point.
    pub(crate) fn count_matches(&mut self) {
        self.add(Matched);
    }

    /// Whether the rows are still events, so that each has `@timestamp`, `@ptr` and the other system fields.
    #[must_use]
    pub fn has_events(&self) -> bool {
        self.rows != Rows::Computed
    }

    /// Compiles an expression of one row.
    ///
    /// # Errors
    /// The parts that cannot be computed, with their positions.
    pub fn expression(&mut self, expression: &Spanned<Expression>) -> Result<Compiled, Diagnostic> {
        expression::compile(expression, self)
    }

    /// The access to a field.
    pub fn access(&mut self, path: &FieldPath) -> Access {
        if let Some(access) = self.of_side(path) {
            return access;
        }
        match self.scope.find(path) {
            Found::Whole(slot) => Access::Slot(slot),
            Found::Part(slot, steps) => {
                let field = if self.has_events() { Some(self.discovered(path)) } else { None };
                Access::Path(slot, steps, field)
            }
            Found::Nothing => match System::find(path.head.as_str()).filter(|_| path.rest.is_empty()) {
                Some(system) => self.system_access(system),
                None if self.has_events() => Access::Slot(self.discovered(path)),
                None => Access::Missing,
            },
        }
    }

    /// The access to a system field, even if the query has redefined its name; for computed rows, the column of this name.
    pub fn system_access(&mut self, system: System) -> Access {
        match self.rows {
            Rows::Events => Access::Event(system),
            Rows::Detached => {
                if let Some((_, slot)) = self.detached.iter().find(|(known, _)| *known == system) {
                    return Access::Slot(*slot);
                }
                let slot = self.slot();
                self.detached.push((system, slot));
                Access::Slot(slot)
            }
            Rows::Computed => self.scope.named(system.name()).map_or(Access::Missing, Access::Slot),
        }
    }

    /// The slot of a discovered field, which is loaded before the next operator if needed.
    fn discovered(&mut self, path: &FieldPath) -> Slot {
        if !self.is_loaded {
            self.is_loaded = true;
            self.steps.push(self.load.fork());
        }
        let width = &mut self.width;
        self.wanted.add(&path.flat_name(), || take_slot(width))
    }

    /// A new slot without a name.
    pub fn slot(&mut self) -> Slot {
        take_slot(&mut self.width)
    }

    /// Defines a name for a new slot, for later commands.
    pub fn define(&mut self, name: impl Into<String>) -> Slot {
        let slot = self.slot();
        self.scope.define(name.into(), slot, None);
        slot
    }

    /// For an operator that keeps rows: how to store one. Expressions compiled before this call may use the event of a pushed
    /// row; expressions compiled after it may use stored rows.
    pub fn keep_rows(&mut self) -> Keep {
        if self.rows != Rows::Events {
            return Keep::default();
        }
        if !self.is_loaded {
            // Later commands may use discovered fields.
            self.is_loaded = true;
            self.steps.push(self.load.fork());
        }
        self.rows = Rows::Detached;
        self.keep.clone()
    }

    /// From here on rows have no event: the fields of the event that later commands use are copied into every row. Operators that
    /// keep few of their rows use [`Builder::keep_rows`] instead.
    pub fn detach(&mut self) {
        if self.rows == Rows::Events {
            let keep = self.keep_rows();
            self.add(Detach { keep });
        }
    }

    /// From here on the rows are new, with these columns: a name, and for a column without an alias its printed text. Call it
    /// after the compilation of all that the command reads, and before [`Builder::add`].
    pub fn begin_rows(&mut self, columns: impl IntoIterator<Item = (String, Option<String>)>) -> Vec<Slot> {
        if self.rows == Rows::Events && !self.is_loaded {
            self.is_loaded = true;
        }
        self.rows = Rows::Computed;
        self.joins.iter_mut().for_each(|join| join.is_open = false);
        self.scope = Scope::default();
        self.defaults.clear();
        self.columns.clear();
        self.shown = Shown::Default;
        self.width = 0;
        let define = |(name, printed): (String, Option<String>)| {
            let slot = take_slot(&mut self.width);
            self.scope.define(name.clone(), slot, printed);
            match self.defaults.iter_mut().find(|column| column.name == name) {
                Some(column) => column.access = Access::Slot(slot),
                None => self.defaults.push(Column { name, access: Access::Slot(slot) }),
            }
            slot
        };
        columns.into_iter().map(define).collect()
    }

    /// Compiles an inner query. Its rows are read before the first row of this one; more than the limit are an error.
    ///
    /// # Errors
    /// Its unsupported parts.
    pub fn inner_query(&mut self, query: &Query, max_rows: usize) -> Result<Arc<Subquery>, Diagnostic> {
        let plan = self.inner(query, max_rows)?.build();
        let subquery = Arc::new(Subquery::new(plan.columns().map(str::to_owned).collect()));
        self.subqueries.push((Arc::clone(&subquery), plan));
        Ok(subquery)
    }

    /// The builder of an inner query, after compiling all its commands.
    pub(super) fn inner(&self, query: &Query, max_rows: usize) -> Result<Self, Diagnostic> {
        let mut inner = Builder::new(PlanOptions { max_rows, ..self.options });
        inner.is_inner = true;
        match commands::compile_all(query, &mut inner).into_iter().next() {
            Some(first) => Err(first),
            None => Ok(inner),
        }
    }

    /// Drops the steps so far: the next command reads the events themselves.
    pub(crate) fn drop_steps(&mut self) {
        self.steps.clear();
        self.subqueries.clear();
        self.joins.clear();
        self.rows = Rows::Events;
    }

    /// `SOURCE` of an inner query: the groups that it names.
    pub(crate) fn read_groups(&mut self, selectors: &[Spanned<Selector>]) -> Result<(), Diagnostic> {
        let name = |selector: &Spanned<Selector>| match &selector.node {
            Selector::Group(name) => Ok(name.as_str().to_owned()),
            Selector::LogGroups(_) | Selector::Tags(_) | Selector::DataSources(_) => {
                let fault = Diagnostic::new(Kind::Unsupported, selector.span, "the name of a log group", "another selection");
                Err(fault.hint("name each log group: SOURCE 'group'"))
            }
        };
        self.groups = Groups::Named(selectors.iter().map(name).collect::<Result<_, _>>()?);
        Ok(())
    }

    /// Sets the columns of the result.
    pub(super) fn set_columns(&mut self, columns: Vec<Column>) {
        self.columns = columns;
        self.shown = Shown::Fixed;
    }

    pub(super) fn build(mut self) -> Plan {
        let columns = self.columns();
        let pointer = self.has_events().then(|| self.system_access(System::Pointer));
        let width = self.wanted.iter().map(|(_, slot)| slot.index() + 1).max().unwrap_or_default();
        let wanted = Arc::new(std::mem::take(&mut self.wanted));
        // INVARIANT: a plan is built once.
        let _first = (
            self.load.width.set(width),
            self.load.wanted.set(Arc::clone(&wanted)),
            self.keep.systems.set(std::mem::take(&mut self.detached)),
        );
        let QueryTimes { start, end, .. } = self.options.times;
        let joins = std::mem::take(&mut self.joins).into_iter().map(Right::build);
        self.subqueries.extend(joins);
        Plan {
            scan: Scan { order: Order::NewestFirst, groups: self.groups, start, end, wanted },
            steps: self.steps,
            subqueries: self.subqueries,
            columns,
            pointer,
            times: self.options.times,
            max_rows: self.options.max_rows,
        }
    }
}

pub(super) fn take_slot(width: &mut usize) -> Slot {
    let slot = Slot(*width);
    *width += 1;
    slot
}

impl Fields for Builder<'_> {
    fn field(&mut self, path: &FieldPath) -> Access {
        self.access(path)
    }

    fn system(&mut self, system: System) -> Access {
        self.system_access(system)
    }

    fn computed(&mut self, expression: &Expression, _span: Span) -> Result<Option<Access>, Diagnostic> {
        let is_text = self.rows == Rows::Computed && !matches!(expression, Expression::Field(_));
        Ok(if is_text { self.scope.computed(expression).map(Access::Slot) } else { None })
    }

    fn subquery(&mut self, query: &Query, span: Span) -> Result<Arc<Subquery>, Diagnostic> {
        let subquery = self.inner_query(query, MOST_ROWS)?;
        match subquery.columns().len() {
            1 => Ok(subquery),
            count => {
                let fault = Diagnostic::new(Kind::Arity, span, "a query with one column", format!("{count} columns"));
                Err(fault.hint("end the inner query with the one field: (SOURCE 'group' | fields id)"))
            }
        }
    }

    fn times(&self) -> QueryTimes {
        self.options.times
    }
}

/// Whether a command keeps the number and the order of rows.
pub(crate) fn keeps_rows(command: &Command) -> bool {
    use logmark_insights::ast::{Matches, ParseFormat};
    match command {
        Command::Fields(_) | Command::Display(_) | Command::Json(_) => true,
        Command::Parse(parse) => !matches!(&parse.format, ParseFormat::Regex { matches: Matches::All, .. }),
        _ => false,
    }
}

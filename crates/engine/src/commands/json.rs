//! `json field=f "k.sub" as a`, page CWL_QuerySyntax-Parse: the value at a path in a text of JSON.

use logmark_diagnostics::{Diagnostic, Kind};
use logmark_insights::ast::Json as JsonTree;

use super::parse::input;
use crate::error::QueryError;
use crate::operator::{Flow, Next, Operator};
use crate::plan::Builder;
use crate::row::{Access, Row, Slot};
use crate::values::json_path;
use crate::values::value::Value;

pub(super) fn compile(json: &JsonTree, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let input = input(json.input.as_ref(), builder);
    let Some(path) = json_path::parts(json.path.node.as_str()) else {
        let fault =
            Diagnostic::new(Kind::Value, json.path.span, "a path such as \"user.name\" or \"items[0].id\"", "another text");
        return Err(fault);
    };
    let name = json.alias.node.flat_name();
    let slot = builder.define(name.as_str());
    builder.show(name, Access::Slot(slot));
    builder.add(Json { input, path, slot });
    Ok(())
}

#[derive(Debug, Clone)]
struct Json {
    input: Access,
    path: Vec<String>,
    slot: Slot,
}

impl Operator for Json {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        let path = self.path.iter().map(String::as_str);
        let value = row.text(&self.input).map_or(Value::Missing, |text| json_path::extract(&text, path));
        row.set(self.slot, value);
        next.push(row)
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

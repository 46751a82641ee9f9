//! The table of operations for the matrix. A new operation of the API is one more row.
//!
//! Owns the requests, their groups, and the parsing of answers. The rules for answers are in `oracle`; the operations of queries
//! are in `query_operations`.

use super::environment::TestEnvironment;
use super::query_operations::{self, Handles, QUERY_OPERATIONS};
use crate::contract::subject::{Event, Subject, group_path, segment, stream_path};
use crate::world::client::Answer;
use crate::world::fake_cloudwatch::Fake;

/// The data of one request of the matrix, used by no other request.
#[derive(Debug, Clone)]
pub struct Cell {
    number: usize,
    /// The handles of its query, for operations that need one.
    pub handles: Handles,
}

/// Events, and names of a list, that take several calls in every operation that can take several.
const EVENTS: [(&str, i64); 2] = [("web", 45), ("worker", 25)];
const NAMES: usize = 70;
/// Events of an upstream page.
pub const PAGE_EVENTS: usize = 16;

impl Cell {
    /// Fills the cell's groups and starts its query, if the operation needs one, before any fault.
    pub async fn of(operation: &Operation, number: usize, environment: &TestEnvironment) -> Self {
        let mut cell = Self::fill(number, &environment.fake);
        cell.handles = query_operations::prepare(operation.form, &cell, environment).await;
        cell
    }

    fn fill(number: usize, fake: &Fake) -> Self {
        let (cell, begin) = (Self { number, handles: Handles::default() }, Subject::begin());
        let mut state = fake.state();
        query_operations::fill(&cell, &mut state.queries);
        for (stream, count) in EVENTS {
            for number in 0..count {
                state.logs.put(&cell.group("api"), stream, begin + number / 4, &format!("{stream} {number:03}"));
            }
        }
        for name in names() {
            state.logs.add_stream(&cell.group("many"), &name);
            state.logs.add_stream(&cell.group(&name), "some");
        }
        cell
    }

    /// A text in every call of the cell's request, and in no other call.
    pub fn mark(&self) -> String {
        format!("\"{}", self.group(""))
    }

    /// The number of queries on the cell's groups, and the number of these that run.
    pub fn queries(&self, fake: &Fake) -> (usize, usize) {
        fake.state().queries.of(&self.group(""))
    }

    /// The name of one of the cell's groups.
    pub fn group(&self, name: &str) -> String {
        format!("/f/c{}/{name}", self.number)
    }

    fn stream_path(&self) -> String {
        stream_path(&self.group("api"), "web")
    }

    fn group_path(&self) -> String {
        group_path(&self.group("api"))
    }

    fn events(&self, fake: &Fake, stream: &str, form: Form) -> Vec<String> {
        let all = fake.state().logs.all(&self.group("api")).into_iter().filter(|event| event.stream.starts_with(stream));
        all.map(|event| shown(&Event::new(event.timestamp, &event.stream, &event.message), form)).collect()
    }
}

fn names() -> impl Iterator<Item = String> {
    (0..NAMES).map(|number| format!("n{number:03}"))
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A JSON page of events, continued with `nextCursor`.
    Head,
    /// A JSON page of events, continued with `previousCursor`.
    Tail,
    /// A stream of JSON lines.
    Ndjson,
    /// A stream of CSV.
    Csv,
    /// A stream of messages.
    Text,
    /// A JSON page of a list, with the member that has the items.
    List(&'static str),
    /// A single object with a name.
    One,
    /// A query started by a POST.
    Started {
        /// Whether the POST waits for the rows.
        waits: bool,
    },
    /// A query with its rows.
    Rows,
    /// The rows as JSON lines.
    RowsNdjson,
    /// The rows as CSV.
    RowsCsv,
    /// A record of a query row.
    Record,
    /// A query stopped by a DELETE.
    Stopped,
}

/// One operation in one format.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// The name in failure reports.
    pub name: &'static str,
    /// The form of its answer.
    pub form: Form,
    /// The target of its request.
    pub target: fn(&Cell) -> String,
    /// The items of a complete answer.
    pub model: fn(&Cell, &Fake) -> Vec<String>,
}

/// All operations.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().chain(QUERY_OPERATIONS)
}

const OPERATIONS: &[Operation] = &[
    Operation {
        name: "readStream from the head",
        form: Form::Head,
        target: |cell| format!("{}?from=head&limit=1000", cell.stream_path()),
        model: |cell, fake| cell.events(fake, "web", Form::Head),
    },
    Operation {
        name: "readStream from the tail",
        form: Form::Tail,
        target: |cell| format!("{}?from=tail&limit=1000", cell.stream_path()),
        model: |cell, fake| cell.events(fake, "web", Form::Tail),
    },
    Operation {
        name: "readStream with a filter",
        form: Form::Head,
        target: |cell| format!("{}?from=head&limit=1000&filter=web", cell.stream_path()),
        model: |cell, fake| cell.events(fake, "web", Form::Head),
    },
    Operation {
        name: "readStream as NDJSON",
        form: Form::Ndjson,
        target: |cell| format!("{}?start=-3h&format=ndjson", cell.stream_path()),
        model: |cell, fake| cell.events(fake, "web", Form::Ndjson),
    },
    Operation {
        name: "readStream as CSV",
        form: Form::Csv,
        target: |cell| format!("{}?start=-3h&format=csv", cell.stream_path()),
        model: |cell, fake| cell.events(fake, "web", Form::Csv),
    },
    Operation {
        name: "readStream as text",
        form: Form::Text,
        target: |cell| format!("{}?start=-3h&format=text", cell.stream_path()),
        model: |cell, fake| cell.events(fake, "web", Form::Text),
    },
    Operation {
        name: "readStream, its last events as CSV",
        form: Form::Csv,
        target: |cell| format!("{}?from=tail&limit=1000&format=csv", cell.stream_path()),
        model: |cell, fake| cell.events(fake, "web", Form::Csv),
    },
    Operation {
        name: "readGroup from the head",
        form: Form::Head,
        target: |cell| format!("{}?from=head&limit=1000", cell.group_path()),
        model: |cell, fake| cell.events(fake, "", Form::Head),
    },
    Operation {
        name: "readGroup from the tail",
        form: Form::Tail,
        target: |cell| format!("{}?from=tail&limit=1000", cell.group_path()),
        model: |cell, fake| cell.events(fake, "", Form::Tail),
    },
    Operation {
        name: "readGroup with a filter from the tail",
        form: Form::Tail,
        target: |cell| format!("{}?from=tail&limit=1000&filter=worker", cell.group_path()),
        model: |cell, fake| cell.events(fake, "worker", Form::Tail),
    },
    Operation {
        name: "readGroup as NDJSON",
        form: Form::Ndjson,
        target: |cell| format!("{}?start=-3h&format=ndjson", cell.group_path()),
        model: |cell, fake| cell.events(fake, "", Form::Ndjson),
    },
    Operation {
        name: "readGroup with a filter as CSV",
        form: Form::Csv,
        target: |cell| format!("{}?start=-3h&format=csv&filter=web", cell.group_path()),
        model: |cell, fake| cell.events(fake, "web", Form::Csv),
    },
    Operation {
        name: "readGroup as text",
        form: Form::Text,
        target: |cell| format!("{}?start=-3h&format=text", cell.group_path()),
        model: |cell, fake| cell.events(fake, "", Form::Text),
    },
    Operation {
        name: "listGroups",
        form: Form::List("groups"),
        target: |cell| format!("/groups?limit=1000&prefix={}", segment(&cell.group("n"))),
        model: |cell, _| names().map(|name| cell.group(&name)).collect(),
    },
    Operation {
        name: "describeGroup",
        form: Form::One,
        target: |cell| format!("/groups/{}", segment(&cell.group("api"))),
        model: |cell, _| vec![cell.group("api")],
    },
    Operation {
        name: "listStreams",
        form: Form::List("streams"),
        target: |cell| format!("/groups/{}/streams?limit=1000", segment(&cell.group("many"))),
        model: |_, _| names().collect(),
    },
    Operation {
        name: "listStreams by last event",
        form: Form::List("streams"),
        target: |cell| format!("/groups/{}/streams?limit=1000&orderBy=lastEvent&order=asc", segment(&cell.group("many"))),
        model: |_, _| names().collect(),
    },
];

/// An event in the representation of a form.
fn shown(event: &Event, form: Form) -> String {
    match form {
        Form::Text => event.message.clone(),
        _ => format!("{} {} {}", event.at, event.stream, event.message),
    }
}

impl Operation {
    /// Sends the request.
    pub async fn ask(&self, environment: &TestEnvironment, cell: &Cell) -> Answer {
        query_operations::ask(environment, self.form, cell, &(self.target)(cell)).await
    }

    /// Whether the operation waits for the end of a query.
    pub fn waits(&self) -> bool {
        matches!(self.form, Form::Started { waits: true } | Form::Rows | Form::RowsNdjson | Form::RowsCsv)
    }

    /// Whether this upstream error is a legitimate result of the operation and not a fault: a deleted resource, or a query that
    /// does not run.
    pub fn is_answered_by(&self, error: &str) -> bool {
        matches!(self.form, Form::Record | Form::Stopped) && error == "InvalidParameterException"
    }

    /// The items of an answer with status 200; of an incomplete stream, the complete items. The error names the first malformed
    /// item.
    pub fn items(&self, answer: &Answer) -> Result<Vec<String>, String> {
        let text = answer.text();
        let whole_lines = text.rfind('\n').map_or("", |end| &text[..=end]);
        if !answer.broken && whole_lines.len() < text.len() && matches!(self.form, Form::Ndjson | Form::Csv | Form::Text) {
            return Err("the last line has no end".to_owned());
        }
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).map_err(|error| format!("{error}: {text}"));
        let name = |item: &serde_json::Value| item["name"].as_str().map(str::to_owned).ok_or(format!("no name: {item}"));
        let list = |member: &str| {
            let page = json(&text)?;
            page[member].as_array().cloned().ok_or(format!("no {member}: {page}"))
        };
        match self.form {
            Form::Head | Form::Tail => Ok(list("events")?.iter().map(|event| shown(&Event::of(event), self.form)).collect()),
            Form::List(member) => list(member)?.iter().map(name).collect(),
            Form::One => Ok(vec![name(&json(&text)?)?]),
            Form::Text => Ok(whole_lines.lines().map(str::to_owned).collect()),
            Form::Ndjson => {
                let lines = whole_lines.lines().map(json).collect::<Result<Vec<_>, _>>()?;
                let events = lines.iter().filter(|line| line.get("error").is_none());
                Ok(events.map(|event| shown(&Event::of(event), self.form)).collect())
            }
            Form::Started { .. } | Form::Rows | Form::RowsNdjson | Form::RowsCsv | Form::Record | Form::Stopped => {
                query_operations::items(self.form, &text)
            }
            Form::Csv => whole_lines.lines().skip(1).map(|line| of_csv(line).ok_or(format!("no event: {line}"))).collect(),
        }
    }
}

fn of_csv(line: &str) -> Option<String> {
    let [timestamp, _, stream, _, message] = line.split(',').collect::<Vec<_>>().try_into().ok()?;
    let at: jiff::Timestamp = timestamp.parse().ok()?;
    Some(shown(&Event::new(at.as_millisecond(), stream, message), Form::Csv))
}

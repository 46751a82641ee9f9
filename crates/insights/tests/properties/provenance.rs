//! A value computed from a field counts as a use of the field, through any names.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use logmark_insights::ast::{FieldPath, Name, Query};
use logmark_insights::reach::{Reach, Referent, Use};
use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};

const FIELDS: [&str; 6] = ["e0", "e1", "e2.k", "e3", "e4", "e5"];

fn path(name: &str) -> FieldPath {
    let mut steps = name.split('.').map(|step| Name::new(step).unwrap());
    let head = steps.next().unwrap();
    FieldPath { head, rest: steps.map(logmark_insights::ast::Segment::Name).collect() }
}

/// A pipeline, and the sources of each of its names.
#[derive(Debug)]
struct Pipeline {
    text: String,
    names: BTreeMap<String, BTreeSet<&'static str>>,
    filtered: BTreeSet<&'static str>,
}

/// One command for each number: it computes a new name from a field or an earlier name, chosen by the number.
fn pipeline() -> impl Strategy<Value = Pipeline> {
    proptest::collection::vec((0..6_usize, any::<usize>(), any::<usize>()), 1..10).prop_map(|steps| {
        let mut text = String::from("filter ispresent(e0)");
        let mut names: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
        for (number, (kind, first, second)) in steps.into_iter().enumerate() {
            let all: Vec<String> = FIELDS.iter().map(|field| (*field).to_owned()).chain(names.keys().cloned()).collect();
            let (first, second) = (all[first % all.len()].as_str(), all[second % all.len()].as_str());
            let name = format!("n{number}");
            let mut from = [first].into_iter().collect::<BTreeSet<_>>();
            let _ = match kind {
                0 => {
                    from.insert(second);
                    write!(text, " | fields concat({first}, strlen({second})) as {name}")
                }
                1 => write!(text, " | parse {first} \"x=* *\" as {name}, rest{number}"),
                2 => write!(text, " | FIELDS {first} AS {name}"),
                3 => write!(text, " | parse {first} /(?<{name}>x)/"),
                4 => write!(text, " | json field={first} \"k\" as {name}"),
                _ => write!(text, " | unnest {first} into {name}"),
            };
            let origins = from.into_iter().flat_map(|from| match FIELDS.iter().find(|field| **field == from) {
                Some(field) => BTreeSet::from([*field]),
                None => names[from].clone(),
            });
            let origins = origins.collect();
            names.insert(name, origins);
        }
        let (last, filtered) = names.iter().next_back().map(|(name, from)| (name.clone(), from.clone())).unwrap();
        let _ = write!(text, " | stats count(*) by {last} as g | filter g.k = 1");
        Pipeline { text, names, filtered }
    })
}

proptest! {
    #![proptest_config(crate::cases(20_000))]

    #[test]
    fn what_a_name_is_computed_from_is_known_through_all_names(pipeline in pipeline()) {
        let reach = Reach::of(&Query::parse(&pipeline.text).unwrap());
        for (name, expected) in &pipeline.names {
            let origins = reach.origins(&path(name)).into_iter().filter(|origin| origin.origin.is_of_events());
            let origins: BTreeSet<String> = origins.map(|origin| match &origin.what {
                Referent::Field(path) => path.flat_name(),
                other => format!("{other:?}"),
            }).collect();
            prop_assert_eq!(origins, expected.iter().map(|field| (*field).to_owned()).collect(), "{} in {}", name, pipeline.text);
        }
        for field in FIELDS {
            let is_filtered = pipeline.filtered.contains(field) || field == "e0";
            prop_assert_eq!(reach.uses_of(&path(field)).contains(Use::Filtered), is_filtered, "{} in {}", field, pipeline.text);
        }
    }
}

//! The keys of JSON lines, and the variables that they are probably made from.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::field::Field;
use crate::format::{Format, LeafValue, Shape};
use crate::record::MISSING;
use crate::sequence::check;
use crate::variable::Variable;

/// The greatest depth of objects that are looked into.
const MOST_DEPTH: usize = 4;

/// Other names for variables, in lower case and without separators.
const SYNONYMS: [(&str, &str); 22] = [
    ("caller", "identity.caller"),
    ("user", "identity.user"),
    ("useragent", "identity.userAgent"),
    ("userarn", "identity.userArn"),
    ("sourceip", "identity.sourceIp"),
    ("ipaddress", "identity.sourceIp"),
    ("clientip", "identity.sourceIp"),
    ("apikeyid", "identity.apiKeyId"),
    ("cognitoidentityid", "identity.cognitoIdentityId"),
    ("principalid", "authorizer.principalId"),
    ("iss", "authorizer.claims.iss"),
    ("method", "httpMethod"),
    ("resource", "resourcePath"),
    ("route", "routeKey"),
    ("statuscode", "status"),
    ("responsestatus", "status"),
    ("responsetype", "error.responseType"),
    ("responsesize", "responseLength"),
    ("errormessagestring", "error.messageString"),
    ("integrationerrormessage", "integration.error"),
    ("integrationintegrationstatus", "integration.integrationStatus"),
    ("time", "requestTime"),
];

/// The keys of some lines.
pub(crate) struct Keys {
    /// How many lines are objects.
    objects: usize,
    /// The values of each path, as text.
    values: BTreeMap<Vec<String>, Vec<String>>,
}

impl Keys {
    /// The keys of the lines that are JSON objects.
    pub(crate) fn of(lines: &[&str]) -> Self {
        let mut keys = Self { objects: 0, values: BTreeMap::new() };
        for line in lines {
            if let Ok(object @ Value::Object(_)) = serde_json::from_str(line) {
                keys.objects += 1;
                keys.add(&mut Vec::new(), &object);
            }
        }
        keys
    }

    fn add(&mut self, path: &mut Vec<String>, value: &Value) {
        let text = match value {
            Value::Object(members) if path.len() < MOST_DEPTH => {
                for (key, value) in members {
                    path.push(key.clone());
                    self.add(path, value);
                    path.pop();
                }
                return;
            }
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return,
        };
        self.values.entry(path.clone()).or_default().push(text);
    }

    /// Whether a known format has just these keys.
    pub(crate) fn are_those_of(&self, format: &Format) -> bool {
        let Shape::Json(json) = &format.shape else { return false };
        let is_slot = json.leaves.iter().all(|leaf| matches!(leaf.value, LeafValue::Slot(_)));
        is_slot && json.leaves.len() == self.values.len() && json.leaves.iter().all(|leaf| self.values.contains_key(&leaf.path))
    }

    /// The variables of the keys; `None` if the lines are not those of an API.
    pub(crate) fn variables(&self) -> Option<Vec<(Vec<String>, Variable)>> {
        let mut found: Vec<(Vec<String>, Variable)> = Vec::new();
        for (path, values) in &self.values {
            let Some(variable) = variable(path).filter(|variable| has_type(variable, values)) else { continue };
            let is_exact = |path: &[String]| path.concat() == variable.field().map_or("", Field::name);
            match found.iter_mut().find(|(_, known)| known.field() == variable.field()) {
                None => found.push((path.clone(), variable)),
                // The canonical name is preferred to a synonym.
                Some(known) if is_exact(path) && !is_exact(&known.0) => *known = (path.clone(), variable),
                Some(_) => {}
            }
        }
        let has =
            |fields: &[Field]| found.iter().any(|(_, variable)| variable.field().is_some_and(|field| fields.contains(&field)));
        let is_api = has(&[Field::Status])
            && has(&[Field::HttpMethod, Field::RouteKey, Field::Path, Field::ResourcePath, Field::EventType])
            && has(&[Field::RequestId, Field::ExtendedRequestId, Field::Ip]);
        (is_api && self.objects > 0).then_some(found)
    }
}

/// The variable of a path of keys.
fn variable(path: &[String]) -> Option<Variable> {
    let normal = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let key = normal(&path.concat());
    let by_name =
        Field::ALL.iter().find(|field| normal(field.name()) == key).and_then(|field| field.variables().first().copied());
    let by_variable = || Field::ALL.iter().flat_map(|field| field.variables()).find(|variable| normal(variable) == key).copied();
    let synonym = || SYNONYMS.iter().find(|(synonym, _)| *synonym == key).map(|(_, variable)| *variable);
    by_name.or_else(by_variable).or_else(synonym).map(Variable::unchecked)
}

/// Whether most values have the type of the variable.
fn has_type(variable: &Variable, values: &[String]) -> bool {
    let check = check(variable.kind());
    let fits = values.iter().filter(|value| value.as_str() == MISSING || check.holds(value)).count();
    fits * 2 > values.len()
}

//! Reports on all requests.

use crate::reports::definition::{Definition, Key, Shape};
use crate::reports::fields;

pub(super) const OVERVIEW: Definition = Definition {
    name: "overview",
    title: "Overview",
    description: "All requests in one row, with their number by status class.",
    keys: &[],
    only: None,
    shape: Shape::Grouped,
};

pub(super) const STATUS: Definition = Definition {
    name: "status",
    title: "Status codes",
    description: "Requests by status code.",
    keys: &[Key::Field(fields::STATUS), Key::StatusClass],
    only: None,
    shape: Shape::Grouped,
};

pub(super) const DOMAINS: Definition = Definition {
    name: "domains",
    title: "Domains",
    description: "Requests by domain name.",
    keys: &[Key::Field(fields::DOMAIN_NAME)],
    only: None,
    shape: Shape::Grouped,
};

pub(super) const TRAFFIC: Definition = Definition {
    name: "traffic",
    title: "Traffic",
    description: "Requests over time. `dimension` splits them into a series for each of the most frequent values, and `other`.",
    keys: &[Key::Time, Key::Dimension],
    only: None,
    shape: Shape::Grouped,
};

pub(super) const ROUTES: Definition = Definition {
    name: "routes",
    title: "Routes",
    description: "Requests, errors and latency by method and route: the resource of REST APIs, the route key of HTTP APIs.",
    keys: &[Key::Also(fields::HTTP_METHOD), Key::Route],
    only: None,
    shape: Shape::Grouped,
};

pub(super) const HOURS: Definition = Definition {
    name: "hours",
    title: "Hours of the day",
    description: "Requests by hour of the day in the time zone `tz`. `dimension=weekday` adds the day of the week.",
    keys: &[Key::Hour, Key::Dimension],
    only: None,
    shape: Shape::Grouped,
};

pub(super) const METHODS: Definition = Definition {
    name: "methods",
    title: "Methods, protocols, stages and APIs",
    description: "Requests by HTTP method, by protocol, by stage and by API: rows of each by itself.",
    keys: &[Key::Field(fields::HTTP_METHOD), Key::Also(fields::PROTOCOL), Key::Also(fields::STAGE), Key::Also(fields::API_ID)],
    only: None,
    shape: Shape::Each,
};

//! The names of routes in logs and metrics: the path template and the operation, never the caller's path.
//!
//! Owns [`RouteNames`]. It takes the names from the router's own description, so that a route is listed once, in [`super::router`].

use std::collections::HashMap;

use axum::extract::MatchedPath;
use http::{Extensions, Method};
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};

/// The route of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteName {
    /// The path template.
    pub template: &'static str,
    /// The `operationId`, or the name of the pages.
    pub operation: &'static str,
}

/// A path without a route, or without a route for the method.
pub const UNMATCHED: RouteName = RouteName { template: "none", operation: "unmatched" };

/// Pages that the OpenAPI document does not describe: paths as the router has them, and the path and the name in logs and metrics.
pub type Pages = &'static [(&'static str, RouteName)];

/// The names of all routes.
#[derive(Debug, Default)]
pub struct RouteNames(HashMap<String, Vec<(Method, RouteName)>>);

impl RouteNames {
    /// The names of the routes in the document, and of the pages.
    ///
    /// They are kept for the life of the process, since the labels of metrics are. Call it once.
    #[must_use]
    pub fn new(document: &OpenApi, pages: &[Pages]) -> Self {
        let mut names = Self::default();
        for (path, item) in &document.paths.paths {
            let template: &'static str = path.clone().leak();
            for (method, operation) in operations(item) {
                let operation: &'static str = operation.operation_id.clone().unwrap_or_default().leak();
                names.add(path, method, RouteName { template, operation });
            }
        }
        for (path, name) in pages.iter().copied().flatten() {
            names.add(path, Method::GET, *name);
        }
        names
    }

    fn add(&mut self, path: &str, method: Method, name: RouteName) {
        self.0.entry(path.to_owned()).or_default().push((method, name));
    }

    /// The route of a request. HEAD has the name of its GET.
    #[must_use]
    pub fn find(&self, method: &Method, extensions: &Extensions) -> RouteName {
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        let routes = extensions.get::<MatchedPath>().and_then(|path| self.0.get(path.as_str()));
        let found = routes.into_iter().flatten().find(|(known, _)| known == method);
        found.map_or(UNMATCHED, |(_, name)| *name)
    }
}

fn operations(item: &PathItem) -> impl Iterator<Item = (Method, &Operation)> {
    let all = [
        (Method::GET, &item.get),
        (Method::POST, &item.post),
        (Method::PUT, &item.put),
        (Method::PATCH, &item.patch),
        (Method::DELETE, &item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_of_the_document_has_its_operation_as_a_name() {
        let (_, document) = crate::http::router::routes().split_for_parts();
        let names = RouteNames::new(&document, &[&[("/docs/", RouteName { template: "/docs", operation: "docs" })]]);
        let name = |path: &str, method: Method| {
            let routes = names.0.get(path).into_iter().flatten();
            routes.clone().find(|(known, _)| *known == method).map(|(_, name)| (name.template, name.operation))
        };
        assert_eq!(name("/logs/{group}", Method::GET), Some(("/logs/{group}", "readGroup")));
        assert_eq!(name("/queries/{id}", Method::DELETE), Some(("/queries/{id}", "stopQuery")));
        assert_eq!(name("/queries/{id}", Method::POST), None);
        assert_eq!(name("/docs/", Method::GET), Some(("/docs", "docs")));
        assert!(names.0.values().flatten().all(|(_, name)| !name.operation.is_empty()));
    }
}

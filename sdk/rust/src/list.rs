//! Groups and streams one by one: pages are requested as needed.

use std::vec;

use crate::apis::groups_api::{ListGroupsParams, ListStreamsParams, list_groups, list_streams};
use crate::client::Client;
use crate::error::Error;
use crate::models::{Group, Stream};

/// Items in a page; the maximum of the API.
const PAGE: u32 = 1000;

/// The state of a list.
#[derive(Debug)]
enum Next {
    First,
    Page(String),
    /// The last page was read, or a page failed.
    Nothing,
}

impl Next {
    /// The cursor of the next page; `None`: there is no further page.
    fn take(&mut self) -> Option<Option<String>> {
        match std::mem::replace(self, Self::Nothing) {
            Self::First => Some(None),
            Self::Page(cursor) => Some(Some(cursor)),
            Self::Nothing => None,
        }
    }

    fn after(cursor: Option<String>) -> Self {
        cursor.filter(|cursor| !cursor.is_empty()).map_or(Self::Nothing, Self::Page)
    }
}

/// The groups you may see, ascending by name. See [`Client::groups`].
#[derive(Debug)]
pub struct Groups {
    client: Client,
    prefix: Option<String>,
    next: Next,
    page: vec::IntoIter<Group>,
    incomplete: Vec<String>,
}

impl Groups {
    pub(crate) fn new(client: Client, prefix: Option<&str>) -> Self {
        let prefix = prefix.map(str::to_owned);
        Self { client, prefix, next: Next::First, page: Vec::new().into_iter(), incomplete: Vec::new() }
    }

    /// The next group; `None`: that was the last. After an error the list ends.
    pub async fn next(&mut self) -> Option<Result<Group, Error>> {
        loop {
            if let Some(group) = self.page.next() {
                return Some(Ok(group));
            }
            let cursor = self.next.take()?;
            let params = ListGroupsParams { prefix: self.prefix.clone(), limit: Some(PAGE), cursor };
            match list_groups(self.client.configuration(), params).await {
                Ok(page) => {
                    self.next = Next::after(page.next_cursor);
                    self.incomplete = page.incomplete.unwrap_or_default();
                    self.page = page.groups.into_iter();
                }
                Err(error) => return Some(Err(error.into())),
            }
        }
    }

    /// All remaining items, as a list.
    ///
    /// # Errors
    /// The first error.
    pub async fn all(&mut self) -> Result<Vec<Group>, Error> {
        let mut found = Vec::new();
        while let Some(group) = self.next().await {
            found.push(group?);
        }
        Ok(found)
    }

    /// Sources that did not answer; their groups are missing. Known at the end of the list.
    pub fn incomplete(&self) -> &[String] {
        &self.incomplete
    }
}

/// Selects streams of a group, and their order.
#[derive(Clone, Debug, Default)]
pub struct StreamsRequest {
    /// The log group: `/acme/api`.
    pub group: String,
    /// Only streams with this prefix; only in the order of names.
    pub prefix: Option<String>,
    /// `name` (default) or `lastEvent`.
    pub order_by: Option<String>,
    /// `asc` or `desc`; default: `asc` by name, `desc` by last event.
    pub order: Option<String>,
    /// The source of the group, if several sources have a group of that name.
    pub source: Option<String>,
}

impl StreamsRequest {
    /// The streams of a group, by name.
    pub fn group(group: &str) -> Self {
        Self { group: group.to_owned(), ..Self::default() }
    }
}

/// The streams of a group that you may see. See [`Client::streams`].
#[derive(Debug)]
pub struct Streams {
    client: Client,
    request: StreamsRequest,
    next: Next,
    page: vec::IntoIter<Stream>,
}

impl Streams {
    pub(crate) fn new(client: Client, request: StreamsRequest) -> Self {
        Self { client, request, next: Next::First, page: Vec::new().into_iter() }
    }

    /// The next stream; `None`: that was the last. After an error the list ends.
    pub async fn next(&mut self) -> Option<Result<Stream, Error>> {
        loop {
            if let Some(stream) = self.page.next() {
                return Some(Ok(stream));
            }
            let cursor = self.next.take()?;
            let StreamsRequest { group, prefix, order_by, order, source } = self.request.clone();
            // `:` for `/`, because some proxies decode `%2F` in a path, which changes the path.
            let group = group.replace('/', ":");
            let params = ListStreamsParams { group, source, prefix, order_by, order, limit: Some(PAGE), cursor };
            match list_streams(self.client.configuration(), params).await {
                Ok(page) => {
                    self.next = Next::after(page.next_cursor);
                    self.page = page.streams.into_iter();
                }
                Err(error) => return Some(Err(error.into())),
            }
        }
    }

    /// All remaining items, as a list.
    ///
    /// # Errors
    /// The first error.
    pub async fn all(&mut self) -> Result<Vec<Stream>, Error> {
        let mut found = Vec::new();
        while let Some(stream) = self.next().await {
            found.push(stream?);
        }
        Ok(found)
    }
}

//! The classes of software.

use std::fmt;

/// The kind of software that sends requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// A browser that a person uses.
    Browser,
    /// A library or a command-line tool that programs use to call an API: curl, okhttp, python-requests.
    Library,
    /// Other software: apps, and what the rules do not know.
    Other,
    /// Builds the index of a search engine.
    SearchEngine,
    /// Collects text for language models, or reads pages for their users.
    AiCrawler,
    /// Collects links and keywords for marketing.
    Seo,
    /// Checks that a service works.
    Monitoring,
    /// Looks for vulnerabilities, or surveys the internet.
    Scanner,
    /// Checks pages for advertisers.
    Advertising,
    /// Fetches the preview of a link in a message.
    SocialPreview,
    /// Reads feeds.
    FeedReader,
    /// Archives pages.
    Archiver,
    /// Collects data for research.
    Academic,
    /// A browser that a program controls.
    BrowserAutomation,
    /// A bot of unknown purpose.
    Bot,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 15] = [
        Self::Browser,
        Self::Library,
        Self::Other,
        Self::SearchEngine,
        Self::AiCrawler,
        Self::Seo,
        Self::Monitoring,
        Self::Scanner,
        Self::Advertising,
        Self::SocialPreview,
        Self::FeedReader,
        Self::Archiver,
        Self::Academic,
        Self::BrowserAutomation,
        Self::Bot,
    ];

    /// The name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Library => "http-library",
            Self::Other => "other",
            Self::SearchEngine => "search-engine",
            Self::AiCrawler => "ai-crawler",
            Self::Seo => "seo",
            Self::Monitoring => "monitoring",
            Self::Scanner => "scanner",
            Self::Advertising => "advertising",
            Self::SocialPreview => "social-preview",
            Self::FeedReader => "feed-reader",
            Self::Archiver => "archiver",
            Self::Academic => "academic",
            Self::BrowserAutomation => "browser-automation",
            Self::Bot => "bot",
        }
    }

    /// Whether it acts on its own. Libraries do not count: they are how the customers of an API call it.
    #[must_use]
    pub const fn is_bot(self) -> bool {
        !matches!(self, Self::Browser | Self::Library | Self::Other)
    }

    /// The class of a tag in `crawlers.tsv`. A new tag is a bot of unknown purpose.
    pub(crate) fn of_tag(tag: &str) -> Self {
        Self::ALL.into_iter().find(|class| class.as_str() == tag).unwrap_or(Self::Bot)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

//! Headers of well-known software, in a table: class, family, system.

use logmark_user_agents::{Class, UNKNOWN, recognize};

#[test]
fn well_known_software_is_recognized() {
    for (class, family, system, header) in [
        (
            Class::Browser,
            "Chrome",
            "Windows",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36",
        ),
        (
            Class::Browser,
            "Mobile Safari",
            "iOS",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        ),
        (Class::Browser, "Firefox", "Ubuntu", "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"),
        (Class::Browser, "Opera", "Linux", "Opera/9.80 (X11; Linux x86_64; U; en) Presto/2.2.15 Version/10.10"),
        (
            Class::Browser,
            "Chrome Mobile",
            "Android",
            "Mozilla/5.0 (Linux; Android 12; CUBOT NOTE 20) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
        ),
        (Class::Library, "curl", UNKNOWN, "curl/8.5.0"),
        (Class::Library, "Python Requests", UNKNOWN, "python-requests/2.32.3"),
        (Class::Library, "Go-http-client", UNKNOWN, "Go-http-client/2.0"),
        (Class::Library, "okhttp", UNKNOWN, "okhttp/4.12.0"),
        (Class::SearchEngine, "bingbot", UNKNOWN, "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"),
        (
            Class::AiCrawler,
            "GPTBot",
            UNKNOWN,
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        ),
        (Class::Seo, "AhrefsBot", UNKNOWN, "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)"),
        (Class::SocialPreview, "Twitterbot", UNKNOWN, "Twitterbot/1.0"),
        (
            Class::BrowserAutomation,
            "HeadlessChrome",
            "Linux",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36",
        ),
        (Class::Bot, "acme-inventory-crawler", UNKNOWN, "acme-inventory-crawler/3"),
        (Class::Other, UNKNOWN, UNKNOWN, "acme-warehouse/3.1"),
        (Class::Other, UNKNOWN, UNKNOWN, "-"),
        (Class::Other, UNKNOWN, UNKNOWN, ""),
        (Class::Other, UNKNOWN, UNKNOWN, "\u{0}\u{fffd}é\n"),
    ] {
        let found = recognize(header);
        assert_eq!((found.class, &*found.family, &*found.system), (class, family, system), "{header}");
    }
}

/// A monitoring service that names its library is not counted as the library.
#[test]
fn a_bot_is_not_taken_for_its_library() {
    let found = recognize("python-requests/2.32.3 (compatible; Googlebot/2.1)");
    assert_eq!(found.class, Class::SearchEngine);
    assert!(!recognize("python-requests/2.32.3").class.is_bot());
    assert!(found.class.is_bot());
}

#[test]
fn names_of_classes_are_unique() {
    let mut names: Vec<_> = Class::ALL.iter().map(|class| class.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Class::ALL.len());
}

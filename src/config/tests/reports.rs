//! `[reports]`: its files, and what is said of wrong ones.

use std::fs;

use super::*;
use crate::config::changes::{fixed_keys_changed, has_changes};
use crate::config::reports::PlanSource;
use crate::reports::enrich::countries::tests::database;

/// A configuration in a folder with the files that it may name.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("plans.csv"), "apiId,stage,keyId,planName,customer\na1,prod,k1,Gold,Ann\n").unwrap();
        fs::write(folder.path().join("countries.mmdb"), database("GeoLite2-Country", &[(10, "DE")])).unwrap();
        fs::write(folder.path().join("asn.mmdb"), database("GeoLite2-ASN", &[(10, "DE")])).unwrap();
        Self(folder)
    }

    fn parse(&self, section: &str) -> Result<Config, ConfigErrors> {
        let text = format!("[reports]\n{section}\n{}", document(ISSUER, ""));
        parse(Some((&self.0.path().join("logmark.toml"), &text)), &BTreeMap::new())
    }

    /// The errors, without the folder.
    fn errors(&self, section: &str) -> String {
        lines(self.parse(section)).replace(&format!("{}/", self.0.path().display()), "")
    }
}

#[test]
fn files_are_read() {
    let folder = Folder::new();
    let config = folder.parse("plans = \"plans.csv\"\ncountries = \"countries.mmdb\"").unwrap();
    let PlanSource::File(table) = &config.reports.plans else { panic!("no table") };
    assert_eq!((table.plan("a1", "prod", "k1"), table.customer("k1")), (Some("Gold"), Some("Ann")));
    let countries = config.reports.countries.as_ref().unwrap();
    assert_eq!(countries.country("10.0.0.1".parse().unwrap()).as_deref(), Some("DE"));
    let shown = config.effective().to_string();
    assert!(shown.contains("reports: customers of 1 API keys, from a file"), "{shown}");
    assert!(shown.contains("reports: countries from GeoLite2-Country of 2026-11-20"), "{shown}");
}

#[test]
fn wrong_files_are_errors_with_lines() {
    let folder = Folder::new();
    fs::write(folder.0.path().join("bad.csv"), "apiId,stage,keyId,planName,customer\na1,prod,,Gold,Ann\nx\n").unwrap();
    for (section, expected) in [
        ("plans = \"none.csv\"", "logmark.toml:2:9: reports.plans: the file `none.csv` does not exist"),
        (
            "plans = \"bad.csv\"",
            "logmark.toml:2:9: reports.plans: the file `bad.csv`: line 2: has no `keyId`\nlogmark.toml:2:9: reports.plans: the file `bad.csv`: line 3: has 1 columns, and the header has 5",
        ),
        ("countries = \"plans.csv\"", "logmark.toml:2:13: reports.countries: the file `plans.csv` is not a MaxMind database: "),
        (
            "countries = \"asn.mmdb\"",
            "logmark.toml:2:13: reports.countries: the file `asn.mmdb` is a database of the type `GeoLite2-ASN`, which has no countries: use a Country or City database, such as GeoLite2-Country",
        ),
        (
            "plans = \"plans.csv\"\napi_gateway = { region = \"eu-central-1\" }",
            "logmark.toml:3:1: reports.api_gateway: excludes `plans`: remove one of the two",
        ),
        (
            "api_gateway = {}",
            "logmark.toml:2:15: reports.api_gateway.region: is missing: write the region of the APIs, such as `eu-central-1`",
        ),
        (
            "api_gateway = { region = \"eu-central-1\", external_id = \"x1\" }",
            "logmark.toml:2:56: reports.api_gateway.external_id: requires `assume_role`, which is missing",
        ),
        (
            "prices = { currency = \"usd\", model = \"consumption\", per_request = 1 }",
            "logmark.toml:2:23: reports.prices.currency: is not the code of a currency: write it as ISO 4217 does, such as `USD`",
        ),
        (
            "prices = {}",
            "logmark.toml:2:10: reports.prices.model: is missing: write `consumption`, `tiered`, `subscription` or `freemium`",
        ),
        (
            "prices = { model = \"consumption\" }",
            "logmark.toml:2:10: reports.prices.per_request: is missing: write a price, such as `0.0000035`",
        ),
        (
            "prices = { model = \"consumption\", per_request = -1 }",
            "logmark.toml:2:49: reports.prices.per_request: must be from 0 to 1000000000",
        ),
        (
            "prices = { model = \"subscription\", base_fee = 9, per_request = 1 }",
            "logmark.toml:2:50: reports.prices.per_request: belongs to another price model: remove it, or change `model`",
        ),
        (
            "prices = { plans = { Gold = { model = \"tiered\", tiers = [{ up_to = 5, per_request = 1 }] } } }",
            "logmark.toml:2:68: reports.prices.plans.Gold.tiers[0].up_to: must be absent in the last tier, which has no end",
        ),
        (
            "prices = { model = \"tiered\", tiers = [{ up_to = 5, per_request = 1 }, { up_to = 5, per_request = 1 }, { per_request = 1 }] }",
            "logmark.toml:2:81: reports.prices.tiers[1].up_to: must be above that of the tier before",
        ),
        (
            "prices = { model = \"consumption\", per_request = 1, per_gb = 1, per_gib = 1 }",
            "logmark.toml:2:64: reports.prices.per_gib: excludes `per_gb`: remove one of the two",
        ),
    ] {
        let found = folder.errors(section);
        assert!(found == expected || (expected.ends_with(": ") && found.starts_with(expected)), "{section}\n{found}\n{expected}");
    }
}

#[test]
fn prices_have_a_default_and_plans() {
    let folder = Folder::new();
    let config = folder
        .parse(
            "[reports.prices]\ncurrency = \"EUR\"\nmodel = \"consumption\"\nper_request = 0.000004\nper_gb = 0.09\n\
             [reports.prices.plans.Gold]\nmodel = \"tiered\"\ntiers = [{ up_to = 1000000, per_request = 0.000004 }, { per_request = 0.000003 }]\n\
             [reports.prices.plans.\"Flat rate\"]\nmodel = \"subscription\"\nbase_fee = 100\n\
             [reports.prices.plans.Free]\nmodel = \"freemium\"\nfree_requests = 1000\nper_request = 0.001\n",
        )
        .unwrap();
    let prices = config.reports.prices.unwrap();
    let total = |plan, requests| prices.bill(plan, requests, 1_000_000_000).map(|bill| bill.total().to_f64());
    assert_eq!(total(None, 1_000_000), Some(4.09));
    assert_eq!(total(Some("Gold"), 2_000_000), Some(7.0));
    assert_eq!((total(Some("Flat rate"), 5), total(Some("Free"), 2000)), (Some(100.0), Some(1.0)));
    let only_gold = folder.parse("[reports.prices.plans.Gold]\nmodel = \"consumption\"\nper_request = 1\n").unwrap();
    let prices = only_gold.reports.prices.unwrap();
    assert!(prices.bill(Some("Gold"), 1, 0).is_some() && prices.bill(None, 1, 0).is_none());
}

/// A changed file is a change that a reload applies without a restart.
#[test]
fn a_changed_file_is_a_change() {
    let folder = Folder::new();
    let section = "plans = \"plans.csv\"\ncountries = \"countries.mmdb\"";
    let before = folder.parse(section).unwrap();
    assert!(!has_changes(&before, &folder.parse(section).unwrap()));
    fs::write(folder.0.path().join("plans.csv"), "apiId,stage,keyId,planName,customer\na1,prod,k1,Gold,Bob\n").unwrap();
    let after = folder.parse(section).unwrap();
    assert!(has_changes(&before, &after) && fixed_keys_changed(&before, &after).is_empty());
    fs::write(folder.0.path().join("countries.mmdb"), database("GeoLite2-Country", &[(10, "FR"), (11, "DE")])).unwrap();
    assert!(has_changes(&after, &folder.parse(section).unwrap()));
}

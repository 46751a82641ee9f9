//! Reloads of the configuration while the service runs: all or nothing, and withdrawn access ends within seconds.

mod files;
mod withdrawal;
mod refused;
mod consistency;
mod directory;
mod process;

use crate::world::{Options, World};

/// Two tenants whose grants the tests change.
pub const TENANTS: &str = r#"
[tenants.acme]
[[tenants.acme.grants]]
groups = ["/acme/*"]
actions = ["read", "query", "tail"]

[tenants.globex]
[[tenants.globex.grants]]
groups = ["/globex/*"]
actions = ["read", "tail"]

[tenant_template]
groups = ["/customers/{tenant}/*"]
actions = ["read"]
"#;

/// A service that reloads its configuration, with one event in a group of each tenant.
pub async fn world() -> World {
    world_with(Options::default()).await
}

/// A reloading service with these options.
pub async fn world_with(options: Options) -> World {
    let tenants = options.tenants.clone().unwrap_or_else(|| TENANTS.to_owned());
    let world = World::with(Options { tenants: Some(tenants), reloads: true, ..options }).await;
    for group in ["/acme/api", "/globex/api", "/customers/initech/api"] {
        world.put(group, "s", &[(1000, "one"), (2000, "two"), (3000, "three")]).await;
    }
    world
}

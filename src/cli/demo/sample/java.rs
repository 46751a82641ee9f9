//! A Java service's log in log4j's usual pattern; an exception is one event of many lines.

use super::people::Tenant;
use super::random::Random;
use super::traffic::{incident, log4j};

const WORKERS: [&str; 4] = ["http-nio-8080-exec-1", "http-nio-8080-exec-2", "http-nio-8080-exec-3", "order-events-0"];

/// One event, several lines if it is an exception.
pub(super) fn event(at: i64, random: &mut Random) -> String {
    let (errors, warnings) = if incident(at) { (180, 260) } else { (7, 30) };
    let thread = random.pick(&WORKERS);
    let (level, logger, text) = if random.chance(errors) {
        let (logger, text) = exception(random);
        ("ERROR", logger, text)
    } else if random.chance(warnings) {
        let (logger, text) = warning(random);
        ("WARN ", logger, text)
    } else {
        let (logger, text) = information(random);
        ("INFO ", logger, text)
    };
    format!("{} {level} [{thread}] {logger} - {text}", log4j(at))
}

fn order(random: &mut Random) -> u32 {
    random.between(100_000, 999_999)
}

fn information(random: &mut Random) -> (&'static str, String) {
    let order = order(random);
    match random.below(5) {
        0 => ("com.example.orders.OrderService", {
            let user = Tenant::Acme.caller(random).user();
            format!("order o-{order} accepted for user {user}")
        }),
        1 => ("com.example.orders.StockClient", format!("reserved {} items for o-{order}", random.between(1, 6))),
        2 => ("com.example.orders.OrderRepository", format!("saved o-{order} in {} ms", random.latency(9))),
        3 => ("com.example.orders.Shipping", format!("o-{order} handed to carrier {}", random.pick(&["north", "south", "post"]))),
        _ => ("com.example.orders.OrderEvents", format!("published OrderAccepted o-{order} partition={}", random.below(6))),
    }
}

fn warning(random: &mut Random) -> (&'static str, String) {
    let order = order(random);
    match random.below(3) {
        0 => ("com.example.orders.StockClient", format!("stock service slow: {} ms for o-{order}", random.between(800, 2900))),
        1 => ("com.zaxxer.hikari.pool.HikariPool", format!("orders-pool - {} connections waiting", random.between(3, 18))),
        _ => ("com.example.orders.OrderService", format!("o-{order} already accepted, repeated request ignored")),
    }
}

fn exception(random: &mut Random) -> (&'static str, String) {
    let order = order(random);
    match random.below(3) {
        0 => (
            "com.example.orders.OrderService",
            format!(
                "o-{order} failed\n\
             com.example.orders.StockException: no answer from stock service\n\
             \tat com.example.orders.StockClient.reserve(StockClient.java:74)\n\
             \tat com.example.orders.OrderService.accept(OrderService.java:118)\n\
             \tat com.example.orders.OrderController.post(OrderController.java:52)\n\
             \tat java.base/java.lang.Thread.run(Thread.java:1583)\n\
             Caused by: java.net.SocketTimeoutException: Read timed out\n\
             \tat java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:278)\n\
             \tat java.base/sun.nio.ch.NioSocketImpl.implRead(NioSocketImpl.java:304)\n\
             \t... 31 more"
            ),
        ),
        1 => (
            "com.example.orders.OrderRepository",
            format!(
                "cannot save o-{order}\n\
             java.sql.SQLTransientConnectionException: orders-pool - Connection is not available, request timed out after {}ms.\n\
             \tat com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:686)\n\
             \tat com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:179)\n\
             \tat com.example.orders.OrderRepository.save(OrderRepository.java:41)\n\
             \tat com.example.orders.OrderService.accept(OrderService.java:131)",
                30_000 + random.below(9)
            ),
        ),
        _ => (
            "com.example.orders.OrderController",
            format!(
                "unexpected failure for o-{order}\n\
             java.lang.NullPointerException: Cannot invoke \"Address.country()\" because \"order.address\" is null\n\
             \tat com.example.orders.Shipping.zone(Shipping.java:66)\n\
             \tat com.example.orders.OrderService.accept(OrderService.java:124)\n\
             \tat com.example.orders.OrderController.post(OrderController.java:52)"
            ),
        ),
    }
}

//! What is counted, as text for programs that collect such things (OpenMetrics 1.0, which Prometheus reads).

use std::fmt;

use mcp_supervisor::State;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet, text},
    metrics::MetricType,
    registry::{Registry, Unit},
};

use crate::{front::Front, layers::Outcome, server::Reading};

/// Everything, read at one time. Counters of calls go on meanwhile.
#[derive(Debug)]
struct Scrape {
    sessions: usize,
    connections: usize,
    servers: Vec<Reading>,
}

type Encoder<'a> = DescriptorEncoder<'a>;

/// Everything that is counted, as a whole text.
pub(crate) fn write(front: &Front) -> String {
    let scrape = Scrape {
        sessions: front.open_sessions(),
        connections: front.open_connections(),
        servers: front.servers().now().iter().map(|server| server.read()).collect(),
    };
    let mut registry = Registry::default();
    registry.register_collector(Box::new(scrape));
    let mut text = String::new();
    // Writing into a string has no way to fail.
    let _ = text::encode(&mut text, &registry);
    text
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: Encoder<'_>) -> fmt::Result {
        let encoder = &mut encoder;
        let mut info = encoder.encode_descriptor("mcp_build", "The proxy itself.", None, MetricType::Info)?;
        info.encode_info(&[("version", env!("CARGO_PKG_VERSION"))])?;
        one(encoder, "mcp_sessions", "Open sessions of clients.", self.sessions)?;
        one(encoder, "mcp_client_connections", "Open TCP connections of clients.", self.connections)?;
        self.gauges(encoder)?;
        self.unattributed(encoder)?;
        self.calls(encoder)?;
        self.seconds(encoder)
    }
}

impl Scrape {
    fn gauges(&self, encoder: &mut Encoder<'_>) -> fmt::Result {
        let mut each = |name, help, of: fn(&Reading) -> usize| {
            let mut gauge = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            self.servers.iter().try_for_each(|server| {
                gauge.encode_family(&[("server", &*server.status.name)])?.encode_gauge(&of(server))
            })
        };
        let is_up = |server: &Reading| usize::from(server.status.state == State::Running);
        each("mcp_server_up", "Whether the server runs.", is_up)?;
        each("mcp_server_instances", "Instances that are one client's own.", |server| server.status.instances)?;
        let connections = "Open connections to the server; each is a process where it has processes.";
        each("mcp_server_connections", connections, |server| server.connections)?;
        let restarts = |server: &Reading| usize::try_from(server.status.restarts).unwrap_or(usize::MAX);
        each("mcp_server_restarts", "Restarts in a row, 0 after a healthy minute.", restarts)?;
        each("mcp_server_pending", "Calls in flight, long-lived ones aside.", |server| server.status.pending)?;
        each("mcp_server_waiting", "Calls that wait for a place.", |server| server.waiting)
    }

    fn unattributed(&self, encoder: &mut Encoder<'_>) -> fmt::Result {
        let help = "Messages of the server that could be given to nobody.";
        let mut counter = encoder.encode_descriptor("mcp_server_unattributed", help, None, MetricType::Counter)?;
        self.servers.iter().try_for_each(|server| {
            let labels = [("server", &*server.status.name)];
            let mut counter = counter.encode_family(&labels)?;
            counter.encode_counter::<NoLabelSet, _, u64>(&server.status.unattributed, None)
        })
    }

    fn calls(&self, encoder: &mut Encoder<'_>) -> fmt::Result {
        let mut counter =
            encoder.encode_descriptor("mcp_calls", "Calls by how they ended.", None, MetricType::Counter)?;
        self.servers.iter().try_for_each(|server| {
            server.meter.visit(|method, tool, series| {
                let counts = Outcome::ALL.map(|outcome| (outcome, series.count(outcome)));
                counts.into_iter().filter(|(_, count)| 0 < *count).try_for_each(|(outcome, count)| {
                    let labels = [
                        ("server", &*server.status.name),
                        ("method", method),
                        ("tool", tool),
                        ("outcome", outcome.as_str()),
                    ];
                    counter.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&count, None)
                })
            })
        })
    }

    fn seconds(&self, encoder: &mut Encoder<'_>) -> fmt::Result {
        let help = "From when a call came until it ended.";
        let mut histogram = encoder.encode_descriptor("mcp_call", help, Some(&Unit::Seconds), MetricType::Histogram)?;
        self.servers.iter().try_for_each(|server| {
            server.meter.visit(|method, tool, series| {
                let labels = [("server", &*server.status.name), ("method", method), ("tool", tool)];
                series.seconds().encode(histogram.encode_family(&labels)?)
            })
        })
    }
}

fn one(encoder: &mut Encoder<'_>, name: &str, help: &str, value: usize) -> fmt::Result {
    encoder.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)
}

//! `--admin`: pages beside the hub.

use std::{net::SocketAddr, pin::Pin};

use mcp_admin::{Admin, AdminOptions};
use mcp_cli::{Beside, CliError, Running, SettleBeside};
use mcp_config::AdminSettings;
use mcp_proxy_core::TrafficLimits;
use tokio::net::TcpListener;

/// What the command line says of the pages. The name, the password and the secret that logins are signed with are variables,
/// which others do not see: ADMIN_USERNAME, ADMIN_PASSWORD, SESSION_SECRET.
#[derive(Debug, Default, clap::Args)]
#[expect(clippy::doc_markdown, reason = "help texts")]
pub(crate) struct AdminArguments {
    /// Serve pages to run the hub from a browser, at http://127.0.0.1:3664 [env: ENABLE_ADMIN_UI]. The first start shows a
    /// password; ADMIN_PASSWORD sets another one.
    #[arg(long)]
    admin: bool,

    /// Address and port of the pages [default: 127.0.0.1:3664] [env: ADMIN_ADDRESS].
    #[arg(long, value_name = "ADDRESS:PORT")]
    admin_address: Option<SocketAddr>,

    /// The https URL that people know the pages by, where a reverse proxy with TLS stands in front [env: ADMIN_URL].
    #[arg(long, value_name = "URL")]
    admin_url: Option<String>,

    /// Have a terminal on this machine among the pages [env: ENABLE_ADMIN_TERMINAL].
    #[arg(long)]
    admin_terminal: bool,
}

impl AdminArguments {
    /// What runs beside the hub.
    pub(crate) fn beside(self) -> SettleBeside {
        Box::new(move |variables| {
            let flags = AdminSettings {
                enabled: self.admin.then_some(true),
                address: self.admin_address,
                url: self.admin_url,
                terminal: self.admin_terminal.then_some(true),
            };
            let settings = mcp_config::Admin::settle(flags, variables).map_err(CliError::Settings)?;
            if !settings.enabled.value {
                return Ok(None);
            }
            Ok(Some(Beside {
                offer: |builder| builder.traffic(TrafficLimits::default()),
                begin: Box::new(|running| Box::pin(begin(settings, running))),
            }))
        })
    }
}

type Served = Pin<Box<dyn Future<Output = ()> + Send>>;

async fn begin(settings: mcp_config::Admin, running: Running) -> Result<Served, CliError> {
    let Running { proxy, live, store, url, shutdown } = running;
    let options = AdminOptions {
        username: settings.username.value.into(),
        password: settings.password.value,
        session_secret: settings.session_secret.value,
        url: settings.url.value,
        terminal: settings.terminal.value,
        pages: settings.pages.value,
        hub_url: url,
        ..AdminOptions::default()
    };
    let address = settings.address.value;
    let listen = |source| CliError::Listen { address, option: "--admin-address 127.0.0.1:0", source };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let username = options.username.clone();
    let has_store = store.is_some();
    let admin = Admin::open(options, proxy, live, store).await.map_err(|error| CliError::Setting(error.to_string()))?;
    if let Some(password) = admin.new_password() {
        let again =
            if has_store { "it is not shown again" } else { "without a state folder each start makes another one" };
        mcp_cli::tell(&format!("the pages have a new password for `{username}`, {again}: {}", password.expose()));
    }
    mcp_cli::tell(&format!("the pages are at {}", admin.url(address)));
    Ok(Box::pin(async move { admin.run(listener, shutdown).await }))
}

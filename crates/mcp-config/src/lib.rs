//! Reads and checks configuration of every supported shape and turns it into a builder; watches it.
//!
//! ```
//! use std::{collections::BTreeMap, path::Path};
//!
//! use mcp_config::{Overrides, Settings, Target, Variables, parse};
//!
//! let text = r#"{
//!     "port": 9000, // with comments and trailing commas
//!     "mcpServers": { "everything": { "command": "npx", "args": ["-y", "${NAME:-everything}"], "autoRestrat": true } },
//! }"#;
//! let variables = Variables::of_process(BTreeMap::new());
//! let parsed = parse(Path::new("mcp-config.json"), text, &|name| variables.get(name));
//! for diagnostic in &parsed.diagnostics {
//!     println!("{diagnostic}"); // mcp-config.json:3:95: mcpServers.everything.autoRestrat: … did you mean `autoRestart`?
//! }
//!
//! let file = parsed.file.expect("a warning is no error");
//! assert!(matches!(&file.servers[0].target, Target::Stdio { command, .. } if command == "npx"));
//!
//! // The command line wins over the environment, and that over the file.
//! let settings = Settings::settle(Overrides::default(), &variables, file.settings).expect("no variable is wrong");
//! println!("{}", mcp_config::show(&settings, &file.servers));
//! ```
//!
//! One table of keys drives the reading, the check for keys that nobody knows, and the JSON [`schema`].
//!
//! What is not here: the words of a command line, HTTP, and anything that runs.

mod choice;
mod compose;
mod diagnostic;
mod diff;
mod dotenv;
mod edit;
mod effective;
mod expand;
mod file;
mod hub;
mod import;
mod install;
mod json;
mod jsonc;
mod key;
mod limits;
mod live;
mod mask;
mod name;
mod read;
mod request_variables;
mod retry;
mod schema;
mod show;
mod sourced;
mod store;
mod suggest;
mod target;
mod text;
mod value;
mod variables;
mod watch;
mod words;
mod write;

pub use choice::{Dialect, Interactive, ItemKind, LogFormat, SessionKind, SharedLogs, Start, UnknownWord};
pub use compose::{ComposeError, Composer, Defaults};
pub use diagnostic::{Diagnostic, Severity};
pub use dotenv::{DotEnvError, parse_dot_env};
pub use edit::{EditError, remove_server, replace_servers, set_server};
pub use effective::{Admin, AdminSettings, Hub, Overrides, SettingError, Settings, config_path};
pub use expand::ExpandError;
pub use file::{File, ProxySettings, ServerEntry, ServerSettings};
pub use hub::{HubSettings, StateFolder};
pub use import::{ClientKind, ImportError, Imported, UnknownClient, import};
pub use install::{Install, InstallCommand, InstallSettings};
pub use json::SyntaxError;
pub use limits::{LimitError, LimitSetting};
pub use live::{
    Applied, By, ChangeError, Checked, Document, KeyInfo, KeySource, Live, Preview, Stored, Version, VersionText,
};
pub use mask::is_telling;
pub use name::{NameError, check_name};
pub use read::{Parsed, add_tool_config, parse};
pub use request_variables::RequestVariables;
pub use retry::{Retries, RetryDefaults, RetrySetting};
pub use schema::schema;
pub use show::{show, show_hub};
pub use sourced::{Origin, Sourced};
pub use store::FileStore;
pub use target::{Source, Target, Wire};
pub use value::{AddressError, IdleTimeout, SizeError, TimeError, parse_address, parse_size, parse_time};
pub use variables::Variables;
pub use watch::{Change, Watch, WatchError};
pub use words::{Unbalanced, split_words};
pub use write::write_atomically;

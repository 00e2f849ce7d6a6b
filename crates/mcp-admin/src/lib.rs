//! Lets a person run a hub from a browser.

#![allow(dead_code, reason = "the handlers are not there yet")]

mod environment;
mod installs;
mod offspring;
mod packages;
mod terminals;

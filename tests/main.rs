//! The black box: the release binary over sockets, with the clients people use.

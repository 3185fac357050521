//! Artifacts over HTTP: the file server and the fetch client

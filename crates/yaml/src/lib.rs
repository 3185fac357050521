//! YAML as the Go libraries read and write it
